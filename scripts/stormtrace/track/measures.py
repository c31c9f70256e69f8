"""Measures of the objects of one step: size, place and bounding box."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stormtrace.compiled import compiled
from stormtrace.grids import Grid
from stormtrace.sphere import unit_vectors
from stormtrace.track.runs import Floats, Ints


class Measures(NamedTuple):
    """Measures of each object, (n,); x, y, z is the area-weighted sum of unit vectors, km².

    The bounding box holds south ≤ row ≤ north and west ≤ column < east, where east > nlon goes on
    over the seam.
    """

    code: NDArray[np.int8]
    pixels: Ints
    area: Floats
    x: Floats
    y: Floats
    z: Floats
    south: Ints
    north: Ints
    west: Ints
    east: Ints
    runs: Ints


class CellAreas(NamedTuple):
    """Areas of cells, km²: by row where latitude is an axis, else as running sums along rows.

    row (nlat,) or empty; sums (ny, nx + 1) or empty.
    """

    by_row: bool
    row: Floats
    sums: Floats


class Geometry(NamedTuple):
    """What the compiled code needs of a grid, so that a run costs the same however long it is.

    Rectilinear grids: row_cos, row_sin (nlat,) of the latitudes; cos_sums, sin_sums (nlon + 1),
    running sums of cos λ and sin λ. Other grids: vector_sums (ny, nx + 1, 3), running sums along
    rows of area · unit vector, km². What a grid does not need is empty.
    """

    shape: tuple[int, int]
    wraps: bool
    areas: CellAreas
    row_cos: Floats
    row_sin: Floats
    cos_sums: Floats
    sin_sums: Floats
    vector_sums: Floats


def geometry(grid: Grid) -> Geometry:
    """Return the `Geometry` of `grid`."""
    areas, none = cell_areas(grid), np.empty(0)
    if not grid.is_rectilinear:
        by_cell = cell_sums(grid, unit_vectors(*grid.points))
        return Geometry(grid.shape, False, areas, none, none, none, none, by_cell)
    phi, lam = np.radians(grid.lat), np.radians(grid.lon)
    cos_sums, sin_sums = running_sums(np.cos(lam)), running_sums(np.sin(lam))
    by_cell = np.empty((0, 0, 0))
    return Geometry(
        grid.shape, grid.wraps, areas, np.cos(phi), np.sin(phi), cos_sums, sin_sums, by_cell
    )


def cell_areas(grid: Grid) -> CellAreas:
    """Return the areas of the cells of `grid` for the compiled code."""
    if grid.is_rectilinear:
        return CellAreas(True, np.ascontiguousarray(grid.row_area), np.empty((0, 0)))
    return CellAreas(False, np.empty(0), running_sums(grid.area))


def running_sums(values: Floats) -> Floats:
    """Return running sums along the last axis, a zero first: (…, n) → (…, n + 1)."""
    sums = np.zeros((*values.shape[:-1], values.shape[-1] + 1))
    np.cumsum(values, axis=-1, out=sums[..., 1:])
    return sums


def cell_sums(grid: Grid, parts: Iterable[Floats]) -> Floats:
    """Return running sums along rows of area · each part, (ny, nx + 1, parts), km²."""
    return np.stack([running_sums(grid.area * part) for part in parts], axis=-1)


@compiled
def run_area(areas, row, start, stop):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Return the area of the cells ``start … stop − 1`` of a row, km²."""
    if areas.by_row:
        return areas.row[row] * (stop - start)
    return areas.sums[row, stop] - areas.sums[row, start]


@compiled
def _run_vector(geometry, row, start, stop):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Return the sum of area · unit vector over a run, km²."""
    if geometry.areas.by_row:
        cell = geometry.areas.row[row]
        across = cell * geometry.row_cos[row]
        x = across * (geometry.cos_sums[stop] - geometry.cos_sums[start])
        y = across * (geometry.sin_sums[stop] - geometry.sin_sums[start])
        return x, y, cell * geometry.row_sin[row] * (stop - start)
    last, first = geometry.vector_sums[row, stop], geometry.vector_sums[row, start]
    return last[0] - first[0], last[1] - first[1], last[2] - first[2]


@compiled
def measure(runs, objects, geometry):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Return the `Measures` of the objects of one labelled step."""
    nlon = geometry.shape[1]
    code = np.empty(objects, np.int8)
    pixels, length = np.zeros(objects, np.int32), np.zeros(objects, np.int32)
    area, x = np.zeros(objects), np.zeros(objects)
    y, z = np.zeros(objects), np.zeros(objects)
    south, north = np.empty(objects, np.int32), np.empty(objects, np.int32)
    west, east = np.full(objects, nlon, np.int32), np.zeros(objects, np.int32)
    for i in range(runs.row.size):
        k, row, start, stop = runs.label[i], runs.row[i], runs.start[i], runs.stop[i]
        if length[k] == 0:
            code[k], south[k] = runs.code[i], row
        pixels[k] += stop - start
        length[k] += 1
        area[k] += run_area(geometry.areas, row, start, stop)
        run_x, run_y, run_z = _run_vector(geometry, row, start, stop)
        x[k] += run_x
        y[k] += run_y
        z[k] += run_z
        north[k] = row
        west[k], east[k] = min(west[k], start), max(east[k], stop)
    if geometry.wraps:
        for k in range(objects):
            if west[k] == 0 and east[k] == nlon:
                west[k], east[k] = _box_over_seam(runs, k, nlon)
    return Measures(code, pixels, area, x, y, z, south, north, west, east, length)


@compiled
def _box_over_seam(runs, k, nlon):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Return the columns of object `k`, which has both edges: all but its widest empty stretch."""
    taken = np.zeros(nlon, np.bool_)
    for i in range(runs.row.size):
        if runs.label[i] == k:
            taken[runs.start[i] : runs.stop[i]] = True
    widest, west, east, empty = 0, 0, nlon, 0
    for column in range(nlon):
        empty = 0 if taken[column] else empty + 1
        if empty > widest:
            widest, west, east = empty, column + 1, column + 1 - empty + nlon
    return west, east
