"""Latitudes and longitudes as files have them: right, or refused by a sentence whose advice works."""

import shutil
import subprocess

import netCDF4
import numpy as np
import pytest

from stormtrace.errors import BadInput
from stormtrace.grids import Grid, make_grid
from stormtrace.grids.polygons import polygon_areas
from stormtrace.prepare.dataset import make_dataset
from stormtrace.prepare.mesh.mesh_axes import mesh_axes
from stormtrace.prepare.mesh.mesh_cells import cells_of_bounds
from stormtrace.prepare.mesh.mesh_reading import dataset_mesh
from stormtrace.prepare.mesh.meshes import mesh_of_axes, mesh_of_grid
from stormtrace.prepare.raw.raw_formats import open_raw_file
from stormtrace.prepare.raw.variable_layout import read_layout
from stormtrace.prepare.regridding.bilinear import rectilinear_bilinear
from stormtrace.prepare.regridding.conservative import rectilinear_conservative
from stormtrace.prepare.regridding.makers import own_matrix
from stormtrace.prepare.vorticity import vorticity

GRID = make_grid({"nlat": 37, "nlon": 72})
BOX = make_grid({"box": [5, 25, 35, 55], "step": 2})


def law(lat, lon):
    """Linear in z and in x of the unit vector: smooth at the poles and over 0E."""
    lat, lon = np.radians(lat), np.radians(lon)
    return 10 * np.sin(lat) + 3 * np.cos(lat) * np.cos(lon) + 1


def write(path, coordinates, dims=("lat", "lon"), values=None):
    """Write T(time, *dims); coordinates: name -> (dimensions, values, attributes)."""
    sizes = {}
    for own, array, _ in coordinates.values():
        sizes |= dict(zip(own, np.shape(array), strict=True))
    with netCDF4.Dataset(path, "w") as nc:
        for name, size in {"time": 1, **sizes}.items():
            nc.createDimension(name, size)
        nc.createVariable("time", "f8", ("time",))[:] = 0
        nc["time"].setncatts({"units": "days since 2000-01-01", "calendar": "noleap"})
        for name, (own, array, attributes) in coordinates.items():
            nc.createVariable(name, "f8", own)[:] = array
            nc[name].setncatts(attributes)
        field = nc.createVariable("T", "f8", ("time", *dims))
        field[:] = np.zeros((1, *(sizes[name] for name in dims))) if values is None else values
    return path


def dataset(path, **keys):
    part = {"period": ["2000-01-01", "2000-01-02"], "files": str(path)}
    spec = {"name": "odd", "source": "cesm", "parts": [part], "fields": {"T": {"take": "T"}}}
    return make_dataset(spec | keys)


def on_grid(path, grid, method="bilinear", **keys):
    """The field of a file on a grid, (n,), by the way of the jobs."""
    found = dataset(path, **keys)
    mesh = dataset_mesh(found, with_bounds=True)
    with open_raw_file(path) as opened:
        values = read_layout(opened, "T", found).read(slice(0, 1))
    return own_matrix(mesh, grid, method, found.mesh)[0].apply(values)[0]


def axes(lat, lon, units=True, names=("lat", "lon")):
    marks = [{"units": f"degrees_{way}"} if units else {} for way in ("north", "east")]
    return {
        name: ((name,), values, mark)
        for name, values, mark in zip(names, (lat, lon), marks, strict=True)
    }


def truth(grid):
    points = mesh_of_grid(grid)
    return law(points.lat, points.lon)


# --- gaps ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("maker", [rectilinear_bilinear, rectilinear_conservative])
def test_a_gap_in_latitude_is_no_globe(maker):
    """30 … 69 on both hemispheres: its poles are 21° away, its tropics 60° wide."""
    lat = np.concatenate([np.arange(-69.0, -29), np.arange(30.0, 70)])
    mesh = mesh_of_axes(lat, np.arange(0.0, 360))
    reach = r"reach from -69\.00N to -30\.00N and from 30\.00N to 69\.00N and over all longitudes"
    with pytest.raises(BadInput, match=reach):
        maker(mesh, GRID)
    # Rows at −25 … 25 (11 of 72 points), and 70 … 90 (5 of 72) on either side.
    if maker is rectilinear_bilinear:
        with pytest.raises(BadInput, match=f"{21 * 72} of {37 * 72} points"):
            maker(mesh, GRID)
    matrix = maker(mesh, make_grid({"box": [0, 360, 31, 69], "step": 2}))
    assert matrix.shares.shape == (19 * 180, mesh.size)


