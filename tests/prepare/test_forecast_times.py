"""NCAR's ERA5 forecasts, (forecast_initial_time, forecast_hour, latitude, longitude), by valid time.

The truth is computed here hour by hour, from a table that knows no forecasts.
"""

from pathlib import Path

import netCDF4
import numpy as np
import pytest
import yaml

from stormtrace.attribution.amounts import amount_of
from stormtrace.errors import BadInput
from stormtrace.grids import make_grid
from stormtrace.prepare.dataset import make_dataset
from stormtrace.prepare.mesh.mesh_reading import dataset_mesh
from stormtrace.prepare.needed_files import files_of_year
from stormtrace.prepare.raw.raw_formats import open_raw_file
from stormtrace.prepare.regridding.makers import own_matrix
from stormtrace.prepare.sample_making import make_samples

CASPER = Path(__file__).parents[2] / "config/casper/datasets.yaml"
NLAT, NLON = 7, 12
#: Hours since 1900 of 1999-12-31 06:00, when the first forecast begins.
FIRST = int((np.datetime64("1999-12-31T06") - np.datetime64("1900-01-01T00")).astype(int))
HOURS = 72
RNG = np.random.default_rng(17)
#: Metres in the hour that ends h + 1 hours after FIRST, (hours, lat from the north, lon).
RAIN = {
    name: (RNG.random((HOURS, NLAT, NLON)) * (RNG.random((HOURS, NLAT, NLON)) > 0.5) / 500).astype("f4")
    for name in ("LSP", "CP")
}  # fmt: skip
CODES = {"LSP": "128_142_lsp", "CP": "128_143_cp"}


def write(path, name, values, first=FIRST, leads=range(1, 13), every=12, units="hours", dims=None,
          names=("forecast_initial_time", "forecast_hour")):  # fmt: skip
    """Write (forecasts * leads, lat, lon) as the archive does: ints, chunks of a forecast, zlib."""
    leads = list(leads)
    starts = first + every * np.arange(len(values) // len(leads))
    path.parent.mkdir(parents=True, exist_ok=True)
    with netCDF4.Dataset(path, "w") as nc:
        nc.Conventions = "CF-1.6"
        for axis, numbers, kind in (
            (names[0], starts, "i4"),
            (names[1], leads, "i4"),
            ("latitude", np.linspace(90, -90, NLAT), "f8"),
            ("longitude", np.arange(NLON) * 30.0, "f8"),
        ):
            nc.createDimension(axis, len(numbers))
            nc.createVariable(axis, kind, (axis,))[:] = numbers
        nc[names[0]].setncatts(
            {"long_name": "forecast initial time", "units": "hours since 1900-01-01 00:00:00",
             "calendar": "gregorian"}
        )  # fmt: skip
        nc[names[1]].setncatts({"long_name": "forecast hour", "units": units})
        nc["latitude"].setncatts({"long_name": "latitude", "units": "degrees_north"})
        nc["longitude"].setncatts({"long_name": "longitude", "units": "degrees_east"})
        dims = dims or (*names, "latitude", "longitude")
        shape = [nc.dimensions[dim].size for dim in dims]
        source = nc.createVariable(
            name, "f4", dims, zlib=True, chunksizes=(1, *shape[1:]), fill_value=9.999e20
        )
        source.setncatts({"long_name": name, "units": "m", "rda_dataset": "ds633.0"})
        source[:] = np.reshape(values, shape)
    return path


def archive(root):
    """Write rain as glade has it, half a month a file; return the field of Casper's study.

    Of January the first two days are there.
    """
    for name, code in CODES.items():
        group = "e5.oper.fc.sfc.accumu"
        for month, stretch, hours in (
            ("199912", "1999121606_2000010106", slice(0, 24)),
            ("200001", "2000010106_2000011606", slice(24, HOURS)),
        ):
            path = root / "era5" / group / month / f"{group}.{code}.ll025sc.{stretch}.nc"
            write(path, name, RAIN[name][hours], FIRST + hours.start)
    tables = yaml.safe_load(CASPER.read_text().replace("{data}", str(root)))
    return tables["datasets"]["era5"]["fields"]["PRECT"]


def spec(field, period=("2000-01-01", "2000-01-03")):
    field = field if isinstance(field, dict) else {"sum": "LSP", "files": str(field)}
    return {"name": "era5", "source": "era5", "layout": "ncar", "sampling": "instant",
            "parts": [{"period": list(period), "files": field["files"], "stamps": "instant"}],
            "fields": {"PRECT": field}}  # fmt: skip


def samples(block, folder, year=2000):
    dataset, grid = make_dataset(block), make_grid({"nlat": NLAT, "nlon": NLON})
    mesh = dataset_mesh(dataset)
    make_samples(dataset, mesh, grid, own_matrix(mesh, grid, "bilinear")[0], year, folder)
    return sorted(folder.glob("*.nc"))


def refusal(block, folder):
    with pytest.raises(BadInput) as caught:
        samples(block, folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_rain_of_steps_is_both_kinds_over_three_hours(tmp_path):
    """The step from 00 is the hours that end at 01, 02, 03: hours 7 to 9 of the forecast of 18 h.

    Hour h of the table ends h + 1 hours after 31 December 06 h, so 2000-01-01 01 h is index 18.
    """
    block = spec(archive(tmp_path))
    used = files_of_year(make_dataset(block), 2000)
    assert len(used) == 4 and sum("1999121606" in path for path in used) == 2
    both = RAIN["LSP"].astype("f8") + RAIN["CP"]
    paths = samples(block, tmp_path / "made")
    assert len(paths) == 16
    for step, path in enumerate(paths):
        hours = slice(18 + 3 * step, 21 + 3 * step)
        with netCDF4.Dataset(path) as nc:
            np.testing.assert_allclose(nc["PRECT"][0], both[hours].sum(axis=0)[::-1], rtol=1e-6)
            assert (nc["PRECT"].units, nc["PRECT"].cell_methods) == ("m", "time: sum")
            assert np.diff(nc["time_bnds"][0]) == 3 and nc["time"][0] % 24 == 3 * step % 24
    assert amount_of(paths[0], "PRECT", 3.0).factor == pytest.approx(8000)


def test_any_piece_of_the_axis_of_time_is_right(tmp_path):
    """Records across forecasts, single ones, steps: as numpy's own index of the flat table."""
    path = write(tmp_path / "a.nc", "LSP", RAIN["LSP"])
    with open_raw_file(path) as opened:
        rain, time = opened["LSP"], opened["time"]
        assert rain.dimensions == ("time", "latitude", "longitude")
        np.testing.assert_array_equal(time.read(), FIRST + 1 + np.arange(HOURS))
        for index in ((), (slice(5, 30),), (slice(None), 2), (7,), (slice(0, 72, 5), 1, slice(3, 9)),
                      (slice(12, 24),), (slice(3, 3),)):  # fmt: skip
            np.testing.assert_array_equal(rain.stored(index), RAIN["LSP"][index or ...])


def test_values_since_the_forecast_began_are_refused(tmp_path):
    total = RAIN["LSP"].reshape(-1, 12, NLAT, NLON).cumsum(axis=1).reshape(RAIN["LSP"].shape)
    path = write(tmp_path / "a.nc", "LSP", total)
    said = refusal(spec(path), tmp_path / "made")
    assert "LSP grows from record to record" in said


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"leads": range(1, 19)}, "forecasts overlap: each has forecast_hour 1 to 18, but the next begins 12 hours later"),
        ({"leads": range(13)}, "forecasts overlap: each has forecast_hour 0 to 12"),
        ({"units": "steps"}, "forecast_hour has the units 'steps'"),
        ({"dims": ("forecast_hour", "forecast_initial_time", "latitude", "longitude")},
         "kept by forecast .*, but not as NCAR's ERA5 is"),
        ({"leads": range(3, 13, 3)}, "LSP comes every 3 h, but is of 1 h"),
    ],
)  # fmt: skip
def test_other_layouts_are_refused_in_one_sentence(tmp_path, change, reason):
    leads = change.get("leads", range(1, 13))
    values = RAIN["LSP"][: 4 * len(leads)]
    path = write(tmp_path / "a.nc", "LSP", values, **change)
    with pytest.raises(BadInput, match=reason):
        raise BadInput(refusal(spec(path), tmp_path / "made"))


