"""Campaigns: which times are chosen, what is drawn, what is shown to correct, and the way back."""

import csv
import importlib
import json
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import yaml
from PIL import Image

from annotation_files import AR, TC, imported
from campaign_files import (
    GRID,
    campaign_of,
    field_source,
    import_block,
    made,
    masks_at,
    write_detections,
)
from mask_files import write_mask_file
from smaller_planet import OVERLAY
from stormtrace.blocks import flag
from stormtrace.classes import CLIMATENET_LABELS, Classes
from stormtrace.errors import BadInput
from stormtrace.grids import make_grid
from stormtrace.labels.campaigns.campaign_making import labelled_days
from stormtrace.labels.campaigns.campaign_masks import (
    disputed_areas,
    northern_shares,
    open_detections,
)
from stormtrace.labels.campaigns.choosing import Candidate, choose_times
from stormtrace.labels.campaigns.field_pictures import COLOURS, FieldPainter, coast_cells
from stormtrace.labels.campaigns.field_scales import FieldScale
from stormtrace.labels.campaigns.pre_annotations import object_masks
from stormtrace.prepare.raw.calendar_time import Calendar
from stormtrace.prepare.regridding.matrix_files import write_matrix
from stormtrace.study.inputs import campaign_dataset, campaign_input, campaign_labels
from stormtrace.study.loading import load_study
from stormtrace.study.missing_inputs import missing_inputs
from workflow_runs import ROOT, snakemake


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return field_source(tmp_path_factory.mktemp("raw"))


# --- which times ----------------------------------------------------------------------------------


def year_of_candidates(**more):
    """Every third hour of a year without leap day, as a candidate."""
    calendar = Calendar("noleap")
    first = calendar.seconds("2001-01-01")
    for step in range(2920):
        seconds = first + step * 10800
        time = calendar.text(seconds) + ":00"
        yield Candidate(seconds, time, **{key: of(step) for key, of in more.items()})


def test_a_choice_is_seeded_and_apart():
    candidates = list(year_of_candidates())
    campaign = campaign_of(times=60, apart_hours=30, seed=3)
    chosen = choose_times(candidates, campaign, ())
    assert chosen == choose_times(candidates[::-1], campaign, ()) == sorted(chosen)
    assert chosen != choose_times(candidates, campaign_of(times=60, apart_hours=30, seed=4), ())
    assert len({one.time for one in chosen}) == 60
    assert np.diff([one.seconds for one in chosen]).min() >= 30 * 3600


def test_days_with_labels_are_left_out():
    candidates = list(year_of_candidates())[: 8 * 10]
    labelled = {f"2001-01-{day:02d}" for day in (1, 2, 5)}
    chosen = choose_times(candidates, campaign_of(times=56), labelled)
    assert len(chosen) == 8 * 7 and not {one.time[:10] for one in chosen} & labelled
    with pytest.raises(BadInput, match=r"only 56 of 57 times .* of 80 steps, 24 of them on days"):
        choose_times(candidates, campaign_of(times=57), labelled)
    # 7 free days in three stretches (3–4, 6–10 January): at most 2 + 5 times a day apart.
    with pytest.raises(BadInput, match=r"only 7 of 8 .* lower `times` or `apart_hours`"):
        choose_times(candidates, campaign_of(times=8, apart_hours=21), labelled)


def test_strata_have_as_many_times_each():
    """Seasons, and hemispheres: south in a tenth of the steps, no feature in another one."""
    north = {0: 0.2, 1: float("nan")}
    candidates = list(year_of_candidates(north=lambda step: north.get(step % 10, 0.9)))
    chosen = choose_times(
        candidates, campaign_of(times=48, choose="stratified", apart_hours=24), ()
    )
    counted = {}
    for one in chosen:
        key = (one.season, one.hemisphere)
        counted[key] = counted.get(key, 0) + 1
    assert counted == {
        (s, h): 4 for s in ("DJF", "MAM", "JJA", "SON") for h in ("", "north", "south")
    }
    assert {one.season for one in chosen if one.time[5:7] in ("12", "01", "02")} == {"DJF"}


