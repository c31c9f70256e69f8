"""The maps of a comparison: both sides and their difference."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from matplotlib.figure import Figure

from stormtrace.climate.comparison import SEASONS, Comparison
from stormtrace.figures.colours import diverging, largest_shown, sequential
from stormtrace.figures.names import short, words
from stormtrace.figures.panels import Panel, draw_panels

POINTS = "percentage points"


def draw_comparison_figures(comparison: Comparison, title: str) -> Iterator[tuple[str, Figure]]:
    """Yield (file name, figure): the annual difference, both sides, and the seasons."""
    of = " of tracked events" if comparison.attributes.get("counted_from") == "events" else ""
    names = [comparison.attributes[f"{side}_experiment"] for side in ("first", "second")]
    for feature in comparison.features.names:
        key, heading = short(feature).lower(), f"{words(feature)} frequency{of}"
        sides = [comparison.get(side, feature, "annual") for side in ("first", "second")]
        scale = sequential(largest_shown(sides), feature, "% of time steps")
        panels = [Panel(comparison.grid, v, n) for v, n in zip(sides, names, strict=True)]
        yield f"{key}-both", draw_panels(panels, scale, "Frequency", heading, title, 1)
        note = f"{title} · {names[1]} minus {names[0]}{_test_note(comparison)}"
        for name, periods in (("difference", ("annual",)), ("difference-seasons", SEASONS[1:])):
            figure = _differences(
                comparison, feature, periods, f"Change in {heading.lower()}", note
            )
            if figure is not None:
                yield f"{key}-{name}", figure


def _differences(
    comparison: Comparison, feature: str, periods: tuple[str, ...], heading: str, note: str
) -> Figure | None:
    """Draw the differences of periods with one symmetric scale; None where no data are."""
    maps = {period: comparison.get("difference", feature, period) for period in periods}
    maps = {period: values for period, values in maps.items() if np.isfinite(values).any()}
    if len(maps) < min(2, len(periods)):
        return None
    scale = diverging(largest_shown(list(maps.values())), POINTS)
    smallest = np.abs(scale.levels).min()
    panels = [
        Panel(
            comparison.grid,
            values,
            period,
            hatched=_doubtful(comparison, feature, period, smallest),
        )
        for period, values in maps.items()
    ]
    return draw_panels(panels, scale, "Difference", heading, note, 1 if len(panels) == 1 else 2)


def _doubtful(
    comparison: Comparison, feature: str, period: str, smallest: float
) -> np.ndarray | None:
    """Return the cells with a visible difference that is not significant."""
    if not comparison.tested:
        return None
    visible = np.abs(comparison.get("difference", feature, period)) >= smallest
    return visible & ~(comparison.get("significant", feature, period) > 0.5)


def _test_note(comparison: Comparison) -> str:
    if comparison.tested:
        return " · hatched where not significant (bootstrap by year, FDR 10 %)"
    return " · too few years for a test of significance"
