"""Every real file with levels: right against plain numpy from the definitions, or refused."""

import netCDF4
import numpy as np
import pytest

from real_data import real_data
from stormtrace.errors import BadInput
from stormtrace.prepare.columns import Columns
from stormtrace.prepare.dataset import make_dataset
from stormtrace.prepare.fields import derive_records
from stormtrace.prepare.mesh.mesh_reading import dataset_mesh
from stormtrace.prepare.raw.coefficients import L137
from stormtrace.prepare.raw.coordinate import PressureLevels, read_coordinate
from stormtrace.prepare.raw.raw_formats import open_raw_file
from stormtrace.prepare.raw.reader import Place, Reader


def derived(relative, derivation, record=0, partner=None, **keys):
    """A field of one record (n,), whatever the times of the file are; partner: of another file."""
    path = str(real_data(relative))
    part = {"period": ["2000-01-01", "2000-01-02"], "files": path}
    spec = {"name": "real", "source": "cesm", "parts": [part], "fields": {"X": derivation}, **keys}
    dataset = make_dataset(spec)
    field, place = dataset.fields["X"], Place(path, record)
    other = place if partner is None else Place(str(real_data(partner)), record)
    with Reader(dataset, dataset_mesh(dataset)) as reader:
        columns = Columns(dataset, reader)
        beside = {name: [other] for name in columns.beside(field, place)}
        places = {name: [place] for name in field.variables}
        return derive_records(columns, field, places, beside)[0][0]


def plain(pressure, values, target):
    """Column by column, linear in log p; below the lowest level that has a value, that value.

    pressure (nlev,) or (nlev, n), values (nlev, n), from the top down.
    """
    pressure = np.broadcast_to(np.reshape(pressure, (len(values), -1)), values.shape)
    found = np.empty(values.shape[1])
    for column in range(found.size):
        there = ~np.isnan(values[:, column])
        p, v = pressure[there, column], values[there, column]
        found[column] = np.interp(np.log(target), np.log(p), v)
    return found


def stored(relative, name, record=0):
    """(nlev, n) or (n,) of one record, NaN where missing, with netCDF4's own decoding."""
    with netCDF4.Dataset(real_data(relative)) as nc:
        values = nc[name][...].astype(float)
        values = values[record] if nc[name].dimensions[0] in ("time", "valid_time") else values
    values = np.ma.filled(values, np.nan)
    return values.reshape(len(values), -1)


@pytest.mark.parametrize(
    ("relative", "name", "level", "unit", "target"),
    [
        ("era5/CDS_old_PLEV_202001_davos.nc", "u", "level", 100, 850),
        ("era5/CDS_old_PLEV_202001_davos.nc", "q", "level", 100, 500),
        ("era5/CDS_old_pl_2022.nc", "v", "level", 100, 250),
        ("era5/ERA_old_global_1deg_tz_500_850.nc", "z", "level", 100, 500),
        ("era5/ERA_old_global_1deg_tz_500_850.nc", "t", "level", 100, 700),
        ("cmip6/ta_Amon_MIROC6_ssp119_r1i1p1f1_gn_201501-202412.nc", "ta", "plev", 1, 500),
        ("ingest/era5_2005-01-23-0000-u.nc", "u", "level", 100, 850),
        ("ingest/era5_2005-01-23-0000-v.nc", "v", "level", 100, 840),
        ("ingest/geos_c12.native.nc4", "T", "lev", 100, 860),
        ("ingest/rectilinear_grid_3D.nc", "t", "lev", 1, 850),
        ("ingest/emac.nc", "tm1_p39_cav", "pax_39", 1, 500),
    ],
)
def test_pressure_levels(relative, name, level, unit, target):
    values = stored(relative, name)
    with netCDF4.Dataset(real_data(relative)) as nc:
        pressure = np.asarray(nc[level][:], float) * unit
    order = np.argsort(pressure)
    found = derived(relative, {"interpolate": name, "to": target})
    expected = plain(pressure[order], values[order], 100.0 * target)
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=1e-9)


def test_cmip6_below_the_ground():
    """At 1000 hPa 3403 cells of the file are missing: the lowest level that has a value serves."""
    relative = "cmip6/ta_Amon_MIROC6_ssp119_r1i1p1f1_gn_201501-202412.nc"
    values = stored(relative, "ta")[::-1]
    with netCDF4.Dataset(real_data(relative)) as nc:
        pressure = nc["plev"][::-1].filled()
    assert np.isnan(values[-1]).any()
    found = derived(relative, {"interpolate": "ta", "to": 1000})
    np.testing.assert_allclose(found, plain(pressure, values, 1e5), rtol=1e-5)


