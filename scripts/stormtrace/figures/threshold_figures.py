"""Figures of what is extreme: a percentile of a field by cell, annual or by season."""

from collections.abc import Iterator

import numpy as np
from matplotlib.figure import Figure

from stormtrace.figures.colours import scale_of
from stormtrace.figures.panels import Panel, draw_panels
from stormtrace.formats.extreme_thresholds import Thresholds
from stormtrace.grids import Grid
from stormtrace.numerals import ordinal


def draw_thresholds(thresholds: Thresholds, grid: Grid, title: str) -> Iterator[tuple[str, Figure]]:
    """Yield (file name, figure) for each percentile; grey where a cell has too few values."""
    wet = f" ({thresholds.wet_mm_day:g} mm/day and more)" if "wet" in thresholds.over else ""
    for row, percentile in enumerate(thresholds.percentiles):
        maps = thresholds.values[row]
        scale = scale_of([np.nan_to_num(one) for one in maps], "AR", thresholds.units)
        panels = [
            Panel(grid, values, period if len(maps) > 1 else "", beyond=np.isnan(values))
            for period, values in zip(thresholds.periods, maps, strict=True)
        ]
        columns = 2 if len(panels) > 1 else 1
        label = f"{ordinal(percentile)} percentile"
        heading = f"The {label} of {thresholds.field} over {thresholds.over}"
        figure = draw_panels(panels, scale, label, heading, f"{title}{wet}", columns)
        yield f"{thresholds.field}-p{percentile:g}".replace(".", "_"), figure
