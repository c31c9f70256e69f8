import errno
import threading
import time
from types import SimpleNamespace

import netCDF4
import numpy as np
import pytest

from stormtrace.detect.reading_ahead import read_ahead
from stormtrace.errors import BadInput
from stormtrace.formats import netcdf
from stormtrace.formats.netcdf import creating, open_raw, read, variable
from stormtrace.learn.batches import batches


def write(path, form="NETCDF4", values=(1, 2, 3), kind="f4", fill=None, **attributes):
    with netCDF4.Dataset(path, "w", format=form) as file:
        file.createDimension("time", None)
        file.createDimension("x", len(values))
        variable = file.createVariable("a", kind, ("time", "x"), fill_value=fill)
        variable.setncatts(attributes)
        variable.set_auto_maskandscale(False)
        variable[:5] = np.tile(values, (5, 1))
    return path


@pytest.mark.parametrize("form", ["NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA", "NETCDF4"])
def test_truncated_file_is_refused(tmp_path, form):
    path = write(tmp_path / "a.nc", form, values=np.arange(5000))
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(BadInput, match=r"a\.nc.*truncated"):
        open_raw(path)


def test_what_is_no_netcdf_or_not_there(tmp_path):
    (tmp_path / "a.nc").write_text("hello")
    with pytest.raises(BadInput, match="cannot be opened as netCDF"):
        open_raw(tmp_path / "a.nc")
    with pytest.raises(BadInput, match="is not there"):
        open_raw(tmp_path / "b.nc")


def test_missing_variable_names_those_there(tmp_path):
    with (
        open_raw(write(tmp_path / "a.nc")) as file,
        pytest.raises(BadInput, match="has no variable b; it has a"),
    ):
        variable(file, "b")


@pytest.mark.parametrize("fill", [1e15, 1e36, -9999.0, np.nan])
@pytest.mark.parametrize("key", ["_FillValue", "missing_value", "fmissing_value"])
def test_fill_values_become_nan(tmp_path, fill, key):
    attributes = {} if key == "_FillValue" else {key: np.float32(fill)}
    path = write(
        tmp_path / "a.nc",
        values=[1, fill, 3],
        fill=fill if key == "_FillValue" else None,
        **attributes,
    )
    with open_raw(path) as file:
        np.testing.assert_array_equal(read(file["a"])[0], [1, np.nan, 3])


def test_fill_values_too_large_for_the_variable(tmp_path, recwarn):
    path = write(tmp_path / "a.nc", missing_value=1e300)
    with open_raw(path) as opened:
        np.testing.assert_array_equal(read(opened["a"])[0], [1, 2, 3])
    assert not recwarn.list


def test_fill_values_of_unsigned_numbers_are_stored_as_signed(tmp_path):
    with netCDF4.Dataset(tmp_path / "a.nc", "w", format="NETCDF3_64BIT_OFFSET") as file:
        file.createDimension("x", 3)
        packed = file.createVariable("PSL", "i2", ("x",), fill_value=-1)
        packed.set_auto_maskandscale(False)
        packed.setncatts({"_Unsigned": "true", "scale_factor": 2.0})
        packed[:] = np.array([0, 40000, 65535], np.uint16).view(np.int16)
    with open_raw(tmp_path / "a.nc") as opened:
        np.testing.assert_array_equal(read(opened["PSL"]), [0, 80000, np.nan])


def test_packed_integers_are_unpacked(tmp_path):
    path = write(
        tmp_path / "a.nc",
        values=[1, -99, 3],
        kind="i2",
        fill=-99,
        scale_factor=0.5,
        add_offset=10.0,
    )
    with open_raw(path) as file:
        np.testing.assert_array_equal(read(file["a"])[0], [10.5, np.nan, 11.5])


def test_reading_keeps_precision_and_native_order(tmp_path):
    path = write(tmp_path / "a.nc", "NETCDF3_64BIT_DATA", values=[1 / 3, 2, 3], kind="f8")
    with open_raw(path) as file:
        values = read(file["a"], (slice(1, 3),))
    assert values.dtype == np.dtype("=f8") and values.shape == (2, 3) and values[0, 0] == 1 / 3


def test_full_disk_is_told_as_such(tmp_path, monkeypatch):
    monkeypatch.setattr(netcdf.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 0}))
    with pytest.raises(OSError) as caught, creating(tmp_path / "a.nc"):
        raise RuntimeError("NetCDF: HDF error")
    assert caught.value.errno == errno.ENOSPC
    assert str(tmp_path) in str(caught.value)


def given_up(begun, wait):
    """Samples as detection reads them ahead, the second of which is being read."""

    def read(number):
        if number:
            begun.set()
            wait()
        return [], []

    stream = read_ahead(SimpleNamespace(paths=[[1], [2], [3]], read=read))
    next(stream)
    assert begun.wait(30)
    stream.close()


def refused(begun, wait):
    """Batches of training, the first of which is refused while others are being read."""

    def read(index):
        if index:
            begun.set()
            wait()
        assert begun.wait(30)
        raise BadInput("no sample")

    with pytest.raises(BadInput, match="no sample"):
        next(batches(SimpleNamespace(read=read), [0, 1, 2, 3], 1))


@pytest.mark.parametrize("leave", [given_up, refused])
def test_readers_are_not_waited_for_by_who_has_what_they_wait_for(leave):
    """Python may collect a generator at any moment, also while this thread has NETCDF."""
    left = threading.Event()

    def wait():
        with netcdf.NETCDF:
            pass

    def hold():
        with netcdf.NETCDF:
            leave(threading.Event(), wait)
            left.set()

    threading.Thread(target=hold, daemon=True).start()
    assert left.wait(30)


@pytest.mark.parametrize("leave", [given_up, refused])
def test_nothing_reads_any_more_when_readers_are_left(leave):
    """Whoever goes on may read without NETCDF, and the library would crash."""
    reading = []

    def wait():
        reading.append(True)
        time.sleep(0.2)
        reading.pop()

    leave(threading.Event(), wait)
    assert not reading
