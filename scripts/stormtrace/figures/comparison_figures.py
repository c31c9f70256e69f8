"""The maps of a comparison: both sides and their difference."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from stormtrace.classes import FeatureClass
from stormtrace.climate.time_coverage import describe_span, span_of
from stormtrace.figures.colours import diverging, largest_shown, sequential
from stormtrace.figures.names import heading
from stormtrace.figures.panels import Panel, draw_panels
from stormtrace.formats.comparison_maps import (
    CROSSING_RATE,
    SEASONS,
    TRACK_DENSITY,
    TRACK_RADIUS,
    Comparison,
)


class Quantity(NamedTuple):
    """What maps compare: frequency, the crossing rate of fronts, or the density of tracks.

    prefix: of the comparison's variables; key: in names of files; units: of a side, and of changes;
    change: what these are called.
    """

    prefix: str
    key: str
    title: str
    units: str
    units_of_change: str
    change: str = "Change"


FREQUENCY = Quantity("", "", "Frequency", "% of time steps", "percentage points")
CROSSINGS = Quantity(
    CROSSING_RATE, "crossings-", "Crossing rate", "crossings a week", "crossings a week"
)
TRACKS = Quantity(
    TRACK_DENSITY,
    "tracks-",
    "Track density",
    f"storms a year within {TRACK_RADIUS:g}°",
    f"storms a year within {TRACK_RADIUS:g}°",
    "Difference",
)

#: Side of a comparison -> what its experiment is called.
Titles = Mapping[str, str]


def draw_comparison_figures(
    comparison: Comparison, title: str, titles: Titles | None = None
) -> Iterator[tuple[str, Figure]]:
    """Yield (file name, figure): both sides, their difference in all steps, and by season.

    titles: of ``first`` and ``second``; the experiments' names where absent.
    """
    names = {side: comparison.attributes[f"{side}_experiment"] for side in ("first", "second")}
    titles = names | dict(titles or {})
    of = " of tracked events" if comparison.attributes.get("counted_from") == "events" else ""
    note = f"{title} · {_minus(comparison, titles)}\n{_test_note(comparison)}"
    for feature in comparison.classes.features:
        for what in (FREQUENCY, CROSSINGS, TRACKS):
            if f"{what.prefix}difference" not in comparison.fields:
                continue
            title_of = heading(feature, f"{what.title.lower()}{of}")
            figure = _both(comparison, feature, what, title_of, title, titles)
            if figure is not None:
                yield f"{feature.key}-{what.key}both", figure
            for name, periods in (("difference", SEASONS[:1]), ("difference-seasons", SEASONS[1:])):
                change = f"{what.change} in {title_of.lower()}"
                figure = _differences(comparison, feature, what, periods, change, note)
                if figure is not None:
                    yield f"{feature.key}-{what.key}{name}", figure


def _both(
    comparison: Comparison,
    feature: FeatureClass,
    what: Quantity,
    title_of: str,
    title: str,
    titles: Titles,
) -> Figure | None:
    """Draw both sides with one scale; None where there are no data."""
    sides = {
        side: comparison.get(f"{what.prefix}{side}", feature.flag, "annual")
        for side in ("first", "second")
    }
    if not any(np.isfinite(values).any() for values in sides.values()):
        return None
    scale = sequential(largest_shown(list(sides.values())), feature, what.units)
    panels = [
        Panel(
            comparison.grid,
            values,
            _describe(comparison, side, titles[side]),
            beyond=np.isnan(values),
        )
        for side, values in sides.items()
    ]
    return draw_panels(panels, scale, what.title, title_of, title, 1)


def _minus(comparison: Comparison, titles: Titles) -> str:
    """Return what is subtracted from what, with the record of each side where they differ."""
    records = {side: _record(comparison, side) for side in ("first", "second")}
    if records["first"] == records["second"]:
        words = f"{titles['second']} minus {titles['first']}"
        return " · ".join(filter(None, (words, records["first"])))
    first, second = (
        f"{titles[side]} ({records[side]})" if records[side] else titles[side] for side in records
    )
    return f"{second} minus {first}"


def _describe(comparison: Comparison, side: str, title: str) -> str:
    """Return an experiment and its record: ``Control · 2 January 2000 – …, 160 time steps``."""
    return " · ".join(filter(None, (title, _record(comparison, side))))


def _record(comparison: Comparison, side: str) -> str:
    """Return the dates and steps of one side; empty if the file does not say."""
    known = comparison.attributes
    prefix = f"{side}_"
    facts = {n.removeprefix(prefix): t for n, t in known.items() if n.startswith(prefix)}
    span = span_of(facts)
    return describe_span(span, int(facts.get("steps", 0))) if span else ""


def _differences(
    comparison: Comparison,
    feature: FeatureClass,
    what: Quantity,
    periods: tuple[str, ...],
    title: str,
    note: str,
) -> Figure | None:
    """Draw the differences of periods with one symmetric scale; None where there are no data."""
    change = f"{what.prefix}difference"
    maps = {period: comparison.get(change, feature.flag, period) for period in periods}
    maps = {period: values for period, values in maps.items() if np.isfinite(values).any()}
    if len(maps) < min(2, len(periods)):
        return None
    scale = diverging(largest_shown(list(maps.values())), what.units_of_change)
    smallest = np.abs(scale.levels).min()
    panels = [
        Panel(
            comparison.grid,
            values,
            _season(comparison, feature, what, period) if len(maps) > 1 else "",
            hatched=_doubtful(comparison, feature, what, period, smallest),
            beyond=np.isnan(values),
        )
        for period, values in maps.items()
    ]
    return draw_panels(panels, scale, "Difference", title, note, 1 if len(panels) == 1 else 2)


def _season(comparison: Comparison, feature: FeatureClass, what: Quantity, period: str) -> str:
    """Return a period, and that it is not tested where others are."""
    is_tested = comparison.tests(what.prefix, feature.flag, period) or not comparison.tested
    return period if is_tested else f"{period} · not tested"


def _doubtful(
    comparison: Comparison, feature: FeatureClass, what: Quantity, period: str, smallest: float
) -> np.ndarray | None:
    """Return the cells with a visible difference that is not significant."""
    if not comparison.tests(what.prefix, feature.flag, period):
        return None
    change, significant = (
        comparison.get(f"{what.prefix}{name}", feature.flag, period)
        for name in ("difference", "significant")
    )
    return (np.abs(change) >= smallest) & ~(significant > 0.5)


def _test_note(comparison: Comparison) -> str:
    if comparison.tested:
        return "hatched where not significant (bootstrap by year, FDR 10 %)"
    if comparison.is_empty:
        return "neither side has any: there is nothing to test"
    return "too few years for a test of significance"
