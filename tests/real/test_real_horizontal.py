"""Real files of other centres on a grid: against plain numpy, scipy and cdo, or refused."""

import re
import shutil
import subprocess

import netCDF4
import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator
from scipy.spatial import cKDTree

from real_data import real_data
from stormtrace.errors import BadInput
from stormtrace.grids import Grid, make_grid
from stormtrace.prepare.dataset import make_dataset
from stormtrace.prepare.mesh.mesh_axes import mesh_axes
from stormtrace.prepare.mesh.mesh_cells import cells_of_bounds, read_cells
from stormtrace.prepare.mesh.mesh_reading import dataset_mesh
from stormtrace.prepare.mesh.meshes import mesh_of_grid
from stormtrace.prepare.raw.raw_formats import open_raw_file
from stormtrace.prepare.raw.variable_layout import read_layout
from stormtrace.prepare.regridding.conservative import rectilinear_conservative
from stormtrace.prepare.regridding.makers import own_matrix

TWO = make_grid({"nlat": 91, "nlon": 180})


def dataset_of(path, variable, **keys):
    part = {"period": ["2000-01-01", "2001-01-01"], "files": str(path)}
    fields = {variable: {"take": variable}}
    return make_dataset({"name": "r", "source": "cesm", "parts": [part], "fields": fields} | keys)


def on_grid(path, variable, grid, method="bilinear", **keys):
    """Mesh, first record on the mesh and on the grid, by the way of the jobs."""
    dataset = dataset_of(path, variable, **keys)
    mesh = dataset_mesh(dataset, with_bounds=method == "conservative")
    with open_raw_file(path) as opened:
        values = read_layout(opened, variable, dataset).read(slice(0, 1))[0]
    assert np.isfinite(values).all()
    return mesh, values, own_matrix(mesh, grid, method, dataset.mesh)[0].apply(values[None])[0]


def plainly(path, *names):
    with netCDF4.Dataset(path) as nc:
        return [np.ma.filled(nc[name][...].astype(float), np.nan).squeeze() for name in names]


def bilinear(lat, lon, field, grid):
    """scipy's interpolation of a rectilinear field, padded round the globe where it goes round."""
    lon = np.asarray(lon) % 360
    rows, columns = np.argsort(lat), np.argsort(lon)
    lat, lon, field = lat[rows], lon[columns], field[rows][:, columns]
    if lon.size * np.diff(lon).min() > 359:
        lon = np.concatenate([[lon[-1] - 360], lon, [lon[0] + 360]])
        field = np.concatenate([field[:, -1:], field, field[:, :1]], axis=1)
    points = mesh_of_grid(grid)
    inside = (points.lat >= lat[0]) & (points.lat <= lat[-1])
    interpolate = RegularGridInterpolator((lat, lon), field)
    return interpolate(np.stack([points.lat[inside], points.lon[inside]], 1)), inside


RECTILINEAR = [
    ("ingest/ldcpy_zfp1e-7.PRECT.60days.nc", "PRECT", ("lat", "lon"), {"nlat": 46, "nlon": 72}),
    ("ingest/rectilinear_grid_3D.nc", "t", ("lat", "lon"), {"nlat": 46, "nlon": 72}),
    ("ingest/tas_day_MIROC6_ssp119_r1i1p1f1_gn_20150101.nc", "tas", ("lat", "lon"), {"gaussian": 24}),
    ("ingest/cesm2_native.nc", "TREFHT", ("lat", "lon"), {"nlat": 19, "nlon": 36}),
    ("ingest/emac.nc", "aps_ave", ("lat", "lon"), {"nlat": 19, "nlon": 36}),
    ("ingest/era5_2005-01-23-0000-u.nc", "u", ("latitude", "longitude"), {"nlat": 46, "nlon": 72}),
    ("ingest/era5_2005-01-23-0000-v.nc", "v", ("latitude", "longitude"), {"nlat": 46, "nlon": 72}),
    ("ingest/tasmin_day_HadGEM3-GC31-MM_dcppA-hindcast_s1960-r2i1p1f2_gn_19610101-19611230.nc",
     "tasmin", ("lat", "lon"), {"nlat": 19, "nlon": 36}),
    ("era5/CDS_new_lnsp.nc", "lnsp", ("latitude", "longitude"), {"nlat": 19, "nlon": 36}),
    ("era5/CDS_new_model_levels.nc", "t", ("latitude", "longitude"), {"nlat": 19, "nlon": 36}),
    ("era5/ERA_old_global_1deg_tz_500_850.nc", "t", ("latitude", "longitude"), {"nlat": 46, "nlon": 72}),
    ("ingest/MERRA2_400.inst1_2d_asm_Nx.20200330.nc4", "TQV", ("lat", "lon"),
     {"box": [-99, -71, 31, 44], "step": 0.25}),
    ("ingest/era5_1995-07-14T12.nc", "t2m", ("latitude", "longitude"),
     {"box": [-124, -67, 25, 49], "step": 0.5}),
    ("era5/CDS_old_pl_2022.nc", "t", ("latitude", "longitude"), {"box": [45, 76, 50, 59], "step": 0.5}),
    ("era5/CDS_old_SURF_202001_davos.nc", "sp", ("latitude", "longitude"),
     {"box": [9.4, 10.2, 46.5, 47.1], "step": 0.1}),
    ("era5/CDS_old_PLEV_202001_davos.nc", "t", ("latitude", "longitude"),
     {"box": [9.4, 10.2, 46.5, 47.1], "step": 0.1}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "variable", "axes", "grid"), RECTILINEAR)
