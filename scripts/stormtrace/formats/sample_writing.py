"""Samples as they are written: the fields at one time on a grid, one netCDF file a step.

`{FIELD}(time=1, lat, lon)` (or `(time, y, x)`), float32, as ClimateNet reads them; the time is the
START of the interval of means (with `time_bnds`), the instant of others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cftime
import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.formats.axes import Content, define_grid, fill, map_attributes
from stormtrace.formats.netcdf import creating
from stormtrace.formats.samples import time_stamp
from stormtrace.grids import Grid

CONVENTIONS = "CF-1.11"

#: How values are stored; zlib is what every netCDF tool reads, and levels above 1 buy nothing.
COMPRESSIONS: Mapping[str, Mapping[str, Any]] = {
    "none": {"contiguous": True},
    "zlib": {"compression": "zlib", "complevel": 1, "shuffle": True},
}


@dataclass(frozen=True)
class SampleTime:
    """When a sample is: its start, and over how many hours it is a mean (0: an instant)."""

    start: cftime.datetime
    span_hours: float = 0.0


@dataclass(frozen=True, eq=False)
class SampleField:
    """One field: values of as many cells as the grid has, and its attributes."""

    name: str
    values: NDArray[np.float32]
    attributes: Mapping[str, Any]


def sample_name(dataset: str, start: cftime.datetime) -> str:
    """Return ``{dataset}.YYYY-MM-DD-SSSSS.nc``, CESM's way of writing a time."""
    return f"{dataset}.{time_stamp(start)}.nc"


def write_sample(
    path: Path,
    grid: Grid,
    time: SampleTime,
    fields: Sequence[SampleField],
    attributes: Mapping[str, Any],
    compression: str = "none",
) -> None:
    """Write one sample. attributes: global ones; compression: a key of `COMPRESSIONS`."""
    with creating(path) as nc:
        nc.set_fill_off()
        nc.setncatts({"Conventions": CONVENTIONS, **attributes})
        contents = [*_define_time(nc, time), *define_grid(nc, grid)]
        for field in fields:
            dims, how = ("time", *grid.dims), COMPRESSIONS[compression]
            variable = nc.createVariable(field.name, "f4", dims, **how)
            variable.setncatts({**field.attributes, **map_attributes(grid)})
            contents.append((variable, field.values.reshape(1, *grid.shape)))
        fill(contents)


def _define_time(nc: netCDF4.Dataset, time: SampleTime) -> list[Content]:
    calendar = time.start.calendar
    units = f"hours since {time.start.year:04d}-01-01 00:00:00"
    hours = float(cftime.date2num(time.start, units, calendar))
    nc.createDimension("time", 1)
    variable = nc.createVariable("time", "f8", ("time",))
    about = {"standard_name": "time", "axis": "T", "units": units, "calendar": calendar}
    if calendar in ("standard", "proleptic_gregorian"):
        about["units_metadata"] = "leap_seconds: none"
    variable.setncatts(about)
    if not time.span_hours:
        return [(variable, np.array(hours))]
    variable.bounds = "time_bnds"
    nc.createDimension("nbnd", 2)
    bounds = nc.createVariable("time_bnds", "f8", ("time", "nbnd"))
    return [(variable, np.array(hours)), (bounds, np.array([[hours, hours + time.span_hours]]))]
