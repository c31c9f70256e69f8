"""Percentiles of a field by cell, over all or wet steps or days, by season, from its samples."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

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
from stormtrace.prepare.years_of_samples import (
    Samples,
    YearOfSamples,
    check_together,
    open_year,
)


def days_of(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """Yield the samples of each day, in order."""
    for _, day in groupby(paths, key=lambda path: stamp_of(path)[:10]):
        yield list(day)


#: A year, how its field is read, and the samples of a step or a day.
Member = tuple[Samples, Amount, Sequence[Path]]


@dataclass(frozen=True)
class _Values:
    """Maps of what percentiles are taken of: a step, or the mean of a day; NaN where it is dry.

    members: the year, how its field is read, and the samples of each. whole: steps of a day.
    """

    members: Sequence[Member]
    grid: Grid
    wet: float
    whole: int

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.members)

    def __getitem__(self, index: int) -> NDArray[np.float32]:
        """Return one map, (cells,)."""
        values = _amounts(*self.members[index], self.grid)
        mean = values[0] if self.whole == 1 else daily_mean(values, self.whole)
        if self.wet > 0:
            mean[~(mean >= self.wet)] = np.nan
        return mean


def _amounts(
    year: Samples, amount: Amount, paths: Sequence[Path], grid: Grid
) -> NDArray[np.float32]:
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
    folders: Sequence[Samples],
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
    first = folders[0]
    amounts = [_amount_in(year, field) for year in folders]
    for one, year in zip(amounts, folders, strict=True):
        check_wet(one, extremes.over, year.paths[0])
        check_together(first.grid, {field: amounts[0].units}, year, {field: one.units})
    is_daily = extremes.over.endswith("days")
    whole = steps_a_day(first.step_hours) if is_daily else 1
    members: list[Member] = [
        (year, one, some)
        for year, one in zip(folders, amounts, strict=True)
        for some in (days_of(year.paths) if is_daily else ([path] for path in year.paths))
    ]
    shape = (len(extremes.percentiles), len(extremes.periods), *first.grid.shape)
    values, error = (np.full(shape, np.nan, np.float32) for _ in range(2))
    counts = np.zeros(shape[1:], np.int32)
    for place, period in enumerate(extremes.periods):
        months = months_of(period)
        chosen = [one for one in members if int(stamp_of(one[-1][0])[5:7]) in months]
        if not chosen and period != "annual":
            log.info("%s: there is no sample of this season: it has no percentiles", period)
            continue
        check_enough(len(chosen), extremes, period)
        wet = extremes.wet_mm_day if extremes.over.startswith("wet") else 0.0
        source = _Values(chosen, first.grid, wet, whole)
        found = cell_percentiles(source, first.grid.size, extremes.percentiles, memory)
        for row, percentile in enumerate(extremes.percentiles):
            # Of five values exactly one is above the 80th: 1 − .8 is a little less than .2.
            few = found.counts * (1.0 - percentile / 100.0) < 1.0 - 1e-9
            _report_few(few, percentile, period, extremes.over)
            for maps, result in ((values, found.values), (error, found.error)):
                maps[row, place] = np.where(few, np.nan, result[row]).reshape(first.grid.shape)
        counts[place] = found.counts.reshape(first.grid.shape)
    return first.grid, Thresholds(
        field=field,
        units=amounts[0].units,
        over=extremes.over,
        wet_mm_day=extremes.wet_mm_day,
        step_hours=first.step_hours,
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


def open_years(
    samples: Sequence[YearOfSamples], field: str, periods: Sequence[Sequence[str]] = ()
) -> list[Samples]:
    """Open samples, a year each; periods: the stretch of each that counts, or none."""
    stretches: Sequence[Sequence[str] | None] = periods or [None] * len(samples)
    return [
        open_year(year, [field], period) for year, period in zip(samples, stretches, strict=True)
    ]
