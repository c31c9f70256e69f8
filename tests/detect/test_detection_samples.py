"""Detection reads its samples exactly, and refuses by name what it cannot read."""

from pathlib import Path

import netCDF4
import numpy as np
import pytest

from detection_runs import OWN, SHAPE, look, make_model
from labelled_factory import FIELDS, write_samples
from stormtrace.detect.reading_ahead import Look, Pieces, of_one, read_ahead
from stormtrace.detect.reading_processes import read_in_processes
from stormtrace.errors import BadInput
from stormtrace.formats.complete_maps import read_map
from stormtrace.formats.netcdf import opening
from stormtrace.formats.samples import open_folder
from stormtrace.network.normalization import Normalization
from stormtrace.network.plausible_input import PlausibleInput


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return make_model(tmp_path_factory.mktemp("models") / "m", 3)


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    return write_samples(tmp_path_factory.mktemp("samples") / "2001", 7, shape=SHAPE)


def spoil(tmp_path, change, index=4):
    folder = write_samples(tmp_path / "2001", 6, shape=SHAPE)
    path = sorted(folder.glob("*.nc"))[index]
    with netCDF4.Dataset(path, "a") as dataset:
        change(dataset)
    return folder


def test_processes_read_what_a_thread_reads(samples):
    folder = open_folder(samples, dict.fromkeys(FIELDS))
    pieces = Pieces.of([Look(folder, folder.paths)], 3)
    in_thread = list(of_one(read_ahead(pieces)))
    in_processes = list(of_one(read_in_processes(pieces, 2)))
    assert [len(batch.times) for batch in in_thread] == [3, 3, 1]
    for one, other in zip(in_thread, in_processes, strict=True):
        assert one.times == other.times
        np.testing.assert_array_equal(one.values, other.values)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e15, -9.97e36])
def test_one_missing_value_stops_and_leaves_no_file(model, tmp_path, value):
    """Two such cells blanked 1,098 published masks."""

    def blank(dataset):
        dataset["V850"][0, 30, 7] = value

    folder = spoil(tmp_path, blank)
    with pytest.raises(
        BadInput, match=r"2001-01-01-43200\.nc: V850 has 1 missing .* at lat 32\.7273, lon 35"
    ):
        look(model, folder, tmp_path / "out" / "m.nc")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("field", "change", "message"),
    [
        ("PSL", lambda values: values / 100, r"PSL has the mean 100\d\.?\d*, as of other units"),
        ("U850", lambda values: 0 * values, "U850 is 0 everywhere"),
        ("V850", lambda values: np.where(values > 3, -9999, values), "V850 has the value -9999"),
    ],
    ids=["hPa for Pa", "all zero", "undeclared -9999"],
)
@pytest.mark.parametrize("workers", [0, 1])
def test_impossible_input_ends_the_job(model, tmp_path, field, change, message, workers):
    """Also in a step that is not the first, and read by a process, whose refusal stays ours."""

    def spoiled(dataset):
        dataset[field][:] = change(dataset[field][:])

    folder = spoil(tmp_path, spoiled)
    found = rf"43200\.nc: {message}.*: correct the field"
    if workers:
        opened = open_folder(folder, dict.fromkeys(FIELDS))
        pieces = Pieces.of([Look(opened, opened.paths, PlausibleInput(OWN).check)], 1)
        with pytest.raises(BadInput, match=found) as refused:
            list(of_one(read_in_processes(pieces, 1)))
        assert "Traceback" not in str(refused.value)
    else:
        with pytest.raises(BadInput, match=found):
            look(model, folder, tmp_path / "out" / "m.nc")
        assert list((tmp_path / "out").iterdir()) == []


