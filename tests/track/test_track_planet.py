"""The mini planet's events, which are known: none cut, none joined, every merge and split seen."""

import json

import netCDF4
import numpy as np
import pytest

from stormtrace.grids import Grid
from stormtrace.planet.parts import write_part
from stormtrace.planet.settings import read_settings
from stormtrace.track.events import event_table, object_table
from track_files import painted, tracked


@pytest.fixture(scope="module")
def planet(tmp_path_factory):
    """Return masks' truth: (class, true event) by cell, the events, and what tracking made."""
    folder = tmp_path_factory.mktemp("planet")
    write_part("historical", folder, read_settings({"ne": 2, "levels": 8}))
    with netCDF4.Dataset(folder / "truth/masks.nc") as file:
        file.set_auto_mask(False)
        masks, true = file["mask"][:], file["event"][:]
        grid = Grid(file["lat"][:], file["lon"][:])
        hours, units = file["time"][:], file["time"].units
    new_year = int(np.searchsorted(hours, 0.0))
    assert 0 < new_year < hours.size
    record, assignment = tracked(
        folder, masks, {}, [new_year], grid=grid, hours=hours, units=units
    )  # fmt: skip
    table = event_table(record, assignment, object_table(record, assignment))
    rows = {row[0]: dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)}
    events = json.loads((folder / "truth/events.json").read_text())["events"]
    return true, painted(record, assignment.event), [e for e in events if e["steps"] >= 5], rows


def found_as(true, cells, event):
    """Return our event with most cells of a true one, and its share of them."""
    ids, counts = np.unique(cells[true == event["id"]], return_counts=True)
    return int(ids[np.argmax(counts)]), counts.max() / counts.sum()


def test_every_event_of_twelve_hours_is_found_whole_and_alone(planet):
    true, cells, events, rows = planet
    found = {}
    for event in events:
        identifier, share = found_as(true, cells, event)
        assert identifier > 0, event["id"]
        assert share > 0.9, (event["id"], event["notes"], share)
        found.setdefault(identifier, []).append(event["id"])
    assert all(len(ids) == 1 for ids in found.values())
    assert len(events) > 40
    assert len(rows) <= len(events) + 3


@pytest.mark.parametrize("note", ["crosses_new_year", "crosses_dateline", "near_pole"])
def test_new_year_the_date_line_and_the_pole_neither_cut_nor_join(planet, note):
    true, cells, events, rows = planet
    noted = [event for event in events if note in event["notes"]]
    assert noted
    for event in noted:
        row = rows[found_as(true, cells, event)[0]]
        assert (row["start"], row["end"]) == (event["start"], event["end"])
        others = true[cells == row["event"]]
        assert np.mean(others == event["id"]) > 0.9


def test_merges_and_splits_are_seen(planet):
    true, cells, events, rows = planet
    for note in ("merges", "splits"):
        noted = [event for event in events if note in event["notes"]]
        assert noted
        for event in noted:
            row = rows[found_as(true, cells, event)[0]]
            assert row["parents"] or row["children"], (note, event["id"])
