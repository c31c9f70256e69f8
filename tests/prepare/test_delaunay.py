import numpy as np
import pytest

from analytic import errors, y2
from stormtrace.errors import BadInput
from stormtrace.grids import Grid, make_grid
from stormtrace.prepare.mesh import camse
from stormtrace.prepare.mesh.meshes import Mesh, mesh_of_grid
from stormtrace.prepare.regridding.delaunay import barycentric

GRID = make_grid({"nlat": 60, "nlon": 90})


def fibonacci(count):
    """Points spread evenly over the sphere, in no order a structured mesh would have."""
    k = np.arange(count) + 0.5
    lat = np.degrees(np.arcsin(1 - 2 * k / count))
    return Mesh(lat, np.degrees(np.pi * (1 + 5**0.5) * k) % 360.0, (count,))


def camse_mesh(ne):
    cube = camse.columns(ne)
    return Mesh(cube.lat, cube.lon, (cube.ncol,))


@pytest.mark.parametrize("mesh", [fibonacci(2000), camse_mesh(8)], ids=["fibonacci", "camse"])
def test_targets_lie_in_their_triangles(mesh):
    """Σ w·x of the corners points exactly at the target, with shares that are not negative."""
    matrix = barycentric(mesh, GRID).shares
    assert matrix.data.min() >= 0
    np.testing.assert_allclose(matrix.sum(axis=1), 1.0, atol=1e-13)
    towards = matrix @ mesh.xyz
    towards /= np.linalg.norm(towards, axis=1, keepdims=True)
    np.testing.assert_allclose(towards, mesh_of_grid(GRID).xyz, atol=1e-9)


def test_a_rotated_square_goes_onto_its_own_points():
    """Of CORDEX's Antarctica 42 points at the rim were said to lie where it has none."""
    x, y = np.meshgrid(np.arange(-27.0, 28.0, 2), np.arange(-21.0, 22.0, 2))
    x, y = np.radians(x), np.radians(y)
    turned = [np.sin(y), np.sin(x) * np.cos(y), np.cos(x) * np.cos(y)]  # about the north pole
    lat, lon = np.degrees(np.arcsin(turned[2])), np.degrees(np.arctan2(turned[1], turned[0])) % 360
    mesh = Mesh(lat.ravel(), lon.ravel(), lat.shape)
    for off in (0, 1e-5):
        grid = Grid(lat - off, lon)
        values = np.arange(lat.size, dtype=np.float32)[None]
        found = barycentric(mesh, grid).apply(values)
        np.testing.assert_allclose(found, values, atol=0.05)
    with pytest.raises(BadInput, match="points of the grid lie there"):
        barycentric(mesh, Grid(lat - 3.0, lon))


def test_error_is_of_second_order():
    rms = [
        errors(barycentric(fibonacci(n), GRID), fibonacci(n), mesh_of_grid(GRID), y2)[1]
        for n in (4000, 16000)
    ]
    assert np.log2(rms[0] / rms[1]) == pytest.approx(2, abs=0.3)


def test_double_points_do_no_harm():
    mesh = fibonacci(1000)
    lat, lon = (np.append(x, x[:7]) for x in (mesh.lat, mesh.lon))
    doubled = Mesh(lat, lon, lat.shape)
    field = y2(mesh.lat, mesh.lon)
    np.testing.assert_allclose(
        barycentric(doubled, GRID).shares @ np.append(field, field[:7]),
        barycentric(mesh, GRID).shares @ field,
        atol=1e-12,
    )


def test_points_of_a_region_are_refused():
    whole = fibonacci(3000)
    few = np.arange(whole.size) < 3
    for kept in (whole.lat > 0, np.abs(whole.lat) < 40, whole.lon < 300, few):
        part = Mesh(whole.lat[kept], whole.lon[kept], (int(kept.sum()),))
        with pytest.raises(BadInput, match="part of the globe empty"):
            barycentric(part, GRID)


def test_a_bay_of_a_plane_of_points_is_outside():
    """Rows that dip by 2° within 3° of longitude: the triangles across would fill the bay."""
    x, y = np.meshgrid(np.linspace(-5, 5, 41), np.arange(0, 10, 0.25))
    lat = 40 + y - 2 * np.exp(-((x / 1.5) ** 2))
    mesh = Mesh(lat.ravel(), x.ravel() % 360, lat.shape)
    inside = Grid(np.array([41.0, 42.0, 47.5]), np.array([-2.0, 0.0, 2.0]))
    points = mesh_of_grid(inside)
    off = barycentric(mesh, inside).shares @ y2(mesh.lat, mesh.lon) - y2(points.lat, points.lon)
    assert np.abs(off).max() < 1e-3
    bay = Grid(np.array([49.2]), np.array([0.0, 4.5]))  # 1.4° beyond the rim at 0°
    with pytest.raises(BadInput, match=r"1 of 2 points of the grid lie there, .* 49\.20N 0\.00E"):
        barycentric(mesh, bay)


def test_a_belt_without_points_is_a_gap():
    """Points 0.5° apart from 30 to 34.5 and from 39.5 to 45: a belt of 5° is not interpolated."""
    lat = np.concatenate([np.arange(30, 35, 0.5), np.arange(39.5, 45.5, 0.5)])
    lat, lon = np.meshgrid(lat, np.arange(0, 20, 0.5), indexing="ij")
    lat = lat + 0.01 * lon  # no axes
    mesh = Mesh(lat.ravel(), lon.ravel(), lat.shape)
    for inside in (32.0, 42.0):
        assert barycentric(mesh, Grid(np.array([inside]), np.array([8.0, 9.0]))).shares.nnz > 0
    with pytest.raises(BadInput, match="2 of 4 points of the grid lie there"):
        barycentric(mesh, Grid(np.array([32.0, 37.0]), np.array([8.0, 9.0])))


def test_an_abruptly_refined_mesh_has_no_gap():
    """Points 4 times as near to each other within 20° of 0N 0E, without a transition."""
    fine, coarse = fibonacci(40_000), fibonacci(2500)
    inside, outside = (mesh.xyz[:, 0] > np.cos(np.radians(20)) for mesh in (fine, coarse))
    lat = np.concatenate([fine.lat[inside], coarse.lat[~outside]])
    lon = np.concatenate([fine.lon[inside], coarse.lon[~outside]])
    mesh = Mesh(lat, lon, lat.shape)
    assert errors(barycentric(mesh, GRID), mesh, mesh_of_grid(GRID), y2)[0] < 5e-3
