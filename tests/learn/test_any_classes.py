"""Classes of any name, order and number: from labels through a network to masks and scores."""

import json

import numpy as np
import pytest

from labelled_factory import FIELDS, coordinates, statistics, weather, write_map_file, write_samples
from script_runs import run_script as run
from stormtrace.errors import BadInput
from stormtrace.formats.masks import open_masks
from stormtrace.network.model_files import read_config

pytestmark = pytest.mark.usefixtures("small_network")
SHAPE = (40, 64)
RIVERS_FIRST = ["Background", "Atmospheric River", "Tropical Cyclone"]
TABLE = {"Dry Line": {"short": "DL", "kind": "line"}}


def rivers_first(labels):
    """The made-up weather has cyclones as 1 and rivers as 2."""
    return np.array([0, 2, 1])[labels]


def write_training(folder, recode, count):
    lat, lon = coordinates(SHAPE)
    for day in range(1, count + 1):
        values, labels = weather(day, SHAPE)
        name = folder / f"data-2000-01-{day:02d}-01-1.nc"
        write_map_file(name, values, lat, lon, labels=recode(labels))
    return folder


def test_names_go_from_labels_to_masks_and_scores(tmp_path):
    """Four epochs find rivers, by far the larger class: under the code 1 that `labels` gives them.

    (Five fronts go all the way to the report in workflow/test_any_study.)
    """
    labels, recode = RIVERS_FIRST, rivers_first
    samples = write_training(tmp_path / "train", recode, 16)
    said = statistics(dataset="d", grid="g", steps=16)
    (tmp_path / "statistics.json").write_text(json.dumps(said))
    (tmp_path / "classes.json").write_text(json.dumps(TABLE))
    recipe = {"name": "m", "fields": FIELDS, "dataset": "d", "grid": "g", "labels": labels}
    recipe |= {"epochs": 4, "validation": 0.2, "lr": 0.003}
    model, table = tmp_path / "model", ("--classes", f"@{tmp_path / 'classes.json'}")
    run("train.py", "--samples", samples, "--statistics", tmp_path / "statistics.json",
        "--model", json.dumps(recipe), "--output", model,
        "--checkpoints", tmp_path / "checkpoints", *table)  # fmt: skip
    run("evaluate.py", "--model", model, "--samples", samples, "--output", tmp_path / "s.json")
    scores = json.loads((tmp_path / "s.json").read_text())
    assert scores["labels"] == labels == list(scores["iou"])
    truth = np.sum(scores["confusion"], axis=1)
    codes = [recode(weather(day, SHAPE)[1]) for day in range(1, 17)]
    np.testing.assert_array_equal(truth, np.bincount(np.ravel(codes), minlength=len(labels)))

    for_detection = write_samples(tmp_path / "2001", 2, shape=SHAPE)
    run("detect.py", "--model", model, "--samples", for_detection, "--output", tmp_path / "m.nc",
        "--year", 2001, "--experiment", "e", "--dataset", "d", "--grid", "g", *table)  # fmt: skip
    masks = open_masks(tmp_path / "m.nc", TABLE)
    assert masks.classes.codes == tuple(range(1, len(labels)))
    assert list(masks.classes.labels) == labels
    run("check_labels.py", "--samples", samples, "--labels", json.dumps(labels),
        "--output", tmp_path / "q.json", *table)  # fmt: skip
    checked = json.loads((tmp_path / "q.json").read_text())
    assert list(checked["folders"][str(samples)]["cell_share"]) == labels
    matrix = np.array(scores["confusion"])  # rows: truth
    assert scores["iou"]["Atmospheric River"] > 0.15  # by chance .05
    assert matrix[1, 1] > matrix[1, 2] and matrix[1, 1] > matrix[2, 1]
    found = np.concatenate(list(masks.blocks())) == masks.classes["AR"].code
    water = np.stack([weather(1000 + step, SHAPE)[1] == 2 for step in range(2)])
    assert (found & water).sum() > 0.3 * water.sum()


def test_short_names_that_collide_are_refused_before_the_work(tmp_path):
    """Cold Front is CF by default; a table that calls Coastal Fog so, too, is a mistake."""
    samples = write_training(tmp_path / "train", lambda labels: labels, 2)
    said = statistics(dataset="d", grid="g", steps=2)
    (tmp_path / "statistics.json").write_text(json.dumps(said))
    recipe = {"name": "m", "fields": FIELDS, "dataset": "d", "grid": "g"}
    recipe |= {"labels": ["Background", "Cold Front", "Coastal Fog"], "epochs": 1}
    with pytest.raises(BadInput, match="share the short name"):
        run("train.py", "--samples", samples, "--statistics", tmp_path / "statistics.json",
            "--model", json.dumps(recipe), "--output", tmp_path / "m",
            "--checkpoints", tmp_path / "checkpoints",
            "--classes", '{"Coastal Fog": {"short": "CF"}}')  # fmt: skip
    assert not (tmp_path / "checkpoints").exists()


def test_a_published_folder_is_adopted_under_the_names_of_the_study(tmp_path):
    from stormtrace.network.cgnet import CGNet
    from stormtrace.network.model_files import write_model

    content = {
        "fields": {"TMQ": {"mean": 20.0, "std": 16.0}},
        "labels": ["background", "ATMOSPHERIC_RIVER"],
    }
    write_model(tmp_path / "published", content, CGNet(1, 2).state_dict())
    run("adopt_model.py", "--weights", tmp_path / "published", "--output", tmp_path / "model")
    assert read_config(tmp_path / "model").labels == ("Background", "Atmospheric River")
