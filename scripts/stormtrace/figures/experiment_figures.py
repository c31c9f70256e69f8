"""The maps of one experiment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from stormtrace.climate.event_tables import Table, density, of_class, read_table
from stormtrace.climate.frequency import Frequency
from stormtrace.climate.hovmoller import coasts_on
from stormtrace.errors import BadInput
from stormtrace.figures.colours import largest_shown, majority, sequential
from stormtrace.figures.line_figures import draw_lines
from stormtrace.figures.names import DENSITY_GRID, short, words
from stormtrace.figures.panels import Panel, draw_panels
from stormtrace.figures.projections import PolarStereographic, Projection, Rectangle

SEASONS = ("DJF", "MAM", "JJA", "SON")
STEPS = "% of time steps"


def draw_frequency_figures(
    frequency: Frequency, title: str, regions: Mapping[str, Sequence[float]]
) -> Iterator[tuple[str, Figure]]:
    """Yield (file name, figure): annual, seasonal and regional frequency of each class.

    Of an ensemble also how far its members agree.
    """
    for feature in frequency.features.names:
        annual = frequency.per_cent(feature)
        subtitle = f"{title} · {span(frequency)}"
        scale = sequential(largest_shown([annual]), feature, STEPS)
        name, heading = short(feature).lower(), f"{words(feature)} frequency"
        panel = Panel(frequency.grid, annual, "")
        yield f"{name}-frequency", draw_panels([panel], scale, "Frequency", heading, subtitle, 1)
        if frequency.has("votes"):
            yield f"{name}-agreement", draw_agreement(frequency, feature, subtitle)
        seasons = [s for s in SEASONS if frequency.period_steps(s) > 0]
        if len(seasons) > 1:
            maps = {season: frequency.per_cent(feature, season) for season in seasons}
            shared = sequential(largest_shown(list(maps.values())), feature, STEPS)
            panels = [Panel(frequency.grid, values, s) for s, values in maps.items()]
            yield (
                f"{name}-seasons",
                draw_panels(panels, shared, "Frequency", f"{heading} by season", subtitle),
            )
        panels = [
            Panel(frequency.grid, annual, region, region_map(region, limits))
            for region, limits in regions.items()
        ]
        if panels:
            figure = draw_panels(panels, scale, "Frequency", f"{heading} by region", subtitle)
            yield f"{name}-regions", figure


def draw_agreement(frequency: Frequency, feature: str, subtitle: str) -> Figure:
    """Draw how many members of an ensemble see one class where the ensemble finds it."""
    members = int(frequency.attributes["members"])
    scale = majority(feature, f"% of {members} members")
    panel = Panel(frequency.grid, frequency.agreement(feature), "")
    heading = f"{words(feature)}s: how many members of the ensemble agree"
    return draw_panels([panel], scale, "Agreement, mean when found", heading, subtitle, 1)


def draw_event_figures(
    frequency: Frequency, events: Path | None, title: str, coasts: Mapping[str, Sequence[float]]
) -> Iterator[tuple[str, Figure]]:
    """Yield (file name, figure): where events of each class begin and end, and the lines."""
    along = coasts_on(frequency.grid, coasts)
    columns = ("class", "genesis_lat", "genesis_lon", "termination_lat", "termination_lon")
    table = read_table(events / "events.parquet", columns) if events else None
    for code, feature in zip(frequency.features.codes, frequency.features.names, strict=True):
        name, subtitle = short(feature).lower(), f"{title} · {span(frequency)}"
        rows = of_class(table, code) if table else None
        if rows is not None:
            years = frequency.length_years
            yield f"{name}-genesis", draw_genesis(rows, feature, years, subtitle)
        lines = draw_lines(frequency, rows, feature, subtitle, along)
        if lines is not None:
            yield f"{name}-lines", lines


def draw_genesis(events: Table, feature: str, years: float, subtitle: str) -> Figure:
    """Draw genesis and termination density of one class, events a year per 10⁶ km²."""
    ends = {"Genesis": "genesis", "Termination": "termination"}
    maps = {
        name: density(events[f"{end}_lat"], events[f"{end}_lon"], DENSITY_GRID) / years
        for name, end in ends.items()
    }
    scale = sequential(largest_shown(list(maps.values())), feature, "events a year per million km²")
    panels = [Panel(DENSITY_GRID, values, name) for name, values in maps.items()]
    count = len(events["class"])
    heading = f"Where {words(feature).lower()}s begin and end"
    note = f"{subtitle} · {count:,} events, smoothed over 400 km"
    return draw_panels(panels, scale, "Density", heading, note, 1)


def region_map(name: str, region: Sequence[float]) -> Projection:
    """Return a region's map from ``[west, east, south, north]`` in degrees.

    All longitudes up to a pole make a polar cap, anything else a rectangle.
    """
    if len(region) != 4 or not -90 <= region[2] < region[3] <= 90:
        raise BadInput(
            f"region {name!r} must be [west, east, south, north] in degrees, found {region}"
        )
    west, east, south, north = map(float, region)
    east += 360.0 if east <= west else 0.0
    if east - west >= 360.0 and (north == 90.0) != (south == -90.0):
        return PolarStereographic(south if north == 90.0 else north)
    return Rectangle(west, east, south, north)


def span(frequency: Frequency) -> str:
    """Return the record in words, missing steps included."""
    first, last = int(frequency.years[0]), int(frequency.years[-1])
    years = str(first) if first == last else f"{first}–{last}"
    missing = int(frequency.expected_steps.sum() - frequency.steps.sum())
    lacking = f", {missing:,} missing" if missing > 0 else ""
    steps = int(np.sum(frequency.steps))
    return f"{years}, {steps:,} time step{'' if steps == 1 else 's'}{lacking}"