def test_rectilinear_files_are_interpolated_as_scipy_does(name, variable, axes, grid):
    path, target = real_data(name), make_grid(grid)
    lat, lon, field = plainly(path, *axes, variable)
    while field.ndim > 2:
        field = field[0]
    _, _, found = on_grid(path, variable, target)
    expected, inside = bilinear(lat, lon, field, target)
    np.testing.assert_allclose(found[inside], expected, rtol=2e-6, atol=2e-6 * np.abs(field).max())
    if "box" in grid:
        with pytest.raises(BadInput, match=r"only; \d+ of 16380 points of the grid lie outside"):
            on_grid(path, variable, TWO)


def between_neighbours(mesh, values, found, grid, count=12):
    """Each target lies between the least and the greatest of the source points next to it."""
    points = mesh_of_grid(grid)
    _, near = cKDTree(mesh.xyz).query(points.xyz, count)
    low, high = values[near].min(axis=1), values[near].max(axis=1)
    slack = 1e-6 * np.abs(values).max()
    assert ((found >= low - slack) & (found <= high + slack)).all()


@pytest.mark.parametrize(
    ("name", "variable", "axes", "radians"),
    [
        ("ingest/MPAS.nc", "surface_pressure", ("latCell", "lonCell"), True),
        ("ingest/triangular_grid_ICON.nc", "S", ("clat", "clon"), True),
        ("ingest/geos_c12.native.nc4", "PHIS", ("lats", "lons"), False),
        ("cmip6/tas_Amon_ICON-ESM-LR_historical_r1i1p1f1_gn_185001.nc", "tas",
         ("latitude", "longitude"), False),
    ],
)  # fmt: skip
def test_points_of_other_models_are_where_they_are(name, variable, axes, radians):
    path, grid = real_data(name), make_grid({"nlat": 46, "nlon": 72})
    lat, lon = (np.degrees(each) if radians else each for each in plainly(path, *axes))
    mesh, values, found = on_grid(path, variable, grid)
    np.testing.assert_allclose(mesh.lat, lat.ravel(), atol=1e-6)
    np.testing.assert_allclose(np.cos(np.radians(mesh.lon - lon.ravel())), 1.0, atol=1e-12)
    between_neighbours(mesh, values, found, grid)


def test_geos_faces_are_read_in_the_order_of_their_points():
    """T (time, lev, nf, Ydim, Xdim) at one level is the file's own plane of faces."""
    path = real_data("ingest/geos_c12.native.nc4")
    t, lats = plainly(path, "T", "lats")
    dataset = dataset_of(path, "T")
    with open_raw_file(path) as opened:
        layout = read_layout(opened, "T", dataset)
        values = layout.read(slice(0, 1), slice(0, 3))
    assert layout.points == ("nf", "Ydim", "Xdim")
    planes = t.reshape(-1, 48, 864)[0, :3]
    np.testing.assert_allclose(values[0], planes, rtol=1e-6)
    np.testing.assert_array_equal(dataset_mesh(dataset).lat, lats.ravel())


# --- conservative ----------------------------------------------------------------------------------


