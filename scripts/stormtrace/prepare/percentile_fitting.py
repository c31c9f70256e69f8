"""Percentiles of fields of samples, by cell and month, in a bounded amount of memory.

How they are computed, and to what error, is said in `prepare.cell_percentiles`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stormtrace.formats.percentile_maps import MONTHS, PercentileMaps
from stormtrace.formats.samples import stamp_of
from stormtrace.grids import Grid
from stormtrace.prepare.cell_percentiles import MEMORY_BYTES, cell_percentiles
from stormtrace.prepare.years_of_samples import (
    OpenedYears,
    YearOfSamples,
    check_together,
    units_of,
)


@dataclass(frozen=True)
class MapsOfSamples:
    """The maps of the one field that some years are opened for.

    year, sample (n,): numbers of the year, and of the sample in it.
    """

    years: OpenedYears
    year: NDArray[np.int32]
    sample: NDArray[np.int32]

    def __len__(self) -> int:
        """Return how many there are."""
        return self.year.size

    def __getitem__(self, index: int) -> NDArray[np.float32]:
        """Return one map, (cells,)."""
        year = self.years[int(self.year[index])]
        return year.read([year.paths[self.sample[index]]]).values[0, 0].ravel()


def fit_percentiles(
    years: Iterable[YearOfSamples],
    dataset: str,
    field: str,
    percentile: float,
    memory: int = MEMORY_BYTES,
) -> tuple[Grid, PercentileMaps]:
    """Return the grid, and the percentile of a field in each month of some years of samples.

    dataset: the samples' name. memory: see `cell_percentiles`.

    Raises:
        BadInput: there are no samples, or they are damaged, on several grids or in several units.

    """
    opened = OpenedYears(list(years), [field])
    grid, units = opened[0].grid, units_of(opened[0], [field])
    month: list[NDArray[np.int8]] = []
    for year in opened:
        check_together(grid, units, year)
        month.append(np.array([int(stamp_of(path)[5:7]) for path in year.paths], np.int8))
    of_year = np.repeat(np.arange(len(month), dtype=np.int32), [one.size for one in month])
    sample = np.concatenate([np.arange(one.size, dtype=np.int32) for one in month])
    values = np.full((MONTHS, *grid.shape), np.nan, np.float32)
    steps = np.zeros(MONTHS, np.int32)
    for index in range(MONTHS):
        chosen = np.concatenate(month) == index + 1
        steps[index] = np.count_nonzero(chosen)
        if steps[index]:
            source = MapsOfSamples(opened, of_year[chosen], sample[chosen])
            found = cell_percentiles(source, grid.size, [percentile], memory)
            values[index] = found.values[0].reshape(grid.shape)
    return grid, PercentileMaps(field, percentile, dataset, values, steps)
