"""Grids of every kind: their cells, areas, edges and places, against what is known otherwise."""

import netCDF4
import numpy as np
import pyproj
import pytest

from real_data import real_data
from stormtrace.constants import EARTH_RADIUS_KM
from stormtrace.errors import BadInput
from stormtrace.formats.axes import check_grid, map_attributes, read_grid, write_grid
from stormtrace.grids import Grid, box_cells, make_grid
from stormtrace.grids.specification import POLAR_RADIUS_M, cell_count

ARCTIC = "polar_grids/CORDEX_ARC-44_tas_BCCR-WRF331_20010101.nc"
ANTARCTIC = "polar_grids/CORDEX_ANT-44_tas_DMI-HIRHAM5_20060101.nc"
SPHERE = 4 * np.pi * EARTH_RADIUS_KM**2

GLOBAL = [
    {"nlat": 768, "nlon": 1152},
    {"nlat": 361, "nlon": 576, "first_lon": -180},
    {"nlat": 180, "nlon": 360, "poles": False, "first_lon": 0.5},
    {"gaussian": 80},
    {"gaussian": 32, "nlon": 100},
    {"box": [-180, 180, -90, 90], "step": [1.25, 1.0]},
]
REGIONAL = [
    {"box": [350, 20, -10, 40], "step": 0.5},
    {"box": [170, -170, 20, 65], "step": [0.5, 0.25]},
    {"projection": "north-polar", "cells": 48},
    {"projection": "south-polar", "cells": 30, "boundary_lat": -45, "central_lon": 0},
]


def name_of(spec):
    return " ".join(f"{key}={value}" for key, value in spec.items())


@pytest.mark.parametrize("spec", GLOBAL, ids=name_of)
def test_cells_of_a_global_grid_are_the_whole_sphere(spec):
    grid = make_grid(spec)
    assert grid.is_global and grid.wraps
    assert grid.area.sum() == pytest.approx(SPHERE, rel=1e-12)
    assert grid.row_area.sum() * grid.shape[1] == pytest.approx(SPHERE, rel=1e-12)


def test_a_pole_row_is_a_cap():
    # The row at the pole of a grid with step d reaches d/2 from it; a cap of angle a has the area
    # 2πR²(1 − cos a).
    grid = make_grid({"nlat": 181, "nlon": 360})
    cap = 2 * np.pi * EARTH_RADIUS_KM**2 * (1 - np.cos(np.radians(0.5)))
    assert grid.row_area[-1] * 360 == pytest.approx(cap, rel=1e-9)
    assert grid.pole_rows == (True, True)
    assert make_grid({"nlat": 180, "nlon": 360, "poles": False}).pole_rows == (False, False)


def test_gaussian_rows_are_those_of_the_quadrature():
    # Gauss-Legendre quadrature with n rows is exact for polynomials of sin φ up to degree 2n − 1:
    # the mean of sin² φ over the sphere is 1/3, of sin⁶ φ 1/7.
    grid = make_grid({"gaussian": 4})
    sine, weight = np.sin(np.radians(grid.lat)), grid.row_area / grid.row_area.sum()
    assert (weight * sine**2).sum() == pytest.approx(1 / 3, rel=1e-12)
    assert (weight * sine**6).sum() == pytest.approx(1 / 7, rel=1e-12)
    # Published latitudes of N80 (ERA-40's grid): the northernmost rows.
    lat = make_grid({"gaussian": 80}).lat[::-1]
    np.testing.assert_allclose(lat[:3], [89.1415, 88.0294, 86.9108], atol=1e-4)


def test_a_regional_grid_is_not_global_and_its_areas_are_its_own():
    grid = Grid(np.arange(25.0, 66.0), np.arange(180.0, 256.0))
    assert not grid.is_global and not grid.wraps
    south, north = np.radians([24.5, 65.5])
    box = EARTH_RADIUS_KM**2 * np.radians(76.0) * (np.sin(north) - np.sin(south))
    assert grid.area.sum() == pytest.approx(box, rel=1e-12)


