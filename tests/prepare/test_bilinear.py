import numpy as np
import pytest

from analytic import errors, y2, y32
from stormtrace.errors import BadInput
from stormtrace.grids import Grid, make_grid
from stormtrace.prepare.mesh import camse
from stormtrace.prepare.mesh.meshes import Mesh, mesh_of_axes, mesh_of_grid
from stormtrace.prepare.regridding.bilinear import (
    element_bilinear,
    element_spectral,
    rectilinear_bilinear,
)
from stormtrace.prepare.regridding.conservative import rectilinear_conservative

QUARTER = make_grid({"nlat": 192, "nlon": 288})


def rectilinear(lat, lon):
    return mesh_of_axes(np.asarray(lat, float), np.asarray(lon, float))


MERRA2 = rectilinear(np.linspace(-90, 90, 181), -180 + 1.25 * np.arange(288))
MESHES = {
    "merra2": MERRA2,
    "north first": rectilinear(np.linspace(90, -90, 181), 1.25 * np.arange(288)),
    "no poles": rectilinear(np.arange(-89.5, 90, 1.0), 0.5 + np.arange(360)),
    "gaussian": rectilinear(
        np.degrees(np.arcsin(np.polynomial.legendre.leggauss(96)[0])), 1.875 * np.arange(192)
    ),
}


@pytest.mark.parametrize("name", MESHES)
def test_rows_sum_to_one_and_constants_stay(name):
    weights = rectilinear_bilinear(MESHES[name], QUARTER)
    assert weights.shares.data.min() > 0
    np.testing.assert_allclose(weights.shares.sum(axis=1), 1.0, atol=1e-14)
    constant = np.full((2, MESHES[name].size), 273.15, np.float32)
    np.testing.assert_allclose(weights.apply(constant), np.float32(273.15), rtol=5e-6)


@pytest.mark.parametrize("name", MESHES)
def test_exact_where_the_field_is_bilinear(name):
    """Linear in latitude; in longitude the error of a cosine is (Δλ)²/8 at most."""
    mesh = MESHES[name]
    weights = rectilinear_bilinear(mesh, QUARTER)
    target = mesh_of_grid(QUARTER)
    inside = np.abs(target.lat) < 89
    np.testing.assert_allclose((weights.shares @ mesh.lat)[inside], target.lat[inside], atol=1e-10)
    step = np.radians(360 / mesh.shape[1])
    off = weights.shares @ np.cos(np.radians(mesh.lon)) - np.cos(np.radians(target.lon))
    assert np.abs(off[inside]).max() <= step**2 / 8


def test_pole_without_a_row_is_the_mean_of_the_next():
    weights = rectilinear_bilinear(MESHES["no poles"], QUARTER)
    values = np.random.default_rng(0).standard_normal((180, 360))
    on_grid = (weights.shares @ values.ravel()).reshape(192, 288)
    np.testing.assert_allclose(on_grid[0], values[0].mean(), atol=1e-12)
    np.testing.assert_allclose(on_grid[-1], values[-1].mean(), atol=1e-12)


def test_its_own_grid_is_the_identity():
    grid = Grid(np.linspace(-90, 90, 181), -180 + 1.25 * np.arange(288))
    matrix = rectilinear_bilinear(MERRA2, grid).shares
    assert matrix.nnz == MERRA2.size
    assert (matrix.data == 1).all() and (matrix.indices == np.arange(MERRA2.size)).all()


def test_nearly_zero_longitude_makes_no_gap():
    lon = -180 + 0.625 * np.arange(576)
    lon[288] = -5.9e-13
    plain = lon.copy()
    plain[288] = 0.0
    lat = np.linspace(-90, 90, 37)
    one, other = (rectilinear_bilinear(rectilinear(lat, x), QUARTER).shares for x in (lon, plain))
    assert abs(one - other).max() == 0


@pytest.mark.parametrize(
    ("lat", "lon", "message"),
    [
        (np.linspace(20, 70, 50), np.arange(360), r"reach from 20\.00N to 70\.00N"),
        (np.linspace(0, 90, 90), np.arange(360), r"reach from 0\.00N to 90\.00N"),
        (np.linspace(-90, 90, 90), np.arange(180), r"over 0\.00E to 179\.00E only"),
        (
            np.linspace(-90, 90, 90),
            np.arange(360) // 2,
            "longitude twice, 0E in columns 1 and 2 of",
        ),
        (np.linspace(-90, 90, 90), [*range(100), 0], "and 101 of 101, and not as cyclic columns"),
        (np.linspace(-90, 90, 90), [10, 10, 10], "longitude twice"),
        (np.linspace(-90, 90, 90), [10, 20], r"over 10\.00E to 20\.00E only"),
        (np.zeros(10), np.arange(360), "must differ"),
        (np.array([12.0]), np.array([204.0]), r"reach from 12\.00N to 12\.00N"),
    ],
)
def test_meshes_that_do_not_cover_the_grid_are_refused(lat, lon, message):
    for maker in (rectilinear_bilinear, rectilinear_conservative):
        with pytest.raises(BadInput, match=message):
            maker(rectilinear(lat, lon), QUARTER)


@pytest.mark.parametrize("maker", [element_bilinear, element_spectral])
def test_elements_rows_sum_to_one(maker):
    weights = maker(camse.columns(8), QUARTER)
    np.testing.assert_allclose(weights.shares.sum(axis=1), 1.0, atol=1e-12)


def test_elements_take_the_value_of_a_point():
    cube = camse.columns(8)
    corner = cube.lattice[0, 3, 6]
    point = Grid(np.array([cube.lat[corner]]), np.array([cube.lon[corner]]))
    matrix = element_bilinear(cube, point).shares
    assert matrix[0, corner] == pytest.approx(1.0, abs=1e-9)


def test_error_shrinks_as_the_method_promises():
    """Bilinear: with the square of the spacing. Spectral (cubic in each direction): the fourth."""
    target = mesh_of_grid(QUARTER)
    for maker, order in ((element_bilinear, 2), (element_spectral, 4)):
        rms = []
        for ne in (15, 30):
            cube = camse.columns(ne)
            rms.append(
                errors(maker(cube, QUARTER), Mesh(cube.lat, cube.lon, (cube.ncol,)), target, y2)[1]
            )
        assert np.log2(rms[0] / rms[1]) == pytest.approx(order, abs=0.3)


def test_y32_at_ne120_has_the_published_error():
    """ESMF's bilinear from ne120np4: 2.6e-3 at most, 2.75e-4 root mean square (numbers.md)."""
    cube = camse.columns(120)
    grid = make_grid({"nlat": 384, "nlon": 576})
    mesh, target = Mesh(cube.lat, cube.lon, (cube.ncol,)), mesh_of_grid(grid)
    greatest, rms = errors(element_bilinear(cube, grid), mesh, target, y32)
    assert greatest < 2.7e-3 and rms < 2.9e-4
    assert errors(element_spectral(cube, grid), mesh, target, y32)[1] < 4e-6
