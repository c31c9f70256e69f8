"""Density of tracks: caps and ways worked out by hand, storms counted once, years and seasons."""

import numpy as np
import pytest

from stormtrace.classes import CLIMATENET_LABELS, Classes
from stormtrace.figures.comparison_figures import draw_comparison_figures
from stormtrace.formats.comparison_maps import read_comparison, write_comparison
from stormtrace.grids import make_grid
from stormtrace.verification.track_density import (
    DENSITY_GRID,
    Presence,
    Tracks,
    compare_tracks,
    joined,
    likeness,
    near_cells,
    passages,
)

GLOBE = make_grid({"nlat": 91, "nlon": 180})
CYCLONE = Classes.of_labels(CLIMATENET_LABELS)["tropical_cyclone"]


def tracks(rows):
    """Return tracks of rows storm, hours, year, month, lat, lon."""
    columns = zip(*rows, strict=True)
    kinds = (np.int64, float, np.int64, np.int64, float, float)
    return Tracks(*(np.array(column, kind) for column, kind in zip(columns, kinds, strict=True)))


def whole(*years):
    steps = np.full((len(years), 12), 240.0)
    return Presence(years, steps, steps)


def near(lat, lon):
    """Return what `near_cells` should be, by distances to all cells: cos d = x · y."""
    phi, lam = (np.radians(one) for one in DENSITY_GRID.points)
    here, there = np.radians(lat), np.radians(lon)
    cosine = np.sin(phi) * np.sin(here) + np.cos(phi) * np.cos(here) * np.cos(lam - there)
    return np.flatnonzero(cosine >= np.cos(np.radians(5)) - 1e-12)


@pytest.mark.parametrize(
    "place", [(20, 30), (0, 359.9), (10, -180), (-89.5, 77), (90, 0), (86.3, 200), (-84, 0.2)]
)
def test_the_cap_round_a_point(place):
    """Over the date line, at the poles: the cells nearer than 5°, each once."""
    point, cell = near_cells(*(np.array([float(one)]) for one in place))
    assert sorted(cell) == near(*place).tolist()
    assert set(point) == {0}


def test_storms_spread_evenly_pass_a_place_as_often_as_the_cap_is_large():
    """Of N points on the sphere, a share (1 − cos 5°)/2 lies in the cap of a place."""
    count = 4000
    k = np.arange(count)  # a Fibonacci lattice: equal areas
    lat = np.degrees(np.arcsin((2 * k + 1) / count - 1))
    lon = 360 * ((k / ((1 + 5**0.5) / 2)) % 1)
    every = Tracks(k, 0.0 * k, 0 * k + 2001, 0 * k + 7, lat, lon)
    made = passages([every], whole(2001))["annual"]
    counts = made.total
    expected = count * (1 - np.cos(np.radians(5))) / 2
    assert made.amounts == [1.0]
    assert np.average(counts, weights=DENSITY_GRID.area) == pytest.approx(expected, rel=1e-3)
    np.testing.assert_allclose(counts.mean(axis=1), expected, rtol=0.1)


def test_a_way_is_a_great_circle_and_a_storm_counts_once():
    """Two points on the equator 20° apart, over 0°: it passes what is 5° off, once."""
    one = tracks([(3, 0, 2001, 7, 0, 350), (3, 24, 2001, 7, 0, 10), (4, 0, 2001, 7, 0, 90)])
    way = joined(one)
    assert (way.storm == 4).sum() == 1
    assert way.lon[way.storm == 3] == pytest.approx(np.arange(41) / 2 - 10)
    counts = passages([one], whole(2001))["annual"].total
    row, column = DENSITY_GRID.cells(np.array([5, 1, 7, 1]), np.array([1, 15, 1, 89]))
    assert counts[row, column].tolist() == [1, 0, 0, 1]  # at 5°, 5.1°, 7°, 1.4°
    # Of points more than a day apart the way is unknown; so it is of two storms.
    gap = tracks([(3, 0, 2001, 7, 0, 350), (3, 25, 2001, 7, 0, 10), (4, 26, 2001, 7, 0, 20)])
    assert joined(gap).lon % 360 == pytest.approx([350, 10, 20])
    # Over the pole the shortest way is straight on.
    over = joined(tracks([(1, 0, 2001, 7, 88, 0), (1, 6, 2001, 7, 88, 180)]))
    assert over.lat == pytest.approx([88, 88.5, 89, 89.5, 90, 89.5, 89, 88.5, 88])


