"""Runs that mask files keep: those of the masks, whatever the masks are and whatever became of them."""

import json
import shutil
import subprocess
import sys

import cftime
import netCDF4
import numpy as np
import pytest
import xarray as xr

from mask_files import write_mask_file
from stormtrace.checkpoints import Checkpoint
from stormtrace.classes import CLIMATENET_LABELS, Classes
from stormtrace.climate.counting import count_masks
from stormtrace.errors import BadInput
from stormtrace.formats import kept_runs
from stormtrace.formats.kept_runs import read_runs
from stormtrace.formats.mask_runs import find_runs
from stormtrace.formats.masks import mask_file, open_masks
from stormtrace.formats.own_end import hdf5_end
from stormtrace.grids import make_grid
from stormtrace.seals import SIZE
from stormtrace.track.object_finding import find_objects

FRONTS = ["Background", "Cold Front", "Warm Front", "Dust"]
GRIDS = {
    "global": {"nlat": 19, "nlon": 36},
    "odd": {"box": [350, 30, 10, 50], "step": 2},
    "polar": {"projection": "north-polar", "cells": 24},
}


def some_masks(seed, shape, steps=70, classes=4):
    """Noise from sparse to full, some steps blank, some full, runs from edge to edge."""
    rng = np.random.default_rng(seed)
    density = rng.choice([0.0, 0.02, 0.4, 0.9], (steps, 1, 1))
    masks = np.where(rng.random((steps, *shape)) < density, rng.integers(1, classes), 0)
    masks += (masks > 0) * rng.integers(0, classes - masks.max(), masks.shape)
    masks[rng.integers(0, steps, 3)] = classes - 1
    masks[rng.integers(0, steps, 3)] = 0
    masks[:, shape[0] // 2] = rng.integers(0, classes, (steps, 1))
    return masks.astype(np.int8)


def plain_runs(masks):
    """Step, row, start, stop, code of each run, cell by cell."""
    found = []
    for (step, row), cells in ((at, masks[at]) for at in np.ndindex(masks.shape[:2])):
        column = 0
        while column < cells.size:
            start, code = column, cells[column]
            while column < cells.size and cells[column] == code:
                column += 1
            if code:
                found.append((step, row, start, column, code))
    return np.array(found).reshape(-1, 5).T


def joined(blocks):
    """The columns of some blocks of runs, whose steps follow each other."""
    blocks = list(blocks)
    assert [one.first for one in blocks[1:]] == [one.last for one in blocks[:-1]]
    return [np.concatenate(parts) for parts in list(zip(*blocks, strict=True))[2:]]


def unkept(path):
    """A copy of the netCDF alone: neither seal nor runs."""
    copy = path.with_name(f"copy-{path.name}")
    copy.write_bytes(path.read_bytes()[: hdf5_end(path)])
    return copy


@pytest.fixture(params=GRIDS)
def grid(request):
    return make_grid(GRIDS[request.param])


def kept(path):
    masks = open_masks(path)
    return read_runs(path, masks.grid.shape, masks.time.size)


@pytest.mark.parametrize("limits", [(64, 2**18), (7, 2**18), (64, 500)])
def test_kept_runs_are_those_of_the_masks(tmp_path, grid, limits, monkeypatch):
    monkeypatch.setattr(kept_runs, "BLOCK_STEPS", limits[0])
    monkeypatch.setattr(kept_runs, "BLOCK_RUNS", limits[1])
    masks = some_masks(1, grid.shape)
    path = write_mask_file(tmp_path / "m.nc", masks, grid=grid, labels=FRONTS)
    expected = plain_runs(masks)
    for found in (kept(path), open_masks(path).runs(), open_masks(unkept(path)).runs()):
        np.testing.assert_array_equal(joined(found), expected)
    assert kept(unkept(path)) is None


def test_codes_of_either_sign_and_rows_beyond_16_bits():
    masks = np.random.default_rng(0).choice([-127, 0, 5, 127], (2, 1, 70000)).astype(np.int8)
    runs = find_runs(masks)
    np.testing.assert_array_equal(runs[2:], plain_runs(masks))
    keeper = kept_runs.RunKeeper((1, 70000))
    keeper.add(masks)
    keeper._compress()
    ((steps, number, block),) = keeper._blocks
    again = joined(kept_runs._expand(memoryview(block), [(steps, number, len(block))], (1, 70000)))
    np.testing.assert_array_equal(again, runs[2:])


@pytest.mark.parametrize("seed", range(3))
def test_counts_entries_votes_and_objects_are_those_of_the_decoded_masks(tmp_path, grid, seed):
    """Two months with gaps, two classes of lines; against numpy on cells, and bit by bit."""
    masks = some_masks(seed, grid.shape, steps=160)
    agreement = np.random.default_rng(seed).integers(1, 4, masks.shape)
    hours = 24.0 * 20 + 3.0 * np.delete(np.arange(170), [0, 9, 10, 44, 80, 81, 82, 100, 120, 169])
    path = write_mask_file(
        tmp_path / "m.nc", masks, grid=grid, labels=FRONTS, hours=hours, members=3,
        more={"agreement": agreement},
    )  # fmt: skip
    table = {"Cold Front": {"kind": "line"}, "Warm Front": {"kind": "line"}, "Dust": {}}
    found, other = (count_masks(one, table=table) for one in (path, unkept(path)))
    months = np.array([date.month for date in cftime.num2date(hours, UNITS, "noleap")])
    follows = np.diff(hours, prepend=-99) == 3
    before = np.concatenate([masks[:1] * 0, masks[:-1]])
    for month, code in np.ndindex(12, 4):
        if code == 0:
            continue
        present = (masks == code) & (months == month + 1)[:, None, None]
        came = present & (before != code) & follows[:, None, None]
        at = month, code - 1
        expected = {
            "count": present.sum(axis=0),
            "votes": (agreement * present).sum(axis=0),
            "entries": came.sum(axis=0) if code < 3 else np.full(grid.shape, -1),
        }
        for name, values in expected.items():
            np.testing.assert_array_equal(found.fields[name][at], values)
    for name, values in found.fields.items():
        assert values.dtype == other.fields[name].dtype == np.int16
        np.testing.assert_array_equal(other.fields[name], values)
    steps, others = (list(find_objects(open_masks(one), 8, False)) for one in (path, unkept(path)))
    assert len(steps) == len(others) == len(masks)
    for one, another in zip(steps, others, strict=True):
        assert [part.tobytes() for part in flat(one)] == [part.tobytes() for part in flat(another)]


UNITS = "hours since 2000-01-01"


def flat(step):
    return [*step.measures, step.row, step.start, step.stop, *step.links]


EDITS = """
import sys, netCDF4
with netCDF4.Dataset(sys.argv[1], "r+") as nc:
    {}
"""


@pytest.mark.parametrize(
    "edit", ["nc['mask'][7] = 2", "nc['mask'][:, 3, 4] = 1", "nc.history = 'mine'", "pass"]
)
def test_masks_that_somebody_edited_are_counted_as_they_are_now(tmp_path, grid, edit):
    """By a program of their own, as people do; the runs of the old masks are never read."""
    path = write_mask_file(tmp_path / "m.nc", some_masks(2, grid.shape, 40, 3), grid=grid)
    subprocess.run([sys.executable, "-c", EDITS.format(edit), path], check=True)
    with netCDF4.Dataset(path) as nc:
        masks = nc["mask"][:].filled()
    np.testing.assert_array_equal(joined(open_masks(path).runs()), plain_runs(masks))
    counted = count_masks(path).fields["count"].sum(axis=0)
    np.testing.assert_array_equal(counted, [(masks == code).sum(axis=0) for code in (1, 2)])
    assert kept(path) is None


@pytest.mark.parametrize("part", ["block", "header", "length", "mark", "seal", "mask"])
def test_a_wrong_byte_behind_the_end_is_damage(tmp_path, grid, part):
    path = write_mask_file(tmp_path / "m.nc", some_masks(3, grid.shape, 40, 3), grid=grid)
    content, end = bytearray(path.read_bytes()), hdf5_end(path)
    header = content.index(b'{"shape"', end)
    places = {"block": end + 5, "header": header + 3, "mask": end // 2, "seal": len(content) - 3}
    places |= {"length": len(content) - SIZE - 24, "mark": len(content) - SIZE - 7}
    content[places[part]] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"m\.nc is damaged"):
        open_masks(path)


def test_runs_without_their_seal_are_damage(tmp_path, grid):
    path = write_mask_file(tmp_path / "m.nc", some_masks(3, grid.shape, 40, 3), grid=grid)
    path.write_bytes(path.read_bytes()[:-SIZE])
    with pytest.raises(BadInput, match=r"m\.nc is damaged \(\d+ bytes follow its end\)"):
        open_masks(path)


def test_other_programs_see_the_masks_alone(tmp_path, grid):
    masks = some_masks(4, grid.shape, 40, 3)
    path = write_mask_file(tmp_path / "m.nc", masks, grid=grid)
    with netCDF4.Dataset(path) as nc:
        assert set(nc.variables) >= {"mask", "time"}
        assert not {name for name in [*nc.variables, *nc.dimensions] if "run" in name}
        assert not nc.groups
    with xr.open_dataset(path, engine="netcdf4") as opened:
        np.testing.assert_array_equal(opened.mask, masks)
    commands = ("nccopy", "-k", "classic"), ("cdo", "-s", "copy"), ("ncks", "-h"), ("cp",)
    for tool, *more in commands:
        if shutil.which(tool) is None:
            continue
        copy = tmp_path / f"{tool}.nc"
        subprocess.run([tool, *more, path, copy], check=True, capture_output=True)
        np.testing.assert_array_equal(joined(open_masks(copy).runs()), plain_runs(masks))
        assert count_masks(copy).fields["count"].sum() == (masks > 0).sum()
        assert (kept(copy) is None) == (tool != "cp")


def test_masks_of_noise_keep_no_runs(tmp_path, grid, monkeypatch):
    monkeypatch.setattr(kept_runs, "MOST_BYTES", 3000)
    masks = some_masks(5, grid.shape)
    path = write_mask_file(tmp_path / "m.nc", masks, grid=grid, labels=FRONTS)
    assert path.stat().st_size == hdf5_end(path) + SIZE
    np.testing.assert_array_equal(joined(open_masks(path).runs()), plain_runs(masks))


def test_an_interrupted_file_keeps_the_runs_of_both_attempts(tmp_path, grid):
    masks = some_masks(6, grid.shape, 50, 3)
    whole = write_mask_file(tmp_path / "whole.nc", masks, grid=grid)
    classes, time = Classes.of_labels(CLIMATENET_LABELS), {"units": UNITS, "calendar": "noleap"}
    about = {"steps": 50, "checkpoint": Checkpoint(tmp_path / "kept", "2000", {})}

    def attempt(last):
        with mask_file(tmp_path / "m.nc", grid, classes, time, **about) as writer:
            made = writer.steps
            writer.write(3.0 * np.arange(made, last), {"mask": masks[made:last]})
            if last < 50:
                raise KeyboardInterrupt
            writer.describe(step_hours=3.0)
        return made

    with pytest.raises(KeyboardInterrupt):
        attempt(21)
    assert attempt(50) == 21
    path = tmp_path / "m.nc"
    assert joined(kept(path))[0].size
    np.testing.assert_array_equal(joined(kept(path)), joined(kept(whole)))
    content = path.read_bytes()
    length = int.from_bytes(content[-SIZE - 24 : -SIZE - 16], "little")
    header = json.loads(content[-SIZE - 24 - length : -SIZE - 24])
    assert header["shape"] == list(grid.shape)
    assert sum(steps for steps, *_ in header["blocks"]) == 50
