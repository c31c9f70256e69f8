"""Raw files found and understood by their times: records are never paired by position."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from stormtrace.commandline import log
from stormtrace.errors import BadInput
from stormtrace.formats.netcdf import NoVariable, open_raw, variable
from stormtrace.prepare.dataset import Dataset, Part, Source
from stormtrace.prepare.raw.calendar_time import Calendar, Seconds
from stormtrace.prepare.raw.found_files import candidates, year_in_name
from stormtrace.prepare.raw.named_dates import check_name
from stormtrace.prepare.raw.time_axis import (
    TimeAxis,
    counted_axis,
    has_times,
    is_instantaneous,
    read_time_axis,
)


def doubt(axis: TimeAxis, name: str) -> str:
    """Return what is doubtful about the times of a variable, of a `TimeAxis.doubtful`."""
    return (
        f"{axis.path}: {name} is taken for means, because it has time bounds; but CAM writes fields"
        " without `cell_methods`, as here, for instants: say `stamps: instant`, or `stamps: end`"
        " for means"
    )


@dataclass(frozen=True, eq=False)
class Inventory:
    """All records of one variable in some files, by the second at which they start."""

    source: Source
    axes: tuple[TimeAxis, ...]

    @cached_property
    def calendar(self) -> Calendar:
        """The one calendar of all files."""
        calendars = {axis.calendar.name: axis for axis in self.axes}
        if len(calendars) > 1:
            listed = "; ".join(f"{axis.path}: {name}" for name, axis in calendars.items())
            raise BadInput(f"the files of {self.source.variable} have several calendars ({listed})")
        return self.axes[0].calendar

    @cached_property
    def length(self) -> int | None:
        """Seconds between raw records, the least of all files."""
        lengths = [axis.length for axis in self.axes if axis.length is not None]
        return min(lengths, default=None)

    @property
    def gap(self) -> int | None:
        """Seconds between instants, the least, where every file has one of them.

        (A file with a single mean and no bounds does not say where that starts.)
        """
        between = np.diff(self.sorted_starts[0])
        return int(between[between > 0].min()) if self.instant and between.any() else None

    @cached_property
    def sorted_starts(self) -> tuple[Seconds, NDArray[np.int64], NDArray[np.int64]]:
        """(start, file, record) of all records, by start."""
        start = np.concatenate([axis.start for axis in self.axes])
        file = np.repeat(np.arange(len(self.axes)), [axis.start.size for axis in self.axes])
        record = np.concatenate([np.arange(axis.start.size) for axis in self.axes])
        order = np.argsort(start, kind="stable")
        return start[order], file[order], record[order]

    @property
    def paths(self) -> tuple[str, ...]:
        """The files, in the order `sorted_starts` counts them."""
        return tuple(axis.path for axis in self.axes)

    @property
    def instant(self) -> bool:
        """Whether all values are of an instant."""
        return all(axis.instant for axis in self.axes)


@dataclass(frozen=True, eq=False)
class Header:
    """What the header of a raw file says.

    axes: its times as variables of instants have them (True), those of means (False), and those
        that do not say (None), or what is wrong with them; empty where it has none.
    instant: variable -> which of the three it is. records: along the record dimension.
    shapes: variable -> sizes of its dimensions but the first.
    """

    records: int
    axes: Mapping[bool | None, TimeAxis | BadInput]
    instant: Mapping[str, bool | None]
    shapes: Mapping[str, tuple[int, ...]]


def read_header(path: str, name: str, dataset: Dataset, stamps: str | None) -> Header:
    """Read the header of a raw file that should hold variable `name`.

    Raises:
        BadInput: it cannot be read, or its variable is no field over time.

    """
    with open_raw(path) as opened:
        source = variable(opened, name)
        if not source.dimensions:
            raise BadInput(f"{path}: {name} is a single number, not a field")
        dimension = source.dimensions[0]
        elsewhere = [each for each in opened.dimensions if has_times(opened, each)]
        if elsewhere and dimension not in elsewhere:
            raise BadInput(
                f"{path}: {name} has the dimensions {source.dimensions}; {elsewhere[0]} must be the"
                f" first (ncpdq -a {elsewhere[0]} brings it there)"
                if elsewhere[0] in source.dimensions
                else f"{path}: {name} {source.dimensions} does not change with {elsewhere[0]}"
            )
        fields = {key: each for key, each in opened.variables.items() if each.ndim > 1}
        shapes = {key: each.shape[1:] for key, each in fields.items()}
        instant = {key: is_instantaneous(each) for key, each in fields.items()}
        axes: dict[bool | None, TimeAxis | BadInput] = {}
        if dataset.time is None or has_times(opened, dimension):
            for kind in {*instant.values(), is_instantaneous(source)}:
                try:
                    axis = read_time_axis(opened, dimension, stamps, dataset.step, kind)
                    check_name(axis)
                    axes[kind] = axis
                except BadInput as error:
                    axes[kind] = error
        return Header(len(opened.dimensions[dimension]), axes, instant, shapes)


class Archive:
    """The raw files of a dataset; each header is read once."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.headers: dict[tuple[str, str | None], Header] = {}
        self.doubted: set[str] = set()

    def paths(self, source: Source, year: int | None) -> list[str]:
        """Return the files that may hold a variable in `year` (None: in any year)."""
        paths = candidates(self.dataset, source, year)
        if not paths:
            wanted = " or ".join(source.files).replace("{variable}", source.variable)
            when = "" if year is None else f" near {year}"
            raise BadInput(
                f"dataset {self.dataset.name}: no file{when} for {source.variable}: nothing matches"
                f" {wanted}; correct `files`, or bring the file"
            )
        return paths

    def inventory(self, source: Source, part: Part, year: int) -> Inventory:
        """Read the times of all files that may hold a variable in `year`.

        Where their names do not contain the variable, files without it are passed over: they may
        be another history tape. NoVariable: none has it.
        """
        axes: list[TimeAxis] = []
        absent = None
        for path in self.paths(source, year):
            try:
                axes.append(self.axis(path, source, part, axes[-1] if axes else None))
            except NoVariable as error:
                if source.named:
                    raise
                absent = absent or error
        if absent and not axes:
            raise absent
        return Inventory(source, tuple(axes))

    def axis(
        self, path: str, source: Source, part: Part, before: TimeAxis | None = None
    ) -> TimeAxis:
        """Return the times of one file; files without times go on from the one `before`."""
        key = (path, part.stamps)
        if key not in self.headers:
            self.headers[key] = read_header(path, source.variable, self.dataset, part.stamps)
        header = self.headers[key]
        if source.variable not in header.shapes:
            have = ", ".join(sorted(header.shapes))
            raise NoVariable(f"{path} has no variable {source.variable} over time; it has {have}")
        if header.axes:
            axis = header.axes[header.instant[source.variable]]
            if isinstance(axis, BadInput):
                raise axis
            if axis.doubtful and source.variable not in self.doubted:
                self.doubted.add(source.variable)
                log.warning("%s", doubt(axis, source.variable))
            return axis
        clock = self.dataset.time
        assert clock is not None
        if "{year}" in clock.start:
            start = clock.start.replace("{year}", f"{year_in_name(path, source):04d}")
        elif before is not None:
            start = before.calendar.text(before.start[-1] + clock.step)
        else:
            start = clock.start
        return counted_axis(path, header.records, start, clock.step, clock.calendar)
