import importlib.util

import numpy as np
import pytest

from stormtrace.errors import BadInput
from stormtrace.grids import Grid, make_grid
from stormtrace.prepare import camse
from stormtrace.prepare.esmf import esmf_weights
from stormtrace.prepare.makers import own_weights
from stormtrace.prepare.meshes import Mesh, mesh_of_grid

TARGET = make_grid({"nlat": 46, "nlon": 72})
CUBE = camse.columns(15)
MESHES = {
    "CAM-SE": Mesh(CUBE.lat, CUBE.lon, (CUBE.ncol,)),
    "MERRA-2": mesh_of_grid(Grid(np.linspace(-90, 90, 91), -180 + 2.5 * np.arange(144))),
}
HAS_ESMPY = importlib.util.find_spec("esmpy") is not None


@pytest.mark.skipif(not HAS_ESMPY, reason="esmpy is not installed (it comes with conda, not pip)")
@pytest.mark.parametrize("name", MESHES)
def test_esmf_and_we_agree(name):
    mesh = MESHES[name]
    theirs, ours = esmf_weights(mesh, TARGET), own_weights(mesh, TARGET)[0]
    field = 2 + np.cos(np.radians(mesh.lat)) ** 2 * np.cos(2 * np.radians(mesh.lon))
    np.testing.assert_allclose(theirs.matrix @ field, ours.matrix @ field, atol=1e-4)


@pytest.mark.skipif(HAS_ESMPY, reason="esmpy is installed")
def test_without_esmpy_one_sentence_says_so():
    with pytest.raises(BadInput, match=r"needs the package esmpy.*envs/regrid\.yaml"):
        esmf_weights(MESHES["CAM-SE"], TARGET)
