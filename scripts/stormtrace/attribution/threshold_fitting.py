"""Percentiles of a field by cell, over all or wet steps or days, by season, from its samples."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stormtrace.attribution.amounts import (
    Amount,
    amount_of,
    check_wet,
    checked_amount,
    daily_mean,
    read_amounts,
)
from stormtrace.attribution.extremes import Extremes, check_enough, steps_a_day
from stormtrace.climate.seasons import months_of
from stormtrace.commandline import log
from stormtrace.formats.extreme_thresholds import Thresholds
from stormtrace.formats.samples import SampleFolder, stamp_of
from stormtrace.grids import Grid
from stormtrace.numerals import ordinal
from stormtrace.prepare.cell_percentiles import MEMORY_BYTES, cell_percentiles
from stormtrace.prepare.years_of_samples import OpenedYears, Samples, check_together


class _Steps(NamedTuple):
    """Steps or days of all years, in order, (n,) each: some samples of a year, in some month.

    year: its number; first, last: which of its samples, the last one not included; month: 1 … 12.
    """

    year: NDArray[np.int32]
    first: NDArray[np.int32]
    last: NDArray[np.int32]
    month: NDArray[np.int32]

    @classmethod
    def of(cls, number: int, paths: Sequence[Path], is_daily: bool) -> "_Steps":
        """Return those of a year."""
        stamps = np.array([stamp_of(path)[: 10 if is_daily else None] for path in paths])
        first = np.flatnonzero(np.append(True, stamps[1:] != stamps[:-1])).astype(np.int32)
        last = np.append(first[1:], len(paths)).astype(np.int32)
        month = np.array([int(one[5:7]) for one in stamps[first].tolist()], np.int32)
        return cls(np.full_like(first, number), first, last, month)

    @classmethod
    def joined(cls, parts: Sequence["_Steps"]) -> "_Steps":
        """Return those of several years."""
        return cls(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def where(self, chosen: NDArray[np.bool_]) -> "_Steps":
        """Return some of them."""
        return _Steps(*(column[chosen] for column in self))


@dataclass(frozen=True)
class _Values:
    """Maps of what percentiles are taken of: a step, or the mean of a day; NaN where it is dry.

    years, amounts: of each year its samples and how its field is read. whole: steps of a day.
    """

    years: OpenedYears
    amounts: Sequence[Amount]
    steps: _Steps
    grid: Grid
    wet: float
    whole: int

    def __len__(self) -> int:
        """Return how many there are."""
        return self.steps.year.size

    def __getitem__(self, index: int) -> NDArray[np.float32]:
        """Return one map, (cells,)."""
        number = int(self.steps.year[index])
        year = self.years[number]
        paths = year.paths[self.steps.first[index] : self.steps.last[index]]
        values = _read(year, self.amounts[number], paths, self.grid)
        mean = values[0] if self.whole == 1 else daily_mean(values, self.whole)
        if self.wet > 0:
            mean[~(mean >= self.wet)] = np.nan
        return mean


def _read(year: Samples, amount: Amount, paths: Sequence[Path], grid: Grid) -> NDArray[np.float32]:
    """As `read_amounts`, of samples that are written or not."""
    if isinstance(year, SampleFolder):
        return read_amounts(paths, amount, grid)
    values = year.read(paths).values.reshape(len(paths), grid.size)
    if amount.factor != 1.0:
        values *= np.float32(amount.factor)
    return values


def _amount_in(year: Samples, field: str) -> Amount:
    first = year.paths[0]
    if isinstance(year, SampleFolder):
        return amount_of(first, field, year.step_hours)
    attributes, span = year.attributes(field), year.span_hours or None
    return checked_amount(first, field, attributes, span, year.step_hours)


def fit_thresholds(
    years: OpenedYears,
    field: str,
    extremes: Extremes,
    memory: int = MEMORY_BYTES,
) -> tuple[Grid, Thresholds]:
    """Return the grid, and the percentiles of a field of the samples of some years.

    memory: see `cell_percentiles`. A cell's percentile is missing where less than one of its values
    would be above it: nothing is extreme there.

    Raises:
        BadInput: there are too few steps or days, grids differ, or units or intervals do not do.

    """
    first = years[0]
    grid, step_hours, units = first.grid, first.step_hours, _amount_in(first, field).units
    is_daily = extremes.over.endswith("days")
    whole = steps_a_day(step_hours) if is_daily else 1
    amounts: list[Amount] = []
    parts: list[_Steps] = []
    for number, year in enumerate(years):
        one = _amount_in(year, field)
        check_wet(one, extremes.over, year.paths[0])
        check_together(grid, {field: units}, year, {field: one.units})
        amounts.append(one)
        parts.append(_Steps.of(number, year.paths, is_daily))
    steps = _Steps.joined(parts)
    shape = (len(extremes.percentiles), len(extremes.periods), *grid.shape)
    values, error = (np.full(shape, np.nan, np.float32) for _ in range(2))
    counts = np.zeros(shape[1:], np.int32)
    for place, period in enumerate(extremes.periods):
        chosen = steps.where(np.isin(steps.month, months_of(period)))
        if not chosen.year.size and period != "annual":
            log.info("%s: there is no sample of this season: it has no percentiles", period)
            continue
        check_enough(chosen.year.size, extremes, period)
        wet = extremes.wet_mm_day if extremes.over.startswith("wet") else 0.0
        source = _Values(years, amounts, chosen, grid, wet, whole)
        found = cell_percentiles(source, grid.size, extremes.percentiles, memory)
        for row, percentile in enumerate(extremes.percentiles):
            # Of five values exactly one is above the 80th: 1 − .8 is a little less than .2.
            few = found.counts * (1.0 - percentile / 100.0) < 1.0 - 1e-9
            _report_few(few, percentile, period, extremes.over)
            for maps, result in ((values, found.values), (error, found.error)):
                maps[row, place] = np.where(few, np.nan, result[row]).reshape(grid.shape)
        counts[place] = found.counts.reshape(grid.shape)
    return grid, Thresholds(
        field=field,
        units=units,
        over=extremes.over,
        wet_mm_day=extremes.wet_mm_day,
        step_hours=step_hours,
        percentiles=extremes.percentiles,
        periods=extremes.periods,
        values=values,
        error=error,
        counts=counts,
    )


def _report_few(few: NDArray[np.bool_], percentile: float, period: str, over: str) -> None:
    if few.any():
        log.info(
            "%s: %.3g %% of the cells have too few %s for the %s percentile: nothing is extreme "
            "there", period, 100.0 * few.mean(), over, ordinal(percentile),
        )  # fmt: skip