@pytest.mark.parametrize("maker", [rectilinear_bilinear, rectilinear_conservative])
def test_gaps_in_longitude_are_refused_each(maker):
    """Two regions in one file: 0 … 40 and 100 … 140."""
    lon = np.concatenate([np.arange(0.0, 41), np.arange(100.0, 141)])
    mesh = mesh_of_axes(np.arange(20.0, 61), lon)
    inside = make_grid({"box": [110, 130, 30, 50], "step": 1})
    target = mesh_of_grid(inside)
    np.testing.assert_allclose(maker(mesh, inside).shares @ mesh.lon, target.lon, atol=1e-9)
    with pytest.raises(BadInput, match=r"over \S+E to \S+E and \S+E to \S+E only; 400 of 400"):
        maker(mesh, make_grid({"box": [60, 80, 30, 50], "step": 1}))


def test_rows_that_widen_gradually_are_no_gaps():
    lat = np.degrees(np.arcsin(np.linspace(-1, 1, 41)))  # equal areas: 1.4° to 12.8°
    found = mesh_axes(mesh_of_axes(lat, np.arange(0.0, 360, 10)))
    assert found.is_global and not found.row_gaps.any()


def test_a_pole_two_rows_away_is_not_reached():
    for lat, poles in (
        (np.arange(-89.5, 90), (True, True)),
        (np.arange(-89.0, 90), (True, True)),  # pole rows left out
        (np.arange(-88.0, 90), (False, True)),
        (np.array([-60.0, 0.0]), (False, False)),
    ):
        assert mesh_axes(mesh_of_axes(lat, np.arange(0.0, 360))).poles == poles


# --- cyclic columns --------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["bilinear", "conservative"])
@pytest.mark.parametrize("lon", [np.arange(0.0, 361, 5), np.arange(-180.0, 181, 5),
                                 np.arange(-5.0, 361, 5)], ids=["0…360", "−180…180", "both ends"])  # fmt: skip
@pytest.mark.parametrize("last", ["same", "other"])
def test_cyclic_columns_are_dropped(tmp_path, method, lon, last):
    lat = np.linspace(90, -90, 37)
    once = lon[:72]
    fields = [law(*np.meshgrid(lat, each, indexing="ij")) for each in (lon, once)]
    if last == "other":
        fields[0][:, 72:] = -999.0
    cyclic = write(tmp_path / "cyclic.nc", axes(lat, lon), values=fields[0])
    plain = write(tmp_path / "plain.nc", axes(lat, once), values=fields[1])
    found = on_grid(cyclic, GRID, method)
    np.testing.assert_allclose(found, on_grid(plain, GRID, method), rtol=1e-6)
    assert np.abs(found - truth(GRID)).max() < 0.05


@pytest.mark.parametrize("last", [355, 360])
def test_cyclic_columns_are_no_neighbours_of_others(last):
    """Vorticity uses the columns next to each: not the cyclic ones, whatever is written there."""
    lat, lon = np.linspace(-90, 90, 37), np.arange(0.0, last + 1, 5)
    rng = np.random.default_rng(2)
    u, v = rng.standard_normal((2, 1, 37, 72))
    plain = vorticity(u.reshape(1, -1), v.reshape(1, -1), mesh_of_axes(lat, np.arange(0.0, 360, 5)))
    extra = ((0, 0), (0, 0), (0, lon.size - 72))
    u, v = (np.pad(each, extra, constant_values=999.0).reshape(1, -1) for each in (u, v))
    found = vorticity(u, v, mesh_of_axes(lat, lon)).reshape(37, -1)
    np.testing.assert_array_equal(found[:, :72], plain.reshape(37, 72))
    np.testing.assert_array_equal(found[:, 72:], plain.reshape(37, 72)[:, : lon.size - 72])


