"""The cells of a mesh, read from a SCRIP, ESMF or UGRID file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.grids.polygons import counterclockwise
from stormtrace.prepare.mesh.camse import to_xyz

Floats = NDArray[np.float64]


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


def read_cells(path: str) -> MeshCells:
    """Read a mesh file.

    Raises:
        BadInput: it is not there, or uxarray cannot read it.

    """
    import uxarray  # slow to import, and needed by few

    if not Path(path).is_file():
        raise BadInput(f"the mesh file {path} does not exist")
    try:
        grid = uxarray.open_grid(path)
        nodes = to_xyz(grid.node_lon.values, grid.node_lat.values)
        faces = grid.face_node_connectivity.values
        counts = grid.n_nodes_per_face.values
        lat, lon = grid.face_lat.values, grid.face_lon.values
    except Exception as error:  # uxarray raises whatever its readers do
        raise BadInput(
            f"{path} is not a mesh that uxarray can read (SCRIP, ESMF or UGRID): {error}"
        ) from error
    columns = np.minimum(np.arange(faces.shape[1]), counts[:, None] - 1)
    corners = nodes[np.take_along_axis(faces, columns, axis=1)]
    return MeshCells(lat, lon, counterclockwise(corners))
