"""The lines of one experiment: seasons, years, the coast, and distributions of its events."""

from collections.abc import Callable, Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from stormtrace.classes import FeatureClass
from stormtrace.climate.frequency import Frequency
from stormtrace.climate.hovmoller import hovmoller
from stormtrace.climate.seasons import MONTHS
from stormtrace.climate.series import by_year, distribution, seasonal_cycle, years_in_part
from stormtrace.figures.colours import blend, line_colour, ramp
from stormtrace.figures.layers import BEYOND
from stormtrace.figures.names import HISTOGRAMS, sentence, typeset
from stormtrace.figures.panels import WIDTH, add_panel_title, add_titles

Drawing = tuple[str, Callable[[Axes], None]]

#: Months or years that make a line worth drawing.
FEWEST = 3


def has_months(frequency: Frequency) -> bool:
    """Whether there are months enough for a seasonal cycle, and for coasts by month."""
    return int((frequency.steps.sum(axis=0) > 0).sum()) >= FEWEST


def draw_lines(
    frequency: Frequency,
    events: Mapping[str, NDArray[np.floating]] | None,
    feature: FeatureClass,
    subtitle: str,
    coasts: Mapping[str, NDArray[np.bool_]],
) -> Figure | None:
    """Draw the lines of a class, four panels a row; None if the record is too short for any.

    coasts: name -> (nlat, nlon), the cells of each coast on the frequency's grid.
    """
    colour = line_colour(feature)
    counts = _of_counts(frequency, feature, colour, coasts)
    of_events = _of_events(events, colour)
    drawings = [*counts, *of_events]
    if not drawings:
        return None
    rows = -(-len(drawings) // 4)
    height = 0.55 + 1.75 * rows
    figure, grid = plt.subplots(rows, 4, figsize=(WIDTH, height), squeeze=False)
    bottom, top = 0.36 / height, 1 - 0.72 / height
    figure.subplots_adjust(0.065, bottom, 0.985, top, wspace=0.42, hspace=0.72)
    for axes in grid.flat[len(drawings) :]:
        axes.set_axis_off()
    for position, (axes, (title, draw)) in enumerate(zip(grid.flat, drawings, strict=False)):
        draw(axes)
        axes.tick_params(labelsize=6.5, length=2)
        add_panel_title(axes, position, title, WIDTH / 4)
    shown = {
        (True, True): "seasons, years and events",
        (True, False): "seasons and years",
        (False, True): "their events",
    }[bool(counts), bool(of_events)]
    words = f"{sentence(feature.plural)}: {shown}"
    add_titles(
        figure, words, f"{subtitle} · frequencies{frequency.of}" if frequency.of else subtitle
    )
    return figure


def _of_counts(
    frequency: Frequency,
    feature: FeatureClass,
    colour: str,
    coasts: Mapping[str, NDArray[np.bool_]],
) -> list[Drawing]:
    """Return the panels that need counts alone, where there are `FEWEST` months or years."""
    drawings: list[Drawing] = []
    months = has_months(frequency)
    if months:
        cycle = seasonal_cycle(frequency, feature.flag)

        def draw_cycle(axes: Axes) -> None:
            most = 0.0
            for side, style in (("north", "-"), ("south", "--")):
                values = np.array(cycle[side], np.float64)
                if not np.isfinite(values).any():
                    continue  # a grid of one hemisphere
                axes.plot(range(12), values, style, color=colour, lw=1.2, label=side)
                most = max(most, float(np.nanmax(values)))
            axes.set_xticks(range(12), [name[0] for name in MONTHS])
            axes.set_ylim(0, min(100.0, 1.1 * most) or 1.0)
            axes.set_ylabel("% of time steps", size=6.5)
            axes.legend(frameon=False, fontsize=6)

        drawings.append(("by hemisphere", draw_cycle))
    years, means = by_year(frequency, feature.flag)
    if len(years) >= FEWEST:
        short = years_in_part(frequency)
        parts = [(year, mean) for year, mean in zip(years, means, strict=True) if year in short]

        def draw_years(axes: Axes) -> None:
            axes.plot(years, means, "o-", color=colour, lw=1.2, ms=2.5)
            inside = axes.get_facecolor()
            for year, mean in parts:
                axes.plot(year, mean, "o", ms=2.5, mfc=inside, mec=colour, zorder=3)
            axes.set_ylim(0, min(100.0, 1.1 * max(means)) or 1.0)
            axes.set_ylabel("% of the area", size=6.5)

        title = "year by year (hollow: in part)" if parts else "year by year"
        drawings.append((title, draw_years))
    if months:
        for name, coast in coasts.items():
            grey = "; grey: no steps" if (frequency.steps.sum(axis=0) == 0).any() else ""
            title = f"{name}, coast, %{grey}"
            drawings.append((title, _along_coast(frequency, feature, coast)))
    return drawings


def _along_coast(
    frequency: Frequency, feature: FeatureClass, coast: NDArray[np.bool_]
) -> Callable[[Axes], None]:
    """Return the drawing of latitude × month along a coast."""
    lat, values = hovmoller(frequency, feature.flag, coast)

    def draw(axes: Axes) -> None:
        colours = blend(ramp(feature), 9)
        edges, rows = _rows(lat, values)
        mesh = axes.pcolormesh(
            np.arange(13) - 0.5,
            edges,
            rows,
            cmap=ListedColormap(list(colours)),
            vmin=0.0,
            vmax=float(np.nan_to_num(values).max()) or 1.0,
        )
        axes.set_facecolor(BEYOND)  # months without steps, latitudes without a coast
        axes.set_xticks(range(12), [name[0] for name in MONTHS])
        axes.set_ylabel("latitude, °", size=6.5)
        bar = axes.figure.colorbar(mesh, ax=axes, pad=0.03, aspect=14)
        bar.ax.tick_params(labelsize=6, length=1.5)
        bar.outline.set_linewidth(0.4)

    return draw


def _rows(
    lat: NDArray[np.float64], values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return edges (m + 1,) and rows (m, 12) of bands; between two that do not touch a row of NaN.

    All are as wide as the nearest two are apart, or one degree where there is one alone.
    """
    half = 0.5 * float(np.diff(lat).min(initial=np.inf)) if lat.size > 1 else 0.5
    edges, rows = [float(lat[0]) - half], []
    for middle, band in zip(lat, values, strict=True):
        if middle - half > edges[-1] + 0.5 * half:
            edges.append(float(middle) - half)
            rows.append(np.full(12, np.nan))
        edges.append(float(middle) + half)
        rows.append(band)
    return np.array(edges), np.array(rows)


def _of_events(events: Mapping[str, NDArray[np.floating]] | None, colour: str) -> list[Drawing]:
    """Return a histogram of each measure the events have."""
    drawings: list[Drawing] = []
    for column, (title, units, factor) in HISTOGRAMS.items():
        if events is None or column not in events:
            continue
        values = events[column] * factor
        edges, shares = distribution(values)
        if shares.size:
            is_open = np.nanmax(values) > edges[-1]
            label = typeset(units) + (f", the last {edges[-2]:g} and more" if is_open else "")
            drawings.append((title.lower(), _histogram(edges, shares, label, colour)))
    return drawings


def _histogram(
    edges: NDArray[np.float64], shares: NDArray[np.float64], label: str, colour: str
) -> Callable[[Axes], None]:
    def draw(axes: Axes) -> None:
        axes.stairs(shares, edges, fill=True, color=colour, lw=0)
        axes.set_xlim(0, edges[-1])
        axes.set_ylim(0, min(100.0, 1.05 * shares.max()))
        axes.set_xlabel(label, size=6.5, labelpad=1)
        axes.set_ylabel("% of events", size=6.5)

    return draw