def test_columns_of_a_hundred_metres_are_no_doubles():
    found = mesh_axes(mesh_of_axes(50 + 0.001 * np.arange(30), 8 + 0.0008 * np.arange(40)))
    assert (found.lat.size, found.lon.size) == (30, 40)


# --- order and shape -------------------------------------------------------------------------------


def test_longitude_before_latitude(tmp_path):
    lat, lon = np.linspace(-90, 90, 37), np.arange(0.0, 360, 5)
    field = law(*np.meshgrid(lat, lon, indexing="ij"))
    path = write(tmp_path / "a.nc", axes(lat, lon), ("lon", "lat"), field.T)
    np.testing.assert_allclose(on_grid(path, GRID), field.ravel(), rtol=1e-6)


@pytest.mark.parametrize("dims", [("y", "x"), ("x", "y")])
@pytest.mark.parametrize("order", [("y", "x"), ("x", "y")])
def test_coordinates_of_each_point_in_any_order(tmp_path, dims, order):
    """lat(y, x) beside lon(x, y): each is read in the order of the points."""
    plane = np.meshgrid(np.arange(30.0, 61), np.arange(0.0, 31), indexing="ij")
    turned = plane[0] + 0.1 * plane[1], plane[1] + 0.2 * plane[0]  # no axes
    field = law(*turned)

    def flip(each, own):
        return each if own == ("y", "x") else each.T

    coordinates = {
        "lat": (("y", "x"), turned[0], {"units": "degrees_north"}),
        "lon": (order, flip(turned[1], order), {"units": "degrees_east"}),
    }
    path = write(tmp_path / "a.nc", coordinates, dims, flip(field, dims))
    box = make_grid({"box": [15, 25, 40, 50], "step": 1})
    assert np.abs(on_grid(path, box) - truth(box)).max() < 5e-3


def test_a_plane_of_axes_is_rectilinear(tmp_path):
    lat, lon = np.meshgrid(np.linspace(-90, 90, 37), np.arange(-180.0, 180, 5), indexing="ij")
    coordinates = {
        "lat": (("y", "x"), lat, {"units": "degrees_north"}),
        "lon": (("y", "x"), lon, {"units": "degrees_east"}),
    }
    path = write(tmp_path / "a.nc", coordinates, ("y", "x"), law(lat, lon))
    assert dataset_mesh(dataset(path)).axes is not None
    np.testing.assert_allclose(on_grid(path, GRID), truth(GRID), rtol=1e-5, atol=1e-5)


def test_faces_one_of_which_is_chosen(tmp_path):
    lat, lon = np.meshgrid(np.arange(30.0, 61), np.arange(0.0, 31), indexing="ij")
    lat = lat + 0.1 * lon
    faces = np.stack([lat - 40, lat]), np.stack([lon, lon])
    coordinates = {
        name: (("nf", "y", "x"), values, {"units": unit})
        for name, values, unit in zip(
            ("lats", "lons"), faces, ("degrees_north", "degrees_east"), strict=True
        )
    }
    path = write(tmp_path / "a.nc", coordinates, ("nf", "y", "x"), law(*faces))
    found = dataset_mesh(dataset(path, select={"nf": 1}))
    np.testing.assert_array_equal(found.lat, lat.ravel())
    assert dataset_mesh(dataset(path)).shape == (2, 31, 31)


# --- radians ---------------------------------------------------------------------------------------


def spread(count):
    k = np.arange(count) + 0.5
    lat = np.degrees(np.arcsin(1 - 2 * k / count))
    return lat, np.degrees(np.pi * (1 + 5**0.5) * k) % 360.0


def cloud(names, lat, lon, attributes=({}, {})):
    return {
        name: (("n",), values, mark)
        for name, values, mark in zip(names, (lat, lon), attributes, strict=True)
    }