def test_a_box_ends_at_its_edges_over_0_and_the_date_line():
    over_0 = make_grid({"box": [350, 20, -10, 40], "step": 0.5})
    np.testing.assert_allclose(over_0.lon_bounds[[0, -1]], [350, 380])
    np.testing.assert_allclose(over_0.lat_bounds[[0, -1]], [-10, 40])
    over_180 = make_grid({"box": [170, -170, 20, 65], "step": [0.5, 0.25]})
    assert over_180.shape == (180, 40)
    np.testing.assert_allclose(over_180.lon_bounds[[0, -1]], [170, 190])
    assert not over_180.wraps
    place = over_180.locate(np.array([20.125, 30.0, 30.0]), np.array([-170.25, 169.9, 190.1]))
    np.testing.assert_allclose(place, [[0, np.nan, np.nan], [39, np.nan, np.nan]])


@pytest.mark.parametrize(
    ("kind", "boundary", "total", "width"),
    [("north-polar", 35.0, 129.720e6, 11515.73), ("south-polar", 20.0, 193.984e6, 15489.65)],
)
def test_polar_squares_are_their_neighbours(kind, boundary, total, width):
    """1152 × 1152 cells on a sphere of 6370.997 km: published widths and areas of the squares."""
    grid = make_grid({"projection": kind})
    assert grid.shape == (1152, 1152) and cell_count({"projection": kind}) == 1152**2
    assert grid.area.sum() == pytest.approx(total, abs=0.0006e6)
    plane = grid.projection
    np.testing.assert_allclose(np.diff(plane.x), width, atol=0.005)
    # Stereographic, true at the pole: a point at distance r lies 2 atan(r/2R) from the pole.
    r = np.hypot(*np.meshgrid(plane.x, plane.y))
    away = np.degrees(2 * np.arctan(r / (2 * POLAR_RADIUS_M)))
    np.testing.assert_allclose(90 - np.abs(grid.lat), away, atol=1e-9)
    middle = np.abs(grid.corners[0][576, [0, -1]])
    np.testing.assert_allclose(middle, boundary, atol=1e-9)


@pytest.mark.parametrize("kind", ["north-polar", "south-polar"])
def test_the_central_longitude_points_where_it_should(kind):
    grid = make_grid({"projection": kind, "cells": 50, "central_lon": 90})
    row = 0 if kind == "north-polar" else -1  # down on a map of the north, up on one of the south
    np.testing.assert_allclose(grid.lon[row, 24:26].mean(), 90.0, atol=1e-9)


def test_polar_squares_are_those_of_their_grid_mapping_bit_by_bit():
    """The short way to their coordinates is PROJ's own, by way of the reference system."""
    plane = make_grid({"projection": "south-polar", "cells": 50, "central_lon": -35}).projection
    long_way = pyproj.Transformer.from_crs(plane.crs.geodetic_crs, plane.crs, always_xy=True)
    lon, lat = long_way.transform(*np.meshgrid(plane.x, plane.y), direction="INVERSE")
    found = plane.inverse(*np.meshgrid(plane.x, plane.y))
    np.testing.assert_array_equal(found, (lat, lon % 360))
    west = (found[1] + 180) % 360 - 180
    np.testing.assert_array_equal(plane.forward(*found), long_way.transform(west, lat))


def test_small_cells_of_a_projection_have_the_area_that_its_scale_tells():
    # The scale of the stereographic plane is k = 2 / (1 + sin |φ|): a cell of w² is (w/k)².
    grid = make_grid({"projection": "north-polar", "cells": 576})
    scale = 2 / (1 + np.sin(np.radians(grid.lat)))
    width = np.diff(grid.projection.x)[0] / 1000
    np.testing.assert_allclose(grid.area, (width / scale) ** 2, rtol=3e-5)


