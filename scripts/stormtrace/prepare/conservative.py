"""First-order conservative weights: the share of each source cell in each target cell's area."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from stormtrace.grids import Grid
from stormtrace.prepare.cells import Cells
from stormtrace.prepare.meshes import Mesh, global_axes
from stormtrace.prepare.weights import Weights

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

BLOCK = 50_000
"""Source cells clipped at a time."""


def rectilinear_conservative(mesh: Mesh, target: Grid) -> Weights:
    """Return the weights between cells bounded by meridians and parallels: exact.

    The overlap of two such cells is a difference of sines of latitude times one of longitudes.
    Cells reach half-way to the next point. BadInput: the mesh is not global.
    """
    axes = global_axes(mesh)
    row_order, column_order = (np.argsort(axis) for axis in axes)
    lat, lon = axes[0][row_order], axes[1][column_order]
    around = np.concatenate([[lon[-1] - 360.0], lon, [lon[0] + 360.0]])
    lon_bounds = (around[1:] + around[:-1]) / 2
    source_sine, target_sine = (np.sin(np.radians(g.lat_bounds)) for g in (Grid(lat, lon), target))
    rows = _overlap(source_sine, target_sine)
    turns = (-720.0, -360.0, 0.0, 360.0, 720.0)
    columns = sum(_overlap(lon_bounds + turn, target.lon_bounds) for turn in turns)
    in_file = np.argsort(row_order), np.argsort(column_order)
    areas = sparse.kron(rows[:, in_file[0]], columns[:, in_file[1]], format="csr")
    return _normalized(sparse.csr_matrix(areas))


def cell_conservative(cells: Cells, target: Grid) -> Weights:
    """Return the weights from any convex cells.

    Each cell is cut along the grid's meridians, each piece along its parallels (Sutherland &
    Hodgman 1974, on the sphere). The pieces of a cell are the cell, whole: nothing is lost.
    """
    parts: list[tuple[Integers, Integers, Floats]] = []
    for first in range(0, len(cells.corners), BLOCK):
        some = np.arange(first, min(first + BLOCK, len(cells.corners)))
        for column, owner, pieces in _cut_columns(cells, some, target):
            for row, index, area in _cut_rows(pieces, target):
                parts.append((row * target.lon.size + column[index], owner[index], area))
    row, col, area = (np.concatenate(part) for part in zip(*parts, strict=True))
    shape = (target.lat.size * target.lon.size, len(cells.corners))
    return _normalized(sparse.csr_matrix((area, (row, col)), shape=shape))


def _normalized(areas: sparse.csr_matrix) -> Weights:
    areas.sum_duplicates()
    areas.eliminate_zeros()
    sums = np.asarray(areas.sum(axis=1)).ravel()
    scale = np.divide(1.0, sums, out=np.zeros_like(sums), where=sums > 0)
    return Weights(sparse.csr_matrix(sparse.diags_array(scale) @ areas))


def _overlap(source: Floats, target: Floats) -> sparse.csr_matrix:
    """Return the lengths two sets of intervals have in common, (target, source)."""
    low = np.maximum(np.minimum(source[1:], source[:-1]), target[:-1, None])
    high = np.minimum(np.maximum(source[1:], source[:-1]), target[1:, None])
    return sparse.csr_matrix(np.clip(high - low, 0.0, None))


def _cut_columns(
    cells: Cells, some: Integers, target: Grid
) -> Iterator[tuple[Integers, Integers, Floats]]:
    """Yield (column, source cell, piece (m, k, 3)) of cells cut along the grid's meridians."""
    corners = cells.corners[some]
    lat, lon, radius = _caps(corners)
    nlon, step = target.lon.size, 360.0 / target.lon.size
    polar = np.abs(lat) + radius >= 90.0
    reach = np.sin(np.radians(radius)) / np.cos(np.radians(np.where(polar, 0.0, lat)))
    half = np.where(polar, 180.0, np.degrees(np.arcsin(np.clip(reach, 0.0, 1.0))))
    west = np.floor((lon - half - target.lon_bounds[0]) / step).astype(np.int64)
    east = np.floor((lon + half - target.lon_bounds[0]) / step).astype(np.int64)
    for offset in range(min(int((east - west).max()) + 1, nlon)):
        inside = np.flatnonzero(west + offset <= np.minimum(east, west + nlon - 1))
        column = (west[inside] + offset) % nlon
        pieces = corners[inside]
        pieces = _clip_by_meridian(pieces, np.radians(target.lon_bounds[column]), 1.0)
        pieces = _clip_by_meridian(pieces, np.radians(target.lon_bounds[column + 1]), -1.0)
        kept = _areas(pieces) > 0
        yield column[kept], some[inside[kept]], pieces[kept]


def _cut_rows(pieces: Floats, target: Grid) -> Iterator[tuple[Integers, Integers, Floats]]:
    """Yield (row, index of the piece, area in steradians) of pieces cut along parallels."""
    lat, _, radius = _caps(pieces)
    bounds = target.lat_bounds
    low = np.clip(np.searchsorted(bounds, lat - radius, side="right") - 1, 0, target.lat.size - 1)
    high = np.clip(np.searchsorted(bounds, lat + radius, side="left") - 1, 0, target.lat.size - 1)
    heights = np.sin(np.radians(bounds))
    for offset in range(int((high - low).max(initial=-1)) + 1):
        index = np.flatnonzero(low + offset <= high)
        row = low[index] + offset
        part = _clip_by_parallel(pieces[index], heights[row], 1.0)
        part = _clip_by_parallel(part, heights[row + 1], -1.0)
        area = _areas(part)
        for edge in (heights[row], heights[row + 1]):
            area += _beside_parallel(part, edge)
        kept = area > 0
        yield row[kept], index[kept], area[kept]


