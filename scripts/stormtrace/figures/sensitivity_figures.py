"""Many experiments side by side: the panels of the talk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from stormtrace.climate.frequency import open_frequency
from stormtrace.figures.colours import diverging, largest_shown, sequential
from stormtrace.figures.names import short, words
from stormtrace.figures.panels import Panel, draw_panels
from stormtrace.grids import Grid
from stormtrace.grids.remapping import on_grid, same_grid


@dataclass(frozen=True)
class Annual:
    """How often an experiment finds each class: class → per cent of time steps, (lat, lon)."""

    grid: Grid
    per_cent: dict[str, NDArray[np.float64]]


def read_annual(path: Path | str) -> Annual:
    """Read the maps of a `frequency.nc` and nothing else: there may be many experiments."""
    with open_frequency(path) as frequency:
        names = frequency.features.names
        return Annual(frequency.grid, {name: frequency.per_cent(name) for name in names})


def draw_sensitivity(experiments: Mapping[str, Annual], title: str) -> Iterator[tuple[str, Figure]]:
    """Yield (file name, figure) for each class: all frequencies, and all minus the first's.

    Each panel keeps its experiment's own grid; differences are taken on the coarser of the two
    grids, regridded conservatively. One scale for all panels of a figure.
    """
    names = list(experiments)
    for feature in experiments[names[0]].per_cent:
        key, heading = short(feature).lower(), f"{words(feature)} frequency"
        maps = {name: one.per_cent[feature] for name, one in experiments.items()}
        scale = sequential(largest_shown(list(maps.values())), feature, "% of time steps")
        panels = [Panel(experiments[name].grid, maps[name], name) for name in names]
        yield f"{key}-frequency", draw_panels(panels, scale, "Frequency", heading, title)
        if len(names) > 1:
            differences = [_minus(experiments, name, names[0], feature) for name in names[1:]]
            shared = diverging(largest_shown([p.values for p in differences]), "percentage points")
            note = f"{title} · each minus {names[0]}"
            figure = draw_panels(differences, shared, "Difference", f"{heading}, changes", note)
            yield f"{key}-differences", figure


def _minus(experiments: Mapping[str, Annual], name: str, reference: str, feature: str) -> Panel:
    """Return the panel of one experiment minus the reference, on the coarser grid."""
    sides = [experiments[side] for side in (name, reference)]
    grid = sides[1].grid
    if not same_grid(sides[0].grid, grid):
        grid = min((side.grid for side in sides), key=lambda g: g.lat.size * g.lon.size)
    values = [on_grid(side.per_cent[feature], side.grid, grid) for side in sides]
    return Panel(grid, values[0] - values[1], name)
