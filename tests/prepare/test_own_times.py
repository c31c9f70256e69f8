"""Fields whose times mean another thing than those of the rest: rain by the hour beside instants.

Rain of the hour that starts h hours after the first is h + 1 mm, and what is instantaneous is h
there: so the step from h to h + 3 has 3 h + 6 mm and the value h, whoever wrote the files.
"""

import zipfile

import netCDF4
import numpy as np
import pytest
import xarray as xr

from mock_raw import Merra2
from real_data import real_data
from stormtrace.attribution.amounts import amount_of
from stormtrace.errors import BadInput
from stormtrace.grids import make_grid
from stormtrace.prepare.check import check_study
from stormtrace.prepare.dataset import make_dataset
from stormtrace.prepare.mesh.mesh_reading import dataset_mesh
from stormtrace.prepare.plan import make_plans
from stormtrace.prepare.raw.calendar_time import HOUR
from stormtrace.prepare.regridding.makers import own_matrix
from stormtrace.prepare.sample_making import make_samples

HOURS = np.arange(24)
FALLS = HOURS + 1.0
DAY = ["2000-01-01", "2000-01-02"]


def write(folder, kind, variable, units, values, first, every=1, **attributes):
    """Write one value an hour, everywhere the same, stamped from `first` hours on; return files."""
    raw = Merra2(folder, records=len(values), step=every * HOUR, first=round(first * HOUR), nlat=7)
    maps = np.broadcast_to(np.asarray(values)[:, None, None], (len(values), raw.nlat, raw.nlon))
    path = raw.write({variable: maps}, kind)
    with netCDF4.Dataset(path, "a") as nc:
        nc[variable].setncatts({"units": units, **attributes})
    return str(path)


def spec(source, instants, rain, **more):
    part = {"period": DAY, "files": instants, "stamps": "instant"}
    fields = {"TMQ": {"take": more.pop("water", "tcwv")}, "PRECT": rain}
    return {"name": "d", "source": source, "parts": [part], "fields": fields,
            "sampling": "instant", **more}  # fmt: skip


def samples(block, folder, grid=None):
    dataset, grid = make_dataset(block), grid or make_grid({"nlat": 7, "nlon": 36})
    mesh = dataset_mesh(dataset)
    year = int(dataset.parts[0].begin[:4])
    make_samples(dataset, mesh, grid, own_matrix(mesh, grid, "bilinear")[0], year, folder)
    return sorted(folder.glob("*.nc"))


def refusal(block, folder):
    with pytest.raises(BadInput) as caught:
        samples(block, folder)
    return str(caught.value)


RAIN = {  # source -> variable, units, mm of an hour in them, first stamp, what the field says
    "era5": ("tp", "m", 1e-3, 1, {"sum": "tp"}),
    "merra2": ("PRECTOTCORR", "kg m-2 s-1", 1 / HOUR, 0.5,
               {"take": "PRECTOTCORR", "stamps": "middle", "sampling": "mean"}),
    "cesm": ("PRECT", "m s-1", 1e-3 / HOUR, 1,
             {"take": "PRECT", "stamps": "end", "sampling": "mean"}),
}  # fmt: skip


@pytest.mark.parametrize("source", RAIN)
def test_rain_of_a_step_beside_its_first_instant(tmp_path, source):
    variable, units, scale, first, field = RAIN[source]
    water = write(tmp_path, "inst", "tcwv", "kg m-2", HOURS, 0)
    rain = write(tmp_path, "rain", variable, units, FALLS * scale, first)
    block = spec(source, water, {**field, "files": rain})
    (*rows,) = check_study([block], 1, {"d": [{"nlat": 7, "nlon": 36}]})
    assert [row.problems for row in rows] == [(), (), ()]
    paths = samples(block, tmp_path / "made")
    assert len(paths) == 8
    for step, path in enumerate(paths):
        amount = amount_of(path, "PRECT", 3.0)
        with netCDF4.Dataset(path) as nc:
            np.testing.assert_allclose(nc["TMQ"][:], 3 * step)
            per_day = nc["PRECT"][:] * amount.factor
            assert nc["time"][0] % 24 == 3 * step
            np.testing.assert_allclose(np.diff(nc["time_bnds"][0]), 3)
            assert nc["TMQ"].cell_methods == "time: point"
            kind = "sum" if source == "era5" else "mean"
            assert (nc["PRECT"].cell_methods, nc["PRECT"].units) == (f"time: {kind}", units)
        np.testing.assert_allclose(per_day, (9 * step + 6) * 8, rtol=1e-5)


