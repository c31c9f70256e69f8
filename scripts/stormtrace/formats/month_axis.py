"""The time axis of monthly sums: one time a calendar month, with its bounds."""

from collections.abc import Sequence
from pathlib import Path

import cftime
import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput


def write_months(nc: netCDF4.Dataset, years: Sequence[int], calendar: str) -> None:
    """Create `time(time)`, the middles of the twelve months of each year, and `time_bnds`."""
    units = f"days since {years[0]:04d}-01-01"
    starts = [cftime.datetime(year, month, 1, calendar=calendar) for year, month in _months(years)]
    ends = [_following(start) for start in starts]
    bounds = np.column_stack([cftime.date2num(dates, units, calendar) for dates in (starts, ends)])
    nc.createDimension("time", None)
    if "bnds" not in nc.dimensions:
        nc.createDimension("bnds", 2)
    time = nc.createVariable("time", "f8", ("time",), fill_value=False)
    time.setncatts({"standard_name": "time", "axis": "T", "units": units, "calendar": calendar})
    time.bounds = "time_bnds"
    time[:] = bounds.mean(axis=1)
    nc.createVariable("time_bnds", "f8", ("time", "bnds"), fill_value=False)[:] = bounds


def read_years(nc: netCDF4.Dataset, path: Path | str) -> NDArray[np.int64]:
    """Return the years whose months `write_months` wrote.

    Raises:
        BadInput: the times are not twelve months of each year.

    """
    time = nc["time"]
    dates = np.atleast_1d(cftime.num2date(time[:], time.units, time.calendar))
    found = [(date.year, date.month) for date in dates]
    years = [year for year, month in found if month == 1]
    if not years or found != _months(years):
        raise BadInput(f"{path}: time must be the twelve months of each year; found {found}")
    return np.array(years, np.int64)


def _months(years: Sequence[int]) -> list[tuple[int, int]]:
    return [(int(year), month) for year in years for month in range(1, 13)]


def _following(start: cftime.datetime) -> cftime.datetime:
    """Return the first day of the next month."""
    year, month = (start.year, start.month + 1) if start.month < 12 else (start.year + 1, 1)
    return cftime.datetime(year, month, 1, calendar=start.calendar)