@pytest.mark.parametrize("file", [ARCTIC, ANTARCTIC])
def test_a_real_rotated_pole_is_found_and_its_cells_are_right(file):
    grid = make_grid({"file": str(real_data(file))})
    assert grid.projection is not None and grid.projection.is_rotated_pole
    # In its own coordinates the file's grid is a lat/lon box: R² Δλ (sin φ_north − sin φ_south).
    x, y = grid.projection.edges()
    box = np.radians(x[-1] - x[0]) * np.diff(np.sin(np.radians(y[[0, -1]])))[0]
    assert grid.area.sum() == pytest.approx(EARTH_RADIUS_KM**2 * box, rel=1e-3)
    np.testing.assert_allclose(grid.area.sum(1), EARTH_RADIUS_KM**2 * np.radians(np.diff(x)).sum()
                               * np.diff(np.sin(np.radians(y))), rtol=1e-3)  # fmt: skip
    rows, columns = np.indices(grid.shape)
    for found, truth in zip(grid.locate(*grid.points), (rows, columns), strict=True):
        np.testing.assert_allclose(found, truth, atol=2e-3)


@pytest.mark.parametrize("file", [ARCTIC, ANTARCTIC])
def test_cells_without_their_projection_are_nearly_the_same(file):
    """Corners from the centres alone: areas to 1 %, over the pole too."""
    known = make_grid({"file": str(real_data(file))})
    alone = Grid(known.lat, known.lon)
    np.testing.assert_allclose(alone.area, known.area, rtol=0.01)
    assert alone.area.sum() == pytest.approx(known.area.sum(), rel=1e-3)
    rows, columns = alone.cells(*alone.points)
    np.testing.assert_array_equal((rows, columns), np.indices(alone.shape))
    far = alone.locate(-alone.lat, alone.lon)
    assert np.isnan(far).all()


@pytest.mark.parametrize("spec", [*GLOBAL[2:], *REGIONAL], ids=name_of)
def test_each_centre_lies_in_its_cell(spec):
    grid = make_grid(spec)
    lat, lon = grid.points
    np.testing.assert_array_equal(grid.cells(lat, lon - 360.0), np.indices(grid.shape))
    np.testing.assert_allclose(grid.locate(lat, lon + 360.0), np.indices(grid.shape), atol=1e-6)


def test_places_at_poles_edges_and_the_seam():
    grid = make_grid({"nlat": 181, "nlon": 360})
    lat, lon = np.array([90, -90, 0.25, 0, 0]), np.array([10.0, 0, 359.75, -1e-16, np.nan])
    row, column = grid.locate(lat, lon)
    np.testing.assert_allclose(row, [180, 0, 90.25, 90, np.nan])
    np.testing.assert_allclose(column[[0, 1, 2]], [10, 0, 359.75])
    assert column[3] % 360 == pytest.approx(0, abs=1e-9) and np.isnan(column[4])
    np.testing.assert_array_equal(grid.cells(lat[:4], lon[:4]), [[180, 0, 90, 90], [10, 0, 0, 0]])
    box = make_grid({"box": [0, 10, 80, 90], "step": 1})
    on_the_rim = np.array([80.0, 90.0, 79.99, 85.0, 85.0]), np.array([0.0, 10.0, 5.0, -0.01, 10.01])
    row, column = box.cells(*on_the_rim)
    np.testing.assert_array_equal(row, [0, 9, -1, -1, -1])
    np.testing.assert_array_equal(column, [0, 9, -1, -1, -1])
    np.testing.assert_array_equal(np.isnan(box.locate(*on_the_rim)[0]), row < 0)


def test_beyond_a_polar_square_and_on_the_other_side_of_the_earth_is_nowhere():
    grid = make_grid({"projection": "north-polar", "cells": 20})
    row, _ = grid.cells(np.array([90.0, 10.0, -90.0]), np.array([0.0, 0.0, 0.0]))
    assert (row >= 0).tolist() == [True, False, False]


