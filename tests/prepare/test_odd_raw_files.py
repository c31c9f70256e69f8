"""What is unusual but understood gives the usual fields; what cannot be right is told."""

import contextlib

import netCDF4
import numpy as np
import pytest

from mock_raw import LEVELS, Cesm, Merra2
from stormtrace.errors import BadInput
from stormtrace.prepare.dataset import make_dataset
from stormtrace.prepare.fields import derive_blocks
from stormtrace.prepare.mesh.mesh_reading import dataset_mesh
from stormtrace.prepare.plan import make_plans
from stormtrace.prepare.raw.calendar_time import HOUR
from stormtrace.prepare.raw.raw_formats import open_raw_file


def derive(spec):
    dataset = make_dataset(spec)
    mesh = dataset_mesh(dataset)
    (plan,) = make_plans(dataset, 2000)
    (block,) = derive_blocks(dataset, plan, mesh, 8)
    return block.fields


def scaled(name, factor, units=""):
    def change(file):
        for each in name.split():
            if each in file.variables:
                file[each][...] = file[each][...] * factor
                if units:
                    file[each].units = units

    return change


def echam(file):
    """Coefficients a in Pa, and no P0 (by another name)."""
    scaled("hyam hyai", 1e5, "Pa")(file)
    file.renameVariable("P0", "unused")


def swapped(file):
    lat, lon = file["lat"][:], file["lon"][:]
    file["lat"][:], file["lon"][:] = lon, lat


@pytest.fixture
def usual(tmp_path):
    raw = Cesm(tmp_path, form="NETCDF4")
    return raw, raw.write_all(), derive(raw.spec())


def edit(paths, change):
    for path in paths.values():
        with netCDF4.Dataset(path, "a") as file:
            file.set_auto_maskandscale(False)
            change(file)


@pytest.mark.parametrize(
    "change",
    [
        scaled("PS", 0.01, "hPa"),
        scaled("P0", 0.01, "hPa"),
        scaled("Q", 1000, "g/kg"),
        echam,
    ],
    ids=["PS in hPa", "P0 in hPa", "Q in g/kg", "hyam in Pa"],
)
def test_other_units_that_are_told(usual, change):
    raw, paths, expected = usual
    edit(paths, change)
    for name, values in derive(raw.spec()).items():
        np.testing.assert_allclose(values, expected[name], rtol=2e-6, atol=2e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (scaled("PS", 0.01), r"PS of record 1 goes from 56\d.* a pressure at the ground in Pa"),
        (scaled("P0", 0.01), r"P0 is 1000; a reference pressure near 100000 Pa is expected"),
        (scaled("Q", 1000), r"TMQ comes, gives .* -1 … 200 is possible on Earth"),
        (scaled("PSL", 0.01), r"PSL comes, gives 100\d.* 80000 … 115000 is possible on Earth"),
        (scaled("U", 1e3), r"U850 comes, gives .* -300 … 300 is possible"),
        (swapped, r"lat is taken for the latitudes, but reaches 35\d"),
        (lambda file: file["time"].setncattr("calendar", "lunar"), r"h2.*'lunar' is none of CF's"),
        (lambda file: file["time"].setncattr("units", "months since 2000-01-01"), r"h2.*: units"),
    ],
    ids=["PS", "P0", "Q", "PSL", "U", "latitudes", "calendar", "months"],
)
def test_what_cannot_be_right(usual, change, message):
    raw, paths, _ = usual
    edit(paths, change)
    with pytest.raises(BadInput, match=message):
        derive(raw.spec())


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("DELP",), r"sum of DELP of record 1 goes from"),
        (("PL",), r"PL next to the ground of record 1 goes from"),
    ],
)
def test_pressure_fields_must_be_pressures(tmp_path, names, message):
    raw = Merra2(tmp_path, records=8, step=3 * HOUR, first=0)
    middle = np.broadcast_to(np.linspace(5e3, 9.5e4, 10)[:, None, None], (8, 10, 19, 36))
    fields = {
        "PL": middle,
        "DELP": np.full_like(middle, 1e4),
        "QV": middle * 1e-7,
        "U": middle / 1e4,
    }
    in_hpa = {name: values / 100 if name in names else values for name, values in fields.items()}
    path = raw.write(in_hpa, "inst3_3d_asm_Nv", np.arange(1, 11), "layer")
    files = f"{tmp_path}/MERRA2_*.inst3_3d_asm_Nv.{{year}}*.nc4"
    recipes = {"TMQ": {"integrate": "QV"}, "U850": {"interpolate": "U", "to": 850}}
    spec = raw.spec(part={"files": files}, fields=recipes)
    with pytest.raises(BadInput, match=message):
        derive(spec)
    edit({"": path}, lambda file: [file[name].setncattr("units", "hPa") for name in names])
    found = derive(spec)
    # Σ 1e-7 p · 1e4 / g over the ten levels; U is linear in p, and log interpolation between
    # 85,000 Pa's neighbours, 85,000 being a level itself, gives its own value.
    np.testing.assert_allclose(found["TMQ"], middle[0, :, 0, 0].sum() * 1e-3 / 9.80616, rtol=1e-5)
    np.testing.assert_allclose(found["U850"], 8.5, rtol=1e-5)


