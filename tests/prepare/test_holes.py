import numpy as np
import pytest

from stormtrace.grids import make_grid
from stormtrace.prepare.fill_missing import fill_nearest
from stormtrace.prepare.mesh import camse
from stormtrace.prepare.mesh.meshes import Mesh, mesh_of_grid

GRID = mesh_of_grid(make_grid({"nlat": 37, "nlon": 72, "first_lon": -180}))
CUBE = camse.columns(5)
CLOUD = Mesh(CUBE.lat, CUBE.lon, (CUBE.ncol,))


def cap(mesh, lat, lon, radius):
    centre = camse.to_xyz(np.array([lon]), np.array([lat]))[0]
    return mesh.xyz @ centre > np.cos(np.radians(radius))


@pytest.mark.parametrize("mesh", [GRID, CLOUD], ids=["rectilinear", "cloud"])
@pytest.mark.parametrize(
    ("lat", "lon", "radius"), [(-90, 0, 25), (35, 90, 12), (0, 180, 30), (88, 10, 6)]
)
def test_each_hole_gets_the_value_of_a_nearest_valid_point(mesh, lat, lon, radius):
    hole = cap(mesh, lat, lon, radius)
    truth = np.random.default_rng(1).standard_normal(mesh.size)
    values = np.where(hole, np.nan, truth)
    assert fill_nearest(values, mesh) == hole.sum() > 0
    np.testing.assert_array_equal(values[~hole], truth[~hole])
    valid = np.flatnonzero(~hole)
    for index in np.flatnonzero(hole):
        distance = np.linalg.norm(mesh.xyz[valid] - mesh.xyz[index], axis=1)
        nearest = valid[distance <= distance.min() + 1e-12]  # ties are common on a grid
        assert values[index] in truth[nearest]


def test_nothing_to_fill_and_nothing_to_fill_from():
    values = np.ones(GRID.size)
    assert fill_nearest(values, GRID) == 0
    with pytest.raises(ValueError, match="not one valid"):
        fill_nearest(np.full(GRID.size, np.nan), GRID)
