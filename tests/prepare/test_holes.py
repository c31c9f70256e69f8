import numpy as np
import pytest

from stormtrace.grids import make_grid
from stormtrace.prepare.fill_missing import fill_nearest
from stormtrace.prepare.mesh import camse
from stormtrace.prepare.mesh.meshes import Mesh, mesh_of_axes, mesh_of_grid

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


@pytest.mark.parametrize("kind", ["usual", "north first", "shuffled", "cyclic", "east first"])
def test_holes_are_filled_by_the_nearest_of_all_points(kind):
    """Against a search of all points, on meshes whose rows follow each other and on others."""
    rng = np.random.default_rng(5)
    lat, lon = np.linspace(-88, 88, 23), np.arange(-180.0, 180, 9)
    lat = {"north first": lat[::-1], "shuffled": rng.permutation(lat)}.get(kind, lat)
    lon = {"cyclic": np.append(lon, 180.0), "east first": lon[::-1]}.get(kind, lon)
    mesh = mesh_of_axes(lat, lon)
    values = rng.standard_normal(mesh.size)
    hole = rng.random(mesh.size) < 0.6
    values[hole] = np.nan
    away = np.linalg.norm(mesh.xyz[hole][:, None] - mesh.xyz[~hole], axis=2)
    filled = values.copy()
    assert fill_nearest(filled, mesh) == hole.sum()
    taken = np.abs(filled[hole][:, None] - values[~hole]).argmin(axis=1)
    np.testing.assert_allclose(away[np.arange(hole.sum()), taken], away.min(axis=1), atol=1e-12)
