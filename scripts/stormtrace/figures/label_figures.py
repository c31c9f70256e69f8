"""Predictions against the labels of experts, and input fields with what was detected."""

from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import Protocol

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from stormtrace.classes import Classes, FeatureClass
from stormtrace.figures.colours import Scale, line_colour, spanning
from stormtrace.figures.maps import add_colourbar, draw_map, overlay
from stormtrace.figures.outlines import EXPERTS, add_outlines
from stormtrace.figures.panels import MARGIN, WIDTH, add_panel_title, add_titles, lay_out
from stormtrace.figures.projections import view_of
from stormtrace.grids import Grid

#: Canonical field -> (words, units, low, high) of its scale; others' are from the field itself.
FIELDS = {
    "TMQ": ("Precipitable water", "kg m-2", 0.0, 60.0),
    "U850": ("Zonal wind at 850 hPa", "m s-1", -30.0, 30.0),
    "V850": ("Meridional wind at 850 hPa", "m s-1", -30.0, 30.0),
    "PSL": ("Sea level pressure", "hPa", 970.0, 1040.0),
}
FOOTER = 0.45

#: Styles of the outlines of one expert's classes, in the order of their codes.
STYLES = ("solid", "dotted", "dashed", "dashdot")


class Labelling(Protocol):
    """One time: a background field, the prediction, and the labels of each expert, one map each."""

    @property
    def time(self) -> str:
        """Date and time."""

    @property
    def grid(self) -> Grid:
        """Grid of all maps."""

    @property
    def background(self) -> NDArray[np.float32]:
        """Field under the detections."""

    @property
    def prediction(self) -> NDArray[np.uint8]:
        """Codes that the model gives."""

    @property
    def labels(self) -> Sequence[NDArray[np.uint8]]:
        """Codes that each expert gives."""


def draw_labels(
    labellings: Sequence[Labelling], field: str, classes: Classes, title: str, subtitle: str
) -> Figure:
    """Draw prediction (filled) and experts' outlines of some times over a field."""
    aspects = [_aspect(one.grid) for one in labellings]
    figure, places = lay_out(aspects, 2 if len(labellings) > 1 else 1, FOOTER)
    for position, (axes, one) in enumerate(zip(places, labellings, strict=True)):
        draw_map(axes, one.grid, *background(field, one.background), pixels=700)
        for feature in classes.features:
            overlay(axes, one.grid, one.prediction == feature.code, line_colour(feature), 0.6)
        for expert, labels in enumerate(one.labels):
            colour = EXPERTS[expert % len(EXPERTS)]
            for feature, style in zip(classes.features, cycle(STYLES)):
                add_outlines(axes, one.grid, labels == feature.code, colour, 0.8, style)
        count = len(one.labels)
        experts = f"{count} expert{'s' if count > 1 else ''}"
        add_panel_title(axes, position, f"{one.time} · {experts}")
    _legend(figure, classes, max(len(one.labels) for one in labellings))
    add_titles(figure, title, subtitle)
    return figure


def draw_fields(
    grid: Grid,
    values: dict[str, NDArray[np.float32]],
    mask: NDArray[np.integer],
    classes: Classes,
    title: str,
    subtitle: str,
) -> Iterator[tuple[str, Figure]]:
    """Yield one figure a field with the detected outlines, and one with all of them."""
    for field, field_values in values.items():
        words = _words(field)
        figure, places = lay_out([_aspect(grid)], 1, 0.52)
        _with_outlines(places[0], grid, field, field_values, mask, classes, 1.0)
        add_colourbar(figure, background(field, field_values)[1], words)
        add_titles(figure, f"{words} and what was detected", subtitle)
        yield field, figure
    figure, places = lay_out([_aspect(grid)] * len(values), 2, FOOTER)
    for position, (axes, (field, field_values)) in enumerate(
        zip(places, values.items(), strict=True)
    ):
        _with_outlines(axes, grid, field, field_values, mask, classes, 0.7)
        add_panel_title(axes, position, _words(field))
    _legend(figure, classes, 0)
    add_titles(figure, title, subtitle)
    yield "fields", figure


def _with_outlines(
    axes: Axes,
    grid: Grid,
    field: str,
    values: NDArray[np.float32],
    mask: NDArray[np.integer],
    classes: Classes,
    width: float,
) -> None:
    draw_map(axes, grid, *background(field, values), pixels=800)
    for feature in classes.features:
        add_outlines(axes, grid, mask == feature.code, line_colour(feature), width)


def _aspect(grid: Grid) -> float:
    """Return height over width of the map of a grid."""
    width, height = np.ptp(view_of(grid).outline(), axis=0)
    return float(height / width)


def background(field: str, values: NDArray[np.floating]) -> tuple[NDArray[np.floating], Scale]:
    """Return a field in the units of its scale, and the scale: grey, so that colours stand out."""
    canonical = field.upper()
    if canonical == "PSL":
        values = values / 100.0
    low, high = np.nanquantile(values, [0.005, 0.995])
    _, units, low, high = FIELDS.get(canonical, (field, "", float(low), float(high)))
    return values, spanning(low, high, units)


def _words(field: str) -> str:
    return FIELDS[field.upper()][0] if field.upper() in FIELDS else field


def _legend(figure: Figure, classes: Classes, experts: int) -> None:
    """Explain fills and lines at the foot."""
    handles: list[Artist] = [_filled(feature) for feature in classes.features]
    if experts:
        handles += [
            Line2D([], [], color="#444", lw=0.9, ls=style, label=f"{feature.short}, labelled")
            for feature, style in zip(classes.features, cycle(STYLES))
        ]
    handles += [
        Line2D([], [], color=EXPERTS[e % len(EXPERTS)], lw=1.4, label=f"expert {e + 1}")
        for e in range(experts)
    ]
    figure.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(MARGIN / WIDTH, 0.0),
        ncols=4,
        frameon=False,
        fontsize=7,
        handlelength=1.6,
        columnspacing=1.4,
    )


def _filled(feature: FeatureClass) -> Patch:
    return Patch(color=line_colour(feature), alpha=0.7, label=f"{feature.short}, detected")
