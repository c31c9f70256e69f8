"""The numbers that stand in the report's first table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.climate.comparison import COUNTED
from stormtrace.climate.event_tables import Table, of_class
from stormtrace.climate.frequency import Frequency
from stormtrace.grids import Grid, box_cells
from stormtrace.grids.remapping import area_mean


def headline(frequency: Frequency, feature: str, events: Table | None) -> dict[str, Any]:
    """Return area-mean and largest frequency of a class, and its events a year."""
    values = frequency.per_cent(feature)
    row, column = np.unravel_index(int(np.nanargmax(values)), values.shape)
    numbers: dict[str, Any] = {
        "feature": feature,
        "short": frequency.classes[feature].short,
        "mean": area_mean(values, frequency.grid),
        "means": {
            variable: area_mean(frequency.per_cent(feature, variable=variable), frequency.grid)
            for variable in COUNTED.values()
            if frequency.has(variable)
        },
        "maximum": float(values[row, column]),
        "place": place(float(frequency.grid.lat[row]), float(frequency.grid.lon[column])),
    }
    if events is not None and np.sum(frequency.steps) > 1:  # one map has no events
        code = frequency.classes[feature].code
        rows = of_class(events, code)
        numbers |= {
            "events": len(rows["class"]),
            "events_a_year": len(rows["class"]) / frequency.length_years,
            "lifetime_h": _mean(rows, "lifetime_h"),
        }
    return numbers


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


def _mean(rows: Mapping[str, NDArray[Any]], name: str) -> float | None:
    return float(np.mean(rows[name])) if name in rows and len(rows[name]) else None
