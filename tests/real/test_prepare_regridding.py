"""Maps from real meshes, and what other tools make of them."""

import json
import shutil
import subprocess

import netCDF4
import numpy as np
import pytest

from analytic import errors, y2
from real_data import real_data
from stormtrace.errors import BadInput
from stormtrace.formats.netcdf import open_raw
from stormtrace.grids import make_grid
from stormtrace.prepare.dataset import make_dataset
from stormtrace.prepare.mesh.camse import camse_elements
from stormtrace.prepare.mesh.mesh_reading import dataset_mesh
from stormtrace.prepare.mesh.meshes import mesh_of_grid
from stormtrace.prepare.plan import make_plans
from stormtrace.prepare.raw.raw_formats import open_raw_file
from stormtrace.prepare.raw.time_axis import read_time_axis
from stormtrace.prepare.regridding.makers import make_matrix, own_matrix
from stormtrace.prepare.regridding.matrix_files import read_matrix
from stormtrace.prepare.sample_making import make_samples

ONE_DEGREE = make_grid({"nlat": 181, "nlon": 360})


def dataset_of(path, variable, period=("2015-01-01", "2016-01-01"), **keys):
    part = {"period": list(period), "files": str(path)}
    return make_dataset(
        {
            "name": "real",
            "source": "cesm",
            "parts": [part],
            "fields": {variable: {"take": variable}},
        }
        | keys
    )


def area_mean(values, grid):
    return np.average(values.reshape(grid.shape).mean(axis=1), weights=grid.row_area)


@pytest.fixture(scope="module")
def ne30():
    dataset = dataset_of(real_data("cesm_ne30np4/ihesp14.TS.12mon.nc"), "TS")
    mesh = dataset_mesh(dataset)
    return mesh, own_matrix(mesh, ONE_DEGREE, "bilinear")


def test_target_grid_is_cesms_own():
    """768 × 1152 of the study against CESM's SCRIP file of it."""
    grid = make_grid({"nlat": 768, "nlon": 1152})
    points = mesh_of_grid(grid)
    with open_raw(real_data("grids/SCRIPgrid_0.23x0.31_nomask_c110308.nc")) as file:
        assert list(file["grid_dims"][:]) == [1152, 768]
        np.testing.assert_allclose(file["grid_center_lat"][:], points.lat, atol=1e-9)
        np.testing.assert_allclose(file["grid_center_lon"][:] % 360, points.lon, atol=1e-9)


def test_real_ne30_is_recognised(ne30):
    mesh, (weights, how) = ne30
    assert "CAM-SE ne30np4" in how
    assert camse_elements(mesh).ne == 30
    np.testing.assert_allclose(weights.shares.sum(axis=1), 1.0, atol=1e-12)
    assert errors(weights, mesh, mesh_of_grid(ONE_DEGREE), y2)[0] < 2e-3


def test_real_temperature_keeps_its_range_and_mean(ne30):
    _, (weights, _) = ne30
    with open_raw(real_data("cesm_ne30np4/ihesp14.TS.12mon.nc")) as file:
        ts, area = np.asarray(file["TS"][:]), np.asarray(file["area"][:])
    on_grid = weights.apply(ts)
    assert on_grid.min() >= ts.min() * (1 - 1e-6) and on_grid.max() <= ts.max() * (1 + 1e-6)
    for month in range(12):  # bilinear does not conserve, but the global mean must hardly move
        assert area_mean(on_grid[month], ONE_DEGREE) == pytest.approx(
            np.average(ts[month], weights=area), abs=0.05
        )


def test_area_mean_of_the_t850_climatology():
    path = real_data("cesm_ne30np4/camse_unstructured_grid.nc")
    with open_raw(path) as file:
        name = next(n for n in file.variables if n not in ("lat", "lon", "area"))
        values = np.asarray(file[name][...]).reshape(-1, 48602)[0]
    mesh = dataset_mesh(dataset_of(real_data("cesm_ne30np4/ihesp14.TS.12mon.nc"), "TS"))
    weights, _ = own_matrix(mesh, ONE_DEGREE, "bilinear")
    assert area_mean(weights.apply(values[None])[0], ONE_DEGREE) == pytest.approx(
        277.928967, abs=0.03
    )


