"""Masks that somebody else made, in every layout that is met, become the same mask file."""

import json

import netCDF4
import numpy as np
import pytest

from stormtrace.blocks import read_block
from stormtrace.detect.adoption import adopt_masks
from stormtrace.detect.recipes import AdoptedMasks
from stormtrace.errors import BadInput
from stormtrace.formats.masks import open_masks
from stormtrace.grids import make_grid

GRID = make_grid({"nlat": 19, "nlon": 36})
STEPS = 8
#: Truth on GRID, codes 0, 1, 2: day 2000-01-01, 3-hourly.
TRUTH = np.random.default_rng(5).integers(0, 3, (STEPS, *GRID.shape)).astype(np.int8)
DAY = [["2000-01-01", "2000-01-02"]]
CODES = {"1": "Tropical Cyclone", "2": "Atmospheric River"}
FRONTS = {"cold": "Cold Front", "warm": "Warm Front", "none": "Background"}


def write(path, variable, values, dims=("time", "lat", "lon"), hours=None, grid=GRID, **more):
    """Write foreign masks; more: `calendar`, `fill`, `names` of layers, `lat`, `lon`."""
    hours = 3.0 * np.arange(STEPS) if hours is None else hours
    lat, lon = more.get("lat", grid.lat), more.get("lon", grid.lon)
    with netCDF4.Dataset(path, "w") as nc:
        for name, size in zip(dims, values.shape, strict=True):
            nc.createDimension(name, size)
        time = nc.createVariable("time", "f8", ("time",))
        time.units, time.calendar = "hours since 2000-01-01", more.get("calendar", "noleap")
        time[:] = hours
        for name, axis, units in (("lat", lat, "degrees_north"), ("lon", lon, "degrees_east")):
            one = nc.createVariable(name, "f4", (name,))
            one.units = units
            one[:] = axis
        if "names" in more:
            nc.createVariable("front_type", str, ("front",))[:] = np.array(more["names"], object)
        stored = nc.createVariable(variable, values.dtype, dims, fill_value=more.get("fill"))
        nc.set_auto_maskandscale(False)
        stored[:] = values
    return path


def adopt(tmp_path, block, grid=GRID, periods=DAY, step_hours=3.0, **more):
    block = {"files": str(tmp_path / "masks_*.nc"), "name": "theirs", **block}
    output = tmp_path / "out.nc"
    adopt_masks(
        read_block(AdoptedMasks, block, "masks"),
        grid,
        output,
        year=2000,
        periods=periods,
        step_hours=step_hours,
        attributes={"experiment": "x", "detector": "theirs"},
        **more,
    )
    masks = open_masks(output)
    return masks, np.concatenate(list(masks.blocks()))


def one_hot(codes, order):
    """Layers of 0 and 1, float32, as DL-FRONT has them."""
    return np.stack([codes == code for code in order], axis=1).astype(np.float32)


def test_codes_of_climatenet(tmp_path):
    write(tmp_path / "masks_a.nc", "class_masks", TRUTH.astype(np.int64))
    masks, found = adopt(tmp_path, {"variable": "class_masks", "codes": CODES})
    np.testing.assert_array_equal(found, TRUTH)
    assert masks.classes.labels == ("Background", "Tropical Cyclone", "Atmospheric River")
    assert (masks.calendar, masks.step_hours) == ("noleap", 3.0)
    np.testing.assert_array_equal(masks.time, 3.0 * np.arange(STEPS))
    assert masks.grid.same_as(GRID) and masks.attributes["detector"] == "theirs"
    with netCDF4.Dataset(tmp_path / "out.nc") as nc:
        assert list(json.loads(nc.inputs)) == [str(tmp_path / "masks_a.nc")]
        assert json.loads(nc.recipe)["codes"] == CODES and len(nc.detector_checksum) == 16


def test_other_codes_may_share_a_class(tmp_path):
    write(tmp_path / "masks_a.nc", "m", np.array([0, 7, -3], np.int16)[TRUTH])
    codes = {"7": "Front", "-3": "front"}
    masks, found = adopt(tmp_path, {"variable": "m", "codes": codes})
    np.testing.assert_array_equal(found, TRUTH > 0)
    assert masks.classes.labels == ("Background", "Front")


