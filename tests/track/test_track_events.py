"""Tracks of motions whose length, speed and lifetime are known on the sphere."""

import numpy as np
import pytest

from stormtrace.constants import EARTH_RADIUS_KM
from stormtrace.sphere import distances_km
from stormtrace.track.events import event_table, object_table
from track_files import disc, global_grid, painted, tracked

GRID = global_grid(361, 720)  # half a degree
DEGREE = EARTH_RADIUS_KM * np.pi / 180


def one_event(folder, masks, **keywords):
    record, assignment = tracked(folder, masks, {}, **keywords)
    table = event_table(record, assignment, object_table(record, assignment))
    assert table["event"].size == 1
    return {name: values[0] for name, values in table.items()}


def great_circle(inclination, first, step, steps):
    """Return points `step` degrees apart on a great circle that crosses the equator at 0E.

    lat = asin(sin i sin θ), lon = atan2(cos i sin θ, cos θ) for the angle θ along the circle.
    """
    i, theta = np.radians(inclination), np.radians(first + step * np.arange(steps))
    lat = np.degrees(np.arcsin(np.sin(i) * np.sin(theta)))
    lon = np.degrees(np.arctan2(np.cos(i) * np.sin(theta), np.cos(theta)))
    return list(zip(lat, lon, strict=True))


@pytest.mark.parametrize("inclination", [0.0, 30.0, 60.0])
def test_a_disc_at_constant_speed_on_a_great_circle(tmp_path, inclination):
    """20 steps of 1.5°: 19 · 1.5° · R long, in 57 hours; over the date line's like (0E) too."""
    path = great_circle(inclination, -15.0, 1.5, 20)
    row = one_event(tmp_path, np.stack([disc(GRID, *place, 500.0) for place in path]))
    length = 19 * 1.5 * DEGREE
    assert row["lifetime_h"] == 57.0
    assert row["steps"] == 20
    assert row["track_km"] == pytest.approx(length, rel=4e-3)  # ragged discs of 300 cells
    assert row["speed_km_h"] == pytest.approx(length / 57.0, rel=4e-3)
    assert row["genesis_lat"] == pytest.approx(path[0][0], abs=0.1)
    assert row["genesis_lon"] == pytest.approx(path[0][1] % 360, abs=0.1)
    assert row["termination_lat"] == pytest.approx(path[-1][0], abs=0.1)
    assert row["termination_lon"] == pytest.approx(path[-1][1] % 360, abs=0.1)
    cap = 2 * np.pi * EARTH_RADIUS_KM**2 * (1 - np.cos(500.0 / EARTH_RADIUS_KM))
    assert row["mean_area_km2"] == pytest.approx(cap, rel=2.5e-2)  # 60 cells on the edge of 300
    assert row["start"], row["end"] == ("2000-01-01T00:00:00", "2000-01-03T09:00:00")


def test_a_resting_disc_has_no_track(tmp_path):
    row = one_event(tmp_path, np.stack([disc(GRID, 20.0, 180.0, 500.0)] * 6))
    assert row["track_km"] == pytest.approx(0.0, abs=1e-6)
    assert row["speed_km_h"] == pytest.approx(0.0, abs=1e-6)


def test_distances_are_great_circles():
    """A quarter turn along the equator, then one to the pole, then half a turn through it."""
    lat, lon = np.array([0.0, 0.0, 90.0, -90.0]), np.array([350.0, 80.0, 0.0, 0.0])
    quarter = EARTH_RADIUS_KM * np.pi / 2
    assert distances_km(lat, lon) == pytest.approx([quarter, quarter, 2 * quarter])


def test_the_centroid_of_an_event_in_two_pieces_is_that_of_all_its_cells(tmp_path):
    """Components share one event: its position is the centroid of both discs together."""
    masks = np.stack([disc(GRID, 0.0, 100.0, 900.0)] * 5)
    pieces = np.maximum(disc(GRID, 0.0, 95.0, 300.0), disc(GRID, 0.0, 106.0, 300.0))
    masks[-1] = pieces
    record, assignment = tracked(tmp_path, masks, {"rule": "components"})
    table = event_table(record, assignment, object_table(record, assignment))
    assert table["event"].size == 1
    cells = painted(record, assignment.event)[-1] > 0
    area = np.broadcast_to(GRID.row_area[:, None], cells.shape)[cells]
    lam = np.radians(np.broadcast_to(GRID.lon, cells.shape)[cells])
    phi = np.radians(np.broadcast_to(GRID.lat[:, None], cells.shape)[cells])
    x, y = (np.sum(area * np.cos(phi) * part(lam)) for part in (np.cos, np.sin))
    assert table["termination_lon"][0] == pytest.approx(np.degrees(np.arctan2(y, x)), abs=1e-9)


@pytest.mark.parametrize(
    ("calendar", "start", "end"),
    [
        ("noleap", "2000-02-28T12:00:00", "2000-03-01T03:00:00"),
        ("standard", "2000-02-28T12:00:00", "2000-02-29T03:00:00"),
        ("360_day", "2000-02-29T12:00:00", "2000-02-30T03:00:00"),
    ],
)
def test_times_are_in_the_calendar_of_the_masks(tmp_path, calendar, start, end):
    """Hour 1404 is day 58.5: 28 February 12:00 but for twelve months of 30 days."""
    masks = np.stack([disc(GRID, 20.0, 180.0, 500.0)] * 6)
    row = one_event(tmp_path, masks, first_hour=58.5 * 24, calendar=calendar)
    assert (row["start"], row["end"]) == (start, end)
    assert (row["start_h"], row["end_h"]) == (1404.0, 1419.0)
