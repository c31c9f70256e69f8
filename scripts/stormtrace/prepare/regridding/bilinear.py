"""Bilinear weights: rectilinear meshes, and CAM-SE's spectral elements."""

import numpy as np
from numpy.typing import NDArray

from stormtrace.grids import Grid
from stormtrace.prepare.mesh import camse
from stormtrace.prepare.mesh.meshes import Mesh, global_axes, mesh_of_grid
from stormtrace.prepare.regridding.matrix import Weights

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SNAP = 1e-9
"""Shares nearer than this to 0 or 1 are 0 or 1: a point on a point takes its value."""


def rectilinear_weights(mesh: Mesh, grid: Grid) -> Weights:
    """Bilinear in longitude (periodic) and latitude.

    Where the mesh has no row at a pole the pole is the mean of the row next to it, as in ESMF.
    BadInput: the mesh is not global.
    """
    lat, lon = global_axes(mesh)
    low_row, high_row, up = _rows(lat, grid.lat)
    west, east, right = _columns(lon, grid.lon)
    row, col, share = [], [], []
    target = np.arange(grid.lat.size * grid.lon.size).reshape(grid.shape)
    for source_row, part in ((low_row, 1 - up), (high_row, up)):
        inside = np.flatnonzero((source_row >= 0) & (source_row < lat.size))
        for column, side in ((west, 1 - right), (east, right)):
            row.append(target[inside].ravel())
            col.append((source_row[inside, None] * lon.size + column).ravel())
            share.append((part[inside, None] * side).ravel())
        for outside in np.flatnonzero((source_row < 0) | (source_row >= lat.size)):
            if not part[outside]:
                continue
            nearest = int(np.argmin(lat) if grid.lat[outside] < 0 else np.argmax(lat))
            row.append(np.repeat(target[outside], lon.size))
            col.append(np.tile(nearest * lon.size + np.arange(lon.size), grid.lon.size))
            share.append(np.full(grid.lon.size * lon.size, part[outside] / lon.size))
    return Weights.from_parts(row, col, share, mesh.size, target.size)


def element_weights(elements: camse.Mesh, grid: Grid) -> Weights:
    """Bilinear between the four GLL points round a target, in the angles of the cube's face."""
    face, alpha, beta = camse.locate(mesh_of_grid(grid).xyz)
    angles = camse.gll_angles(elements.ne)
    i, right = _between(angles, alpha)
    j, up = _between(angles, beta)
    lattice = elements.lattice
    col = [lattice[face, j + dj, i + di] for dj in (0, 1) for di in (0, 1)]
    share = [(1 - up) * (1 - right), (1 - up) * right, up * (1 - right), up * right]
    row = [np.arange(face.size)] * 4
    return Weights.from_parts(row, col, share, elements.ncol, face.size)


def spectral_weights(elements: camse.Mesh, grid: Grid) -> Weights:
    """The model's own polynomials: Lagrange through the 4 × 4 GLL points of the target's element.

    Some 700 times as exact as bilinear on a smooth field, but weights may be negative and a
    field's extremes are overshot.
    """
    face, alpha, beta = camse.locate(mesh_of_grid(grid).xyz)
    i, across = _lagrange(alpha, elements.ne)
    j, along = _lagrange(beta, elements.ne)
    row, col, share = [], [], []
    for dj in range(4):
        for di in range(4):
            row.append(np.arange(face.size))
            col.append(elements.lattice[face, 3 * j + dj, 3 * i + di])
            share.append(along[:, dj] * across[:, di])
    return Weights.from_parts(row, col, share, elements.ncol, face.size)


def _between(points: Floats, values: Floats) -> tuple[Integers, Floats]:
    """Return the index of the point at or before each value, and the share of the next."""
    index = np.clip(np.searchsorted(points, values, side="right") - 1, 0, points.size - 2)
    share = (values - points[index]) / (points[index + 1] - points[index])
    return index, _snapped(np.clip(share, 0.0, 1.0))


def _snapped(share: Floats) -> Floats:
    share[share < SNAP] = 0.0
    share[share > 1 - SNAP] = 1.0
    return share


def _rows(lat: Floats, target: Floats) -> tuple[Integers, Integers, Floats]:
    """Return for each target latitude the row below, the row above and the share of the latter.

    Rows −1 and nlat stand for a pole the mesh has no row at.
    """
    order = np.argsort(lat)
    extended, rows = lat[order], order
    if lat.min() > -90.0 + SNAP:
        extended, rows = np.append(-90.0, extended), np.append(-1, rows)
    if lat.max() < 90.0 - SNAP:
        extended, rows = np.append(extended, 90.0), np.append(rows, lat.size)
    index, up = _between(extended, target)
    return rows[index], rows[index + 1], up


def _columns(lon: Floats, target: Floats) -> tuple[Integers, Integers, Floats]:
    """Return for each target longitude the columns west and east, and the share of the latter."""
    order = np.argsort(lon)
    ring = np.append(lon[order], lon[order[0]] + 360.0)
    index, right = _between(ring, (target - ring[0]) % 360.0 + ring[0])
    return order[index], order[(index + 1) % lon.size], right


def _lagrange(angle: Floats, ne: int) -> tuple[Integers, Floats]:
    """Return the element of each angle and the four polynomials there, (n, 4)."""
    place = (angle + np.pi / 4) / (np.pi / 2) * ne
    element = np.clip(np.floor(place).astype(np.int64), 0, ne - 1)
    x = (2 * (place - element) - 1)[:, None]
    points = camse.GLL_POINTS
    share = np.empty((angle.size, 4))
    for own in range(4):
        others = np.delete(points, own)
        share[:, own] = np.prod((x - others) / (points[own] - others), axis=1)
    return element, share