@pytest.mark.parametrize("names", [("latCell", "lonCell"), ("clat", "clon"), ("lat", "lon")])
@pytest.mark.parametrize("first", [0.0, -180.0])
def test_radians_without_units(tmp_path, names, first):
    lat, lon = spread(500)
    lon = (lon - first) % 360.0 + first
    coordinates = cloud(names, np.radians(lat), np.radians(lon))
    mesh = dataset_mesh(dataset(write(tmp_path / "a.nc", coordinates, ("n",))))
    np.testing.assert_allclose(mesh.lat, lat, atol=1e-10)
    np.testing.assert_allclose(mesh.lon, lon % 360, atol=1e-10)


def test_axes_in_radians_without_units(tmp_path):
    lat, lon = np.linspace(90, -90, 37), np.arange(0.0, 360, 5)
    path = write(tmp_path / "a.nc", axes(np.radians(lat), np.radians(lon), units=False))
    np.testing.assert_allclose(dataset_mesh(dataset(path)).axes[0], lat, atol=1e-10)


@pytest.mark.parametrize("kind", ["axes", "cloud"])
def test_a_small_region_at_0n_0e_may_be_either(tmp_path, kind):
    """Degrees from −1.5 to 1.5 and −3 to 3 could be radians: the advice is followed, both ways."""
    rng = np.random.default_rng(0)
    lat, lon = np.arange(-1.5, 1.6, 0.25), np.arange(-3.0, 3.1, 0.25)
    coordinates, dims = axes(lat, lon, units=False), ("lat", "lon")
    if kind == "cloud":
        lat, lon = rng.uniform(-1.57, 1.57, 5000), rng.uniform(-3.14, 3.14, 5000)
        coordinates, dims = cloud(("lat", "lon"), lat, lon), ("n",)
    path = write(tmp_path / "a.nc", coordinates, dims)
    with pytest.raises(
        BadInput, match=r"lat and lon have no units.* may be radians or degrees"
    ) as no:
        dataset_mesh(dataset(path))
    assert "ncatted -a units,lat,o,c,degrees -a units,lon,o,c,degrees FILE" in str(no.value)
    for unit, scale in (("degrees", 1.0), ("radian", 180 / np.pi)):
        with netCDF4.Dataset(path, "a") as nc:
            for name in ("lat", "lon"):
                nc[name].units = unit
        mesh = dataset_mesh(dataset(path))
        assert np.ptp(mesh.lat) == pytest.approx(np.ptp(lat) * scale)


@pytest.mark.skipif(shutil.which("ncatted") is None, reason="NCO (ncatted) is not installed here")
def test_the_advice_about_units_works(tmp_path):
    path = write(tmp_path / "a.nc", axes(np.arange(-1.0, 1.1, 0.5), np.arange(0.5, 3), units=False))
    with pytest.raises(BadInput) as no:
        dataset_mesh(dataset(path))
    words = str(no.value).split("ncatted ")[1].split(" FILE")[0].split()
    subprocess.run(["ncatted", *words, str(path)], check=True, timeout=60)
    np.testing.assert_array_equal(dataset_mesh(dataset(path)).axes[0], np.arange(-1.0, 1.1, 0.5))


def test_degrees_said_to_be_radians(tmp_path):
    lat, lon = spread(500)
    coordinates = cloud(("lat", "lon"), lat, lon, ({"units": "radian"}, {"units": "radian"}))
    with pytest.raises(
        BadInput, match=r"lat is in radian and reaches 86\S+: correct its attribute"
    ):
        dataset_mesh(dataset(write(tmp_path / "a.nc", coordinates, ("n",))))


# --- columns that are no coordinates ---------------------------------------------------------------


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("count", [(40, 60), (181, 288)])
@pytest.mark.parametrize("turn", [1, -1])
def test_numbers_of_rows_are_no_latitudes(tmp_path, first, count, turn):
    lat, lon = (first + np.arange(size)[::turn] for size in count)
    path = write(tmp_path / "a.nc", axes(lat, lon, units=False))
    with pytest.raises(
        BadInput, match=r"lat \('lat',\) goes .* it seems to number rows or col"
    ) as no:
        dataset_mesh(dataset(path))
    assert "`names: {lat: lat, lon: lon}`" in str(no.value)
    named = dataset(path, names={"lat": "lat", "lon": "lon"})
    if count[0] < 90:  # the user's word is taken
        np.testing.assert_array_equal(dataset_mesh(named).axes[0], lat)
    else:
        with pytest.raises(BadInput, match="is taken for the latitudes, but reaches 18"):
            dataset_mesh(named)


