"""Counts, frequencies, comparisons and composites as other programs read them."""

import shutil
import subprocess

import netCDF4
import numpy as np
import pytest
import xarray as xr

from cf_compliance import cf_findings
from make_results import MINI, dates_between, write_frequency, write_masks, write_samples
from stormtrace.climate.all_years import compute_frequency
from stormtrace.climate.comparison import compare_files
from stormtrace.climate.composites import compose_fields
from stormtrace.errors import BadInput
from stormtrace.formats.axes import read_grid
from stormtrace.formats.comparison_maps import read_comparison
from stormtrace.formats.frequencies import open_frequency_file
from stormtrace.grids import make_grid
from stormtrace.provenance import provenance

GRIDS = {
    "global": MINI,
    "regional": make_grid({"box": [200, 250, 20, 60], "step": 5}),
    "polar": make_grid({"projection": "north-polar", "cells": 24}),
}
KINDS = ("frequency", "comparison", "composite")
YEARS = (2000, 2001)


def tool(name):
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    return name


def run(*command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module", params=GRIDS)
def files(request, tmp_path_factory):
    """One file of each kind, two years; the river is in a cell at every step of 2000 alone."""
    grid, folder = GRIDS[request.param], tmp_path_factory.mktemp(request.param)
    masks = []
    for year in YEARS:
        dates = dates_between((year, 1, 1), (year, 1, 5), "noleap")

        def mask_of(_step, date):
            mask = np.zeros(grid.shape, np.int8)
            mask[3, 4] = 2 * (date.year == 2000)
            return mask

        masks.append(write_masks(folder / f"m{year}.nc", year, dates, mask_of, grid))
    compute_frequency(masks, folder / "frequency.nc", provenance())
    compare_files(*[folder / "frequency.nc"] * 2, folder / "comparison.nc", provenance())
    samples = write_samples(
        folder / "s", dates, lambda *_: {"TMQ": np.ones(grid.shape, np.float32)}, grid
    )
    compose_fields(folder / "m2001.nc", samples, ["TMQ"], folder / "composite.nc", provenance())
    return grid, {kind: folder / f"{kind}.nc" for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_the_compliance_checker_finds_nothing(files, kind):
    assert cf_findings(files[1][kind]) == []


@pytest.mark.parametrize("kind", KINDS)
def test_classic_netcdf_holds_them(files, kind, tmp_path):
    run(tool("nccopy"), "-k", "classic", files[1][kind], tmp_path / "classic.nc")
    with netCDF4.Dataset(tmp_path / "classic.nc") as nc, netCDF4.Dataset(files[1][kind]) as whole:
        assert nc.data_model == "NETCDF3_CLASSIC"
        assert set(nc.variables) == set(whole.variables)
        assert read_grid(nc, "classic.nc").same_as(files[0])


@pytest.mark.parametrize(
    ("kind", "variable"),
    [
        ("frequency", "count"),
        ("comparison", "first"),
        ("composite", "TMQ_sum"),
    ],
)
def test_cdo_sees_every_map(files, kind, variable):
    """No variable is skipped, and the sum of what CDO reads is the sum of what we wrote."""
    seen = run(tool("cdo"), "-s", "outputf,%.9g", f"-selname,{variable}", files[1][kind])
    assert "skipped" not in seen
    numbers = np.array([float(text) for text in seen.split()])
    with netCDF4.Dataset(files[1][kind]) as nc:
        values = np.ma.filled(nc[variable][:].astype(float), np.nan)
    assert numbers.size == values.size
    np.testing.assert_allclose(np.nansum(numbers), np.nansum(values))
    assert np.nansum(values) > 0


def test_a_mean_over_years_in_xarray_is_true(files):
    """32 steps in January 2000 and none in 2001: a mean of 16, where zero was no number before."""
    grid, paths = files
    decode = xr.coders.CFDatetimeCoder(use_cftime=True)
    opened = xr.open_dataset(paths["frequency"], decode_times=decode)
    january = opened["count"].groupby("time.month").mean().sel(month=1).sel({"class": 2})
    assert float(january[3, 4]) == 16
    assert float(january.sum()) == 16
    assert opened["count"].dtype == np.int16
    assert "_FillValue" not in opened["count"].encoding
    total = opened["count"].sum("time") / opened["steps"].sum("time")
    assert float(total.sel({"class": 2})[3, 4]) == 0.5
    assert grid.shape == january.shape


def test_labels_say_what_is_counted(tmp_path):
    counts = {2001: np.ones((12, 2, *MINI.shape), np.int16)}
    with netCDF4.Dataset(write_frequency(tmp_path / "f.nc", counts, events=1)) as nc:
        assert nc["count"].long_name == "time steps whose mask has the class in the cell"
        assert nc["event_count"].long_name == "time steps at which a tracked event covers the cell"


def test_periods_are_codes_with_names(files):
    with netCDF4.Dataset(files[1]["comparison"]) as nc:
        assert nc["period"][:].tolist() == [0, 1, 2, 3, 4]
        assert nc["period"].flag_meanings == "annual DJF MAM JJA SON"
        assert nc["difference"].units == "%"
    comparison = read_comparison(files[1]["comparison"])
    assert comparison.get("first", "AR", "DJF")[3, 4] == 50
    assert np.isnan(comparison.get("first", "AR", "JJA")).all()


def test_a_file_of_another_kind_is_refused(files):
    with pytest.raises(BadInput, match="is not a"), open_frequency_file(files[1]["comparison"]):
        pass
    with pytest.raises(BadInput, match="is not a"):
        read_comparison(files[1]["frequency"])