def test_cesm2s_bounds_are_the_wrong_way_round():
    """lev runs from the top (−3.6 … −992.6 "hPa"), a_bnds and b_bnds from the ground.

    Their nominal pressures, 1000 (a + b), say which belongs to which level.
    """
    relative = "ingest/cl_Amon_CESM2_amip_r1i1p1f1_gn_195001-201412.nc"
    with netCDF4.Dataset(real_data(relative)) as nc:
        a, b = (nc[name][:].filled().mean(axis=1)[::-1] for name in ("a_bnds", "b_bnds"))
        ps = nc["ps"][7].filled().astype(float).ravel()
        assert np.isclose(1000 * (a + b), -nc["lev"][:].filled(), rtol=1e-6).sum() == 30
    pressure = a[:, None] * 1e5 + b[:, None] * ps
    values = stored(relative, "cl", 7)
    assert (np.diff(pressure, axis=0) > 0).all() and (pressure[-1] < 85000).any()
    found = derived(relative, {"interpolate": "cl", "to": 850}, 7)
    np.testing.assert_allclose(found, plain(pressure, values, 85000.0), rtol=1e-5, atol=1e-4)


def test_emacs_coefficients_in_pascals():
    """Its formula says aps, its file has aps_ave: named in the configuration."""
    relative = "ingest/emac.nc"
    with netCDF4.Dataset(real_data(relative)) as nc:
        a, b, ai, bi = (nc[name][:].filled().astype(float)[:, None] for name in ("hyam", "hybm", "hyai", "hybi"))  # fmt: skip
        ps = nc["aps_ave"][0].filled().astype(float).ravel()
    values, names = stored(relative, "tm1_ave"), {"surface_pressure": "aps_ave"}
    found = derived(relative, {"interpolate": "tm1_ave", "to": 850}, names=names)
    np.testing.assert_allclose(found, plain(a + b * ps, values, 85000.0), rtol=1e-5)
    total = derived(relative, {"integrate": "tm1_ave"}, names=names)
    layers = np.diff(ai + bi * ps, axis=0)
    np.testing.assert_allclose(total, (values * layers).sum(axis=0) / 9.80616, rtol=1e-5)


def test_era5s_model_levels_by_number_and_logarithm_of_surface_pressure():
    """Levels 74 … 84 of 137, about 197 … 308 hPa; full levels are the means of half levels."""
    relative, partner = "era5/CDS_new_model_levels.nc", "era5/CDS_new_lnsp.nc"
    half = np.loadtxt(L137)[:, 1:]
    a, b = ((half[1:] + half[:-1]) / 2)[73:84].T
    with netCDF4.Dataset(real_data(partner)) as nc:
        ps = np.exp(nc["lnsp"][0, 0].filled().astype(float).ravel())
    assert 60000 < ps.min() < ps.max() < 105000
    values = stored(relative, "t")
    found = derived(relative, {"interpolate": "t", "to": 250}, partner=partner)
    expected = plain(a[:, None] + b[:, None] * ps, values, 25000.0)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    with pytest.raises(BadInput, match=r"no integral of q .* only 11 of the model's 137 levels"):
        derived(relative, {"integrate": "q"}, partner=partner)


def test_icons_single_level():
    """Without latitudes it needs a mesh; its level is understood."""
    path = str(real_data("ingest/ta_ps_850.nc"))
    part = {"period": ["2000-01-01", "2000-01-02"], "files": path}
    fields = {"T": {"interpolate": "ta", "to": 850}}
    dataset = make_dataset({"name": "i", "source": "cesm", "parts": [part], "fields": fields})
    with open_raw_file(path) as opened:
        coordinate = read_coordinate(opened, "ta", dataset)
    assert isinstance(coordinate.levels, PressureLevels)
    assert (coordinate.levels.pressure.tolist(), coordinate.surface) == ([85000.0], "aps")


@pytest.mark.parametrize(
    ("relative", "derivation", "message"),
    [
        ("ingest/triangular_grid_ICON.nc", {"interpolate": "S", "to": 850}, r"S lies on depths \(depth"),
        ("era5/CDS_old_pl_2022.nc", {"interpolate": "u", "to": 850}, r"850 hPa lies outside .* 100 … 350"),
        ("era5/CDS_old_SURF_202001_davos.nc", {"interpolate": "sp", "to": 850}, r"has no levels: `take`"),
        ("merra2/MERRA_pres_20200330.nc4", {"integrate": "QV"}, r"has no variable PS"),
        ("ingest/wrf_ci_test_file.nc", {"interpolate": "T", "to": 850}, r"XLAT .* changes along Time"),
    ],
)  # fmt: skip
def test_refused(relative, derivation, message):
    with pytest.raises(BadInput, match=message):
        derived(relative, derivation)


def test_merra2s_14_of_72_levels_with_their_pressure():
    """From the ground up, numbered 72 … 34: interpolated by PL, the pressure of each."""
    relative = "merra2/MERRA_pres_20200330.nc4"
    pressure, values = stored(relative, "PL")[::-1], stored(relative, "U")[::-1]
    found = derived(relative, {"interpolate": "U", "to": 850})
    np.testing.assert_allclose(found, plain(pressure, values, 85000.0), rtol=1e-4, atol=1e-4)
