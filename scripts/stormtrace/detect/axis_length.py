"""Lengths of objects along their axes, compiled.

The axis of an object is the longest of the shortest ways within it from one cell to another. Its
ends are found by sweeps: first the two cells farthest apart as the crow flies; the cell farthest
from one of these within the object; if that is another than the second, the cell farthest from it.
Ways lead from centre to centre of cells, over edges, corners and knight's moves, which where cells
are narrow (towards the poles of a rectilinear grid) reach as many columns as make a square: ways
are at most about 5 % longer than the distance itself up to 86° of latitude, whatever their
direction, and across the date line.
"""

import numpy as np
from numpy.typing import NDArray

from stormtrace.compiled import compiled
from stormtrace.grids import Grid
from stormtrace.sphere import unit_vectors

#: Row, first column and the column after the last of the runs of an object, (runs,) each.
Runs = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]

#: Rows and columns to the neighbours.
NEIGHBOURS = [(0, 1), (1, 0), (1, 1), (1, -1), (0, -1), (-1, 0), (-1, -1), (-1, 1)]

#: The widest stretch of columns that counts as one.
WIDEST = 16

#: No move is longer than so many cells: 1 row and 2 k columns of up to 1.5 rows' height together.
LONGEST_MOVE = 4


def moves_by_row(grid: Grid) -> NDArray[np.int32]:
    """Return the moves from a cell of each row, (rows, moves, 2); (0, 0) is none.

    Where a row is k times as high as its cells are wide, knight's moves go 1 row and 2 k columns,
    or 2 rows and k columns.
    """
    ratio = np.ones(grid.shape[0], np.int64)
    if grid.is_rectilinear and min(grid.shape) > 1:
        width = np.diff(grid.lon).mean() * np.cos(np.radians(grid.lat))
        high = np.gradient(grid.lat) / np.maximum(width, 1e-9)
        ratio = np.clip(np.rint(high), 1, min(WIDEST, max(1, grid.shape[1] // 8))).astype(np.int64)
    found = np.zeros((ratio.size, 22, 2), np.int32)
    for row, k in enumerate(ratio.tolist()):
        wide = [(0, k), (1, k), (1, -k)] if k > 1 else []
        half = [*wide, (1, 2 * k), (2, k), (2, -k), (1, -2 * k)]
        moves = [*NEIGHBOURS, *half, *[(-down, -across) for down, across in half]]
        found[row, : len(moves)] = moves
    return found


class AxisLengths:
    """Measures objects of one grid."""

    def __init__(self, grid: Grid) -> None:
        self._points = np.ascontiguousarray(np.moveaxis(unit_vectors(*grid.points), 0, -1))
        self._wraps = grid.wraps
        self._radius_km = grid.radius_km
        self._place = np.full(grid.shape, -1, np.int32)
        self._moves = moves_by_row(grid)
        self._width = _widest_cell(self._points)

    def of(
        self, row: NDArray[np.int32], start: NDArray[np.int32], stop: NDArray[np.int32]
    ) -> float:
        """Return the length of an object of some runs, km; 0 for a single cell."""
        length, *_ = _axis(
            row, start, stop, self._points, self._width, self._wraps, self._place, self._moves
        )
        return float(length) * self._radius_km

    def ends(
        self, row: NDArray[np.int32], start: NDArray[np.int32], stop: NDArray[np.int32]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the two ends of an object's axis as unit vectors, (3,) each."""
        _, one, other = _axis(
            row, start, stop, self._points, self._width, self._wraps, self._place, self._moves
        )
        return one, other

    def at_least(
        self, row: NDArray[np.int32], start: NDArray[np.int32], stop: NDArray[np.int32]
    ) -> float:
        """Return the great-circle distance of two far cells, km: no axis is shorter."""
        *_, chord = _ends(row, start, stop, self._points)
        return 2.0 * float(np.arcsin(min(1.0, chord / 2.0))) * self._radius_km

    def longest_step_km(self) -> float:
        """Return the greatest distance between two cells that touch, km: a bound for lengths."""
        return 1.5 * self._width * self._radius_km


def _widest_cell(points: NDArray[np.float64]) -> float:
    """Return the greatest distance between neighbours in a row or column, radians."""
    apart = [np.linalg.norm(np.diff(points, axis=axis), axis=-1) for axis in (0, 1)]
    return 1.01 * max(float(one.max(initial=1e-7)) for one in apart)


@compiled
def _ends(row, start, stop, points):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Return two cells far apart by their place in the object, and the chord between them.

    The first is farthest from the first cell of all, the second from the first.
    """
    r, c, one, other, most = row[0], start[0], 0, 0, 0.0
    for _ in range(2):
        x, y, z = points[r, c, 0], points[r, c, 1], points[r, c, 2]
        one, most, k = other, 0.0, 0
        for i in range(row.size):
            for column in range(start[i], stop[i]):
                there = points[row[i], column]
                apart = (there[0] - x) ** 2 + (there[1] - y) ** 2 + (there[2] - z) ** 2
                if apart > most:
                    most, r, c, other = apart, row[i], column, k
                k += 1
    return one, other, np.sqrt(most)


@compiled
def _axis(row, start, stop, points, width, wraps, place, moves):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Return the length in radii of the sphere, and the ends as unit vectors.

    place (nlat, nlon): −1, as it is left again.
    """
    count = 0
    for i in range(row.size):
        count += stop[i] - start[i]
    rows, columns = np.empty(count, np.int32), np.empty(count, np.int32)
    vectors = np.empty((count, 3))
    k = 0
    for i in range(row.size):
        for column in range(start[i], stop[i]):
            rows[k], columns[k] = row[i], column
            vectors[k] = points[row[i], column]
            place[row[i], column] = k
            k += 1
    one, other, _ = _ends(row, start, stop, points)
    far, length = _farthest(one, rows, columns, vectors, width, wraps, place, moves)
    if far != other:
        one, length = _farthest(far, rows, columns, vectors, width, wraps, place, moves)
    for k in range(count):
        place[rows[k], columns[k]] = -1
    return length, vectors[one], vectors[far]


@compiled
def _farthest(first, rows, columns, vectors, width, wraps, place, moves):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Return the cell farthest from the first within the object, and how far it is.

    Dijkstra's way with buckets of a width instead of a heap (Dial 1969): a cell that is reached
    anew by a shorter way is looked at again. An arc is 2 asin(chord / 2) = chord · (1 + chord² / 24
    + …), to 1e-8 for cells of 2°.
    """
    count = rows.size
    distance, seen = np.full(count, np.inf), np.full(count, np.inf)
    buckets = np.full(int(LONGEST_MOVE) + 3, -1, np.int32)
    following, cell = np.empty(2 * count + 16, np.int32), np.empty(2 * count + 16, np.int32)
    used, free, waiting, current = 1, -1, 1, 0
    distance[first], cell[0], following[0], buckets[0] = 0.0, first, -1, 0
    while waiting:
        entry = buckets[current % buckets.size]
        if entry < 0:
            current += 1
            continue
        k = cell[entry]
        buckets[current % buckets.size] = following[entry]
        following[entry], free = free, entry
        waiting -= 1
        so_far = distance[k]
        if so_far >= seen[k]:
            continue
        seen[k] = so_far
        r, c = rows[k], columns[k]
        for m in range(moves.shape[1]):
            down, across = moves[r, m, 0], moves[r, m, 1]
            other = _cell(r + down, c + across, wraps, place)
            if other < 0 or distance[other] <= so_far:
                continue
            there = so_far + _arc(vectors, k, other)
            if not there < distance[other] or not _is_within(r, c, down, across, wraps, place):
                continue
            distance[other] = there
            if free >= 0:
                entry, free = free, following[free]
            else:
                if used == cell.size:
                    cell, following = np.append(cell, cell), np.append(following, following)
                entry, used = used, used + 1
            bucket = int(there / width) % buckets.size
            cell[entry], following[entry], buckets[bucket] = other, buckets[bucket], entry
            waiting += 1
    last = np.argmax(distance)
    return last, distance[last]


@compiled
def _arc(vectors, k, other):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    x = vectors[k, 0] - vectors[other, 0]
    y = vectors[k, 1] - vectors[other, 1]
    z = vectors[k, 2] - vectors[other, 2]
    square = x * x + y * y + z * z
    return np.sqrt(square) * (1.0 + square / 24.0)


@compiled
def _is_within(row, column, down, across, wraps, place):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Whether all cells that a move passes between its ends are the object's."""
    steps = max(abs(down), abs(across))
    for i in range(1, steps):
        north, east = down * i / steps, across * i / steps
        if _cell(row + int(np.floor(north)), column + int(np.floor(east)), wraps, place) < 0:
            return False
        if _cell(row + int(np.ceil(north)), column + int(np.ceil(east)), wraps, place) < 0:
            return False
    return True


@compiled
def _cell(row, column, wraps, place):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Return the object's number of a cell; −1 where it is not the object's, or no cell."""
    nlat, nlon = place.shape
    if column < 0:
        column += nlon if wraps else 0
    elif column >= nlon:
        column -= nlon if wraps else 0
    if row < 0 or row >= nlat or column < 0 or column >= nlon:
        return np.int64(-1)
    return np.int64(place[row, column])
