"""Bounds of times: believed, or refused with what is wrong with them."""

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.prepare.raw.calendar_time import DAY, HOUR, Calendar, Seconds
from stormtrace.prepare.raw.opened import RawFile, RawVariable

#: Seconds by which bounds may miss their stamp: times of 32 bits are exact to a minute.
TOLERANCE = 60


class BadBounds(BadInput):
    """Bounds that cannot be those of their times.

    width: the seconds of their intervals, which may be right all the same; None: not known.
    """

    width: int | None = None


def read_bounds(
    opened: RawFile, times: RawVariable, calendar: Calendar, stamp: Seconds
) -> Seconds | None:
    """Return the intervals of all records, (records, 2); None where the times name no bounds.

    Raises:
        BadBounds: they are not there, or do not hold their stamps.

    """
    name = times.text("bounds")
    if not name:
        return None
    if name not in opened:
        raise _refused(times, name, "which the file does not have")
    values = np.asarray(opened[name].stored(()))
    if values.size != 2 * stamp.size or values.shape[-1] != 2:
        raise _refused(times, name, f"which are {values.shape}, not {(stamp.size, 2)}")
    try:
        units = opened[name].units or times.units
        bounds = calendar.from_cf(values.reshape(stamp.size, 2), units)
    except BadInput as error:
        raise _refused(times, name, f"which cannot be read ({error})") from error
    early, late = stamp < bounds[:, 0] - TOLERANCE, stamp > bounds[:, 1] + TOLERANCE
    if (early | late).any():
        index = int(np.argmax(early | late))
        first, last = (calendar.text(second) for second in bounds[index])
        wrong = f"but {calendar.text(stamp[index])} is not in its interval, {first} to {last}"
        refusal = _refused(times, name, wrong)
        refusal.width = int(np.median(bounds[:, 1] - bounds[:, 0]))
        raise refusal
    return bounds


def _refused(times: RawVariable, name: str, wrong: str) -> BadBounds:
    return BadBounds(
        f"{times.path}: {times.name} has the bounds {name}, {wrong}: correct the file, or say what"
        " the time stamps mark with `stamps: start | end | middle | instant`"
    )


def common_width(path: str, bounds: Seconds) -> int:
    """Return the seconds of all intervals; of months, which no step is made of, the least.

    Raises:
        BadInput: intervals of a day or less have several widths.

    """
    width = bounds[:, 1] - bounds[:, 0]
    least, most = int(width.min()), int(width.max())
    if most > least and least <= DAY:
        raise BadInput(
            f"{path}: the time bounds are {least / HOUR:g} to {most / HOUR:g} h wide: samples need"
            " intervals of one width; keep records of one width in a file"
        )
    return least


def mark_of(bounds: Seconds, stamp: Seconds) -> str | None:
    """Return what all stamps mark of their interval: start, end or middle; None: neither."""
    marks: dict[str, NDArray[np.int64]] = {
        "end": bounds[:, 1],
        "start": bounds[:, 0],
        "middle": bounds.sum(axis=1) // 2,
    }
    agreeing = (name for name, at in marks.items() if (np.abs(at - stamp) <= TOLERANCE).all())
    return next(agreeing, None)