def excess(corners):
    """Areas of spherical triangles (n, 3, 3) by L'Huilier's formula, steradians."""
    a, b, c = (
        2 * np.arcsin(np.linalg.norm(corners[:, i] - corners[:, j], axis=1) / 2)
        for i, j in ((0, 1), (1, 2), (2, 0))
    )
    s = (a + b + c) / 2
    product = np.tan(s / 2) * np.tan((s - a) / 2) * np.tan((s - b) / 2) * np.tan((s - c) / 2)
    return 4 * np.arctan(np.sqrt(np.maximum(product, 0)))


def vectors(lat, lon):
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], -1)


@pytest.mark.parametrize(
    ("name", "variable", "bounds", "unit"),
    [
        ("ingest/triangular_grid_ICON.nc", "S", ("clat_vertices", "clon_vertices"), 1.0),
        ("cmip6/tas_Amon_ICON-ESM-LR_historical_r1i1p1f1_gn_185001.nc", "tas",
         ("latitude_bnds", "longitude_bnds"), np.pi / 180),
    ],
)  # fmt: skip
def test_cf_bounds_serve_as_cells(name, variable, bounds, unit):
    path = real_data(name)
    areas = excess(vectors(*(each * unit for each in plainly(path, *bounds))))
    assert areas.sum() == pytest.approx(4 * np.pi, rel=1e-6)
    _, values, found = on_grid(path, variable, TWO, "conservative")
    mean = np.average(found, weights=TWO.area.ravel())
    assert mean == pytest.approx(np.average(values, weights=areas), rel=2e-6)


def cdo(tmp_path, source, variable, *before):
    """CDO's remapcon of a variable's first record and level to the grid of two degrees."""
    grid = "gridtype=lonlat\nxsize=180\nysize=91\nxfirst=0\nxinc=2\nyfirst=-90\nyinc=2\n"
    (tmp_path / "grid.txt").write_text(grid)
    chain = [f"-remapcon,{tmp_path}/grid.txt", *before, f"-selname,{variable}"]
    subprocess.run(
        ["cdo", "-s", *chain, source, tmp_path / "cdo.nc"],
        check=True, capture_output=True, timeout=600,
    )  # fmt: skip
    (values,) = plainly(tmp_path / "cdo.nc", variable)
    while values.ndim > 2:
        values = values[0]
    return values.ravel()


@pytest.mark.skipif(shutil.which("cdo") is None, reason="CDO is not installed here")
@pytest.mark.parametrize(
    ("name", "variable", "before"),
    [
        ("ingest/tas_day_MIROC6_ssp119_r1i1p1f1_gn_20150101.nc", "tas", ()),
        ("cmip6/tas_Amon_ICON-ESM-LR_historical_r1i1p1f1_gn_185001.nc", "tas", ()),
        ("era5/ERA_old_global_1deg_tz_500_850.nc", "t", ("-sellevidx,1",)),
    ],
)
def test_conservative_fields_are_cdos(tmp_path, name, variable, before):
    path = real_data(name)
    _, _, found = on_grid(path, variable, TWO, "conservative")
    np.testing.assert_allclose(found, cdo(tmp_path, path, variable, *before), rtol=2e-5)


def test_gaussian_rows_use_their_bounds_and_reach_the_poles():
    """MIROC6 (T85): the mean over the sphere is the sum over the file's own cells."""
    path = real_data("ingest/tas_day_MIROC6_ssp119_r1i1p1f1_gn_20150101.nc")
    bounds, tas = plainly(path, "lat_bnds", "tas")
    heights = np.abs(np.diff(np.sin(np.radians(bounds)), axis=1))[:, 0]
    assert heights.sum() == pytest.approx(2.0, rel=1e-9)
    _, _, found = on_grid(path, "tas", TWO, "conservative")
    mean = np.average(found, weights=TWO.area.ravel())
    assert mean == pytest.approx(np.average(tas.mean(axis=1), weights=heights), rel=1e-6)
    half = np.average(tas.mean(axis=1), weights=np.cos(np.radians(bounds.mean(axis=1))))
    assert mean != pytest.approx(half, rel=1e-7)  # other edges would be seen


