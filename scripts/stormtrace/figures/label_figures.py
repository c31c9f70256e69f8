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

from stormtrace.classes import IGNORED, Classes, FeatureClass
from stormtrace.figures.colours import Scale, line_colour, spanning
from stormtrace.figures.maps import add_colourbar, draw_map, overlay
from stormtrace.figures.outlines import add_outlines, expert_colours
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
#: Inches: a line of the legend; a colour bar with its ticks and label.
LEGEND_LINE, BAR = 0.15, 0.52

#: Entries of the legend in a line.
ENTRIES = 5

#: Colour and opacity of a veil over what nobody looked at.
UNSEEN = ("#ffffff", 0.65)

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
        """Codes that each expert gives; `IGNORED` where nobody looked."""


def draw_labels(
    labellings: Sequence[Labelling], field: str, classes: Classes, title: str, subtitle: str
) -> Figure:
    """Draw prediction (filled) and experts' outlines of some times over a field."""
    count = max(len(one.labels) for one in labellings)
    handles = _handles(classes, expert_colours(classes, count))
    unseen = [np.all([labels == IGNORED for labels in one.labels], axis=0) for one in labellings]
    if any(mask.any() for mask in unseen):
        handles.append(Patch(fc=UNSEEN[0], ec="#888", lw=0.6, label="not labelled"))
    scale = background(field, np.concatenate([one.background.ravel() for one in labellings]))[1]
    aspects = [_aspect(one.grid) for one in labellings]
    columns = 2 if len(labellings) > 1 else 1
    figure, places = lay_out(aspects, columns, BAR + _legend_height(handles), titled=True)
    for position, (axes, one) in enumerate(zip(places, labellings, strict=True)):
        draw_map(axes, one.grid, background(field, one.background)[0], scale, pixels=700)
        for feature in classes.features:
            overlay(axes, one.grid, one.prediction == feature.code, line_colour(feature), 0.6)
        if unseen[position].any():
            overlay(axes, one.grid, unseen[position], *UNSEEN)
        for colour, labels in zip(expert_colours(classes, count), one.labels, strict=False):
            for feature, style in zip(classes.features, cycle(STYLES)):
                add_outlines(axes, one.grid, labels == feature.code, colour, 0.8, style)
        experts = f"{len(one.labels)} expert{'' if len(one.labels) == 1 else 's'}"
        add_panel_title(axes, position, f"{one.time} · {experts}")
    _legend(figure, handles)
    add_colourbar(figure, scale, _words(field), (0.2, 0.44 + _legend_height(handles), 0.6))
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
    """Yield one figure a field with the detected outlines, and one with all of them.

    title: the experiment's; subtitle: the time.
    """
    handles = _handles(classes, [])
    foot = _legend_height(handles)
    note = " · ".join(filter(None, (title, subtitle)))
    for field, field_values in values.items():
        words = _words(field)
        figure, places = lay_out([_aspect(grid)], 1, BAR + foot)
        _with_outlines(places[0], grid, field, field_values, mask, classes, 1.0)
        scale = background(field, field_values)[1]
        add_colourbar(figure, scale, words, (0.2, 0.44 + foot, 0.6))
        _legend(figure, handles)
        add_titles(figure, f"{words} and what was detected", note)
        yield field, figure
    figure, places = lay_out([_aspect(grid)] * len(values), 2, foot, BAR)
    for position, (axes, (field, field_values)) in enumerate(
        zip(places, values.items(), strict=True)
    ):
        _with_outlines(axes, grid, field, field_values, mask, classes, 0.7)
        if len(values) > 1:  # the heading names a field that is alone
            add_panel_title(axes, position, _words(field))
        box = axes.get_position()
        place = (
            box.x0 + 0.1 * box.width,
            box.y0 * figure.get_figheight() - 0.13,
            0.8 * box.width,
        )
        add_colourbar(figure, background(field, field_values)[1], "", place)
    _legend(figure, handles)
    what = "Input fields" if len(values) > 1 else _words(next(iter(values)))
    add_titles(figure, f"{what} and what was detected", note)
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


def _handles(classes: Classes, experts: Sequence[str]) -> list[Artist]:
    """Return what a legend explains: fills of classes, lines of labels, a colour an expert."""
    handles: list[Artist] = [_filled(feature) for feature in classes.features]
    if experts:
        handles += [
            Line2D([], [], color="#444", lw=0.9, ls=style, label=f"{feature.short}, labelled")
            for feature, style in zip(classes.features, cycle(STYLES))
        ]
    return handles + [
        Line2D([], [], color=colour, lw=1.4, label=f"expert {number}")
        for number, colour in enumerate(experts, start=1)
    ]


def _legend_height(handles: Sequence[Artist]) -> float:
    """Return the inches that a legend needs at the foot."""
    return 0.08 + LEGEND_LINE * -(-len(handles) // ENTRIES)


def _legend(figure: Figure, handles: Sequence[Artist]) -> None:
    """Explain fills and lines at the foot."""
    figure.legend(
        handles=list(handles),
        loc="lower left",
        bbox_to_anchor=(MARGIN / WIDTH, 0.0),
        ncols=ENTRIES,
        frameon=False,
        fontsize=7,
        handlelength=1.6,
        columnspacing=1.4,
        borderpad=0.2,
        labelspacing=0.3,
    )


def _filled(feature: FeatureClass) -> Patch:
    return Patch(color=line_colour(feature), alpha=0.7, label=f"{feature.short}, detected")
