"""Percentiles of many maps, cell by cell, in a bounded amount of memory.

Few maps are sorted: exact. Many are read twice. The first pass counts each cell's values in
`COARSE` bins; the bin that holds the rank of a percentile is cut into `FINE` parts, in which the
second pass counts. A percentile is the linear interpolation between the values of two ranks
(numpy's default); each is known to within its part of a bin, of which the middle is taken, or
exactly where it is the least value above the bin. The bound of the error is returned cell by cell.

Bins are equal in the fourth root of a field without negative values, so that a desert's 0.1 mm/day
are as well resolved as 100 mm/day elsewhere; of other fields they are equal.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from stormtrace.commandline import progress
from stormtrace.compiled import compiled

#: Maps that together take less are sorted instead; and sorted in parts of this many bytes.
MEMORY_BYTES, BLOCK_BYTES = 512 * 2**20, 128 * 2**20

#: Bytes of the counts of one pass; more percentiles than fit take another pass.
COUNT_BYTES = 1200 * 2**20

#: Bins of the first pass, and parts of one of them.
COARSE, FINE = 256, 256

#: Maps that are counted at once: a cell's counts stay in the processor's cache.
BLOCK_MAPS = 64

#: Maps that are looked at to choose the bins.
SCOUTS = 32

#: How far bins go beyond what these show: a factor, or ranges to both sides.
FACTOR, RANGES = 8.0, 0.5

Maps = NDArray[np.float32]


class MapSource(Protocol):
    """Maps by their number, each (cells,) float32; NaN where a value does not count."""

    def __len__(self) -> int:
        """Return how many there are."""

    def __getitem__(self, index: int) -> Maps:
        """Return one map."""


@dataclass(frozen=True, eq=False)
class CellPercentiles:
    """Percentiles (percentile, cells), the bound of their error (0: exact); values (cells,)."""

    values: Maps
    error: Maps
    counts: NDArray[np.int64]


def cell_percentiles(
    source: MapSource,
    cells: int,
    percentiles: Sequence[float],
    memory: int = MEMORY_BYTES,
) -> CellPercentiles:
    """Return percentiles (per cent) of each cell's values; NaN where it has none.

    memory: bytes of maps that are sorted rather than counted.
    """
    if 4 * len(source) * cells <= memory:
        return _sorted(source, cells, percentiles)
    return _counted(source, cells, percentiles)


def _sorted(source: MapSource, cells: int, percentiles: Sequence[float]) -> CellPercentiles:
    stack = np.empty((len(source), cells), np.float32)
    for index in range(len(source)):
        stack[index] = source[index]
    values = np.full((len(percentiles), cells), np.nan, np.float32)
    counts = np.count_nonzero(~np.isnan(stack), axis=0)
    width = max(1, BLOCK_BYTES // (4 * max(1, len(source))))
    for first in range(0, cells, width):
        some = slice(first, first + width)
        part = np.sort(stack[:, some], axis=0)  # NaN last
        for row, percentile in enumerate(percentiles):
            values[row, some] = _interpolated(part, counts[some], percentile)
    return CellPercentiles(values, np.zeros_like(values), counts)


def _interpolated(part: Maps, counts: NDArray[np.int64], percentile: float) -> NDArray[np.floating]:
    """Return a percentile of the first `counts` of sorted columns."""
    if not len(part):
        return np.full(counts.shape, np.nan, np.float32)
    place = percentile / 100.0 * np.maximum(counts - 1, 0)
    low = place.astype(np.int64)
    high = np.minimum(low + 1, np.maximum(counts - 1, 0))
    columns = np.arange(counts.size)
    below, above = (part[rank, columns].astype(np.float64) for rank in (low, high))
    return below + (place - low) * (above - below)


@dataclass(frozen=True)
class Bins:
    """Bins: in the fourth root of a value or the value itself, from `first`, `per_unit` a unit."""

    is_root: bool
    first: np.float32
    per_unit: np.float32

    @classmethod
    def over(cls, source: MapSource) -> "Bins":
        """Return bins that suit some maps spread over all."""
        chosen = np.unique(np.linspace(0, len(source) - 1, SCOUTS).astype(int))
        seen = [one[np.isfinite(one)] for one in (source[int(index)] for index in chosen)]
        known = [one for one in seen if one.size]
        least = min((float(one.min()) for one in known), default=0.0)
        most = max((float(one.max()) for one in known), default=1.0)
        if least >= 0 and least < 0.01 * most:
            return cls(True, np.float32(0), np.float32(COARSE * FINE / (FACTOR * most) ** 0.25))
        span = max(most - least, 1e-6 * max(abs(most), abs(least)), 1e-30)
        first, per_unit = least - RANGES * span, COARSE * FINE / ((1 + 2 * RANGES) * span)
        return cls(False, np.float32(first), np.float32(per_unit))

    @property
    def flags(self) -> tuple[bool, np.float32, np.float32]:
        """What the compiled functions take."""
        return self.is_root, self.first, self.per_unit

    def edge(self, index: NDArray[np.floating] | NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the lower edges of fine bins."""
        place = float(self.first) + index / float(self.per_unit)
        return np.asarray(place**4 if self.is_root else place, np.float64)

    def rounding(self, edge: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how far float32 may put a value beyond an edge."""
        if self.is_root:
            return 1e-6 * np.abs(edge)
        return 1e-6 * np.abs(edge) + 0.02 / float(self.per_unit)


def _counted(source: MapSource, cells: int, percentiles: Sequence[float]) -> CellPercentiles:
    bins = Bins.over(source)
    kind = np.uint16 if len(source) < 2**16 else np.uint32
    coarse = np.zeros((cells, COARSE), kind)
    least = np.full(cells, np.inf, np.float32)
    most = np.full(cells, -np.inf, np.float32)
    for block in _blocks(source, cells, "maps, first pass"):
        _count_coarse(block, *bins.flags, coarse, least, most)
    counts = coarse.sum(axis=1, dtype=np.int64)
    at_once = max(1, COUNT_BYTES // (cells * FINE * coarse.itemsize))
    values = np.full((len(percentiles), cells), np.nan, np.float32)
    error = np.full(values.shape, np.nan, np.float32)
    places = [percentile / 100.0 * np.maximum(counts - 1, 0) for percentile in percentiles]
    chosen = [_bins_of_rank(coarse, place.astype(np.int64)) for place in places]
    del coarse
    for first in range(0, len(percentiles), at_once):
        rows = range(first, min(first + at_once, len(percentiles)))
        holding = np.stack([chosen[row][0] for row in rows])
        fine = np.zeros((len(rows), cells, FINE), kind)
        above = np.full((len(rows), cells), np.inf, np.float32)
        edge = bins.edge((holding.min(axis=0) * FINE).astype(np.float64))
        guard = np.where(holding.min(axis=0), edge - bins.rounding(edge), -np.inf)
        guard = guard.astype(np.float32)
        for block in _blocks(source, cells, "maps, second pass"):
            _count_fine(block, *bins.flags, holding, guard, fine, above)
        for index, row in enumerate(rows):
            found = _Found(bins, least, most, holding[index], chosen[row][1], fine[index])
            values[row], error[row] = found.at(places[row], above[index])
            error[row] += np.spacing(np.abs(values[row]))
    values[:, counts == 0] = error[:, counts == 0] = np.nan
    return CellPercentiles(values, error, counts)


def _blocks(source: MapSource, cells: int, what: str) -> Iterator[Maps]:
    """Yield maps some at a time, (maps, cells); the array is used again.

    A cell's values of all maps would lie at the same place of the processor's caches if maps began
    a multiple of 4 kB apart, as those of 768 × 1152 do: a line of 64 bytes keeps them apart.
    """
    lines = -(-cells // 16) // 2 * 2 + 1
    block = np.empty((min(BLOCK_MAPS, len(source)), 16 * lines), np.float32)[:, :cells]
    filled = 0
    for index in progress(range(len(source)), what, len(source)):
        block[filled] = source[index]
        filled += 1
        if filled == len(block):
            yield block
            filled = 0
    if filled:
        yield block[:filled]


@dataclass(frozen=True, eq=False)
class _Found:
    """What was counted for one percentile.

    least, most: of each cell. holding: the coarse bin; below: values below it; fine: its counts.
    """

    bins: Bins
    least: Maps
    most: Maps
    holding: NDArray[np.int64]
    below: NDArray[np.int64]
    fine: NDArray[np.unsignedinteger]

    def at(
        self, place: NDArray[np.float64], above: Maps
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return values and the bounds of their errors at ranks with a fraction, (cells,)."""
        rank = place.astype(np.int64)
        low, low_error = self._value(rank)
        high, high_error = self._value(rank + 1)
        is_above = rank + 1 - self.below >= self.fine.sum(axis=1, dtype=np.int64)
        high = np.where(is_above, above, high)
        high_error = np.where(is_above, 0.0, high_error)
        share = place - rank
        high = np.where(share > 0, high, low)  # of the last rank there is nothing above
        return low + share * (high - low), (1 - share) * low_error + share * high_error

    def _value(self, rank: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the middle and half the width of the parts that hold some ranks."""
        part, _ = _bins_of_rank(self.fine, rank - self.below)
        index = self.holding * FINE + part
        least, most = self.least.astype(np.float64), self.most.astype(np.float64)
        low = np.where(index == 0, least, np.maximum(self.bins.edge(index), least))
        last = index == COARSE * FINE - 1
        high = np.where(last, most, np.minimum(self.bins.edge(index + 1), most))
        low, high = np.where(low <= high, low, 0.0), np.where(low <= high, high, 0.0)
        rounding = self.bins.rounding(np.maximum(np.abs(low), np.abs(high)))
        return (low + high) / 2, (high - low) / 2 + rounding


@compiled
def _bin(value, is_root, first, per_unit):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Return the fine bin of a value."""
    if is_root:
        value = np.sqrt(np.sqrt(max(value, np.float32(0.0))))
    place = (value - first) * per_unit
    return int(min(max(place, np.float32(0.0)), np.float32(COARSE * FINE - 1)))


@compiled
def _count_coarse(block, is_root, first, per_unit, coarse, least, most):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Add a block of maps to the counts, and to the least and the greatest value."""
    for cell in range(block.shape[1]):
        low, high = least[cell], most[cell]
        for step in range(block.shape[0]):
            value = block[step, cell]
            if value == value:
                low, high = min(low, value), max(high, value)
                coarse[cell, _bin(value, is_root, first, per_unit) // FINE] += 1
        least[cell], most[cell] = low, high


@compiled
def _count_fine(block, is_root, first, per_unit, holding, guard, fine, above):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Add a block of maps to the counts of the parts of each percentile's bin.

    guard: (cells,) values below it are in none of them.
    """
    for cell in range(block.shape[1]):
        for step in range(block.shape[0]):
            value = block[step, cell]
            if value >= guard[cell]:
                index = _bin(value, is_root, first, per_unit)
                for row in range(holding.shape[0]):
                    if index // FINE == holding[row, cell]:
                        fine[row, cell, index % FINE] += 1
                    elif index // FINE > holding[row, cell]:
                        above[row, cell] = min(above[row, cell], value)


@compiled
def _bins_of_rank(counts, rank):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Return the bin that holds each cell's rank (from 0), and how many values are below it."""
    held = np.zeros(counts.shape[0], np.int64)
    below = np.zeros(counts.shape[0], np.int64)
    for cell in range(counts.shape[0]):
        total, index = 0, 0
        while index < counts.shape[1] - 1 and total + counts[cell, index] <= rank[cell]:
            total += counts[cell, index]
            index += 1
        held[cell], below[cell] = index, total
    return held, below
