"""Events of one class, and the density of their beginnings and ends."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stormtrace.constants import EARTH_RADIUS_KM
from stormtrace.formats.tables import Table, read_table
from stormtrace.grids import Grid

__all__ = ["FEWEST_EVENTS", "Table", "density", "of_class", "read_events", "read_events_of"]

#: Fewer events are shown one by one: a smoothed density would suggest a climatology.
FEWEST_EVENTS = 10


#: Columns of events that figures and pages are made of; of a thousand years all would be 1 GB.
SHOWN = (
    "event",
    "class",
    "lifetime_h",
    "genesis_lat",
    "genesis_lon",
    "termination_lat",
    "termination_lon",
    "track_km",
    "speed_km_h",
    "max_area_km2",
)


def read_events(folder: Path | str | None) -> Table | None:
    """Read the columns `SHOWN` of the events in a folder; None without a folder."""
    return read_table(Path(folder) / "events.parquet", SHOWN) if folder else None


def read_events_of(folder: Path | str, code: int, columns: Sequence[str]) -> Table:
    """Read some columns of the events of one class."""
    found = of_class(read_table(Path(folder) / "events.parquet", ["class", *columns]), code)
    return {name: found[name] for name in columns}


def of_class(table: Table, code: int) -> Table:
    """Return the rows of one class."""
    rows = table["class"] == code
    return {name: column[rows] for name, column in table.items()}


def density(
    lat: NDArray[np.floating], lon: NDArray[np.floating], grid: Grid, radius_km: float = 400.0
) -> NDArray[np.float64]:
    """Return points per 10⁶ km² on a global `grid`, (lat, lon), smoothed on the sphere.

    Each point is spread by a von Mises–Fisher kernel (the Gaussian of the sphere) with
    κ = (R / radius)², whose integral over the globe is one: the map's integral is the number of
    points, at the poles as at the equator. Points are first shared out among the four cells round
    them, so that the kernel is a convolution along each pair of rows: the cost does not grow with
    the points.
    """
    kappa = (EARTH_RADIUS_KM / radius_km) ** 2
    height = kappa / (2 * np.pi * -np.expm1(-2 * kappa)) * 1e6 / EARTH_RADIUS_KM**2
    spectrum = np.fft.rfft(_share_out(np.asarray(lat), np.asarray(lon), grid), axis=1)
    phi = np.radians(grid.lat)[:, None]
    turn = np.cos(2 * np.pi * np.arange(grid.lon.size) / grid.lon.size)
    total = np.empty(grid.shape)
    for row, here in enumerate(phi[:, 0]):
        cosine = np.sin(here) * np.sin(phi) + np.cos(here) * np.cos(phi) * turn
        kernel = np.fft.rfft(np.exp(kappa * (cosine - 1)), axis=1)
        total[row] = np.fft.irfft((kernel * spectrum).sum(axis=0), grid.lon.size)
    return height * np.clip(total, 0.0, None)


def _share_out(
    lat: NDArray[np.floating], lon: NDArray[np.floating], grid: Grid
) -> NDArray[np.float64]:
    """Return points per cell, each divided bilinearly among the four cell centres round it."""
    row = np.interp(lat, grid.lat, np.arange(grid.lat.size))
    column = (lon - grid.lon[0]) % 360.0 * grid.lon.size / 360.0
    south, west = np.floor(row).astype(np.int64), np.floor(column).astype(np.int64)
    shared = np.zeros(grid.shape)
    for up in (0, 1):
        for right in (0, 1):
            weight = np.abs(1 - up - (row - south)) * np.abs(1 - right - (column - west))
            rows = np.minimum(south + up, grid.lat.size - 1)
            np.add.at(shared, (rows, (west + right) % grid.lon.size), weight)
    return shared
