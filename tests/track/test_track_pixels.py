"""Cells of events from their runs: against arrays painted cell by cell."""

import numpy as np
import pytest

from stormtrace.errors import BadInput
from stormtrace.formats.tables import write_tables
from stormtrace.track.events import event_table, object_table
from stormtrace.track.pixels import EventPixels, cover
from track_files import painted, random_masks, tracked, write_masks, write_objects

MASKS = random_masks(2, (40, 10, 16))
TRACKING = {"minimum_area_km2": 0, "minimum_hours": 6}


@pytest.fixture
def folder(tmp_path):
    """A folder with two years, MASKS cut at step 17, linked and written."""
    record, assignment = tracked(tmp_path, MASKS, TRACKING, cuts=[17])
    objects = object_table(record, assignment)
    write_tables(tmp_path, "objects", objects, record.classes, {})
    return tmp_path, record, assignment, event_table(record, assignment, objects)


def test_runs_cover_and_arrays_agree_with_cells(folder):
    path, record, assignment, events = folder
    expected = painted(record, assignment.event)
    first, last = {}, {}
    for step, cells in enumerate(expected):
        for event in np.unique(cells[cells > 0]).tolist():
            first.setdefault(event, step)
            last[event] = step
    assert set(first) == set(events["event"].tolist())
    assert len(first) > 20
    for k, steps in enumerate((range(17), range(17, 40))):
        pixels = EventPixels(path / f"objects{k}.nc", path)
        arrays = dict(pixels.arrays())
        assert list(arrays) == list(range(len(steps)))
        runs = pixels.runs()
        for step, cells in zip(steps, arrays.values(), strict=True):
            assert np.array_equal(cells, expected[step])
        shape = pixels.grid.shape
        here = expected[steps.start : steps.stop]
        for code in (1, 2):
            of_class = runs.where(runs.code == code)
            tracked_cells = (here > 0) & (MASKS[steps.start : steps.stop] == code)
            assert np.array_equal(cover(of_class, shape), tracked_cells.sum(axis=0))
            for flag, ends in (("genesis", first), ("termination", last)):
                births = np.zeros(shape, int)
                for event, step in ends.items():
                    if step in steps:
                        births += (expected[step] == event) & (MASKS[step] == code)
                chosen = of_class.where(getattr(of_class, flag))
                assert np.array_equal(cover(chosen, shape), births)


def test_some_steps_alone(folder):
    path, *_ = folder
    pixels = EventPixels(path / "objects1.nc", path)
    everything, some = pixels.runs(), pixels.runs(5, 9)
    inside = everything.where((everything.step >= 5) & (everything.step < 9))
    assert all(np.array_equal(a, b) for a, b in zip(some, inside, strict=True))
    assert pixels.runs(3, 3).row.size == 0


def test_events_of_other_objects_are_refused(folder):
    path, *_ = folder
    write_masks(path / "other.nc", MASKS[::-1])
    write_objects(path / "other-objects.nc", path / "other.nc")
    with pytest.raises(BadInput, match=r"another version.*run link_events.py again"):
        EventPixels(path / "other-objects.nc", path)


def test_events_that_are_not_there_are_asked_for(folder, tmp_path):
    path, *_ = folder
    with pytest.raises(BadInput, match="link the events first"):
        EventPixels(path / "objects0.nc", tmp_path / "elsewhere")
