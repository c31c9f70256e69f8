"""The cells of a mesh, by CF's bounds or from a SCRIP, ESMF, UGRID or MPAS file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.grids.polygons import counterclockwise, polygon_areas
from stormtrace.prepare.mesh.camse import to_xyz
from stormtrace.prepare.mesh.mesh_bounds import read_bounds
from stormtrace.prepare.mesh.meshes import Mesh, cured_longitude
from stormtrace.prepare.raw.degrees import in_degrees
from stormtrace.prepare.raw.horizontal import pair_of_size
from stormtrace.prepare.raw.raw_formats import open_raw_file
from stormtrace.sphere import unit_vectors

Floats = NDArray[np.float64]

#: By how much cells may cover more than the globe.
COVER_TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False)
class MeshCells:
    """Convex cells on the sphere with great circles for edges, in the order of the file.

    lat, lon: of the middles, degrees, (n,).
    corners: unit vectors, (n, k, 3), counterclockwise from outside; cells with fewer than k
        corners repeat their last.
    """

    lat: Floats
    lon: Floats
    corners: Floats


def read_cells(path: str, size: int) -> MeshCells:
    """Read the cells of `size` points from a file of a mesh.

    Raises:
        BadInput: it is not there, or has neither CF's bounds nor what uxarray can read.

    """
    mesh = cf_mesh(path, size)
    if mesh is not None and mesh.bounds is not None:
        return cells_of_bounds(mesh)
    import uxarray  # slow to import, and needed by few

    try:
        grid = uxarray.open_grid(path)
        nodes = to_xyz(grid.node_lon.values, grid.node_lat.values)
        faces = grid.face_node_connectivity.values
        counts = grid.n_nodes_per_face.values
        lat, lon = grid.face_lat.values, grid.face_lon.values
    except Exception as error:  # uxarray raises whatever its readers do
        raise BadInput(
            f"{path} is not a mesh that uxarray can read (SCRIP, ESMF, UGRID or MPAS), and has no"
            f" latitudes and longitudes of {size} points with CF's bounds: {error}"
        ) from error
    columns = np.minimum(np.arange(faces.shape[1]), counts[:, None] - 1)
    corners = nodes[np.take_along_axis(faces, columns, axis=1)]
    return MeshCells(lat, lon, counterclockwise(corners))


def cf_mesh(path: str, size: int) -> Mesh | None:
    """Return `size` points of a mesh file by its latitudes and longitudes, or None.

    Raises:
        BadInput: the file is not there.

    """
    if not Path(path).is_file():
        raise BadInput(f"the mesh file {path} does not exist")
    try:
        opened = open_raw_file(path)
    except BadInput:  # uxarray reads other formats, too
        return None
    with opened:
        pair = pair_of_size(opened, size)
        if pair is None:
            return None
        lat, lon = in_degrees(pair)
        bounds = read_bounds(opened, pair, None, axes=False)
        return Mesh(lat.ravel(), cured_longitude(lon.ravel()), lat.shape, bounds=bounds)


def cells_of_bounds(mesh: Mesh) -> MeshCells:
    """Return the cells whose corners are a mesh's bounds, in whatever order they come.

    Raises:
        BadInput: they have fewer than three corners, are not around their points, or overlap.

    """
    assert mesh.bounds is not None
    corners = np.moveaxis(unit_vectors(*mesh.bounds), 0, -1)
    corners = _around(_filled(corners))
    middle = corners.mean(axis=1)
    reach = np.linalg.norm(corners - middle[:, None], axis=2).max(axis=1)
    away = np.linalg.norm(mesh.xyz - middle, axis=1)
    bad = np.flatnonzero(~(away <= reach) | (reach == 0))
    total = polygon_areas(corners).sum() / (4 * np.pi)
    if bad.size or total > 1 + COVER_TOLERANCE:
        where = f"the first at {mesh.place(int(bad[0]))}; " if bad.size else ""
        raise BadInput(
            f"the bounds of {bad.size} of the {mesh.size} points are no cells around them ({where}"
            f"all together cover {total:.4f} of the globe): give a file of the cells with `mesh`"
        )
    return MeshCells(mesh.lat, mesh.lon, corners)


def _filled(corners: Floats) -> Floats:
    """Return corners (n, k, 3) with the first of their cell for those that are missing."""
    known = np.atleast_2d(np.isfinite(corners).all(axis=2))
    first = np.take_along_axis(corners, known.argmax(axis=1)[:, None, None], axis=1)
    return np.where(known[:, :, None], corners, first)


def _around(corners: Floats) -> Floats:
    """Return corners (n, k, 3) counterclockwise round the middle of their cell.

    By their angle in the plane that touches the sphere at the middle; a cell is convex.
    """
    middle = corners.mean(axis=1)
    pole = np.where(np.abs(middle[:, 2:]) < 0.9, [0.0, 0.0, 1.0], [1.0, 0.0, 0.0])
    east = np.cross(pole, middle)
    east /= np.linalg.norm(east, axis=1, keepdims=True)
    north = np.cross(middle, east)
    away = corners - middle[:, None]
    angle = np.arctan2((away * north[:, None]).sum(axis=2), (away * east[:, None]).sum(axis=2))
    return np.take_along_axis(corners, angle.argsort(axis=1)[:, :, None], axis=1)
