"""How much of each cell of a mesh lies in each cell of a grid: areas on the sphere, exactly.

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
Integers = NDArray[np.int64]

TURN = 2 * np.pi
AT_POLE = 1e-12
"""A corner nearer to the axis than this is the pole, and has no longitude."""

NOTHING = 1e-12
"""A share of a cell up to this is rounding."""


@compiled
def overlap_areas(
    corners: Floats, sines: Floats, west: float, nlon: int
) -> tuple[Integers, Integers, Floats]:
    """Return (target cell, source cell, steradians) of all that overlap.

    corners: unit vectors (n, k, 3) of the source's cells, counterclockwise.
    sines: of the target's parallels, ascending (nlat + 1,). west: its first meridian, radians; nlon
    columns go round.
    """
    target, source, area, found = _room(4 * len(corners))
    for cell in range(len(corners)):
        lon, lat, polar = _around(corners[cell])
        low, high = _rows(corners[cell], sines)
        first = int(np.floor((lon.min() - west) / TURN * nlon))
        last = int(np.floor((lon.max() - west) / TURN * nlon))
        window = np.zeros((high - low + 1, last - first + 1))
        parallels = sines[low : high + 2]
        meridians = west + np.arange(first, last + 2) * TURN / nlon
        _walk(window, corners[cell], lon, lat, polar, parallels, meridians)
        least = NOTHING * window.sum()
        for j in range(window.shape[0]):
            for i in range(window.shape[1]):
                if window[j, i] > least:
                    if found == len(area):
                        target, source, area = _more(target), _more(source), _more(area)
                    target[found] = (low + j) * nlon + (first + i) % nlon
                    source[found], area[found] = cell, window[j, i]
                    found += 1
    return target[:found], source[:found], area[:found]


@compiled
def _room(size: int) -> tuple[Integers, Integers, Floats, int]:
    return np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size), 0


@compiled
def _more(values: NDArray) -> NDArray:
    return np.concatenate((values, np.empty_like(values)))


@compiled
def _around(corners: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return lon, lat (radians) and whether it is a pole of each corner, the first once more.

    Longitudes go on without a jump at 180°; a pole has that of the corner before it. Round a pole
    the last is a turn away from the first.
    """
    count = len(corners)
    distance = np.hypot(corners[:, 0], corners[:, 1])
    start = 0
    while distance[start] < AT_POLE:
        start += 1
    lon, lat = np.empty(count + 1), np.empty(count + 1)
    polar = np.zeros(count + 1, np.bool_)
    for index in range(count + 1):
        corner = (start + index) % count
        lat[index] = np.arctan2(corners[corner, 2], distance[corner])
        polar[index] = distance[corner] < AT_POLE
        own = np.arctan2(corners[corner, 1], corners[corner, 0])
        if index == 0:
            lon[index] = own
        elif polar[index]:
            lon[index] = lon[index - 1]
        else:
            east = own - lon[index - 1]
            lon[index] = lon[index - 1] + east - TURN * np.round(east / TURN)
    return lon, lat, polar


@compiled
def _rows(corners: Floats, sines: Floats) -> tuple[int, int]:
    """Return the first and the last row that a cap round the cell reaches."""
    middle = np.zeros(3)
    for corner in corners:
        middle += corner
    middle /= np.sqrt((middle**2).sum())
    chord = 0.0
    for corner in corners:
        chord = max(chord, np.sqrt(((corner - middle) ** 2).sum()))
    radius = 2 * np.arcsin(min(chord / 2, 1.0)) + 1e-12
    lat = np.arctan2(middle[2], np.hypot(middle[0], middle[1]))
    south, north = max(lat - radius, -np.pi / 2), min(lat + radius, np.pi / 2)
    last = len(sines) - 2
    return min(_interval(sines, np.sin(south)), last), min(_interval(sines, np.sin(north)), last)


@compiled
def _interval(edges: Floats, value: float) -> int:
    """Return between which of some ascending edges a value lies, 0 also where it lies before."""
    return max(int(np.searchsorted(edges, value, side="right")) - 1, 0)


@compiled
def _walk(
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
    for column in range(_interval(meridians, west), len(meridians) - 1):
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
    row = min(_interval(parallels, np.sin(start)), last)
    final = min(_interval(parallels, np.sin(end)), last)
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