def test_strong_weather_is_not_impossible():
    """Rain of 500 standard deviations, a dry map of it, a plateau's pressure, a polar night."""
    moments = {"RAIN": (1e-8, 2e-8), "PS": (96700.0, 9e3), "TMQ": (20.0, 16.0)}
    means, deviations = zip(*moments.values(), strict=True)
    check = PlausibleInput(Normalization(tuple(moments), means, deviations)).check
    values = np.full((3, 40, 60), 1e-8, np.float32)
    values[0, 20, 20], values[1], values[2] = 1e-5, 58000, 0.4
    values[1:] += np.linspace(0, 1, 60, dtype=np.float32)
    check(values, Path("x.nc"))
    values[0] = 0
    check(values, Path("x.nc"))


def test_a_fill_value_of_any_size_is_missing(model, tmp_path):
    folder = write_samples(tmp_path / "2001", 2, shape=SHAPE)
    with netCDF4.Dataset(sorted(folder.glob("*.nc"))[1], "a") as dataset:
        dataset["TMQ"].missing_value = np.float32(-999)
        dataset["TMQ"][0, 0, 0] = -999
    with pytest.raises(BadInput, match=r"TMQ has 1 missing .* \(-999\.0\)"):
        look(model, folder, tmp_path / "m.nc")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda d: d["time"].__setitem__(0, 3.0),
            r"43200\.nc: its time, 2001-01-01 03:00:00, is not after",
        ),
        (
            lambda d: d["time"].__setitem__(0, 9000.0),
            "its time is 2002-01-11 .* samples are of 2001",
        ),
        (lambda d: d["time"].setncattr("calendar", "standard"), "calendar standard, but noleap"),
        (lambda d: d["time"].__setitem__(0, np.nan), r"its time, nan .* is no date"),
        (lambda d: d["time"].__setitem__(0, 9.97e36), r"its time, 9\.97e\+36 .* is no date"),
        (lambda d: d["time"].setncattr("units", "hours"), r"its time, 12 'hours' .* is no date"),
        (lambda d: d["lon"].__setitem__(3, 16.0), "lon differs from that of"),
        (lambda d: d.renameVariable("PSL", "SLP"), "has no field PSL; it has"),
    ],
)
def test_samples_that_do_not_belong_are_refused(model, tmp_path, change, message):
    with pytest.raises(BadInput, match=message):
        look(model, spoil(tmp_path, change), tmp_path / "m.nc")


def test_times_in_other_units_are_converted(model, tmp_path):
    def days(dataset):
        dataset["time"].units = "days since 2001-01-01"
        dataset["time"][0] = 0.5

    variables, _ = look(model, spoil(tmp_path, days), tmp_path / "m.nc")
    np.testing.assert_array_equal(variables["time"], np.arange(6) * 3.0)


def test_names_of_one_calendar_are_one(model, tmp_path):
    folder = spoil(tmp_path, lambda d: d["time"].setncattr("calendar", "NOLEAP"))
    variables, _ = look(model, folder, tmp_path / "m.nc")
    np.testing.assert_array_equal(variables["time"], np.arange(6) * 3.0)


def test_missing_samples_change_no_step(model, tmp_path):
    """The step is what the samples say, not what lies between two of them."""
    folder = write_samples(tmp_path / "2001", 4, shape=SHAPE)
    sorted(folder.glob("*.nc"))[1].unlink()
    variables, attributes = look(model, folder, tmp_path / "m.nc")
    assert attributes["step_hours"] == 3
    np.testing.assert_array_equal(variables["time"], [0.0, 6.0, 9.0])


def test_samples_without_a_step_are_refused(model, tmp_path):
    folder = write_samples(tmp_path / "2001", 1, shape=SHAPE)
    with netCDF4.Dataset(next(folder.glob("*.nc")), "a") as dataset:
        dataset.delncattr("step_hours")
    with pytest.raises(BadInput, match=r"00000\.nc has no global attribute step_hours"):
        look(model, folder, tmp_path / "m.nc")


def test_other_files_in_the_folder_are_no_samples(model, tmp_path):
    folder = write_samples(tmp_path / "2001", 2, shape=SHAPE)
    for name in ("._made-up.2001-01-01-00000.nc", "mean.nc"):
        (folder / name).write_text("not netCDF")
    variables, _ = look(model, folder, tmp_path / "m.nc")
    np.testing.assert_array_equal(variables["time"], [0.0, 3.0])