def test_unsigned_packing_is_undone(tmp_path):
    """netCDF-3 has no unsigned numbers; `_Unsigned` says that 40,000 lies in a −25,536."""
    raw = Cesm(tmp_path, form="NETCDF4", steps=1)
    path = raw.write("PSL", np.full((1, raw.lat.size), 101325.0), "case.cam.h2.PSL.2000.nc")
    with netCDF4.Dataset(path, "a") as file:
        file.renameVariable("PSL", "plain")
        packed = file.createVariable("PSL", "i2", ("time", "ncol"))
        packed.set_auto_maskandscale(False)
        packed.setncatts({"_Unsigned": "true", "scale_factor": 0.5, "add_offset": 81325.0})
        packed[:] = np.full((1, raw.lat.size), 40000, np.uint16).view(np.int16)
    assert (derive(raw.spec(fields={"PSL": {"take": "PSL"}}))["PSL"] == 101325.0).all()


def test_times_too_coarse_for_their_steps(tmp_path):
    """Between 2**19 and 2**20 float32 numbers are 1/16 apart: 90 minutes, in days since 0001."""
    raw = Cesm(tmp_path, form="NETCDF4", bounds=False, stamps="instant")
    path = raw.write("PSL")
    with netCDF4.Dataset(path, "a") as file:
        values, units = file["time"][:], file["time"].units
        file.renameVariable("time", "exact")
        file.createVariable("time", "f4", ("time",))[:] = values
        file["time"].setncatts({"units": units, "calendar": "noleap"})
        del file["exact"].units
    with pytest.raises(BadInput, match=r"float32, too coarse for times less than 5400 s apart"):
        derive(raw.spec(fields={"PSL": {"take": "PSL"}}))


@pytest.mark.parametrize(("off", "said"), [(0, None), (1 / 16, "less than 225 s apart")])
def test_float32_hours_since_1900_are_believed_on_full_hours(tmp_path, off, said):
    """Below 2**20 float32 numbers are 1/16 apart: what is an hour could be no other time nearby."""
    raw = Cesm(tmp_path, form="NETCDF4", bounds=False, stamps="instant")
    path = raw.write("PSL")
    with netCDF4.Dataset(path, "a") as file:
        count = file["time"].size
        file.renameVariable("time", "exact")
        stamps = file.createVariable("time", "f4", ("time",))
        stamps.setncatts({"units": "hours since 1900-01-01", "calendar": "noleap"})
        stamps[:] = 100 * 8760 + 3 * np.arange(count) + off
        del file["exact"].units
    expected = pytest.raises(BadInput, match=said) if said else contextlib.nullcontext()
    with expected:
        derive(raw.spec(fields={"PSL": {"take": "PSL"}}))


def test_any_order_of_dimensions_is_understood(tmp_path):
    raw = Cesm(tmp_path, form="NETCDF4")
    path = raw.write("PSL")
    with netCDF4.Dataset(path, "a") as file:
        values = file["PSL"][:]
        file.renameVariable("PSL", "plain")
        file.createVariable("PSL", "f4", ("ncol", "time"))[...] = values.T
    fields = derive(raw.spec(fields={"PSL": {"take": "PSL"}}))
    np.testing.assert_array_equal(fields["PSL"], values)


