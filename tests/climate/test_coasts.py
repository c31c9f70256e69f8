import json

import numpy as np
import pytest

from make_results import dates_between, write_frequency, write_masks
from script_runs import run_forked
from stormtrace.classes import CLIMATENET_LABELS, Classes
from stormtrace.climate.frequency import open_frequency
from stormtrace.climate.hovmoller import coast_mask, hovmoller
from stormtrace.climate.landfall import Coast, Landfalls, _reached, landfalls
from stormtrace.errors import BadInput
from stormtrace.grids import make_grid
from stormtrace.grids.basins import AR_BASINS, TC_BASINS, ar_basin, by_basin, tc_basin
from stormtrace.land import land_fraction
from stormtrace.track.pixels import EventPixels, EventRuns

WEST_COAST = (230, 255, 32, 55)
GRID = make_grid({"nlat": 121, "nlon": 240})  # 1.5°


def test_the_west_coast_runs_north_west():
    """Two or three cells a row, from Baja California (-117) to British Columbia (-130)."""
    coast = coast_mask(GRID, WEST_COAST)
    rows = np.flatnonzero(coast.any(axis=1))
    assert GRID.lat[rows].min() == pytest.approx(33)
    assert GRID.lat[rows].max() == pytest.approx(54)
    westmost = [GRID.lon[coast[row]].min() for row in rows]
    assert westmost[0] == pytest.approx(360 - 118, abs=2)
    assert westmost[-1] == pytest.approx(360 - 130, abs=2)
    with pytest.raises(BadInput, match="has no coast"):
        coast_mask(GRID, (215, 225, 20, 50))


def test_a_hovmoller_of_a_known_season(tmp_path):
    """30 % in January along the coast at all latitudes, 10 % in July north of 45 only."""
    counts = np.zeros((12, 2, *GRID.shape), np.int16)
    counts[0, 1], counts[6, 1, GRID.lat > 45] = 30, 10
    path = write_frequency(tmp_path / "f.nc", {2000: counts}, grid=GRID)
    with open_frequency(path) as frequency:
        lat, values = hovmoller(frequency, "atmospheric_river", coast_mask(GRID, WEST_COAST))
    np.testing.assert_allclose(values[:, 0], 30)
    np.testing.assert_allclose(values[:, 6], np.where(lat > 45, 10, 0))
    assert (values[:, [1, 2, 3, 4, 5, 7, 8, 9, 10, 11]] == 0).all()


def moving_river(step, _date):
    """An AR that moves east over the Pacific at 39–44 N, and is over the coast at its end."""
    mask = np.zeros(GRID.shape, np.int8)
    rows = (GRID.lat >= 39) & (GRID.lat <= 44)
    west = 200 + 1.5 * step
    mask[np.ix_(rows, (GRID.lon >= west) & (GRID.lon < west + 15))] = 2
    return mask


