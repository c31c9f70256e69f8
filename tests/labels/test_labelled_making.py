"""Labelled samples of annotations: the fields of a dataset at their times, as its samples have them."""

import importlib
import json
import re

import netCDF4
import numpy as np
import pytest

from annotation_files import AR, TC, entry_of, imported
from mock_raw import Cesm
from smaller_planet import OVERLAY
from stormtrace.blocks import flag
from stormtrace.classes import Classes
from stormtrace.errors import BadInput
from stormtrace.formats.labelled import list_labelled, read_labelled
from stormtrace.formats.samples import read_fields
from stormtrace.grids import make_grid
from stormtrace.labels import labelled_making
from stormtrace.labels.labelled_making import make_labelled
from stormtrace.labels.quality import check_labels, left_out_problems
from stormtrace.prepare.dataset import make_dataset
from stormtrace.prepare.mesh.mesh_reading import dataset_mesh
from stormtrace.prepare.regridding.makers import own_matrix
from stormtrace.prepare.regridding.matrix_files import write_matrix
from stormtrace.prepare.sample_making import FieldSource, make_samples
from stormtrace.seals import Damaged
from stormtrace.study.annotated import annotation_inputs
from stormtrace.study.inputs import import_input, labels_seen
from stormtrace.study.loading import load_study
from stormtrace.study.missing_inputs import missing_inputs
from workflow_runs import ROOT, snakemake

