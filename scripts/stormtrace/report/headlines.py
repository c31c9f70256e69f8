"""The numbers of the report's first table."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stormtrace.climate.event_tables import EventColumns
from stormtrace.climate.frequency import COUNTED, Frequency
from stormtrace.climate.time_coverage import TimeCoverage
from stormtrace.grids import Grid, box_cells
from stormtrace.report.contents import Headline
from stormtrace.report.formatting import place


def headline(
    frequency: Frequency, code: int, name: str, events: EventColumns | None, record: TimeCoverage
) -> Headline:
    """Return area-mean and largest frequency of a class, and its events.

    code, name: of the class in the frequency file. events: None where nothing was tracked.
    """
    means = {
        variable: mean_over(frequency.per_cent(name, variable=variable), frequency.grid)
        for variable in COUNTED.values()
        if frequency.has(variable)
    }
    values = frequency.per_cent(name)
    maximum, where = _maximum(values, frequency.grid)
    count, lifetime_days = _tracked(events, code) if record.steps != 1 else (None, None)
    return Headline(
        mean=_known(means[frequency.counted]),
        maximum=maximum,
        place=where,
        means={variable: mean for variable, mean in means.items() if np.isfinite(mean)},
        count=count,
        events=None if count is None else record.events(count),
        lifetime_days=lifetime_days,
    )


def _tracked(events: EventColumns | None, code: int) -> tuple[int | None, float | None]:
    """Return number and mean lifetime (days) of a class's events."""
    if events is None:
        return None, None
    lifetimes = events.of(code)["lifetime_h"]
    return lifetimes.size, float(lifetimes.mean()) / 24 if lifetimes.size else None


def _maximum(values: NDArray[np.floating], grid: Grid) -> tuple[float | None, str]:
    """Return the largest value of a map and its place."""
    if not np.isfinite(values).any():
        return None, "–"
    index = np.unravel_index(int(np.nanargmax(values)), values.shape)
    lat, lon = (float(one[index]) for one in grid.points)
    return float(values[index]), place(lat, lon)


def mean_over(
    values: NDArray[np.floating], grid: Grid, inside: NDArray[np.bool_] | None = None
) -> float:
    """Return the area-weighted mean of a map over the cells that have a value; NaN for none."""
    known = np.isfinite(values) if inside is None else np.isfinite(values) & inside
    return float(np.average(values[known], weights=grid.area[known])) if known.any() else np.nan


def region_mean(
    values: NDArray[np.floating], grid: Grid, region: Sequence[float]
) -> tuple[float | None, float | None]:
    """Return area mean and maximum of a map within ``[west, east, south, north]``, or None."""
    inside = box_cells(grid, region) & np.isfinite(values)
    if not inside.any():
        return None, None
    return mean_over(values, grid, inside), float(values[inside].max())


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None
