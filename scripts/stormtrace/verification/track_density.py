"""Density of tracks: how many storms a year pass within 5° of a place, detected and observed.

The spherical cap of 5° is that of Hodges' track statistics (1996, doi
10.1175/1520-0493(1996)124<2914:SNEAIT>2.0.CO;2). Storms are counted, not points, so that tracks of
different intervals compare: between points of a storm at most a day apart its way is the great
circle.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.classes import Classes, FeatureClass
from stormtrace.climate.comparison import differ
from stormtrace.climate.seasons import months_of, season_year
from stormtrace.climate.significance import are_enough
from stormtrace.climate.year_maps import YearMaps
from stormtrace.formats.comparison_maps import (
    SEASONS,
    TRACK_DENSITY,
    TRACK_RADIUS,
    VARIABLES,
    Comparison,
)
from stormtrace.grids import Grid
from stormtrace.sphere import unit_vectors

#: Cells of densities, 2°. (`make_grid` would import pydantic.)
CELL = 2.0
DENSITY_GRID = Grid(np.arange(-89.0, 90.0, CELL), np.arange(1.0, 360.0, CELL))

#: Hours; over a longer gap the way of a storm is unknown.
LONGEST_GAP = 24.0

#: Degrees between the points that a way is made of; the cap is a hundredth of a degree too narrow.
SPACING = 0.5

#: Points of storms that are counted together.
POINTS_AT_ONCE = 20_000

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Tracks:
    """Points of storms, sorted by storm and time, (n,): hours, month 1 … 12, degrees."""

    storm: Ints
    hours: Floats
    year: Ints
    month: Ints
    lat: Floats
    lon: Floats

    def where(self, chosen: NDArray[Any]) -> "Tracks":
        """Return some of the points."""
        return Tracks(**{name: values[chosen] for name, values in vars(self).items()})


@dataclass(frozen=True, eq=False)
class Presence:
    """How many steps each month of each year has, and should have: (years, 12).

    Months that no year has are of no account: a record of summers is one of whole summers.
    """

    years: Sequence[int]
    there: Floats
    whole: Floats

    @property
    def month_shares(self) -> Floats:
        """How much of each month there is, 0 … 1, (years, 12)."""
        share = np.zeros_like(self.there)
        np.divide(self.there, self.whole, out=share, where=self.whole > 0)
        return np.minimum(share, 1.0)

    @property
    def months(self) -> NDArray[np.bool_]:
        """Which months, from January, any year has, (12,)."""
        return np.asarray(self.there.any(axis=0))

    def shares(self, period: str) -> dict[int, float]:
        """Return year -> how much of a period there is, 0 … 1; a December opens the next DJF."""
        shares: dict[int, float] = defaultdict(float)
        months = np.array(months_of(period)) - 1
        months = months[self.months[months]]
        for place, year in enumerate(self.years):
            length = self.whole[place, months].sum()
            for month in months:
                share = min(self.there[place, month], self.whole[place, month]) / length
                shares[season_year(year, int(month) + 1, period)] += share
        return {year: share for year, share in sorted(shares.items()) if share > 0}


def joined(tracks: Tracks) -> Tracks:
    """Return the ways of storms: points at most `SPACING` apart along great circles."""
    if tracks.storm.size < 2:
        return tracks
    there = unit_vectors(tracks.lat, tracks.lon)
    chord = np.linalg.norm(np.diff(there, axis=1), axis=0)
    angle = 2.0 * np.arcsin(np.minimum(chord / 2.0, 1.0))
    is_one = (np.diff(tracks.storm) == 0) & (np.diff(tracks.hours) <= LONGEST_GAP)
    pieces = np.where(is_one, np.ceil(np.degrees(angle) / SPACING - 1e-9), 1.0).astype(np.int64)
    pieces = np.append(np.maximum(pieces, 1), 1)
    start = np.repeat(np.arange(pieces.size), pieces)
    part = np.arange(start.size) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    share = part / pieces[start]
    after = np.minimum(start + 1, pieces.size - 1)
    # At a share f of angle a: sin((1 − f) a) / sin a of one point, sin(f a) / sin a of the next.
    turn = np.append(angle, 0.0)[start]
    sine = np.where(turn > 0, np.sin(turn), 1.0)
    one = np.where(turn > 0, np.sin((1 - share) * turn) / sine, 1.0)
    other = np.where(turn > 0, np.sin(share * turn) / sine, 0.0)
    x, y, z = one * there[:, start] + other * there[:, after]
    way = tracks.where(start)
    lat, lon = np.degrees(np.arctan2(z, np.hypot(x, y))), np.degrees(np.arctan2(y, x))
    return Tracks(way.storm, way.hours, way.year, way.month, lat, lon)


def near_cells(lat: Floats, lon: Floats) -> tuple[Ints, Ints]:
    """Return (point, cell) of each cell of `DENSITY_GRID` whose centre is in the cap of a point.

    On the row at latitude φ the cap ends where cos Δλ = (cos r − sin φ sin φ₀) / (cos φ cos φ₀).
    """
    nlat, nlon = DENSITY_GRID.shape
    lowest = np.ceil((lat - TRACK_RADIUS - DENSITY_GRID.lat[0]) / CELL - 1e-9).astype(np.int64)
    points, cells = [], []
    for above in range(int(2 * TRACK_RADIUS / CELL) + 1):
        mine = np.flatnonzero((lowest + above >= 0) & (lowest + above < nlat))
        row_of = lowest[mine] + above
        phi, centre = np.radians(DENSITY_GRID.lat[row_of]), np.radians(lat[mine])
        over = np.cos(np.radians(TRACK_RADIUS)) - 1e-12 - np.sin(phi) * np.sin(centre)
        width = np.degrees(np.arccos(np.clip(over / (np.cos(phi) * np.cos(centre)), -1.0, 1.0)))
        width = np.where(over > np.cos(phi) * np.cos(centre), -1.0, width)
        from_first = (lon[mine] - DENSITY_GRID.lon[0]) / CELL
        west = np.ceil(from_first - width / CELL - 1e-9).astype(np.int64)
        east = np.floor(from_first + width / CELL + 1e-9).astype(np.int64)
        count = np.where(width < 0, 0, np.minimum(east - west + 1, nlon))
        step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        column = (np.repeat(west, count) + step) % nlon
        points.append(np.repeat(mine, count))
        cells.append(np.repeat(row_of, count) * nlon + column)
    return np.concatenate(points), np.concatenate(cells)


def passages(tracks: Iterable[Tracks], presence: Presence) -> dict[str, YearMaps]:
    """Return by period the storms that pass each cell, and how much of each year there is.

    tracks: of some whole storms at a time.

    A storm counts once in a cell and year: the year of its first point, of a season the year of the
    season.
    """
    shares = {period: presence.shares(period) for period in SEASONS}
    counts = {
        period: YearMaps(DENSITY_GRID.shape, np.array(list(years.values())))
        for period, years in shares.items()
    }
    for some in tracks:
        inside = np.isin(some.year, presence.years) & presence.months[some.month - 1]
        way = joined(some.where(inside))
        point, cell = near_cells(way.lat, way.lon)
        for period, years in shares.items():
            unit = _units(way, period, list(years))
            groups, number = np.unique(way.storm * (len(years) + 1) + unit, return_inverse=True)
            passed = np.zeros((groups.size, DENSITY_GRID.size), bool)
            passed[number[point], cell] = True
            of = groups % (len(years) + 1)
            for one in np.unique(of[of < len(years)]):
                counts[period].add(int(one), passed[of == one].sum(axis=0))
    return counts


def _units(way: Tracks, period: str, years: Sequence[int]) -> Ints:
    """Return which of `years` each point of a period belongs to; their number for other points."""
    if period == "annual":
        _, first, of = np.unique(way.storm, return_index=True, return_inverse=True)
        unit = way.year[first][of]
    else:
        unit = way.year + ((way.month == 12) & (period == "DJF"))
    inside = np.isin(way.month, months_of(period)) & np.isin(unit, years)
    return np.where(inside, np.searchsorted(years, unit), len(years))


def compare_tracks(
    observed: tuple[Iterable[Tracks], Presence],
    detected: tuple[Iterable[Tracks], Presence],
    grid: Grid,
    feature: FeatureClass,
) -> Comparison:
    """Return the densities of both, storms a year, and detected minus observed, by season.

    grid: of the experiment; places that are not on it have no density.
    """
    off = grid.cells(*DENSITY_GRID.points)[0] < 0
    sides = [passages(tracks, presence) for tracks, presence in (observed, detected)]
    maps = {
        name: np.full((len(SEASONS), 1, *DENSITY_GRID.shape), np.nan, np.float32)
        for name in VARIABLES
    }
    years = [int(presence.there.any(axis=1).sum()) for _, presence in (observed, detected)]
    draws = 1000 if are_enough(years, 1) else 0
    for number, period in enumerate(SEASONS):
        first, second = (side[period] for side in sides)
        first.total[off] = second.total[off] = np.nan
        for name, values in differ((first, second), 1.0, draws).items():
            maps[name][number, 0] = values
    fields = {f"{TRACK_DENSITY}{name}": values for name, values in maps.items()}
    return Comparison(DENSITY_GRID, Classes((feature,)), fields, {})


def likeness(maps: Comparison, feature: FeatureClass) -> dict[str, Any]:
    """Return how alike both maps of a year are: correlation, ratio, and where they differ.

    correlation: of both maps by area, over the experiment's grid; ratio: of their means;
    significant: where the difference is, as a share of the area that either reaches; None if it was
    not tested.
    """
    first, second, significant = (
        maps.get(f"{TRACK_DENSITY}{name}", feature.flag, "annual").ravel()
        for name in ("first", "second", "significant")
    )
    known = np.isfinite(first + second)
    area = maps.grid.area.ravel()[known]
    one, other = (values[known].astype(float) for values in (first, second))
    tested = known & np.isfinite(significant)
    reached = maps.grid.area.ravel()[tested]
    return {
        "radius_deg": TRACK_RADIUS,
        "correlation": _correlation(one, other, area),
        "ratio": float((other * area).sum() / (one * area).sum()) if one.any() else None,
        "significant": float(np.average(significant[tested] > 0, weights=reached))
        if tested.any()
        else None,
    }


def _correlation(one: Floats, other: Floats, area: Floats) -> float | None:
    """Return the correlation of two maps by area; None where one of them is the same everywhere."""
    if not area.size or not np.ptp(one) or not np.ptp(other):
        return None
    one, other = (values - np.average(values, weights=area) for values in (one, other))
    product, first, second = (
        (area * left * right).sum() for left, right in ((one, other), (one, one), (other, other))
    )
    return float(product / np.sqrt(first * second))
