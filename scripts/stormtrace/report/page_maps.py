"""The maps inside the page, on one grid, and the links it makes."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.classes import Classes
from stormtrace.climate.event_tables import FEWEST_EVENTS, EventColumns, density
from stormtrace.climate.frequency import COUNTED, Frequency
from stormtrace.climate.time_coverage import TimeCoverage
from stormtrace.grids import Grid
from stormtrace.report.formatting import number, place
from stormtrace.report.packing import pack
from stormtrace.report.raster import View, on_raster
from stormtrace.report.shown_classes import ShownClass

#: With more experiments than these the page is an overview: one map a class of each experiment, and
#: charts of the first ones alone. All else stays in the figures that the page links to.
DETAILED = 40

Link = Callable[[str | None], str | None]

#: Titles of what maps show. `count` is what the page's tables count, every detection or (where
#: experiments differ in tracking) tracked events; the other of the two has a key of its own.
TITLES = {
    "count": "Frequency",
    "event_count": "Frequency of tracked events",
    "mask_count": "Frequency of all detections",
    "crossings": "Crossing rate",
    "genesis": "Genesis density",
    "termination": "Termination density",
}

#: Key of the page -> variable of `frequency.nc` it shows beside `count`.
BESIDE = {"event_count": "event_count", "mask_count": "count"}

#: What tables count -> what a page that is no overview shows beside it.
DETAILS = {
    "masks": frozenset({"crossings", "event_count", "genesis", "termination"}),
    "events": frozenset({"crossings", "genesis", "termination"}),
}


def key_of(variable: str, of: str) -> str:
    """Return the key under which a page whose tables count `of` shows a variable of counts."""
    if variable == COUNTED[of]:
        return "count"
    return next(key for key, one in BESIDE.items() if one == variable)


@dataclass(frozen=True)
class Rate:
    """What densities of events refer to, one for the whole page, since its maps share scales.

    words: ``a year``; ``in 20 days`` where all records have that length; else ``a day``.
    """

    words: str

    @classmethod
    def of(cls, records: list[TimeCoverage]) -> "Rate":
        """Return the rate that no record has to be extrapolated for."""
        words = {record.per for record in records}
        return cls(words.pop() if len(words) == 1 else "a day")

    def of_count(self, count: NDArray[np.float64], record: TimeCoverage) -> NDArray[np.float64]:
        """Return a count of events as this rate."""
        return (
            count / record.days
            if self.words == "a day"
            else (count if record.is_partial else count / record.years)
        )


@dataclass
class PageMaps:
    """Packed maps by key ``experiment|variable|class|period``, one experiment at a time.

    classes: flag name -> class. is_single: whether all records are a single map. wanted: variables
    that maps are shown of. of: what `count` is of, a key of `COUNTED`. seen: key -> what a map
    shows, in words.
    """

    view: View
    classes: Mapping[str, ShownClass]
    rate: Rate
    is_single: bool
    periods: list[str]
    wanted: frozenset[str] = frozenset(TITLES)
    of: str = "masks"
    maps: dict[str, Any] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)
    significance: dict[str, str] = field(default_factory=dict)
    variables: list[str] = field(default_factory=list)

    def title_of(self, variable: str) -> str:
        """Return the title of a variable; what one map shows is no frequency."""
        if variable == "count" and self.of == "events":
            return TITLES["event_count"]
        return "Detected" if self.is_single and variable == "count" else TITLES[variable]

    def units_of(self, variable: str) -> str:
        """Return the units of a variable."""
        if variable.endswith("count"):
            return "% of the cell" if self.is_single else "% of time steps"
        if variable == "crossings":
            return "crossings a week"
        return f"events {self.rate.words} per million km²"

    def add(self, key: str, values: NDArray[np.floating], source: Grid) -> None:
        """Add one map, averaged over the cells of the page's grid; its extremes are of its own."""
        variable = key.split("|")[1]
        self.seen[key] = extremes(values, source, self.units_of(variable))
        values = on_raster(values, source, self.view)
        finite = values[np.isfinite(values)]
        top = float(np.quantile(finite, 0.999)) if finite.size else 0.0
        self.maps[key] = pack(values) | {"top": top}
        if variable not in self.variables:
            self.variables.append(variable)


def extremes(values: NDArray[np.floating], grid: Grid, units: str) -> str:
    """Return in words what a map shows: its largest value and, of a difference, its least."""
    if not np.isfinite(values).any():
        return "no data"
    if not np.nan_to_num(values).any():
        return f"0 {units} everywhere"
    ends = {"least": np.nanargmin(values), "most": np.nanargmax(values)}
    if np.nanmin(values) >= 0:
        ends.pop("least")
    lat, lon = (np.broadcast_to(one, values.shape).ravel() for one in grid.points)
    return ", ".join(
        f"{name} {number(float(values.flat[at]))} {units} at {place(lat[at], lon[at])}"
        for name, at in ends.items()
    )


def link_from(folder: Path, path: str | None) -> str | None:
    """Return a path as a page in `folder` links to it, or None if there is nothing there."""
    if not path or not Path(path).exists():
        return None
    return Path(os.path.relpath(path, folder)).as_posix()


def add_experiment(
    page: PageMaps,
    name: str,
    frequency: Frequency,
    classes: Classes,
    events: EventColumns | None,
    record: TimeCoverage,
) -> None:
    """Add an experiment's maps to the page, those of periods and events that exist."""
    for feature in classes.features:
        for period in page.periods:
            if frequency.period_steps(period) > 0:
                values = frequency.per_cent(feature.flag, period)
                page.add(f"{name}|count|{feature.flag}|{period}", values, frequency.grid)
        for key, variable in BESIDE.items():
            if key in page.wanted and frequency.has(variable) and record.steps != 1:
                values = frequency.per_cent(feature.flag, variable=variable)
                page.add(f"{name}|{key}|{feature.flag}|annual", values, frequency.grid)
        if "crossings" in page.wanted and feature in frequency.crossed and frequency.weeks() > 0:
            values = frequency.crossing_rate(feature.flag)
            page.add(f"{name}|crossings|{feature.flag}|annual", values, frequency.grid)
        if events is not None and record.steps != 1:
            _add_densities(page, name, feature.flag, events.of(feature.code), record)


def _add_densities(
    page: PageMaps, name: str, flag: str, events: EventColumns, record: TimeCoverage
) -> None:
    """Add where events begin and end; no map of so few events that each is a spot on it."""
    if len(events["class"]) < FEWEST_EVENTS:
        return
    for end in sorted({"genesis", "termination"} & page.wanted):
        grid = page.view.density_grid
        count = density(events[f"{end}_lat"], events[f"{end}_lon"], grid)
        page.add(f"{name}|{end}|{flag}|annual", page.rate.of_count(count, record), grid)
