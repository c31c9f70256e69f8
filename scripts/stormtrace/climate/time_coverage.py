"""The record of an experiment: its dates, its length, and the words for both."""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from stormtrace.climate.frequency import Frequency

#: Shorter records give counts and dates; a rate a year would be an extrapolation.
SHORTEST_YEARS = 0.99

SEASONS = ("DJF", "MAM", "JJA", "SON")


@dataclass(frozen=True)
class TimeCoverage:
    """The time steps of an experiment.

    span: first and last year, or date for less than a year. days, years: steps times their length.
    missing: steps that the period promises and no file has. seasons: those of the four with steps.
    """

    span: str
    steps: int
    missing: int
    days: float
    years: float
    seasons: tuple[str, ...]

    @property
    def is_partial(self) -> bool:
        """Whether a rate a year would be made up: it is less than a year, or lacks a season."""
        return self.years < SHORTEST_YEARS or len(self.seasons) < len(SEASONS)

    @property
    def why_partial(self) -> str:
        """Why it has no rate a year: ``is short``, ``has no time steps in MAM, JJA, SON``."""
        if self.years < SHORTEST_YEARS:
            return "is short"
        lacking = ", ".join(season for season in SEASONS if season not in self.seasons)
        return f"has no time steps in {lacking}"

    @property
    def per(self) -> str:
        """What numbers of events refer to: ``a year``, or ``in 20 days``."""
        return f"in {_duration(self.days)}" if self.is_partial else "a year"

    @property
    def whole(self) -> str:
        """Title of maps of all steps: ``annual`` only if all seasons have steps."""
        return "annual" if len(self.seasons) == len(SEASONS) else "all time steps"

    def events(self, count: float) -> float:
        """Return a number of events as a rate a year, or as it is for a part of a year."""
        return count if self.is_partial else count / self.years

    @property
    def words(self) -> str:
        """The record in words, missing steps included: ``2000–2001, 5,840 time steps``."""
        return describe_span(self.span, self.steps, self.missing)


def coverage(frequency: Frequency) -> TimeCoverage:
    """Return the record of an open frequency file."""
    steps = int(frequency.steps.sum())
    years = frequency.length_years
    return TimeCoverage(
        span=_span(frequency, years < SHORTEST_YEARS),
        steps=steps,
        missing=max(0, int(frequency.expected_steps.sum()) - steps),
        days=steps * float(frequency.attributes.get("step_hours", 3)) / 24,
        years=years,
        seasons=tuple(s for s in SEASONS if frequency.period_steps(s) > 0),
    )


def describe_span(span: str, steps: int, missing: int = 0) -> str:
    """Return dates and number of steps in words."""
    lacking = f", {missing:,} missing" if missing > 0 else ""
    return f"{span}, {steps:,} time step{'' if steps == 1 else 's'}{lacking}"


def span_of(attributes: Mapping[str, str]) -> str:
    """Return first and last date that a file's attributes give; empty if they give none."""
    limits = [attributes.get(f"time_coverage_{end}") for end in ("start", "end")]
    return _joined([_date(str(limit)) for limit in limits]) if all(limits) else ""


def _span(frequency: Frequency, is_short: bool) -> str:
    """Return years; of less than a year dates, or months where the file gives no dates."""
    if is_short and (dates := span_of(frequency.attributes)):
        return dates
    months = np.argwhere(frequency.steps > 0)
    if months.size == 0:
        return "no time steps"
    ends = [(int(frequency.years[year]), int(month) + 1) for year, month in months[[0, -1]]]
    if is_short:
        return _joined([f"{calendar.month_name[month]} {year:04d}" for year, month in ends])
    return _joined([f"{year:04d}" for year, _ in ends])


def _date(text: str) -> str:
    """``2017-02-28T00:00:00`` → ``28 February 2017``."""
    year, month, day = text[:10].rsplit("-", 2)
    return f"{int(day)} {calendar.month_name[int(month)]} {int(year):04d}"


def _joined(ends: list[str]) -> str:
    separator = "–" if ends[0].isdigit() else " – "
    return ends[0] if ends[0] == ends[1] else separator.join(ends)


def _duration(days: float) -> str:
    """``1,800 days``, ``20 days``, ``1 day``, ``6 hours``."""
    if days < 1:
        hours = round(24 * days)
        return f"{hours} hour{'' if hours == 1 else 's'}"
    number = f"{days:.3g}" if days < 999.5 else f"{days:,.0f}"
    return f"{number} day{'' if number == '1' else 's'}"