def test_landfall_counts_an_event_once_a_latitude(tmp_path):
    """One event over New Year; it is at the coast (235.5–237) for many steps of both years."""
    for year, dates in (
        (2000, ((2000, 12, 29), (2001, 1, 1))),
        (2001, ((2001, 1, 1), (2001, 1, 3))),
    ):
        offset = 0 if year == 2000 else 24
        write_masks(
            tmp_path / f"{year}.nc", year, dates_between(*dates, "noleap"),
            lambda s, d, o=offset: moving_river(s + o, d), GRID,
        )  # fmt: skip
        run_forked(
            "find_objects", "--mask", tmp_path / f"{year}.nc", "--output", tmp_path / f"o{year}.nc"
        )
    objects = [tmp_path / "o2000.nc", tmp_path / "o2001.nc"]
    run_forked("link_events", "--objects", *objects, "--experiment", "made", "--tracking",
        json.dumps({"rule": "graph"}), "--output", tmp_path / "events")  # fmt: skip
    coasts = {"west": WEST_COAST, "sea": (215, 225, 20, 50), "Chile": (284, 292, -56, -18)}
    found = landfalls(objects, tmp_path / "events", coasts)
    by_coast = found.reached
    assert list(by_coast) == ["west", "Chile"]  # the open sea has no coast
    assert by_coast["Chile"].shape == (0, 3)
    reached = by_coast["west"]
    assert len(set(reached[:, 0])) == 1
    centres, counts = found.coasts["west"].centres, found.counts("west")
    by_bin = dict(zip(centres, counts[2], strict=True))
    assert {lat: events for lat, events in by_bin.items() if events} == {
        38.75: 1, 41.25: 1, 43.75: 1,
    }  # fmt: skip
    lat = GRID.points[0][coast_mask(GRID, WEST_COAST)]
    assert set(by_bin) == set(np.floor((lat + 90) / 2.5) * 2.5 - 88.75)
    assert counts[1].sum() == 0
    run_forked("count_landfalls", "--objects", *objects, "--events", tmp_path / "events",
        "--coasts", json.dumps(coasts), "--output", tmp_path / "landfall.csv")  # fmt: skip
    lines = (tmp_path / "landfall.csv").read_text().splitlines()
    assert "west,41.25,AR,1" in lines
    # A coast that none reaches has zeros, not no row.
    chile = [line for line in lines if line.startswith("Chile,")]
    assert len(chile) > 10 and all(line.endswith(",0") for line in chile)


def by_latitude(grid, coast, rows, column):
    """Return latitudes and counts by class of one river, event 7, in one column of some rows."""
    ones = np.ones(len(rows), np.int64)
    runs = EventRuns(
        step=ones, row=np.array(rows, np.int64), start=column * ones, stop=(column + 1) * ones,
        event=7 * ones, code=2 * ones, genesis=ones > 0, termination=ones > 0,
    )  # fmt: skip
    one = Coast.of(grid, coast, 2.5)
    found = Landfalls(
        Classes.of_labels(CLIMATENET_LABELS), {"one": one}, {"one": one.reached(runs)}
    )
    return one.centres, found.counts("one")


def test_latitudes_between_the_rows_of_a_coarse_grid_are_no_gaps_in_a_coast():
    """Rows of 4°, bins of 2.5°: an event at five rows in turn is counted in five bins, never 0."""
    grid = make_grid({"nlat": 46, "nlon": 72})
    coast = np.zeros(grid.shape, bool)
    coast[31:36, 47] = True
    rows = [31, 32, 33, 34, 35]  # 34, 38, 42, 46 and 50° N
    centres, counts = by_latitude(grid, coast, rows, 47)
    assert centres.tolist() == [33.75, 38.75, 41.25, 46.25, 51.25]
    assert counts[2].tolist() == [1] * 5 and counts[1].tolist() == [0] * 5
    nothing = by_latitude(grid, coast, [], 47)
    assert nothing[0].tolist() == centres.tolist() and nothing[1][2].tolist() == [0] * 5


def test_the_north_pole_is_in_the_last_bin():
    grid = make_grid({"nlat": 37, "nlon": 72})
    coast = np.zeros(grid.shape, bool)
    coast[-1] = coast[0] = True
    centres, counts = by_latitude(grid, coast, [36], 5)
    assert centres.tolist() == [-88.75, 88.75] and counts[2].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("lat", "lon", "tc", "ar"),
    [
        (15, -60, "North Atlantic", "North Atlantic"),
        (25, -90, "North Atlantic", "North Atlantic"),
        (14, -100, "East Pacific", "North Pacific"),
        (10, -85, "East Pacific", "North Pacific"),
        (12, -80, "North Atlantic", "North Atlantic"),
        (20, 135, "West Pacific", "North Pacific"),
        (15, 88, "North Indian", "North Indian and Asia"),
        (-15, 60, "South Indian", "South Indian"),
        (-15, 165, "South Pacific", "South Pacific"),
        (-30, -20, "South Atlantic", "South Atlantic"),
        (40, 5, "North Atlantic", "North Atlantic"),
    ],
)
def test_places_lie_in_their_basins(lat, lon, tc, ar):
    assert TC_BASINS[tc_basin(np.array([lat]), np.array([lon]))[0]] == tc
    assert AR_BASINS[ar_basin(np.array([lat]), np.array([lon]))[0]] == ar