def test_a_field_without_time_among_times_is_refused(tmp_path):
    raw = Cesm(tmp_path, form="NETCDF4")
    path = raw.write("PSL")
    with netCDF4.Dataset(path, "a") as file:
        values = file["PSL"][:]
        file.renameVariable("PSL", "plain")
        file.createVariable("PSL", "f4", ("ncol",))[...] = values[0]
    with pytest.raises(BadInput, match=r"PSL \('ncol',\) does not change with time"):
        derive(raw.spec(fields={"PSL": {"take": "PSL"}}))


def renamed(file, name):
    """Take a variable's name away, for another to have it; return it."""
    old = file[name]
    values, dimensions = old[...], old.dimensions
    units = {"units": old.units} if "units" in old.ncattrs() else {}
    file.renameVariable(name, f"old_{name}")
    if units:
        del file[f"old_{name}"].units
    return values, dimensions, units


def repeated(file):
    """What xarray's open_mfdataset makes of coordinates and coefficients."""
    steps = len(file.dimensions["time"])
    for name in ("lat", "lon", "hyam", "hybm", "hyai", "hybi", "P0"):
        values, dimensions, units = renamed(file, name)
        new = file.createVariable(name, "f8", ("time", *dimensions))
        new[...] = np.stack([values] * steps)
        new.setncatts(units)


def test_coordinates_repeated_for_every_time(usual):
    raw, paths, expected = usual
    edit(paths, repeated)
    for name, values in derive(raw.spec()).items():
        np.testing.assert_array_equal(values, expected[name])
    edit({"": paths["U"]}, lambda file: file["hyam"].__setitem__((-1, 3), 0.5))
    with pytest.raises(BadInput, match=r"hyam \('time', 'lev'\) changes along time"):
        derive(raw.spec())


def test_hybrid_levels_that_lost_their_coefficients(usual):
    """CAM's lev is in hPa, but over mountains U at lev 850 is not U at 850 hPa."""
    raw, paths, _ = usual

    def lose(file):
        for name in ("hyam", "hybm", "hyai", "hybi"):
            renamed(file, name)
        file.createVariable("lev", "f8", ("lev",))[:] = 1000 * (LEVELS.a_mid + LEVELS.b_mid)
        file["lev"].setncatts({"units": "hPa", "long_name": "hybrid level at midpoints"})

    edit(paths, lose)
    with pytest.raises(BadInput, match=r"have no hybrid coefficients .*vertical: {coefficients"):
        derive(raw.spec())


@pytest.mark.parametrize("count", [1, 3, 10])
def test_pressure_levels_beside_hybrid_ones(tmp_path, count):
    """Interpolated files keep hyam of the levels they come from; ERA5 may have a single level."""
    raw = Cesm(tmp_path, form="NETCDF4")
    path = raw.write("U")
    with netCDF4.Dataset(path, "a") as file:
        file.createDimension("plev", count)
        file.createVariable("plev", "f8", ("plev",))[:] = 85000 - 5000 * np.arange(count)
        file["plev"].units = "Pa"
        values = np.broadcast_to(np.arange(count)[:, None], (8, count, raw.lat.size))
        file.createVariable("UP", "f4", ("time", "plev", "ncol"))[:] = values + 7.0
    spec = raw.spec(fields={"U850": {"interpolate": "UP", "to": 850, "files": str(path)}})
    assert (derive(spec)["U850"] == 7.0).all()


def test_a_variable_in_a_group_is_not_told_to_be_absent_alone(tmp_path):
    raw = Cesm(tmp_path, form="NETCDF4")
    path = raw.write("PSL")
    with netCDF4.Dataset(path, "a") as file:
        file.createGroup("fields").createVariable("U850", "f4", ("time",))
    said = r"has no variable U850; it has .*; its groups are not read \(fields\).*ncks -G :"
    with open_raw_file(str(path)) as opened, pytest.raises(BadInput, match=said):
        opened.variable("U850")
