"""Outlines of masks on a map, as vector lines."""

from collections.abc import Sequence
from itertools import cycle, islice

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from numpy.typing import NDArray
from skimage.measure import find_contours

from stormtrace.classes import Classes
from stormtrace.figures.colours import line_colour
from stormtrace.figures.map_lines import projected
from stormtrace.figures.projections import MapProjection, view_of
from stormtrace.grids import Grid
from stormtrace.sphere import unit_vectors

#: Colours of experts' outlines, dark and light in turn, so that they are told apart in grey, too.
EXPERTS = (
    "#111111", "#e75ab5", "#0a7d33", "#ffd92f", "#6a3fc4", "#8a4b14", "#8fe388", "#b3002d",
)  # fmt: skip

#: Difference (CIEDE2000) of two colours that nobody takes for one another; 2 is just seen.
DISTINCT = 20.0


def expert_colours(classes: Classes, count: int) -> list[str]:
    """Return a colour for each expert, none like a class's; of many they repeat."""
    from skimage.color import deltaE_ciede2000, rgb2lab

    def lab(colours: Sequence[str]) -> NDArray[np.float64]:
        return rgb2lab(np.array([mpl.colors.to_rgb(colour) for colour in colours]))

    taken = lab([line_colour(feature) for feature in classes.features])
    apart = deltaE_ciede2000(lab(EXPERTS)[:, None], taken[None]).min(axis=1)
    free = [colour for colour, far in zip(EXPERTS, apart, strict=True) if far >= DISTINCT]
    return list(islice(cycle(free or EXPERTS), count))


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
