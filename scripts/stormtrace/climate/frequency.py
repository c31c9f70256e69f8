"""Maps of any period from the counts of all years of an experiment."""

import contextlib
import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stormtrace.class_table import ClassTable
from stormtrace.classes import FeatureClass
from stormtrace.climate.seasons import months_of, season_year
from stormtrace.errors import BadInput
from stormtrace.formats.frequencies import FrequencyFile, open_frequency_file
from stormtrace.grids.remapping import area_mean

#: What a frequency is counted from -> the variable of `frequency.nc`.
COUNTED = {"masks": "count", "events": "event_count"}

#: What a frequency is counted from -> the variable that crossing rates are counted from.
ENTERED = {"count": "entries", "event_count": "event_entries"}

HOURS_A_WEEK = 168.0

#: Of the calendars whose year is not the Gregorian.
DAYS_A_YEAR = {"noleap": 365.0, "365_day": 365.0, "all_leap": 366.0, "366_day": 366.0}
DAYS_A_YEAR |= {"360_day": 360.0, "julian": 365.25}


@dataclass(frozen=True)
class Frequency(FrequencyFile):
    """An open `frequency.nc`: each map is read from it once, when it is first asked for.

    Classes go by name, flag or short name. monthly: what was read, all years together. yearly:
    its area mean, year by year. counted: the variable that frequencies are of where none is named,
    every detection or tracked events.
    """

    counted: str = "count"
    monthly: dict[tuple[str, str], NDArray[np.int32]] = field(default_factory=dict)
    yearly: dict[tuple[str, str], NDArray[np.float64]] = field(default_factory=dict)

    def total(self, variable: str, feature: str, period: str = "annual") -> NDArray[np.int64]:
        """Return the sum over all years of a period's months, (nlat, nlon)."""
        self._read_once(variable, feature)
        months = np.array(months_of(period)) - 1
        return self.monthly[variable, feature][months].sum(axis=0, dtype=np.int64)

    def _read_once(self, variable: str, feature: str) -> None:
        """Keep the sum over years of each calendar month, and the area mean of each year."""
        if (variable, feature) in self.monthly:
            return
        total = np.zeros((12, *self.grid.shape), np.int32)
        means = np.zeros(self.years.size)
        for year, months in itertools.groupby(self.months("annual"), key=lambda one: one[0]):
            whole = np.zeros(self.grid.shape, np.int32)
            for _, month in months:
                values = self.read(variable, feature, year, month)
                total[month - 1] += values
                whole += values
            means[year] = area_mean(whole.astype(np.float64), self.grid)
        self.monthly[variable, feature], self.yearly[variable, feature] = total, means

    def period_steps(self, period: str = "annual") -> int:
        """Return the steps that exist in a period, over all years."""
        return int(self.steps[:, np.array(months_of(period)) - 1].sum())

    @property
    def of(self) -> str:
        """Words for a title: nothing, or that frequencies are of tracked events alone."""
        return " of tracked events" if self.counted == COUNTED["events"] else ""

    @property
    def crossed(self) -> tuple[FeatureClass, ...]:
        """The classes that have a crossing rate: lines whose entries were counted."""
        entries = self.has(ENTERED[self.counted])
        return tuple(one for one in self.classes.features if entries and one.kind == "line")

    def weeks(self, period: str = "annual") -> float:
        """Return the time over which entries are known, in weeks of a period, over all years."""
        steps = int(self.entry_steps[:, np.array(months_of(period)) - 1].sum())
        return steps * self.step_hours / HOURS_A_WEEK

    def crossing_rate(self, feature: str, period: str = "annual") -> NDArray[np.float64]:
        """Return entries of a class of lines into each cell, crossings a week (nlat, nlon).

        NaN if the period has no step that follows another at once.
        """
        weeks = self.weeks(period)
        if weeks == 0:
            return np.full(self.grid.shape, np.nan)
        return self.total(ENTERED[self.counted], feature, period) / weeks

    def per_cent(
        self, feature: str, period: str = "annual", variable: str | None = None
    ) -> NDArray[np.float64]:
        """Return 100 · Σ count / Σ steps, (nlat, nlon); NaN if the period has no steps."""
        steps = self.period_steps(period)
        if steps == 0:
            return np.full(self.grid.shape, np.nan)
        return 100.0 * self.total(variable or self.counted, feature, period) / steps

    def mean_by_year(self, feature: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the years that have steps, (n,), and the area-mean frequency of each, per cent."""
        self._read_once(self.counted, feature)
        steps = self.steps.sum(axis=1)
        there = steps > 0
        means = 100.0 * self.yearly[self.counted, feature][there] / steps[there]
        return self.years[there], means

    def agreement(self, feature: str, period: str = "annual") -> NDArray[np.float64]:
        """Return the share of an ensemble's members that find its class, per cent (nlat, nlon).

        The mean over the steps at which the ensemble finds the class; NaN where it never does, and
        for a union, for which nobody votes.
        """
        if self.classes[feature].union_of:
            return np.full(self.grid.shape, np.nan)
        votes, found = (self.total(name, feature, period) for name in ("votes", "count"))
        members = int(self.attributes["members"])
        share = np.full(self.grid.shape, np.nan)
        return np.divide(100.0 * votes, members * found, out=share, where=found > 0)

    def by_year(
        self, feature: str, period: str = "annual", variable: str | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], Iterator[NDArray[np.float32]]]:
        """Return years (n,), steps (n,) and n maps of counts (nlat, nlon), read one by one.

        Of entries the steps are those at which entries are known.
        The units a bootstrap draws from: a December belongs to the next year's DJF. Years in
        which the period has no such step are left out.
        """
        variable = variable or self.counted
        present = self._present(variable)
        months: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for year, month in self.months(period):
            if present[year, month - 1] > 0:
                months[season_year(int(self.years[year]), month, period)].append((year, month))
        years = sorted(months)
        steps = [sum(present[year, month - 1] for year, month in months[one]) for one in years]
        maps = (self._sum(variable, feature, months[year]) for year in years)
        return np.array(years, np.int64), np.array(steps, np.int64), maps

    def number_of_years(self, variable: str) -> int:
        """Return the calendar years that have steps; of entries, steps at which they are known.

        A record of four years has five winters, of which the first and the last are parts of one.
        """
        return int(self._present(variable).any(axis=1).sum())

    def _present(self, variable: str) -> NDArray[np.int64]:
        return self.entry_steps if variable in ENTERED.values() else self.steps

    def _sum(
        self, variable: str, feature: str, months: Sequence[tuple[int, int]]
    ) -> NDArray[np.float32]:
        """Return the sum over some months, each the position of its year and its number."""
        total = np.zeros(self.grid.shape, np.float32)
        for year, month in months:
            total += self.read(variable, feature, year, month)
        return total

    def months(self, period: str) -> Iterator[tuple[int, int]]:
        """Yield (position of the year, calendar month) of every month that has steps."""
        for position in range(self.years.size):
            for month in months_of(period):
                if self.steps[position, month - 1] > 0:
                    yield position, month

    @property
    def step_hours(self) -> float:
        """Hours from one step to the next."""
        return float(self.attributes.get("step_hours", 3))

    @property
    def length_years(self) -> float:
        """The length of the record in years: steps that exist over steps of a whole year."""
        days = DAYS_A_YEAR.get(self.attributes.get("calendar", ""), 365.2425)
        return float(self.steps.sum()) * self.step_hours / (24 * days)


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
                " compute_frequency.py --events"
            )
        yield Frequency(**vars(file), counted=COUNTED[of])
