"""The maps that travel inside the page, on one grid, and the links it makes."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.climate.event_tables import Table, density, of_class
from stormtrace.climate.frequency import Frequency
from stormtrace.grids import Grid
from stormtrace.grids.remapping import on_grid
from stormtrace.report.packing import pack

Link = Callable[[str | None], str | None]

#: Variable of `frequency.nc` -> (title, units) in the page's menu; densities come from events.
VARIABLES = {
    "count": ("Frequency", "% of time steps"),
    "event_count": ("Frequency of tracked events", "% of time steps"),
    "genesis": ("Genesis density", "events a year per million km²"),
    "termination": ("Termination density", "events a year per million km²"),
}


@dataclass
class PageMaps:
    """Packed maps by key ``experiment|variable|feature|period``, one experiment at a time."""

    grid: Grid
    maps: dict[str, Any] = field(default_factory=dict)
    significance: dict[str, str] = field(default_factory=dict)
    features: dict[str, Any] = field(default_factory=dict)
    variables: list[str] = field(default_factory=list)
    periods: list[str] = field(default_factory=list)

    def add(self, key: str, values: NDArray[np.floating], source: Grid) -> None:
        """Add one map, regridded (globally, conservatively) to the page's grid."""
        values = on_grid(values, source, self.grid)
        finite = values[np.isfinite(values)]
        top = float(np.quantile(finite, 0.999)) if finite.size else 0.0
        self.maps[key] = pack(values) | {"top": top}


def link_from(folder: Path, path: str | None) -> str | None:
    """Return a path as a page in `folder` links to it, or None if there is nothing there."""
    if not path or not Path(path).exists():
        return None
    return Path(os.path.relpath(path, folder)).as_posix()


def add_experiment(page: PageMaps, name: str, frequency: Frequency, events: Table | None) -> None:
    """Add an experiment's maps to the page."""
    for code, feature in zip(frequency.classes.codes, frequency.classes.flags, strict=True):
        for period in page.periods:
            _add(page, (name, "count", feature, period), frequency)
        if frequency.has("event_count"):
            _add(page, (name, "event_count", feature, "annual"), frequency)
        if events is not None:
            _add_densities(page, name, feature, of_class(events, code), frequency)


def _add(page: PageMaps, key: tuple[str, str, str, str], frequency: Frequency) -> None:
    _, variable, feature, period = key
    _remember(page, variable)
    page.add("|".join(key), frequency.per_cent(feature, period, variable), frequency.grid)


def _add_densities(
    page: PageMaps, name: str, feature: str, events: Table, frequency: Frequency
) -> None:
    for end in ("genesis", "termination"):
        _remember(page, end)
        places = events[f"{end}_lat"], events[f"{end}_lon"]
        per_year = density(*places, page.grid) / frequency.length_years
        page.add(f"{name}|{end}|{feature}|annual", per_year, page.grid)


def _remember(page: PageMaps, variable: str) -> None:
    if variable not in page.variables:
        page.variables.append(variable)