def test_years_and_seasons_are_those_that_are_there():
    """A storm from December to January counts once a year, and in the DJF of the later year."""
    over = [(1, 0, 2001, 12, 9, 9), (1, 6, 2002, 1, 9, 9), (2, 0, 2002, 7, 9, 9)]
    half = np.full((2, 12), 240.0)
    half[1, 6:] = 0  # 2002 ends in June
    presence = Presence((2001, 2002), half, np.full((2, 12), 240.0))
    here = np.ravel_multi_index(DENSITY_GRID.cells([9.0], [9.0]), DENSITY_GRID.shape)

    def of(period):
        made = passages([tracks(over)], presence)[period]
        return made.at(here).ravel().tolist(), made.amounts.round(6).tolist()

    assert of("annual") == ([1, 1], [1, 0.5])
    assert of("DJF") == ([0, 1], [0.666667, 1])  # 2001 has January and February
    assert of("JJA") == ([0, 1], [1, 0.333333])


def test_detected_minus_observed(tmp_path):
    """Two a year observed, at one place one of six years more and elsewhere none: 2 → 3 and 2 → 0."""
    years = range(2000, 2006)
    at = [(0, 9, 9), (1, 9, 9), (2, -15, 179), (3, -15, 179)]
    rows = [(10 * y + k, 0, y, 8, lat, lon) for y in years for k, lat, lon in at]
    observed = tracks(rows)
    kept = [row for row in rows if row[4] == 9] + [(10 * y + 7, 0, y, 8, 9, 9) for y in years]
    detected = tracks(sorted(kept))
    presence = whole(*years)
    made = compare_tracks(([observed], presence), ([detected], presence), GLOBE, CYCLONE)
    write_comparison(tmp_path / "v.nc", made, {"first_experiment": "a", "second_experiment": "b"})
    maps = read_comparison(tmp_path / "v.nc")
    rows, columns = DENSITY_GRID.cells(np.array([9, -15, 40]), np.array([9, 179, 100]))

    def at_places(name, period):
        return maps.get(f"track_density_{name}", "tropical_cyclone", period)[rows, columns]

    for period in ("annual", "JJA"):
        assert at_places("first", period).tolist() == [2, 2, 0]
        assert at_places("second", period).tolist() == [3, 0, 0]
        assert at_places("difference", period).tolist() == [1, -2, 0]
        assert at_places("significant", period)[:2].tolist() == [1, 1]
    assert at_places("difference", "DJF").tolist() == [0, 0, 0]
    # Both caps have 2°-cells of nearly the same area: means 2 and 2 against 3 and 0.
    alike = likeness(maps, CYCLONE)
    assert alike["ratio"] == pytest.approx(0.75, rel=0.02)
    assert alike["significant"] == 1.0
    # A share p of the area has 2 and 3, a share q 2 and 0, the rest nothing.
    p, q = (DENSITY_GRID.area.ravel()[near(*at)].sum() / DENSITY_GRID.area.sum()
            for at in ((9, 9), (-15, 179)))  # fmt: skip
    spread = (4 * (p + q) - 4 * (p + q) ** 2) * (9 * p - 9 * p**2)
    assert alike["correlation"] == pytest.approx((6 * p - 6 * p * (p + q)) / spread**0.5)
    figures = dict(draw_comparison_figures(maps, "Storms"))
    assert list(figures) == [
        "tc-tracks-both",
        "tc-tracks-difference",
        "tc-tracks-difference-seasons",
    ]

    # The five winters of four years are four, and are not tested.
    january = tracks([(y, 0, y, 1, 9, 9) for y in years])
    for number, tested in ((4, False), (5, True)):
        some = [january], whole(*years[:number])
        assert compare_tracks(some, some, GLOBE, CYCLONE).tested == tested

    # Off a regional grid there is no density.
    regional = make_grid({"box": [100, 200, -40, 0], "step": 2})
    made = compare_tracks(([observed], presence), ([detected], presence), regional, CYCLONE)
    one = made.fields["track_density_first"][0, 0][rows, columns]
    assert one[1] == 2 and np.isnan(one[[0, 2]]).all()
    assert likeness(made, CYCLONE)["ratio"] == 0.0


def test_nothing_detected_and_few_years():
    presence = whole(2000)
    some = tracks([(1, 0, 2000, 8, 9, 9)])
    made = compare_tracks(([some], presence), ([], presence), GLOBE, CYCLONE)
    assert not made.tested
    assert likeness(made, CYCLONE) == {
        "radius_deg": 5.0, "correlation": None, "ratio": 0.0, "significant": None,
    }  # fmt: skip
