"""Maps of any period from the counts of all years of an experiment."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stormtrace.class_table import ClassTable
from stormtrace.climate.seasons import months_of, season_year
from stormtrace.errors import BadInput
from stormtrace.formats.frequencies import FrequencyFile, open_frequency_file

#: What a frequency is counted from -> the variable of `frequency.nc`.
COUNTED = {"masks": "count", "events": "event_count"}

#: Of the calendars whose year is not the Gregorian.
DAYS_A_YEAR = {"noleap": 365.0, "365_day": 365.0, "all_leap": 366.0, "366_day": 366.0}
DAYS_A_YEAR |= {"360_day": 360.0, "julian": 365.25}


@dataclass(frozen=True)
class Frequency(FrequencyFile):
    """An open `frequency.nc`: each map is read from it once, when it is first asked for.

    Classes go by name, flag or short name. monthly: what was read, all years together. counted:
    the variable that frequencies are of where none is named, every detection or tracked events.
    """

    counted: str = "count"
    monthly: dict[tuple[str, str], NDArray[np.int32]] = field(default_factory=dict)

    def total(self, variable: str, feature: str, period: str = "annual") -> NDArray[np.int64]:
        """Return the sum over all years of a period's months, (nlat, nlon)."""
        if (variable, feature) not in self.monthly:
            self.monthly[variable, feature] = self._read_monthly(variable, feature)
        months = np.array(months_of(period)) - 1
        return self.monthly[variable, feature][months].sum(axis=0, dtype=np.int64)

    def _read_monthly(self, variable: str, feature: str) -> NDArray[np.int32]:
        """Return the sum over years of each calendar month, (12, nlat, nlon)."""
        total = np.zeros((12, *self.grid.shape), np.int32)
        for year, month in self.months("annual"):
            total[month - 1] += self.read(variable, feature, year, month)
        return total

    def period_steps(self, period: str = "annual") -> int:
        """Return the steps that exist in a period, over all years."""
        return int(self.steps[:, np.array(months_of(period)) - 1].sum())

    @property
    def of(self) -> str:
        """Words for a title: nothing, or that frequencies are of tracked events alone."""
        return " of tracked events" if self.counted == COUNTED["events"] else ""

    def per_cent(
        self, feature: str, period: str = "annual", variable: str | None = None
    ) -> NDArray[np.float64]:
        """Return 100 · Σ count / Σ steps, (nlat, nlon); NaN if the period has no steps."""
        steps = self.period_steps(period)
        if steps == 0:
            return np.full(self.grid.shape, np.nan)
        return 100.0 * self.total(variable or self.counted, feature, period) / steps

    def agreement(self, feature: str, period: str = "annual") -> NDArray[np.float64]:
        """Return the share of an ensemble's members that find its class, per cent (nlat, nlon).

        The mean over the steps at which the ensemble finds the class; NaN where it never does.
        """
        votes, found = (self.total(name, feature, period) for name in ("votes", "count"))
        members = int(self.attributes["members"])
        share = np.full(self.grid.shape, np.nan)
        return np.divide(100.0 * votes, members * found, out=share, where=found > 0)

    def by_year(
        self, feature: str, period: str = "annual", variable: str | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]:
        """Return years (n,), counts (n, nlat, nlon) and steps (n,) for a period, year by year.

        The units a bootstrap draws from: a December belongs to the next year's DJF. Years in
        which the period has no step are left out.
        """
        counts: dict[int, NDArray[np.float32]] = {}
        steps: dict[int, int] = {}
        for position, month in self.months(period):
            unit = season_year(int(self.years[position]), month, period)
            values = self.read(variable or self.counted, feature, position, month)
            counts.setdefault(unit, np.zeros(self.grid.shape, np.float32))
            counts[unit] += values
            steps[unit] = steps.get(unit, 0) + int(self.steps[position, month - 1])
        years = sorted(counts)
        return (
            np.array(years),
            np.array([counts[year] for year in years]).reshape(-1, *self.grid.shape),
            np.array([steps[year] for year in years]),
        )

    def months(self, period: str) -> Iterator[tuple[int, int]]:
        """Yield (position of the year, calendar month) of every month that has steps."""
        for position in range(self.years.size):
            for month in months_of(period):
                if self.steps[position, month - 1] > 0:
                    yield position, month

    @property
    def length_years(self) -> float:
        """The length of the record in years: steps that exist over steps of a whole year."""
        hours = float(self.attributes.get("step_hours", 3))
        days = DAYS_A_YEAR.get(self.attributes.get("calendar", ""), 365.2425)
        return float(self.steps.sum()) * hours / (24 * days)


@contextlib.contextmanager
def open_frequency(
    path: Path | str, table: ClassTable | None = None, of: str = "masks"
) -> Iterator[Frequency]:
    """Open `frequency.nc` for reading.

    table: the study's `classes:`. of: what frequencies are counted from, a key of `COUNTED`.

    Raises:
        BadInput: it is not such a file, or holds no events although frequencies are to be of them.

    """
    with open_frequency_file(path, table) as file:
        if not file.has(COUNTED[of]):
            raise BadInput(
                f"{path} has no counts of events, which its maps are to show: make it again with"
                " merge_counts.py --events"
            )
        yield Frequency(**vars(file), counted=COUNTED[of])