def test_where_an_ensemble_disagrees():
    disputed = [float(step * 7919 % 2920) for step in range(2920)]  # each value once
    candidates = list(year_of_candidates(disputed=disputed.__getitem__))
    campaign = campaign_of(times=5, choose="disagreement", ensemble="e")
    chosen = choose_times(candidates, campaign, ())
    assert sorted(one.disputed for one in chosen) == [2915, 2916, 2917, 2918, 2919]


def test_areas_of_disagreement_and_of_hemispheres(tmp_path):
    """Three members; in cell (20, 5) one, in (3, 7) two find something else than the mask."""
    masks = np.zeros((2, 24, 36), np.int8)
    masks[0, 20, 5], masks[0, 3, 7] = 1, 2
    agreement = np.full((2, 24, 36), 3, np.int16)
    agreement[0, 20, 5], agreement[0, 3, 7] = 2, 1
    path = write_mask_file(
        tmp_path / "m.nc", masks, grid=GRID, more={"agreement": agreement}, members=3
    )
    found = open_detections([path], CLIMATENET_LABELS, GRID)
    times = ["2000-01-01 00:00:00", "2000-01-01 03:00:00"]
    area = GRID.area
    expected = area[20, 5] / 3 + 2 * area[3, 7] / 3
    assert disputed_areas(found, times) == pytest.approx({times[0]: expected, times[1]: 0})
    north = northern_shares(found, times)
    assert north[times[0]] == pytest.approx(area[20, 5] / (area[20, 5] + area[3, 7]))
    assert np.isnan(north[times[1]])
    path = write_mask_file(tmp_path / "n.nc", masks, grid=GRID)
    with pytest.raises(BadInput, match="it is not of an ensemble"):
        disputed_areas(open_detections([path], CLIMATENET_LABELS, GRID), times)


def test_masks_are_coded_by_the_names_of_classes(tmp_path):
    masks = np.array([[[0, 1, 2, 3]] * 3], np.int8)
    grid = make_grid({"nlat": 3, "nlon": 4})
    labels = ["Background", AR, "Front", TC]
    path = write_mask_file(tmp_path / "m.nc", masks, grid=grid, labels=labels)
    found = open_detections([path], CLIMATENET_LABELS, grid)
    np.testing.assert_array_equal(found.at("2000-01-01 00:00:00"), [[0, 2, 0, 1]] * 3)
    with pytest.raises(BadInput, match="none of which is one of the campaign's labels: Blocking"):
        open_detections([path], ["Background", "Blocking"], grid)
    with pytest.raises(BadInput, match="name an experiment on the campaign's grid"):
        open_detections([path], CLIMATENET_LABELS, GRID)


def test_labelled_days_are_those_in_the_names(tmp_path):
    """Of an import whose times are all for training, the folder of tests is empty."""
    for split in ("train", "test"):
        (tmp_path / split).mkdir()
    folders = [tmp_path / "train", tmp_path / "test"]
    with pytest.raises(BadInput, match="there are no labelled samples in"):
        labelled_days(folders)
    for name in (
        "data-2001-01-02-01-3_0.nc",
        "data-2001-01-02-01-3_1.nc",
        "data-2001-04-02-01-3_0.nc",
    ):
        (tmp_path / "train" / name).touch()
    assert labelled_days(folders) == {"2001-01-02", "2001-04-02"} and not labelled_days([])


# --- what is drawn --------------------------------------------------------------------------------