def test_instants_alone_are_as_ever(tmp_path):
    """A field's own words change nothing of the others: bit by bit, bounds apart."""
    water = write(tmp_path, "inst", "tcwv", "kg m-2", np.sqrt(HOURS), 0)
    rain = write(tmp_path, "rain", "tp", "m", FALLS / 1e3, 1)
    both = spec("era5", water, {"sum": "tp", "files": rain})
    alone = {**both, "fields": {"TMQ": both["fields"]["TMQ"]}}
    for one, two in zip(samples(both, tmp_path / "2"), samples(alone, tmp_path / "1"), strict=True):
        with netCDF4.Dataset(one) as first, netCDF4.Dataset(two) as second:
            np.testing.assert_array_equal(first["TMQ"][:], second["TMQ"][:])
            assert "time_bnds" not in second.variables and first["TMQ"].__dict__ == second["TMQ"].__dict__  # fmt: skip


def test_a_mixed_request_of_the_climate_data_store(tmp_path):
    """Two files in one zip, of which `GRIB_stepType` alone says that one is accumulated."""
    water = write(tmp_path, "i", "tcwv", "kg m-2", HOURS, 0, GRIB_stepType="instant")
    rain = write(tmp_path, "a", "tp", "m", HOURS / 1e3, 0, GRIB_stepType="accum")
    with zipfile.ZipFile(tmp_path / "request.zip", "w") as archive:
        archive.write(water, "data_stream-oper_stepType-instant.nc")
        archive.write(rain, "data_stream-oper_stepType-accum.nc")
    block = spec("era5", str(tmp_path / "request.zip"), {"sum": "tp"})
    block["parts"][0] |= {"stamps": None, "period": ["2000-01-01", "2000-01-01 21:00"]}
    for step, path in enumerate(samples(block, tmp_path / "made")):
        with netCDF4.Dataset(path) as nc:
            np.testing.assert_allclose(nc["PRECT"][:], (9 * step + 6) / 1e3, rtol=1e-6)
            np.testing.assert_allclose(nc["TMQ"][:], 3 * step)


def test_real_accumulations_are_plain_sums(tmp_path):
    """ERA5 of January 2020 around Davos: tp ends at its stamp, in the same file as instants."""
    path = real_data("era5/CDS_old_SURF_202001_davos.nc")
    fields = {"PS": {"take": "sp"}, "PRECT": {"sum": "tp"}}
    period = ["2020-01-01", "2020-01-31 21:00"]
    block = {"name": "davos", "source": "era5", "fields": fields, "sampling": "instant",
             "parts": [{"period": period, "files": str(path), "stamps": "instant"}]}  # fmt: skip
    with xr.open_dataset(path) as raw:
        lat, lon = raw.latitude.values, raw.longitude.values
        steps = [float(np.ptp(axis)) / (axis.size - 1) for axis in (lon, lat)]
        box = [float(edge) for axis, step in zip((lon, lat), steps, strict=True)
               for edge in (axis.min() - step / 2, axis.max() + step / 2)]  # fmt: skip
        rain = raw.tp.astype("f8").sortby("latitude")
        ends = rain.time - np.timedelta64(1, "h")
        truth = rain.assign_coords(time=ends).resample(time="3h").sum()
        truth = truth.sel(time=slice("2020-01-01", "2020-01-31 18:00"))
        pressure = raw.sp.sortby("latitude").sel(time=truth.time).values
    paths = samples(block, tmp_path / "made", make_grid({"box": box, "step": steps}))
    assert len(paths) == truth.time.size == 247
    for index, path in enumerate(paths):
        with netCDF4.Dataset(path) as nc:
            np.testing.assert_allclose(nc["PRECT"][0], truth[index], rtol=1e-5, atol=1e-9)
            np.testing.assert_allclose(nc["PS"][0], pressure[index], rtol=1e-6)
            assert (nc["PRECT"].units, nc["PRECT"].cell_methods) == ("m", "time: sum")
    assert amount_of(paths[0], "PRECT", 3.0).factor == pytest.approx(8000)


