"""ClimateNet exactly as it was released, generated small: 398 and 61 files, through every stage."""

import datetime

import netCDF4
import numpy as np
import pytest
import torch

from labelled_factory import MEAN, STD, coordinates
from stormtrace.classes import CLIMATENET_LABELS, Classes
from stormtrace.formats.labelled import by_time, list_labelled
from stormtrace.labels.quality import check_labels
from stormtrace.learn.evaluation import evaluate
from stormtrace.learn.processes import Processes
from stormtrace.learn.recipe import Recipe
from stormtrace.learn.training import train
from stormtrace.network.cgnet import CGNet
from stormtrace.network.model_files import parse_config
from stormtrace.network.normalization import Normalization
from stormtrace.network.predictor import Predictor
from stormtrace.prepare.statistics import sample_paths, statistics_of
from stormtrace.study.loading import load_study
from workflow_runs import ROOT

SHAPE = (40, 40)
VARIABLES = [
    "TMQ",
    "U850",
    "V850",
    "UBOT",
    "VBOT",
    "QREFHT",
    "PS",
    "PSL",
    "T200",
    "T500",
    "PRECT",
    "TS",
    "TREFHT",
    "Z1000",
    "Z200",
    "ZBOT",
]
#: Labellings of the times of each folder: 61 test files are 31 times, as in the released set.
LABELLINGS = {"train": [1] * 398, "test": [1] * 8 + [2] * 16 + [3] * 7}
FIRST_DAY = {"train": datetime.date(1996, 6, 9), "test": datetime.date(2011, 6, 1)}
EXCLUDED = "data-1996-06-09-01-1_0.nc"


def write_released(path, text, random, spare=0.0):
    """Write one file in the released layout: 16 fields, time as text, int64 LABELS."""
    with netCDF4.Dataset(path, "w") as nc:
        for name, values in zip(("lat", "lon"), coordinates(SHAPE), strict=True):
            nc.createDimension(name, len(values))
            nc.createVariable(name, "f8", (name,))[:] = values
        nc.createDimension("time", 1)
        nc.createVariable("time", str, ("time",))[0] = text
        for name in VARIABLES:
            values = MEAN.get(name, 280.0) + STD.get(name, 10.0) * random.normal(size=SHAPE)
            nc.createVariable(name, "f4", ("time", "lat", "lon"))[:] = values[None] + spare
        labels = np.zeros(SHAPE, np.int64)
        labels[24:28, random.integers(20) :][:, :12] = 2
        labels[14:17, random.integers(36) :][:, :3] = 1
        nc.createVariable("LABELS", "i8", ("lat", "lon"))[:] = labels


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """The folder; weather and labels of 8 files serve all, since only names and times differ."""
    root = tmp_path_factory.mktemp("climatenet")
    for i in range(8):
        write_released(root / f"{i}.nc", "", np.random.default_rng(i))
    contents = [(root / f"{i}.nc").read_bytes() for i in range(8)]
    for split, labellings in LABELLINGS.items():
        (root / split).mkdir()
        for i, count in enumerate(labellings):
            day = FIRST_DAY[split] + datetime.timedelta(days=11 * i)
            for labelling in range(count):
                path = root / split / f"data-{day}-01-1_{labelling}.nc"
                path.write_bytes(contents[(i + labelling) % 8])
                with netCDF4.Dataset(path, "a") as nc:
                    nc["time"][0] = f"data-{day}-01-1.nc"
    # Of the excluded file nothing may be counted anywhere.
    random = np.random.default_rng(0)
    write_released(root / "train" / EXCLUDED, EXCLUDED, random, spare=1e6)
    return root


def test_every_file_is_one_labelling_of_its_time(released):
    train_files, test_files = (list_labelled(released / split) for split in LABELLINGS)
    assert (len(train_files), len(test_files)) == (398, 61)
    groups = by_time(test_files)
    assert len(groups) == 31
    assert [file.labelling for file in groups["2011-08-28-01-1"]] == [0, 1]
    assert train_files[0].time == "1996-06-09-01-1" and train_files[0].date == "1996-06-09"


def test_the_check_finds_no_fault_in_names_and_times(released):
    classes = Classes.of_labels(CLIMATENET_LABELS)
    files = list_labelled(released / "test")
    found = check_labels(files, classes, {"train": list_labelled(released / "train", [EXCLUDED])})
    assert (found["files"], found["times"], found["dates"]) == (61, 31, 31)
    assert found["labellings"] == {1: 8, 2: 16, 3: 7}
    assert {problem["kind"] for problem in found["problems"]} <= {"small piece", "equator"}
    assert 0 < found["experts"]["mean_iou"] < 1  # both experts of a time are compared


@pytest.mark.usefixtures("small_network")
def test_statistics_training_and_scores(released):
    paths = sample_paths(released / "train", [EXCLUDED])
    assert len(paths) == 397
    steps, fields = statistics_of(paths[:40], ["TMQ", "PSL"])
    assert steps == 40
    assert fields["TMQ"]["mean"] == pytest.approx(MEAN["TMQ"], abs=4 * 16 / (1600 * 40) ** 0.5)
    recipe = Recipe(
        name="tiny", fields=["TMQ"], dataset="climatenet", grid="tiny", epochs=1, batch_size=64,
        validation=0.8,
    )  # fmt: skip
    normalization = Normalization(("TMQ",), (fields["TMQ"]["mean"],), (fields["TMQ"]["std"],))
    files = list_labelled(released / "train", [EXCLUDED])
    torch.manual_seed(0)
    trained = train(
        recipe, files, normalization, device=torch.device("cpu"), processes=Processes(),
        checkpoints=released / "checkpoints",
    )  # fmt: skip
    assert len(trained.history) == 1
    config = {"fields": {"TMQ": {"mean": 20.0, "std": 16.0}}, "labels": list(CLIMATENET_LABELS)}
    network = CGNet(1, 3)
    network.load_state_dict(trained.state)
    predictor = Predictor(parse_config(config, "tiny"), network.eval(), torch.device("cpu"))
    scores = evaluate(predictor, list_labelled(released / "test"), "tiny")
    assert (scores["files"], scores["times"], scores["dates"]) == (61, 31, 31)
    assert np.sum(scores["confusion"]) == 61 * 40 * 40


def test_the_plan_excludes_by_the_released_name(released):
    folders = {split: str(released / split) for split in LABELLINGS}
    study = load_study(
        str(ROOT),
        {
            "run": ["control"],
            "compare": [],
            "datasets": {"mini-climatenet": {**folders, "exclude": [EXCLUDED]}},
        },
        [],
        "the test",
    )
    assert study.excluded("mini-climatenet", "train") == [EXCLUDED]
    assert study.excluded("mini-climatenet", "test") == []
