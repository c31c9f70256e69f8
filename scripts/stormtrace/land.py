"""Coastlines and land, shipped with the library: no map needs the network."""

import functools
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from stormtrace.grids import Grid
from stormtrace.grids.remapping import conservative

FILE = Path(__file__).resolve().parent / "data" / "land.npz"


@functools.cache
def coastlines(detail: Literal["coarse", "fine"] = "coarse") -> list[NDArray[np.float64]]:
    """Return lines of (point, 2) longitudes and latitudes, degrees; none crosses 180°.

    `coarse` is Natural Earth 1:110m, for globes; `fine` is 1:50m, for regions.
    """
    with np.load(FILE) as data:
        points, starts = data[detail] / 100.0, data[f"{detail}_starts"]
    return np.split(points, starts[1:])


@functools.cache
def _quarter_degree() -> tuple[Grid, NDArray[np.float64]]:
    with np.load(FILE) as data:
        share = data["land"] / 100.0
    share[0] = 1.0  # the polygon of Antarctica is closed along 90° S: no coast at the pole
    lat, lon = (-half + 0.125 + 0.25 * np.arange(8 * half, dtype=np.float64) for half in (90, 180))
    return Grid(lat, lon), share


def land_fraction(grid: Grid) -> NDArray[np.float64]:
    """Return the share of each cell that is land, 0…1, (lat, lon): Natural Earth 1:50m."""
    source, share = _quarter_degree()
    return conservative(share, source, grid)


def is_land(lat: NDArray[np.float64], lon: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return whether points lie on land, to a quarter of a degree."""
    source, share = _quarter_degree()
    row = np.clip(((np.asarray(lat) + 90) * 4).astype(int), 0, source.lat.size - 1)
    column = ((np.asarray(lon) + 180) % 360 * 4).astype(int) % source.lon.size
    return share[row, column] > 0.5
