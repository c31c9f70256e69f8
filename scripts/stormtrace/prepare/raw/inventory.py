"""Raw files found and understood by their times: records are never paired by position."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from stormtrace.commandline import log
from stormtrace.errors import BadInput
from stormtrace.formats.netcdf import NoVariable
from stormtrace.prepare.dataset import Dataset, Part, Source
from stormtrace.prepare.raw.calendar_time import Calendar, Seconds
from stormtrace.prepare.raw.found_files import candidates, year_in_name
from stormtrace.prepare.raw.named_dates import check_name
from stormtrace.prepare.raw.opened import RawFile
from stormtrace.prepare.raw.raw_formats import open_raw_file
from stormtrace.prepare.raw.time_axis import TimeAxis, counted_axis, read_time_axis
from stormtrace.prepare.raw.variable_layout import Layout, read_layout, time_coordinate


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
    """What the header of a raw file says of one variable.

    axis: its times, or what is wrong with them; None where the file has none. records: how many
    there are. shape: (levels, points…).
    """

    records: int
    axis: TimeAxis | BadInput | None
    shape: tuple[int, ...]


#: The headers of all variables of a dataset that a file has, or what is wrong with them.
Headers = Mapping[str, Header | BadInput]


def read_headers(path: str, dataset: Dataset, stamps: str | None) -> Headers:
    """Read the headers of all variables of a dataset that a raw file has.

    Raises:
        BadInput: the file cannot be read.

    """
    with open_raw_file(path) as opened:
        wanted = [name for name in dataset.raw_variables if name in opened]
        return {name: _header(opened, name, dataset, stamps) for name in wanted}


def _header(opened: RawFile, name: str, dataset: Dataset, stamps: str | None) -> Header | BadInput:
    try:
        layout = read_layout(opened, name, dataset)
        axis = _axis(opened, layout, dataset, stamps)
    except BadInput as error:
        return error
    levels = () if layout.levels is None else (layout.levels,)
    return Header(layout.records, axis, (*levels, *layout.shape))


def _axis(
    opened: RawFile, layout: Layout, dataset: Dataset, stamps: str | None
) -> TimeAxis | BadInput | None:
    if dataset.time is not None and not time_coordinate(opened, layout.variable, layout.time):
        return None
    try:
        axis = read_time_axis(opened, layout.variable, layout.time, stamps, dataset.step)
        check_name(axis)
    except BadInput as error:
        return error
    return axis


class Archive:
    """The raw files of a dataset; each is opened once for its headers."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.headers: dict[tuple[str, str | None], Headers] = {}
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

    def header(self, path: str, source: Source, part: Part) -> Header:
        """Return what a file says of a variable; NoVariable where it has none."""
        key = (path, part.stamps)
        if key not in self.headers:
            self.headers[key] = read_headers(path, self.dataset, part.stamps)
        header = self.headers[key].get(source.variable)
        if header is None:  # a name that a formula of levels gives, or none of the file's
            with open_raw_file(path) as opened:
                header = _header(opened, source.variable, self.dataset, part.stamps)
        if isinstance(header, BadInput):
            raise header
        return header

    def axis(
        self, path: str, source: Source, part: Part, before: TimeAxis | None = None
    ) -> TimeAxis:
        """Return the times of one file; files without times go on from the one `before`."""
        header = self.header(path, source, part)
        if isinstance(header.axis, BadInput):
            raise header.axis
        if header.axis is not None:
            if header.axis.doubtful and source.variable not in self.doubted:
                self.doubted.add(source.variable)
                log.warning("%s", doubt(header.axis, source.variable))
            return header.axis
        clock = self.dataset.time
        assert clock is not None
        if "{year}" in clock.start:
            start = clock.start.replace("{year}", f"{year_in_name(path, source):04d}")
        elif before is not None:
            start = before.calendar.text(before.start[-1] + clock.step)
        else:
            start = clock.start
        return counted_axis(path, header.records, start, clock.step, clock.calendar)
