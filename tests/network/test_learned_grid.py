"""The learned spacing: its grid, fields on their way to it, and masks on their way back."""

import numpy as np
import pytest

from stormtrace.errors import BadInput
from stormtrace.grids import Grid, make_grid
from stormtrace.grids.resampling import make_resampling
from stormtrace.network.learned_grid import make_learned_grid, on_learned_grid
from stormtrace.network.runtimes import LOGIT_SUM, Runtime

MERRA2 = Grid(np.linspace(-90, 90, 181), np.arange(288) * 1.25)  # half of its resolution
FINER = Grid(np.linspace(-90, 90, 385), np.arange(576) * 0.625)
COARSER = Grid(np.arange(-87.0, 90, 6), np.arange(2.5, 360, 5))


def wave(grid):
    lat, lon = (np.radians(one) for one in grid.points)
    return (np.cos(lat) * np.cos(3 * lon) + np.sin(lat))[None, None].astype(np.float32)


def test_climatenets_networks_know_its_grid():
    """Of classes alone, without `trained_on`: 768 × 1152, with both poles."""
    grid = make_learned_grid({}, "published", MERRA2)
    assert grid.shape == (768, 1152) and grid.pole_rows == (True, True) and grid.wraps
    said = {"trained_on": {"lat": 1.0, "lon": 1.0}, "labels": ["Background", "Front"]}
    region = Grid(np.arange(10.0, 60.0, 2.0), np.arange(200.0, 300.0, 2.0))
    own = make_learned_grid(said, "m", region)
    assert own.shape == (50, 100)
    np.testing.assert_allclose(own.lat_bounds[[0, -1]], region.lat_bounds[[0, -1]])
    with pytest.raises(BadInput, match=r"which spacing model m learned on: say `trained_on: "):
        make_learned_grid({"labels": ["Background", "Front"]}, "m", MERRA2)
    with pytest.raises(BadInput, match="needs a grid with axes"):
        make_learned_grid(said, "m", make_grid({"projection": "north-polar", "cells": 24}))


def test_fields_are_smooth_on_finer_cells_and_means_on_coarser_ones():
    """Linear interpolation errs by at most h²/8 of the curvature (9 + 1 over radian²); means keep
    the integral."""
    fine = make_resampling(MERRA2, FINER)(wave(MERRA2))
    bound = 10 * np.radians(1.25) ** 2 / 8 * 1.1
    assert fine.dtype == np.float32 and abs(fine - wave(FINER)).max() < bound
    coarse = make_resampling(MERRA2, COARSER)(wave(MERRA2) + 1)
    sums = [
        (values * grid.area).sum()
        for values, grid in ((wave(MERRA2) + 1, MERRA2), (coarse, COARSER))
    ]
    assert sums[1] == pytest.approx(sums[0], rel=1e-5)
    ones = np.ones((1, 1, *MERRA2.shape), np.float32)
    for target in (FINER, COARSER):
        np.testing.assert_allclose(make_resampling(MERRA2, target)(ones), 1, rtol=1e-6)


def test_the_same_grid_changes_nothing():
    values = np.random.default_rng(0).normal(size=(2, 3, *MERRA2.shape)).astype(np.float32)
    np.testing.assert_array_equal(make_resampling(MERRA2, MERRA2)(values), values)


@pytest.mark.parametrize("learned", [FINER, COARSER])
def test_masks_come_back_to_where_they_belong(learned):
    """A threshold of a smooth field, on whichever grid: the same but for cells at its edge."""

    def threshold(values):
        mask = (values[:, 0] > 0.5).astype(np.int8) * 2
        return {"mask": mask, "probability": (mask[:, None] * 100).astype(np.uint8),
                LOGIT_SUM: np.zeros(len(values))}  # fmt: skip

    values = np.concatenate([wave(MERRA2), -wave(MERRA2)])
    runtime = on_learned_grid(Runtime(threshold, "float32"), learned, MERRA2)
    outputs = runtime(values)
    assert outputs["mask"].dtype == np.int8 and outputs["mask"].shape == (2, *MERRA2.shape)
    assert set(np.unique(outputs["mask"])) == {0, 2}
    truth = values[:, 0] > 0.5
    edge = np.gradient(truth.astype(float), axis=1) != 0
    edge |= np.roll(truth, 1, -1) != truth
    wrong = (outputs["mask"] == 2) != truth
    allowed = 0.002 if learned is FINER else 0.06
    assert wrong.mean() < allowed and (wrong & ~edge).mean() < allowed / 2
    assert outputs["probability"].shape == (2, 1, *MERRA2.shape)
