"""Figures of composites: the field while a class is present, its share, and the split change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from matplotlib.figure import Figure

from stormtrace.climate.composites import Composite, Maps, split_change
from stormtrace.figures.colours import diverging, largest_shown, sequential
from stormtrace.figures.names import short, words
from stormtrace.figures.panels import Panel, draw_panels


def draw_composites(
    composites: Mapping[str, Composite], field: str, title: str
) -> Iterator[tuple[str, Figure]]:
    """Yield (file name, figure) for each class: mean while present and share, by period."""
    first = next(iter(composites.values()))
    for feature in [part for part in first.sums if part != "all"]:
        key, name = short(feature).lower(), words(feature)
        means = {period: one.mean(feature) for period, one in composites.items()}
        heading = f"{field} while {_article(name)} is present"
        yield (
            f"{key}-{field}-composite",
            _panels(means, first, feature, heading, title, first.units),
        )
        shares = {period: one.share(feature) for period, one in composites.items()}
        heading = f"Share of {field} that falls within {name.lower()}s"
        yield f"{key}-{field}-share", _panels(shares, first, feature, heading, title, "%")


def draw_split(
    first: Composite, second: Composite, field: str, title: str
) -> Iterator[tuple[str, Figure]]:
    """Yield (file name, figure) for each class: change by frequency, by intensity, by both."""
    for feature in [part for part in first.sums if part != "all"]:
        maps = split_change(first, second, feature)
        names = {
            "total": f"Change of {field} from {short(feature)}s",
            "frequency": f"because {short(feature)}s are more or less frequent",
            "intensity": f"because they bring more or less {field}",
            "both": "because of both at once",
        }
        scale = diverging(largest_shown(list(maps.values())), first.units)
        panels = [Panel(first.grid, maps[key], name) for key, name in names.items()]
        heading = f"{field} of {words(feature).lower()}s: why it changes"
        figure = draw_panels(panels, scale, "Change of the mean over all steps", heading, title)
        yield f"{short(feature).lower()}-{field}-split", figure


def _panels(
    maps: Mapping[str, Maps], one: Composite, feature: str, heading: str, title: str, units: str
) -> Figure:
    scale = sequential(largest_shown([np.nan_to_num(m) for m in maps.values()]), feature, units)
    panels = [Panel(one.grid, values, period) for period, values in maps.items()]
    return draw_panels(panels, scale, "Mean", heading, title, 2 if len(panels) > 1 else 1)


def _article(name: str) -> str:
    return f"{'an' if name[0] in 'AEIOU' else 'a'} {name.lower()}"
