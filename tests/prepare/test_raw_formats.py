"""Raw files that are not netCDF are read, or named for what they are."""

import gzip
import importlib
import importlib.util
import zipfile

import netCDF4
import numpy as np
import pyproj  # noqa: F401, before xarray loads ecCodes: see `raw_formats`
import pytest
import xarray

from mock_raw import Merra2
from stormtrace.errors import BadInput
from stormtrace.prepare.dataset import make_dataset
from stormtrace.prepare.fields import derive_blocks
from stormtrace.prepare.mesh.mesh_reading import dataset_mesh
from stormtrace.prepare.needed_files import files_of_year
from stormtrace.prepare.plan import make_plans
from stormtrace.prepare.raw.raw_formats import open_raw_file


def values(records=24):
    return np.random.default_rng(1).normal(20, 3, (records, 19, 36)).astype("f4")


def derive(spec):
    """Return TMQ of the year's steps."""
    dataset = make_dataset(spec)
    (plan,) = make_plans(dataset, 2000)
    blocks = derive_blocks(dataset, plan, dataset_mesh(dataset), 8)
    return np.concatenate([block.fields["TMQ"] for block in blocks])


def expected(tqv):
    """Three-hourly means of hourly means, on the points in the file's order."""
    return tqv.reshape(8, 3, -1).mean(axis=1, dtype="f8").astype("f4")


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("chunk", [1, 7, 24])
def test_a_zarr_store_gives_what_the_netcdf_file_gives(tmp_path, zarr_format, chunk):
    """As xarray writes it, packed or with NaN for a fill value; chunks of time are read once."""
    raw, tqv = Merra2(tmp_path), values()
    path = raw.write({"TQV": tqv})
    with xarray.open_dataset(path, decode_times=False) as source:
        store = tmp_path / "day.zarr"
        source.to_zarr(
            store, zarr_format=zarr_format, encoding={"TQV": {"chunks": (chunk, 19, 36)}}
        )
    spec = raw.spec(fields={"TMQ": {"take": "TQV"}})
    from_netcdf = derive(spec)
    np.testing.assert_array_equal(from_netcdf, expected(tqv))
    spec["parts"][0]["files"] = [str(store)]
    np.testing.assert_array_equal(derive(spec), from_netcdf)


def test_fill_values_and_packing_of_zarr_are_heeded(tmp_path):
    """Values are 0.5 n + 10; −32768 is missing."""
    packed = np.array([[0, 4], [-32768, 2]], "i2")
    packing = {"scale_factor": 0.5, "add_offset": 10.0, "_FillValue": np.int16(-32768)}
    source = xarray.Dataset({"x": (("lat", "lon"), packed, packing)})
    source.to_zarr(tmp_path / "a.zarr", zarr_format=2)
    with open_raw_file(tmp_path / "a.zarr") as opened:
        np.testing.assert_array_equal(opened["x"].read(), [[10, 12], [np.nan, 11]])


