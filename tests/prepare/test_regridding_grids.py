"""Matrices to grids of every kind, and from meshes that are only a region."""

import netCDF4
import numpy as np
import pytest

from analytic import errors, y2
from real_data import real_data
from stormtrace.errors import BadInput
from stormtrace.grids import Grid, make_grid
from stormtrace.grids.polygons import polygon_areas
from stormtrace.prepare.mesh import camse
from stormtrace.prepare.mesh.mesh_cells import MeshCells
from stormtrace.prepare.mesh.meshes import Mesh, mesh_of_axes, mesh_of_grid
from stormtrace.prepare.regridding.bilinear import element_bilinear, rectilinear_bilinear
from stormtrace.prepare.regridding.conservative import cell_conservative, rectilinear_conservative
from stormtrace.prepare.regridding.delaunay import barycentric
from stormtrace.prepare.regridding.esmf import conservative_by_esmpy, matrix_by_xesmf
from stormtrace.prepare.regridding.makers import own_matrix
from stormtrace.prepare.regridding.matrix_files import read_matrix, write_matrix

GRIDS = {
    "gaussian": make_grid({"gaussian": 40}),
    "cells": make_grid({"nlat": 60, "nlon": 90, "poles": False, "first_lon": -180}),
    "box over 0": make_grid({"box": [340, 30, 20, 65], "step": 0.5}),
    "box over 180": make_grid({"box": [160, -150, -30, 10], "step": [2, 1]}),
    "north": make_grid({"projection": "north-polar", "cells": 90}),
    "south": make_grid({"projection": "south-polar", "cells": 80}),
}
GLOBE = mesh_of_axes(np.linspace(90, -90, 181), -180 + np.arange(360.0))
NO_POLES = mesh_of_axes(np.arange(-89.5, 90), np.arange(0.5, 360))
CUBE = camse.columns(30)
ELEMENTS = Mesh(CUBE.lat, CUBE.lon, (CUBE.ncol,))


def spread(count):
    k = np.arange(count) + 0.5
    lat = np.degrees(np.arcsin(1 - 2 * k / count))
    return Mesh(lat, np.degrees(np.pi * (1 + 5**0.5) * k) % 360.0, (count,))


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("mesh", ["globe", "no poles", "elements", "cloud"])
def test_interpolation_is_of_second_order_to_every_grid(name, mesh):
    """Relative errors of Y2,2 at 1°: (Δ²/8)·f″/f is below 2.5e-4 for bilinear, 3 for triangles."""
    grid = GRIDS[name]
    points, matrix = {
        "globe": lambda: (GLOBE, rectilinear_bilinear(GLOBE, grid)),
        "no poles": lambda: (NO_POLES, rectilinear_bilinear(NO_POLES, grid)),
        "elements": lambda: (ELEMENTS, element_bilinear(CUBE, grid)),
        "cloud": lambda: (spread(40_000), barycentric(spread(40_000), grid)),
    }[mesh]()
    np.testing.assert_allclose(matrix.shares.sum(axis=1), 1.0, atol=1e-12)
    assert matrix.shares.shape == (grid.size, points.size)
    assert errors(matrix, points, mesh_of_grid(grid), y2)[0] < 4e-4


def cube_cells(ne):
    """The elements of a cubed sphere."""
    cube = camse.columns(ne)
    quads = cube.lattice[:, ::3, ::3]
    ring = (quads[:, :-1, :-1], quads[:, :-1, 1:], quads[:, 1:, 1:], quads[:, 1:, :-1])
    nodes = np.stack([corner.ravel() for corner in ring], axis=1)
    corners = camse.to_xyz(cube.lon, cube.lat)[nodes]
    middle = corners.mean(axis=1)
    lon, lat = camse.to_lonlat(middle / np.linalg.norm(middle, axis=1, keepdims=True))
    return MeshCells(lat, lon, corners)


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("mesh", ["rectilinear", "cells"])
def test_conservative_matrices_conserve_to_every_grid(name, mesh):
    """Every source cell gives the grid what they share: the grid's own area, all together."""
    grid = GRIDS[name]
    if mesh == "cells":
        cells = cube_cells(20)
        matrix, points = cell_conservative(cells, grid), Mesh(cells.lat, cells.lon, (2400,))
        own = polygon_areas(cells.corners)
    else:
        matrix, points = rectilinear_conservative(NO_POLES, grid), NO_POLES
        rows = np.diff(np.sin(np.radians(np.arange(-90.0, 91.0))))
        own = np.repeat(rows, 360) * np.radians(1.0)
    assert matrix.shares.data.min() > 0
    np.testing.assert_allclose(matrix.shares.sum(axis=1), 1.0, atol=1e-12)
    given = matrix.shares.T @ (grid.area.ravel() / grid.radius_km**2)
    assert (given <= own * (1 + 1e-9)).all()  # no source cell is counted twice
    assert given.sum() == pytest.approx(grid.area.sum() / grid.radius_km**2, rel=1e-12)
    if grid.is_global:
        np.testing.assert_allclose(given, own, rtol=1e-9)
    greatest, rms = errors(matrix, points, mesh_of_grid(grid), y2)
    assert greatest < 0.06 and rms < 0.03  # first order: cells of 4.5°


