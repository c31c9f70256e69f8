"""Counts of one year: whole numbers per month, class and cell, from masks or from tracked events.

`count(time, class, lat, lon)` int16, for masks of an ensemble `votes`, for events `genesis` and
`termination`, and where a class is a line (a front) `entries`, which classes of areas lack (-1);
`steps(time)` and `expected_steps(time)`, with entries `entry_steps(time)`. Times are the twelve
months. Zero is a number here, never a fill value.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.class_table import ClassTable
from stormtrace.classes import Classes
from stormtrace.errors import BadInput
from stormtrace.files import writing
from stormtrace.formats.axes import map_attributes, read_grid, write_grid
from stormtrace.formats.class_axis import read_classes, write_classes
from stormtrace.formats.month_axis import read_years, write_months
from stormtrace.formats.netcdf import creating, opening
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

#: Variable in the counts of events -> its name next to those of masks.
OF_EVENTS = {"count": "event_count", "genesis": "genesis", "termination": "termination"}
OF_EVENTS |= {"entries": "event_entries"}

#: Fill value of the entries of classes that are areas; other counts are known everywhere.
NO_ENTRIES = -1


@dataclass(frozen=True)
class Counts:
    """Counts of one year on one grid.

    steps, expected_steps: (12,), time steps found and time steps that should exist.
    fields: name (`count`, `votes`, `entries`, `genesis`, `termination`) -> (12, class, nlat, nlon).
    entry_steps: (12,), steps at which entries are known; None where none are counted.
    """

    year: int
    grid: Grid
    classes: Classes
    steps: NDArray[np.int64]
    expected_steps: NDArray[np.int64]
    fields: dict[str, NDArray[np.int16]]
    attributes: dict[str, Any]
    counted_from: Literal["masks", "events"] = "masks"
    entry_steps: NDArray[np.int64] | None = None


def write_counts(path: Path | str, counts: Counts, provenance: Mapping[str, str]) -> None:
    """Write the counts of one year."""
    facts = {"title": f"Steps of each class, counted from {counts.counted_from}"}
    facts |= counts.attributes | {"year": counts.year, "counted_from": counts.counted_from}
    called = OF_EVENTS if counts.counted_from == "events" else {}
    with writing(path) as partial, creating(partial) as nc:
        set_attributes(nc, facts | dict(provenance))
        define_axes(nc, counts.grid, counts.classes, [counts.year], _calendar(counts.attributes))
        nc["steps"][:], nc["expected_steps"][:] = counts.steps, counts.expected_steps
        if counts.entry_steps is not None:
            define_steps(nc, "entry_steps")[:] = counts.entry_steps
        for name, values in counts.fields.items():
            define_count(nc, counts.grid, name, LONG_NAMES[called.get(name, name)])[:] = values


def read_counts(
    path: Path | str, with_fields: bool = True, table: ClassTable | None = None
) -> Counts:
    """Read the counts of one year; without the fields, only what describes them.

    table: the study's `classes:`.

    Raises:
        BadInput: it is not a file of counts.

    """
    with opening(path) as nc:
        if not {"count", "class", "steps", "time"} <= set(nc.variables):
            raise BadInput(f"{path} is not a file of counts: make it with count_masks.py")
        names = [name for name in LONG_NAMES if name in nc.variables and "class" in _dims(nc, name)]
        return Counts(
            year=int(read_years(nc, path)[0]),
            grid=read_grid(nc, path),
            classes=read_classes(nc["class"], path, table),
            steps=nc["steps"][:].astype(np.int64),
            expected_steps=nc["expected_steps"][:].astype(np.int64),
            fields={name: nc[name][:] for name in names if with_fields},
            attributes=experiment_attributes(nc),
            counted_from=getattr(nc, "counted_from", "masks"),
            entry_steps=read_entry_steps(nc),
        )


def read_entry_steps(nc: netCDF4.Dataset) -> NDArray[np.int64] | None:
    """Return the steps at which entries are known, (time,); None where none are counted."""
    return nc["entry_steps"][:].astype(np.int64) if "entry_steps" in nc.variables else None


def monthly_counts(
    path: Path, names: Sequence[str]
) -> Iterator[tuple[int, str, NDArray[np.int16]]]:
    """Yield index of the month (0 … 11), name and counts (class, nlat, nlon), month by month."""
    with opening(path) as nc:
        for name in names:
            for month in range(12):
                yield month, name, nc[name][month]


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
    variable.set_var_chunk_cache(size=2**22)  # each map is written once: nothing to keep
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
