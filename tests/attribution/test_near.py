"""Cells within a distance of others, against distances worked out cell by cell."""

import numpy as np
import pytest

from stormtrace.attribution.near import Surroundings
from stormtrace.constants import EARTH_RADIUS_KM
from stormtrace.grids import make_grid
from stormtrace.sphere import unit_vectors

GRIDS = {
    "poles as rows": {"nlat": 37, "nlon": 72},
    "a region over the date line": {"box": [150, 230, 20, 70], "step": 2.5},
    "a polar square": {"projection": "north-polar", "boundary_lat": 35, "cells": 40},
    "nearly round the globe": {"box": [0, 350, 30, 85], "step": 2.5},
}


@pytest.mark.parametrize("km", [300.0, 1000.0, 4000.0])
@pytest.mark.parametrize("name", GRIDS)
def test_cells_within_a_distance(name, km):
    """Great-circle distance of every pair of cells, 2 R asin(chord / 2)."""
    grid = make_grid(GRIDS[name])
    cells = np.random.default_rng(1).random(grid.shape) < 0.004
    cells[-1, 3] = cells[0, 0] = True
    points = np.moveaxis(unit_vectors(*grid.points), 0, -1).reshape(-1, 3)
    chord = np.linalg.norm(points[:, None] - points[cells.ravel()], axis=-1)
    apart = 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(chord / 2, 1)).min(axis=1)
    found = Surroundings(grid, km).of(cells).ravel()
    clear = np.abs(apart - km) > 1e-3
    np.testing.assert_array_equal(found[clear], (apart <= km)[clear])


def test_nothing_is_near_nothing():
    grid = make_grid(GRIDS["poles as rows"])
    assert not Surroundings(grid, 1000.0).of(np.zeros(grid.shape, bool)).any()