GRID = make_grid({"nlat": 24, "nlon": 36})
TIMES = ("2000-01-01 21:00", "2000-01-01 03:00", "2000-01-01 15:00")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A dataset of eight steps on 1 January 2000, and its samples."""
    folder = tmp_path_factory.mktemp("raw")
    raw = Cesm(folder / "raw")
    raw.write_all()
    dataset = make_dataset(raw.spec())
    mesh = dataset_mesh(dataset)
    matrix, _ = own_matrix(mesh, GRID, "bilinear")
    make_samples(dataset, mesh, GRID, matrix, 2000, folder / "samples")
    return FieldSource(dataset, mesh, GRID, matrix, {}), folder / "samples"


def campaign(folder, times=TIMES, **changes):
    """Two annotators, of whom the second labelled the first time alone."""
    random = np.random.default_rng(0)
    for who, own in (("ben", times), ("anna", times[:1])):
        (folder / who).mkdir(parents=True)
        for time in own:
            np.save(
                folder / who / f"{time[:10]}-{time[11:13]}.npy", random.integers(0, 4, (24, 36))
            )
    block = {
        "format": "pixels",
        "files": str(folder / "*" / "*.npy"),
        "classes": {"1": TC, "2": AR},
        "times": {"pattern": "{annotator}/{year}-{month}-{day}-{hour}"},
    }
    changes = {"test_period": ["2000-01-01 12:00", "2000-01-01 18:00"], **changes}
    return entry_of(block, **changes), imported(GRID, block)


def test_fields_are_those_of_the_dataset_s_own_samples(tmp_path, source):
    entry, store = campaign(tmp_path / "campaign")
    count = make_labelled(entry, store, source[0], tmp_path / "out", {"title": "test"})
    train, test = (list_labelled(tmp_path / "out" / split) for split in ("train", "test"))
    assert count == len(train) + len(test) == 4
    names = ["data-2000-01-01-01-2_1.nc", "data-2000-01-01-01-8_0.nc", "data-2000-01-01-01-8_1.nc"]
    assert [file.path.name for file in train] == names  # anna is 0, ben 1, at every time
    assert [file.path.name for file in test] == ["data-2000-01-01-01-6_1.nc"]
    fields = list(source[0].dataset.fields)
    for file, seconds in ((train[0], 10800), (train[1], 75600), (test[0], 54000)):
        sample = read_fields(source[1] / f"mock.2000-01-01-{seconds:05d}.nc", fields, GRID)
        found = read_labelled(file.path, fields, 3, GRID)
        for name, values in zip(fields, found.values, strict=True):
            np.testing.assert_array_equal(values, sample[name])
    picture = np.load(tmp_path / "campaign" / "anna" / "2000-01-01-21.npy")
    np.testing.assert_array_equal(
        read_labelled(train[1].path, fields, 3, GRID).labels[::-1],
        np.where(picture < 3, picture, 0),
    )
    with netCDF4.Dataset(train[1].path) as nc:
        assert (nc.annotator, nc.moment, nc.calendar) == ("anna", "2000-01-01 21:00:00", "noleap")
        assert nc["V850"].mirror == "odd" and nc["TMQ"].units == "kg m-2"
        assert nc["LABELS"].flag_meanings == "background tropical_cyclone atmospheric_river"


def test_several_processes_write_what_one_does(tmp_path, source, monkeypatch):
    """Blocks of one step, so that both processes have some; compressed fields are the same."""
    monkeypatch.setattr(labelled_making, "AT_ONCE", 1)
    entry, store = campaign(tmp_path / "campaign")
    for name, options in (("one", {}), ("two", {"compression": "zlib", "workers": 2})):
        assert make_labelled(entry, store, source[0], tmp_path / name, {}, **options) == 4
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.nc"))
    assert len(files) == 4 == len(list((tmp_path / "two").rglob("*.nc")))
    for file in files:
        with (
            netCDF4.Dataset(tmp_path / "one" / file) as one,
            netCDF4.Dataset(tmp_path / "two" / file) as two,
        ):
            assert one["TMQ"].chunking() == "contiguous" and two["TMQ"].filters()["zlib"]
            assert one["LABELS"].filters()["zlib"] and one["LABELS"].dtype == np.int64
            assert one.ncattrs() == two.ncattrs()
            for variable in one.variables:
                np.testing.assert_array_equal(one[variable][:], two[variable][:])


def test_what_is_wrong_in_a_process_of_several_is_said(tmp_path, source, monkeypatch):
    """Errors travel between processes as their sentence, those of damaged files too."""
    monkeypatch.setattr(labelled_making, "AT_ONCE", 1)

    def damaged(*_args):
        raise Damaged("raw.nc", "cut off")

    monkeypatch.setattr(labelled_making, "steps_on_grid", damaged)
    entry, store = campaign(tmp_path / "campaign")
    with pytest.raises(BadInput, match=r"^raw\.nc is damaged \(cut off\): remove it"):
        make_labelled(entry, store, source[0], tmp_path / "out", {}, workers=2)
    assert not list(tmp_path.glob("*out*"))


def test_what_was_left_out_is_in_the_check_of_labels(tmp_path, source):
    entry, store = campaign(tmp_path / "campaign")
    make_labelled(entry, store, source[0], tmp_path / "out", {})
    record = json.loads((tmp_path / "out" / "imported.json").read_text())
    assert record["dropped"] == {"unknown class": 4}
    assert record["annotators"] == {
        "anna": {"labelling": 0, "times": 1},
        "ben": {"labelling": 1, "times": 3},
    }
    assert len(record["provenance"]["inputs"]) > 4 * 64  # a checksum of each file
    (problem,) = left_out_problems(record)
    assert problem["detail"] == "4 left out by the import: unknown class"
    found = check_labels(
        list_labelled(tmp_path / "out" / "train"), Classes.of_labels(["Background", TC, AR])
    )
    assert found["labellings"] == {1: 1, 2: 1} and found["experts"] is not None
    assert "time" not in {problem["kind"] for problem in found["problems"]}


def test_times_between_the_steps_are_refused_or_counted(tmp_path, source):
    times = ("2000-01-01 03:00", "2000-01-01 04:00", "2003-01-01 00:00")
    entry, store = campaign(tmp_path / "campaign", times)
    for workers in (1, 2):
        with pytest.raises(BadInput, match=r"1 labelled times are no .*3 hours apart.* 04:00:00"):
            make_labelled(entry, store, source[0], tmp_path / "out", {}, workers=workers)
    assert not (tmp_path / "out").exists()
    entry = entry.model_copy(update={"missing_steps": "skip"})
    assert make_labelled(entry, store, source[0], tmp_path / "out", {}) == 2
    assert store.record.dropped["no step of the dataset"] == 3 - 1
    entry, store = campaign(tmp_path / "other", times[1:], missing_steps="skip")
    with pytest.raises(
        BadInput, match="none of the 2 labelled times is a step of the dataset mock"
    ):
        make_labelled(entry, store, source[0], tmp_path / "none", {})


def test_days_that_the_dataset_s_calendar_lacks_are_no_steps(tmp_path, source):
    """29 February 2000, in a dataset without leap years."""
    entry, store = campaign(tmp_path / "campaign", ("2000-01-01 03:00", "2000-02-29 03:00"))
    with pytest.raises(BadInput, match="the first 2000-02-29 03:00:00"):
        make_labelled(entry, store, source[0], tmp_path / "out", {})
    entry = entry.model_copy(update={"missing_steps": "skip"})
    assert make_labelled(entry, store, source[0], tmp_path / "out", {}) == 2


def test_the_script_writes_what_the_library_makes(tmp_path, source, monkeypatch):
    entry, _ = campaign(tmp_path / "campaign")
    dataset, mesh = source[0].dataset, source[0].mesh
    matrix = tmp_path / "matrix.nc"
    write_matrix(matrix, source[0].matrix, mesh, GRID, {"map_method": "test"})
    arguments = {
        "--labels": flag(entry), "--dataset": flag(dataset), "--matrix": str(matrix),
        "--grids": json.dumps({"small": {"nlat": 24, "nlon": 36}}),
        "--output": str(tmp_path / "out"),
    }  # fmt: skip
    words = [word for pair in arguments.items() for word in pair]
    monkeypatch.setattr("sys.argv", ["import_labels.py", *words])
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    importlib.import_module("import_labels").main()
    assert len(list((tmp_path / "out").rglob("*.nc"))) == 4


# --- in the study ---------------------------------------------------------------------------------

CAMPAIGN = {
    "source": "annotations",
    "dataset": "mini-historical",
    "grid": "mini",
    "test_period": ["2001-01-01", "2001-02-01"],
    "annotations": [
        {
            "format": "pixels",
            "files": "{data}/campaign/*.png",
            "classes": {"1": "TC", "2": "AR"},
            "times": {"pattern": "data-{year}-{month}-{day}-01-{step}", "step_hours": 3},
        }
    ],
}


def study(changes=None, model=None, data="data"):
    overlay = {
        **OVERLAY,
        "data": str(data),
        "datasets": {**OVERLAY["datasets"], "campaign": {**CAMPAIGN, **(changes or {})}},
        "models": {"four-fields": {"dataset": "campaign", "epochs": 1, **(model or {})}},
    }
    return load_study(str(ROOT), overlay, [], "the test")


def test_annotations_are_a_labelled_dataset_of_the_study(tmp_path):
    (tmp_path / "campaign").mkdir()
    picture = tmp_path / "campaign" / "data-2000-12-28-01-1.png"
    picture.touch()
    made = study(data=tmp_path)
    assert made.labelled("campaign").train == "results/labelled/campaign/train"
    assert list(made.labelled("campaign").fields) == ["TMQ", "U850", "V850", "PSL"]
    assert made.labels_of("campaign") == ["Background", TC, AR]
    assert annotation_inputs(made.annotated["campaign"]) == [str(picture)]
    inputs = import_input(made, "campaign")
    assert inputs["raw"] == ["results/planet/historical"]
    assert inputs["matrix"] == ["results/regridding/mini-historical/mini.nc"]
    assert {"mini-historical", "campaign"} <= set(made.datasets)
    assert [one.name for one in made.given_datasets()] == ["mini-historical"]  # for `check`
    assert missing_inputs(made, [("import_labels", {"dataset": "campaign"})]) == []
    picture.unlink()
    absent = (
        "datasets.campaign.annotations.0: no file matches " + str(tmp_path / "campaign/*.png"),
    )
    assert {*absent} <= {*missing_inputs(made)}
    with pytest.raises(FileNotFoundError):  # so that Snakemake asks again when they are made
        labels_seen(made, "campaign", "train")


def test_the_rule_runs_before_all_that_learns(tmp_path):
    """The plan: annotations are imported and checked; no year of samples is made for them."""
    folder = tmp_path / "campaign"
    folder.mkdir()
    (folder / "data-2000-12-28-01-1.png").touch()
    overlay = {
        **OVERLAY,
        "data": str(tmp_path),
        "datasets": {**OVERLAY["datasets"], "campaign": CAMPAIGN},
        "models": {"four-fields": {"dataset": "campaign", "epochs": 1}},
    }
    goals = ["results/labels/campaign.json", "results/models/four-fields/scores.json"]
    said = snakemake(tmp_path, *goals, "--dry-run", "--printshellcmds", overlay=overlay).stdout
    (command,) = re.findall(r"^.*import_labels\.py .*$", said, re.MULTILINE)
    block = json.loads(re.search(r"--labels '(.*?)' --", command)[1])
    assert block["annotations"][0]["files"] == [f"{folder}/*.png"]
    assert '--grids \'{"mini":{' in command and "--output results/labelled/campaign" in command
    assert "--imported results/labelled/campaign/imported.json" in said
    assert "make_samples.py" not in said


@pytest.mark.parametrize(
    ("changes", "model", "message"),
    [
        ({"dataset": "mini-historic"}, {}, r"campaign\.dataset is 'mini-historic'.*did you mean"),
        ({"grid": "minny"}, {}, r"datasets\.campaign\.grid is 'minny'.*did you mean 'mini'"),
        (
            {"overlap": ["Front"]},
            {},
            r"campaign\.overlap is 'Front', which is none of the dataset's",
        ),
        ({"labels": ["Background", "Front"]}, {}, r"classes\.1 is 'TC', which is none of .* Front"),
        ({"labels": ["TC", "AR"]}, {}, "the first must be Background"),
        ({}, {"labels": ["Background", AR, TC]}, "say the same `labels` in both"),
        ({}, {"grid": "mini-merra2"}, "labelled samples of its dataset 'campaign' are on 'mini'"),
        ({"train": "x"}, {}, "train is .x.: an unknown key"),
        ({"annotations": []}, {}, "annotations is"),
    ],
)
def test_what_does_not_fit_is_refused_before_any_job(changes, model, message):
    with pytest.raises(BadInput, match=message):
        study(changes, model)