def test_basins_share_out_all_points():
    rng = np.random.default_rng(0)
    lat, lon = rng.uniform(-90, 90, 500), rng.uniform(-180, 360, 500)
    for basins in ("tropical cyclones", "atmospheric rivers"):
        assert sum(by_basin(basins, lat, lon).values()) == 500


SOUTH = make_grid({"projection": "south-polar", "cells": 384})
ANTARCTICA = (-180, 180, -90, -60)


def test_the_coast_of_antarctica_is_found_on_the_polar_square():
    """Where maps have it: Queen Maud Land, Terre Adélie, the Peninsula; none within the continent.

    The Ross Ice Shelf is no land in Natural Earth: there the coast is at 78–85° S.
    """
    coast = coast_mask(SOUTH, ANTARCTICA)
    lat, lon = SOUTH.points
    for where, south, north in (
        (0, -72, -69),
        (45, -69, -66.5),
        (140, -68, -65.5),
        (302, -66, -61.5),
    ):
        near = coast & (np.abs((lon - where + 180) % 360 - 180) < 2)
        assert near.any() and north > lat[near].max() > south, where
    published = make_grid({"projection": "south-polar"})
    rows, columns = np.nonzero(
        published.points[0] < -86.5
    )  # 1152 × 1152: cells of 15 km at the pole
    assert rows.size > 1900
    assert (land_fraction(published)[rows, columns] > 0.99).all()


def test_a_river_lands_on_antarctica_where_it_comes_ashore(tmp_path):
    """It comes along 140° E from 50° S, two degrees of latitude in 3 h, and ends at 70° S.

    Terre Adélie's coast, at 66–67° S there, it must reach; Queen Maud Land's, half a world away, not.
    """
    lat, lon = SOUTH.points

    def river(step, _date):
        along = np.abs((lon - 140 + 180) % 360 - 180) < 8
        return (along & (lat < -40) & (lat > max(-70, -50 - 2 * step))).astype(np.int8) * 2

    dates = dates_between((2001, 1, 1), (2001, 1, 3), "noleap")
    write_masks(tmp_path / "m.nc", 2001, dates, river, SOUTH)
    run_forked("find_objects", "--mask", tmp_path / "m.nc", "--output", tmp_path / "o.nc")
    run_forked("link_events", "--objects", tmp_path / "o.nc", "--experiment", "made", "--tracking",
        json.dumps({"rule": "graph"}), "--output", tmp_path / "events")  # fmt: skip
    coasts = {"Antarctica": ANTARCTICA, "Queen Maud Land": (-20, 45, -75, -65)}
    found = landfalls([tmp_path / "o.nc"], tmp_path / "events", coasts)
    event, *_ = found.reached["Antarctica"].T
    assert set(event) == {event[0]} and found.reached["Queen Maud Land"].size == 0
    centres, counts = found.coasts["Antarctica"].centres, found.counts("Antarctica")
    assert counts[2][np.abs(centres + 66.25).argmin()] == 1
    assert centres[counts[2] > 0].min() > -71 and centres[counts[2] > 0].max() < -64
    runs = EventPixels(tmp_path / "o.nc", tmp_path / "events").runs()
    _, _, cell = _reached(runs, found.coasts["Antarctica"].cells).T
    at = SOUTH.points[0].ravel()[cell], SOUTH.points[1].ravel()[cell]
    assert (np.abs(at[1] - 140) < 8).all() and at[0].min() > -70.5 and at[0].max() < -64.5