def test_a_zip_of_the_climate_data_store_is_read(tmp_path):
    """Accumulated and instantaneous fields come as two files in one zip."""
    raw, tqv = Merra2(tmp_path / "parts"), values()
    winds = raw.write({"TQV": tqv})
    rain = Merra2(tmp_path / "rain").write({"PREC": values()})
    with zipfile.ZipFile(tmp_path / "request.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(winds, "data_stream-oper_stepType-instant.nc")
        archive.write(rain, "data_stream-oper_stepType-accum.nc")
    spec = raw.spec(fields={"TMQ": {"take": "TQV"}})
    spec["parts"][0]["files"] = [str(tmp_path / "request.zip")]
    np.testing.assert_array_equal(derive(spec), expected(tqv))


def test_a_zip_of_unlike_files_is_refused(tmp_path):
    one = Merra2(tmp_path / "one").write({"TQV": values()})
    other = Merra2(tmp_path / "other", records=8).write({"PREC": values(8)})
    with zipfile.ZipFile(tmp_path / "request.zip", "w") as archive:
        archive.write(one, "one.nc")
        archive.write(other, "other.nc")
    with pytest.raises(BadInput, match=r"request\.zip holds several files.*time is not the same"):
        open_raw_file(tmp_path / "request.zip")


@pytest.mark.skipif(importlib.util.find_spec("cfgrib") is None, reason="cfgrib is not installed")
def test_grib_is_read_where_cfgrib_is(tmp_path):
    """A regular grid of ecCodes' own sample, with values of ours."""
    eccodes = importlib.import_module("eccodes")
    ours = 50000 + np.arange(37 * 19, dtype="f8")
    message = eccodes.codes_grib_new_from_samples("regular_ll_sfc_grib2")
    for key, value in {
        "Ni": 37, "Nj": 19, "iDirectionIncrementInDegrees": 5, "jDirectionIncrementInDegrees": 5,
        "latitudeOfFirstGridPointInDegrees": 45, "latitudeOfLastGridPointInDegrees": -45,
        "longitudeOfFirstGridPointInDegrees": 0, "longitudeOfLastGridPointInDegrees": 180,
        "shortName": "sp", "dataDate": 20000101, "dataTime": 300, "bitsPerValue": 24,
    }.items():  # fmt: skip
        eccodes.codes_set(message, key, value)
    eccodes.codes_set_values(message, ours)
    with (tmp_path / "a.grib").open("wb") as stream:
        eccodes.codes_write(message, stream)
    eccodes.codes_release(message)
    with open_raw_file(tmp_path / "a.grib") as opened:
        read = opened["sp"].read()
        assert opened["latitude"].read()[0] == 45
        assert opened["valid_time"].units.startswith("seconds since 1970-01-01")
        assert opened["valid_time"].stored(()) == 946695600  # 2000-01-01 03:00 UTC
    np.testing.assert_allclose(read.ravel(), ours, atol=0.01)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.grib"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"GRIB\x00\x00", "a GRIB file: convert it"),
        (gzip.compress(b"CDF", mtime=0), "compressed with gzip: unpack it"),
        (b"<!DOCTYPE html><html>404", "an HTML or XML page, such as a server's error"),
        (b"\n<html>", "an HTML or XML page"),
        (b'{"error": "token expired"}', "a JSON text, perhaps a server's error message"),
        (b"\x0e\x03\x13\x01", "an HDF4 file"),
        (b"", "empty"),
    ],
)
def test_what_is_no_netcdf_is_named_for_what_it_is(tmp_path, monkeypatch, content, words):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    path = tmp_path / "PSL.nc"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=rf"PSL\.nc is not netCDF, but {words}"):
        open_raw_file(path)


def test_zips_and_folders_without_data_are_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.nc", "w") as archive:
        archive.writestr("data.grib", b"GRIB")
    with pytest.raises(BadInput, match="is a zip with no netCDF in it"):
        open_raw_file(tmp_path / "a.nc")
    (tmp_path / "b.nc").mkdir()
    with pytest.raises(BadInput, match="is not netCDF, but a folder"):
        open_raw_file(tmp_path / "b.nc")
    with pytest.raises(BadInput, match=r"c\.nc is not there"):
        open_raw_file(tmp_path / "c.nc")


def test_a_damaged_piece_of_zarr_is_refused(tmp_path):
    xarray.Dataset({"x": ("n", np.arange(4.0))}).to_zarr(tmp_path / "a.zarr", zarr_format=2)
    (tmp_path / "a.zarr" / "x" / "0").write_bytes(b"nonsense")
    with open_raw_file(tmp_path / "a.zarr") as opened, pytest.raises(BadInput, match="damaged"):
        opened["x"].read()


def test_netcdf_is_netcdf_whatever_its_name(tmp_path):
    with netCDF4.Dataset(tmp_path / "data.grib", "w") as file:
        file.createDimension("n", 3)
        file.createVariable("x", "f8", ("n",))[:] = [1, 2, 3]
    with open_raw_file(tmp_path / "data.grib") as opened:
        assert opened["x"].read().tolist() == [1, 2, 3]


def test_a_remote_store_is_read_and_not_waited_for(tmp_path):
    """Through fsspec, here its file system in memory; Snakemake has no file to wait for."""
    raw, tqv = Merra2(tmp_path), values()
    url = "memory://stormtrace-test/day.zarr"
    with xarray.open_dataset(raw.write({"TQV": tqv}), decode_times=False) as source:
        source.to_zarr(url, zarr_format=2)
    spec = raw.spec(fields={"TMQ": {"take": "TQV"}})
    spec["parts"][0]["files"] = [url]
    np.testing.assert_array_equal(derive(spec), expected(tqv))
    assert files_of_year(make_dataset(spec), 2000) == []
    spec["parts"][0]["files"] = ["memory://stormtrace-test/none.zarr"]
    with pytest.raises(BadInput, match=r"none\.zarr cannot be opened as a Zarr store"):
        derive(spec)
