"""How much of each polygon lies in each cell of a rectilinear grid: areas on the sphere, exactly.

`great_circle_areas` walks round each polygon once, edge by edge.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from stormtrace.compiled import compiled
from stormtrace.grids.great_circle_areas import TURN, interval, walk

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

#: A corner nearer to the axis than this is the pole, and has no longitude.
AT_POLE = 1e-12

#: A share of a polygon up to this is rounding.
NOTHING = 1e-12


def lattice_overlaps(
    corners: Floats, lat_edges: Floats, lon_edges: Floats, wraps: bool
) -> sparse.csr_matrix:
    """Return the areas (nlat · nlon, n), steradians, that grid cells share with polygons.

    corners: unit vectors (n, k, 3), counterclockwise. lat_edges, lon_edges: of the grid's rows and
    columns, degrees, ascending; wraps: columns go round the globe.
    """
    sines, meridians = np.sin(np.radians(lat_edges)), np.radians(lon_edges)
    rows, columns = sines.size - 1, meridians.size - 1
    # What lies outside a regional grid is counted in rows and a column of its own, then dropped.
    south, north = int(sines[0] > -1.0), int(sines[-1] < 1.0)
    sines = np.concatenate([[-1.0] * south, sines, [1.0] * north])
    if not wraps:
        meridians = np.append(meridians, meridians[0] + TURN)
    target, source, area = overlap_areas(corners, sines, meridians)
    row, column = np.divmod(target, meridians.size - 1)
    row -= south
    kept = (row >= 0) & (row < rows) & (column < columns)
    places = (row[kept] * columns + column[kept], source[kept])
    return sparse.csr_matrix((area[kept], places), shape=(rows * columns, len(corners)))


@compiled
def overlap_areas(
    corners: Floats, sines: Floats, meridians: Floats
) -> tuple[Integers, Integers, Floats]:
    """Return (grid cell, polygon, steradians) of all that overlap.

    corners: unit vectors (n, k, 3) of the polygons, counterclockwise.
    sines: of the grid's parallels, ascending from −1 to 1 (nlat + 1,). meridians: ascending through
    one turn (nlon + 1,), radians.
    """
    nlon = len(meridians) - 1
    target, source, area, found = _room(4 * len(corners))
    for cell in range(len(corners)):
        lon, lat, polar = _around(corners[cell])
        low, high = _rows(corners[cell], sines)
        first, last = _column(lon.min(), meridians), _column(lon.max(), meridians)
        window = np.zeros((high - low + 1, last - first + 1))
        parallels = sines[low : high + 2]
        own = _unrolled(first, last, meridians)
        walk(window, corners[cell], lon, lat, polar, parallels, own)
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
def _column(lon: float, meridians: Floats) -> int:
    """Return the column of a longitude, counted on through all turns."""
    nlon = len(meridians) - 1
    turn = int(np.floor((lon - meridians[0]) / TURN))
    return turn * nlon + min(interval(meridians, lon - turn * TURN), nlon - 1)


@compiled
def _unrolled(first: int, last: int, meridians: Floats) -> Floats:
    """Return the meridians that bound the columns `first` … `last`, through all turns."""
    nlon = len(meridians) - 1
    edges = np.empty(last - first + 2)
    for index in range(len(edges)):
        turn = int(np.floor((first + index) / nlon))
        edges[index] = meridians[first + index - turn * nlon] + turn * TURN
    return edges


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
    return min(interval(sines, np.sin(south)), last), min(interval(sines, np.sin(north)), last)
