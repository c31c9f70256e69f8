"""What the times of one raw file mean: where each record's interval starts, and how long it is."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.prepare.raw.calendar_time import HOUR, Calendar, Seconds, calendar_of, unit_seconds
from stormtrace.prepare.raw.opened import RawFile, RawVariable
from stormtrace.prepare.raw.variable_layout import time_coordinate

#: Seconds to which times must at least be exact.
COARSEST = 60


@dataclass(frozen=True, eq=False)
class TimeAxis:
    """The times of one file.

    start: seconds at which each record's interval starts (or its instant), ascending.
    length: seconds from one record to the next; None where the file has a single record and does
        not say.
    instant: whether the values are of an instant, not means.
    doubtful: whether only bounds speak of means in a file of CAM, which has such bounds always,
        and declares means in `cell_methods`, too.
    """

    path: str
    calendar: Calendar
    start: Seconds
    length: int | None
    instant: bool
    doubtful: bool = False


def is_instantaneous(source: RawVariable) -> bool | None:
    """Return whether a variable is of instants by its `cell_methods`; None: they do not say."""
    method = re.search(r"\btime\s*:\s*(\w+)", source.text("cell_methods"))
    return method[1] in ("point", "instantaneous") if method else None


def read_time_axis(
    opened: RawFile, source: RawVariable, dimension: str | None, stamps: str | None, step: int
) -> TimeAxis:
    """Read the times of a variable of an open file along `dimension` (None: a single number).

    stamps: what the configuration says a stamp marks; None leaves it to the file (its bounds,
        else MERRA-2's `begin_time` half an interval off, else instants).
    step: seconds between records of a file with only one.

    CAM writes bounds of intervals beside instantaneous fields, too, and no `cell_methods` (before
    CESM 3): there `stamps` decides.

    Raises:
        BadInput: no times at all, not ascending, uneven, or other than `stamps` says.

    """
    path, instant = opened.path, is_instantaneous(source)
    name = time_coordinate(opened, source, dimension)
    if name is None:
        raise BadInput(
            f"{path} has no time coordinate along {dimension}: say when it starts with the"
            " dataset's key time: {start: 1980-01-01, step_hours: 3}"
        )
    times = opened[name]
    stamp_values = np.atleast_1d(times.stored(()))
    if stamp_values.size == 0:
        raise BadInput(f"{path} holds no times (0 records along {dimension}): leave it out")
    try:
        calendar = calendar_of(times.text("calendar") or "standard", times.units)
        stamp = calendar.from_cf(stamp_values, times.units)
        bounds = _bounds(opened, times, calendar, stamp.size)
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from error
    _check_resolution(times, stamp_values)
    length = _length(path, calendar, stamp)
    if instant and stamps not in (None, "instant"):
        raise BadInput(
            f"{path}: the configuration says stamps: {stamps}, but `cell_methods` of the variable"
            " that it is of instants: leave `stamps` out to follow the file"
        )
    if instant or (instant is None and stamps == "instant"):
        bounds, stamps = None, "instant"
    meaning = _meaning(path, calendar, stamps, stamp, bounds)
    cam = str(opened.attributes.get("source", "")).split(" ")[0] in ("CAM", "EAM")
    doubtful = cam and instant is None and stamps is None and meaning not in (None, "instant")
    if meaning is None:
        centred = length is not None and length <= HOUR and np.all(stamp % length == length // 2)
        meaning = "middle" if centred else "instant"
    if length is None and bounds is not None and meaning != "instant":
        length = int(bounds[0, 1] - bounds[0, 0])
    shift = {"start": 0, "instant": 0, "end": length or step, "middle": (length or step) // 2}
    start = stamp - shift[meaning]
    return TimeAxis(path, calendar, start, length, meaning == "instant", doubtful)


def counted_axis(path: str, records: int, start: str, step: int, calendar: str) -> TimeAxis:
    """Return the axis of a file without times, from its first instant and its step (seconds)."""
    named = Calendar(calendar)
    return TimeAxis(
        path, named, named.seconds(start) + step * np.arange(records, dtype=np.int64), step, True
    )


def _length(path: str, calendar: Calendar, stamp: Seconds) -> int | None:
    if stamp.size < 2:
        return None
    gaps = np.diff(stamp)
    if (gaps <= 0).any():
        index = int(np.argmax(gaps <= 0))
        kind = "twice" if gaps[index] == 0 else f"before {calendar.text(stamp[index])}"
        raise BadInput(
            f"{path}: times must ascend, but record {index + 2} is"
            f" {calendar.text(stamp[index + 1])} {kind} ({int((gaps <= 0).sum())} such records):"
            " sort the file or drop the double ones"
        )
    return int(gaps.min())


def _check_resolution(times: RawVariable, values: NDArray) -> None:
    """Refuse times whose kind of number is too coarse for them, such as float32 days since 1."""
    if values.dtype.kind != "f":
        return
    spacing = np.spacing(np.abs(values).max()) * unit_seconds(times.units)
    if spacing > COARSEST:
        raise BadInput(
            f"{times.path}: {times.name} in {times.units!r} is {values.dtype}, too coarse for"
            f" times less than {spacing:.0f} s apart: write it as float64"
        )


def _bounds(
    opened: RawFile, times: RawVariable, calendar: Calendar, count: int
) -> NDArray[np.int64] | None:
    name = times.text("bounds")
    if name not in opened:
        return None
    values = np.asarray(opened[name].stored(()))
    if values.shape != (count, 2):
        return None
    return calendar.from_cf(values, opened[name].units or times.units)


def _meaning(
    path: str,
    calendar: Calendar,
    stamps: str | None,
    stamp: Seconds,
    bounds: NDArray[np.int64] | None,
) -> str | None:
    """Return what the stamps mark, the bounds asked first, or None where nobody knows."""
    if bounds is None:
        return stamps
    marks = {
        "instant": (bounds == stamp[:, None]).all(axis=1),
        "end": bounds[:, 1] == stamp,
        "start": bounds[:, 0] == stamp,
        "middle": bounds.sum(axis=1) // 2 == stamp,
    }
    # The first record of a CAM run is its initial state, with bounds of no width: it may differ.
    skipped = 1 if stamp.size > 1 else 0
    found = next((name for name, agrees in marks.items() if agrees[skipped:].all()), None)
    if stamps is not None and found is not None and found != stamps:
        first = " to ".join(calendar.text(second) for second in bounds[-1])
        raise BadInput(
            f"{path}: the configuration says stamps: {stamps}, but the time bounds say {found}"
            f" ({calendar.text(stamp[-1])} stands for {first}): leave `stamps` out to follow them"
        )
    return found or stamps
