"""Percentiles of fields of samples, by cell and month, in a bounded amount of memory.

How they are computed, and to what error, is said in `prepare.cell_percentiles`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.percentile_maps import MONTHS, PercentileMaps
from stormtrace.formats.samples import stamp_of
from stormtrace.grids import Grid
from stormtrace.prepare.cell_percentiles import MEMORY_BYTES, cell_percentiles
from stormtrace.prepare.years_of_samples import (
    Samples,
    YearOfSamples,
    check_together,
    open_year,
    units_of,
)

Member = tuple[Samples, Path]


@dataclass(frozen=True)
class MapsOfSamples:
    """The maps of the one field that the folders of some samples are opened for."""

    members: Sequence[Member]

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.members)

    def __getitem__(self, index: int) -> NDArray[np.float32]:
        """Return one map, (cells,)."""
        folder, sample = self.members[index]
        return folder.read([sample]).values[0, 0].ravel()


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
    months, grid = _by_month(years, field)
    values = np.full((MONTHS, *grid.shape), np.nan, np.float32)
    steps = np.array([len(members) for members in months], np.int32)
    for index in np.flatnonzero(steps):
        source = MapsOfSamples(months[index])
        found = cell_percentiles(source, grid.size, [percentile], memory)
        values[index] = found.values[0].reshape(grid.shape)
    return grid, PercentileMaps(field, percentile, dataset, values, steps)


def _by_month(years: Iterable[YearOfSamples], field: str) -> tuple[list[list[Member]], Grid]:
    """Return the samples of each month, January first, and the grid they share."""
    months: list[list[Member]] = [[] for _ in range(MONTHS)]
    first = None
    for year in years:
        folder = open_year(year, [field])
        first = first or (folder.grid, units_of(folder, [field]))
        check_together(*first, folder)
        for sample in folder.paths:
            months[int(stamp_of(sample)[5:7]) - 1].append((folder, sample))
    if first is None:
        raise BadInput("there are no samples to take percentiles of: name folders of samples")
    return months, first[0]