def _caps(corners: Floats) -> tuple[Floats, Floats, Floats]:
    """Return lat, lon and radius (degrees) of a cap that holds each polygon (m, k, 3)."""
    middle = corners.mean(axis=1)
    middle /= np.linalg.norm(middle, axis=1, keepdims=True)
    chord = np.linalg.norm(corners - middle[:, None], axis=2).max(axis=1)
    radius = np.degrees(2 * np.arcsin(np.clip(chord / 2, 0.0, 1.0))) + 1e-9
    x, y, z = middle.T
    return np.degrees(np.arctan2(z, np.hypot(x, y))), np.degrees(np.arctan2(y, x)), radius


def _clip_by_meridian(polygons: Floats, edge: Floats, sign: float) -> Floats:
    """Keep what lies east (sign 1) or west (−1) of each polygon's meridian `edge` (radians)."""
    normal = sign * np.stack([-np.sin(edge), np.cos(edge), np.zeros(edge.size)], axis=1)
    height = np.einsum("nkj,nj->nk", polygons, normal)
    fall = height - np.roll(height, -1, axis=1)
    return _clip(
        polygons, height, np.divide(height, fall, out=np.zeros_like(fall), where=fall != 0)
    )


def _clip_by_parallel(polygons: Floats, sine: Floats, sign: float) -> Floats:
    """Keep what lies north (sign 1) or south (−1) of each polygon's parallel, a sine of latitude.

    A point (1 − t) a + t b of an edge's chord lies over the parallel where its z is sin φ times
    its length, a quadratic equation in t. A straight cut of the chord would miss the parallel.
    """
    z = polygons[:, :, 2]
    following = np.roll(polygons, -1, axis=1)
    rise = following[:, :, 2] - z
    c = sine[:, None]
    bend = ((following - polygons) ** 2).sum(axis=2) * c**2  # the chord's length², times c²
    a, b, d = rise**2 - bend, 2 * z * rise + bend, z**2 - c**2
    q = -(b + np.copysign(np.sqrt(np.maximum(b**2 - 4 * a * d, 0.0)), b)) / 2
    one = np.divide(q, a, out=np.full_like(a, np.nan), where=a != 0)
    other = np.divide(d, q, out=np.full_like(a, np.nan), where=q != 0)
    fits = (one >= 0) & (one <= 1) & ((z + one * rise) * c >= 0)
    share = np.clip(np.nan_to_num(np.where(fits, one, other)), 0.0, 1.0)
    return _clip(polygons, sign * (z - c), share)


def _clip(polygons: Floats, height: Floats, share: Floats) -> Floats:
    """Cut polygons (m, k, 3) where `height` (m, k) of their corners is negative; (m, k + 1, 3).

    share: how far along the chord to the next corner an edge that crosses does so. Polygons keep
    their turn; what is missing of k + 1 corners repeats the first, and what is cut away whole
    becomes a point.
    """
    count, k = height.shape
    inside = height >= 0
    crosses = inside != np.roll(inside, -1, axis=1)
    crossing = polygons + share[..., None] * (np.roll(polygons, -1, axis=1) - polygons)
    crossing /= np.linalg.norm(crossing, axis=2, keepdims=True)
    points = np.stack([polygons, crossing], axis=2).reshape(count, 2 * k, 3)
    valid = np.stack([inside, crosses], axis=2).reshape(count, 2 * k)
    order = np.argsort(~valid, axis=1, kind="stable")[:, : k + 1]
    order = np.where(np.take_along_axis(valid, order, axis=1), order, order[:, :1])
    return np.take_along_axis(points, order[..., None], axis=1)


def _areas(polygons: Floats) -> Floats:
    """Return the areas of convex polygons (m, k, 3), steradians: a fan of spherical triangles.

    Van Oosterom & Strackee 1983: tan(E/2) = a·(b×c) / (1 + a·b + b·c + c·a).
    """
    a = polygons[:, :1]
    b, c = polygons[:, 1:-1], polygons[:, 2:]
    volume = np.einsum("nkj,nkj->nk", np.broadcast_to(a, b.shape), np.cross(b - a, c - a))
    ab, bc, ca = ((one * other).sum(axis=2) for one, other in ((a, b), (b, c), (c, a)))
    return 2 * np.arctan2(volume, 1 + ab + bc + ca).sum(axis=1)


def _beside_parallel(polygons: Floats, sine: Floats) -> Floats:
    """Return what polygons (m, k, 3) gain where an edge is a stretch of a parallel, not of a chord.

    With ∮ sin φ dλ along the edge: Δλ sin φ for a parallel, 2 atan(tan(Δλ/2) sin φ) for the great
    circle between the same two points.
    """
    on_it = np.abs(polygons[:, :, 2] - sine[:, None]) < 1e-13
    edge = on_it & np.roll(on_it, -1, axis=1)
    lon = np.arctan2(polygons[:, :, 1], polygons[:, :, 0])
    turn = np.where(edge, (np.roll(lon, -1, axis=1) - lon + np.pi) % (2 * np.pi) - np.pi, 0.0)
    c = sine[:, None]
    return (2 * np.arctan(np.tan(turn / 2) * c) - turn * c).sum(axis=1)