def test_a_picture_has_a_pixel_a_cell_north_up():
    """127 colours from 0 to 127: the value is the colour's number; beyond is the end; NaN grey."""
    values = np.arange(24 * 36, dtype=np.float32).reshape(24, 36) % 127 + 0.5
    values[0, :3] = -5, 500, np.nan
    coast = np.zeros((24, 36), bool)
    coast[5, 6] = True
    painter = FieldPainter(FieldScale(0.0, 127.0, "viridis", ""), coast)
    picture = np.array(painter.picture(values))
    np.testing.assert_array_equal(picture[0], values[23].astype(int))
    assert picture[23, :3].tolist() == [0, 126, COLOURS]
    assert picture[24 - 1 - 5, 6] == int(values[5, 6]) + COLOURS + 1
    rgb = np.array(painter.picture(values).convert("RGB"))
    np.testing.assert_array_equal(rgb, painter.rgb(values))
    assert rgb[23, 2].tolist() == [128, 128, 128]
    with pytest.raises(BadInput, match="has no 'virdis', did you mean 'viridis'"):
        FieldPainter(FieldScale(0.0, 1.0, "virdis", ""), coast)


def test_coasts_are_where_land_meets_sea():
    """On 1°: the coast of Ecuador, but neither the Congo's basin nor the Pacific, nor an edge."""
    grid = make_grid({"nlat": 181, "nlon": 360})
    coast = coast_cells(grid)
    row, columns = 90 - 1, np.arange(270, 290)
    assert coast[row, columns].sum() >= 1
    assert not coast[88:93, 20:25].any() and not coast[80:100, 200:250].any()
    assert not coast[0].any()  # the Antarctic goes on beyond the first row
    assert 0.02 < coast.mean() < 0.1


# --- what is shown to correct, and the way back ---------------------------------------------------


def test_objects_are_the_cells_of_each_class():
    masks = np.random.default_rng(0).integers(0, 3, (24, 36)).astype(np.uint8)
    together = np.zeros((24, 36), np.uint8)
    for feature, mask in object_masks(masks, Classes.of_labels(CLIMATENET_LABELS), GRID):
        assert not together[mask].any()
        together[mask] = feature.code
    np.testing.assert_array_equal(together, masks[::-1])


def test_what_comes_back_is_what_was_shown(tmp_path, source):
    """Tasks as an export has them, their predictions taken for annotations: the masks again."""
    detections, masks = write_detections(tmp_path)
    times, tasks = made(tmp_path, source, campaign_of(annotate="control"), detections=detections)
    folder = tmp_path / "first"
    assert len(tasks) == len(times) == 4
    for task in tasks:
        (prediction,) = task.pop("predictions")
        task["annotations"] = [{"id": 1, "completed_by": 3, "result": prediction["result"]}]
        names = [page.rpartition("/")[2] for page in task["data"]["pages"]]
        assert [name.split(".")[1] for name in names] == ["TMQ", "U850", "PSL"]
        for name in names:
            with Image.open(folder / "pictures" / name) as image:
                assert image.size == (36, 24)
    (tmp_path / "export.json").write_text(json.dumps(tasks))
    store = imported(GRID, import_block(folder, tmp_path / "export.json"))
    found = np.array([store.read((time, "3"))[0] for time in times])
    np.testing.assert_array_equal(found, masks_at(masks, times))
    with (folder / "times.csv").open() as stream:
        assert [row["time"] + ":00" for row in csv.DictReader(stream)] == times


