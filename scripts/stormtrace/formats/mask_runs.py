"""Runs of masks: pieces of rows, all of one class, which objects and counts are made of.

A mask is mostly background and its features are compact: of 768 × 1152 cells about 50,000 are of a
class, in a thousand runs. What works on runs costs that of the runs.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stormtrace.classes import BACKGROUND

Ints = NDArray[np.int32]


class MaskRuns(NamedTuple):
    """The runs of the steps ``first … last − 1``, (n,) each, in order of step, row and column.

    step: index into the times of the file; row, start, stop: cells ``start ≤ column < stop`` of a
    row; code: class, never the background. A step without runs is blank.
    """

    first: int
    last: int
    step: Ints
    row: Ints
    start: Ints
    stop: Ints
    code: NDArray[np.int8]

    def each(self) -> Iterator["MaskRuns"]:
        """Yield the runs of one step after the other, those of blank steps, too."""
        steps = range(self.first, self.last + 1)
        bounds = np.searchsorted(self.step, np.array(steps)).tolist()
        for step, (low, high) in zip(steps, pairwise(bounds), strict=False):
            yield MaskRuns(
                step,
                step + 1,
                self.step[low:high],
                self.row[low:high],
                self.start[low:high],
                self.stop[low:high],
                self.code[low:high],
            )


def find_runs(masks: NDArray[np.int8], first: int = 0) -> MaskRuns:
    """Return the runs of masks, (steps, nlat, nlon), the earliest of which is the step `first`.

    A run begins and ends where a cell differs from the one before, in a row that a cell of
    background precedes and follows.
    """
    steps, nlat, nlon = masks.shape
    width = nlon + 1
    framed = np.full(nlat * width + 1, BACKGROUND, np.int8)
    cells = framed[1:]
    inside = cells.reshape(nlat, width)[:, :nlon]
    none = np.empty(0, np.int64)
    found = [(none, none, none, np.empty(0, np.int8))]  # where there is no step
    for mask in masks:  # one at a time stays in the processor's cache
        inside[...] = mask
        edges = np.flatnonzero(cells != framed[:-1])
        code = cells[edges]
        starts = np.flatnonzero(code)  # any other edge is the end of a run, and no start
        row, start = np.divmod(edges[starts], width)
        found.append((row, start, edges[starts + 1] - row * width, code[starts]))
    counts = [row.size for row, *_ in found[1:]]
    *columns, code = (np.concatenate(parts) for parts in zip(*found, strict=True))
    row, start, stop = (column.astype(np.int32) for column in columns)
    step = np.repeat(np.arange(first, first + steps, dtype=np.int32), counts)
    return MaskRuns(first, first + steps, step, row, start, stop, code)


def cells_of(
    line: NDArray[np.integer], start: NDArray[np.integer], stop: NDArray[np.integer], nlon: int
) -> NDArray[np.int64]:
    """Return ``line · nlon + column`` of each cell of the runs."""
    length = (stop - start).astype(np.int64)
    offset = line.astype(np.int64) * nlon + start - (np.cumsum(length) - length)
    return np.repeat(offset, length) + np.arange(length.sum())


def add_runs(
    change: NDArray[np.integer],
    line: NDArray[np.integer],
    start: NDArray[np.integer],
    stop: NDArray[np.integer],
) -> None:
    """Add runs to `change`, whose running sums along its last axis count the runs over each cell.

    line: which row of `change` a run lies in, all leading axes taken together. Each run adds one
    where it starts and takes one away where it stops: the cost is that of runs, not of cells.
    """
    flat, nlon = change.reshape(-1), change.shape[-1]
    one = change.dtype.type(1)
    at = line.astype(np.int64) * nlon
    np.add.at(flat, at + start, one)
    inside = stop < nlon
    np.subtract.at(flat, (at + stop)[inside], one)
