"""Which observed points an experiment could have seen, and which of them it is judged by."""

from collections.abc import Sequence
from dataclasses import dataclass

import cftime
import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.grids import Grid
from stormtrace.verification.looks import Looks
from stormtrace.verification.observed import Storms

DATES_AT_ONCE = 10_000


@dataclass(frozen=True, eq=False)
class Steps:
    """The time steps of an experiment: datetime64[s] (n,), in order, and hours between them."""

    time: NDArray[np.datetime64]
    hours: float


@dataclass(frozen=True, eq=False)
class Judged:
    """Observed points at steps of an experiment, sorted by step, then storm.

    step (n,): index of the step. storms: the points. counts (n,): whether a miss of the point is
    one; the others (too weak, of unknown intensity, extratropical) neither count as missed, nor
    does what is detected there as a false alarm. begun_before: storms (index into their names)
    that had such points before the experiment's first step. looked (steps,): whether the
    observations look at a step of the experiment; every_h: how often they look.
    """

    step: NDArray[np.int64]
    storms: Storms
    counts: NDArray[np.bool_]
    begun_before: frozenset[int]
    looked: NDArray[np.bool_]
    every_h: float


def real_times(time: NDArray[np.floating], units: str, calendar: str) -> NDArray[np.datetime64]:
    """Return times of a file as dates of the Gregorian calendar, datetime64[s].

    Raises:
        BadInput: the calendar has dates that never were (360 days).

    """
    if calendar == "360_day":
        raise BadInput(
            "the calendar has 360 days, so its dates are not those of observed storms: compare the "
            "climatology instead (match: climatology)"
        )
    # A date is an object of its own: each time once, and not all of them at once.
    times, place = np.unique(time, return_inverse=True)
    found = np.empty(times.size, "datetime64[s]")
    for first in range(0, times.size, DATES_AT_ONCE):
        part = slice(first, first + DATES_AT_ONCE)
        dates = cftime.num2date(times[part], units, calendar)
        found[part] = [date.strftime("%Y-%m-%dT%H:%M:%S") for date in dates]
    return found[place]


def years_and_months(
    time: NDArray[np.floating], units: str, calendar: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the years and months (1 … 12) of times of a file, in its own calendar."""
    times, place = np.unique(time, return_inverse=True)
    found = np.empty((2, times.size), np.int64)
    for first in range(0, times.size, DATES_AT_ONCE):
        part = slice(first, first + DATES_AT_ONCE)
        dates = cftime.num2date(times[part], units, calendar)
        found[:, part] = np.transpose([(date.year, date.month) for date in dates])
    return found[0, place], found[1, place]


def judge(storms: Storms, steps: Steps, grid: Grid, minimum_wind: float) -> Judged:
    """Return the observed points that lie on the grid at a step of the experiment.

    Each point belongs to the nearest step, at most half a step away (of two as near the later one);
    of several points of a storm at one step the one nearest in time counts. A point counts where
    its wind is known and at least `minimum_wind` (m/s), and its stage is that of a cyclone.

    Raises:
        BadInput: no point lies in the time of the experiment.

    """
    position = np.interp(
        storms.time.astype(np.int64), steps.time.astype(np.int64), np.arange(steps.time.size)
    )
    step = np.floor(position + 0.5).astype(np.int64)
    half = np.timedelta64(round(steps.hours * 1800), "s")
    away = np.abs(storms.time - steps.time[step])
    row, _ = grid.cells(storms.lat, storms.lon)
    seen = np.flatnonzero((away <= half) & (row >= 0))
    if not seen.size:
        spans = _span(storms.time), _span(steps.time)
        raise BadInput(
            f"no observed storm lies in the time and on the grid of the experiment: observations "
            f"are of {spans[0]}, the experiment is of {spans[1]}"
        )
    seen = seen[np.lexsort([away[seen], storms.storm[seen], step[seen]])]
    first = np.ones(seen.size, bool)
    first[1:] = (np.diff(step[seen]) != 0) | (np.diff(storms.storm[seen]) != 0)
    chosen = storms.where(seen[first])
    earlier = is_strong(storms, minimum_wind) & (storms.time < steps.time[0] - half)
    begun = frozenset(storms.storm[earlier].tolist())
    looks = Looks.of(np.unique(storms.time).astype(np.int64))
    starts = (steps.time - half).astype(np.int64)
    looked = looks.fall_in(starts, round(3600 * steps.hours))
    return Judged(
        step[seen[first]],
        chosen,
        is_strong(chosen, minimum_wind),
        begun,
        looked,
        looks.every / 3600,
    )


def is_strong(storms: Storms, minimum_wind: float) -> NDArray[np.bool_]:
    """Return which points are cyclones of known intensity, at least `minimum_wind` (m/s)."""
    return storms.is_cyclone & (storms.wind >= minimum_wind)


def _span(times: Sequence[np.datetime64] | NDArray[np.datetime64]) -> str:
    first, last = (str(one)[:10] for one in (min(times), max(times)))
    return f"{first} to {last}"
