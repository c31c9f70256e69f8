"""Months, seasons, and how many time steps a month should have."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.prepare.raw.calendar_time import Calendar

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
    year: int,
    calendar: str,
    step_hours: float,
    period: Sequence[str] | None = None,
    first: Any = None,
) -> NDArray[np.int64]:
    """Return how many steps each month of `year` should have, (12,).

    period: ``[start, end]`` as dates of the calendar (30 February is one of 360_day), the end not
    included; None expects the whole year. first: the date of any step; midnight, unless steps are
    at other hours (03, 09, 15, 21). Raises BadInput for what is no date of the calendar.
    """
    named = Calendar(calendar)
    starts = [f"{year + m // 12:04d}-{m % 12 + 1:02d}-01" for m in range(13)]
    edges = np.array([named.seconds(start) for start in starts])
    if period is not None:
        begin, end = (named.seconds(moment) for moment in period)
        edges = np.clip(edges, begin, max(begin, end))
    step, phase = round(3600 * step_hours), 0
    if first is not None:
        phase = 3600 * first.hour + 60 * first.minute + first.second
    return np.diff(-((phase - edges) // step))