def test_gaussian_rows_without_bounds_have_their_quadrature_weights():
    """ECHAM T63: 96 rows, from the north, whose bounds the file does not have."""
    path = real_data("ingest/rectilinear_grid_3D.nc")
    mesh, values, found = on_grid(path, "t", TWO, "conservative")
    _, weights = np.polynomial.legendre.leggauss(96)
    truth = np.average(values.reshape(96, 192).mean(axis=1), weights=weights)
    assert np.average(found, weights=TWO.area.ravel()) == pytest.approx(truth, rel=1e-6)
    given = rectilinear_conservative(mesh, TWO).shares.T @ (TWO.area.ravel() / TWO.radius_km**2)
    np.testing.assert_allclose(given.reshape(96, 192).sum(axis=1), weights * 2 * np.pi, rtol=1e-6)
    assert mesh_axes(mesh).row_cells.high[-1] == 90.0


def test_an_mpas_mesh_gives_cells_and_points(tmp_path):
    """162 cells; areas against `areaCell` on the mesh's own sphere; a field that has no points."""
    path = real_data("meshes/mpas_mesh.QU.1920km.151026.nc")
    area, lat, lon = plainly(path, "areaCell", "latCell", "lonCell")
    with netCDF4.Dataset(path) as nc:
        radius = float(nc.sphere_radius)
    cells = read_cells(str(path), 162)
    fan = [
        excess(np.stack([cells.corners[:, 0], cells.corners[:, k], cells.corners[:, k + 1]], 1))
        for k in range(1, cells.corners.shape[1] - 1)
    ]
    np.testing.assert_allclose(sum(fan), area / radius**2, rtol=1e-4)
    bare = tmp_path / "history.nc"
    with netCDF4.Dataset(bare, "w") as nc:
        nc.createDimension("Time", 1)
        nc.createDimension("nCells", 162)
        nc.createVariable("z", "f8", ("Time", "nCells"))[0] = np.sin(lat) + 2
    for method, least in (("bilinear", 0.05), ("conservative", 0.16)):
        mesh, values, found = on_grid(bare, "z", TWO, method, mesh=str(path))
        np.testing.assert_allclose(mesh.lat, np.degrees(lat), atol=1e-9)
        np.testing.assert_allclose(mesh.lon, np.degrees(lon), atol=1e-9)
        assert np.abs(found - np.sin(np.radians(mesh_of_grid(TWO).lat)) - 2).max() < least
    mean = np.average(found, weights=TWO.area.ravel())
    assert mean == pytest.approx(np.average(values, weights=area), rel=1e-5)


# --- planes and regions ----------------------------------------------------------------------------


def rotated(lat, lon, pole_lat, pole_lon):
    """Coordinates on a rotated pole, by turning the sphere about z and then about y."""
    x, y, z = np.moveaxis(vectors(np.radians(lat), np.radians(lon - pole_lon)), -1, 0)
    tilt = np.radians(90.0 - pole_lat)
    x, z = x * np.cos(tilt) - z * np.sin(tilt), x * np.sin(tilt) + z * np.cos(tilt)
    turned = np.degrees(np.arctan2(y, x))
    return np.degrees(np.arcsin(z)), (turned + 360.0) % 360.0 - 180.0


@pytest.mark.parametrize(
    ("name", "pole", "south"),
    [
        ("polar_grids/CORDEX_ARC-44_tas_BCCR-WRF331_20010101.nc", (6.55, 0.0), False),
        ("polar_grids/CORDEX_ANT-44_tas_DMI-HIRHAM5_20060101.nc", (6.08, -166.92), True),
    ],
)
def test_rotated_regions_end_at_their_rim(name, pole, south):
    """Which of 2,500 points round the pole lie in the rectangle of rlat, rlon: by plain rotation."""
    path = real_data(name)
    rlat, rlon, lat, lon = plainly(path, "rlat", "rlon", "lat", "lon")
    found = np.stack(rotated(lat, lon, *pole))
    own = np.stack(np.meshgrid(rlat, rlon, indexing="ij"))
    turns = (found - own + 180.0) % 360.0 - 180.0
    assert np.abs(turns).max() < 0.05  # the rotation is the file's own
    grid = make_grid({"projection": f"{'south' if south else 'north'}-polar", "boundary_lat": 80,
                      "cells": 30})  # fmt: skip
    mesh, values, on = on_grid(path, "tas", grid)
    between_neighbours(mesh, values, on, grid)
    rng = np.random.default_rng(0)
    lat = np.degrees(np.arcsin(rng.uniform(np.sin(np.radians(45)), 1, (50, 50)))) * (1 - 2 * south)
    around = Grid(lat, rng.uniform(0, 360, (50, 50)))
    y, x = rotated(*around.points, *pole)
    x = (x - rlon.mean() + 180.0) % 360.0 - 180.0 + rlon.mean()
    out = (y < rlat.min()) | (y > rlat.max()) | (x < rlon.min()) | (x > rlon.max())
    near = np.abs(np.stack([y - rlat.min(), y - rlat.max(), x - rlon.min(), x - rlon.max()])) < 0.1
    with pytest.raises(BadInput, match=r"points of the grid lie there") as no:
        own_matrix(mesh, around)
    count = int(re.search(r"and (\d+) of 2500 points", str(no.value))[1])
    assert abs(count - int(out.sum())) <= int(near.any(axis=0).sum())