def test_names_of_other_things_are_no_latitudes(tmp_path):
    """WRF through xarray: south_north is a number, whoever names it."""
    index = {name: ((name,), np.arange(9), {}) for name in ("south_north", "west_east")}
    path = write(tmp_path / "a.nc", index, tuple(index))
    with pytest.raises(BadInput, match="no latitudes and longitudes"):
        dataset_mesh(dataset(path))
    with pytest.raises(BadInput, match="it seems to number rows or columns"):
        dataset_mesh(dataset(path, names={"lat": "south_north", "lon": "west_east"}))


def test_true_latitudes_beside_numbers_are_taken(tmp_path):
    lat, lon = np.meshgrid(np.arange(30.0, 39), np.arange(0.0, 9), indexing="ij")
    coordinates = axes(np.arange(9), np.arange(9), units=False) | {
        "XLAT": (("lat", "lon"), lat + 0.1 * lon, {}),
        "XLONG": (("lat", "lon"), lon, {}),
    }
    mesh = dataset_mesh(dataset(write(tmp_path / "a.nc", coordinates)))
    np.testing.assert_array_equal(mesh.lat, (lat + 0.1 * lon).ravel())


@pytest.mark.parametrize(
    ("lat", "lon"),
    [
        (np.arange(-90.0, 91), np.arange(360.0)),
        (np.arange(30.0, 60), np.arange(0.0, 41)),
        (np.linspace(-90, 90, 192), np.arange(360.0)),
        (np.arange(0.0, 31), np.arange(-20.0, 21)),
    ],
)
def test_whole_degrees_without_units_are_believed(tmp_path, lat, lon):
    mesh = dataset_mesh(dataset(write(tmp_path / "a.nc", axes(lat, lon, units=False))))
    np.testing.assert_array_equal(mesh.axes[0], lat)


def test_names_of_another_size(tmp_path):
    coordinates = axes(np.arange(30.0, 61), np.arange(41.0)) | {
        "slat": (("slat",), np.arange(30.5, 60), {"units": "degrees_north"})
    }
    path = write(tmp_path / "a.nc", coordinates)
    with pytest.raises(BadInput, match=r"slat \('slat',\) of shape \(30,\), the variable given with "
                       r"`names\.lat`, is not over the points of T"):  # fmt: skip
        dataset_mesh(dataset(path, names={"lat": "slat"}))


def test_two_pairs_are_a_question(tmp_path):
    lat, lon = np.meshgrid(np.arange(30.0, 39), np.arange(0.0, 9), indexing="ij")
    coordinates = {
        f"{letter}{kind}": (("y", "x"), values + shift + 0.1 * lat, {"units": unit})
        for letter, shift in (("T", 0.0), ("U", 0.5))
        for kind, values, unit in (("LAT", lat, "degrees_north"), ("LONG", lon, "degrees_east"))
    }
    path = write(tmp_path / "a.nc", coordinates, ("y", "x"))
    with pytest.raises(BadInput, match=r"several latitudes and longitudes for T: .* `names"):
        dataset_mesh(dataset(path))
    named = dataset(path, names={"lat": "ULAT", "lon": "ULONG"})
    assert dataset_mesh(named).lat[0] == 33.5
    with netCDF4.Dataset(path, "a") as nc:
        nc["T"].coordinates = "TLONG TLAT time"
    assert dataset_mesh(dataset(path)).lat[0] == 33.0


# --- bounds ----------------------------------------------------------------------------------------


def with_bounds(lat, lon, lat_edges, lon_edges):
    found = axes(lat, lon)
    for name, edges in (("lat", lat_edges), ("lon", lon_edges)):
        found[name][2]["bounds"] = f"{name}_bnds"
        found[f"{name}_bnds"] = ((name, "bnds"), np.stack([edges[:-1], edges[1:]], 1), {})
    return found


