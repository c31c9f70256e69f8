"""Times as whole seconds of a CF calendar: exact, comparable, the same for every file."""

import re
from dataclasses import dataclass
from typing import Any

import cftime
import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput

EPOCH = "seconds since 0001-01-01 00:00:00"
HOUR = 3600
DAY = 24 * HOUR
#: Seconds, some 30,000 years: fill values are beyond it.
LONGEST = 1e12
UNIT_SECONDS = {"nanosecond": 1e-9, "microsecond": 1e-6, "millisecond": 1e-3, "second": 1, "sec": 1,
                "s": 1, "minute": 60, "min": 60, "hour": HOUR, "hr": HOUR, "h": HOUR, "day": DAY,
                "d": DAY}  # fmt: skip

CALENDARS = ("standard", "gregorian", "proleptic_gregorian", "noleap", "365_day", "360_day",
             "all_leap", "366_day", "julian")  # fmt: skip

#: CF's second names of calendars: files with either go together.
ALIASES = {"gregorian": "standard", "365_day": "noleap", "366_day": "all_leap"}

Seconds = NDArray[np.int64]

#: Units of absolute times, CDO's and ICON's: 19851231.9583 is 23:00 on 31 December 1985.
_ABSOLUTE = re.compile(r"\s*days? as %Y%m%d(\.%f)?\s*$")

#: In small letters or not, as UDUNITS and xarray read it.
_SINCE = re.compile(r"\s+since\s+", re.IGNORECASE)

#: From this day on the standard and the proleptic Gregorian calendar are one.
GREGORIAN_SINCE = "1582-10-15"

#: Hours from UTC.
FARTHEST_ZONE = 14

_MOMENT = re.compile(
    r"(?P<year>\d{1,4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"
    r"(?:[ T]+(?P<hour>\d{1,2})(?::(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:\.\d*)?)?)?)?"
    r"\s*(?:Z|UTC|GMT|[+]?00:?00|(?P<zone>[+-]\d{1,2})(?::?(?P<zone_minutes>\d\d))?)?\s*$"
)


