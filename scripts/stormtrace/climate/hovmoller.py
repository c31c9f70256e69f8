"""Latitude × month along a coast: when and where a class reaches the land."""

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

#: Length of a degree of latitude, km.
KM_A_DEGREE = 111.2


def coast_mask(grid: Grid, region: Sequence[float]) -> NDArray[np.bool_]:
    """Return the cells of a region that are neither all sea nor all land, `grid.shape`.

    As in the published Hovmöller diagrams: 0 < land fraction < 0.99. The land is Natural Earth's,
    to a quarter of a degree: a cell with less than a hundredth of land counts as sea.
    """
    share = land_fraction(grid)
    mask = box_cells(grid, region) & (share > 0.01) & (share < 0.99)
    if not mask.any():
        raise BadInput(f"the region {list(region)} has no coast on this grid, {grid.describe()}")
    return mask


def coasts_on(grid: Grid, coasts: Mapping[str, Sequence[float]]) -> dict[str, NDArray[np.bool_]]:
    """Return the coasts that this grid has cells of, name -> `grid.shape`."""
    masks = {}
    for name, region in coasts.items():
        if not box_cells(grid, region).any():
            log.info("%s: outside of the grid", name)
            continue
        try:
            masks[name] = coast_mask(grid, region)
        except BadInput as error:  # too coarse a grid, or another region: the others are drawn
            log.warning("%s: %s", name, error)
    return masks


def hovmoller(
    frequency: Frequency, feature: str, coast: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return latitudes (n,) and the frequency along `coast`, (n, 12), per cent.

    Each band of latitude is the area mean over the coast's cells in it; NaN where a month has no
    steps.
    """
    lat, band = latitude_bands(frequency.grid, coast)
    weights = frequency.grid.area[coast]
    values = np.empty((lat.size, 12))
    for month, name in enumerate(MONTHS):
        field = frequency.per_cent(feature, name)[coast]
        values[:, month] = np.bincount(band, field * weights, lat.size)
    return lat, values / np.bincount(band, weights, lat.size)[:, None]


def latitude_bands(
    grid: Grid, cells: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return the middles of the bands of latitude that have any of `cells`, and each cell's band.

    Bands are the rows of a rectilinear grid; of others as wide as a cell, at least one degree.
    """
    if grid.is_rectilinear:
        rows, band = np.unique(np.nonzero(cells)[0], return_inverse=True)
        return grid.lat[rows], band
    width = max(1.0, float(np.sqrt(np.median(grid.area[cells]))) / KM_A_DEGREE)
    numbers, band = np.unique(np.floor(grid.lat[cells] / width), return_inverse=True)
    return (numbers + 0.5) * width, band
