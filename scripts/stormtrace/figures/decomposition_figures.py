"""The maps of a decomposition: the difference, what each field contributes, and the remainder."""

from collections.abc import Iterator

import numpy as np
from matplotlib.figure import Figure

from stormtrace.figures.colours import diverging, largest_shown
from stormtrace.figures.names import heading
from stormtrace.figures.panels import Panel, draw_panels
from stormtrace.formats.decomposition_maps import DecompositionMaps

POINTS = "percentage points"


def draw_decomposition_figures(made: DecompositionMaps, title: str) -> Iterator[tuple[str, Figure]]:
    """Yield (file name, figure) of each class that has data, annual, on one scale."""
    of = " of tracked events" if made.attributes.get("counted_from") == "events" else ""
    names = {"difference": "Difference"}
    names |= {f"{field}_mean": f"{field} contributes" for field in made.fields}
    names |= {"remainder": "Remainder"}
    for feature in made.classes.features:
        maps = {name: made.get(name, feature.flag, "annual") for name in names}
        if not np.isfinite(maps["difference"]).any():
            continue
        panels = [
            Panel(made.grid, values, names[name], beyond=np.isnan(values))
            for name, values in maps.items()
        ]
        note = f"{title}\nmean of one field at a time and of all but one"
        scale = diverging(largest_shown(list(maps.values())), POINTS)
        words = f"Change in {heading(feature, f'frequency{of}').lower()}, by field"
        yield (
            f"{feature.key}-contributions",
            draw_panels(panels, scale, "Contribution", words, note, 2),
        )
