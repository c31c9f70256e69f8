"""The components that runs of a mask form, compiled.

A run is the cells ``start … stop − 1`` of one row, all of one class (`formats.mask_runs`).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stormtrace.compiled import compiled

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]


class Runs(NamedTuple):
    """The runs of one step in raster order, (n,).

    row, start, stop: cells ``start ≤ column < stop`` of `row`. code: class.
    label: the run's object. row_first (nlat + 1): the first run of each row.
    """

    row: Ints
    start: Ints
    stop: Ints
    code: NDArray[np.int8]
    label: Ints
    row_first: Ints


def no_runs(nlat: int) -> Runs:
    """Return the runs of a blank step."""
    row, start, stop, label = (np.empty(0, np.int32) for _ in range(4))
    return Runs(row, start, stop, np.empty(0, np.int8), label, np.zeros(nlat + 1, np.int32))


@compiled
def rows_of(row, nlat):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Return the first run of each row, (nlat + 1), of the rows of runs in raster order."""
    first = np.zeros(nlat + 1, np.int32)
    for i in range(row.size):
        first[row[i] + 1] += 1
    for k in range(nlat):
        first[k + 1] += first[k]
    return first


@compiled
def _root(parent, i):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@compiled
def _join(parent, i, j):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    i, j = _root(parent, i), _root(parent, j)
    if i < j:
        parent[j] = i
    else:
        parent[i] = j


@compiled
def _join_rows(runs, a, b, reach, parent):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Join the runs of row `b` with those of row `a` they touch (reach 1: also by a corner)."""
    i, last = runs.row_first[a], runs.row_first[a + 1]
    for j in range(runs.row_first[b], runs.row_first[b + 1]):
        while i < last and runs.stop[i] + reach <= runs.start[j]:
            i += 1
        k = i
        while k < last and runs.start[k] < runs.stop[j] + reach:
            if runs.code[k] == runs.code[j]:
                _join(parent, k, j)
            k += 1


@compiled
def _join_seam(runs, a, b, nlon, parent):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Join the run that ends row `a` in the last column with the one that begins row `b`."""
    i, j = runs.row_first[a + 1] - 1, runs.row_first[b]
    if i < runs.row_first[a] or j == runs.row_first[b + 1]:
        return
    if runs.stop[i] == nlon and runs.start[j] == 0 and runs.code[i] == runs.code[j]:
        _join(parent, i, j)


@compiled
def label_runs(runs, shape, reach, seam, pole_wrap):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Fill ``runs.label`` with the objects' numbers; return how many objects there are.

    A root is always the smallest run of its tree, hence the raster order. With `pole_wrap` the
    first row is the neighbour of the last, as in the published tracker (wrong on a sphere).
    """
    nlat, nlon = shape
    parent = np.arange(runs.row.size).astype(np.int32)
    for row in range(nlat):
        if row > 0:
            _join_rows(runs, row - 1, row, reach, parent)
        elif pole_wrap:
            _join_rows(runs, nlat - 1, 0, reach, parent)
        if seam:
            for step in range(-reach, reach + 1):
                if pole_wrap or 0 <= row + step < nlat:
                    _join_seam(runs, row, (row + step) % nlat, nlon, parent)
    objects = 0
    for i in range(parent.size):
        if parent[i] == i:
            runs.label[i] = objects
            objects += 1
        else:
            runs.label[i] = runs.label[_root(parent, i)]
    return objects


@compiled
def sort_runs(runs, lengths):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Return row, start, stop of the runs sorted by object, raster order within each."""
    count = runs.row.size
    place = np.zeros(lengths.size + 1, np.int64)
    place[1:] = np.cumsum(lengths)
    row, start = np.empty(count, np.int32), np.empty(count, np.int32)
    stop = np.empty(count, np.int32)
    for i in range(count):
        k = place[runs.label[i]]
        row[k], start[k], stop[k] = runs.row[i], runs.start[i], runs.stop[i]
        place[runs.label[i]] += 1
    return row, start, stop
