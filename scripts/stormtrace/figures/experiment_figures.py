"""The maps of one experiment."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from stormtrace.classes import FeatureClass
from stormtrace.climate.event_tables import FEWEST_EVENTS, EventColumns, density, read_events
from stormtrace.climate.frequency import Frequency
from stormtrace.climate.hovmoller import coasts_on
from stormtrace.climate.time_coverage import TimeCoverage, coverage
from stormtrace.errors import BadInput
from stormtrace.figures.colours import largest_shown, line_colour, majority, sequential
from stormtrace.figures.line_figures import draw_lines, has_months
from stormtrace.figures.maps import draw_map
from stormtrace.figures.names import DENSITY_GRID, heading, sentence
from stormtrace.figures.panels import Panel, add_panel_title, add_titles, draw_panels, lay_out
from stormtrace.figures.projections import (
    MapProjection,
    PolarStereographic,
    Rectangle,
    view_of,
)
from stormtrace.grids import Grid, box_cells

SEASONS = ("DJF", "MAM", "JJA", "SON")
STEPS = "% of time steps"
CROSSINGS = "crossings a week"


def draw_frequency_figures(
    frequency: Frequency, title: str, regions: Mapping[str, Sequence[float]]
) -> Iterator[tuple[str, Figure]]:
    """Yield (file name, figure): frequency of each class in all steps, by season and by region.

    Of an ensemble also how far its members agree, of fronts also the crossing rate.
    """
    subtitle = f"{title} · {coverage(frequency).words}"
    if frequency.period_steps() == 0:
        return
    seasons = [s for s in SEASONS if frequency.period_steps(s) > 0]
    for feature in frequency.classes.features:
        whole = frequency.per_cent(feature.flag)
        scale = sequential(largest_shown([whole]), feature, STEPS)
        title_of = heading(feature, f"frequency{frequency.of}")
        panel = Panel(frequency.grid, whole, "")
        figure = draw_panels([panel], scale, "Frequency", title_of, subtitle, 1)
        yield f"{feature.key}-frequency", figure
        if frequency.has("votes") and not feature.union_of:
            yield f"{feature.key}-agreement", draw_agreement(frequency, feature, subtitle)
        if len(seasons) > 1:
            maps = {season: frequency.per_cent(feature.flag, season) for season in seasons}
            shared = sequential(largest_shown(list(maps.values())), feature, STEPS)
            panels = [Panel(frequency.grid, values, s) for s, values in maps.items()]
            figure = draw_panels(panels, shared, "Frequency", f"{title_of} by season", subtitle)
            yield f"{feature.key}-seasons", figure
        panels = [
            Panel(frequency.grid, whole, region, region_map(region, limits))
            for region, limits in regions.items()
            if has_cells(frequency.grid, region, limits)
        ]
        if panels:
            figure = draw_panels(panels, scale, "Frequency", f"{title_of} by region", subtitle)
            yield f"{feature.key}-regions", figure
    for feature in frequency.crossed:
        yield from draw_crossings(frequency, feature, seasons, subtitle)


def draw_crossings(
    frequency: Frequency, feature: FeatureClass, seasons: Sequence[str], subtitle: str
) -> Iterator[tuple[str, Figure]]:
    """Yield (file name, figure): the crossing rate of a front in all steps, and by season."""
    title = heading(feature, f"crossing rate{frequency.of}")
    periods = {"crossings": ["annual"], "crossings-seasons": seasons if len(seasons) > 1 else []}
    for name, chosen in periods.items():
        maps = {period: frequency.crossing_rate(feature.flag, period) for period in chosen}
        if not any(np.isfinite(values).any() for values in maps.values()):
            continue
        scale = sequential(largest_shown(list(maps.values())), feature, CROSSINGS)
        single = name == "crossings"
        panels = [Panel(frequency.grid, v, "" if single else s) for s, v in maps.items()]
        words = title if single else f"{title} by season"
        figure = draw_panels(panels, scale, "Crossing rate", words, subtitle, 1 if single else 2)
        yield f"{feature.key}-{name}", figure


def draw_agreement(frequency: Frequency, feature: FeatureClass, subtitle: str) -> Figure:
    """Draw how many members of an ensemble find one class where the ensemble does."""
    members = int(frequency.attributes["members"])
    scale = majority(feature, f"% of {members} members")
    panel = Panel(frequency.grid, frequency.agreement(feature.flag), "")
    title = f"{sentence(feature.plural)}: agreement of the members of the ensemble"
    return draw_panels([panel], scale, "Agreement, mean when found", title, subtitle, 1)


def draw_event_figures(
    frequency: Frequency, events: Path | None, title: str, coasts: Mapping[str, Sequence[float]]
) -> Iterator[tuple[str, Figure]]:
    """Yield (file name, figure): where events of each class begin and end, and the lines."""
    along = coasts_on(frequency.grid, coasts) if has_months(frequency) else {}
    table = read_events(events)
    record = coverage(frequency)
    subtitle = f"{title} · {record.words}"
    for feature in frequency.classes.features:
        rows = table.of(feature.code) if table is not None else None
        if rows is not None and len(rows["class"]):
            figure = draw_genesis(rows, feature, record, subtitle, view_of(frequency.grid))
            yield f"{feature.key}-genesis", figure
        lines = draw_lines(frequency, rows, feature, subtitle, along)
        if lines is not None:
            yield f"{feature.key}-lines", lines


def draw_genesis(
    events: EventColumns,
    feature: FeatureClass,
    record: TimeCoverage,
    subtitle: str,
    view: MapProjection,
) -> Figure:
    """Draw genesis and termination density of one class, events a year per 10⁶ km².

    Of less than a year events in the whole record; of few events the places themselves.
    """
    ends = {"Genesis": "genesis", "Termination": "termination"}
    count = len(events["class"])
    title = f"Genesis and termination of {feature.plural}"
    number = f"{subtitle} · {count:,} event{'' if count == 1 else 's'}"
    if count < FEWEST_EVENTS:
        places = {n: (events[f"{e}_lon"], events[f"{e}_lat"]) for n, e in ends.items()}
        return _draw_places(places, feature, title, f"{number}, one dot each", view)
    maps = {
        name: record.events(1.0) * density(events[f"{end}_lat"], events[f"{end}_lon"], DENSITY_GRID)
        for name, end in ends.items()
    }
    units = f"events {record.per} per million km²"
    scale = sequential(largest_shown(list(maps.values())), feature, units)
    panels = [Panel(DENSITY_GRID, values, name, view) for name, values in maps.items()]
    return draw_panels(panels, scale, "Density", title, f"{number}, smoothed over 400 km", 1)


def _draw_places(
    places: Mapping[str, tuple[np.ndarray, np.ndarray]],
    feature: FeatureClass,
    title: str,
    subtitle: str,
    view: MapProjection,
) -> Figure:
    """Draw a dot for each event."""
    spans = np.ptp(view.outline(), axis=0)
    figure, axes = lay_out([float(spans[1] / spans[0])] * len(places), 1, titled=True)
    for position, (one, (name, (lon, lat))) in enumerate(zip(axes, places.items(), strict=True)):
        draw_map(one, DENSITY_GRID, None, None, view)
        x, y = view.forward(np.asarray(lon, float), np.asarray(lat, float))
        one.scatter(x, y, s=22, color=line_colour(feature), edgecolor="white", lw=0.6, zorder=6)
        add_panel_title(one, position, name)
    add_titles(figure, title, subtitle)
    return figure


def has_cells(grid: Grid, name: str, region: Sequence[float]) -> bool:
    """Whether a region has cells of the grid; raises BadInput for one that cannot be."""
    region_map(name, region)
    return bool(box_cells(grid, region).any())


def region_map(name: str, region: Sequence[float]) -> MapProjection:
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
