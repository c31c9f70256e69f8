"""Frequencies as lines, and distributions of events: the numbers of figures and of the report."""

import numpy as np
from numpy.typing import NDArray

from stormtrace.climate.frequency import Frequency
from stormtrace.climate.seasons import MONTHS

#: Steps of axes and colour scales, times a power of ten.
NICE = (1.0, 2.0, 2.5, 5.0, 10.0)

#: Years with a smaller share of the steps of the fullest one are marked as parts.
WHOLE_YEAR = 0.95


def seasonal_cycle(frequency: Frequency, feature: str) -> dict[str, list[float | None]]:
    """Return the area-mean frequency of each month, per cent, by hemisphere.

    None for a month without steps, and for a hemisphere the grid has no cell in.
    """
    cycle: dict[str, list[float | None]] = {"north": [], "south": []}
    lat = frequency.grid.points[0]
    sides = {"north": lat > 0, "south": lat < 0}
    for period in MONTHS:
        values = frequency.per_cent(feature, period)
        for name, inside in sides.items():
            if frequency.period_steps(period) == 0 or not inside.any():
                cycle[name].append(None)
            else:
                weights = frequency.grid.area[inside]
                cycle[name].append(float(np.average(values[inside], weights=weights)))
    return cycle


def by_year(frequency: Frequency, feature: str) -> tuple[list[int], list[float]]:
    """Return years and the area-mean frequency of each, per cent."""
    years, means = frequency.mean_by_year(feature)
    return years.tolist(), means.tolist()


def years_in_part(frequency: Frequency) -> list[int]:
    """Return the years that have fewer steps than others, such as those a record begins in."""
    steps = frequency.steps.sum(axis=1)
    short = (steps > 0) & (steps < WHOLE_YEAR * steps.max(initial=0))
    return [int(year) for year in frequency.years[short]]


def distribution(
    values: NDArray[np.floating], bins: int = 24
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return edges (n + 1,) in round steps from zero, and the per cent of values in each bin (n,).

    The largest per cent of the values is gathered in the last bin. Missing values do not count;
    without any value both are empty.
    """
    known = np.asarray(values, np.float64)
    known = known[np.isfinite(known)]
    if known.size == 0:
        return np.empty(0), np.empty(0)
    top = float(np.quantile(known, 0.99))
    step = nice_step(top / bins)
    count = max(4, int(np.ceil(top / step)))
    index = np.clip((known / step).astype(int), 0, count - 1)
    shares = 100.0 * np.bincount(index, minlength=count) / known.size
    return step * np.arange(count + 1, dtype=np.float64), shares


def nice_step(step: float) -> float:
    """Return the smallest of 1, 2, 2.5, 5 · 10ᵏ that is not below `step`; 1 for nothing."""
    if not np.isfinite(step) or step <= 0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(step))
    return float(next(n for n in NICE if n * power >= step * (1 - 1e-9)) * power)
