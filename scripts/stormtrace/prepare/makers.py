"""Who makes a weights map, and by which method."""

import logging
from pathlib import Path

import numpy as np

from stormtrace.errors import BadInput
from stormtrace.grids import Grid
from stormtrace.prepare.bilinear import element_weights, rectilinear_weights, spectral_weights
from stormtrace.prepare.cells import read_cells
from stormtrace.prepare.conservative import cell_conservative, rectilinear_conservative
from stormtrace.prepare.dataset import Dataset
from stormtrace.prepare.delaunay import delaunay_weights
from stormtrace.prepare.esmf import esmf_weights
from stormtrace.prepare.meshes import Mesh, camse_elements, dataset_mesh, distance
from stormtrace.prepare.weights import Weights
from stormtrace.prepare.weights_map import load_map, write_map
from stormtrace.provenance import provenance

log = logging.getLogger("stormtrace")


def make_map(dataset: Dataset, grid: Grid, path: Path, method: str, maker: str) -> None:
    """Write the map from a dataset's mesh to a grid; a user's own map is checked and adopted.

    BadInput: no raw file to read the mesh from, a mesh the method is not for, a map of another
    mesh or grid.
    """
    mesh = dataset_mesh(dataset)
    if dataset.weights_map is not None:
        weights, how = load_map(dataset.weights_map, mesh, grid), "Adopted as it was"
    elif maker == "esmpy":
        weights, how = _esmf(mesh, grid, method)
    elif method == "conservative":
        weights, how = conservative_weights(mesh, grid, dataset.mesh)
    else:
        weights, how = own_weights(mesh, grid, method)
    log.info(
        "%s: %s, %d weights for %d points",
        path,
        how,
        weights.matrix.nnz,
        grid.lat.size * grid.lon.size,
    )
    inputs = [name for name in (dataset.weights_map, dataset.mesh) if name is not None]
    write_map(path, weights, mesh, grid, {"map_method": how, **provenance(inputs, maker=maker)})


def own_weights(mesh: Mesh, grid: Grid, method: str = "bilinear") -> tuple[Weights, str]:
    """Return weights that interpolate, and in words how they came about."""
    elements = camse_elements(mesh)
    if method == "spectral":
        if elements is None:
            raise BadInput(f"method spectral needs CAM-SE's own points; these {mesh.size} are not")
        how = f"Spectral-element interpolation of CAM-SE ne{elements.ne}np4"
        return spectral_weights(elements, grid), how
    if mesh.axes is not None:
        return rectilinear_weights(mesh, grid), "Bilinear remapping of a rectilinear mesh"
    if elements is not None:
        how = f"Bilinear remapping on the GLL points of CAM-SE ne{elements.ne}np4"
        return element_weights(elements, grid), how
    return delaunay_weights(mesh, grid), "Barycentric remapping on a spherical Delaunay mesh"


def conservative_weights(mesh: Mesh, grid: Grid, cells: str | None) -> tuple[Weights, str]:
    """Return first-order conservative weights; `cells` is a file of the mesh's cells.

    BadInput: the mesh is not rectilinear and there is no such file, or it is of other cells.
    """
    if mesh.axes is not None:
        return rectilinear_conservative(mesh, grid), "Conservative remapping of a rectilinear mesh"
    if cells is None:
        raise BadInput(
            f"method conservative needs the cells of these {mesh.size} points: name a SCRIP, ESMF"
            " or UGRID file of them with the dataset's key mesh"
        )
    found = read_cells(cells)
    middles = Mesh(found.lat, found.lon % 360.0, found.lat.shape)
    width = np.degrees(np.sqrt(4 * np.pi / mesh.size))
    if found.lat.size != mesh.size or distance(middles, mesh).max() > 2 * width:
        raise BadInput(
            f"{cells} has {found.lat.size} cells that are not those round the {mesh.size} points of"
            " the raw files, in their order"
        )
    return cell_conservative(found, grid), f"Conservative remapping of the cells in {cells}"


def _esmf(mesh: Mesh, grid: Grid, method: str) -> tuple[Weights, str]:
    if method != "bilinear":
        raise BadInput(f"maker esmpy makes bilinear maps here; for {method} use the default maker")
    return esmf_weights(mesh, grid), "Bilinear remapping by ESMF (esmpy)"
