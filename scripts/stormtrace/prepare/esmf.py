"""Weights made by ESMF itself, where esmpy is installed (conda: envs/regrid.yaml).

What esmpy writes is read back by our own loader, so a map of ESMF's goes through the same checks
as any other. netCDF4 is imported before esmpy (by the loader): in an environment that mixes pip
and conda the two bring different HDF5 libraries, and the first one must be netCDF4's.
"""

import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from stormtrace.errors import BadInput
from stormtrace.grids import Grid
from stormtrace.prepare.meshes import Mesh, camse_elements, mesh_of_grid
from stormtrace.prepare.weights import Weights
from stormtrace.prepare.weights_map import load_map


def esmf_weights(mesh: Mesh, grid: Grid) -> Weights:
    """Return ESMF's bilinear weights from a rectilinear mesh or from CAM-SE's elements.

    BadInput: esmpy is not installed, or ESMF would need cells that these points do not have.
    """
    esmpy = _esmpy()
    esmpy.Manager(debug=False)
    source = _source(esmpy, mesh)
    points = mesh_of_grid(grid)
    target = esmpy.LocStream(points.size, coord_sys=esmpy.CoordSys.SPH_DEG)
    target["ESMF:Lon"], target["ESMF:Lat"] = points.lon, points.lat
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "esmf.nc"
        esmpy.Regrid(
            source,
            esmpy.Field(target),
            filename=str(path),
            regrid_method=esmpy.RegridMethod.BILINEAR,
            unmapped_action=esmpy.UnmappedAction.ERROR,
            large_file=True,
        )
        return load_map(path, mesh, grid)


def _esmpy() -> ModuleType:
    try:
        import esmpy
    except ImportError as error:
        raise BadInput(
            "maker esmpy needs the package esmpy, which pip cannot install: use the conda"
            " environment envs/regrid.yaml, or the default maker"
        ) from error
    return esmpy


def _source(esmpy: ModuleType, mesh: Mesh) -> Any:
    """Return a field on the mesh."""
    if mesh.axes is not None:
        return esmpy.Field(_rectilinear(esmpy, mesh))
    elements = camse_elements(mesh)
    if elements is None:
        raise BadInput(
            f"maker esmpy needs a rectilinear mesh or CAM-SE's own points; these {mesh.size} points"
            " have no cells: use the default maker"
        )
    quads = elements.quads
    cube = esmpy.Mesh(parametric_dim=2, spatial_dim=2, coord_sys=esmpy.CoordSys.SPH_DEG)
    coordinates = np.stack([mesh.lon, mesh.lat], axis=1).ravel()
    cube.add_nodes(mesh.size, np.arange(mesh.size) + 1, coordinates, np.zeros(mesh.size))
    kinds = np.full(len(quads), esmpy.MeshElemType.QUAD)
    cube.add_elements(len(quads), np.arange(len(quads)) + 1, kinds, quads.ravel())
    return esmpy.Field(cube, meshloc=esmpy.MeshLoc.NODE)


def _rectilinear(esmpy: ModuleType, mesh: Mesh) -> Any:
    nlat, nlon = mesh.shape
    # Longitude first: ESMF counts its first dimension fastest, as the files do their last.
    grid = esmpy.Grid(
        np.array([nlon, nlat]),
        staggerloc=esmpy.StaggerLoc.CENTER,
        coord_sys=esmpy.CoordSys.SPH_DEG,
        num_peri_dims=1,
        periodic_dim=0,
        pole_dim=1,
    )
    grid.get_coords(0)[...] = mesh.lon.reshape(mesh.shape).T
    grid.get_coords(1)[...] = mesh.lat.reshape(mesh.shape).T
    return grid