@pytest.mark.skipif(shutil.which("ncremap") is None, reason="NCO (ncremap) is not installed here")
def test_nco_applies_our_map_and_agrees(ne30, tmp_path):
    source = real_data("cesm_ne30np4/ihesp14.TS.12mon.nc")
    dataset = dataset_of(source, "TS")
    make_matrix(dataset, ONE_DEGREE, tmp_path / "map.nc", "bilinear", "stormtrace")
    subprocess.run(
        ["ncremap", "-v", "TS", "-m", tmp_path / "map.nc", source, tmp_path / "nco.nc"],
        check=True, capture_output=True, timeout=600,
    )  # fmt: skip
    mesh, _ = ne30
    with open_raw(source) as file, netCDF4.Dataset(tmp_path / "nco.nc") as nco:
        ours = read_matrix(tmp_path / "map.nc", mesh, ONE_DEGREE).apply(np.asarray(file["TS"][:]))
        np.testing.assert_allclose(ours.reshape(12, 181, 360), nco["TS"][:], rtol=1e-5)


@pytest.mark.skipif(shutil.which("cdo") is None, reason="CDO is not installed here")
def test_conservative_map_is_cdos(tmp_path):
    """CDO's remapcon is YAC's: an implementation that shares nothing with ours."""
    source = real_data("cesm_ne30np4/ihesp14.TS.12mon.nc")
    cells = real_data("grids/ne30np4_091226_pentagons.nc")
    grid = "gridtype=lonlat\nxsize=180\nysize=91\nxfirst=0\nxinc=2\nyfirst=-90\nyinc=2\n"
    (tmp_path / "grid.txt").write_text(grid)
    chain = [f"-remapcon,{tmp_path}/grid.txt", f"-setgrid,{cells}", "-selname,TS"]
    subprocess.run(
        ["cdo", "-s", *chain, source, tmp_path / "cdo.nc"],
        check=True, capture_output=True, timeout=600,
    )  # fmt: skip
    two_degrees = make_grid({"nlat": 91, "nlon": 180})
    mesh = dataset_mesh(dataset_of(source, "TS"))
    weights, _ = own_matrix(mesh, two_degrees, "conservative", str(cells))
    with open_raw(source) as file, netCDF4.Dataset(tmp_path / "cdo.nc") as cdo:
        ts, area = np.asarray(file["TS"][:]), np.asarray(file["area"][:])
        ours = weights.apply(ts).reshape(12, 91, 180)
        np.testing.assert_allclose(ours, cdo["TS"][:], rtol=2e-6)
    mean = np.average(ts[0], weights=area)  # CAM's area is the quadrature's, not quite the cell's
    assert area_mean(ours[0], two_degrees) == pytest.approx(mean, abs=2e-3)


def test_real_merra2_day_through_the_chain(tmp_path):
    """28 February 2017: a river of more than 30 kg m⁻² reaches Chile; nothing is missing."""
    source = real_data("merra2/IWV_IVT_MERRA_20170228_00.nc")
    grid = make_grid({"nlat": 768, "nlon": 1152})
    spec = {
        "name": "merra2-day",
        "source": "merra2",
        "parts": [{"period": ["2017-02-28", "2017-02-28 03:00"], "files": str(source)}],
        "fields": {"TMQ": {"take": "IWV"}},
    }
    dataset = make_dataset(spec)
    mesh = dataset_mesh(dataset)
    weights, how = own_matrix(mesh, grid, "bilinear")
    assert "rectilinear" in how
    assert make_samples(dataset, mesh, grid, weights, 2017, tmp_path / "2017") == 1
    with netCDF4.Dataset(tmp_path / "2017" / "merra2-day.2017-02-28-00000.nc") as ours, netCDF4.Dataset(source) as theirs:  # fmt: skip
        tmq, iwv = ours["TMQ"][0], theirs["IWV"][0]
        assert not np.ma.is_masked(tmq) and np.isfinite(tmq).all()
        assert json.loads(ours.inputs)
        # Poles and the Greenwich meridian are points of both grids (source column 288 is 0°E).
        np.testing.assert_allclose(tmq[0], iwv[0, 0], rtol=1e-6)
        np.testing.assert_allclose(tmq[-1], iwv[-1, 0], rtol=1e-6)
        lat = np.asarray(ours["lat"][:])
        expected = np.interp(lat, np.asarray(theirs["lat"][:]), np.asarray(iwv[:, 288]))
        np.testing.assert_allclose(tmq[:, 0], expected, rtol=1e-5)
        assert tmq.min() >= iwv.min() and tmq.max() <= iwv.max()


