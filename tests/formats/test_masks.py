"""Mask files: what the writer writes is CF, opens everywhere, and is read as it was meant."""

import shutil
import subprocess

import netCDF4
import numpy as np
import pytest

from cf_compliance import cf_findings
from mask_files import write_mask_file
from stormtrace.errors import BadInput
from stormtrace.formats.masks import open_masks
from stormtrace.grids import make_grid

FRONTS = [
    "Background",
    "cold_front",
    "Warm Front",
    "Stationary Front",
    "Occluded Front",
    "Dry Line",
]
GRIDS = {
    "global": {"nlat": 19, "nlon": 36},
    "Gaussian": {"gaussian": 8},
    "regional": {"box": [350, 30, 10, 50], "step": 2},
    "north-polar": {"projection": "north-polar", "cells": 24},
}

#: CF recommends further dimensions left of time, but CDO reads no file whose time is not first.
CDO_WANTS_TIME_FIRST = "probability's spatio-temporal dimensions are not in the recommended order"


def random_masks(grid, classes, steps=3):
    return np.random.default_rng(0).integers(0, classes, (steps, *grid.shape)).astype(np.int8)


def more_of(masks, classes):
    """Probabilities, in 1/250, that are 1 for the class of the mask; all three members agree."""
    codes = np.arange(classes)[None, :, None, None]
    return {"probability": 250 * (masks[:, None] == codes), "agreement": np.full(masks.shape, 3)}


@pytest.fixture(params=GRIDS)
def grid(request):
    return make_grid(GRIDS[request.param])


@pytest.mark.parametrize("more", [False, True], ids=["mask", "probability, agreement"])
def test_masks_are_clean_cf_on_any_grid(tmp_path, grid, more):
    masks = random_masks(grid, 3)
    extra = more_of(masks, 3) if more else None
    path = write_mask_file(tmp_path / "m.nc", masks, grid=grid, more=extra)
    assert [one for one in cf_findings(path) if CDO_WANTS_TIME_FIRST not in one] == []


def test_the_check_of_cf_finds_faults(tmp_path):
    path = write_mask_file(tmp_path / "m.nc", np.zeros((1, 5, 8)))
    with netCDF4.Dataset(path, "a") as nc:
        nc["mask"].delncattr("flag_values")
        nc["time"].units = "fortnights"
    told = " ".join(cf_findings(path))
    assert "flag" in told and "units" in told


def test_masks_open_in_classic_netcdf_and_in_cdo(tmp_path, grid):
    masks = random_masks(grid, 6)
    path = write_mask_file(
        tmp_path / "m.nc", masks, grid=grid, labels=FRONTS, more=more_of(masks, 6)
    )
    for tool, *more in (("nccopy", "-k", "classic"), ("cdo", "-s", "copy")):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
        copy = tmp_path / f"{tool}.nc"
        subprocess.run([tool, *more, path, copy], check=True, capture_output=True)
        with netCDF4.Dataset(copy) as nc:
            np.testing.assert_array_equal(nc["mask"][:], masks)
            values = np.ma.filled(nc["probability"][:], np.nan)
            np.testing.assert_allclose(values.sum(axis=1), 1)
            np.testing.assert_array_equal(values.argmax(axis=1), masks)


def test_what_is_written_is_read(tmp_path, grid):
    masks = random_masks(grid, 6, steps=6)
    path = write_mask_file(tmp_path / "m.nc", masks, grid=grid, labels=FRONTS)
    opened = open_masks(path, {"Dry Line": {"short": "DL", "kind": "line"}})
    assert opened.grid.same_as(grid) and opened.grid.dims == grid.dims
    assert opened.classes.codes == (1, 2, 3, 4, 5)
    assert [one.short for one in opened.classes.features] == ["CF", "WF", "SF", "OF", "DL"]
    assert opened.classes["dry line"].kind == "line"
    np.testing.assert_array_equal(np.concatenate(list(opened.blocks())), masks)
    np.testing.assert_array_equal(opened.time, 3.0 * np.arange(6))
    assert (opened.step_hours, opened.calendar) == (3.0, "noleap")
    assert opened.attributes["year"] == 2000


def test_the_order_of_labels_is_that_of_the_codes(tmp_path):
    labels = ["Background", "Atmospheric River", "Tropical Cyclone"]
    path = write_mask_file(tmp_path / "m.nc", np.zeros((1, 5, 8)), labels=labels)
    with netCDF4.Dataset(path) as nc:
        assert nc["mask"].flag_meanings == "background atmospheric_river tropical_cyclone"
        assert nc["mask"].flag_values.tolist() == [0, 1, 2]
    assert open_masks(path).classes["AR"].code == 1


def spoil(nc, name):
    if name == "step_hours":
        nc.delncattr("step_hours")
    elif name == "flags":
        nc["mask"].delncattr("flag_meanings")
    elif name == "one flag":
        nc["mask"].flag_values = np.array([0, 1], np.int8)
    elif name == "mask":
        nc.renameVariable("mask", "ar")
    elif name == "time":
        nc["time"][1] = 0.0
    elif name == "units":
        nc["time"].units = "hours"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("step_hours", "no global attribute step_hours"),
        ("flags", "no flag_values and flag_meanings"),
        ("one flag", "expected a name for each code"),
        ("mask", r"no mask file: it lacks \['mask'\]"),
        ("time", "time must be finite and ascend"),
        ("units", "time needs CF units"),
    ],
)
def test_files_that_are_no_masks_are_refused(tmp_path, name, message):
    path = write_mask_file(tmp_path / "m.nc", np.zeros((3, 5, 8)))
    with netCDF4.Dataset(path, "a") as nc:
        spoil(nc, name)
    with pytest.raises(BadInput, match=message):
        open_masks(path)


def test_a_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(BadInput, match=r"no mask file .*nowhere\.nc: make it first"):
        open_masks(tmp_path / "nowhere.nc")


def test_a_square_mask_on_its_side_is_refused(tmp_path):
    """Somebody else's file, (time, lon, lat): as many rows as columns, so no shape gives it away."""
    path = tmp_path / "m.nc"
    with netCDF4.Dataset(path, "w") as nc:
        for name, values in {"time": [0.0], "lat": np.arange(8.0), "lon": np.arange(8.0)}.items():
            nc.createDimension(name, len(values))
            nc.createVariable(name, "f8", (name,))[:] = values
        nc["time"].units = "days since 2000-01-01"
        nc.createVariable("mask", "i1", ("time", "lon", "lat"))[:] = 0
    with pytest.raises(BadInput, match=r"mask is \('time', 'lon', 'lat'\), .* lie on"):
        open_masks(path)
