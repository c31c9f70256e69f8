"""The dates in the names of raw files, held against the times in them: a hint, not a court.

The times inside a file are what is believed. A name accuses a file only where it certainly has the
form of a stretch (2000010100Z-2000123121Z, 1979010100_1979013123), of CESM's first record
(2000-01-01-00000) or of NASA's day; any other date may be the day on which the file was written.
"""

import re
from pathlib import Path

from stormtrace.errors import BadInput
from stormtrace.prepare.raw.calendar_time import DAY, HOUR, Calendar
from stormtrace.prepare.raw.time_axis import TimeAxis

_DAY = r"\d{4}-?\d{2}-?\d{2}"

#: The last parts of a name, behind its dates.
_END = r"(?:\.SUB)?(?:\.nc4?)*$"

#: First and last date: CESM's, CMIP's and RDA's.
_STRETCH = re.compile(
    rf"(?<!\d)(?P<first>{_DAY})(?:\d{{2}}|\d{{4}}|\d{{6}})?Z?[-_]"
    rf"(?P<last>{_DAY})(?:\d{{2}}|\d{{4}}|\d{{6}})?Z?{_END}"
)

#: The date of the first record, as CESM writes it, with its second of the day.
_START = re.compile(rf"(?<!\d)(?P<first>\d{{4}}-\d{{2}}-\d{{2}})-\d{{5}}{_END}")

#: NASA's day.
_NASA = re.compile(rf"^MERRA2_\d+\..*\.(?P<first>\d{{8}}){_END}")


def check_name(axis: TimeAxis) -> None:
    """Refuse (BadInput) a file whose times are not those that its name certainly promises.

    An end stamp may lie one interval past the last day.
    """
    for pattern in (_STRETCH, _START, _NASA):
        if match := pattern.search(Path(axis.path).name):
            _check_dates(axis, match)


def _check_dates(axis: TimeAxis, match: re.Match[str]) -> None:
    try:
        first = _named_day(match["first"], axis.calendar)
        last = _named_day(match.groupdict().get("last"), axis.calendar)
    except BadInput:
        return  # digits that are no date
    assert first is not None
    slack = max(axis.spacing or 0, axis.span or 0, 3 * HOUR)
    early = axis.start[0] < first - slack
    late = last is not None and axis.start[-1] > last + DAY + slack
    elsewhere = last is None and axis.start[0] > first + DAY + slack
    if early or late or elsewhere:
        text = axis.calendar.text
        raise BadInput(
            f"{axis.path}: its name says {match[0]}, but its times go from {text(axis.start[0])} to"
            f" {text(axis.start[-1])}: is it misnamed or a wrong copy? If the name means something"
            " else, say `dates_in_names: ignore`"
        )


def _named_day(text: str | None, calendar: Calendar) -> int | None:
    if text is None:
        return None
    digits = text.replace("-", "")
    return calendar.seconds(f"{digits[:4]}-{digits[4:6]}-{digits[6:]}")
