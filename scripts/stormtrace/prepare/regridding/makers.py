"""Who makes a regridding matrix, and by which method."""

from pathlib import Path

import numpy as np

from stormtrace.commandline import log
from stormtrace.errors import BadInput
from stormtrace.grids import Grid
from stormtrace.prepare.dataset import Dataset
from stormtrace.prepare.mesh.camse import camse_elements
from stormtrace.prepare.mesh.mesh_cells import MeshCells, cells_of_bounds, read_cells
from stormtrace.prepare.mesh.mesh_reading import dataset_mesh
from stormtrace.prepare.mesh.meshes import Mesh, distance
from stormtrace.prepare.regridding.bilinear import (
    element_bilinear,
    element_spectral,
    rectilinear_bilinear,
)
from stormtrace.prepare.regridding.conservative import cell_conservative, rectilinear_conservative
from stormtrace.prepare.regridding.esmf import (
    bilinear_by_esmpy,
    conservative_by_esmpy,
    matrix_by_xesmf,
)
from stormtrace.prepare.regridding.matrix import RegriddingMatrix
from stormtrace.prepare.regridding.matrix_files import read_matrix, write_matrix
from stormtrace.provenance import provenance


def make_matrix(dataset: Dataset, grid: Grid, path: Path, method: str, maker: str) -> None:
    """Write the matrix from a dataset's mesh to a grid; a user's own is checked and adopted.

    Raises:
        BadInput: no raw file to read the mesh from, a mesh that the method or the maker is not for,
            a grid that the mesh does not cover, a matrix of another mesh or grid.

    """
    mesh = dataset_mesh(dataset)
    matrix, how = matrix_of(dataset, mesh, grid, method, maker)
    log.info("%s: %s, %d links to %d points", path, how, matrix.shares.nnz, grid.size)
    inputs = [name for name in (dataset.regridding_matrix, dataset.mesh) if name is not None]
    write_matrix(path, matrix, mesh, grid, {"map_method": how, **provenance(inputs, maker=maker)})


def matrix_of(
    dataset: Dataset, mesh: Mesh, grid: Grid, method: str = "", maker: str = ""
) -> tuple[RegriddingMatrix, str]:
    """Return the matrix from a dataset's mesh to a grid, and in words how it came about.

    method, maker: instead of the dataset's own.
    """
    method, maker = method or dataset.regrid.method, maker or dataset.regrid.maker
    if dataset.regridding_matrix is not None:
        return read_matrix(dataset.regridding_matrix, mesh, grid), "Adopted as it was"
    if method == "conservative" and mesh.bounds is None:
        mesh = dataset_mesh(dataset, with_bounds=True)
    if maker == "stormtrace":
        return own_matrix(mesh, grid, method, dataset.mesh)
    return esmf_matrix(mesh, grid, method, maker, dataset.mesh)


def own_matrix(
    mesh: Mesh, grid: Grid, method: str = "bilinear", cells: str | None = None
) -> tuple[RegriddingMatrix, str]:
    """Return a matrix of our own making, and in words how it came about.

    cells: a file of the mesh's cells, for `conservative`.
    """
    if method == "conservative":
        if mesh.axes is not None:
            how = "Conservative remapping of a rectilinear mesh"
            return rectilinear_conservative(mesh, grid), how
        found = mesh_cells(mesh, cells)
        whose = f"the cells in {cells}" if cells else "the cells by CF's bounds"
        return cell_conservative(found, grid), f"Conservative remapping of {whose}"
    elements = camse_elements(mesh)
    if method == "spectral":
        if elements is None:
            raise BadInput(f"method spectral needs CAM-SE's own points; these {mesh.size} are not")
        how = f"Spectral-element interpolation of CAM-SE ne{elements.ne}np4"
        return element_spectral(elements, grid), how
    if mesh.axes is not None:
        return rectilinear_bilinear(mesh, grid), "Bilinear remapping of a rectilinear mesh"
    if elements is not None:
        how = f"Bilinear remapping on the GLL points of CAM-SE ne{elements.ne}np4"
        return element_bilinear(elements, grid), how
    from stormtrace.prepare.regridding.delaunay import barycentric  # scipy.spatial starts slowly

    return barycentric(mesh, grid), "Barycentric remapping on a spherical Delaunay mesh"


def esmf_matrix(
    mesh: Mesh, grid: Grid, method: str, maker: str, cells: str | None = None
) -> tuple[RegriddingMatrix, str]:
    """Return a matrix of ESMF's making, by esmpy or xesmf, and in words how it came about."""
    if method not in ("bilinear", "conservative"):
        raise BadInput(f"maker {maker} makes no {method} matrix: use the default maker")
    how = f"{method.capitalize()} remapping by ESMF ({maker})"
    if maker == "xesmf":
        return matrix_by_xesmf(mesh, grid, method), how
    if method == "bilinear":
        return bilinear_by_esmpy(mesh, grid), how
    found = None if mesh.axes is not None else mesh_cells(mesh, cells)
    return conservative_by_esmpy(mesh, grid, found), how


def mesh_cells(mesh: Mesh, path: str | None) -> MeshCells:
    """Return the cells of a mesh that is not rectilinear, from a file of them or by its bounds.

    Raises:
        BadInput: there is none, or it is of other cells.

    """
    if path is None and mesh.bounds is not None:
        return cells_of_bounds(mesh)
    if path is None:
        raise BadInput(
            f"method conservative needs the cells of these {mesh.size} points, and the raw files"
            " have no bounds of their latitudes and longitudes: name a SCRIP, ESMF, UGRID or MPAS"
            " file of the cells with the dataset's key mesh"
        )
    found = read_cells(path, mesh.size)
    middles = Mesh(found.lat, found.lon % 360.0, found.lat.shape)
    width = np.degrees(np.sqrt(4 * np.pi / mesh.size))
    if found.lat.size != mesh.size or distance(middles, mesh).max() > 2 * width:
        raise BadInput(
            f"{path} has {found.lat.size} cells that are not those round the {mesh.size} points of"
            " the raw files, in their order"
        )
    return found
