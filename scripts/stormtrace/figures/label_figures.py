"""Labels against predictions: what the network sees, and what each expert saw."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from stormtrace.figures.colours import SEQUENTIAL, Scale, spanning
from stormtrace.figures.maps import add_colourbar, draw_map, overlay
from stormtrace.figures.outlines import EXPERTS, add_outlines
from stormtrace.figures.panels import MARGIN, WIDTH, add_panel_title, add_titles, lay_out
from stormtrace.grids import Grid

#: Field -> (words, units, low, high) of its scale; None: from the field itself.
FIELDS = {
    "TMQ": ("Precipitable water", "kg m$^{-2}$", 0.0, 60.0),
    "U850": ("Zonal wind at 850 hPa", "m s$^{-1}$", -30.0, 30.0),
    "V850": ("Meridional wind at 850 hPa", "m s$^{-1}$", -30.0, 30.0),
    "PSL": ("Sea level pressure", "hPa", 970.0, 1040.0),
}
FOOTER = 0.45


@dataclass(frozen=True)
class Labelling:
    """One time: a background field, the prediction, and the labels of each expert, (lat, lon)."""

    time: str
    grid: Grid
    background: NDArray[np.float32]
    prediction: NDArray[np.uint8]
    labels: Sequence[NDArray[np.uint8]]


def draw_labels(
    labellings: Sequence[Labelling], field: str, codes: dict[str, int], title: str, subtitle: str
) -> Figure:
    """Draw prediction (filled) and experts' outlines of some times over a field."""
    figure, places = lay_out([0.487] * len(labellings), 2 if len(labellings) > 1 else 1, FOOTER)
    for position, (axes, one) in enumerate(zip(places, labellings, strict=True)):
        draw_map(axes, one.grid, *background(field, one.background), pixels=700)
        for feature, code in codes.items():
            _fill(axes, one.grid, one.prediction == code, feature)
        for expert, labels in enumerate(one.labels):
            colour = EXPERTS[expert % len(EXPERTS)]
            for style, code in zip(("solid", "dotted"), codes.values(), strict=False):
                add_outlines(axes, one.grid, labels == code, colour, 0.8, style)
        count = len(one.labels)
        experts = f"{count} expert{'s' if count > 1 else ''}"
        add_panel_title(axes, position, f"{one.time} · {experts}")
    _legend(figure, codes, max(len(one.labels) for one in labellings))
    add_titles(figure, title, subtitle)
    return figure


def draw_fields(
    grid: Grid,
    values: dict[str, NDArray[np.float32]],
    mask: NDArray[np.integer],
    codes: dict[str, int],
    title: str,
    subtitle: str,
) -> Iterator[tuple[str, Figure]]:
    """Yield one figure a field with the detected outlines, and one with all of them."""
    for field, field_values in values.items():
        words = FIELDS.get(field, (field, "", 0, 0))[0]
        figure, places = lay_out([0.487], 1, 0.52)
        _with_outlines(places[0], grid, field, field_values, mask, codes, 1.0)
        add_colourbar(figure, background(field, field_values)[1], words)
        add_titles(figure, f"{words} and what was found", subtitle)
        yield field, figure
    figure, places = lay_out([0.487] * len(values), 2, FOOTER)
    for position, (axes, (field, field_values)) in enumerate(
        zip(places, values.items(), strict=True)
    ):
        _with_outlines(axes, grid, field, field_values, mask, codes, 0.7)
        add_panel_title(axes, position, FIELDS.get(field, (field,))[0])
    _legend(figure, codes, 0)
    add_titles(figure, title, subtitle)
    yield "fields", figure


def _with_outlines(
    axes: Axes,
    grid: Grid,
    field: str,
    values: NDArray[np.float32],
    mask: NDArray[np.integer],
    codes: dict[str, int],
    width: float,
) -> None:
    draw_map(axes, grid, *background(field, values), pixels=800)
    for feature, code in codes.items():
        add_outlines(axes, grid, mask == code, _colour(feature), width)


def background(field: str, values: NDArray[np.floating]) -> tuple[NDArray[np.floating], Scale]:
    """Return a field in the units of its scale, and the scale: grey, so that colours stand out."""
    if field == "PSL":
        values = values / 100.0
    low, high = np.nanquantile(values, [0.005, 0.995])
    _, units, low, high = FIELDS.get(field, (field, "", float(low), float(high)))
    return values, spanning(low, high, units)


def _colour(feature: str) -> str:
    return SEQUENTIAL.get(feature, SEQUENTIAL["other"])[4]


def _fill(axes: Axes, grid: Grid, mask: NDArray[np.bool_], feature: str) -> None:
    """Fill a mask half-transparently, under the outlines."""
    overlay(axes, grid, mask, _colour(feature), 0.6)


def _legend(figure: Figure, codes: dict[str, int], experts: int) -> None:
    """Say at the foot what fills and lines mean."""
    names = [feature.replace("_", " ") for feature in codes]
    handles: list[Artist] = [
        Patch(color=_colour(feature), alpha=0.7, label=f"{name}, found")
        for feature, name in zip(codes, names, strict=True)
    ]
    if experts:
        handles += [
            Line2D([], [], color="#444", lw=0.9, ls=style, label=f"{name}, labelled")
            for style, name in zip(("-", ":"), names, strict=False)
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
