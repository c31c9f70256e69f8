"""First-order conservative matrices: the share of each source cell in each target cell's area."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from stormtrace.errors import BadInput
from stormtrace.grids import Grid
from stormtrace.grids.lattice_overlaps import lattice_overlaps
from stormtrace.grids.polygon_overlaps import polygon_overlaps
from stormtrace.grids.polygons import cell_polygons
from stormtrace.prepare.mesh.axis_cells import AxisCells
from stormtrace.prepare.mesh.mesh_axes import MeshAxes, mesh_axes
from stormtrace.prepare.mesh.mesh_cells import MeshCells
from stormtrace.prepare.mesh.meshes import POSITION_TOLERANCE, Mesh
from stormtrace.prepare.regridding.matrix import RegriddingMatrix

Floats = NDArray[np.float64]

#: Share of a target cell that the source must cover.
COVERED = 0.5


def rectilinear_conservative(mesh: Mesh, target: Grid) -> RegriddingMatrix:
    """Return the matrix from cells bounded by meridians and parallels: exact.

    Cells are those of the file's bounds, or reach half-way to the next point (`axis_cells`). To a
    rectilinear grid the overlap of two cells is a difference of sines of latitude times one of
    longitudes; cells of other grids are polygons of great circles.

    Raises:
        BadInput: the mesh leaves target cells uncovered.

    """
    axes = mesh_axes(mesh)
    own = _steradians(target)
    if target.is_rectilinear:
        areas, own = _between_axes(axes, target), np.degrees(own)
    else:
        areas = _to_polygons(axes, cell_polygons(target))
    areas = RegriddingMatrix(sparse.csr_matrix(areas)).of_sources(axes.places, mesh.size).shares
    holes = mesh.bounds is not None and axes.has_holes
    between = ", with gaps between the bounds of the cells, and" if holes else ""
    return _normalized(areas, own, target, f"the raw files reach {axes.describe()}{between}")


def _between_axes(axes: MeshAxes, target: Grid) -> sparse.csr_matrix:
    """Return the overlaps of rectilinear cells, in units of sin φ times degrees."""
    sines = AxisCells(*(np.sin(np.radians(edges)) for edges in axes.row_cells))
    rows = _overlap(sines, np.sin(np.radians(target.lat_bounds)))
    low, high = axes.column_cells
    turns = (-720.0, -360.0, 0.0, 360.0, 720.0)
    columns = sum(_overlap(AxisCells(low + turn, high + turn), target.lon_bounds) for turn in turns)
    return sparse.kron(rows, columns, format="csr")


def _to_polygons(axes: MeshAxes, polygons: Floats) -> sparse.csr_matrix:
    """Return the areas that polygons share with rectilinear cells, steradians."""
    (lat_edges, row), (lon_edges, column) = axes.row_cells.edges(), axes.column_cells.edges()
    wraps = bool(lon_edges[-1] - lon_edges[0] > 360.0 - POSITION_TOLERANCE)
    shared = lattice_overlaps(polygons, lat_edges, lon_edges, wraps).T.tocsc()
    return shared[:, (row[:, None] * (lon_edges.size - 1) + column).ravel()]


def cell_conservative(cells: MeshCells, target: Grid) -> RegriddingMatrix:
    """Return the matrix from any convex cells with great circles for edges: exact, too.

    Raises:
        BadInput: the mesh leaves target cells uncovered.

    """
    if target.is_rectilinear:
        edges = target.lat_bounds, target.lon_bounds, target.wraps
        areas = lattice_overlaps(cells.corners, *edges)
    else:
        areas = polygon_overlaps(cells.corners, cell_polygons(target))
    span = f"the cells reach from {cells.lat.min():.2f}N to {cells.lat.max():.2f}N"
    return _normalized(areas, _steradians(target), target, span)


def _steradians(target: Grid) -> Floats:
    """Return the area of each cell, (n_b,)."""
    return target.area.ravel() / target.radius_km**2


def _normalized(areas: sparse.csr_matrix, own: Floats, target: Grid, span: str) -> RegriddingMatrix:
    """Return overlaps as shares; own: areas of the target's cells in the same units, (n_b,)."""
    areas.sum_duplicates()
    areas.eliminate_zeros()
    sums = np.asarray(areas.sum(axis=1)).ravel()
    bare = np.flatnonzero(sums < COVERED * own)
    if bare.size:
        lat, lon = (points.flat[bare[0]] for points in target.points)
        raise BadInput(
            f"{span} only; {bare.size} of {sums.size} cells of the grid lie outside by half or "
            f"more, the first at {lat:.2f}N {lon:.2f}E: choose a grid inside (a `box`), or files "
            "that cover this one"
        )
    return RegriddingMatrix(sparse.csr_matrix(sparse.diags_array(1.0 / sums) @ areas))


def _overlap(source: AxisCells, target: Floats) -> sparse.csr_matrix:
    """Return the lengths that cells share with those between edges, (target, source)."""
    low = np.maximum(source.low, target[:-1, None])
    high = np.minimum(source.high, target[1:, None])
    return sparse.csr_matrix(np.clip(high - low, 0.0, None))
