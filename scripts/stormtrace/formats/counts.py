"""Counts of a year: whole numbers per month, class and cell; and how they are stored.

`count(time, class, lat, lon)` int16, for masks of an ensemble `votes`, for events `genesis` and
`termination`, and where a class is a line (a front) `entries`, which classes of areas lack (-1);
`steps(time)` and `expected_steps(time)`, with entries `entry_steps(time)`. Times are the twelve
months. Zero is a number here, never a fill value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.classes import Classes
from stormtrace.formats.axes import map_attributes, write_grid
from stormtrace.formats.class_axis import write_classes
from stormtrace.formats.month_axis import write_months
from stormtrace.formats.netcdf import keep_no_chunks
from stormtrace.grids import Grid

CONVENTIONS = "CF-1.11"

#: What a cell of each variable counts.
LONG_NAMES = {
    "count": "time steps whose mask has the class in the cell",
    "votes": "members of the ensemble that find the class, summed over the steps of count",
    "event_count": "time steps at which a tracked event covers the cell",
    "entries": "time steps at which the class is in the cell, and one step earlier was not",
    "event_entries": "time steps at which tracked events enter the cell",
    "genesis": "tracked events whose first object covers the cell",
    "termination": "tracked events whose last object covers the cell",
    "steps": "time steps that exist",
    "entry_steps": "time steps that follow another at once, at which entries are known",
    "expected_steps": "time steps that the calendar and the period promise",
}

#: Fill value of the entries of classes that are areas; other counts are known everywhere.
NO_ENTRIES = -1


@dataclass(frozen=True)
class Counts:
    """Counts of one year on one grid.

    steps, expected_steps: (12,), time steps found and time steps that should exist.
    fields: name (`count`, `votes`, `entries`) -> (12, class, nlat, nlon).
    entry_steps: (12,), steps at which entries are known; None where none are counted.
    """

    year: int
    grid: Grid
    classes: Classes
    steps: NDArray[np.int64]
    expected_steps: NDArray[np.int64]
    fields: dict[str, NDArray[np.int16]]
    attributes: dict[str, Any]
    entry_steps: NDArray[np.int64] | None = None


def read_entry_steps(nc: netCDF4.Dataset) -> NDArray[np.int64] | None:
    """Return the steps at which entries are known, (time,); None where none are counted."""
    return nc["entry_steps"][:].astype(np.int64) if "entry_steps" in nc.variables else None


def define_axes(
    nc: netCDF4.Dataset, grid: Grid, classes: Classes, years: Sequence[int], calendar: str
) -> None:
    """Create the coordinates `time class lat lon`, and `steps` and `expected_steps`."""
    nc.Conventions = CONVENTIONS
    write_grid(nc, grid)
    write_months(nc, years, calendar)
    write_classes(nc, classes)
    for name in ("steps", "expected_steps"):
        define_steps(nc, name)


def define_steps(nc: netCDF4.Dataset, name: str) -> netCDF4.Variable:
    """Create a variable of steps by month."""
    variable = nc.createVariable(name, "i4", ("time",), fill_value=False)
    variable.setncatts({"long_name": LONG_NAMES[name], "units": "1"})
    return variable


def define_count(nc: netCDF4.Dataset, grid: Grid, name: str, long_name: str) -> netCDF4.Variable:
    """Create a variable of whole numbers, one chunk a map; only entries have a fill value."""
    is_partial = name in ("entries", "event_entries")
    variable = nc.createVariable(
        name,
        "i2",
        ("time", "class", *grid.dims),
        zlib=True,
        complevel=1,
        chunksizes=(1, 1, *grid.shape),
        fill_value=np.int16(NO_ENTRIES) if is_partial else False,
    )
    keep_no_chunks(variable)
    attributes = {"long_name": long_name, "units": "1", "cell_methods": "time: sum"}
    variable.setncatts(attributes | map_attributes(grid))
    return variable


def set_attributes(nc: netCDF4.Dataset, attributes: Mapping[str, Any]) -> None:
    """Set global attributes in types that classic netCDF has, too: integers of 32 bits."""
    nc.setncatts({name: _classic(value) for name, value in attributes.items()})


def _classic(value: Any) -> Any:
    return np.int32(value) if isinstance(value, int | np.integer) else value


#: Attributes that say which experiment a file belongs to, and when it is.
KEPT = (
    "experiment",
    "dataset",
    "grid",
    "model",
    "model_checksum",
    "detector",
    "detector_checksum",
    "adjusted",
    "regridded_to_learned",
    "members",
    "statistics",
    "step_hours",
    "calendar",
    "time_coverage_start",
    "time_coverage_end",
    "blank_steps",
    "doubts",
)


def experiment_attributes(nc: netCDF4.Dataset) -> dict[str, Any]:
    """Return the attributes that say which experiment a file belongs to, and when it is."""
    return {name: nc.getncattr(name) for name in KEPT if name in nc.ncattrs()}


def _calendar(attributes: Mapping[str, Any]) -> str:
    return str(attributes.get("calendar", "standard"))


def _dims(nc: netCDF4.Dataset, name: str) -> tuple[str, ...]:
    return nc[name].dimensions
