"""Samples as they are written: CF, and readable by what reads samples."""

import shutil
import subprocess

import cftime
import netCDF4
import numpy as np
import pytest

from cf_compliance import cf_findings
from stormtrace.formats.axes import read_grid
from stormtrace.formats.sample_writing import (
    SampleField,
    SampleTime,
    sample_name,
    write_sample,
)
from stormtrace.formats.samples import read_fields, samples_by_time
from stormtrace.grids import make_grid

GRIDS = [
    {"nlat": 9, "nlon": 16},
    {"gaussian": 4},
    {"box": [350, 20, -10, 20], "step": 5},
    {"projection": "north-polar", "cells": 12},
]
TMQ = {
    "long_name": "Total precipitable water",
    "units": "kg m-2",
    "standard_name": "atmosphere_mass_content_of_water_vapor",
    "cell_methods": "time: mean",
}


def write(folder, spec, calendar="noleap", span=3.0, compression="none"):
    grid = make_grid(spec)
    start = cftime.datetime(2000, 2, 28, 21, calendar=calendar)
    values = np.random.default_rng(0).uniform(0, 50, grid.size).astype("f4")
    path = folder / sample_name("mock", start)
    write_sample(
        path,
        grid,
        SampleTime(start, span),
        [SampleField("TMQ", values, TMQ)],
        {"title": "a sample", "history": "made", "step_hours": 3.0},
        compression,
    )
    return path, grid, values.reshape(grid.shape)


@pytest.mark.parametrize("spec", GRIDS, ids=str)
@pytest.mark.parametrize(("calendar", "span"), [("noleap", 3.0), ("standard", 0.0)])
def test_samples_keep_to_cf(tmp_path, spec, calendar, span):
    path, _, _ = write(tmp_path, spec, calendar, span)
    assert not cf_findings(path)


@pytest.mark.parametrize("compression", ["none", "zlib"])
@pytest.mark.parametrize("spec", GRIDS, ids=str)
def test_what_is_written_is_read(tmp_path, spec, compression):
    path, grid, values = write(tmp_path, spec, compression=compression)
    assert samples_by_time(tmp_path) == {"2000-02-28-75600": path}
    np.testing.assert_array_equal(read_fields(path, ["TMQ"], grid)["TMQ"], values)
    with netCDF4.Dataset(path) as nc:
        assert read_grid(nc, path).same_as(grid)
        assert nc["TMQ"].dimensions == ("time", *grid.dims)
        # 58 days (31 + 27) and 21 hours after the start of the year.
        assert nc["time"][0] == 58 * 24 + 21 and nc["time_bnds"][0].tolist() == [1413, 1416]
        assert nc["time"].units == "hours since 2000-01-01 00:00:00"


@pytest.mark.parametrize("spec", GRIDS, ids=str)
def test_nco_and_cdo_open_them(tmp_path, spec):
    path, _, values = write(tmp_path, spec)
    if shutil.which("nccopy"):
        subprocess.run(["nccopy", "-k", "classic", path, tmp_path / "classic.nc"], check=True)
        with netCDF4.Dataset(tmp_path / "classic.nc") as nc:
            np.testing.assert_array_equal(nc["TMQ"][0], values)
    if shutil.which("cdo") is None:
        pytest.skip("CDO is not installed here")
    command = ["cdo", "-s", "outputf,%.6g,1", "-selname,TMQ", path]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    np.testing.assert_allclose(np.array(printed.split(), float), values.ravel(), rtol=1e-5)
