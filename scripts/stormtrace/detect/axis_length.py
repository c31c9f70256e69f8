"""Lengths of objects along their axes, compiled.

The axis of an object is the longest of the shortest ways within it from one cell to another. Its
ends are found by two sweeps: the cell farthest from any cell, and the cell farthest from that one.
Ways lead from centre to centre of cells, over edges, corners and knight's moves, which where cells
are narrow (towards the poles of a rectilinear grid) reach as many columns as make a square: ways
are at most 5 % longer than the distance itself up to 86° of latitude, whatever their direction, and
across the date line.
"""

from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

from stormtrace.compiled import compiled
from stormtrace.grids import Grid
from stormtrace.sphere import unit_vectors

#: Rows and columns to the neighbours.
NEIGHBOURS = [(0, 1), (1, 0), (1, 1), (1, -1), (0, -1), (-1, 0), (-1, -1), (-1, 1)]

#: The widest stretch of columns that counts as one.
WIDEST = 16


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

    def of(
        self, row: NDArray[np.int32], start: NDArray[np.int32], stop: NDArray[np.int32]
    ) -> float:
        """Return the length of an object of some runs, km; 0 for a single cell."""
        length = _length(row, start, stop, self._points, self._wraps, self._place, self._moves)
        return float(length) * self._radius_km

    def at_least(
        self, row: NDArray[np.int32], start: NDArray[np.int32], stop: NDArray[np.int32]
    ) -> float:
        """Return the great-circle distance of two far cells, km: no axis is shorter."""
        chord = _apart(row, start, stop, self._points)
        return 2.0 * float(np.arcsin(min(1.0, chord / 2.0))) * self._radius_km

    def longest_step_km(self) -> float:
        """Return the greatest distance between two cells that touch, km: a bound for lengths."""
        apart = [
            np.linalg.norm(np.diff(self._points, axis=axis), axis=-1).max(initial=0.0)
            for axis in (0, 1)
        ]
        return float(np.hypot(*apart)) * 1.01 * self._radius_km


@compiled
def _apart(row, start, stop, points):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Return the chord from the cell farthest from the first to the cell farthest from that."""
    r, c, most = row[0], start[0], 0.0
    for _ in range(2):
        x, y, z = points[r, c, 0], points[r, c, 1], points[r, c, 2]
        most = 0.0
        for i in range(row.size):
            for column in range(start[i], stop[i]):
                there = points[row[i], column]
                apart = (there[0] - x) ** 2 + (there[1] - y) ** 2 + (there[2] - z) ** 2
                if apart > most:
                    most, r, c = apart, row[i], column
    return np.sqrt(most)


@compiled
def _length(row, start, stop, points, wraps, place, moves):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Return the length in radii of the sphere; place (nlat, nlon): −1, as it is left again."""
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
    far, _ = _farthest(0, rows, columns, vectors, wraps, place, moves)
    _, length = _farthest(far, rows, columns, vectors, wraps, place, moves)
    for k in range(count):
        place[rows[k], columns[k]] = -1
    return length


@compiled
def _farthest(first, rows, columns, vectors, wraps, place, moves):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Return the cell farthest from the first within the object, and how far it is (Dijkstra).

    An arc is 2 asin(chord / 2) = chord · (1 + chord² / 24 + …), to 1e-8 for cells of 2°.
    """
    distance = np.full(rows.size, np.inf)
    done = np.zeros(rows.size, np.bool_)
    distance[first] = 0.0
    heap = [(0.0, np.int64(first))]
    last = np.int64(first)
    while heap:
        so_far, k = heappop(heap)
        if done[k]:
            continue
        done[k] = True
        last = k
        r, c = rows[k], columns[k]
        for m in range(moves.shape[1]):
            down, across = moves[r, m, 0], moves[r, m, 1]
            other = _cell(r + down, c + across, wraps, place)
            if other < 0 or done[other]:
                continue
            x = vectors[k, 0] - vectors[other, 0]
            y = vectors[k, 1] - vectors[other, 1]
            z = vectors[k, 2] - vectors[other, 2]
            square = x * x + y * y + z * z
            there = so_far + np.sqrt(square) * (1.0 + square / 24.0)
            if there < distance[other] and _is_within(r, c, down, across, wraps, place):
                distance[other] = there
                heappush(heap, (there, other))
    return last, distance[last]


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
