"""Mean, standard deviation and quantiles of a field by month and latitude band, from samples.

One sample at a time is in memory. Each cell counts for its area, in the band that its centre lies
in. Moments take one pass (`prepare.moments`). Quantiles take two: the first finds the least and the
greatest value of each month and band, the second counts area in `BINS` bins of equal width between
them, so a quantile is wrong by at most the width of a bin.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.latitude_bands import BAND_EDGES, Match, band_of
from stormtrace.formats.percentile_maps import MONTHS
from stormtrace.formats.zonal_climatologies import PROBABILITIES
from stormtrace.grids import Grid
from stormtrace.prepare.moments import Moments
from stormtrace.prepare.years_of_samples import YearOfSamples, open_year

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


Sample = tuple[int, NDArray[np.float32]]


def fit_zonal(
    years: Sequence[YearOfSamples],
    field: str,
    match: Match,
    watch: Callable[[Iterable[YearOfSamples]], Iterable[YearOfSamples]] = iter,
) -> tuple[dict[str, Floats], NDArray[np.int64]]:
    """Return name -> values (12, bands, …), and samples a month (12,), of some years of samples.

    watch: reports the progress of a pass over the years.

    Raises:
        BadInput: samples are missing, damaged or on several grids.

    """
    reader = _Reader(years, field, watch)
    if match == "moments":
        return _moments(reader)
    return _quantiles(reader)


@dataclass
class _Reader:
    years: Sequence[YearOfSamples]
    field: str
    watch: Callable[[Iterable[YearOfSamples]], Iterable[YearOfSamples]]
    grid: Grid | None = None

    def bands(self) -> Bands:
        if not self.years:
            raise BadInput("there are no samples to make a climatology of: name folders of them")
        self.grid = open_year(self.years[0], [self.field]).grid
        return Bands.of(self.grid)

    def samples(self) -> Iterator[Sample]:
        """Yield the month, from 0, and the map of each sample."""
        for year in self.watch(self.years):
            folder = open_year(year, [self.field])
            if self.grid is not None and not self.grid.same_as(folder.grid):
                raise BadInput(
                    f"{year} is on {folder.grid.describe()}, not on {self.grid.describe()}"
                )
            for sample in folder.paths:
                batch = folder.read([sample])
                yield folder.date(batch.times[0]).month - 1, batch.values[0, 0]


def _moments(reader: _Reader) -> tuple[dict[str, Floats], NDArray[np.int64]]:
    bands, steps = reader.bands(), np.zeros(MONTHS, np.int64)
    months: dict[int, Moments] = {}
    for month, values in reader.samples():
        own = bands.moments(bands.sort(values))
        months[month] = months[month] + own if month in months else own
        steps[month] += 1
    found = {name: np.full((MONTHS, BANDS), np.nan) for name in ("mean", "std")}
    for month, moments in months.items():
        found["mean"][month, bands.there] = moments.mean
        found["std"][month, bands.there] = moments.std
    return found, steps


def _quantiles(reader: _Reader) -> tuple[dict[str, Floats], NDArray[np.int64]]:
    bands, steps = reader.bands(), np.zeros(MONTHS, np.int64)
    least = np.full((MONTHS, bands.there.size), np.inf)
    most = -least
    for month, values in reader.samples():
        cells = bands.sort(values)
        np.minimum(least[month], np.minimum.reduceat(cells, bands.starts), out=least[month])
        np.maximum(most[month], np.maximum.reduceat(cells, bands.starts), out=most[month])
        steps[month] += 1
    area = np.zeros((MONTHS, bands.there.size * BINS))
    first = bands.spread(BINS * np.arange(bands.there.size, dtype=np.float64)).astype(np.int64)
    width = np.where(most > least, most - least, 1.0) / BINS
    for month, values in reader.samples():
        cells = bands.sort(values) - bands.spread(least[month])
        cells /= bands.spread(width[month])
        bins = first + np.minimum(cells.astype(np.int64), BINS - 1)
        area[month] += np.bincount(bins, bands.area, area.shape[1])
    found = np.full((MONTHS, BANDS, PROBABILITIES.size), np.nan)
    for index in np.flatnonzero(steps):
        counted = area[index].reshape(-1, BINS)
        for place, number in enumerate(bands.there):
            ends = least[index, place], most[index, place]
            found[index, number] = quantiles_of(counted[place], *ends)
    return {"quantile": found}, steps


def quantiles_of(area: Floats, least: float, most: float) -> Floats:
    """Return the quantiles (probabilities,) of area counted in equal bins from least to most."""
    total = np.r_[0.0, np.cumsum(area)]
    edges = np.linspace(least, most, area.size + 1)
    found = np.interp(PROBABILITIES * total[-1], total, edges)
    found[[0, -1]] = least, most
    return np.maximum.accumulate(found)
