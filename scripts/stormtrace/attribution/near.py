"""The cells of a class, or within a distance (km) and a lag (h) of it."""

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import cftime
import numpy as np
from numpy.typing import NDArray

from stormtrace.compiled import compiled
from stormtrace.constants import EARTH_RADIUS_KM
from stormtrace.formats.mask_steps import MaskSteps, dates_of
from stormtrace.formats.masks import MaskFile
from stormtrace.grids import Grid
from stormtrace.sphere import unit_vectors

Flags = NDArray[np.bool_]

#: How far a class of lines reaches where nothing is said, km.
LINE_KM = 300.0

#: The axis on which times of several files are compared.
AXIS = "hours since 1800-01-01"


@dataclass(frozen=True)
class Reach:
    """How far from a class something still counts as its own: km, and hours to both sides."""

    km: float = 0.0
    hours: float = 0.0


@dataclass(frozen=True, eq=False)
class Surroundings:
    """The cells of a grid within a great-circle distance (centre to centre) of a class's."""

    grid: Grid
    km: float

    @functools.cached_property
    def _reach(self) -> NDArray[np.int32]:
        """How many columns each row reaches in its neighbours."""
        return _columns(self.grid, self.km)

    def of(self, cells: Flags) -> Flags:
        """Return the cells within the distance of some cells, both of the grid's shape."""
        if self.km <= 0 or not cells.any():
            return cells
        if not self.grid.is_rectilinear or self._ends_are_near:
            return self._by_search(cells)
        found = np.zeros(cells.shape, np.int32)
        _spread(cells, self._reach, self.grid.wraps, found)
        return found > 0

    @functools.cached_property
    def _ends_are_near(self) -> bool:
        """Whether columns of a grid that does not wrap reach others across the gap of its ends."""
        if self.grid.wraps or self.grid.lon.size == 1:
            return False
        between = 360.0 / np.diff(self.grid.lon).mean() - (self.grid.lon.size - 1)
        return bool(self._reach.max() + 1 > between)

    def _by_search(self, cells: Flags) -> Flags:
        import scipy.spatial  # slow to import; few grids need it

        points = np.moveaxis(unit_vectors(*self.grid.points), 0, -1)
        chord = 2.0 * np.sin(min(self.km / EARTH_RADIUS_KM, np.pi) / 2.0) * (1 + 1e-9)
        tree = scipy.spatial.cKDTree(points[cells])
        distance, _ = tree.query(points, distance_upper_bound=chord)
        return np.isfinite(distance)


def _columns(grid: Grid, km: float) -> NDArray[np.int32]:
    """Return how many columns row j reaches in row i, (row i, row j); −1: none.

    cos(d/R) = sin φᵢ sin φⱼ + cos φᵢ cos φⱼ cos Δλ.
    """
    phi = np.radians(grid.lat)
    angle = min(km / EARTH_RADIUS_KM, np.pi)
    step = np.radians(np.diff(grid.lon).mean()) if grid.lon.size > 1 else 2 * np.pi
    product = np.cos(phi)[:, None] * np.cos(phi)
    rest = np.cos(angle) - np.sin(phi)[:, None] * np.sin(phi)
    # At a pole every longitude is as near.
    flat = product < 1e-12
    cosine = np.where(flat, np.where(rest <= 1e-12, -2.0, 2.0), rest / np.where(flat, 1, product))
    width = np.arccos(np.clip(cosine, -1.0, 1.0)) / step
    columns = np.where(cosine <= -1.0, grid.lon.size, np.floor(width + 1e-6))
    near = np.abs(phi[:, None] - phi) <= angle + 1e-12
    return np.where(near & (cosine <= 1.0 + 1e-12), columns, -1).astype(np.int32)


@compiled
def _spread(cells, reach, wraps, found):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Count in `found` how many runs of cells each cell is within reach of."""
    nlat, nlon = cells.shape
    ends = np.zeros((nlat, nlon + 1), np.int32)
    for source in range(nlat):
        start = -1
        for column in range(nlon + 1):
            is_on = column < nlon and cells[source, column]
            if is_on and start < 0:
                start = column
            elif not is_on and start >= 0:
                for row in range(nlat):
                    wide = reach[row, source]
                    if wide >= 0:
                        _mark(ends, row, start - wide, column - 1 + wide, nlon, wraps)
                start = -1
    for row in range(nlat):
        total = 0
        for column in range(nlon):
            total += ends[row, column]
            found[row, column] = total


@compiled
def _mark(ends, row, first, last, nlon, wraps):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Note where a stretch of columns begins and ends, round the globe where it wraps."""
    if last - first + 1 >= nlon and (wraps or (first <= 0 and last >= nlon - 1)):
        ends[row, 0] += 1
    elif not wraps:
        ends[row, max(first, 0)] += 1
        ends[row, min(last, nlon - 1) + 1] -= 1
    else:
        first, last = first % nlon, last % nlon
        ends[row, first] += 1
        ends[row, last + 1] -= 1
        if last < first:
            ends[row, 0] += 1


@dataclass(frozen=True, eq=False)
class Nearby:
    """Which classes each cell is in or near, step by step.

    masks, steps: the year, and those beside it where a lag needs them, in order of time; year:
    which of them is asked about. reach: flag of a class -> how far it reaches.
    """

    masks: Sequence[MaskFile]
    steps: Sequence[MaskSteps]
    year: int
    reach: Mapping[str, Reach]

    def __iter__(self) -> Iterator[NDArray[np.uint16]]:
        """Yield (cells,) for each step of the year: bit k is set where the k-th class is."""
        times = [cftime.date2num(dates_of(one), AXIS, one.calendar) for one in self.masks]
        owner = np.repeat(np.arange(len(times)), [one.size for one in times])
        index = np.concatenate([np.arange(one.size) for one in times])
        hours = np.concatenate(times).astype(np.float64)
        longest = max((one.hours for one in self.reach.values()), default=0.0)
        known: dict[int, list[Flags]] = {}
        for place in np.flatnonzero(owner == self.year):
            window = np.flatnonzero(np.abs(hours - hours[place]) <= longest + 1e-6)
            for one in window.tolist():
                if one not in known:
                    known[one] = self._classes(int(owner[one]), int(index[one]))
            for old in [one for one in known if one < window[0]]:
                del known[old]
            apart = {one: abs(hours[one] - hours[place]) for one in window.tolist()}
            yield self._bits(known, apart, int(place))

    def _classes(self, owner: int, index: int) -> list[Flags]:
        """Return where each class is, or is near, in one mask."""
        mask = self.steps[owner].masks(index, index + 1)[0]
        classes = self.masks[self.year].classes
        return [
            self._surroundings[feature.flag].of(mask == feature.code)
            if feature.flag in self._surroundings
            else mask == feature.code
            for feature in classes.features
        ]

    def _bits(
        self, known: Mapping[int, list[Flags]], apart: Mapping[int, float], place: int
    ) -> NDArray[np.uint16]:
        bits = np.zeros(self.masks[self.year].grid.shape, np.uint16)
        for number, feature in enumerate(self.masks[self.year].classes.features):
            lag = self.reach.get(feature.flag, Reach()).hours
            for one, hours in apart.items():
                if one == place or hours <= lag + 1e-6:
                    bits[known[one][number]] |= 1 << number
        return bits.ravel()

    @functools.cached_property
    def _surroundings(self) -> dict[str, Surroundings]:
        """Flag of a class that reaches beyond its cells -> its surroundings."""
        grid = self.masks[self.year].grid
        return {flag: Surroundings(grid, one.km) for flag, one in self.reach.items() if one.km > 0}
