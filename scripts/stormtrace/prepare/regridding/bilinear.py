"""Interpolating matrices: bilinear on rectilinear meshes and CAM-SE's elements, and spectral."""

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.grids import Grid
from stormtrace.prepare.mesh import camse
from stormtrace.prepare.mesh.mesh_axes import TOLERANCE, MeshAxes, mesh_axes
from stormtrace.prepare.mesh.meshes import Mesh, mesh_of_grid
from stormtrace.prepare.regridding.matrix import RegriddingMatrix

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

#: Shares nearer than this to 0 or 1 are 0 or 1: a target on a source point takes its value.
SNAP = 1e-9


def rectilinear_bilinear(mesh: Mesh, grid: Grid) -> RegriddingMatrix:
    """Bilinear in longitude and latitude.

    Where a global mesh has no row at a pole the pole is the mean of the row next to it, as in
    ESMF. Points of the grid between the outermost row of a regional mesh and its edge are outside.

    Raises:
        BadInput: the grid has points outside the mesh.

    """
    lat, lon = (points.ravel() for points in grid.points)
    check_inside(mesh_axes(mesh), lat, lon)
    return bilinear_to_points(mesh, lat, lon)


def bilinear_to_points(mesh: Mesh, lat: Floats, lon: Floats) -> RegriddingMatrix:
    """Return the matrix from a rectilinear mesh to points inside it, (n,), as for a grid."""
    axes = mesh_axes(mesh)
    low_row, high_row, up = _rows(axes, lat)
    west, east, right = _columns(axes, lon)
    nlat, nlon = axes.lat.size, axes.lon.size
    row, col, share = [], [], []
    for source_row, part in ((low_row, 1 - up), (high_row, up)):
        inside = np.flatnonzero((source_row >= 0) & (source_row < nlat))
        for column, side in ((west, 1 - right), (east, right)):
            row.append(inside)
            col.append(source_row[inside] * axes.width + column[inside])
            share.append(part[inside] * side[inside])
        at_pole = np.flatnonzero(((source_row < 0) | (source_row >= nlat)) & (part != 0))
        nearest = np.where(source_row[at_pole] < 0, axes.rows[0], axes.rows[-1])
        row.append(np.repeat(at_pole, nlon))
        col.append((nearest[:, None] * axes.width + axes.columns).ravel())
        share.append(np.repeat(part[at_pole] / nlon, nlon))
    return RegriddingMatrix.from_parts(row, col, share, mesh.size, lat.size)


def check_inside(axes: MeshAxes, lat: Floats, lon: Floats) -> None:
    """Check that a rectilinear mesh surrounds all points of a grid, (n,).

    Raises:
        BadInput: it does not; says how many are outside, and where the first is.

    """
    outside = np.flatnonzero(axes.outside(lat, lon))
    if outside.size:
        first = outside[0]
        raise BadInput(
            f"the raw files reach {axes.describe()} only; {outside.size} of {lat.size} points of "
            f"the grid lie outside, the first at {lat[first]:.2f}N {lon[first]:.2f}E: choose a "
            "grid inside (a `box`), or files that cover this one"
        )


def element_bilinear(elements: camse.CubedSphere, grid: Grid) -> RegriddingMatrix:
    """Bilinear between the four GLL points round a target, in the angles of the cube's face."""
    face, alpha, beta = camse.locate(mesh_of_grid(grid).xyz)
    angles = camse.gll_angles(elements.ne)
    i, right = _between(angles, alpha)
    j, up = _between(angles, beta)
    lattice = elements.lattice
    col = [lattice[face, j + dj, i + di] for dj in (0, 1) for di in (0, 1)]
    share = [(1 - up) * (1 - right), (1 - up) * right, up * (1 - right), up * right]
    row = [np.arange(face.size)] * 4
    return RegriddingMatrix.from_parts(row, col, share, elements.ncol, face.size)


def element_spectral(elements: camse.CubedSphere, grid: Grid) -> RegriddingMatrix:
    """The model's own polynomials: Lagrange through the 4 × 4 GLL points of the target's element.

    Some 700 times as exact as bilinear on a smooth field, but shares may be negative and a
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
    return RegriddingMatrix.from_parts(row, col, share, elements.ncol, face.size)


def _between(points: Floats, values: Floats) -> tuple[Integers, Floats]:
    """Return the index of the point at or before each value, and the share of the next."""
    index = np.clip(np.searchsorted(points, values, side="right") - 1, 0, points.size - 2)
    share = (values - points[index]) / (points[index + 1] - points[index])
    return index, _snapped(np.clip(share, 0.0, 1.0))


def _snapped(share: Floats) -> Floats:
    share[share < SNAP] = 0.0
    share[share > 1 - SNAP] = 1.0
    return share


def _rows(axes: MeshAxes, target: Floats) -> tuple[Integers, Integers, Floats]:
    """Return for each target latitude the row below, the row above and the share of the latter.

    Rows −1 and nlat stand for a pole at which the mesh has no row.
    """
    extended, rows = axes.lat, axes.rows
    if axes.poles[0] and axes.lat[0] > -90.0 + SNAP:
        extended, rows = np.append(-90.0, extended), np.append(-1, rows)
    if axes.poles[1] and axes.lat[-1] < 90.0 - SNAP:
        extended, rows = np.append(extended, 90.0), np.append(rows, axes.lat.size)
    index, up = _between(extended, target)
    return rows[index], rows[index + 1], up


def _columns(axes: MeshAxes, target: Floats) -> tuple[Integers, Integers, Floats]:
    """Return for each target longitude the columns west and east, and the share of the latter."""
    lon = axes.lon
    ring = np.append(lon, lon[0] + 360.0) if axes.wraps else lon
    # A point within the tolerance west of a regional mesh is at its edge, not a turn away.
    slack = 0.0 if axes.wraps else TOLERANCE
    index, right = _between(ring, (target - ring[0] + slack) % 360.0 - slack + ring[0])
    return axes.columns[index], axes.columns[(index + 1) % lon.size], right


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