def test_an_hour_is_not_taken_for_three(tmp_path):
    water = write(tmp_path, "inst", "tcwv", "kg m-2", HOURS, 0)
    third = write(tmp_path, "third", "tp", "m", FALLS[2::3] / 1e3, 3, every=3)
    block = spec("era5", water, {"sum": "tp", "files": third})
    said = refusal(block, tmp_path / "made")
    assert "tp comes every 3 h, but is of 1 h" in said and "`interval_hours: 3`" in said
    assert any(said in problem for row in check_study([block], 1) for problem in row.problems)
    with netCDF4.Dataset(third, "a") as nc:
        nc["tp"].GRIB_stepType = "accum"  # so that the words of the file make it a sum
    taken = {"PRECT": {"take": "tp", "files": third, "stamps": "end"}}
    (first, *_) = samples(block | {"fields": taken}, tmp_path / "taken")
    with pytest.raises(BadInput, match=r"PRECT is of 1 h \(time_bnds\) of its steps of 3 h"):
        amount_of(first, "PRECT", 3.0)
    block["fields"]["PRECT"]["interval_hours"] = 3  # the ensemble's
    with netCDF4.Dataset(samples(block, tmp_path / "made")[1]) as nc:
        np.testing.assert_allclose(nc["PRECT"][:], 6e-3, rtol=1e-6)
        np.testing.assert_allclose(np.diff(nc["time_bnds"][0]), 3)


@pytest.mark.parametrize("starts", [24, 12])
def test_what_is_accumulated_since_a_start_is_not_summed(tmp_path, starts):
    """ERA5-Land's tp is the sum since 00: from 1 h to 24 h, in the same words as ERA5's."""
    rng = np.random.default_rng(3)
    hourly = rng.random((48, 7, 36)) * (rng.random((48, 7, 36)) > 0.6) / 1e3
    total = hourly.reshape(-1, starts, 7, 36).cumsum(axis=1).reshape(hourly.shape)
    for name, values in (("hourly", hourly), ("total", total)):
        raw = Merra2(tmp_path, records=48, first=HOUR, nlat=7)
        raw.write({"tp": values}, name)
    files = f"{tmp_path}/MERRA2_200.{{}}.20000101.nc4"
    block = {"name": "d", "source": "era5", "fields": {"PRECT": {"sum": "tp"}},
             "parts": [{"period": ["2000-01-01", "2000-01-03"], "files": files.format("hourly")}]}  # fmt: skip
    for hours in (1, 3):
        block["step_hours"] = hours
        block["parts"][0]["files"] = files.format("hourly")
        assert len(samples(block, tmp_path / f"good{hours}")) == 48 // hours
        block["parts"][0]["files"] = files.format("total")
        assert "tp grows from record to record" in refusal(block, tmp_path / "made")
    with netCDF4.Dataset(files.format("total"), "a") as nc:
        nc["tp"].GRIB_stepType = "accum"
    taken = block | {"fields": {"PRECT": {"take": "tp", "stamps": "end"}}}
    assert "tp grows from record to record" in refusal(taken, tmp_path / "made")
    good = {"sum": "tp", "files": files.format("hourly")}  # beside it, the bad one hides no longer
    assert "tp grows" in refusal(
        block | {"fields": {**block["fields"], "R": good}}, tmp_path / "made"
    )


@pytest.mark.parametrize(
    ("rain", "reason"),
    [
        ({"sum": "rain"}, r"rain is of instants, .* have no sum: .*field's `stamps: end`"),
        ({"take": "rain", "stamps": "end", "interval_hours": 1}, None),
        ({"take": "rain", "stamps": "end"}, None),
    ],
)
def test_what_is_said_of_a_field_decides(tmp_path, rain, reason):
    water = write(tmp_path, "inst", "tcwv", "kg m-2", HOURS, 0)
    path = write(tmp_path, "rain", "rain", "m", FALLS, 1)
    block = spec("era5", water, {**rain, "files": path})
    if reason:
        with pytest.raises(BadInput, match=reason):
            make_plans(make_dataset(block), 2000)
        return
    first = samples(block, tmp_path / "made")[0]  # one hour of three, and the sample says so
    with netCDF4.Dataset(first) as nc:
        assert nc["time_bnds"][0].tolist() == [0, 1] and nc["PRECT"].cell_methods == "time: mean"
    with pytest.raises(BadInput, match=r"is a mean of its interval; what falls in a step needs"):
        amount_of(first, "PRECT", 3.0)


def test_a_sample_is_of_one_interval(tmp_path):
    """An hourly mean as it starts the step does not go with a sum of three hours."""
    water = write(tmp_path, "inst", "tcwv", "kg m-2", HOURS, 0)
    rain = write(tmp_path, "rain", "tp", "m", FALLS, 1)
    block = spec("era5", water, {"sum": "tp", "files": rain})
    block["fields"]["RATE"] = {"take": "tp", "files": rain, "stamps": "end"}
    assert "of several: " in (said := refusal(block, tmp_path / "made"))
    assert said.endswith("or say `sampling: mean` of the shorter")