def test_boxes_of_cells_over_the_date_line_on_every_grid():
    for spec in ({"nlat": 91, "nlon": 180}, {"projection": "north-polar", "cells": 40}):
        grid = make_grid(spec)
        inside = box_cells(grid, [170, -170, 40, 60])
        lat, lon = (points[inside] for points in grid.points)
        assert ((lat >= 40) & (lat <= 60) & (np.abs((lon - 180 + 180) % 360 - 180) <= 10)).all()
        lat, lon = (points[~inside] for points in grid.points)
        assert not ((lat >= 40) & (lat <= 60) & (np.abs((lon - 180 + 180) % 360 - 180) < 10)).any()


def test_the_quarter_degree_grid_is_cesms():
    file = real_data("grids/SCRIPgrid_0.23x0.31_nomask_c110308.nc")
    grid = make_grid({"nlat": 768, "nlon": 1152})
    with netCDF4.Dataset(file) as nc:
        lat = nc["grid_center_lat"][:].reshape(768, 1152)
        lon = nc["grid_center_lon"][:].reshape(768, 1152)
    np.testing.assert_allclose(grid.lat, lat[:, 0], atol=1e-10)
    np.testing.assert_allclose(grid.lon, lon[0], atol=1e-10)


def curvilinear() -> Grid:
    """A grid in no projection that is known: rows of a polar square, columns bent."""
    grid = make_grid({"projection": "north-polar", "cells": 24})
    return Grid(grid.lat, (grid.lon + 0.2 * np.sin(np.radians(grid.lat))) % 360.0)


@pytest.mark.parametrize("spec", [*GLOBAL, *REGIONAL, None, ARCTIC], ids=str)
def test_a_grid_comes_back_from_a_file(tmp_path, spec):
    if spec is None:
        grid = curvilinear()
    else:
        grid = make_grid({"file": str(real_data(spec))} if spec == ARCTIC else spec)
    path = tmp_path / "grid.nc"
    with netCDF4.Dataset(path, "w") as nc:
        write_grid(nc, grid)
        field = nc.createVariable("field", "f4", grid.dims)
        field.setncatts(map_attributes(grid))
        field[:] = 1.0
    with netCDF4.Dataset(path) as nc:
        found = read_grid(nc, path)
        check_grid(nc, grid, path)
    assert found.same_as(grid) and grid.same_as(found)
    np.testing.assert_allclose(found.area, grid.area, rtol=1e-9)
    assert (found.projection is None) == (grid.projection is None)
    assert (found.wraps, found.pole_rows, found.dims) == (grid.wraps, grid.pole_rows, grid.dims)
    assert make_grid({"file": str(path)}).same_as(grid)


def write_axes(path, lat, lon, **bounds):
    with netCDF4.Dataset(path, "w") as nc:
        for name, values in (("lat", np.asarray(lat, float)), ("lon", np.asarray(lon, float))):
            dims = (name,) if values.ndim == 1 else ("y", "x")
            for dim, size in zip(dims, values.shape, strict=True):
                if dim not in nc.dimensions:
                    nc.createDimension(dim, size)
            nc.createVariable(name, "f8", dims)[:] = values
        for name, values in bounds.items():
            nc.createDimension("bnds", 2)
            nc["lat"].bounds = name
            nc.createVariable(name, "f8", ("lat", "bnds"))[:] = values
    return {"file": str(path)}


def test_bounds_of_a_file_are_its_rows(tmp_path):
    edges = np.array([-90.0, -50.0, 10.0, 90.0])
    spec = write_axes(tmp_path / "g.nc", [-60.0, 0.0, 60.0], np.arange(0, 360, 10.0),
                      lat_bnds=np.stack([edges[:-1], edges[1:]], 1))  # fmt: skip
    grid = make_grid(spec)
    np.testing.assert_array_equal(grid.lat_bounds, edges)
    assert grid.area.sum() == pytest.approx(SPHERE, rel=1e-12)


