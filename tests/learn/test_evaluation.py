"""Evaluation, expert agreement and importance, with models whose answers are known."""

import json

import netCDF4
import numpy as np
import pytest
import torch
from PIL import Image

from labelled_factory import FIELDS, MEAN, STD, coordinates, write_labelled, write_map_file
from script_runs import run_script as run
from stormtrace.classes import Classes
from stormtrace.errors import BadInput
from stormtrace.formats.labelled import check_classes, list_labelled, read_labelled
from stormtrace.grids import Grid
from stormtrace.labels.agreement import expert_agreement, expert_confusions
from stormtrace.labels.quality import check_labels
from stormtrace.learn import importance
from stormtrace.learn.evaluation import evaluate
from stormtrace.learn.importance import _summarize, permutation_importance
from stormtrace.network import scores
from stormtrace.network.cgnet import CGNet
from stormtrace.network.model_files import parse_config, write_model
from stormtrace.network.predictor import Predictor

pytestmark = pytest.mark.usefixtures("small_network")
GRID = Grid(*coordinates((40, 64)))
LABELS = ["Background", "Tropical Cyclone", "Atmospheric River"]
CONFIG = {
    "fields": {name: {"mean": MEAN[name], "std": STD[name]} for name in FIELDS},
    "labels": LABELS,
}


class Thresholds(torch.nn.Module):
    """A river where TMQ is high, a cyclone where PSL is low: what the made-up weather is made of."""

    def forward(self, x):
        low, moist = (-x[:, 3] - 1.5) * 10, (x[:, 0] - 1.5) * 5
        return torch.stack([torch.zeros_like(low), low, moist], dim=1)


