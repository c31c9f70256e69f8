"""Classes come from the flags of the masks, in any order and number, and keep their names."""

import csv
import importlib.util
import json
from pathlib import Path

import netCDF4
import numpy as np
import pyarrow.parquet
import pytest

from stormtrace.classes import CLIMATENET_LABELS, Classes
from stormtrace.errors import BadInput
from stormtrace.formats.tables import read_classes
from stormtrace.track.pixels import EventPixels
from stormtrace.track.rules import large_enough
from stormtrace.track.tracking import read_tracking
from track_files import random_masks, record_of, tracked, write_masks

SCRIPTS = Path(__file__).parents[2] / "scripts"
FILM = random_masks(6, (30, 12, 20))
TRACKING = json.dumps({"minimum_area_km2": 0, "minimum_hours": 6})
FRONTS = ("Background", "Cold Front", "Warm Front", "Stationary Front", "Occluded Front", "Front")


def call(monkeypatch, script, *flags):
    """Call the `main` of a script in this process."""
    spec = importlib.util.spec_from_file_location(script, SCRIPTS / f"{script}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr("sys.argv", [script, *map(str, flags)])
    module.main()


def chain(monkeypatch, folder, masks, labels, *more):
    """Write masks, find objects and link events; return the folder."""
    write_masks(folder / "mask.nc", masks, labels=labels)
    given = ("--tracking", TRACKING)
    call(
        monkeypatch, "find_objects", "--mask", folder / "mask.nc",
        "--output", folder / "objects.nc", *given,
    )  # fmt: skip
    call(
        monkeypatch, "link_events", "--objects", folder / "objects.nc", *given,
        "--experiment", "control", "--output", folder, *more,
    )  # fmt: skip
    return folder


def artmip(monkeypatch, folder, *more):
    files = ("--mask", folder / "mask.nc", "--objects", folder / "objects.nc")
    output = folder / "tag.nc"
    call(monkeypatch, "export_artmip", *files, "--events", folder, "--output", output, *more)
    with netCDF4.Dataset(output) as nc:
        nc.set_auto_mask(False)
        return nc["ar_binary_tag"][:]


def names_of(folder):
    """Return event -> name of its class as each file has it."""
    tracks = json.loads((folder / "tracks.geojson").read_text())["features"]
    with (folder / "events.csv").open() as file:
        rows = list(csv.DictReader(file))
    with netCDF4.Dataset(folder / "trajectories.nc") as nc:
        flags = dict(zip(nc["class"].flag_values, nc["class"].flag_meanings.split(), strict=True))
        words = [flags[code] for code in nc["class"][:].tolist()]
        events = nc["event"][:].tolist()
    table = pyarrow.parquet.read_table(folder / "events.parquet").to_pydict()
    classes = read_classes(folder / "events.parquet")
    short = {feature.code: feature.short for feature in classes.features}
    return {
        "geojson": {t["properties"]["event"]: t["properties"]["feature"] for t in tracks},
        "csv": {int(row["event"]): row["feature"] for row in rows},
        "trajectories": dict(zip(events, words, strict=True)),
        "parquet": {e: short[c] for e, c in zip(table["event"], table["class"], strict=True)},
    }


def test_the_order_of_labels_changes_codes_and_nothing_else(monkeypatch, tmp_path):
    """The film with codes 1 and 2 exchanged, and so are the labels: the same rivers, by name."""
    turned = ("Background", "Atmospheric River", "Tropical Cyclone")
    folders = {}
    for name, masks, labels in (
        ("usual", FILM, CLIMATENET_LABELS),
        ("turned", (3 - FILM) * (FILM > 0), turned),
    ):
        (tmp_path / name).mkdir()
        folders[name] = chain(monkeypatch, tmp_path / name, masks, labels)
    usual, found = (names_of(folders[name]) for name in ("usual", "turned"))
    assert usual == found
    assert set(found["geojson"].values()) == {"TC", "AR"}
    assert found["geojson"] == found["csv"] == found["parquet"]
    assert set(found["trajectories"].values()) == {"tropical_cyclone", "atmospheric_river"}
    tags = [artmip(monkeypatch, folders[name]) for name in ("usual", "turned")]
    assert np.array_equal(*tags) and tags[0].any()
    assert np.array_equal(artmip(monkeypatch, folders["turned"], "--all"), FILM == 2)


def test_rivers_alone_are_called_rivers(monkeypatch, tmp_path):
    rivers = (FILM == 2).astype(np.int8)
    folder = chain(monkeypatch, tmp_path, rivers, ("Background", "Atmospheric River"))
    assert set(names_of(folder)["geojson"].values()) == {"AR"}
    assert np.array_equal(artmip(monkeypatch, folder, "--all"), rivers)
    pixels = EventPixels(folder / "objects.nc", folder)
    assert [feature.short for feature in pixels.classes.features] == ["AR"]


def test_a_catalogue_of_rivers_needs_a_class_of_rivers(monkeypatch, tmp_path):
    folder = chain(monkeypatch, tmp_path, (FILM > 0) * 1, ("Background", "Arctic Ridge"))
    with pytest.raises(BadInput, match=r"no class atmospheric_river.*classes are arctic_ridge"):
        artmip(monkeypatch, folder)


def test_the_study_names_classes_shortly(monkeypatch, tmp_path):
    table = json.dumps({"atmospheric river": {"short": "River"}, "Cold core low": {"short": "CL"}})
    labels = ("Background", "Cold core low", "Atmospheric River")
    folder = chain(monkeypatch, tmp_path, FILM, labels, "--classes", table)
    assert set(names_of(folder)["csv"].values()) == {"River", "CL"}


def test_five_fronts_have_no_smallest_area_but_one_that_is_given(tmp_path):
    """Lines one cell wide, of 20,000 km² and less, each of a class of its own."""
    masks = np.zeros((6, 60, 120), np.int8)
    for code in range(1, 6):
        masks[:, 10 * code : 10 * code + 2, 5 * code] = code
    for rule in ("graph", "components", "climatenet"):
        block = {"rule": rule, "pole_wrap": False}
        record, assignment = tracked(tmp_path, masks, block, labels=FRONTS)
        assert record.classes.labels[1:] == FRONTS[1:]
        assert np.unique(record.objects["class"][assignment.event > 0]).tolist() == [1, 2, 3, 4, 5]
        block["minimum_pixels"] = {"CF": 3, "occluded_front": 3}
        kept = large_enough(record, read_tracking(block, record.classes))
        assert np.unique(record.objects["class"][kept]).tolist() == [2, 3, 5]
    everywhere = read_tracking({"minimum_area_km2": 5e5}, record.classes)
    assert everywhere.minimum_area_km2 == (0, *[5e5] * 5)


def test_codes_go_up_to_127(tmp_path):
    """The film with 127 for 1 and 1 for 2: the same events, gaps bridged within a class only."""
    labels = ("Background", *(f"Class{code}" for code in range(1, 128)))
    high = np.select([FILM == 1, FILM == 2], [127, 1], 0).astype(np.int8)
    block = {"minimum_area_km2": 0, "minimum_hours": 6, "gap_hours": 9}
    (tmp_path / "low").mkdir()
    low, expected = tracked(tmp_path / "low", FILM, block, cuts=[13])
    record, found = tracked(tmp_path, high, block, cuts=[13], labels=labels)
    assert np.array_equal(found.event, expected.event)
    assert np.unique(expected.event).size > 10
    assert (found.links.later.size, found.links.area.sum()) == (
        expected.links.later.size, expected.links.area.sum(),
    )  # fmt: skip
    codes = np.select([low.objects["class"] == 1], [127], 1)
    assert np.array_equal(record.objects["class"], codes)


def test_years_of_other_classes_are_refused(tmp_path):
    later = {"first_hour": 90.0, "labels": ("Background", "Atmospheric River", "Blocking")}
    with pytest.raises(BadInput, match=r"differ in classes: 'background tropical_cyclone"):
        record_of(tmp_path, [(FILM, {}), (FILM, later)])


def test_tables_without_names_are_refused(tmp_path):
    pyarrow.parquet.write_table(pyarrow.table({"class": [1]}), tmp_path / "t.parquet")
    with pytest.raises(BadInput, match="no metadata `classes`"):
        read_classes(tmp_path / "t.parquet")


def test_classes_of_a_table_are_those_that_were_written(monkeypatch, tmp_path):
    folder = chain(monkeypatch, tmp_path, FILM, ("Background", "Front", "Atmospheric River"))
    classes = read_classes(folder / "objects.parquet")
    assert classes == Classes.of_labels(("Background", "Front", "Atmospheric River"))
