"""First-order conservative weights: the share of each source cell in each target cell's area."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from stormtrace.grids import Grid
from stormtrace.grids.lattice_overlaps import overlap_areas
from stormtrace.prepare.mesh.cells import Cells
from stormtrace.prepare.mesh.meshes import Mesh, global_axes
from stormtrace.prepare.regridding.matrix import Weights

Floats = NDArray[np.float64]


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
    """Return the weights from any cells with great circles for edges: exact, too."""
    sines = np.sin(np.radians(target.lat_bounds))
    west = np.radians(target.lon_bounds[0])
    row, col, area = overlap_areas(cells.corners, sines, west, target.lon.size)
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
