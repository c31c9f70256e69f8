"""A factory of small result files (masks, counts, events), in the formats of the contract."""

from collections.abc import Callable, Sequence
from pathlib import Path

import cftime
import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.grids import Grid, make_grid

MINI = make_grid({"nlat": 19, "nlon": 36})


def hours_of(dates: Sequence[cftime.datetime], calendar: str) -> NDArray[np.float64]:
    return cftime.date2num(list(dates), "hours since 2000-01-01", calendar)


def dates_between(
    start: tuple[int, int, int], end: tuple[int, int, int], calendar: str, step_hours: float = 3
) -> list[cftime.datetime]:
    """Every step from `start` to `end`, the end not included."""
    first = cftime.datetime(*start, calendar=calendar)
    last = cftime.datetime(*end, calendar=calendar)
    hours = (last - first).total_seconds() / 3600
    numbers = np.arange(0, hours, step_hours)
    return list(cftime.num2date(numbers, f"hours since {first.isoformat()}", calendar))


def write_masks(
    path: Path,
    year: int,
    dates: Sequence[cftime.datetime],
    mask_of: Callable[[int, cftime.datetime], NDArray[np.int8]],
    grid: Grid = MINI,
    calendar: str = "noleap",
    step_hours: float = 3,
    experiment: str = "made",
) -> Path:
    """Write masks of one year; `mask_of(step, date)` gives each (lat, lon)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with netCDF4.Dataset(path, "w") as nc:
        nc.setncatts(
            {"experiment": experiment, "dataset": "made", "grid": "mini", "year": np.int32(year)}
        )
        nc.step_hours = float(step_hours)
        for name, values in (("lat", grid.lat), ("lon", grid.lon)):
            nc.createDimension(name, values.size)
            nc.createVariable(name, "f8", (name,))[:] = values
        nc.createDimension("time", len(dates))
        time = nc.createVariable("time", "f8", ("time",))
        time.units, time.calendar = "hours since 2000-01-01", calendar
        time[:] = hours_of(dates, calendar)
        mask = nc.createVariable(
            "mask",
            "i1",
            ("time", "lat", "lon"),
            zlib=True,
            complevel=1,
            chunksizes=(1, *grid.shape),
        )
        mask.flag_values = np.array([0, 1, 2], np.int8)
        mask.flag_meanings = "background tropical_cyclone atmospheric_river"
        mask[:] = np.array([mask_of(step, date) for step, date in enumerate(dates)], np.int8)
    return path
