"""Matrices made by ESMF itself, where it is installed (conda: envs/regrid.yaml).

esmpy knows meshes; xesmf makes, from rectilinear sources, the very matrices of a Regridder in a
notebook. They are taken from memory: ESMF's own files need an ESMF built with PIO, and hold neither
sizes nor coordinates. Sources are global; so are targets, but for esmpy's bilinear matrices.

In an environment that mixes pip and conda the two bring different HDF5 libraries, and the first
to be imported must be netCDF4's: so it is imported here, unused.
"""

from types import ModuleType
from typing import Any

import netCDF4  # noqa: F401
import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.grids import Grid
from stormtrace.prepare.mesh.camse import camse_elements, to_lonlat
from stormtrace.prepare.mesh.mesh_axes import MeshAxes, mesh_axes
from stormtrace.prepare.mesh.mesh_cells import MeshCells
from stormtrace.prepare.mesh.meshes import Mesh, mesh_of_grid
from stormtrace.prepare.regridding.matrix import RegriddingMatrix

Floats = NDArray[np.float64]


def bilinear_by_esmpy(mesh: Mesh, grid: Grid) -> RegriddingMatrix:
    """Return ESMF's bilinear matrix from a rectilinear mesh or from CAM-SE's elements.

    Raises:
        BadInput: esmpy is not installed, these points have no elements, or are not global.

    """
    esmpy = _esmpy()
    points = mesh_of_grid(grid)
    target = esmpy.LocStream(points.size, coord_sys=esmpy.CoordSys.SPH_DEG)
    target["ESMF:Lon"], target["ESMF:Lat"] = points.lon, points.lat
    if mesh.axes is not None:
        source = esmpy.Field(_rectilinear(esmpy, _grid_of(mesh)))
    else:
        source = esmpy.Field(_camse(esmpy, mesh), meshloc=esmpy.MeshLoc.NODE)
    method = esmpy.RegridMethod.BILINEAR
    n_a = mesh.size if mesh.axes is None else _global_axes(mesh).places.size
    weights = _regrid(esmpy, source, esmpy.Field(target), method, n_a, points.size)
    return weights if mesh.axes is None else _in_file_order(weights, mesh)


def conservative_by_esmpy(mesh: Mesh, grid: Grid, cells: MeshCells | None) -> RegriddingMatrix:
    """Return ESMF's first-order conservative matrix from a rectilinear mesh or from cells.

    ESMF takes all edges for great circles, those along parallels too.

    Raises:
        BadInput: esmpy is not installed, or mesh or grid are not global and rectilinear.

    """
    _check_global(grid, "esmpy")
    esmpy = _esmpy()
    target = esmpy.Field(_rectilinear(esmpy, grid, corners=True))
    if cells is not None:
        source = esmpy.Field(_polygons(esmpy, cells), meshloc=esmpy.MeshLoc.ELEMENT)
    else:
        source = esmpy.Field(_rectilinear(esmpy, _grid_of(mesh), corners=True))
    method = esmpy.RegridMethod.CONSERVE
    n_a = mesh.size if cells is not None else _global_axes(mesh).places.size
    weights = _regrid(esmpy, source, target, method, n_a, grid.size)
    return weights if cells is not None else _in_file_order(weights, mesh)


def matrix_by_xesmf(mesh: Mesh, grid: Grid, method: str) -> RegriddingMatrix:
    """Return the matrix of `xesmf.Regridder(…, method, periodic=True)`, from a rectilinear mesh.

    Raises:
        BadInput: xesmf is not installed, or mesh or grid are not global and rectilinear (xesmf
            0.9.2 makes no bilinear matrix of others).

    """
    if mesh.axes is None:
        raise BadInput(
            f"maker xesmf is for rectilinear meshes, not for these {mesh.size} points: use maker"
            " esmpy, or the default one"
        )
    _check_global(grid, "xesmf")
    xesmf = _xesmf()
    source = _grid_of(mesh)
    regridder = xesmf.Regridder(
        _corners_and_centres(source), _corners_and_centres(grid), method, periodic=True
    )
    links = regridder.weights.data.to_scipy_sparse().tocoo()
    parts = [links.row], [links.col], [links.data]
    return _in_file_order(RegriddingMatrix.from_parts(*parts, source.size, grid.size), mesh)


def _esmpy() -> ModuleType:
    try:
        import esmpy
    except ImportError as error:
        raise _lacking("esmpy") from error
    esmpy.Manager(debug=False)
    return esmpy


def _xesmf() -> ModuleType:
    try:
        import xesmf
    except ImportError as error:
        raise _lacking("xesmf") from error
    return xesmf


def _lacking(name: str) -> BadInput:
    return BadInput(
        f"maker {name} needs the package {name} with ESMF, which pip cannot install: use the conda"
        " environment envs/regrid.yaml, or the default maker"
    )


