"""Raw files of a dataset, each opened once for its header and understood by its times."""

from collections.abc import Mapping
from dataclasses import dataclass

from stormtrace.commandline import log
from stormtrace.errors import BadInput
from stormtrace.formats.netcdf import NoVariable
from stormtrace.prepare.dataset import Dataset, Part, Source
from stormtrace.prepare.raw.found_files import candidates, find_files, not_replaced, year_in_name
from stormtrace.prepare.raw.inventory import Inventory, make_inventory, window_of
from stormtrace.prepare.raw.named_dates import check_name
from stormtrace.prepare.raw.opened import RawFile
from stormtrace.prepare.raw.raw_formats import open_raw_file
from stormtrace.prepare.raw.time_axis import TimeAxis, counted_axis, read_time_axis
from stormtrace.prepare.raw.time_methods import time_method
from stormtrace.prepare.raw.variable_layout import Layout, read_layout, time_coordinate


@dataclass(frozen=True, eq=False)
class Header:
    """What the header of a raw file says of one variable.

    axis: its times, or what is wrong with them; None where the file has none. records: how many
    there are. method: in time, by its attributes. shape: (levels, points…).
    """

    records: int
    axis: TimeAxis | BadInput | None
    method: str | None
    shape: tuple[int, ...]


#: The headers of all variables of a dataset that a file has, or what is wrong with them.
Headers = Mapping[str, Header | BadInput]


#: What is said of the times of a file's records: `stamps` and `interval` of a `Source`.
Times = tuple[str | None, int | None]


def times_said(source: Source) -> Times:
    """Return what is said of the times of a variable's records: headers are read by it."""
    return source.stamps, source.interval


def read_headers(path: str, dataset: Dataset, said: Times) -> Headers:
    """Read the headers of all variables of a dataset that a raw file has, as if `said` of all.

    Raises:
        BadInput: the file cannot be read.

    """
    with open_raw_file(path) as opened:
        wanted = [name for name in dataset.raw_variables if name in opened]
        return {name: _header(opened, name, dataset, said) for name in wanted}


def _header(opened: RawFile, name: str, dataset: Dataset, said: Times) -> Header | BadInput:
    try:
        layout = read_layout(opened, name, dataset)
        axis = _axis(opened, layout, dataset, said)
    except BadInput as error:
        return error
    levels = () if layout.levels is None else (layout.levels,)
    method = time_method(layout.variable, layout.time or "time")
    return Header(layout.records, axis, method, (*levels, *layout.shape))


def _axis(
    opened: RawFile, layout: Layout, dataset: Dataset, said: Times
) -> TimeAxis | BadInput | None:
    if dataset.time is not None and not time_coordinate(opened, layout.variable, layout.time):
        return None
    try:
        axis = read_time_axis(opened, layout.variable, layout.time, *said)
        if dataset.dates_in_names == "check":
            check_name(axis)
    except BadInput as error:
        return error
    return axis


def _wanted(source: Source) -> str:
    return " or ".join(source.files).replace("{variable}", source.variable)


def _advice(source: Source, year: int | None) -> str:
    """Return what to do about files that are not there: some hold several years."""
    others = [] if year is None else find_files(source, None)
    if not others:
        return not_replaced(source) or "correct `files`, or bring the file"
    return (
        f"there are {len(others)} of other years, such as {others[0]}: bring the file, or, if a"
        " file holds several years, write * for {year}"
    )


class Archive:
    """The raw files of a dataset; each is opened once for its headers."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.headers: dict[tuple[str, Times], Headers] = {}
        self.doubted: set[str] = set()

    def paths(self, source: Source, year: int | None) -> list[str]:
        """Return the files that may hold a variable in `year` (None: in any year)."""
        paths = candidates(self.dataset, source, year)
        if not paths:
            raise BadInput(
                f"dataset {self.dataset.name}: no file{'' if year is None else f' near {year}'} for"
                f" {source.variable}: nothing matches {_wanted(source)}; {_advice(source, year)}"
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
                axes.append(self.axis(path, source, axes[-1] if axes else None))
            except NoVariable as error:
                if source.named:
                    raise
                absent = absent or error
        if absent and not axes:
            raise absent
        return make_inventory(source, axes, window_of(part, year))

    def header(self, path: str, source: Source) -> Header:
        """Return what a file says of a variable; NoVariable where it has none."""
        key = (path, times_said(source))
        if key not in self.headers:
            self.headers[key] = read_headers(path, self.dataset, key[1])
        header = self.headers[key].get(source.variable)
        if header is None:  # a name that a formula of levels gives, or none of the file's
            with open_raw_file(path) as opened:
                header = _header(opened, source.variable, self.dataset, key[1])
        if isinstance(header, BadInput):
            raise header
        return header

    def axis(self, path: str, source: Source, before: TimeAxis | None = None) -> TimeAxis:
        """Return the times of one file; files without times go on from the one `before`."""
        header = self.header(path, source)
        if isinstance(header.axis, BadInput):
            raise header.axis
        if header.axis is not None:
            if header.axis.doubt and source.variable not in self.doubted:
                self.doubted.add(source.variable)
                log.warning("%s", header.axis.doubt)
            return header.axis
        clock = self.dataset.time
        assert clock is not None
        if "{year}" in clock.start:
            start = clock.start.replace("{year}", f"{year_in_name(path, source):04d}")
        elif before is not None:
            start = before.calendar.text(before.start[-1] + clock.step)
        else:
            start = clock.start
        return counted_axis(path, header.records, start, clock.step, clock.calendar, header.method)
