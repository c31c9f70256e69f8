"""All records of a raw variable, by their times: never paired by position."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.prepare.dataset import Part, Source
from stormtrace.prepare.raw.calendar_time import HOUR, Calendar, Seconds
from stormtrace.prepare.raw.time_axis import TimeAxis, settled

#: From so many records on, the least distance of those in a file is that of its history tape.
SURE = 3

#: The stretch of time that matters, first second and first no longer in it, in a calendar.
Window = Callable[[Calendar], tuple[int, int]]


def window_of(part: Part, year: int | None) -> Window:
    """Return the stretch of a part that lies in a year (None: all of it)."""

    def window(calendar: Calendar) -> tuple[int, int]:
        try:
            begin, end = calendar.seconds(part.begin), calendar.seconds(part.end)
        except BadInput as error:
            raise BadInput(
                f"`period` is [{part.begin}, {part.end}], but {error}, which the files"
                f" {', '.join(part.files)} have: give days of that calendar, the first and the"
                " first no longer in the period"
            ) from error
        if year is None:
            return begin, end
        first, last = calendar.year(year)
        return max(first, begin), min(last, end)

    return window


@dataclass(frozen=True, eq=False)
class Inventory:
    """All records of one variable in some files, by the second at which they start.

    begin: the second from which on they matter; None: all do.
    """

    source: Source
    axes: tuple[TimeAxis, ...]
    begin: int | None = None

    @cached_property
    def calendar(self) -> Calendar:
        """The one calendar of all files."""
        calendars = {axis.calendar.name: axis for axis in self.axes}
        if len(calendars) > 1:
            listed = "; ".join(f"{axis.path}: {name}" for name, axis in calendars.items())
            raise BadInput(f"the files of {self.source.variable} have several calendars ({listed})")
        return self.axes[0].calendar

    @cached_property
    def spacing(self) -> int | None:
        """Seconds from one record to the next, the least; None for a single record."""
        within = [axis.spacing for axis in self.axes if axis.spacing and axis.start.size >= SURE]
        between = np.diff(self.sorted_starts[0])
        return min(within or between[between > 0].tolist(), default=None)

    @property
    def first(self) -> int:
        """The start of the first record that matters, in seconds."""
        start = self.sorted_starts[0]
        matters = start[start >= self.begin] if self.begin is not None else start
        return int((matters if matters.size else start)[0])

    @cached_property
    def sorted_starts(self) -> tuple[Seconds, NDArray[np.int64], NDArray[np.int64]]:
        """(start, file, record) of all records, by start."""
        start = np.concatenate([axis.start for axis in self.axes])
        file = np.repeat(np.arange(len(self.axes)), [axis.start.size for axis in self.axes])
        record = np.concatenate([axis.records for axis in self.axes])
        order = np.argsort(start, kind="stable")
        return start[order], file[order], record[order]

    @property
    def paths(self) -> tuple[str, ...]:
        """The files, in the order `sorted_starts` counts them."""
        return tuple(axis.path for axis in self.axes)

    @property
    def method(self) -> str:
        """CF's word for what the values are of their time: point, mean, minimum …."""
        return self.axes[0].method

    @property
    def span(self) -> int:
        """Seconds of a record's interval; 0 for instants."""
        return self.axes[0].span or 0

    @property
    def told(self) -> bool:
        """Whether every file, or the configuration, says what the values are of their time."""
        return all(axis.told for axis in self.axes)


def make_inventory(source: Source, axes: Sequence[TimeAxis], window: Window) -> Inventory:
    """Return the records of the files that have some within a window, all of one kind.

    window: the first moment and the first no longer in it; from the calendar of the files.

    Raises:
        BadInput: the files have several calendars, or are of several intervals or methods (of two
            history tapes); or a mean stands alone, and nobody knows how long it is.

    """
    whole = Inventory(source, tuple(_settle(source, axes)))
    begin, end = window(whole.calendar)
    needed = [axis for axis in whole.axes if ((axis.start >= begin) & (axis.start < end)).any()]
    if not needed:
        return whole
    found = Inventory(source, tuple(needed), begin)
    _check_one_kind(found)
    return found


def _settle(source: Source, axes: Sequence[TimeAxis]) -> Iterator[TimeAxis]:
    """Yield axes with the length of their intervals, which files of one record tell together."""
    if all(axis.span is not None for axis in axes):
        yield from axes
        return
    known = [axis.span for axis in axes if axis.span]
    gaps = np.diff(np.unique(np.concatenate([axis.start for axis in axes if axis.span is None])))
    span = min(known or gaps.tolist(), default=None)
    for axis in axes:
        if axis.span is not None:
            yield axis
        elif span is not None:
            yield settled(axis, span)
        else:
            raise BadInput(
                f"{axis.path}: its only record of {source.variable} is a {axis.method} over time,"
                " without bounds and without neighbours: nothing says how long its interval is;"
                " bring the files beside it, give it time bounds, or say `stamps: instant` if it is"
                " no mean"
            )


def _check_one_kind(inventory: Inventory) -> None:
    """Refuse (BadInput) files of two history tapes: the one must not fill the other's gaps."""
    kinds = {_kind(axis, inventory): axis.path for axis in inventory.axes}
    if len(kinds) > 1:
        listed = "; ".join(f"{kind} in {path}" for kind, path in list(kinds.items())[:3])
        raise BadInput(
            f"{inventory.source.variable} is of several kinds: {listed}: make `files` narrower, so"
            " that it finds those of one history tape"
        )


def _kind(axis: TimeAxis, inventory: Inventory) -> str:
    """Return method, interval and, where it is sure, distance of the records of a file in words."""
    assert axis.span is not None
    of = f" of {axis.span / HOUR:g} h" if axis.span else ""
    few = axis.spacing is None or axis.start.size < SURE
    spacing = inventory.spacing if few else axis.spacing
    return f"{axis.method}{of}" + (f" every {spacing / HOUR:g} h" if spacing else "")