def _regrid(
    esmpy: ModuleType, source: Any, target: Any, method: Any, n_a: int, n_b: int
) -> RegriddingMatrix:
    """Return the matrix between two fields of esmpy."""
    regrid = esmpy.Regrid(
        source, target, regrid_method=method, unmapped_action=esmpy.UnmappedAction.ERROR,
        norm_type=esmpy.NormType.FRACAREA, factors=True,
    )  # fmt: skip
    found = regrid.get_weights_dict(deep_copy=True)
    row, col = (found[key].astype(np.int64) - 1 for key in ("row_dst", "col_src"))
    return RegriddingMatrix.from_parts([row], [col], [found["weights"]], n_a, n_b)


def _check_global(grid: Grid, maker: str) -> None:
    if not grid.wraps:
        raise BadInput(
            f"maker {maker} makes such a matrix to global latitude-longitude grids only, not to "
            f"{grid.describe()}: use the default maker"
        )


def _global_axes(mesh: Mesh) -> MeshAxes:
    axes = mesh_axes(mesh)
    if not axes.is_global:
        raise BadInput(
            f"the raw files reach {axes.describe()} only, and ESMF's makers need a global mesh: "
            "use the default maker"
        )
    return axes


def _grid_of(mesh: Mesh) -> Grid:
    """Return a rectilinear mesh with its axes ascending, as cells between them must be."""
    axes = _global_axes(mesh)
    edges, whose = axes.row_cells.edges()
    return Grid(axes.lat, axes.lon, row_edges=edges if edges.size == whose.size + 1 else None)


def _in_file_order(weights: RegriddingMatrix, mesh: Mesh) -> RegriddingMatrix:
    """Return a matrix whose sources are those of `_grid_of(mesh)` with the sources of `mesh`."""
    return weights.of_sources(_global_axes(mesh).places, mesh.size)


def _rectilinear(esmpy: ModuleType, grid: Grid, *, corners: bool = False) -> Any:
    # Longitude first: ESMF counts its first dimension fastest, as the files do their last.
    made = esmpy.Grid(
        np.array(grid.shape[::-1]), staggerloc=esmpy.StaggerLoc.CENTER,
        coord_sys=esmpy.CoordSys.SPH_DEG, num_peri_dims=1, periodic_dim=0, pole_dim=1,
    )  # fmt: skip
    _put(made, grid.lon, grid.lat, esmpy.StaggerLoc.CENTER)
    if corners:
        made.add_coords(staggerloc=esmpy.StaggerLoc.CORNER)
        _put(made, grid.lon_bounds[:-1], grid.lat_bounds, esmpy.StaggerLoc.CORNER)
    return made


def _put(made: Any, lon: Floats, lat: Floats, where: Any) -> None:
    made.get_coords(0, staggerloc=where)[...] = lon[:, None]
    made.get_coords(1, staggerloc=where)[...] = lat


def _camse(esmpy: ModuleType, mesh: Mesh) -> Any:
    elements = camse_elements(mesh)
    if elements is None:
        raise BadInput(
            f"maker esmpy needs a rectilinear mesh or CAM-SE's own points; these {mesh.size} points"
            " have no cells: use the default maker"
        )
    corners = np.full(len(elements.quads), 4)
    return _mesh(esmpy, mesh.lon, mesh.lat, corners, elements.quads.ravel())


def _polygons(esmpy: ModuleType, cells: MeshCells) -> Any:
    """Return a mesh in which every cell has corners of its own: conserving needs no neighbours."""
    repeats = (cells.corners == np.roll(cells.corners, 1, axis=1)).all(axis=2)
    kept = ~repeats
    lon, lat = to_lonlat(cells.corners[kept])
    return _mesh(esmpy, lon, lat, kept.sum(axis=1), np.arange(lon.size))


def _mesh(esmpy: ModuleType, lon: Floats, lat: Floats, corners: NDArray, nodes: NDArray) -> Any:
    """Return a mesh of elements; corners: how many each has; nodes: theirs in order, from 0."""
    mesh = esmpy.Mesh(parametric_dim=2, spatial_dim=2, coord_sys=esmpy.CoordSys.SPH_DEG)
    coordinates = np.stack([lon, lat], axis=1).ravel()
    mesh.add_nodes(lon.size, np.arange(lon.size) + 1, coordinates, np.zeros(lon.size))
    mesh.add_elements(corners.size, np.arange(corners.size) + 1, corners, nodes)
    return mesh


def _corners_and_centres(grid: Grid) -> dict[str, Floats]:
    """Return a grid as xesmf takes it."""
    return {"lat": grid.lat, "lon": grid.lon, "lat_b": grid.lat_bounds, "lon_b": grid.lon_bounds}
