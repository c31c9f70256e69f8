"""Outlines of masks on a map, as vector lines."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from numpy.typing import NDArray
from skimage.measure import find_contours

from stormtrace.figures.map_lines import projected
from stormtrace.figures.projections import MapProjection, view_of
from stormtrace.grids import Grid
from stormtrace.sphere import unit_vectors

#: Colours of several experts' outlines, told apart without colour vision (after Okabe and Ito).
EXPERTS = ("#d55e00", "#0072b2", "#cc79a7", "#009e73", "#e69f00", "#56b4e9")


def add_outlines(
    axes: Axes,
    grid: Grid,
    mask: NDArray[np.bool_],
    colour: str,
    width: float = 0.9,
    style: str = "solid",
    projection: MapProjection | None = None,
) -> None:
    """Draw the edges of a mask (nlat, nlon) into a map that `draw_map` made."""
    lines = outlines(grid, mask)
    if lines:
        pieces = projected(lines, projection or view_of(grid))
        axes.add_collection(
            LineCollection(pieces, colors=colour, linewidths=width, linestyles=style, zorder=4)
        )


def outlines(grid: Grid, mask: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    """Return the edges of a mask as lines of (point, 2) longitudes and latitudes.

    Half-way between the centres of a cell inside and one outside. Where the grid wraps, so do the
    lines; at the edge of a region they end.
    """
    field = np.asarray(mask, np.float64)
    if grid.wraps:
        field = np.concatenate([field, field[:, :1]], axis=1)
    return [_places(grid, *line.T) for line in find_contours(field, 0.5)]


def _places(
    grid: Grid, row: NDArray[np.float64], column: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return longitude and latitude, (point, 2), of fractional rows and columns."""
    if grid.is_rectilinear:
        lon = np.append(grid.lon, grid.lon[0] + 360.0) if grid.wraps else grid.lon
        places = np.interp(column, np.arange(lon.size), lon), _along(row, grid.lat)
        return np.column_stack(places)
    if grid.projection is not None:
        x, y = _along(column, grid.projection.x), _along(row, grid.projection.y)
        lat, lon = grid.projection.inverse(x, y)
        return np.column_stack([lon, lat])
    x, y, z = _between(unit_vectors(grid.lat, grid.lon), row, column)
    lat = np.degrees(np.arctan2(z, np.hypot(x, y)))
    return np.column_stack([np.degrees(np.arctan2(y, x)), lat])


def _along(index: NDArray[np.float64], axis: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.interp(index, np.arange(axis.size), axis)


def _between(
    vectors: NDArray[np.float64], row: NDArray[np.float64], column: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return vectors (3, point) between the two cells that a contour's point lies between."""
    low = np.floor(row).astype(int), np.floor(column).astype(int)
    high = np.ceil(row).astype(int), np.ceil(column).astype(int)
    share = (row - low[0]) + (column - low[1])  # one of the two is whole
    return vectors[:, *low] * (1 - share) + vectors[:, *high] * share