def test_cells_wholly_inside_a_polar_square_are_given_away_wholly():
    grid = GRIDS["north"]
    cells = cube_cells(20)
    given = cell_conservative(cells, grid).shares.T @ (grid.area.ravel() / grid.radius_km**2)
    inside = cells.lat > 45  # the square reaches down to 35° N at its sides; cells are 4.5° wide
    np.testing.assert_allclose(given[inside], polygon_areas(cells.corners)[inside], rtol=1e-9)


REGION = mesh_of_axes(np.arange(60.0, 9.0, -0.5), np.arange(-30.0, 40.5, 0.5))


def test_a_regional_mesh_over_0_fills_a_box_inside():
    grid = make_grid({"box": [335, 35, 15, 55], "step": 1})
    matrix = rectilinear_bilinear(REGION, grid)
    target = mesh_of_grid(grid)
    np.testing.assert_allclose(matrix.shares @ REGION.lat, target.lat, atol=1e-10)
    east = (matrix.shares @ ((REGION.lon + 180) % 360 - 180) + 360) % 360
    np.testing.assert_allclose(east, target.lon, atol=1e-9)
    matrix = rectilinear_conservative(REGION, grid)
    np.testing.assert_allclose(matrix.shares.sum(axis=1), 1.0, atol=1e-12)
    assert errors(matrix, REGION, target, y2)[0] < 1e-3


@pytest.mark.parametrize(
    ("box", "first"),
    [([-40, 30, 15, 55], "15.50N -39.50E"), ([0, 30, 0, 20], "0.50N 0.50E")],
)
def test_points_outside_a_regional_mesh_are_refused(box, first):
    grid = make_grid({"box": box, "step": 1})
    reach = r"reach from 9\.50N to 60\.00N and over 330\.00E to 400\.00E only; .* the first at "
    for maker in (rectilinear_bilinear, rectilinear_conservative):
        with pytest.raises(BadInput, match=reach + first):
            maker(REGION, grid)
    with pytest.raises(BadInput, match="of 8100 points of the grid lie outside"):
        rectilinear_bilinear(REGION, GRIDS["north"])


def test_a_real_arctic_mesh_fills_a_polar_square_and_no_more():
    """CORDEX's Arctic on 2-D latitudes: a cloud of points, whose rim is far from the pole."""
    arctic = make_grid(
        {"file": str(real_data("polar_grids/CORDEX_ARC-44_tas_BCCR-WRF331_20010101.nc"))}
    )
    mesh = mesh_of_grid(arctic)
    assert mesh.axes is None and mesh.shape == (133, 116)
    inside = make_grid({"projection": "north-polar", "boundary_lat": 75, "cells": 50})
    matrix, how = own_matrix(mesh, inside)
    assert "Delaunay" in how
    assert errors(matrix, mesh, mesh_of_grid(inside), y2)[0] < 1e-4
    with pytest.raises(BadInput, match=r"leave a part of the globe empty, and \d+ of 2500"):
        own_matrix(mesh, make_grid({"projection": "north-polar", "cells": 50}))
    with pytest.raises(BadInput, match="leave a part of the globe empty"):
        own_matrix(mesh, make_grid({"nlat": 19, "nlon": 36}))


def test_uneven_columns_are_a_mesh_but_no_grid():
    lon = np.cumsum(1 + 0.3 * np.sin(np.arange(360)))
    mesh = mesh_of_axes(np.linspace(-90, 90, 91), lon * 360 / (lon[-1] + 1))
    for maker in (rectilinear_bilinear, rectilinear_conservative):
        matrix = maker(mesh, GRIDS["cells"])
        assert errors(matrix, mesh, mesh_of_grid(GRIDS["cells"]), y2)[0] < 0.02


@pytest.mark.parametrize("name", ["gaussian", "box over 0", "south"])
def test_a_matrix_comes_back_from_its_file(tmp_path, name):
    grid = GRIDS[name]
    matrix = rectilinear_bilinear(GLOBE, grid)
    path = tmp_path / "matrix.nc"
    write_matrix(path, matrix, GLOBE, grid, {})
    assert abs(read_matrix(path, GLOBE, grid).shares - matrix.shares).max() == 0
    with netCDF4.Dataset(path) as nc:
        assert list(nc["dst_grid_dims"][:]) == list(grid.shape[::-1])
        area = np.asarray(nc["area_b"][:])
        lat, lon = (np.radians(nc[f"{axis}v_b"][:]) for axis in "yx")
        corners = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], -1)
    # The corners enclose the area that is given, but for the bulge of parallels: 1e-3 of 4.5°.
    np.testing.assert_allclose(polygon_areas(np.asarray(corners)), area, rtol=2e-3, atol=2e-6)
    with pytest.raises(BadInput, match="n_b is"):
        read_matrix(path, GLOBE, make_grid({"projection": "south-polar", "cells": 82}))


def test_esmf_is_for_global_grids_and_says_so():
    polar = GRIDS["north"]
    with pytest.raises(BadInput, match=r"esmpy makes such a matrix to global .* default maker"):
        conservative_by_esmpy(GLOBE, polar, None)
    with pytest.raises(BadInput, match="xesmf makes such a matrix to global"):
        matrix_by_xesmf(GLOBE, Grid(np.arange(10.0), np.arange(10.0)), "bilinear")
