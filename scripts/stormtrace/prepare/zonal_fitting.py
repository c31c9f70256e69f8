"""Mean, standard deviation and quantiles of a field by month and latitude band, from samples.

One sample at a time is in memory of each process that reads years. Each cell counts for its area,
in the band that its centre lies in. Moments take one pass (`prepare.moments`). Quantiles take two:
the first finds the least and the greatest value of each month and band, the second counts area in
`BINS` bins of equal width between them, so a quantile is wrong by at most the width of a bin.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.latitude_bands import BAND_EDGES, Match, band_of
from stormtrace.formats.percentile_maps import MONTHS
from stormtrace.formats.zonal_climatologies import PROBABILITIES
from stormtrace.grids import Grid
from stormtrace.prepare.moments import Moments
from stormtrace.prepare.years_of_samples import YearOfSamples, check_together, open_year, units_of

Floats = NDArray[np.float64]

BANDS = BAND_EDGES.size - 1

#: Bins of a month and band, for quantiles.
BINS = 4096


@dataclass(frozen=True, eq=False)
class Bands:
    """The cells of a grid in order of their bands.

    order: (cells,) or None where rows are in order already; there: (n,) the bands that have cells;
    starts: (n,) where each begins; area: (cells,) in that order, km².
    """

    order: NDArray[np.int64] | None
    there: NDArray[np.int64]
    starts: NDArray[np.int64]
    area: Floats

    @classmethod
    def of(cls, grid: Grid) -> "Bands":
        """Return the bands of a grid."""
        band = band_of(grid.points[0].ravel())
        order = None if (np.diff(band) >= 0).all() else np.argsort(band, kind="stable")
        area = grid.area.ravel()
        if order is not None:
            band, area = band[order], area[order]
        there, starts = np.unique(band, return_index=True)
        return cls(order, there, starts, np.ascontiguousarray(area, np.float64))

    def sort(self, values: NDArray[np.float32]) -> Floats:
        """Return a map, `grid.shape`, as (cells,) in order of bands."""
        flat = values.ravel()
        return (flat if self.order is None else flat[self.order]).astype(np.float64)

    def spread(self, values: Floats) -> Floats:
        """Return a value a band (n,) as one a cell."""
        return np.repeat(values, np.diff(np.r_[self.starts, self.area.size]))

    def moments(self, values: Floats) -> Moments:
        """Return the moments of sorted cells by band, (n,), weighted by area."""
        weight = np.add.reduceat(self.area, self.starts)
        # From the first cell of each band, so that large means cost no digits of the spread.
        origin = values[self.starts]
        away = values - self.spread(origin)
        mean = np.add.reduceat(self.area * away, self.starts) / weight
        away -= self.spread(mean)
        return Moments(weight, origin + mean, np.add.reduceat(self.area * away**2, self.starts))


@dataclass(frozen=True)
class _Source:
    """A field of samples, and the units, the grid and its bands that all years have."""

    field: str
    units: str
    grid: Grid
    bands: Bands

    def samples(self, year: YearOfSamples) -> Iterator[tuple[int, Floats]]:
        """Yield the month, from 0, and the map of each sample, (cells,) in order of bands."""
        folder = open_year(year, [self.field])
        check_together(self.grid, {self.field: self.units}, folder)
        for sample in folder.paths:
            batch = folder.read([sample])
            yield folder.date(batch.times[0]).month - 1, self.bands.sort(batch.values[0, 0])

    def moments(self, year: YearOfSamples) -> tuple[dict[int, Moments], NDArray[np.int64]]:
        """Return month -> moments (bands,) of a year, and samples of each month (12,)."""
        months, steps = dict[int, Moments](), np.zeros(MONTHS, np.int64)
        for month, cells in self.samples(year):
            own = self.bands.moments(cells)
            months[month] = months[month] + own if month in months else own
            steps[month] += 1
        return months, steps

    def ends(self, year: YearOfSamples) -> tuple[Floats, Floats, NDArray[np.int64]]:
        """Return the least and the greatest value of a year, (12, bands), and samples (12,)."""
        starts, steps = self.bands.starts, np.zeros(MONTHS, np.int64)
        least = np.full((MONTHS, starts.size), np.inf)
        most = -least
        for month, cells in self.samples(year):
            np.minimum(least[month], np.minimum.reduceat(cells, starts), out=least[month])
            np.maximum(most[month], np.maximum.reduceat(cells, starts), out=most[month])
            steps[month] += 1
        return least, most, steps

    def areas(self, year: YearOfSamples, least: Floats, width: Floats) -> Floats:
        """Return the area of a year in each bin, (12, bands, BINS), km²."""
        starts, area = self.bands.starts, self.bands.area
        found = np.zeros((MONTHS, starts.size, BINS))
        pieces = [slice(*ends) for ends in itertools.pairwise([*starts.tolist(), area.size])]
        for month, cells in self.samples(year):
            for band, piece in enumerate(pieces):
                away = (cells[piece] - least[month, band]) / width[month, band]
                bins = np.minimum(away.astype(np.int64), BINS - 1)
                found[month, band] += np.bincount(bins, area[piece], BINS)
        return found


Watch = Callable[[Iterable[Any]], Iterable[Any]]
#: A function of a year -> its results, year by year in order.
Run = Callable[[Callable[[YearOfSamples], Any]], Iterable[Any]]


def fit_zonal(
    years: Sequence[YearOfSamples],
    field: str,
    match: Match,
    watch: Watch = iter,
    processes: int = 1,
) -> tuple[dict[str, Floats], NDArray[np.int64]]:
    """Return name -> values (12, bands, …), and samples a month (12,), of some years of samples.

    watch: reports the progress of a pass over the years. processes: that read years at the same
    time; their number changes nothing in the results.

    Raises:
        BadInput: samples are missing, damaged, on several grids or in several units.

    """
    if not years:
        raise BadInput("there are no samples to make a climatology of: name folders of them")
    first = open_year(years[0], [field])
    units = units_of(first, [field])[field]
    source = _Source(field, units, first.grid, Bands.of(first.grid))
    fit = _moments if match == "moments" else _quantiles
    if processes == 1 or len(years) == 1:
        return fit(source, lambda of_year: watch(map(of_year, years)))
    with ProcessPoolExecutor(processes) as pool:
        return fit(source, lambda of_year: watch(pool.map(of_year, years)))


def _moments(source: _Source, run: Run) -> tuple[dict[str, Floats], NDArray[np.int64]]:
    steps, months = np.zeros(MONTHS, np.int64), dict[int, Moments]()
    for of_year, counted in run(source.moments):
        steps += counted
        for month, own in of_year.items():
            months[month] = months[month] + own if month in months else own
    found = {name: np.full((MONTHS, BANDS), np.nan) for name in ("mean", "std")}
    for month, moments in months.items():
        found["mean"][month, source.bands.there] = moments.mean
        found["std"][month, source.bands.there] = moments.std
    return found, steps


def _quantiles(source: _Source, run: Run) -> tuple[dict[str, Floats], NDArray[np.int64]]:
    there, steps = source.bands.there, np.zeros(MONTHS, np.int64)
    least = np.full((MONTHS, there.size), np.inf)
    most = -least
    for low, high, counted in run(source.ends):
        least, most = np.minimum(least, low), np.maximum(most, high)
        steps += counted
    width = np.where(most > least, most - least, 1.0) / BINS
    area = np.zeros((MONTHS, there.size, BINS))
    for of_year in run(partial(source.areas, least=least, width=width)):
        area += of_year
    found = np.full((MONTHS, BANDS, PROBABILITIES.size), np.nan)
    for month in np.flatnonzero(steps):
        for place, number in enumerate(there):
            ends = least[month, place], most[month, place]
            found[month, number] = quantiles_of(area[month, place], *ends)
    return {"quantile": found}, steps


def quantiles_of(area: Floats, least: float, most: float) -> Floats:
    """Return the quantiles (probabilities,) of area counted in equal bins from least to most."""
    total = np.r_[0.0, np.cumsum(area)]
    edges = np.linspace(least, most, area.size + 1)
    found = np.interp(PROBABILITIES * total[-1], total, edges)
    found[[0, -1]] = least, most
    return np.maximum.accumulate(found)
