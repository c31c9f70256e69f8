"""One mask -> objects, and the overlaps of its objects with those of the step before.

A mask is mostly background and its features are compact, so everything works on *runs*: a run is
the cells ``start … stop − 1`` of one row, all of one class. Finding the runs reads each cell once;
the rest costs what the runs are, some thousand a step of 768 × 1152 cells, not what the cells are.

Objects are numbered 0, 1, … in raster order of their first cell (south to north, west to east).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stormtrace.grids import Grid
from stormtrace.track.compiled import compiled

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]


class Runs(NamedTuple):
    """The runs of one step in raster order; buffers are longer than the runs that are in use.

    row, start, stop: cells ``start ≤ column < stop`` of `row`. code: class.
    label: the run's object. row_first (nlat + 1): the first run of each row.
    """

    row: Ints
    start: Ints
    stop: Ints
    code: NDArray[np.int8]
    label: Ints
    row_first: Ints


class Measures(NamedTuple):
    """What is known of each object (n,); x, y, z is the area-weighted sum of unit vectors, km²."""

    code: NDArray[np.int8]
    pixels: Ints
    area: Floats
    x: Floats
    y: Floats
    z: Floats
    south: Ints  # rows and columns: the box holds south ≤ row ≤ north …
    north: Ints
    west: Ints  # … and west ≤ column < east, where east > nlon goes on over the seam
    east: Ints
    runs: Ints


class Links(NamedTuple):
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
    links: Links


class Geometry(NamedTuple):
    """What the compiled code needs of a grid: cell areas and unit vectors, by row and column.

    cos_sums, sin_sums (nlon + 1): running sums of cos λ and sin λ, so that a run's vector is a
    difference of two of their entries.
    """

    row_area: Floats
    row_cos: Floats
    row_sin: Floats
    cos_sums: Floats
    sin_sums: Floats
    seam: bool


def geometry(grid: Grid) -> Geometry:
    """Return the `Geometry` of `grid`; the seam (last column beside the first) only if global."""
    phi, lam = np.radians(grid.lat), np.radians(grid.lon)
    cos_sums, sin_sums = (
        np.concatenate([[0.0], np.cumsum(part)]) for part in (np.cos(lam), np.sin(lam))
    )
    row_area = np.ascontiguousarray(grid.row_area)
    return Geometry(row_area, np.cos(phi), np.sin(phi), cos_sums, sin_sums, grid.is_global)


class Labeller:
    """Labels one mask after the other; remembers the last one, to link the next with it.

    Buffers hold the worst mask there can be, so nothing grows and nothing can overflow; memory
    that no mask needs is never touched.
    """

    def __init__(self, grid: Grid, connectivity: int = 8, pole_wrap: bool = False) -> None:
        self.geometry = geometry(grid)
        self.shape = grid.shape
        self.reach = 1 if connectivity == 8 else 0
        self.pole_wrap = pole_wrap
        cells = self.shape[0] * self.shape[1]
        self._runs, self._previous = (_buffers(self.shape[0], cells) for _ in range(2))
        self._parent = np.empty(cells, np.int32)
        self._previous_count = 0

    def step(self, mask: NDArray[np.int8]) -> Step:
        """Label one mask (nlat, nlon); its links are with the mask of the last call, if any."""
        if mask.size % 8:  # the next mask of a block would not start at a multiple of eight bytes
            mask = mask.copy()
        runs, before = self._runs, self._previous
        count = find_runs(mask, runs)
        objects = label_runs(
            runs, count, self.shape, self.reach, self.geometry.seam, self.pole_wrap, self._parent
        )
        measures = measure(runs, count, objects, self.geometry)
        row, start, stop = sort_runs(runs, count, measures.runs)
        links = overlaps(before, runs, self._previous_count, objects, self.geometry)
        self._runs, self._previous, self._previous_count = before, runs, objects
        return Step(measures, row, start, stop, links)


def _buffers(nlat: int, cells: int) -> Runs:
    row, start, stop, label = (np.empty(cells, np.int32) for _ in range(4))
    return Runs(row, start, stop, np.empty(cells, np.int8), label, np.zeros(nlat + 1, np.int32))


@compiled
def find_runs(mask, runs):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Fill `runs` from `mask` (nlat, nlon) int8; return how many there are.

    Eight cells at a time are compared with eight times the current class, so background and the
    inside of objects cost an eighth of a comparison a cell.
    """
    nlat, nlon = mask.shape
    cells = mask.reshape(-1)
    words = cells[: cells.size // 8 * 8].view(np.uint64)
    ones = np.uint64(0x0101010101010101)
    count = 0
    for row in range(nlat):
        runs.row_first[row] = count
        first, end = row * nlon, (row + 1) * nlon
        current = np.int8(0)
        cell = first
        while cell < end:
            if cell % 8 == 0 and cell + 8 <= end:
                if words[cell // 8] == np.uint64(np.uint8(current)) * ones:
                    cell += 8
                    continue
                block = cell + 8
            else:
                block = cell + 1
            for k in range(cell, block):
                code = cells[k]
                if code != current:
                    if current != 0:
                        runs.stop[count] = k - first
                        count += 1
                    if code != 0:
                        runs.row[count] = row
                        runs.start[count] = k - first
                        runs.code[count] = code
                    current = code
            cell = block
        if current != 0:
            runs.stop[count] = nlon
            count += 1
    runs.row_first[nlat] = count
    return count


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
def label_runs(runs, count, shape, reach, seam, pole_wrap, parent):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Fill ``runs.label`` with the objects' numbers; return how many objects there are.

    A root is always the smallest run of its tree, hence the raster order. With `pole_wrap` the
    first row is the neighbour of the last: wrong on a sphere, but so was the published tracker.
    """
    nlat, nlon = shape
    for i in range(count):
        parent[i] = i
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
    for i in range(count):
        if parent[i] == i:
            runs.label[i] = objects
            objects += 1
        else:
            runs.label[i] = runs.label[_root(parent, i)]
    return objects


@compiled
def measure(runs, count, objects, geometry):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Return the `Measures` of the objects of one labelled step."""
    nlon = geometry.cos_sums.size - 1
    code = np.empty(objects, np.int8)
    pixels, length = np.zeros(objects, np.int32), np.zeros(objects, np.int32)
    area, x = np.zeros(objects), np.zeros(objects)
    y, z = np.zeros(objects), np.zeros(objects)
    south, north = np.empty(objects, np.int32), np.empty(objects, np.int32)
    west, east = np.full(objects, nlon, np.int32), np.zeros(objects, np.int32)
    for i in range(count):
        k, row, start, stop = runs.label[i], runs.row[i], runs.start[i], runs.stop[i]
        if length[k] == 0:
            code[k], south[k] = runs.code[i], row
        cell = geometry.row_area[row]
        across = cell * geometry.row_cos[row]
        pixels[k] += stop - start
        length[k] += 1
        area[k] += cell * (stop - start)
        x[k] += across * (geometry.cos_sums[stop] - geometry.cos_sums[start])
        y[k] += across * (geometry.sin_sums[stop] - geometry.sin_sums[start])
        z[k] += cell * geometry.row_sin[row] * (stop - start)
        north[k] = row
        west[k], east[k] = min(west[k], start), max(east[k], stop)
    if geometry.seam:
        for k in range(objects):
            if west[k] == 0 and east[k] == nlon:
                west[k], east[k] = _box_over_seam(runs, count, k, nlon)
    return Measures(code, pixels, area, x, y, z, south, north, west, east, length)


@compiled
def _box_over_seam(runs, count, k, nlon):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Return the columns of object `k`, which has both edges: all but its widest empty stretch."""
    taken = np.zeros(nlon, np.bool_)
    for i in range(count):
        if runs.label[i] == k:
            taken[runs.start[i] : runs.stop[i]] = True
    widest, west, east, empty = 0, 0, nlon, 0
    for column in range(nlon):
        empty = 0 if taken[column] else empty + 1
        if empty > widest:
            widest, west, east = empty, column + 1, column + 1 - empty + nlon
    return west, east


@compiled
def sort_runs(runs, count, lengths):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Return row, start, stop of the runs sorted by object, raster order within each."""
    place = np.zeros(lengths.size + 1, np.int64)
    place[1:] = np.cumsum(lengths)
    row, start = np.empty(count, np.int32), np.empty(count, np.int32)
    stop = np.empty(count, np.int32)
    for i in range(count):
        k = place[runs.label[i]]
        row[k], start[k], stop[k] = runs.row[i], runs.start[i], runs.stop[i]
        place[runs.label[i]] += 1
    return row, start, stop


@compiled
def overlaps(before, runs, earlier_objects, objects, geometry):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Return the `Links` between two labelled steps, in raster order of their first cells.

    Each later object keeps a chain of its pairs; a chain is as long as the object has
    predecessors: mostly one, seldom more than a few.
    """
    nlat, nlon = geometry.row_area.size, geometry.cos_sums.size - 1
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
                    area[pair] += shared * geometry.row_area[row]
                k += 1
    return Links(
        earlier[:count].copy(),
        later[:count].copy(),
        pixels[:count].copy(),
        area[:count].copy(),
        first_cell[:count].copy(),
    )