def test_a_missing_forecast_is_missing_steps(tmp_path):
    files = tmp_path / "x*.nc"
    for name, hours in {"x1": slice(12, 36), "x2": slice(48, 72)}.items():
        write(tmp_path / f"{name}.nc", "LSP", RAIN["LSP"][hours], FIRST + hours.start)
    said = refusal(spec(files, ("2000-01-01", "2000-01-02")), tmp_path / "made")
    assert "2000-01-01 18:00" in said


def test_cfgribs_two_times_are_the_same(tmp_path):
    """`time` and `step`, by their standard names, and a valid_time of both dimensions."""
    path = write(tmp_path / "a.nc", "LSP", RAIN["LSP"], names=("time", "step"))
    with netCDF4.Dataset(path, "a") as nc:
        nc["time"].standard_name = "forecast_reference_time"
        nc["step"].standard_name = "forecast_period"
        both = nc["time"][:][:, None] + nc["step"][:]
        nc.createVariable("valid_time", "i4", ("time", "step"))[:] = both
        nc["valid_time"].units = nc["time"].units
    made = samples(spec(path, ("2000-01-01", "2000-01-02")), tmp_path / "made")
    with netCDF4.Dataset(made[0]) as nc:
        truth = RAIN["LSP"][18:21].astype("f8").sum(axis=0)[::-1]
        np.testing.assert_allclose(nc["PRECT"][0], truth, rtol=1e-6)


def test_a_variable_is_summed_once(tmp_path):
    with pytest.raises(BadInput, match="a variable stands in it twice"):
        make_dataset(spec({"sum": ["LSP", "LSP"], "files": "x.nc"}))