def test_the_lines_of_the_readme_import_what_comes_back(tmp_path, source):
    campaign = campaign_of(labels=["Background", TC])
    made(tmp_path, source, campaign)
    text = (tmp_path / "first" / "README.md").read_text()
    (block,) = re.findall(r"^```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    entry = yaml.safe_load(block)["datasets"]["first"]
    entry["test_period"] = ["2000-01-01", "2000-01-02"]
    overlay = {"datasets": {"first": entry}}
    entry |= {"dataset": "mini-historical", "grid": "mini"}
    assert load_study(str(ROOT), overlay, [], "the README").config.datasets["first"]
    assert entry["annotations"][0]["classes"] == {TC: TC}


def test_the_interface_has_classes_confidence_and_legends(tmp_path, source):
    campaign = campaign_of(fields={"TMQ": {}, "U850": {}, "PSL": {"range": [1e5, 1.02e5]}})
    made(tmp_path, source, campaign)
    root = ET.fromstring((tmp_path / "first" / "labelling.xml").read_text())
    assert {one.get("value"): one.get("background") for one in root.iter("Label")} == {
        TC: "#dc6a3b", AR: "#278aac"
    }  # fmt: skip
    assert [one.get("value") for one in root.iter("Choice")] == ["Low", "Medium", "High"]
    said = [one.get("value") for one in root.iter("Header")]
    assert said[1:] == [
        "Page 1: TMQ, total precipitable water: 0 … 70 kg m⁻²",
        "Page 2: U850, zonal wind at 850 hPa: -40 … 40 m s⁻¹",
        "Page 3: PSL, sea level pressure: 100000 … 102000 Pa",
    ]
    made(tmp_path, source, campaign_of(confidence=[]))
    assert "Choices" not in (tmp_path / "first" / "labelling.xml").read_text()


def test_the_script_makes_what_the_library_makes(tmp_path, source, monkeypatch):
    detections, _ = write_detections(tmp_path)
    campaign = campaign_of(annotate="control", seed=5)
    times, _ = made(tmp_path, source, campaign, detections=detections)
    write_matrix(tmp_path / "matrix.nc", source.matrix, source.mesh, GRID, {"map_method": "test"})
    words = [
        "make_campaign.py",
        *("--campaign", flag(campaign), "--dataset", flag(source.dataset)),
        *("--pages", "TMQ", "U850", "PSL", "--grid", '{"nlat": 24, "nlon": 36}'),
        *("--matrix", str(tmp_path / "matrix.nc"), "--detections", str(detections)),
        *("--output", str(tmp_path / "again")),
    ]
    monkeypatch.setattr("sys.argv", words)
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    importlib.import_module("make_campaign").main()
    for name in ("tasks.json", "times.csv", "labelling.xml", "README.md"):
        assert (tmp_path / "again" / name).read_text() == (tmp_path / "first" / name).read_text()
    for path in (tmp_path / "first" / "pictures").iterdir():
        assert (tmp_path / "again" / "pictures" / path.name).read_bytes() == path.read_bytes()
    assert len(times) == 4


# --- in the study ---------------------------------------------------------------------------------

CAMPAIGN = {
    "dataset": "mini-historical",
    "grid": "mini",
    "times": 10,
    "annotate": "control",
    "labelled": ["mini-climatenet"],
    "fields": {"TMQ": {}, "PSL": {"colours": "gray"}},
}


def study(changes=None, **more):
    campaigns = {"first": {**CAMPAIGN, **(changes or {})}}
    return load_study(str(ROOT), {**OVERLAY, "campaigns": campaigns, **more}, [], "the test")


def test_a_campaign_needs_masks_raw_files_and_labels_alone():
    made_of = study()
    inputs = campaign_input(made_of, "first")
    assert inputs["detections"] == [
        "results/masks/control/2000.nc",
        "results/masks/control/2001.nc",
    ]
    assert inputs["ensemble"] == [] and inputs["raw"] == ["results/planet/historical"]
    assert inputs["labelled"] == ["results/planet/climatenet"]
    assert list(campaign_dataset(made_of, "first").fields) == ["TMQ", "PSL"]
    assert campaign_labels(made_of, "first")[0] == "results/planet/climatenet/train"
    assist = {"encoder": "no/encoder.onnx", "decoder": "no/decoder.onnx"}
    said = missing_inputs(study({"assist": assist}), [("make_campaign", {"campaign": "first"})])
    assert said[0].startswith("campaigns.first.assist.encoder is 'no/encoder.onnx', which is not")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dataset": "mini-historic"}, r"first\.dataset is 'mini-historic'.*did you mean"),
        ({"grid": "minny"}, r"first\.grid is 'minny'.*did you mean 'mini'"),
        ({"fields": {"TQM": {}}}, r"first\.fields is 'TQM'.*did you mean 'TMQ'"),
        ({"fields": {"TMQ": {"range": [3, 3]}}}, "it must ascend"),
        ({"annotate": "contrl"}, r"first\.annotate is 'contrl'.*did you mean 'control'"),
        ({"annotate": "warmer"}, "an experiment on the dataset 'mini-warmer', but the campaign"),
        ({"choose": "disagreement"}, "`choose: disagreement` needs an `ensemble`"),
        ({"choose": "disagreement", "ensemble": "control"}, "'control', which is no ensemble"),
        ({"labels": ["Background", "Front"]}, "none of the campaign's `labels`: Front"),
        ({"labelled": ["mini-historical"]}, r"first\.labelled is 'mini-historical'"),
        ({"period": ["1999-01-01", "2000-01-01"]}, r"mini-historical has 2000-12-27 to 2001-01-06"),
        (
            {"annotate": None, "assist": {"encoder": "e", "decoder": "d"}},
            "say whose, in `annotate`",
        ),
    ],
)
def test_what_does_not_fit_is_refused_at_the_door(changes, message):
    with pytest.raises(BadInput, match=message):
        study(changes)