@dataclass(frozen=True)
class Calendar:
    """A CF calendar, and seconds in it since 0001-01-01 00:00."""

    name: str = "standard"

    def __post_init__(self) -> None:
        """Refuse (BadInput) a calendar that CF does not know."""
        if self.name not in CALENDARS:
            raise BadInput(f"calendar {self.name!r} is none of CF's: {', '.join(CALENDARS)}")
        object.__setattr__(self, "name", ALIASES.get(self.name, self.name))

    def seconds(self, moment: str) -> int:
        """Return the seconds of ``YYYY-MM-DD[ HH[:MM[:SS]]]``; BadInput if it is no date here.

        A zone may follow the time (``06:00 +01:00``): seconds are those of UTC.
        """
        match = _MOMENT.match(moment.strip())
        if not match:
            raise BadInput(f"{moment!r} is not a date such as 2000-01-01 or 2000-01-01 03:00")
        *parts, hours, minutes = (int(part or 0) for part in match.groups())
        if abs(hours) > FARTHEST_ZONE or (match["zone"] and match["hour"] is None):
            raise BadInput(f"{moment!r} is no time of the day with a zone, such as 06:00 +01:00")
        zone = HOUR * hours + 60 * (-minutes if "-" in (match["zone"] or "") else minutes)
        try:
            date = cftime.datetime(*parts, calendar=self.name)
        except ValueError as error:
            raise BadInput(f"{moment!r} is not a date of the {self.name} calendar") from error
        return round(cftime.date2num(date, EPOCH, calendar=self.name)) - zone

    def dates(self, seconds: Seconds | list[int]) -> list[Any]:
        """Return `cftime.datetime`s."""
        return list(np.atleast_1d(cftime.num2date(seconds, EPOCH, calendar=self.name)))

    def text(self, seconds: int | np.integer) -> str:
        """Return ``YYYY-MM-DD HH:MM``, with seconds where they are not zero."""
        date = self.dates([int(seconds)])[0]
        text = f"{date.year:04d}-{date.month:02d}-{date.day:02d} {date.hour:02d}:{date.minute:02d}"
        return f"{text}:{date.second:02d}" if date.second else text

    def year(self, year: int) -> tuple[int, int]:
        """Return the first second of a year and of the next."""
        return self.seconds(f"{year:04d}-01-01"), self.seconds(f"{year + 1:04d}-01-01")

    def from_cf(self, values: NDArray, units: str) -> Seconds:
        """Convert numbers with CF `units` ("days since …") to seconds, rounded to one.

        float32 numbers, which cannot resolve seconds, are rounded to a minute.
        """
        size, origin = unit_seconds(units), origin_of(units)
        values = np.asarray(values)
        if is_absolute(units):
            return self._from_absolute(values.astype(np.float64))
        if not (np.abs(values * float(size)) < LONGEST).all():
            raise BadInput(f"times in {units!r} hold values that are no times (fill values?)")
        if values.dtype.kind in "iu" and size >= 1:
            return self.seconds(origin) + values.astype(np.int64) * int(size)
        finest = 60 if values.dtype.itemsize <= 4 else 1
        exact = np.rint(values.astype(np.float64) * size / finest) * finest
        return self.seconds(origin) + exact.astype(np.int64)

    def _from_absolute(self, values: NDArray[np.float64]) -> Seconds:
        """Convert numbers YYYYMMDD.fraction to seconds, rounded to one."""
        if not ((values >= 101) & (values < 1e8)).all():
            raise BadInput(f"times as %Y%m%d.%f hold values that are none, such as {values.max()}")
        days = np.floor(values).astype(np.int64)
        dates = [f"{day // 10000:04d}-{day // 100 % 100:02d}-{day % 100:02d}" for day in days.flat]
        starts = np.array([self.seconds(date) for date in dates], np.int64).reshape(values.shape)
        return starts + np.rint((values - days) * DAY).astype(np.int64)


def calendar_of(name: str, units: str, values: NDArray | None = None) -> Calendar:
    """Return the calendar of times in CF `units`; BadInput as `Calendar`.

    xarray writes proleptic_gregorian for standard: they differ only before 15 October 1582.

    values: the times, of which absolute units ("day as %Y%m%d.%f") have no other origin.
    """
    calendar, origin = Calendar(name.lower()), origin_of(units)
    if calendar.name != "proleptic_gregorian":
        return calendar
    if origin:
        first = calendar.seconds(origin)
    elif is_absolute(units) and values is not None and values.size:
        first = int(calendar.from_cf(np.asarray(values), units).min())
    else:
        return calendar
    return Calendar("standard") if first >= calendar.seconds(GREGORIAN_SINCE) else calendar


def origin_of(units: str) -> str:
    """Return the moment that times in CF `units` are since; empty if there is none."""
    return "".join(_SINCE.split(units, maxsplit=1)[1:])


def is_absolute(units: str) -> bool:
    """Whether times are dates written as numbers, "day as %Y%m%d.%f"."""
    return _ABSOLUTE.match(units) is not None


def unit_seconds(units: str) -> float:
    """Return the seconds of one unit of CF `units` ("days since …"); BadInput if they are none."""
    if is_absolute(units):
        return DAY
    unit = _SINCE.split(units, maxsplit=1)[0]
    size = UNIT_SECONDS.get(unit.strip().lower().removesuffix("s") or "s")
    if not origin_of(units) or size is None:
        raise BadInput(f"units {units!r} are not those of a time (days since 2000-01-01)")
    return size


def steps_between(begin: int, end: int, step: int, offset: int = 0) -> Seconds:
    """Return the moments in [begin, end) that are `offset` after a multiple of `step` seconds."""
    first = -(-(begin - offset) // step) * step + offset
    return np.arange(first, end, step, dtype=np.int64)
