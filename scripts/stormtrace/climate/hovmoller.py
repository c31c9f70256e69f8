"""Latitude × month along a coast: when and where a class reaches the land."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from stormtrace.climate.frequency import Frequency
from stormtrace.climate.seasons import MONTHS
from stormtrace.errors import BadInput
from stormtrace.grids import Grid, box_cells
from stormtrace.land import land_fraction

log = logging.getLogger("stormtrace")


def coast_mask(grid: Grid, region: Sequence[float]) -> NDArray[np.bool_]:
    """Return the cells of a region that are neither all sea nor all land, (lat, lon).

    As in the published Hovmöller diagrams: 0 < land fraction < 0.99. The land is Natural Earth's,
    to a quarter of a degree: a cell with less than a hundredth of land counts as sea.
    """
    share = land_fraction(grid)
    mask = box_cells(grid, region) & (share > 0.01) & (share < 0.99)
    if not mask.any():
        raise BadInput(f"the region {list(region)} has no coast on this grid of {grid.shape}")
    return mask


def coasts_on(grid: Grid, coasts: Mapping[str, Sequence[float]]) -> dict[str, NDArray[np.bool_]]:
    """Return the coasts that this grid has cells of, name -> (lat, lon)."""
    masks = {}
    for name, region in coasts.items():
        try:
            masks[name] = coast_mask(grid, region)
        except BadInput as error:  # a grid too coarse for it: no reason to draw nothing else
            log.warning("%s: %s", name, error)
    return masks


def hovmoller(
    frequency: Frequency, feature: str, coast: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return latitudes (n,) and the frequency along `coast`, (n, 12), per cent.

    Each row is the mean over the coast's cells at that latitude; NaN where a month has no steps.
    """
    rows = np.flatnonzero(coast.any(axis=1))
    values = np.empty((rows.size, 12))
    for month, name in enumerate(MONTHS):
        field = frequency.per_cent(feature, name)
        masked = np.where(coast[rows], field[rows], 0.0)
        values[:, month] = masked.sum(axis=1) / coast[rows].sum(axis=1)
    return frequency.grid.lat[rows], values
