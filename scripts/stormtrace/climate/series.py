"""Frequencies as lines: through the year, and year by year."""

from __future__ import annotations

import numpy as np

from stormtrace.climate.frequency import Frequency
from stormtrace.climate.seasons import MONTHS
from stormtrace.grids.remapping import area_mean


def seasonal_cycle(frequency: Frequency, feature: str) -> dict[str, list[float | None]]:
    """Return the area-mean frequency of each month, per cent, north and south; None: no steps."""
    cycle: dict[str, list[float | None]] = {"north": [], "south": []}
    sides = {"north": frequency.grid.lat > 0, "south": frequency.grid.lat < 0}
    for period in MONTHS:
        if frequency.period_steps(period) == 0:
            for side in cycle.values():
                side.append(None)
            continue
        rows = frequency.per_cent(feature, period).mean(axis=1)
        for name, chosen in sides.items():
            if not chosen.any():  # a regional grid
                cycle[name].append(None)
                continue
            mean = np.average(rows[chosen], weights=frequency.grid.row_area[chosen])
            cycle[name].append(float(mean))
    return cycle


def by_year(frequency: Frequency, feature: str) -> tuple[list[int], list[float]]:
    """Return years and the area-mean frequency of each, per cent."""
    years, counts, steps = frequency.by_year(feature)
    means = [
        area_mean(100.0 * count / step, frequency.grid)
        for count, step in zip(counts, steps, strict=True)
    ]
    return years.tolist(), means