AXIS = np.arange(0.0, 50.0, 5.0)


@pytest.mark.parametrize(
    ("lat", "lon", "says"),
    [
        (AXIS[::-1], AXIS, "lat of a grid must ascend"),
        (AXIS, AXIS[::-1], "lon of a grid must ascend"),
        (AXIS, [0, 5, 10, 20], "columns of a grid are evenly spaced"),
        (AXIS, np.arange(0, 400, 10.0), "goes round more than once"),
        (AXIS + 60, AXIS, "latitudes from −90 to 90"),
        ([0.0, np.nan], AXIS, "some are missing"),
        (np.ones((3, 4)), np.ones((4, 3)), "both \\(ny, nx\\)"),
        (np.ones((3, 4)), AXIS, "both \\(ny, nx\\)"),
    ],
)
def test_what_is_no_grid_is_refused(tmp_path, lat, lon, says):
    with pytest.raises(BadInput, match=says):
        Grid(np.asarray(lat), np.asarray(lon))
    if np.ndim(lat) == np.ndim(lon) == 1:
        with pytest.raises(BadInput, match=says):
            make_grid(write_axes(tmp_path / "g.nc", lat, lon))


def test_bounds_that_are_none_are_refused(tmp_path):
    rows = np.stack([AXIS - 2.5, AXIS + 2.0], 1)
    with pytest.raises(BadInput, match=r"lat_bnds does not give each row an edge it shares"):
        make_grid(write_axes(tmp_path / "a.nc", AXIS, AXIS, lat_bnds=rows))
    shifted = np.stack([AXIS + 5, AXIS + 10], 1)
    with pytest.raises(BadInput, match="enclose their row"):
        make_grid(write_axes(tmp_path / "b.nc", AXIS, AXIS, lat_bnds=shifted))


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({}, "a grid is one of"),
        ({"nlat": 10}, "nlat needs nlon"),
        ({"nlat": 10, "nlon": 20, "gaussian": 4}, "nlat does not go with gaussian"),
        ({"nlat": 10, "nlon": 20, "file": "x.nc"}, "a grid is one of"),
        ({"gaussian": 10, "poles": True}, "poles does not go with gaussian"),
        ({"nlatt": 10, "nlon": 20}, "unknown key nlatt; did you mean nlat"),
        ({"nlat": 10, "nlon": 20, "colour": "red"}, "unknown key colour; it can be nlat"),
        ({"nlat": 1, "nlon": 20}, "nlat: Input should be greater"),
        ({"box": [0, 10, 0, 10]}, "box needs step"),
        ({"box": [0, 10, 0, 10], "step": 3}, "not a whole number .*of steps of 3"),
        ({"box": [0, 10, 0, 10], "step": [1, 2, 3]}, "step is one number or"),
        ({"box": [25, 65, 180, 255], "step": 1}, r"did you mean \[180, 255, 25, 65\]"),
        ({"box": [180, 25, 255, 65], "step": 1}, r"did you mean \[180, 255, 25, 65\]"),
        ({"box": [180, 255, 65, 25], "step": 1}, r"did you mean \[180, 255, 25, 65\]"),
        ({"box": [0, 10, 20, 100], "step": 1}, "south below north"),
        ({"projection": "polar"}, "north-polar"),
        ({"file": "nowhere.nc"}, "does not exist"),
    ],
)  # fmt: skip
def test_entries_that_are_no_grid_are_refused_with_advice(entry, says):
    with pytest.raises(BadInput, match=says):
        make_grid(entry)


def test_a_file_that_is_not_netcdf_is_refused(tmp_path):
    path = tmp_path / "g.nc"
    path.write_text("lat lon")
    with pytest.raises(BadInput, match="cannot be read as netCDF"):
        make_grid({"file": str(path)})
