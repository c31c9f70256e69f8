"""Area under the edges of a polygon on the sphere, by row and column of a grid.

In longitude λ and s = sin φ areas are plain: a cell's is −∮ s dλ, counterclockwise round it. The
part of it between the grid's parallels s₀ and s₁ and two of its meridians is the same integral of
s cut off below s₀ and above s₁, over that stretch of λ. So every edge is walked once, from
meridian to meridian and from parallel to parallel, and no polygon is ever cut. The integral of s
under a stretch of a great circle has a closed form (`_under_arc`).
"""

import numpy as np
from numpy.typing import NDArray

from stormtrace.compiled import compiled

Floats = NDArray[np.float64]

TURN = 2 * np.pi


@compiled
def interval(edges: Floats, value: float) -> int:
    """Return between which of some ascending edges a value lies, 0 also where it lies before."""
    return max(int(np.searchsorted(edges, value, side="right")) - 1, 0)


@compiled
def walk(
    window: Floats,
    corners: Floats,
    lon: Floats,
    lat: Floats,
    polar: NDArray[np.bool_],
    parallels: Floats,
    meridians: Floats,
) -> None:
    """Add the cell's area by row and column to `window`, edge by edge."""
    for index in range(len(corners)):
        here, there = lon[index], lon[index + 1]
        if polar[index]:
            _add_pole(window, here, there, lat[index] > 0, parallels, meridians)
        elif here < there:
            _add_edge(window, -1.0, here, there, lat[index], lat[index + 1], parallels, meridians)
        elif here > there:
            _add_edge(window, 1.0, there, here, lat[index + 1], lat[index], parallels, meridians)
    # Round the north pole the way back, along the pole, closes the curve.
    if lon[-1] - lon[0] > np.pi:  # counterclockwise: eastward, a whole turn
        _add_pole(window, lon[-1], lon[0], True, parallels, meridians)


@compiled
def _add_pole(
    window: Floats, here: float, there: float, north: bool, parallels: Floats, meridians: Floats
) -> None:
    """Add a turn at a pole: at the north pole all rows lie below it, at the south pole none."""
    if not north:
        return
    sign = -1.0 if here < there else 1.0
    low, high = min(here, there), max(here, there)
    for column in range(len(meridians) - 1):
        width = min(high, meridians[column + 1]) - max(low, meridians[column])
        if width > 0:
            for row in range(len(parallels) - 1):
                window[row, column] += sign * (parallels[row + 1] - parallels[row]) * width


@compiled
def _add_edge(
    window: Floats,
    sign: float,
    west: float,
    east: float,
    lat_west: float,
    lat_east: float,
    parallels: Floats,
    meridians: Floats,
) -> None:
    """Add what lies under the great circle between two points, column by column.

    It is tan φ = tan φ_top cos(λ − λ_top): `top` is the longitude of its northernmost point.
    """
    tangent_west, tangent_east = np.tan(lat_west), np.tan(lat_east)
    width = east - west
    across = tangent_west * np.cos(width) - tangent_east
    turn = np.arctan2(-across, tangent_west * np.sin(width))
    steepest = np.hypot(tangent_west, across / np.sin(width))
    top = west + turn
    for column in range(interval(meridians, west), len(meridians) - 1):
        left, right = max(west, meridians[column]), min(east, meridians[column + 1])
        if left >= east:
            break
        start = lat_west if left == west else np.arctan(steepest * np.cos(left - top))
        end = lat_east if right == east else np.arctan(steepest * np.cos(right - top))
        # It rises up to its top, falls for half a turn, and rises again.
        bend = top + np.pi * np.ceil((left - top) / np.pi)
        if left < bend < right:
            extreme = np.arctan(steepest * np.cos(bend - top))
            _add_rows(window[:, column], sign, left, bend, start, extreme, top, steepest, parallels)
            left, start = bend, extreme
        _add_rows(window[:, column], sign, left, right, start, end, top, steepest, parallels)


@compiled
def _add_rows(
    window: Floats,
    sign: float,
    left: float,
    right: float,
    start: float,
    end: float,
    top: float,
    steepest: float,
    parallels: Floats,
) -> None:
    """Add what lies under a stretch that only rises or only falls, row by row."""
    last = len(parallels) - 2
    row = min(interval(parallels, np.sin(start)), last)
    final = min(interval(parallels, np.sin(end)), last)
    middle = (left + right) / 2 - top
    branch = 1.0 if middle - TURN * np.round(middle / TURN) > 0 else -1.0
    nearest = top + TURN * np.round(middle / TURN)
    while True:
        stop, lat = right, end
        if row != final:
            lat = np.arcsin(parallels[row + 1 if final > row else row])
            away = np.arccos(min(max(np.tan(lat) / steepest, -1.0), 1.0))
            stop = min(max(nearest + branch * away, left), right)
        width = stop - left
        window[row] += sign * (_under_arc(width, start, lat) - parallels[row] * width)
        for below in range(row):
            window[below] += sign * (parallels[below + 1] - parallels[below]) * width
        if row == final:
            return
        row += 1 if final > row else -1
        left, start = stop, lat


@compiled
def _under_arc(width: float, start: float, end: float) -> float:
    """Return ∫ sin φ dλ along a great circle over `width` of longitude, between two latitudes.

    The spherical excess of the trapezoid down to the equator: tan(E/2) = tan(Δλ/2)
    sin((φ₁ + φ₂)/2) / cos((φ₁ − φ₂)/2) (Karney 2013, doi:10.1007/s00190-012-0578-z).
    """
    rise = np.sin((start + end) / 2) / np.cos((start - end) / 2)
    return 2 * np.arctan(np.tan(width / 2) * rise)
