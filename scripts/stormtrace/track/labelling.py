"""One mask -> objects, and their overlaps with the objects of the step before.

A mask is mostly background and its features are compact, so everything works on *runs*: a run is
the cells ``start … stop − 1`` of one row, all of one class. Finding the runs reads each cell once;
the cost of the rest is that of the runs, about a thousand a step of 768 × 1152 cells.

Objects are numbered 0, 1, … in raster order of their first cell (south to north, west to east).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stormtrace.compiled import compiled
from stormtrace.grids import Grid
from stormtrace.track.measures import Measures, geometry, measure, run_area
from stormtrace.track.runs import Floats, Ints, find_runs, label_runs, run_buffers, sort_runs


class StepLinks(NamedTuple):
    """Pairs of objects of one class that share cells; `first_cell` is row · nlon + column."""

    earlier: Ints
    later: Ints
    pixels: Ints
    area: Floats
    first_cell: NDArray[np.int64]


class Step(NamedTuple):
    """One step: its objects' measures, their runs sorted by object, links with the step before."""

    measures: Measures
    row: Ints
    start: Ints
    stop: Ints
    links: StepLinks


class Labeller:
    """Labels one mask after the other, and links each with the one before.

    Columns wrap where the grid's do. pole_wrap: the first and the last row are neighbours, too (of
    a grid that reaches both poles; it is ignored on others). Buffers hold the worst possible mask,
    so they never grow; memory that no mask needs is never touched.
    """

    def __init__(self, grid: Grid, connectivity: int = 8, pole_wrap: bool = False) -> None:
        self.geometry = geometry(grid)
        self.shape = grid.shape
        self.reach = 1 if connectivity == 8 else 0
        self.pole_wrap = pole_wrap and grid.is_global
        cells = self.shape[0] * self.shape[1]
        self._runs, self._previous = (run_buffers(self.shape[0], cells) for _ in range(2))
        self._parent = np.empty(cells, np.int32)
        self._previous_count = 0

    def step(self, mask: NDArray[np.int8]) -> Step:
        """Label one mask, `grid.shape`; link it with the mask of the previous call, if any."""
        if mask.size % 8:  # the next mask of a block would not start at a multiple of eight bytes
            mask = mask.copy()
        runs, before = self._runs, self._previous
        count = find_runs(mask, runs)
        objects = label_runs(
            runs, count, self.shape, self.reach, self.geometry.wraps, self.pole_wrap, self._parent
        )
        measures = measure(runs, count, objects, self.geometry)
        row, start, stop = sort_runs(runs, count, measures.runs)
        links = overlaps(before, runs, self._previous_count, objects, self.geometry)
        self._runs, self._previous, self._previous_count = before, runs, objects
        return Step(measures, row, start, stop, links)


@compiled
def overlaps(before, runs, earlier_objects, objects, geometry):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Return the `StepLinks` between two labelled steps, in raster order of their first cells.

    Each later object keeps a chain of its pairs, one per predecessor: mostly one, seldom more than
    a few.
    """
    nlat, nlon = geometry.shape
    most = before.row_first[nlat] + runs.row_first[nlat] if earlier_objects else 0
    earlier, later = np.empty(most, np.int32), np.empty(most, np.int32)
    pixels, area = np.empty(most, np.int32), np.empty(most)
    first_cell, chain = np.empty(most, np.int64), np.empty(most, np.int32)
    newest = np.full(objects, -1, np.int32)
    count = 0
    for row in range(nlat if earlier_objects else 0):
        i, last = before.row_first[row], before.row_first[row + 1]
        for j in range(runs.row_first[row], runs.row_first[row + 1]):
            while i < last and before.stop[i] <= runs.start[j]:
                i += 1
            k = i
            while k < last and before.start[k] < runs.stop[j]:
                if before.code[k] == runs.code[j]:
                    a, b = before.label[k], runs.label[j]
                    start = max(before.start[k], runs.start[j])
                    shared = min(before.stop[k], runs.stop[j]) - start
                    pair = newest[b]
                    while pair >= 0 and earlier[pair] != a:
                        pair = chain[pair]
                    if pair < 0:
                        pair = count
                        earlier[pair], later[pair], pixels[pair], area[pair] = a, b, 0, 0.0
                        first_cell[pair] = np.int64(row) * nlon + start
                        chain[pair], newest[b] = newest[b], pair
                        count += 1
                    pixels[pair] += shared
                    area[pair] += run_area(geometry.areas, row, start, start + shared)
                k += 1
    return StepLinks(
        earlier[:count].copy(),
        later[:count].copy(),
        pixels[:count].copy(),
        area[:count].copy(),
        first_cell[:count].copy(),
    )
