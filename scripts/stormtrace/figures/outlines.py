"""Outlines of masks on a map, as vector lines."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from stormtrace.figures.projections import GLOBE, EqualEarth, Projection
from stormtrace.grids import Grid

#: Colours of several experts' outlines, told apart without colour vision (after Okabe and Ito).
EXPERTS = ("#d55e00", "#0072b2", "#cc79a7", "#009e73", "#e69f00", "#56b4e9")


def add_outlines(
    axes: Axes,
    grid: Grid,
    mask: NDArray[np.bool_],
    colour: str,
    width: float = 0.9,
    style: str = "solid",
    projection: Projection = GLOBE,
) -> None:
    """Draw the edges of a mask (lat, lon) into a map that `draw_map` made."""
    if not mask.any():
        return
    start = _cut(grid, projection)
    lon = np.roll(grid.lon, -start)
    x, y = projection.forward(*np.meshgrid(lon, grid.lat))
    field = np.roll(mask, -start, axis=1).astype(float)
    inside = np.isfinite(x) & np.isfinite(y)
    x, y = np.where(inside, x, 0.0), np.where(inside, y, 0.0)
    field = np.where(inside, field, 0.0)
    axes.contour(x, y, field, levels=[0.5], colors=[colour], linewidths=width, linestyles=style)


def _cut(grid: Grid, projection: Projection) -> int:
    """Return the first column east of the map's cut, where x begins to rise."""
    centre = (
        projection.central_lon
        if isinstance(projection, EqualEarth)
        else getattr(projection, "west", 0.0) + 180.0
    )
    return int(np.argmin((grid.lon - (centre - 180.0)) % 360.0))
