"""Cells as convex polygons on the sphere whose edges are great circles."""

import numpy as np
from numpy.typing import NDArray

from stormtrace.grids.grid import Grid
from stormtrace.sphere import unit_vectors

Floats = NDArray[np.float64]


def cell_polygons(grid: Grid) -> Floats:
    """Return the corners of a projected or curvilinear grid's cells, (n, 4, 3), counterclockwise.

    (Cells of a rectilinear grid are not such polygons: they end at parallels.)
    """
    corners = np.moveaxis(unit_vectors(*grid.corners), 0, -1)
    around = (corners[:-1, :-1], corners[:-1, 1:], corners[1:, 1:], corners[1:, :-1])
    return counterclockwise(np.stack(around, axis=2).reshape(-1, 4, 3))


def counterclockwise(corners: Floats) -> Floats:
    """Return polygons (n, k, 3), unit vectors, with corners counterclockwise from outside."""
    middle = corners.mean(axis=1)
    following = np.roll(corners, -1, axis=1)
    turns = np.einsum("nkj,nj->n", np.cross(corners, following), middle)
    turned = corners.copy()
    turned[turns < 0] = corners[turns < 0, ::-1]
    return turned


def polygon_areas(corners: Floats) -> Floats:
    """Return the areas (n,) of counterclockwise polygons (n, k, 3), steradians.

    Triangles from the first corner, each 2 atan(a · b × c / (1 + a·b + b·c + c·a)) (Van Oosterom
    & Strackee 1983); the triple product of differences loses no digits in small cells.
    """
    first = corners[:, 0]
    total = np.zeros(len(corners))
    for index in range(1, corners.shape[1] - 1):
        b, c = corners[:, index], corners[:, index + 1]
        triple = (first * np.cross(b - first, c - first)).sum(-1)
        cosines = (first * b).sum(-1) + (b * c).sum(-1) + (c * first).sum(-1)
        total += 2.0 * np.arctan2(triple, 1.0 + cosines)
    return total
