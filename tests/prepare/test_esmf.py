import importlib.util

import numpy as np
import pytest

from stormtrace.errors import BadInput
from stormtrace.grids import make_grid
from stormtrace.prepare.mesh import camse
from stormtrace.prepare.mesh.mesh_cells import MeshCells
from stormtrace.prepare.mesh.meshes import Mesh, mesh_of_axes
from stormtrace.prepare.regridding.conservative import cell_conservative
from stormtrace.prepare.regridding.esmf import conservative_by_esmpy
from stormtrace.prepare.regridding.makers import esmf_matrix, own_matrix

TARGET = make_grid({"nlat": 46, "nlon": 72})
FINE = make_grid({"nlat": 181, "nlon": 360})
CUBE = camse.columns(30)
CLOUD = Mesh(CUBE.lat[:99], CUBE.lon[:99], (99,))
RECTILINEAR = mesh_of_axes(np.linspace(90, -90, 91), -180 + 2.5 * np.arange(144))
MESHES = {"CAM-SE": Mesh(CUBE.lat, CUBE.lon, (CUBE.ncol,)), "MERRA-2": RECTILINEAR}

needs_esmpy = pytest.mark.skipif(
    importlib.util.find_spec("esmpy") is None,
    reason="esmpy is not installed (it comes with conda, not pip)",
)
needs_xesmf = pytest.mark.skipif(
    importlib.util.find_spec("esmpy") is None or importlib.util.find_spec("xesmf") is None,
    reason="xesmf is not installed with ESMF (it comes with conda, not pip)",
)


def smooth(mesh):
    lat, lon = np.radians(mesh.lat), np.radians(mesh.lon)
    return 2 + np.cos(lat) ** 2 * np.cos(2 * lon) + 0.1 * np.sin(lat)


def gll_cells():
    quads = CUBE.quads
    corners = camse.to_xyz(CUBE.lon, CUBE.lat)[quads]
    middle = corners.mean(axis=1)
    lon, lat = camse.to_lonlat(middle)
    return MeshCells(lat, lon, corners)


@needs_esmpy
@pytest.mark.parametrize("name", MESHES)
def test_esmpys_bilinear_maps_are_ours(name):
    mesh = MESHES[name]
    theirs, how = esmf_matrix(mesh, TARGET, "bilinear", "esmpy")
    assert "ESMF (esmpy)" in how
    np.testing.assert_allclose(theirs.shares.sum(axis=1), 1.0, atol=1e-12)
    ours = own_matrix(mesh, TARGET)[0]
    np.testing.assert_allclose(theirs.shares @ smooth(mesh), ours.shares @ smooth(mesh), atol=1e-4)


@needs_esmpy
def test_esmpys_conservative_map_of_cells_is_ours():
    """But for the target's parallels, which ESMF takes for great circles: it matters little at 1°."""
    cells = gll_cells()
    mesh = Mesh(cells.lat, cells.lon, cells.lat.shape)
    theirs = conservative_by_esmpy(mesh, FINE, cells).shares @ smooth(mesh)
    ours = cell_conservative(cells, FINE).shares @ smooth(mesh)
    np.testing.assert_allclose(theirs, ours, atol=1e-4)


@needs_esmpy
def test_esmpys_conservative_map_of_a_rectilinear_mesh_is_ours():
    theirs, _ = esmf_matrix(RECTILINEAR, TARGET, "conservative", "esmpy")
    ours, _ = own_matrix(RECTILINEAR, TARGET, "conservative")
    field = smooth(RECTILINEAR)
    np.testing.assert_allclose(theirs.shares @ field, ours.shares @ field, atol=1e-3)


@needs_xesmf
@pytest.mark.parametrize(("method", "atol"), [("bilinear", 1e-4), ("conservative", 1e-3)])
def test_xesmfs_maps_of_a_rectilinear_mesh_are_ours(method, atol):
    theirs, how = esmf_matrix(RECTILINEAR, TARGET, method, "xesmf")
    assert "ESMF (xesmf)" in how
    ours, _ = own_matrix(RECTILINEAR, TARGET, method)
    field = smooth(RECTILINEAR)
    np.testing.assert_allclose(theirs.shares @ field, ours.shares @ field, atol=atol)


def test_what_esmf_makes_no_matrix_of():
    with pytest.raises(BadInput, match="maker xesmf is for rectilinear meshes, not for these 99"):
        esmf_matrix(CLOUD, TARGET, "bilinear", "xesmf")
    with pytest.raises(BadInput, match="maker esmpy makes no spectral matrix"):
        esmf_matrix(CLOUD, TARGET, "spectral", "esmpy")
    with pytest.raises(BadInput, match="conservative needs the cells of these 99 points"):
        esmf_matrix(CLOUD, TARGET, "conservative", "esmpy")


@pytest.mark.parametrize("maker", ["esmpy", "xesmf"])
@pytest.mark.skipif(importlib.util.find_spec("esmpy") is not None, reason="esmpy is installed")
def test_without_esmf_one_sentence_says_so(maker):
    with pytest.raises(BadInput, match=rf"needs the package {maker} .*envs/regrid\.yaml"):
        esmf_matrix(RECTILINEAR, TARGET, "bilinear", maker)