@pytest.mark.parametrize("turn", [1, -1])
@pytest.mark.parametrize("target", [{"nlat": 19, "nlon": 36}, {"gaussian": 8},
                                    {"projection": "north-polar", "cells": 20}])  # fmt: skip
def test_conservative_takes_the_files_bounds(tmp_path, turn, target):
    """Rows whose edges are not half-way, columns of which one crosses 0°; against a plain sum."""
    lat_edges = np.degrees(np.arcsin(np.linspace(-1, 1, 31)))[::turn]
    lat = np.degrees(np.arcsin(np.linspace(-1, 1, 31)[:-1] + 0.9 / 30))[::turn]
    lon_edges = np.arange(-4.0, 357, 10)
    lon = lon_edges[:-1] + 7
    coordinates = with_bounds(lat, lon, lat_edges, lon_edges)
    coordinates["lon_bnds"][1][:] %= 360.0
    rng = np.random.default_rng(1)
    field = rng.standard_normal((30, 36)) + 5
    path = write(tmp_path / "a.nc", coordinates, values=field)
    grid = make_grid(target)
    values = on_grid(path, grid, "conservative")
    if grid.is_global:  # cells of equal area: the plain mean
        assert np.average(values, weights=grid.area.ravel()) == pytest.approx(
            field.mean(), rel=1e-6
        )
    assert field.min() <= values.min() and values.max() <= field.max()
    mesh = dataset_mesh(dataset(path), with_bounds=True)
    given = rectilinear_conservative(mesh, grid).shares.T @ (grid.area.ravel() / grid.radius_km**2)
    np.testing.assert_array_less(given, 4 * np.pi / 1080 * (1 + 1e-9))


def test_gaussian_rows_without_bounds_have_gaussian_edges():
    """Each row as wide in sin φ as its quadrature weight: here from numpy, not from scipy."""
    for count in (32, 94, 320):
        sines, weights = np.polynomial.legendre.leggauss(count)
        mesh = mesh_of_axes(np.degrees(np.arcsin(sines))[::-1], np.arange(0.0, 360, 3))
        cells = mesh_axes(mesh).row_cells
        heights = np.diff(np.sin(np.radians(np.stack(cells))), axis=0)[0]
        np.testing.assert_allclose(heights, weights, atol=1e-9)
        assert cells.low[0] == -90 and cells.high[-1] == 90


def test_regular_rows_end_half_way():
    cells = mesh_axes(mesh_of_axes(np.linspace(-90, 90, 19), np.arange(0.0, 360, 10))).row_cells
    np.testing.assert_allclose(cells.low, np.maximum(np.linspace(-95, 85, 19), -90), atol=1e-12)


def test_bounds_that_do_not_fit_are_said_and_left(tmp_path, caplog):
    lat, lon = np.arange(-85.0, 90, 10), np.arange(0.0, 360, 10)
    coordinates = with_bounds(lat, lon, np.zeros(19), np.arange(-5.0, 356, 10))
    path = write(tmp_path / "a.nc", coordinates)
    cells = mesh_axes(dataset_mesh(dataset(path), with_bounds=True)).row_cells
    assert "bounds of the latitudes" in caplog.text
    np.testing.assert_allclose(cells.high, lat + 5)


def corners_of(lat, lon):
    """Cells of 10° × 10° by their corners, (n, 4), in the shape of a Z: no ring."""
    ways = [(-5, -5), (-5, 5), (5, -5), (5, 5)]
    return [np.stack([one.ravel() + way[k] for way in ways], 1) for k, one in enumerate((lat, lon))]


