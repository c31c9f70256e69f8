"""The dates in the names of raw files, held against the times in them."""

import re
from pathlib import Path

from stormtrace.errors import BadInput
from stormtrace.prepare.raw.calendar_time import DAY, HOUR, Calendar
from stormtrace.prepare.raw.time_axis import TimeAxis

#: The dates at a name's end, CESM's (2000010100Z-2000123121Z, 2000-01-01-00000) or MERRA-2's.
_NAMED_DATES = re.compile(
    r"(?<!\d)(?P<first>\d{4}-?\d{2}-?\d{2})(?:-\d{5}|[^-.]{0,5})"
    r"(?:-(?P<last>\d{4}-?\d{2}-?\d{2})[^-.]{0,5})?(?:\.SUB)?(?:\.nc4?)+$"
)


def check_name(axis: TimeAxis) -> None:
    """Raise BadInput where a file's times are not those its name promises.

    A name may end in a date, or two. An end stamp may lie one interval past the last day.
    """
    match = _NAMED_DATES.search(Path(axis.path).name)
    if not match:
        return
    try:
        first, last = (_named_day(match[group], axis.calendar) for group in ("first", "last"))
    except BadInput:
        return  # digits that are no date
    assert first is not None
    slack = axis.length or 3 * HOUR
    early = axis.start[0] < first - slack
    late = last is not None and axis.start[-1] > last + DAY + slack
    elsewhere = last is None and axis.start[0] > first + DAY + slack
    if early or late or elsewhere:
        text = axis.calendar.text
        raise BadInput(
            f"{axis.path}: its name says {match[0]}, but its times go from"
            f" {text(axis.start[0])} to {text(axis.start[-1])}: it is misnamed or a wrong copy"
        )


def _named_day(text: str | None, calendar: Calendar) -> int | None:
    if text is None:
        return None
    digits = text.replace("-", "")
    return calendar.seconds(f"{digits[:4]}-{digits[4:6]}-{digits[6:]}")