def test_real_e3sm_columns_through_the_chain(tmp_path):
    """float64, physics columns that are no GLL points, one file with everything, year 10."""
    source = real_data("e3sm_ne4pg2/e3sm_mmf_ne4pg2_as_cam_history.nc")
    spec = {
        "name": "e3sm",
        "source": "cesm",
        "parts": [{"period": ["0010-01-01 00:00", "0010-01-01 03:00"], "files": str(source)}],
        "fields": {
            "TMQ": {"integrate": "Q"},
            "U850": {"interpolate": "U", "to": 850},
            "V850": {"interpolate": "V", "to": 850},
        },
    }
    dataset = make_dataset(spec)
    mesh = dataset_mesh(dataset)
    weights, how = own_matrix(mesh, ONE_DEGREE, "bilinear")
    assert "Delaunay" in how
    assert make_samples(dataset, mesh, ONE_DEGREE, weights, 10, tmp_path / "0010") == 1
    with netCDF4.Dataset(tmp_path / "0010" / "e3sm.0010-01-01-00000.nc") as file:
        tmq = np.asarray(file["TMQ"][0])
    with open_raw(source) as file:
        a, b, ps = (np.asarray(file[name][:]) for name in ("hyai", "hybi", "PS"))
        mass = np.diff(a[:, None] * 1e5 + b[:, None] * ps[0], axis=0) / 9.80616
        column = (np.asarray(file["Q"][0]) * mass).sum(axis=0)
        assert tmq.min() >= column.min() * (1 - 1e-6) and tmq.max() <= column.max() * (1 + 1e-6)
        mean = np.average(column, weights=np.asarray(file["area"][:]))
    assert area_mean(tmq, ONE_DEGREE) == pytest.approx(mean, rel=2e-3)


def test_empty_merra2_file_is_refused():
    path = real_data("merra2/empty-MERRA2.nc")
    dataset = dataset_of(path, "PHIS", ("1980-01-13", "1980-01-14"), source="merra2")
    with pytest.raises(BadInput, match=r"empty-MERRA2\.nc holds no times"):
        make_plans(dataset, 1980)
    with pytest.raises(BadInput, match="361 of 361 values that are no coordinate"):
        dataset_mesh(dataset)


@pytest.mark.parametrize(
    ("name", "second", "hours", "instant"),
    [
        ("merra2/M2T1NXSLV_temporal.nc4", "2021-01-10 02:00", 1, False),
        ("merra2/MERRA_pres_20200330.nc4", "2020-03-30 03:00", 3, True),
    ],
)
def test_real_stamps_are_understood(name, second, hours, instant):
    """Where the second record's interval starts: MERRA-2 stamps the middle of an hour."""
    with open_raw_file(real_data(name)) as opened:
        field = next(
            each for each in opened.values() if each.dimensions[:1] == ("time",) != each.dimensions
        )
        axis = read_time_axis(opened, field, "time", None)
    assert axis.calendar.text(axis.start[1]) == second
    assert (axis.spacing, axis.instant) == (round(hours * 3600), instant)


@pytest.mark.parametrize(
    ("name", "variable", "instant", "mean", "seconds"),
    [
        ("cam6_column/scam_gateIII_215_YOG_testing.cam.h2.1974-08-30-00000.nc", "Q",
         "1974-08-30 00:20", "1974-08-30 00:00", 1200),
        ("eam_columns/EMC2_demo_EAMv1_Freerun.2012-10-31.nc", "Q_155w_to_158w_70n_to_73n",
         "2012-10-31 02:00", "2012-10-31 01:00", 3600),
    ],
)  # fmt: skip
def test_real_instants_beside_bounds(name, variable, instant, mean, seconds):
    """CAM's and EAM's instantaneous fields: bounds of intervals, and no cell_methods."""
    with open_raw_file(real_data(name)) as opened:
        source = opened[variable]
        assert read_time_axis(opened, source, "time", None).doubt
        for stamps, second in (("instant", instant), ("end", mean)):
            axis = read_time_axis(opened, source, "time", stamps)
            start = axis.start[axis.records == 1][0]  # the first record may be the initial state
            assert axis.calendar.text(start) == second and axis.spacing == seconds


def test_real_means_say_so():
    """A CESM monthly mean: stamped at its end, and `time: mean`."""
    with open_raw_file(real_data("cesm_ne30np4/ihesp14.TS.12mon.nc")) as opened:
        axis = read_time_axis(opened, opened["TS"], "time", None)
    assert not axis.instant and not axis.doubt
