"""Closed contours around minima of a field, compiled.

A minimum has a closed contour if the cells connected with it in which the field is less than `rise`
above it all lie within some distance of it, as TempestExtremes asks of cyclones (Ullrich & Zarzycki
2017); none of these cells is lower, or lies at the edge of a region. Beyond a pole lies the other
side of it.
"""

import numpy as np
from numpy.typing import NDArray

from stormtrace.compiled import compiled
from stormtrace.grids import Grid
from stormtrace.sphere import unit_vectors


class ClosedContours:
    """Finds closed contours on one grid."""

    def __init__(self, grid: Grid) -> None:
        self._points = np.ascontiguousarray(np.moveaxis(unit_vectors(*grid.points), 0, -1))
        self._wraps = grid.wraps
        self._radius_km = grid.radius_km
        #: Whether a feature may go on beyond the first and the last row: the poles are no edges.
        self._open = np.array([not pole for pole in _at_poles(grid)])
        self._visits = np.zeros(grid.shape, np.int32)

    def inside(
        self, values: NDArray[np.float32], rise: float, within_km: float
    ) -> NDArray[np.bool_]:
        """Return the cells that a closed contour encloses, `grid.shape`.

        values: `grid.shape`; rise in their units.
        """
        chord = 2.0 * np.sin(min(within_km / self._radius_km, np.pi) / 2.0)
        self._visits[:] = 0
        return np.asarray(
            _inside(values, rise, chord, self._points, self._wraps, self._open, self._visits)
        )


def _at_poles(grid: Grid) -> tuple[bool, bool]:
    """Whether the rows of a grid end at the poles."""
    if not (grid.is_rectilinear and grid.wraps):
        return False, False
    south, north = grid.lat_bounds[[0, -1]]
    return bool(south <= -90.0 + 1e-6), bool(north >= 90.0 - 1e-6)


@compiled
def _inside(values, rise, chord, points, wraps, edges, visits):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    nlat, nlon = values.shape
    found = np.zeros((nlat, nlon), np.bool_)
    stack = np.empty(nlat * nlon, np.int64)
    visit = 0
    for row in range(nlat):
        for column in range(nlon):
            if found[row, column] or not _is_minimum(values, row, column, wraps):
                continue
            if _ends(row, nlat, edges) and _is_lower_beyond(values, row, column):
                continue
            visit += 1
            count = _fill(
                values, row, column, rise, chord, points, wraps, edges, visits, visit, stack
            )
            for i in range(count):
                found[stack[i] // nlon, stack[i] % nlon] = True
    return found


@compiled
def _is_minimum(values, row, column, wraps):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Whether no neighbour is lower; of equal ones the first counts."""
    nlat, nlon = values.shape
    own = values[row, column]
    for r in range(max(row - 1, 0), min(row + 2, nlat)):
        for step in range(-1, 2):
            c = column + step
            if wraps:
                c %= nlon
            elif c < 0 or c >= nlon:
                continue
            if values[r, c] < own:
                return False
            if values[r, c] == own and r * nlon + c < row * nlon + column:
                return False
    return True


@compiled
def _ends(row, nlat, edges):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Whether a row ends at a pole, beyond which the same row goes on, half a turn away."""
    return (row == 0 and not edges[0]) or (row == nlat - 1 and not edges[1])


@compiled
def _is_lower_beyond(values, row, column):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Whether a cell has a lower one beyond the pole, or one as low that comes first."""
    nlon = values.shape[1]
    own = values[row, column]
    for step in range(-1, 2):
        c = (column + step + nlon // 2) % nlon
        if values[row, c] < own or (values[row, c] == own and c < column):
            return True
    return False


@compiled
def _fill(values, row, column, rise, chord, points, wraps, edges, visits, visit, stack):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Fill `stack` with the cells in the contour of a minimum; return how many, 0 if it is open."""
    nlat, nlon = values.shape
    own = values[row, column]
    level = own + rise
    stack[0] = row * nlon + column
    visits[row, column] = visit
    count, done = 1, 0
    while done < count:
        r0, c0 = stack[done] // nlon, stack[done] % nlon
        done += 1
        if (r0 == 0 and edges[0]) or (r0 == nlat - 1 and edges[1]):
            return 0
        if not wraps and (c0 == 0 or c0 == nlon - 1):
            return 0
        apart = 0.0
        for axis in range(3):
            apart += (points[r0, c0, axis] - points[row, column, axis]) ** 2
        if apart > chord * chord or values[r0, c0] < own:
            return 0
        for r in range(max(r0 - 1, 0), min(r0 + 2, nlat)):
            for step in range(-1, 2):
                c = (c0 + step) % nlon
                if visits[r, c] != visit and values[r, c] < level:
                    visits[r, c] = visit
                    stack[count] = r * nlon + c
                    count += 1
        if _ends(r0, nlat, edges):
            for step in range(-1, 2):
                c = (c0 + step + nlon // 2) % nlon
                if visits[r0, c] != visit and values[r0, c] < level:
                    visits[r0, c] = visit
                    stack[count] = r0 * nlon + c
                    count += 1
    return count
