"""How many storms a year, by basin and month: what free-running models can be held against.

A model that runs freely has weather of its own: its 29 August 2005 is not that of the observations,
and matching the two in time would measure chance. What may agree is how many storms there are in a
year, in which basin, and when.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.climate.significance import interval
from stormtrace.grids.basins import TC_BASINS, tc_basin
from stormtrace.verification.observed import Storms

#: With fewer years, drawing them again says nothing: no interval is given.
FEWEST_YEARS = 5

DRAWS = 1000


def yearly(
    basin: NDArray[np.int64],
    year: NDArray[np.int64],
    month: NDArray[np.int64],
    years: Sequence[int],
) -> NDArray[np.int64]:
    """Return how many storms begin in each year, basin and month (years, basins, 12).

    month: 1 … 12.
    """
    counts = np.zeros((len(years), len(TC_BASINS), 12), np.int64)
    inside = np.isin(year, years)
    place = np.searchsorted(years, year[inside])
    np.add.at(counts, (place, basin[inside], month[inside] - 1), 1)
    return counts


def first_points(storms: Storms, counts: NDArray[np.bool_]) -> Storms:
    """Return the first point of each storm that counts."""
    some = storms.where(np.flatnonzero(counts))
    return some.where(np.unique(some.storm, return_index=True)[1])


def beginnings(
    lat: NDArray[np.floating], lon: NDArray[np.floating], time: NDArray[np.datetime64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return basin, year and month of points."""
    months = time.astype("datetime64[M]").astype(np.int64)
    return tc_basin(lat, lon), 1970 + months // 12, months % 12 + 1


def climatology(
    counts: NDArray[np.int64], shares: NDArray[np.float64], seed: int = 0
) -> dict[str, Any]:
    """Return storms a year, with intervals by year, of all basins and of each, and by month.

    counts (years, basins, 12). shares (years, 12): how much of each month there is, 0 … 1. A rate
    is the sum over months of Σ counts / Σ shares; months that no year has count for nothing.
    Intervals (95 %) are of years drawn with replacement.
    """
    rng = np.random.default_rng(seed)
    number = len(shares)
    there = shares.sum(axis=0) > 0
    drawn = None
    if number >= FEWEST_YEARS:
        drawn = rng.multinomial(number, np.full(number, 1 / number), DRAWS)

    def by_month(by_year: NDArray[np.int64]) -> NDArray[np.float64]:
        return by_year[:, there].sum(axis=0) / shares[:, there].sum(axis=0)

    def rate(by_year: NDArray[np.int64]) -> dict[str, Any]:
        ends, months = None, by_month(by_year)
        if drawn is not None:
            weights = drawn @ shares[:, there]
            known = weights > 0  # a month that none of the years drawn has is as in all of them
            every = np.broadcast_to(months, weights.shape).copy()
            np.divide(drawn @ by_year[:, there], weights, out=every, where=known)
            sums = every.sum(axis=1)
            ends = interval(float(months.sum()), sums, [number], within=(0.0, np.inf))
        cycle = np.zeros(12)
        cycle[there] = months
        return {
            "a_year": float(months.sum()),
            "interval": ends and list(ends),
            "months": cycle.tolist(),
        }

    return {
        "years": float(shares[:, there].sum(axis=0).mean()) if there.any() else 0.0,
        "months": (np.flatnonzero(there) + 1).tolist(),
        "all": rate(counts.sum(axis=1)),
        "basins": {name: rate(counts[:, k]) for k, name in enumerate(TC_BASINS)},
    }
