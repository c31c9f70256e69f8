"""A filter that leaves out nearly everything is told, with what its threshold means on the grid."""

import numpy as np
import pytest

from stormtrace.track.dropped import dropped
from stormtrace.track.tracking import read_tracking
from track_files import disc, global_grid, tracked

GRID = global_grid(73, 144)


def told(folder, tracking, small=0):
    """Doubts of 20 steps of a still river: 1,900 km round, at 2.5° fewer than 250 cells.

    small: of the steps, how many have a river of one cell instead.
    """
    river = np.where(disc(GRID, 35, 180, 1900), 2, 0).astype(np.int8)
    speck = np.zeros_like(river)
    speck[50, 70] = 2
    assert 100 < (river > 0).sum() < 250
    masks = np.stack([speck] * small + [river] * (20 - small))
    record, assignment = tracked(folder, masks, tracking)
    return dropped(record, assignment, read_tracking(tracking, record.classes))


def test_published_pixels_on_a_coarse_grid(tmp_path):
    """The median row of 2.5° is at 45°: a cell of (2.5 x 111.2 km)² x cos 45° = 54,650 km²."""
    (sentence,) = told(tmp_path, {"rule": "climatenet"})
    assert "leaves out 20 of 20 objects of atmospheric rivers (100% of their area)" in sentence
    assert "minimum_pixels: 250" in sentence and "(200,000 on 0.23° × 0.31°)" in sentence
    area = float(sentence.split("about ")[1].split(" km²")[0].replace(",", ""))
    assert area == pytest.approx(250 * 54_650, rel=0.01)


def test_what_keeps_enough_is_not_told(tmp_path):
    assert told(tmp_path, {}) == []
    kept = {"minimum_area_km2": 200_000, "minimum_hours": 0}
    assert told(tmp_path, kept, small=18) == []  # 90 %, not more


def test_one_map_has_no_lifetime(tmp_path):
    """Real case: a day of MERRA-2, 8 rivers, 0 events and a map of events without a river, untold."""
    river = np.where(disc(GRID, 35, 180, 1900), 2, 0).astype(np.int8)[None]
    record, assignment = tracked(tmp_path, river, {})
    (sentence,) = dropped(record, assignment, read_tracking({}, record.classes))
    assert "leaves out 1 of 1 objects of atmospheric rivers (100% of their area)" in sentence
    assert "lasts 0 hours; say minimum_hours: 0 there" in sentence
    record, assignment = tracked(tmp_path, river, {"minimum_hours": 0})
    assert dropped(record, assignment, read_tracking({"minimum_hours": 0}, record.classes)) == []


def test_areas_and_hours(tmp_path):
    (area,) = told(tmp_path, {"minimum_area_km2": 200_000, "minimum_hours": 0}, small=19)
    assert "19 of 20" in area and "minimum_area_km2: 200,000" in area
    (hours,) = told(tmp_path, {"minimum_hours": 100})
    assert "20 of 20" in hours and hours.endswith("by minimum_hours: 100")