def test_tags_of_artmip_and_ids_of_stitchblobs(tmp_path):
    """Latitude from north to south and longitudes from −180 are the same cells."""
    turned = np.argsort((GRID.lon + 180) % 360)
    ids = (TRUTH.astype(np.int32) * 1000)[:, ::-1][:, :, turned]
    lon = ((GRID.lon + 180) % 360 - 180)[turned]
    lon[np.abs(lon) < 1e-9] = -5.9e-13  # as MERRA-2 has it
    write(tmp_path / "masks_a.nc", "object_id", ids, lat=GRID.lat[::-1], lon=lon)
    masks, found = adopt(tmp_path, {"variable": "object_id", "tag": "Atmospheric River"})
    np.testing.assert_array_equal(found, TRUTH > 0)
    assert masks.grid.same_as(GRID)


def test_layers_of_dl_front_with_stamps_at_the_end(tmp_path):
    layers, hours = one_hot(TRUTH, (1, 2, 0)), 3.0 * np.arange(1, STEPS + 1)
    dims = ("time", "front", "lat", "lon")
    write(
        tmp_path / "masks_a.nc", "fronts", layers, dims, hours=hours, names=["cold", "warm", "none"]
    )
    block = {"variable": "fronts", "layers": FRONTS, "stamps": "end"}
    masks, found = adopt(tmp_path, block)
    np.testing.assert_array_equal(found, TRUTH)
    assert [one.kind for one in masks.classes.features] == ["line", "line"]


def test_layers_in_the_last_dimension_without_names(tmp_path):
    layers = np.moveaxis(one_hot(TRUTH, (0, 2, 1)), 1, -1)
    write(tmp_path / "masks_a.nc", "fronts", layers, ("time", "lat", "lon", "front"))
    named = {"0": "Background", "1": "Warm Front", "2": "Cold Front"}
    masks, found = adopt(tmp_path, {"variable": "fronts", "layers": named})
    assert masks.classes.labels == ("Background", "Warm Front", "Cold Front")
    np.testing.assert_array_equal(found, np.array([0, 2, 1])[TRUTH])


def test_steps_that_are_missing_stay_missing(tmp_path):
    """One step is not in the files, one holds nothing but fill values."""
    stored = TRUTH.copy()
    stored[5] = -9
    kept = [0, 1, 2, 4, 5, 6, 7]
    for name, some in (("a", kept[:3]), ("b", kept[3:])):
        write(tmp_path / f"masks_{name}.nc", "m", stored[some], hours=3.0 * np.array(some), fill=-9)
    block = {"variable": "m", "codes": CODES}
    with pytest.raises(BadInput, match=r"of 8 steps expected 2 have no mask .*missing_steps: skip"):
        adopt(tmp_path, block)
    masks, found = adopt(tmp_path, block | {"missing_steps": "skip"})
    np.testing.assert_array_equal(masks.time, [0, 3, 6, 12, 18, 21])
    np.testing.assert_array_equal(found, TRUTH[[0, 1, 2, 4, 6, 7]])
    with netCDF4.Dataset(tmp_path / "out.nc") as nc:
        assert nc.missing_steps == 2


def test_only_the_period_is_adopted(tmp_path):
    write(tmp_path / "masks_a.nc", "m", TRUTH)
    masks, _ = adopt(
        tmp_path,
        {"variable": "m", "codes": CODES},
        periods=[["2000-01-01 06:00", "2000-01-01 12:00"]],
    )
    assert masks.time.tolist() == [6.0, 9.0]


def broken(layer):
    layers = one_hot(TRUTH, (1, 2, 0))
    layers[2, :, 4, 7] = layer
    return layers


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (
            [1, 1, 0],
            r"record 3: 1 cells have not exactly one layer that is 1; the first, row 4, col",
        ),
        ([0, 0, 0], r"record 3: 1 cells have not exactly one layer that is 1; .* has 0"),
        ([0.4, 0.6, 0], r"record 3 has 2 values that are neither 0 nor 1, such as 0\.4"),
    ],
)
def test_layers_that_are_not_one_hot(tmp_path, layer, expected):
    dims = ("time", "front", "lat", "lon")
    write(tmp_path / "masks_a.nc", "fronts", broken(layer), dims, names=["cold", "warm", "none"])
    with pytest.raises(BadInput, match=expected):
        adopt(tmp_path, {"variable": "fronts", "layers": FRONTS})
    assert not (tmp_path / "out.nc").exists()


@pytest.mark.parametrize("fill", [1e20, 9.96921e36, np.inf])
def test_fill_values_that_nobody_declares_are_no_tags(tmp_path, fill):
    """Such as those of a record that was never written."""
    values = (TRUTH == 2).astype(np.float32)
    values[3] = fill
    write(tmp_path / "masks_a.nc", "m", values)
    with pytest.raises(
        BadInput, match=r"record 4 has 684 values above 1e\+15, such as .*_FillValue"
    ):
        adopt(tmp_path, {"variable": "m", "tag": "Front"})


