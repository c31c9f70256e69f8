"""Charts of one experiment: the seasonal cycle, years, coasts, distributions of events."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from stormtrace.classes import Classes
from stormtrace.climate.event_tables import EventColumns
from stormtrace.climate.frequency import Frequency
from stormtrace.climate.hovmoller import coasts_on, hovmoller
from stormtrace.climate.seasons import MONTHS
from stormtrace.climate.series import by_year, seasonal_cycle, years_in_part
from stormtrace.figures.names import HISTOGRAMS, typeset
from stormtrace.report.charts import Line, heat_map, histogram, line_chart
from stormtrace.report.contents import Chart
from stormtrace.report.page_maps import PageMaps
from stormtrace.report.shown_classes import ShownClass, style_of

#: Months or years that make a line worth drawing.
FEWEST = 3

STEPS = "% of time steps"


def charts_of(
    frequency: Frequency,
    classes: Classes,
    events: EventColumns | None,
    coasts: Mapping[str, Sequence[float]],
    landfall: str | None,
    page: PageMaps,
) -> Iterator[Chart]:
    """Yield the charts of an experiment that its record has enough months, years or events for."""
    styles = {flag: page.classes[flag].css for flag in classes.flags}
    if _months(frequency) >= FEWEST:
        for feature in classes.features:
            yield from _cycle(frequency, page.classes[feature.flag])
    if len(_years(frequency)) >= FEWEST:
        yield _yearly(frequency, classes, page)
    if _months(frequency) >= FEWEST:
        for name, coast in coasts_on(frequency.grid, coasts).items():
            yield from _coast(frequency, classes, styles, name, coast)
    if events is not None:
        yield from _histograms(classes, styles, events)
        yield from _landfall(landfall, page)


def why_no_lines(frequency: Frequency) -> Iterator[str]:
    """Yield why there is no seasonal cycle, or no line from year to year."""
    months, years = _months(frequency), len(_years(frequency))
    if months < FEWEST:
        yield (
            f"The record has {months} calendar month{'' if months == 1 else 's'}; a seasonal cycle "
            f"is drawn from {FEWEST} on."
        )
    elif years < FEWEST:
        yield (
            f"The record has {years} year{'s' if years > 1 else ''}; changes from year to year are "
            f"drawn from {FEWEST} on."
        )


def _months(frequency: Frequency) -> int:
    """Return how many calendar months have steps."""
    return int((frequency.steps.sum(axis=0) > 0).sum())


def _years(frequency: Frequency) -> NDArray[np.int64]:
    return frequency.years[frequency.steps.sum(axis=1) > 0]


def _cycle(frequency: Frequency, feature: ShownClass) -> Iterator[Chart]:
    """Yield the frequency of each month, by hemisphere; of those the grid has cells in."""
    cycle = seasonal_cycle(frequency, feature.key)
    lines = [
        Line(words, cycle[side], f"{feature.css}{dash}")
        for side, words, dash in (
            ("north", "northern hemisphere", ""),
            ("south", "southern hemisphere", " dashed"),
        )
        if any(value is not None for value in cycle[side])
    ]
    if lines:
        svg = line_chart([month[0] for month in MONTHS], lines, STEPS)
        yield _chart(f"{feature.title}: seasonal cycle", svg, "area mean frequency", lines)


def _yearly(frequency: Frequency, classes: Classes, page: PageMaps) -> Chart:
    years = [f"{year:04d}" for year in by_year(frequency, classes.flags[0])[0]]
    parts = [f"{year:04d}" for year in years_in_part(frequency)]
    lines = [
        Line(shown.title, by_year(frequency, shown.key)[1], shown.css, in_part=parts)
        for shown in (page.classes[flag] for flag in classes.flags)
    ]
    svg = line_chart(years, lines, "% of the area", max(1, len(years) // 6))
    note = f"area mean frequency{'; grey: years in part' if parts else ''}"
    return _chart("Year by year", svg, note, lines)


def _coast(
    frequency: Frequency,
    classes: Classes,
    styles: Mapping[str, str],
    name: str,
    coast: NDArray[np.bool_],
) -> Iterator[Chart]:
    """Yield latitude × month along a coast."""
    for feature in classes.features:
        lat, values = hovmoller(frequency, feature.flag, coast)
        svg = heat_map(lat, values, STEPS, styles[feature.flag])
        note = f"{name}, by month{'; grey: no time steps' if np.isnan(values).any() else ''}"
        yield _chart(f"{feature.short} along the coast", svg, note)


def _histograms(
    classes: Classes, styles: Mapping[str, str], events: EventColumns
) -> Iterator[Chart]:
    for feature in classes.features:
        rows = events.of(feature.code)
        for column, (title, units, factor) in HISTOGRAMS.items():
            values = rows[column]
            if number := int(np.isfinite(values).sum()):
                units = typeset(units)
                svg = histogram(values * factor, units, styles[feature.flag])
                note = f"{units}, of {number:,} event{'' if number == 1 else 's'}"
                yield _chart(f"{feature.short}: {title.lower()}", svg, note)


def _landfall(path: str | None, page: PageMaps) -> Iterator[Chart]:
    """Yield a chart a coast from `count_landfalls.py`'s table."""
    if not path:
        return
    with Path(path).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for coast in dict.fromkeys(row["coast"] for row in rows):
        here = [row for row in rows if row["coast"] == coast]
        latitudes = [f"{lat:g}°" for lat in dict.fromkeys(float(row["lat"]) for row in here)]
        lines = [
            Line(
                name,
                [float(row["events"]) for row in here if row["class"] == name],
                style_of(name, page.classes) or "neutral",
            )
            for name in dict.fromkeys(row["class"] for row in here)
        ]
        svg = line_chart(latitudes, lines, "events", -(-len(latitudes) // 5))
        yield _chart("Events that reach the coast", svg, f"{coast}, by latitude", lines)


def _chart(title: str, svg: str, note: str, lines: Sequence[Line] = ()) -> Chart:
    legend = [(line.style, line.name) for line in lines] if len(lines) > 1 else []
    return Chart(title, Markup(svg), note, legend)
