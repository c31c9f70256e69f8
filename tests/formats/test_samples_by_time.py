"""Samples found by the time in their names, and read whatever their grid."""

import cftime
import netCDF4
import numpy as np
import pytest

from stormtrace.errors import BadInput
from stormtrace.formats.axes import map_attributes, write_grid
from stormtrace.formats.samples import read_fields, samples_by_time, time_stamp
from stormtrace.grids import Grid, make_grid

POLAR = {"projection": "north-polar", "cells": 12}


def write_sample(path, grid: Grid, fill: float | None = None):
    with netCDF4.Dataset(path, "w") as nc:
        nc.createDimension("time", 1)
        write_grid(nc, grid)
        field = nc.createVariable("TMQ", "f4", ("time", *grid.dims), fill_value=fill)
        field.setncatts(map_attributes(grid))
        field[:] = np.arange(grid.size, dtype="f4").reshape(1, *grid.shape)


def test_order_of_time_whatever_the_names_and_only_samples_count(tmp_path):
    for name in (
        "b.2000-01-02-00000.nc", "a.b-c.2000-01-01-10800.nc", "z.2000-01-01-00000.nc",
        "._z.2000-01-01-00000.nc", "notes.nc", "data-2000-01-01-01-1_0.nc", "x.2000-01-01-00000.nc~",
    ):  # fmt: skip
        (tmp_path / name).touch()
    assert {stamp: path.name for stamp, path in samples_by_time(tmp_path).items()} == {
        "2000-01-01-00000": "z.2000-01-01-00000.nc",
        "2000-01-01-10800": "a.b-c.2000-01-01-10800.nc",
        "2000-01-02-00000": "b.2000-01-02-00000.nc",
    }
    assert list(samples_by_time(tmp_path)) == sorted(samples_by_time(tmp_path))


def test_two_samples_of_one_time_are_refused_and_so_is_an_empty_folder(tmp_path):
    with pytest.raises(BadInput, match="make_samples"):
        samples_by_time(tmp_path)
    for name in ("a.2000-01-01-00000.nc", "b.2000-01-01-00000.nc"):
        (tmp_path / name).touch()
    with pytest.raises(BadInput, match="two samples of 2000-01-01-00000"):
        samples_by_time(tmp_path)


def test_a_date_is_written_as_names_have_it():
    assert time_stamp(cftime.DatetimeNoLeap(850, 2, 3, 21, 30, 1)) == "0850-02-03-77401"


@pytest.mark.parametrize("spec", [{"nlat": 5, "nlon": 8}, POLAR])
def test_fields_are_read_on_their_grid_and_holes_are_nan(tmp_path, spec):
    grid, path = make_grid(spec), tmp_path / "x.2000-01-01-00000.nc"
    write_sample(path, grid, fill=3.0)
    values = read_fields(path, ["TMQ"], grid)["TMQ"]
    expected = np.arange(grid.size, dtype="f4").reshape(grid.shape)
    expected[expected == 3.0] = np.nan
    np.testing.assert_array_equal(values, expected)
    assert values.dtype == np.float32


def test_another_grid_and_a_missing_field_are_refused(tmp_path):
    path = tmp_path / "x.2000-01-01-00000.nc"
    write_sample(path, make_grid({"nlat": 5, "nlon": 8}))
    with pytest.raises(BadInput, match="lon differs"):
        read_fields(path, ["TMQ"], make_grid({"nlat": 5, "nlon": 8, "first_lon": -180}))
    with pytest.raises(BadInput, match="no variable PSL; it has"):
        read_fields(path, ["PSL"], make_grid({"nlat": 5, "nlon": 8}))
