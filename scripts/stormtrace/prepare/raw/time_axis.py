"""What the times of one raw file mean: where each record's interval starts, and how long it is."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.prepare.raw.calendar_time import HOUR, Calendar, Seconds
from stormtrace.prepare.raw.opened import RawFile, RawVariable
from stormtrace.prepare.raw.time_bounds import BadBounds, common_width, mark_of, read_bounds
from stormtrace.prepare.raw.time_methods import POINT, time_method
from stormtrace.prepare.raw.time_stamps import least_gap, read_stamps, times_of

#: Advice for intervals of which no bounds speak.
STAMPS = "`stamps: start | end | middle` (intervals then last from record to record)"


@dataclass(frozen=True, eq=False)
class TimeAxis:
    """The times of one file.

    start: seconds at which each record's interval starts (or its instant), ascending.
    spacing: seconds from one record to the next, the least; None where the file has one record.
    method: CF's word: point, mean, minimum, maximum, sum ….
    span: seconds of a record's interval; 0 for instants; None where only the records of other
        files can tell: then `start` is the stamps, which mark the intervals' `mark`.
    records: the number of each record in the file.
    told: whether the file or the configuration says the method; else instants are assumed.
    doubt: what is doubtful, a sentence for the user; empty as a rule.
    """

    path: str
    calendar: Calendar
    start: Seconds
    spacing: int | None = None
    method: str = POINT
    span: int | None = 0
    mark: str = "start"
    records: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    told: bool = True
    doubt: str = ""

    def __post_init__(self) -> None:
        """Number the records, where nothing says that some are left out."""
        if not self.records.size:
            object.__setattr__(self, "records", np.arange(self.start.size))

    @property
    def instant(self) -> bool:
        """Whether the values are of instants."""
        return self.method == POINT


def read_time_axis(
    opened: RawFile,
    source: RawVariable,
    dimension: str | None,
    stamps: str | None,
    interval: int | None = None,
) -> TimeAxis:
    """Read the times of a variable of an open file along `dimension` (None: a single number).

    stamps: what the configuration says a stamp marks; None leaves it to the file (its cell_methods
        and bounds, else MERRA-2's stamps half an hour off, else instants).
    interval: seconds that a record is of, where there are no bounds; None: from record to record.

    Bounds that cannot be right give way to `stamps` alone. CAM writes bounds of intervals beside
    instantaneous fields, too, and no `cell_methods` (before CESM 3): there `stamps` decides. The
    first record of its runs is the initial state, with bounds of no width: no mean, so left out.

    Raises:
        BadInput: no times at all, not ascending, other than `stamps` says, or means of which
            nobody says where they start.

    """
    times = times_of(opened, source, dimension)
    calendar, stamp = read_stamps(times, dimension)
    spacing, method = least_gap(opened.path, calendar, stamp), time_method(source, times.name)
    _check_told(opened.path, source, method, stamps)
    if method == POINT or stamps == "instant":
        return TimeAxis(opened.path, calendar, stamp, spacing)
    bounds = _believed(opened, times, calendar, stamp, method, stamps)
    if bounds is not None:
        _check_mark(opened.path, calendar, stamps, stamp, bounds)
        if (bounds[:, 0] == bounds[:, 1]).all():
            return TimeAxis(opened.path, calendar, stamp, spacing)
        doubt = _doubt(opened, source) if method is None and stamps is None else ""
        return _from_bounds(opened.path, calendar, bounds, method or "mean", doubt)
    if stamps is None and method is not None:
        raise BadInput(
            f"{opened.path}: {source.name} is a {method} over time by its `cell_methods`, but"
            f" {times.name} has no bounds: say what the time stamps mark with {STAMPS}"
        )
    if stamps is None and not _on_half_hours(stamp, spacing):
        return TimeAxis(opened.path, calendar, stamp, spacing, told=False)
    mark = stamps or "middle"
    axis = TimeAxis(opened.path, calendar, stamp, spacing, method or "mean", None, mark)
    span = interval or spacing
    return axis if span is None else settled(axis, span)


def settled(axis: TimeAxis, span: int) -> TimeAxis:
    """Return an axis whose intervals are `span` seconds long, as its neighbours tell."""
    shift = {"start": 0, "end": span, "middle": span // 2}[axis.mark]
    return TimeAxis(
        axis.path, axis.calendar, axis.start - shift, axis.spacing, axis.method, span,
        "start", axis.records, axis.told, axis.doubt,
    )  # fmt: skip


def counted_axis(
    path: str, records: int, start: str, step: int, calendar: str, method: str | None = None
) -> TimeAxis:
    """Return the axis of a file without times, from its first moment and its step (seconds)."""
    named, method = Calendar(calendar), method or POINT
    starts = named.seconds(start) + step * np.arange(records, dtype=np.int64)
    return TimeAxis(path, named, starts, step, method, 0 if method == POINT else step)


def _believed(
    opened: RawFile,
    times: RawVariable,
    calendar: Calendar,
    stamp: Seconds,
    method: str | None,
    stamps: str | None,
) -> Seconds | None:
    """Return the bounds of the times; None where there are none, or `stamps` replaces bad ones."""
    try:
        bounds = read_bounds(opened, times, calendar, stamp)
        if bounds is not None and method is not None and (bounds[:, 0] == bounds[:, 1]).all():
            raise BadBounds(
                f"{opened.path}: `cell_methods` say {method}, but the bounds of {times.name} have"
                f" no width: correct the file, or say what the time stamps mark with {STAMPS}"
            )
    except BadBounds as error:
        if stamps is None:
            raise
        _check_width(error, least_gap(opened.path, calendar, stamp))
        return None
    return bounds


def _check_width(error: BadBounds, spacing: int | None) -> None:
    """Refuse (BadInput) bad bounds that are not as wide as records are apart, `stamps` or not."""
    if error.width and spacing and error.width != spacing:
        raise BadInput(
            f"{error}. They are {error.width / HOUR:g} h wide, but the records {spacing / HOUR:g} h"
            " apart, so `stamps` alone will not do: correct the bounds, or delete them if the"
            " records' intervals follow each other"
        ) from error


def _from_bounds(
    path: str, calendar: Calendar, bounds: Seconds, method: str, doubt: str
) -> TimeAxis:
    """Return the axis of intervals, those of no width left out."""
    records = np.flatnonzero(bounds[:, 1] > bounds[:, 0])
    start = bounds[records, 0]
    return TimeAxis(
        path, calendar, start, least_gap(path, calendar, start), method,
        common_width(path, bounds[records]), records=records, doubt=doubt,
    )  # fmt: skip


def _check_told(path: str, source: RawVariable, method: str | None, stamps: str | None) -> None:
    """Refuse (BadInput) a configuration that contradicts `cell_methods`."""
    if method is None or stamps is None or (method == POINT) == (stamps == "instant"):
        return
    advice = "leave `stamps` out to follow the file" if method == POINT else f"say {STAMPS}"
    is_of = "of instants" if method == POINT else f"a {method} over time"
    raise BadInput(
        f"{path}: the configuration says stamps: {stamps}, but `cell_methods` of {source.name} say"
        f" that it is {is_of}: {advice}"
    )


def _check_mark(
    path: str, calendar: Calendar, stamps: str | None, stamp: Seconds, bounds: Seconds
) -> None:
    """Refuse (BadInput) a configuration that contradicts the bounds."""
    wide = bounds[:, 1] > bounds[:, 0]
    found = mark_of(bounds[wide], stamp[wide]) if wide.any() else "instant"
    if stamps is not None and found != stamps:
        first = " to ".join(calendar.text(second) for second in bounds[-1])
        raise BadInput(
            f"{path}: the configuration says stamps: {stamps}, but the time bounds say"
            f" {found or 'otherwise'} ({calendar.text(stamp[-1])} stands for {first}): leave"
            " `stamps` out to follow them"
        )


def _doubt(opened: RawFile, source: RawVariable) -> str:
    """Return what is doubtful about means of which only the bounds speak."""
    if str(opened.attributes.get("source", "")).split(" ")[0] not in ("CAM", "EAM"):
        return ""
    return (
        f"{opened.path}: {source.name} is taken for means, because it has time bounds; but CAM"
        " writes fields without `cell_methods`, as here, for instants: say `stamps: instant`, or"
        " `stamps: end` for means"
    )


def _on_half_hours(stamp: Seconds, spacing: int | None) -> bool:
    """Whether stamps are in the middle of hours (or less): so MERRA-2 stamps its means."""
    return spacing is not None and spacing <= HOUR and bool((stamp % spacing == spacing // 2).all())