def test_a_moving_nest_is_refused_and_a_fixed_one_is_right(tmp_path):
    path = real_data("ingest/wrf_ci_test_file.nc")
    with pytest.raises(BadInput, match=r"XLAT \('Time', .* changes along Time"):
        dataset_mesh(dataset_of(path, "T"))
    lat, lon, t = plainly(path, "XLAT", "XLONG", "T")
    fixed = tmp_path / "fixed.nc"
    with netCDF4.Dataset(fixed, "w") as nc:
        for name, size in (("Time", 2), ("south_north", 48), ("west_east", 48)):
            nc.createDimension(name, size)
        for name, plane, units in (
            ("XLAT", lat[0], "degree_north"), ("XLONG", lon[0], "degree_east"), ("T", t[0, 0], "K"),
        ):  # fmt: skip
            variable = nc.createVariable(name, "f4", ("Time", "south_north", "west_east"))
            variable[:] = np.stack([plane, plane])
            variable.units = units
    middle = lat[0].mean(), lon[0].mean()
    box = make_grid(
        {"box": [middle[1] - 1, middle[1] + 1, middle[0] - 1, middle[0] + 1], "step": 0.1}
    )
    mesh, values, found = on_grid(fixed, "T", box)
    between_neighbours(mesh, values, found, box)
    np.testing.assert_array_equal(values, t[0, 0].ravel())
    with pytest.raises(BadInput, match=r"\d+ of 16380 points of the grid lie outside"):
        on_grid(fixed, "T", TWO)  # a Mercator nest is rectilinear


@pytest.mark.parametrize("name", ["ingest/atm_phy_mag0004_1985.nc", "ingest/ta_ps_850.nc"])
def test_icon_fields_without_points_need_a_mesh(name):
    path = real_data(name)
    variable = "ta" if "ta_ps" in name else "ts"
    with pytest.raises(BadInput, match=r"has no latitudes and longitudes .* with `mesh`"):
        dataset_mesh(dataset_of(path, variable))
    grid_file = real_data("ingest/triangular_grid_ICON.nc")
    mesh = dataset_mesh(dataset_of(path, variable, mesh=str(grid_file)))
    np.testing.assert_allclose(mesh.lat, np.degrees(plainly(grid_file, "clat")[0]), atol=1e-9)
    with pytest.raises(BadInput, match=r"MPAS\.nc is not a mesh .* of 20480 points"):
        dataset_mesh(dataset_of(path, variable, mesh=str(real_data("ingest/MPAS.nc"))))


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("ingest/cl_Amon_CESM2_amip_r1i1p1f1_gn_195001-201412.nc", "ps"),
        ("cmip6/tas_day_CESM2-WACCM_historical_r1i1p1f1_gn_20000101-20091231.nc", "tas"),
        ("cmip6/ta_Amon_MIROC6_ssp119_r1i1p1f1_gn_201501-202412.nc", "ta"),
    ],
)
def test_files_thinned_to_two_or_three_rows_are_no_globe(name, variable):
    mesh = dataset_mesh(dataset_of(real_data(name), variable), with_bounds=True)
    for method in ("bilinear", "conservative"):
        with pytest.raises(BadInput, match=r"of 16380 (points|cells) of the grid lie outside"):
            own_matrix(mesh, TWO, method)


def test_cells_of_the_bounds_are_those_of_the_file():
    path = real_data("cmip6/tas_Amon_ICON-ESM-LR_historical_r1i1p1f1_gn_185001.nc")
    cells = cells_of_bounds(dataset_mesh(dataset_of(path, "tas"), with_bounds=True))
    own = vectors(*(np.radians(each) for each in plainly(path, "latitude_bnds", "longitude_bnds")))
    assert cells.corners.shape == own.shape
    np.testing.assert_allclose(np.sort(cells.corners[..., 2]), np.sort(own[..., 2]), atol=1e-9)
