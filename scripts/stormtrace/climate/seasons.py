"""Months, seasons, and how many time steps a month should have."""

import datetime
from collections.abc import Sequence

import cftime
import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

#: Name of a period -> the calendar months (1…12) it is made of, in order.
PERIODS: dict[str, tuple[int, ...]] = {
    "annual": tuple(range(1, 13)),
    "DJF": (12, 1, 2),
    "MAM": (3, 4, 5),
    "JJA": (6, 7, 8),
    "SON": (9, 10, 11),
} | {name: (number,) for number, name in enumerate(MONTHS, start=1)}


def months_of(period: str) -> tuple[int, ...]:
    """Return the calendar months of a period by its name (`PERIODS`)."""
    if period not in PERIODS:
        raise BadInput(f"unknown period {period!r}: choose one of {', '.join(PERIODS)}")
    return PERIODS[period]


def season_year(year: int, month: int, period: str) -> int:
    """Return the year a month belongs to when years are resampled: December opens its DJF."""
    return year + 1 if period == "DJF" and month == 12 else year


def expected_steps(
    year: int, calendar: str, step_hours: float, period: Sequence[str] | None = None
) -> NDArray[np.int64]:
    """Return how many steps each month of `year` should have, (12,).

    period: ``[start, end]`` as ISO dates, the end not included; None expects the whole year.
    """
    edges = [_date(year + m // 12, m % 12 + 1, 1, calendar) for m in range(13)]
    hours = np.array([(edge - edges[0]).total_seconds() / 3600 for edge in edges])
    if period is not None:
        first, last = (_parse(text, calendar) for text in period)
        limits = [(limit - edges[0]).total_seconds() / 3600 for limit in (first, last)]
        hours = np.clip(hours, limits[0], max(limits))
    return np.rint(np.diff(hours) / step_hours).astype(np.int64)


def _date(year: int, month: int, day: int, calendar: str) -> cftime.datetime:
    return cftime.datetime(year, month, day, calendar=calendar)


def _parse(text: str, calendar: str) -> cftime.datetime:
    try:
        moment = datetime.datetime.fromisoformat(str(text))
        return cftime.datetime(
            moment.year, moment.month, moment.day, moment.hour, calendar=calendar
        )
    except ValueError as error:
        raise BadInput(f"a period's limit must be an ISO date, found {text!r} ({error})") from error