def test_the_campaign_of_the_manual_is_one(tmp_path):
    """docs/labelling.md: its campaign and its import, on the demo's dataset and grid."""
    text = (ROOT / "docs" / "labelling.md").read_text()
    blocks = re.findall(r"^```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    text = "".join(blocks[:2]).replace("era5", "mini-historical").replace("fv0.23x0.31", "mini")
    said = yaml.safe_load(text.replace("first-campaign", "mini-climatenet"))
    said["campaigns"]["autumn"]["assist"] = yaml.safe_load(blocks[2])["assist"]
    fields = {"IVT": {"transport": ["Q", "U", "V"]}, "SPD850": {"magnitude": ["U", "V"], "to": 850}}
    said["datasets"]["mini-historical"] = {"fields": fields}
    made_of = load_study(str(ROOT), said, [], "the manual")
    assert list(made_of.campaigns) == ["autumn"]
    assert list(campaign_dataset(made_of, "autumn").fields) == ["TMQ", "IVT", "SPD850", "PSL"]


def test_a_campaign_does_not_wait_for_its_own_labels():
    table = {"table": "{results}/campaigns/first/times.csv"}
    own = {
        "source": "annotations", "dataset": "mini-historical", "grid": "mini",
        "test_period": ["2001-01-01", "2001-02-01"],
        "annotations": [{"format": "label-studio", "files": "x", "classes": {"TC": "TC"},
                         "times": table}],
    }  # fmt: skip
    datasets = {**OVERLAY["datasets"], "own": own}
    with pytest.raises(BadInput, match="the labels of this campaign itself"):
        study({"labelled": ["own"]}, datasets=datasets)


def test_the_target_plans_every_campaign_or_says_why_not(tmp_path):
    overlay = {**OVERLAY, "campaigns": {"first": CAMPAIGN}}
    said = snakemake(tmp_path, "campaign", "--dry-run", "-p", overlay=overlay).stdout
    (command,) = re.findall(r"^.*make_campaign\.py .*$", said, re.MULTILINE)
    assert "--pages TMQ PSL" in command and "--output results/campaigns/first" in command
    waiting = {**CAMPAIGN, "annotate": "two-fields"}
    overlay = {**OVERLAY, "campaigns": {"first": waiting}}
    said = snakemake(tmp_path, "campaign", "--dry-run", overlay=overlay, check=False).stdout
    assert "campaigns.first needs masks of two-fields, which are not carried out" in said
    said = snakemake(tmp_path, "campaign", "--dry-run", overlay=OVERLAY, check=False).stdout
    assert "error: the study has no `campaigns`" in said