@pytest.fixture(scope="module")
def predictor():
    return Predictor(parse_config(CONFIG, "test"), Thresholds(), torch.device("cpu"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_labelled(tmp_path_factory.mktemp("test"), 5, labellings=2)


def test_every_labelling_is_scored_against_the_prediction_of_its_time(predictor, folder):
    files = list_labelled(folder)
    result = evaluate(predictor, files, "thresholds")
    assert (result["files"], result["times"], result["dates"]) == (10, 5, 5)
    expected = sum(
        scores.confusion_matrix(sample.labels, predictor.classes(sample.values[None])[0], 3)
        for sample in (read_labelled(file.path, FIELDS, 3, GRID) for file in files)
    )
    np.testing.assert_array_equal(result["confusion"], expected)
    assert np.sum(result["confusion"]) == 10 * 40 * 64
    first = evaluate(predictor, [file for file in files if file.labelling == 1], "thresholds")
    assert first["iou"]["Tropical Cyclone"] > 0.9 and first["iou"]["Atmospheric River"] > 0.9
    assert result["mean_iou"] < first["mean_iou"]  # the second expert draws one column further east
    low, high = result["intervals"]["mean_iou"]
    assert low < result["mean_iou"] < high
    assert result["intervals"]["iou"].keys() == result["iou"].keys()
    found = result["objects"]["Tropical Cyclone"]["iou_0.5"]
    assert found["true"] == 10 and found["probability_of_detection"] > 0.8
    least, most = found["probability_of_detection_interval"]
    assert least <= found["probability_of_detection"] <= most
    river = result["reliability"]["Atmospheric River"]
    assert sum(river["cells"]) == 10 * 40 * 64 and river["observed"][9] > river["observed"][0]
    assert 0 < river["expected_calibration_error"] < 0.1
    assert result["seasons"]["DJF"]["dates"] == 5  # January
    assert result["seasons"]["DJF"]["iou"] == result["iou"]
    assert "confidence" not in result
    json.dumps(result, allow_nan=False)


def test_labels_of_other_spacing_and_units_are_told_or_refused(predictor, folder, tmp_path):
    """A model of one-degree cells is told of these; one of labels in Pa refuses those in hPa."""
    content = CONFIG | {"trained_on": {"lat": 1.0, "lon": 1.0}}
    of_one_degree = Predictor(parse_config(content, "test"), Thresholds(), torch.device("cpu"))
    files = list_labelled(folder)[:1]
    doubt, of_one_date = evaluate(of_one_degree, files, "m")["doubts"]
    assert of_one_date.startswith("the test labels are of one date (2000-01-01): intervals")
    assert "trained on 1° × 1°, but runs on 4.62° × 5.62°" in doubt
    path = tmp_path / files[0].path.name
    path.write_bytes(files[0].path.read_bytes())
    with netCDF4.Dataset(path, "r+") as dataset:
        dataset["PSL"][:] = dataset["PSL"][:] / 100
    with pytest.raises(BadInput, match=r"-1\.nc: PSL has the mean 1\d{3}.*, as of other units"):
        evaluate(predictor, list_labelled(tmp_path), "m")


def test_labels_that_name_other_classes_are_refused(tmp_path):
    folder = write_labelled(tmp_path, 1)
    files = list_labelled(folder)
    check_classes(files, LABELS)  # LABELS without flags can be anything
    with netCDF4.Dataset(files[0].path, "r+") as dataset:
        dataset["LABELS"].flag_values = np.array([0, 2, 1])
        dataset["LABELS"].flag_meanings = "background atmospheric_river tropical_cyclone"
    check_classes(files, LABELS)
    with pytest.raises(BadInput, match="codes of LABELS are background tropical_cyclone atmosph"):
        check_classes(files, ["Background", "Atmospheric River", "Tropical Cyclone"])


def test_a_network_that_gives_no_numbers_has_no_scores(folder):
    class Nothing(torch.nn.Module):
        def forward(self, x):
            return x[:, :3] * torch.nan

    broken = Predictor(parse_config(CONFIG, "test"), Nothing(), torch.device("cpu"))
    with pytest.raises(BadInput, match="output is not finite"):
        evaluate(broken, list_labelled(folder)[:1], "m")


def test_areas_weigh_by_the_true_area_of_cells(predictor, folder):
    """All cells of a file together are the area of the Earth, 510 million km²."""
    from stormtrace.learn.evaluation import count

    areas = count(predictor, list_labelled(folder)[:1]).areas
    assert sum(matrix.sum() for matrix in areas.values()) == pytest.approx(5.1008e8, rel=1e-4)
    assert GRID.row_area[20] > 10 * GRID.row_area[0]


def test_experts_agree_as_their_masks_overlap(tmp_path):
    """Blocks of 8 columns, shifted by 2: IoU 6/10 whichever of the two is called the truth."""
    lat, lon = coordinates((40, 64))
    blank = {"TMQ": np.zeros((40, 64), np.float32)}
    for labelling, start in ((1, 10), (2, 12)):
        labels = np.zeros((40, 64), int)
        labels[5:9, start : start + 8] = 2
        name = tmp_path / f"data-2011-06-01-01-{labelling}.nc"
        write_map_file(name, blank, lat, lon, labels=labels)
    write_map_file(tmp_path / "data-2011-07-01-01-1.nc", blank, lat, lon, labels=labels)
    by_date = expert_confusions(list_labelled(tmp_path), 3)
    assert list(by_date) == ["2011-06-01"]
    matrix = by_date["2011-06-01"]
    np.testing.assert_array_equal(matrix, matrix.T)
    assert scores.iou(matrix)[2] == pytest.approx(6 / 10)
    agreement = expert_agreement(list_labelled(tmp_path), LABELS)
    assert agreement["iou"] == {
        "Background": pytest.approx((2560 - 40) / (2560 - 24)),  # without union and overlap
        "Tropical Cyclone": None,
        "Atmospheric River": pytest.approx(6 / 10),
    }
    assert np.isnan(scores.iou(matrix)[1])


def test_importance_is_zero_for_what_a_model_never_looks_at(predictor, folder):
    result = permutation_importance(predictor, list_labelled(folder), repeats=3)
    for field in ("U850", "V850"):
        assert all(one["mean"] == 0 for one in result["importance"][field].values())
    cyclone, river = (
        {field: result["importance"][field][label]["mean"] for field in FIELDS}
        for label in ("Tropical Cyclone", "Atmospheric River")
    )
    assert cyclone["PSL"] > 0.5 > abs(cyclone["TMQ"])
    assert river["TMQ"] > 0.5 > abs(river["PSL"])
    spread = result["importance"]["TMQ"]["Atmospheric River"]
    assert spread["low"] < spread["mean"] < spread["high"]


@pytest.mark.parametrize("room", [0, 100_000])
def test_importance_is_the_same_if_few_samples_or_none_stay_in_memory(
    predictor, folder, monkeypatch, room
):
    """Of five times none stays, or two: fields take 41 kB each, and two labellings 5."""
    files = list_labelled(folder)
    kept = permutation_importance(predictor, files, repeats=2)
    monkeypatch.setattr(importance, "KEPT_BYTES", room)
    assert permutation_importance(predictor, files, repeats=2) == kept


def test_interval_of_importance_is_that_of_dates_drawn_anew():
    """Two dates, one repeat, where a class is found on one date only, and lost when shuffled.

    IoU 1 and 0 of equal areas: both dates together .5. Of the four draws of two dates one has
    IoU 0, one has 1 and two .5; shuffled it is 0. So 95 % of the losses lie in [0, 1].
    """
    found, missed = np.array([[5, 0], [0, 5]]), np.array([[5, 0], [5, 0]])
    confusions = np.stack([np.stack([found, missed]), np.stack([missed, missed])])
    told = _summarize(confusions, ["no", "yes", "mean_iou"])["yes"]
    assert told == {"mean": 0.5, "low": 0.0, "high": 1.0}


def test_importance_needs_something_to_shuffle(predictor, folder):
    with pytest.raises(BadInput, match="several labelled times"):
        permutation_importance(predictor, list_labelled(folder)[:2], repeats=1)


def test_label_check_finds_each_fault(tmp_path):
    lat, lon = coordinates((96, 144))
    blank = {"TMQ": np.zeros((96, 144), np.float32)}

    def write(name, labels):
        write_map_file(tmp_path / name, blank, lat, lon, labels=labels)

    good = np.zeros((96, 144), int)
    good[60:66, 10:40] = 2
    write("data-2011-06-01-01-1.nc", good)
    equator = np.zeros((96, 144), int)
    equator[45:51, 10:40] = 2
    write("data-2011-06-02-01-1.nc", equator)
    speck = good.copy()
    speck[70, 70:73] = 1  # 3 of 13,824 cells: 250 of 884,736 would be 3.9
    write("data-2011-06-03-01-1.nc", speck)
    write("data-2011-06-04-01-1.nc", good + 5)
    write("data-2011-06-05-01-1.nc", good)
    (tmp_path / "data-2011-06-05-01-1.nc").rename(tmp_path / "data-2011-06-05-02-1.nc")
    beyond = good.copy()
    beyond[60:66, :5] = beyond[60:66, -5:] = 2  # one piece over the date line
    write("data-2011-06-06-01-1.nc", beyond)
    write("data-2011-06-07-01-1.nc", good)
    with netCDF4.Dataset(tmp_path / "data-2011-06-07-01-1.nc", "a") as dataset:
        dataset["lon"][:] += 1.25
    result = check_labels(list_labelled(tmp_path), Classes.of_labels(LABELS))
    assert [(one["file"][5:15], one["kind"]) for one in result["problems"]] == [
        ("2011-06-02", "equator"),
        ("2011-06-03", "small piece"),
        ("2011-06-04", "code"),
        ("2011-06-05", "time"),
        ("2011-06-07", "grid"),
    ]
    assert result["doubts"] == [
        "1 of 7 files have no time as text (their name, or an ISO date with or without an hour), "
        "or another than their names say: "
        "data-2011-06-05-02-1.nc says 'data-2011-06-05-01-1.nc' inside",
        "2 of 7 files cannot be used: data-2011-06-04-01-1.nc [5, 7] in LABELS, outside 0 … 2",
    ]
    assert result["labellings"] == {1: 7} and result["experts"] is None
    cells = 5 * 96 * 144
    assert result["cell_share"]["Atmospheric River"] == pytest.approx((5 * 180 + 60) / cells)
    assert result["cell_share"]["Tropical Cyclone"] == pytest.approx(3 / cells)


def test_a_piece_over_the_date_line_is_one_and_lines_have_no_smallest_area(tmp_path):
    """Of 13,824 cells 4 are few: a front of 3 on each side of the date line is one piece of 6."""
    lat, lon = coordinates((96, 144))
    labels = np.zeros((96, 144), int)
    labels[60, -3:], labels[61, :3] = 1, 1  # they touch by a corner
    labels[30, 70:73] = 2
    name = tmp_path / "data-2011-06-01-01-1.nc"
    write_map_file(name, {"TMQ": np.zeros((96, 144), np.float32)}, lat, lon, labels=labels)
    names = ["Background", "Low", "Cold Front"]
    assert check_labels(list_labelled(tmp_path), Classes.of_labels(names))["problems"] == []
    areas = Classes.of_labels(names, {"Cold Front": {"kind": "area"}})
    (problem,) = check_labels(list_labelled(tmp_path), areas)["problems"]
    assert problem["detail"].startswith("1 of 1 pieces of Cold Front below 4 cells")


def test_a_piece_is_below_the_number_of_cells_that_it_is_said_to_be_below(tmp_path):
    """Of 7,776 cells 2.2 are few: a piece of 2 is below 3 cells, not below 2."""
    lat, lon = coordinates((72, 108))
    labels = np.zeros((72, 108), int)
    labels[50, 10:12] = labels[34:38, 30:34] = 1
    name = tmp_path / "data-2011-06-01-01-1.nc"
    write_map_file(name, {"TMQ": np.zeros((72, 108), np.float32)}, lat, lon, labels=labels)
    classes = Classes.of_labels(["Background", "Atmospheric River"])
    small, equator = check_labels(list_labelled(tmp_path), classes)["problems"]
    assert small["detail"] == "1 of 2 pieces of Atmospheric River below 3 cells, the smallest 2"
    assert equator["detail"] == "1 piece of Atmospheric River lies across the equator"


def test_only_classes_that_stay_on_their_side_are_reported_at_the_equator(tmp_path):
    lat, lon = coordinates((96, 144))
    labels = np.zeros((96, 144), int)
    labels[45:51, 10:20] = 1
    name = tmp_path / "data-2011-06-01-01-1.nc"
    write_map_file(name, {"TMQ": np.zeros((96, 144), np.float32)}, lat, lon, labels=labels)
    for label, found in (("atmospheric_river", 1), ("Convective System", 0)):
        classes = Classes.of_labels(["Background", label])
        assert len(check_labels(list_labelled(tmp_path), classes)["problems"]) == found


def test_a_date_to_learn_from_and_to_score_on_is_told(folder, tmp_path):
    files = list_labelled(folder)
    other = {"train": [file for file in files if file.date == files[0].date]}
    result = check_labels(files, Classes.of_labels(LABELS), other)
    told = [one["file"] for one in result["problems"] if one["kind"] == "date"]
    assert told == [file.path.name for file in other["train"]] and len(told) < len(files)
    (doubt,) = [one for one in result["doubts"] if "dates" in one]
    assert doubt == (
        f"{len(told)} of {len(files)} files are of dates that train has too ({files[0].date}): "
        "scores there flatter the model; name the files under `exclude`"
    )


def test_a_class_that_no_label_has_is_told(tmp_path):
    lat, lon = coordinates((96, 144))
    labels = np.zeros((96, 144), int)
    labels[60:66, 10:40] = 2
    name = tmp_path / "data-2011-06-01-01-1.nc"
    write_map_file(name, {"TMQ": np.zeros((96, 144), np.float32)}, lat, lon, labels=labels)
    (doubt,) = check_labels(list_labelled(tmp_path), Classes.of_labels(LABELS))["doubts"]
    assert doubt == (
        "no file has a cell of Tropical Cyclone: nothing can be learned of it, or scored, there"
    )


def test_scripts_from_labels_to_figures(folder, tmp_path):
    """The wiring of adopt, evaluate, explain and check: each output is there and tells its origin."""
    torch.manual_seed(0)
    write_model(tmp_path / "published", CONFIG, CGNet(4, 3).state_dict())
    model = tmp_path / "model"
    run("adopt_model.py", "--weights", tmp_path / "published", "--output", model)
    content = json.loads((model / "config.json").read_text())
    assert content["padding"] == "circular" and content["name"] == "model"

    run("evaluate.py", "--model", model, "--samples", folder, "--output", model / "s.json")
    result = json.loads((model / "s.json").read_text())
    assert result["model"] == "model" and result["files"] == 10
    assert str(model / "weights.pth") in json.loads(result["provenance"]["inputs"])
    assert result["experts"]["iou"]["Atmospheric River"] > 0.5

    where = ("--output", tmp_path / "i.json", "--repeats", 1)
    run("explain.py", "--model", model, "--samples", folder, *where)
    assert set(json.loads((tmp_path / "i.json").read_text())["importance"]) == set(FIELDS)
    run("draw_importance.py", "--importance", tmp_path / "i.json", "--output", tmp_path / "bars",
        "--dots-per-inch", 300, "--without-titles")  # fmt: skip
    with Image.open(tmp_path / "bars.png") as image:
        assert image.size[0] == 2160 and "model · each field shuffled" in image.info["Description"]

    run("check_labels.py", "--samples", folder, "--output", tmp_path / "q.json")
    assert json.loads((tmp_path / "q.json").read_text())["folders"][str(folder)]["files"] == 10
