"""What is known of the objects of one step: size, place, bounding box."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stormtrace.compiled import compiled
from stormtrace.grids import Grid
from stormtrace.track.runs import Floats, Ints


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
