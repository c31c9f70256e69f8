"""Figures made of maps that share one scale."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from stormtrace.grids import Grid
from stormtrace.map.colours import Scale
from stormtrace.map.maps import add_colourbar, draw_map
from stormtrace.map.projections import Projection

WIDTH_INCHES = 7.2
"""The full width of a page in most journals (183 mm)."""

DOTS_PER_INCH = 170


@dataclass(frozen=True)
class Panel:
    """One map of a figure. hatched: cells whose difference is not significant."""

    grid: Grid
    values: NDArray[np.floating]
    title: str
    projection: Projection | None = None
    hatched: NDArray[np.bool_] | None = None


def draw_panels(
    panels: list[Panel], scale: Scale, label: str, title: str, subtitle: str = "", columns: int = 2
) -> Figure:
    """Draw panels in rows of `columns`, with one scale and one colour bar for all."""
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    width = WIDTH_INCHES / columns
    shapes = [_aspect(panel) for panel in panels]
    height = rows * (width * max(shapes) + (0.25 if len(panels) > 1 else 0.0)) + 1.0
    figure, grid = plt.subplots(
        rows, columns, figsize=(WIDTH_INCHES, height), layout="constrained", squeeze=False
    )
    for axes in grid.flat:
        axes.set_axis_off()
    for position, (axes, panel) in enumerate(zip(grid.flat, panels, strict=False)):
        pixels = round(width * DOTS_PER_INCH * 1.1)
        draw_map(axes, panel.grid, panel.values, scale, panel.projection, panel.hatched, pixels)
        if len(panels) > 1:
            letter = f"$\\bf{{{chr(ord('a') + position)}}}$  "
            axes.set_title(letter + panel.title, loc="left", pad=3)
    add_colourbar(figure, list(grid.flat), scale, label)
    add_titles(figure, title, subtitle)
    return figure


def add_titles(figure: Figure, title: str, subtitle: str) -> None:
    """Put a bold title and a grey line under it at the top left."""
    height = figure.get_figheight()
    figure.set_layout_engine("constrained", rect=(0, 0, 1, 1 - 0.42 / height))
    figure.text(0.012, 1 - 0.07 / height, title, weight="bold", size=10, va="top")
    figure.text(0.012, 1 - 0.25 / height, subtitle, color="#6a6a6a", size=7.5, va="top")


def _aspect(panel: Panel) -> float:
    """Return height over width of a panel's map."""
    if panel.projection is None:
        return 0.487  # Equal Earth
    spans = np.ptp(panel.projection.outline(), axis=0)
    return float(spans[1] / spans[0])


def save(figure: Figure, folder: Path, name: str) -> None:
    """Save a figure as PNG and PDF, and forget it."""
    figure.savefig(folder / f"{name}.png", dpi=DOTS_PER_INCH)
    figure.savefig(folder / f"{name}.pdf", dpi=2 * DOTS_PER_INCH)
    plt.close(figure)
