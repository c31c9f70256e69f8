"""Events of one class, and the density of their beginnings and ends."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.constants import EARTH_RADIUS_KM
from stormtrace.formats.tables import check_columns, read_in_parts
from stormtrace.grids import Grid

#: Fewer events are shown one by one: a smoothed density would suggest a climatology.
FEWEST_EVENTS = 10

#: Points of `density` that are shared out together.
POINTS_AT_ONCE = 2**14


#: Columns of events that figures and pages are made of.
SHOWN = (
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


class EventColumns(Mapping[str, NDArray[Any]]):
    """The columns `SHOWN` of the events in a folder, each read when it is asked for.

    Of a thousand years, all of them would be 1 GB. code: of the class, by default of all.
    """

    def __init__(self, folder: Path | str, code: int | None = None) -> None:
        self._folder, self._code = folder, code

    def of(self, code: int) -> "EventColumns":
        """Return the events of one class."""
        return EventColumns(self._folder, code)

    def __getitem__(self, column: str) -> NDArray[Any]:
        """Read a column, (n,)."""
        if column not in SHOWN:
            raise KeyError(column)
        return read_events_of(self._folder, self._code, [column])[column]

    def __contains__(self, column: object) -> bool:
        return column in SHOWN

    def __iter__(self) -> Iterator[str]:
        return iter(SHOWN)

    def __len__(self) -> int:
        return len(SHOWN)


def read_events(folder: Path | str | None) -> EventColumns | None:
    """Return the events in a folder; None without a folder.

    Raises:
        BadInput: there is no table of events, or it lacks a column.

    """
    if folder is None:
        return None
    check_columns(_table(folder), SHOWN)
    return EventColumns(folder)


def read_events_of(
    folder: Path | str, code: int | None, columns: Sequence[str]
) -> dict[str, NDArray[Any]]:
    """Read some columns of the events of one class, or of all."""
    parts = list(_parts_of(folder, code, columns))
    return {name: np.concatenate([part[name] for part in parts]) for name in columns}


def read_beginnings(folder: Path | str, code: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Read the years and months (1 … 12) in which the events of one class begin."""
    months = [
        part["start"].astype("U7").astype("datetime64[M]").astype(np.int64)
        for part in _parts_of(folder, code, ["start"])
    ]
    since_1970 = np.concatenate(months)
    return 1970 + since_1970 // 12, since_1970 % 12 + 1


def _parts_of(
    folder: Path | str, code: int | None, columns: Sequence[str]
) -> Iterator[dict[str, NDArray[Any]]]:
    """Yield columns of the events of one class, or of all, some rows at a time, none at first."""
    for part in read_in_parts(_table(folder), list(dict.fromkeys(["class", *columns]))):
        rows = slice(None) if code is None else part["class"] == code
        yield {name: part[name][rows] for name in columns}


def _table(folder: Path | str) -> Path:
    return Path(folder) / "events.parquet"


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
    shared = np.zeros(grid.shape)
    for up in (0, 1):
        for right in (0, 1):
            for first in range(0, lat.size, POINTS_AT_ONCE):
                some = slice(first, first + POINTS_AT_ONCE)
                row = np.interp(lat[some], grid.lat, np.arange(grid.lat.size))
                column = (lon[some] - grid.lon[0]) % 360.0 * grid.lon.size / 360.0
                south, west = np.floor(row).astype(np.int64), np.floor(column).astype(np.int64)
                weight = np.abs(1 - up - (row - south)) * np.abs(1 - right - (column - west))
                rows = np.minimum(south + up, grid.lat.size - 1)
                np.add.at(shared, (rows, (west + right) % grid.lon.size), weight)
    return shared
