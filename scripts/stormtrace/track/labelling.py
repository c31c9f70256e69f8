"""One mask -> objects, and their overlaps with the objects of the step before.

A mask is mostly background and its features are compact, so everything works on *runs*: a run is
the cells ``start … stop − 1`` of one row, all of one class. Mask files of ours keep their runs; the
cost is that of the runs, about a thousand a step of 768 × 1152 cells.

Objects are numbered 0, 1, … in raster order of their first cell (south to north, west to east).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stormtrace.compiled import compiled
from stormtrace.formats.mask_runs import MaskRuns, find_runs
from stormtrace.grids import Grid
from stormtrace.track.measures import Measures, geometry, measure, run_area
from stormtrace.track.runs import Floats, Ints, Runs, label_runs, no_runs, rows_of, sort_runs


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
    """Labels the runs of one mask after the other, and links each with the one before.

    Columns wrap where the grid's do. pole_wrap: the first and the last row are neighbours, too (of
    a grid that reaches both poles; it is ignored on others).
    """

    def __init__(self, grid: Grid, connectivity: int = 8, pole_wrap: bool = False) -> None:
        self.geometry = geometry(grid)
        self.reach = 1 if connectivity == 8 else 0
        self.pole_wrap = pole_wrap and grid.is_global
        self._before, self._objects = no_runs(grid.shape[0]), 0

    def step(self, mask: NDArray[np.int8]) -> Step:
        """Label one mask, `grid.shape`; link it with the mask of the previous call, if any."""
        return self.step_of(find_runs(mask[None]))

    def step_of(self, runs: MaskRuns) -> Step:
        """Label the runs of ONE step as `step` does its mask."""
        cells = runs.row, runs.start, runs.stop, runs.code
        before, objects = self._before, self._objects
        self._before, step = _label(
            cells, before, objects, self.geometry, self.reach, self.pole_wrap
        )
        self._objects = step.measures.code.size
        return step


@compiled
def _label(cells, before, earlier_objects, geometry, reach, pole_wrap):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Return the labelled `Runs` of a step and its `Step`; one call, hence one code to load."""
    row, start, stop, code = cells
    label, row_first = np.empty(row.size, np.int32), rows_of(row, geometry.shape[0])
    runs = Runs(row, start, stop, code, label, row_first)
    objects = label_runs(runs, geometry.shape, reach, geometry.wraps, pole_wrap)
    measures = measure(runs, objects, geometry)
    links = overlaps(before, runs, earlier_objects, objects, geometry)
    row, start, stop = sort_runs(runs, measures.runs)
    return runs, Step(measures, row, start, stop, links)


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
