"""The numbers that stand in the report's first table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.climate.comparison import COUNTED
from stormtrace.climate.event_tables import Table, of_class
from stormtrace.climate.frequency import Frequency
from stormtrace.climate.regrid import area_mean
from stormtrace.grids import Grid, box_cells


@dataclass(frozen=True)
class Headline:
    """One class of one experiment in numbers.

    mean, maximum: frequency in per cent of time steps, the mean over the grid's area; NaN without
    any step. place: where the maximum is. means: variable of `frequency.nc` -> its area mean.
    events, lifetime_h: how many were tracked, and their mean lifetime; None if none could be:
    one map has no events.
    """

    mean: float
    maximum: float
    place: str
    means: dict[str, float]
    events: int | None = None
    events_a_year: float | None = None
    lifetime_h: float | None = None


def headline(frequency: Frequency, feature: str, events: Table | None) -> Headline:
    """Return area-mean and largest frequency of a class, and its events."""
    values = frequency.per_cent(feature)
    row, column = np.unravel_index(int(np.nanargmax(values)), values.shape)
    lat, lon = float(frequency.grid.lat[row]), float(frequency.grid.lon[column])
    means = {
        variable: area_mean(frequency.per_cent(feature, variable=variable), frequency.grid)
        for variable in COUNTED.values()
        if frequency.has(variable)
    }
    tracked: dict[str, Any] = {}
    if events is not None and np.sum(frequency.steps) > 1:
        code = frequency.features.codes[frequency.features.names.index(feature)]
        rows = of_class(events, code)
        count = len(rows["class"])
        tracked = {
            "events": count,
            "events_a_year": count / frequency.length_years,
            "lifetime_h": float(rows["lifetime_h"].mean()) if count else None,
        }
    mean, maximum = area_mean(values, frequency.grid), float(values[row, column])
    return Headline(mean, maximum, place(lat, lon), means, **tracked)


def place(lat: float, lon: float) -> str:
    """Return a place as words: ``41° N, 172° W``."""
    lon = (lon + 180) % 360 - 180
    return (
        f"{abs(lat):.0f}°\u202f{'N' if lat >= 0 else 'S'}, "
        f"{abs(lon):.0f}°\u202f{'E' if lon >= 0 else 'W'}"
    )


def region_mean(
    values: NDArray[np.floating], grid: Grid, region: Sequence[float]
) -> tuple[float, float]:
    """Return area mean and maximum of a map within ``[west, east, south, north]``."""
    inside = box_cells(grid, region)
    if not inside.any():
        return float("nan"), float("nan")
    weights = np.broadcast_to(grid.row_area[:, None], grid.shape)[inside]
    return float(np.average(values[inside], weights=weights)), float(values[inside].max())