@pytest.mark.parametrize("unit", ["degrees", "radian"])
def test_corners_of_cells_in_any_order_serve_as_mesh(tmp_path, unit):
    plane = np.meshgrid(np.arange(-85.0, 90, 10), np.arange(5.0, 360, 10), indexing="ij")
    scale = 1.0 if unit == "degrees" else np.pi / 180
    coordinates = {}
    for name, values, corners in zip(("clat", "clon"), plane, corners_of(*plane), strict=True):
        mark = {"units": unit, "bounds": f"{name}_vertices"}
        coordinates[name] = (("n",), values.ravel() * scale, mark)
        corners = np.column_stack([corners, np.full(len(corners), np.nan)])  # room for a fifth
        coordinates[f"{name}_vertices"] = (("n", "nv"), corners * scale, {})
    field = np.random.default_rng(0).standard_normal(648) + 9
    path = write(tmp_path / "a.nc", coordinates, ("n",), field)
    values = on_grid(path, GRID, "conservative")
    # Great circles instead of parallels: the cells' areas by their corners, not by sin φ.
    cells = cells_of_bounds(dataset_mesh(dataset(path), with_bounds=True))
    areas = polygon_areas(cells.corners)
    assert areas.sum() == pytest.approx(4 * np.pi, rel=1e-9)
    mean = np.average(values, weights=GRID.area.ravel())
    assert mean == pytest.approx(np.average(field, weights=areas), rel=1e-6)


def test_corners_elsewhere_are_refused(tmp_path):
    lat, lon = spread(500)
    coordinates = cloud(("lat", "lon"), lat, lon, ({"bounds": "b"}, {"bounds": "c"}))
    coordinates |= {name: (("n", "nv"), np.tile([0.0, 1, 2], (500, 1)), {}) for name in ("b", "c")}
    path = write(tmp_path / "a.nc", coordinates, ("n",))
    with pytest.raises(BadInput, match=r"bounds of \d+ of the 500 points are no cells around them"):
        on_grid(path, GRID, "conservative")


# --- a file of the mesh ----------------------------------------------------------------------------


def test_points_and_cells_from_a_cf_file_of_the_mesh(tmp_path):
    """ICON's fields without coordinates, and a file that has clat, clon and their vertices."""
    plane = np.meshgrid(np.arange(-85.0, 90, 10), np.arange(5.0, 360, 10), indexing="ij")
    coordinates = {}
    for name, values, corners in zip(("clat", "clon"), plane, corners_of(*plane), strict=True):
        mark = {"units": "radian", "bounds": f"{name}_vertices"}
        coordinates[name] = (("cell",), np.radians(values.ravel()), mark)
        coordinates[f"{name}_vertices"] = (("cell", "nv"), np.radians(corners), {})
    mesh_file = write(tmp_path / "mesh.nc", coordinates, ("cell",))
    bare = {"number": (("ncells",), np.arange(648), {})}
    path = write(tmp_path / "a.nc", bare, ("ncells",), law(plane[0], plane[1]).ravel())
    with pytest.raises(BadInput, match="give a file that has them with `mesh`"):
        dataset_mesh(dataset(path))
    for method, least in (("bilinear", 0.3), ("conservative", 1.2)):
        values = on_grid(path, GRID, method, mesh=str(mesh_file))
        assert np.abs(values - truth(GRID)).max() < least
    short = write(tmp_path / "b.nc", {"number": (("ncells",), np.arange(640), {})}, ("ncells",))
    with pytest.raises(BadInput, match=r"mesh\.nc is not a mesh .* of 640 points"):
        dataset_mesh(dataset(short, mesh=str(mesh_file)))


def test_regional_sources_go_to_regional_grids(tmp_path):
    lat, lon = np.arange(60.0, 29, -1), np.arange(-10.0, 41)
    path = write(
        tmp_path / "a.nc", axes(lat, lon), values=law(*np.meshgrid(lat, lon, indexing="ij"))
    )
    for method in ("bilinear", "conservative"):
        assert np.abs(on_grid(path, BOX, method) - truth(BOX)).max() < 0.02
        with pytest.raises(BadInput, match=r"reach from 30\.00N .* \d+ of 2664 (points|cells)"):
            on_grid(path, GRID, method)
    whole = Grid(np.arange(31.0, 59), np.arange(-9.0, 40))
    np.testing.assert_allclose(on_grid(path, whole), truth(whole), rtol=1e-6)
