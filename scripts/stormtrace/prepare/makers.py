"""Who makes a weights map, and by which method."""

import logging
from pathlib import Path

from stormtrace.errors import BadInput
from stormtrace.grids import Grid
from stormtrace.prepare.bilinear import element_weights, rectilinear_weights, spectral_weights
from stormtrace.prepare.dataset import Dataset
from stormtrace.prepare.delaunay import delaunay_weights
from stormtrace.prepare.meshes import Mesh, camse_elements, dataset_mesh
from stormtrace.prepare.weights import Weights
from stormtrace.prepare.weights_map import load_map, write_map
from stormtrace.provenance import provenance

METHODS = ("bilinear", "conservative", "spectral")
MAKERS = ("stormtrace", "esmpy")

log = logging.getLogger("stormtrace")


def make_map(dataset: Dataset, grid: Grid, path: Path, method: str, maker: str) -> None:
    """Write the map from a dataset's mesh to a grid; a user's own map is checked and adopted.

    BadInput: no raw file to read the mesh from, a mesh the method is not for, a map of another
    mesh or grid.
    """
    mesh = dataset_mesh(dataset)
    if dataset.weights_map is not None:
        weights, how = load_map(dataset.weights_map, mesh, grid), "adopted"
    else:
        weights, how = own_weights(mesh, grid, method)
    inputs = [dataset.weights_map] if dataset.weights_map is not None else []
    log.info(
        "%s: %s, %d weights for %d points", path, how, weights.matrix.nnz, weights.matrix.shape[0]
    )
    write_map(path, weights, mesh, grid, {"map_method": how, **provenance(inputs, maker=maker)})


def own_weights(mesh: Mesh, grid: Grid, method: str) -> tuple[Weights, str]:
    """Return the weights our own makers give, and in words how they came about."""
    if mesh.axes is not None:
        if method == "bilinear":
            return rectilinear_weights(mesh, grid), "Bilinear remapping of a rectilinear mesh"
        raise BadInput(f"method {method} is not for rectilinear meshes: take bilinear")
    elements = camse_elements(mesh)
    if elements is not None and method == "spectral":
        return spectral_weights(elements, grid), "Spectral-element interpolation (CAM-SE np4)"
    if method != "bilinear":
        raise BadInput(f"method {method} is not for this mesh of {mesh.size} points: take bilinear")
    if elements is not None:
        how = f"Bilinear remapping on the GLL points of CAM-SE ne{elements.ne}np4"
        return element_weights(elements, grid), how
    return delaunay_weights(mesh, grid), "Barycentric remapping on a spherical Delaunay mesh"
