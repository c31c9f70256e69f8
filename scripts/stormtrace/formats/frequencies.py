"""`frequency.nc`: the counts of all years of an experiment, from masks and from tracked events.

As in the counts of one year, with twelve times a year: `count`, `votes` of an ensemble, `entries`
of fronts, and of events `event_count`, `event_entries`, `genesis` and `termination`.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.class_table import ClassTable
from stormtrace.classes import Classes
from stormtrace.errors import BadInput
from stormtrace.files import writing
from stormtrace.formats.axes import read_grid
from stormtrace.formats.class_axis import read_classes
from stormtrace.formats.counts import (
    LONG_NAMES,
    Counts,
    define_axes,
    define_count,
    define_steps,
    read_entry_steps,
    set_attributes,
)
from stormtrace.formats.month_axis import read_years
from stormtrace.formats.netcdf import creating, keep_no_chunks, opening
from stormtrace.grids import Grid

#: What is counted of tracked events -> its name next to what is counted of masks.
OF_EVENTS = {
    "count": "event_count",
    "genesis": "genesis",
    "termination": "termination",
    "entries": "event_entries",
}


@dataclass(frozen=True)
class FrequencyFile:
    """An open `frequency.nc`: what describes it; maps are read when they are asked for.

    years: (year,); steps, expected_steps: (year, 12). entry_steps: (year, 12), steps at which
    entries of fronts are known; zero where none were counted.
    """

    grid: Grid
    classes: Classes
    years: NDArray[np.int64]
    steps: NDArray[np.int64]
    expected_steps: NDArray[np.int64]
    entry_steps: NDArray[np.int64]
    attributes: dict[str, str]
    nc: netCDF4.Dataset

    def has(self, variable: str) -> bool:
        """Whether the file holds a variable such as `genesis`."""
        return variable in self.nc.variables

    def read(self, variable: str, name: str, year: int, month: int) -> NDArray[np.int16]:
        """Return one map, (nlat, nlon), of the class called `name`.

        year: its position in `years`; month: 1 … 12.
        """
        position = self.classes.features.index(self.classes[name])
        return self.nc[variable][12 * year + month - 1, position]


@contextlib.contextmanager
def open_frequency_file(
    path: Path | str, table: ClassTable | None = None
) -> Iterator[FrequencyFile]:
    """Open `frequency.nc` for reading.

    table: the study's `classes:`.

    Raises:
        BadInput: it is not such a file.

    """
    with opening(path) as nc:
        if not {"count", "class", "steps", "time"} <= set(nc.variables):
            raise BadInput(f"{path} is not a frequency file: make it with compute_frequency.py")
        for variable in nc.variables.values():
            if variable.ndim > 2:
                keep_no_chunks(variable)
        yield FrequencyFile(
            grid=read_grid(nc, path),
            classes=read_classes(nc["class"], path, table),
            years=read_years(nc, path),
            steps=_by_year(nc["steps"]),
            expected_steps=_by_year(nc["expected_steps"]),
            entry_steps=_entry_steps(nc),
            attributes={name: str(nc.getncattr(name)) for name in nc.ncattrs()},
            nc=nc,
        )


def _entry_steps(nc: netCDF4.Dataset) -> NDArray[np.int64]:
    known = read_entry_steps(nc)
    return np.zeros_like(_by_year(nc["steps"])) if known is None else known.reshape(-1, 12)


def _by_year(variable: netCDF4.Variable) -> NDArray[np.int64]:
    return np.asarray(variable[:], np.int64).reshape(-1, 12)


@dataclass(frozen=True)
class FrequencyWriter:
    """A new `frequency.nc`, filled year by year."""

    nc: netCDF4.Dataset

    def write_steps(self, year: int, counts: Counts) -> None:
        """Write the steps of each month of a year's counts; year: its position."""
        months = slice(12 * year, 12 * year + 12)
        self.nc["steps"][months] = counts.steps
        self.nc["expected_steps"][months] = counts.expected_steps
        if "entry_steps" in self.nc.variables:
            self.nc["entry_steps"][months] = counts.entry_steps

    def write_month(
        self, variable: str, year: int, month: int, values: NDArray[np.integer]
    ) -> None:
        """Write the counts of one month, (class, nlat, nlon); year, month: positions from 0."""
        self.nc[variable][12 * year + month] = values

    def describe(self, attributes: Mapping[str, Any]) -> None:
        """Set attributes that are known when all years are written."""
        set_attributes(self.nc, attributes)


@contextlib.contextmanager
def writing_frequency_file(
    path: Path | str,
    grid: Grid,
    classes: Classes,
    years: Sequence[int],
    variables: Sequence[str],
    attributes: Mapping[str, Any],
) -> Iterator[FrequencyWriter]:
    """Create `frequency.nc`; it is at `path` when the block succeeds, else nowhere."""
    with writing(path) as partial, creating(partial) as nc:
        set_attributes(nc, {"title": "Steps of each class, all years"} | dict(attributes))
        define_axes(nc, grid, classes, years, str(attributes.get("calendar", "standard")))
        if "entries" in variables:
            define_steps(nc, "entry_steps")
        for name in variables:
            define_count(nc, grid, name, LONG_NAMES[name])
        yield FrequencyWriter(nc)
