"""How long the record of an experiment is, and the words for it."""

from dataclasses import dataclass

import numpy as np

from stormtrace.climate.frequency import Frequency
from stormtrace.report.formatting import duration

#: Shorter records give counts, not rates a year: an extrapolation to a year would be a guess.
SHORTEST_YEARS = 0.99

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


@dataclass(frozen=True)
class Record:
    """The time steps of an experiment.

    span: first and last date, month or year. days, years: steps × step length. missing: steps that
    the period promises and no file has.
    """

    span: str
    steps: int
    missing: int
    days: float
    years: float

    @property
    def is_single(self) -> bool:
        """Whether it is one map, which has no frequency and no events."""
        return self.steps == 1

    @property
    def is_short(self) -> bool:
        """Whether it is less than a year."""
        return self.years < SHORTEST_YEARS

    @property
    def per(self) -> str:
        """What numbers of events refer to: ``a year``, or ``in 20 days``."""
        return f"in {duration(self.days)}" if self.is_short else "a year"

    def events(self, count: int) -> float:
        """Return a number of events as the page gives it: a count, or a rate a year."""
        return count if self.is_short else count / self.years

    @property
    def words(self) -> str:
        """The record in words, missing steps included."""
        steps = f"{self.steps:,} time step{'' if self.steps == 1 else 's'}"
        length = f" in {duration(self.days)}" if self.is_short and not self.is_single else ""
        lacking = f", {self.missing:,} missing" if self.missing > 0 else ""
        return f"{self.span}: {steps}{length}{lacking}"


def record_of(frequency: Frequency) -> Record:
    """Return the record of an open frequency file."""
    steps = int(frequency.steps.sum())
    days = steps * float(frequency.attributes.get("step_hours", 3)) / 24
    years = frequency.length_years
    return Record(
        span=_span(frequency, years < SHORTEST_YEARS),
        steps=steps,
        missing=max(0, int(frequency.expected_steps.sum()) - steps),
        days=days,
        years=years,
    )


def _span(frequency: Frequency, is_short: bool) -> str:
    """Return years; of less than a year dates, or months where the file has no dates."""
    limits = [frequency.attributes.get(f"time_coverage_{end}") for end in ("start", "end")]
    if is_short and all(limits):
        return _joined([_date(str(limit)) for limit in limits])
    months = np.argwhere(frequency.steps > 0)
    if months.size == 0:
        return "no time steps"
    ends = [(int(frequency.years[year]), int(month)) for year, month in (months[0], months[-1])]
    if is_short:
        return _joined([f"{MONTHS[month]} {year:04d}" for year, month in ends])
    return _joined([f"{year:04d}" for year, _ in ends])


def _date(text: str) -> str:
    """``2017-02-28T00:00:00`` → ``28 February 2017``."""
    year, month, day = text[:10].rsplit("-", 2)
    return f"{int(day)} {MONTHS[int(month) - 1]} {int(year):04d}"


def _joined(ends: list[str]) -> str:
    separator = "–" if ends[0].isdigit() else " – "
    return ends[0] if ends[0] == ends[1] else separator.join(ends)
