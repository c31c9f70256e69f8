"""Figures made of maps that share one scale, laid out by hand: quick, and the same every time."""

import functools
import textwrap
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from stormtrace.figures.colours import Scale
from stormtrace.figures.maps import add_colourbar, draw_map, resolution
from stormtrace.figures.names import typeset
from stormtrace.figures.projections import MapProjection, view_of
from stormtrace.grids import Grid

#: Inches: the full width of a page in most journals (183 mm).
WIDTH = 7.2

#: Inches: round the figure, between panels, for its titles, a panel's title, the colour bar.
MARGIN, GAP, HEADING, PANEL_TITLE, FOOTER = 0.09, 0.12, 0.46, 0.19, 0.52

#: Inches: no map is higher, so that polar and narrow regions fit a page.
HIGHEST = 5.0

#: Inches between lines of the grey text under a title, and how many letters of it fill a line.
LINE, LETTERS = 0.13, 122

#: Marks the artists that are titles of the whole figure.
TITLE = "title"

#: Marks the titles of panels.
PANEL = "panel"


@dataclass(frozen=True)
class Panel:
    """One map of a figure.

    view: its projection; that of the grid if None. hatched: cells whose difference is not
    significant. beyond: cells without data, where nothing was looked for. note: small, under it.
    """

    grid: Grid
    values: NDArray[np.floating]
    title: str
    view: MapProjection | None = None
    hatched: NDArray[np.bool_] | None = None
    beyond: NDArray[np.bool_] | None = None
    note: str = ""

    @functools.cached_property
    def projection(self) -> MapProjection:
        """The projection of the map."""
        return self.view or view_of(self.grid)

    @property
    def aspect(self) -> float:
        """Height over width of the map."""
        spans = np.ptp(self.projection.outline(), axis=0)
        return float(spans[1] / spans[0])


def draw_panels(
    panels: list[Panel], scale: Scale, label: str, title: str, subtitle: str = "", columns: int = 2
) -> Figure:
    """Draw panels in rows of `columns`, with one scale and one colour bar for all.

    The title of a panel that is alone stands before the subtitle.
    """
    if len(panels) == 1:
        subtitle = " · ".join(filter(None, (panels[0].title, subtitle)))
    figure, places = lay_out([panel.aspect for panel in panels], columns, FOOTER)
    for position, (axes, panel) in enumerate(zip(places, panels, strict=True)):
        pixels = round(axes.get_position().width * WIDTH * resolution() * 1.1)
        draw_map(
            axes,
            panel.grid,
            panel.values,
            scale,
            panel.projection,
            panel.hatched,
            pixels,
            panel.beyond,
        )
        if len(panels) > 1:
            add_panel_title(axes, position, panel.title)
        if panel.note:
            add_note(axes, panel.note)
        if reason := why_empty(panel, scale):
            add_reason(axes, reason)
    add_colourbar(figure, scale, label)
    add_titles(figure, title, subtitle)
    return figure


def why_empty(panel: Panel, scale: Scale) -> str:
    """Return why a map shows nothing; empty if it shows something."""
    known = panel.values[np.isfinite(panel.values)]
    if known.size == 0:
        return "no time steps" if panel.beyond is None else "no data on the area of both"
    if scale.clear < 0:
        return ""
    if not known.any():
        return "no difference anywhere" if scale.clear else "none anywhere"
    if (np.searchsorted(scale.levels, known, side="right") == scale.clear).all():
        most = f"{float(np.abs(known).max()):.2g}".replace("-", "−")
        return f"nowhere above {most} {typeset(scale.units)}"
    return ""


def add_note(axes: Axes, note: str) -> None:
    """Write a small line under a map."""
    place = (0.5, -0.01)
    axes.text(
        *place, note, transform=axes.transAxes, ha="center", va="top", size=5.5, color="#6a6a6a"
    )


def add_reason(axes: Axes, reason: str) -> None:
    """Write into an empty map why it is empty."""
    axes.text(
        0.5,
        0.04,
        reason,
        transform=axes.transAxes,
        ha="center",
        size=7,
        color="#3a3a3a",
        zorder=7,
        bbox={"fc": "white", "ec": "none", "alpha": 0.8, "pad": 2},
    )


def lay_out(
    aspects: list[float],
    columns: int,
    footer: float = 0.0,
    below: float = 0.0,
    *,
    titled: bool = False,
) -> tuple[Figure, list[Axes]]:
    """Return a figure of page width and its axes, in rows of `columns`, for heights over widths.

    footer: inches at the foot of the figure; below: inches under each row; titled: whether a panel
    that is alone has a title, too.
    """
    columns = min(columns, len(aspects))
    column_width = (WIDTH - 2 * MARGIN - (columns - 1) * GAP) / columns
    width = min(column_width, HIGHEST / max(aspects))
    rows = [aspects[i : i + columns] for i in range(0, len(aspects), columns)]
    above = PANEL_TITLE if titled or len(aspects) > 1 else 0.0
    total = HEADING + footer + MARGIN + sum(width * max(row) + above + GAP + below for row in rows)
    figure = plt.figure(figsize=(WIDTH, total))
    axes, top = [], total - HEADING
    for row in rows:
        top -= above
        for column, aspect in enumerate(row):
            left = MARGIN + column * (column_width + GAP) + (column_width - width) / 2
            box = (left / WIDTH, (top - width * aspect) / total, width / WIDTH)
            axes.append(figure.add_axes((*box, width * aspect / total)))
        top -= width * max(row) + GAP + below
    return figure, axes


def add_panel_title(axes: Axes, position: int, title: str, inches: float | None = None) -> None:
    """Put a bold letter and a title over a panel; a long title is written smaller, then cut.

    inches: room for both; the width of the panel by default.
    """
    inches = inches or axes.get_window_extent().width / axes.figure.dpi
    room = 16 * (inches - 0.15)  # letters of 8.5 points
    size = min(8.5, max(6.0, 8.5 * room / max(len(title), 1)))
    title = textwrap.shorten(title, max(12, round(room * 8.5 / size) + 1), placeholder=" …")
    for x, text, weight, points in (
        (1, chr(ord("a") + position), "bold", 8.5),
        (11, title, "normal", size),
    ):
        axes.annotate(
            text,
            xy=(0, 1),
            xycoords="axes fraction",
            xytext=(x, 4),
            textcoords="offset points",
            weight=weight,
            size=points,
            gid=PANEL if weight == "normal" else None,
        )


def add_titles(figure: Figure, title: str, subtitle: str) -> None:
    """Put a bold title and grey lines under it at the top left, for which the figure grows."""
    lines = [part for line in subtitle.split("\n") for part in textwrap.wrap(line, LETTERS)]
    _grow(figure, LINE * max(0, len(lines) - 1))
    height = figure.get_figheight()
    left = MARGIN / WIDTH
    figure.text(left, 1 - 0.08 / height, title, weight="bold", size=10, va="top", gid=TITLE)
    for position, line in enumerate(lines):
        top = 1 - (0.26 + LINE * position) / height
        figure.text(left, top, line, color="#6a6a6a", size=7.5, va="top", gid=TITLE)


def _grow(figure: Figure, inches: float) -> None:
    """Add room at the top of a figure; all axes keep their size."""
    if inches == 0:
        return
    before = figure.get_figheight()
    figure.set_figheight(before + inches)
    share = before / (before + inches)
    for axes in figure.axes:
        left, bottom, width, height = axes.get_position(original=True).bounds
        axes.set_position((left, bottom * share, width, height * share))