def test_only_samples_of_the_period_are_run_on(model, tmp_path):
    """Start included, end not; a day has eight samples."""
    folder = write_samples(tmp_path / "2001", 20, shape=SHAPE)
    period = ["2001-01-01 21:00", "2001-01-03"]
    variables, attributes = look(model, folder, tmp_path / "m.nc", periods=[period])
    np.testing.assert_array_equal(variables["time"], np.arange(21.0, 48.0, 3.0))
    assert attributes["period"] == "2001-01-01 21:00/2001-01-03"
    assert "missing_steps" not in attributes  # nobody asked
    with pytest.raises(BadInput, match=r"no samples from 2002-01-01 to before 2003-01-01"):
        look(model, folder, tmp_path / "m.nc", periods=[["2002-01-01", "2003-01-01"]])


def test_a_sample_deleted_by_hand_is_missed_and_counted(model, tmp_path):
    folder = write_samples(tmp_path / "2001", 8, shape=SHAPE)
    (folder / "made-up.2001-01-01-32400.nc").unlink()
    day = [["2001-01-01", "2001-01-02"]]
    with pytest.raises(BadInput, match=r"of 8 steps expected 1 have no sample"):
        look(model, folder, tmp_path / "m.nc", periods=day, missing_steps="refuse")
    variables, attributes = look(
        model, folder, tmp_path / "m.nc", periods=day, missing_steps="skip"
    )
    assert len(variables["time"]) == 7 and attributes["missing_steps"] == 1


def test_a_folder_without_samples_is_refused(model, tmp_path):
    with pytest.raises(BadInput, match="has no samples"):
        look(model, tmp_path, tmp_path / "m.nc")


def test_packed_fields_are_unpacked_and_their_fill_value_is_found(tmp_path):
    """int16 of hundredths: 1234 is 22.34, and −32767 no value, whatever it would be unpacked."""
    path = tmp_path / "packed.nc"
    with netCDF4.Dataset(path, "w") as dataset:
        dataset.createDimension("lat", 2)
        dataset.createDimension("lon", 3)
        field = dataset.createVariable("TMQ", "i2", ("lat", "lon"), fill_value=-32767)
        field.scale_factor, field.add_offset = 0.01, 10.0
        field.set_auto_maskandscale(False)
        field[:] = 1234
    with opening(path) as dataset:
        np.testing.assert_allclose(read_map(dataset, "TMQ", path, (2, 3)), 22.34, rtol=1e-6)
    with netCDF4.Dataset(path, "a") as dataset:
        dataset.set_auto_maskandscale(False)
        dataset["TMQ"][1, 2] = -32767
    with opening(path) as dataset, pytest.raises(BadInput, match="TMQ has 1 missing"):
        read_map(dataset, "TMQ", path, (2, 3))


def test_a_square_map_on_its_side_is_refused(tmp_path):
    path = tmp_path / "turned.nc"
    with netCDF4.Dataset(path, "w") as dataset:
        dataset.createDimension("lat", 4)
        dataset.createDimension("lon", 4)
        dataset.createVariable("TMQ", "f4", ("lon", "lat"))[:] = 1
    with opening(path) as dataset, pytest.raises(BadInput, match=r"ordered \(lon, lat\)"):
        read_map(dataset, "TMQ", path, (4, 4))


def test_samples_from_north_to_south_are_refused(model, tmp_path):
    folder = write_samples(tmp_path / "2001", 1, shape=SHAPE)
    with netCDF4.Dataset(next(folder.glob("*.nc")), "a") as dataset:
        dataset["lat"][:] = dataset["lat"][::-1]
    with pytest.raises(BadInput, match=r"lat of a grid must ascend .* 90 … -90"):
        look(model, folder, tmp_path / "m.nc")
