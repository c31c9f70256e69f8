"""How many storms a year, by basin and month: what free-running models can be held against.

A model that runs freely has weather of its own: its 29 August 2005 is not that of the observations,
and matching the two in time would measure chance. What may agree is how many storms there are in a
year, in which basin, and when.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    counts: NDArray[np.int64], shares: Sequence[float], seed: int = 0
) -> dict[str, Any]:
    """Return storms a year, with intervals by year, of all basins and of each, and by month.

    counts (years, basins, 12). shares: how much of each year there is, 0 … 1. Rates are Σ counts /
    Σ shares; intervals (95 %) of years drawn with replacement.
    """
    weights = np.asarray(shares, float)
    rng = np.random.default_rng(seed)
    count = len(weights)
    drawn = None
    if count >= FEWEST_YEARS:
        drawn = rng.multinomial(count, np.full(count, 1 / count), DRAWS)

    def rate(by_year: NDArray[np.int64]) -> dict[str, Any]:
        interval = None
        if drawn is not None:
            rates = (drawn @ by_year) / (drawn @ weights)
            interval = [float(q) for q in np.quantile(rates, (0.025, 0.975))]
        return {"a_year": float(by_year.sum() / weights.sum()), "interval": interval}

    months = counts.sum(axis=0) / weights.sum()
    return {
        "years": float(weights.sum()),
        "all": rate(counts.sum(axis=(1, 2))) | {"months": months.sum(axis=0).tolist()},
        "basins": {
            name: rate(counts[:, k].sum(axis=1)) | {"months": months[k].tolist()}
            for k, name in enumerate(TC_BASINS)
        },
    }