@pytest.mark.parametrize(
    ("more", "block", "expected"),
    [
        (
            {"lon": GRID.lon + 1},
            {},
            r"on another grid \(lat 19 from -90 to 90, lon 36 from 1 to 351",
        ),
        ({"lat": np.linspace(-89, 89, 19)}, {}, "on another grid"),
        ({}, {"variable": "tags"}, "has no variable tags; it has lat, lon, m, time"),
        (
            {},
            {"codes": {"1": "Front"}},
            r"record 1 has \d+ cells of the codes 2, which `codes` does",
        ),
        (
            {"fill": 1},
            {},
            r"record 1 has \d+ missing values of 684: only a whole step may be missing",
        ),
        ({"hours": np.arange(8.0)}, {}, "5 masks .* are none of the 8 steps of the dataset"),
        (
            {"hours": 3.0 * np.arange(100, 108)},
            {},
            "no mask lies in 2000-01-01 to before 2000-01-02",
        ),
        ({}, {"files": "/nowhere/*.nc"}, r"there are no masks of 2000: looked for /nowhere/\*\.nc"),
        (
            {},
            {"codes": None, "layers": FRONTS},
            "has the dimensions time, lat, lon; expected time, la",
        ),
    ],
)
def test_what_cannot_be_adopted(tmp_path, more, block, expected):
    write(tmp_path / "masks_a.nc", "m", TRUTH, **more)
    block = {"variable": "m", "codes": CODES} | block
    with pytest.raises(BadInput, match=expected):
        adopt(tmp_path, {key: value for key, value in block.items() if value is not None})


def test_files_of_two_calendars(tmp_path):
    write(tmp_path / "masks_a.nc", "m", TRUTH[:4], hours=3.0 * np.arange(4))
    write(tmp_path / "masks_b.nc", "m", TRUTH[4:], hours=3.0 * np.arange(4, 8), calendar="standard")
    with pytest.raises(BadInput, match=r"is in the standard calendar, but .* in the noleap one"):
        adopt(tmp_path, {"variable": "m", "codes": CODES})


def test_another_calendar_than_the_samples(tmp_path):
    """The masks go on to 29 February; the samples, noleap, have none."""
    hours = 24 * 59 + 3.0 * np.arange(8)
    write(tmp_path / "masks_a.nc", "m", TRUTH, hours=hours, calendar="standard")
    samples = tmp_path / "samples"
    samples.mkdir()
    for second in range(0, 86400, 10800):
        (samples / f"d.2000-03-01-{second:05d}.nc").touch()
    with pytest.raises(
        BadInput, match=r"8 masks \(2000-02-29-00000 .* calendar standard\) have no s"
    ):
        adopt(
            tmp_path,
            {"variable": "m", "codes": CODES},
            periods=[["2000-02-01", "2000-03-02"]],
            samples=samples,
        )


def test_the_same_time_twice(tmp_path):
    for name in "ab":
        write(tmp_path / f"masks_{name}.nc", "m", TRUTH)
    with pytest.raises(BadInput, match="both have a mask of 2000-01-01 00:00: leave one out"):
        adopt(tmp_path, {"variable": "m", "codes": CODES})


def test_a_polar_grid_is_checked_by_its_two_dimensional_coordinates(tmp_path):
    grid = make_grid({"projection": "south-polar", "cells": 24})
    values = np.zeros((1, 24, 24), np.int8)
    values[0, 3:9, 5:8] = 1
    for name, lon in (("good", grid.lon % 360), ("bad", grid.lon + 90)):
        path = tmp_path / f"{name}.nc"
        with netCDF4.Dataset(path, "w") as nc:
            for dim, size in (("time", 1), ("sample_id", 1), ("y", 24), ("x", 24)):
                nc.createDimension(dim, size)
            time = nc.createVariable("time", "f8", ("time",))
            time.units, time.calendar, time[:] = "hours since 1970-01-01", "noleap", 30 * 365 * 24.0
            for kind, axis in (("lat", grid.lat), ("lon", lon)):
                nc.createVariable(kind, "f8", ("y", "x"))[:] = axis
                nc[kind].units = {"lat": "degrees_north", "lon": "degrees_east"}[kind]
            nc.createVariable("ar_mask", "i1", ("time", "sample_id", "y", "x"))[:] = values[:, None]
        block = {"files": str(path), "variable": "ar_mask", "tag": "Atmospheric River"}
        more = {"grid": grid, "step_hours": 24.0}
        if name == "good":
            _, found = adopt(tmp_path, block, **more)
            np.testing.assert_array_equal(found, values)
        else:
            with pytest.raises(BadInput, match="on another grid"):
                adopt(tmp_path, block, **more)
