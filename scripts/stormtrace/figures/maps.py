"""Drawing one map: the field as one image, everything else as vectors."""

import functools
import logging
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Polygon
from numpy.typing import NDArray

from stormtrace.figures.colours import Scale
from stormtrace.figures.layers import Picture, hatch, lay, veil
from stormtrace.figures.map_lines import add_lines
from stormtrace.figures.names import typeset
from stormtrace.figures.projections import MapProjection, view_of
from stormtrace.grids import Grid
from stormtrace.land import is_land

LAND, SEA, INK = "#e7e5e0", "#fbfbfa", "#2b2b2b"
FONTS = ("Helvetica Neue", "Arial", "Liberation Sans", "DejaVu Sans")
STYLE: dict[Any, Any] = {
    "font.size": 8,
    "axes.linewidth": 0.5,
    "axes.titlesize": 8.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.5,
    "ytick.major.width": 0.5,
    "pdf.fonttype": 42,
    "savefig.facecolor": "white",
    "image.composite_image": False,
}


#: Resolution of PNG, and of the pictures of maps in PDF.
DOTS_PER_INCH = 170


class Corners(NamedTuple):
    """The four cells round each of some places, by which their values are interpolated.

    inside: whether a place is on the grid; the others hold what is. cells: (4, n), south-west,
    south-east, north-west and north-east, of the raveled grid. up, right: (n,), 0…1 of the way.
    """

    inside: NDArray[np.bool_]
    cells: NDArray[np.intp]
    up: NDArray[np.float64]
    right: NDArray[np.float64]


def use_style(dots_per_inch: int = DOTS_PER_INCH) -> None:
    """Set matplotlib up for figures of a paper; no display is needed."""
    mpl.use("Agg")
    logging.getLogger("fontTools").setLevel(logging.WARNING)  # it logs every glyph
    mpl.rcParams.update(STYLE | {"savefig.dpi": dots_per_inch})
    # Families by name: a generic one is its first family alone, and a glyph that this one lacks
    # (the minus of kg m⁻² in Liberation Sans) would be a box.
    mpl.rcParams["font.family"] = _installed(FONTS)


def _installed(families: tuple[str, ...]) -> list[str]:
    """Keep the families this machine has, so that matplotlib does not warn of the others."""
    from matplotlib.font_manager import fontManager

    names = set(fontManager.get_font_names())
    return [family for family in families if family in names]


def draw_map(
    axes: Axes,
    grid: Grid,
    values: NDArray[np.floating] | None,
    scale: Scale | None,
    projection: MapProjection | None = None,
    hatched: NDArray[np.bool_] | None = None,
    pixels: int = 1100,
    beyond: NDArray[np.bool_] | None = None,
) -> None:
    """Draw `values` (nlat, nlon) with land, coastlines and a graticule into `axes`.

    What lies beyond the grid, the cells `beyond` and those without a value are grey: white is for
    zero, found where something was looked for.

    projection: `view_of` the grid if None. hatched: (nlat, nlon), cells to cover with thin oblique
    lines ("not significant"). pixels: width of the field's image; the coastlines are vectors.
    """
    projection = projection or view_of(grid)
    outline = projection.outline()
    (x0, y0), (x1, y1) = outline.min(axis=0), outline.max(axis=0)
    places = _cells_of_pixels(grid, projection, pixels)
    picture = _ground(projection, pixels).copy()
    outside = ~np.isfinite(places[0])
    if beyond is not None and beyond.any():
        outside |= _at(grid, beyond, *places, nearest=True) > 0.5
    veil(picture, outside)
    if values is not None and scale is not None:
        shown = _interpolate(values, _corners_of_pixels(grid, projection, pixels))
        if not np.isfinite(values).all():
            own = _at(grid, values, *places, nearest=True)
            shown = np.where(np.isnan(shown), own, shown)  # beside a cell without a value
            veil(picture, np.isnan(own) & ~outside)
        lay(picture, scale.paint(shown))
    if hatched is not None:
        hatch(picture, _at(grid, hatched, *places, nearest=True) > 0.5)
    edge = Polygon(outline, fc="none", ec=INK, lw=0.6, zorder=5, clip_on=False)
    drawn = axes.imshow(
        picture,
        extent=(x0, x1, y0, y1),
        origin="lower",
        interpolation="none",
        zorder=1,
    )
    add_lines(axes, projection)
    axes.add_patch(edge)
    for artist in (drawn, *axes.collections):
        artist.set_clip_path(edge)
    margin = 0.004 * (x1 - x0)
    axes.set(xlim=(x0 - margin, x1 + margin), ylim=(y0 - margin, y1 + margin), aspect="equal")
    axes.set_axis_off()


def overlay(
    axes: Axes,
    grid: Grid,
    mask: NDArray[np.bool_],
    colour: str,
    alpha: float,
    projection: MapProjection | None = None,
    pixels: int = 700,
) -> None:
    """Lay a half-transparent colour over the cells of a mask on a map that `draw_map` made."""
    projection = projection or view_of(grid)
    outline = projection.outline()
    (x0, y0), (x1, y1) = outline.min(axis=0), outline.max(axis=0)
    shown = _at(grid, mask, *_cells_of_pixels(grid, projection, pixels), nearest=True) > 0.5
    image = np.zeros((*shown.shape, 4), np.float32)
    image[..., :3], image[..., 3] = mpl.colors.to_rgb(colour), alpha * shown
    axes.imshow(image, extent=(x0, x1, y0, y1), origin="lower", interpolation="none", zorder=1.5)


@functools.lru_cache(maxsize=8)
def _pixel_places(
    projection: MapProjection, pixels: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return lon, lat of every pixel of a map that is `pixels` wide."""
    outline = projection.outline()
    (x0, y0), (x1, y1) = outline.min(axis=0), outline.max(axis=0)
    height = round(pixels * (y1 - y0) / (x1 - x0))
    x = x0 + (np.arange(pixels) + 0.5) / pixels * (x1 - x0)
    y = y0 + (np.arange(height) + 0.5) / height * (y1 - y0)
    return projection.inverse(x[None, :], y[:, None])


@functools.lru_cache(maxsize=8)
def _ground(projection: MapProjection, pixels: int) -> Picture:
    """Return land and sea, RGBA; transparent outside the map."""
    lon, lat = _pixel_places(projection, pixels)
    inside = np.isfinite(lon)
    land = is_land(np.where(inside, lat, 0.0), np.where(inside, lon, 0.0))
    colours = [mpl.colors.to_rgba(colour) for colour in (SEA, LAND)] + [(1.0, 1.0, 1.0, 0.0)]
    return np.array(colours, np.float32)[np.where(inside, land.astype(np.intp), 2)]


@functools.lru_cache(maxsize=8)
def _cells_of_pixels(
    grid: Grid, projection: MapProjection, pixels: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return fractional row and column of every pixel of a map; NaN outside the grid."""
    lon, lat = _pixel_places(projection, pixels)
    return grid.locate(lat, lon)


@functools.lru_cache(maxsize=4)
def _corners_of_pixels(grid: Grid, projection: MapProjection, pixels: int) -> Corners:
    """Return what a bilinear value at every pixel of a map is made of."""
    return _corners(grid, *_cells_of_pixels(grid, projection, pixels))


def sample(
    grid: Grid,
    values: NDArray[np.generic],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    nearest: bool = False,
) -> NDArray[np.float64]:
    """Return `values` (nlat, nlon) at points, bilinear or nearest; NaN beyond the grid.

    Between the last column and the first a grid that wraps goes round; beyond the outermost centres
    the nearest one counts, up to its edge.
    """
    return _at(grid, values, *grid.locate(lat, lon), nearest=nearest)


def _at(
    grid: Grid,
    values: NDArray[np.generic],
    row: NDArray[np.float64],
    column: NDArray[np.float64],
    nearest: bool = False,
) -> NDArray[np.float64]:
    """Return `values` at fractional rows and columns; NaN where these are."""
    if not nearest:
        return _interpolate(values, _corners(grid, row, column))
    inside = np.isfinite(row)
    row, column = np.where(inside, row, 0.0), np.where(inside, column, 0.0)
    field = np.asarray(values, np.float64)
    found = field[np.rint(row).astype(int), np.rint(column).astype(int) % grid.shape[1]]
    return np.where(inside, found, np.nan)


def _corners(grid: Grid, row: NDArray[np.float64], column: NDArray[np.float64]) -> Corners:
    """Return the four cells round fractional rows and columns."""
    nlat, nlon = grid.shape
    inside = np.isfinite(row)
    row, column = row[inside], column[inside]
    south, west = row.astype(np.intp), column.astype(np.intp)
    north = np.minimum(south + 1, nlat - 1)
    east = (west + 1) % nlon if grid.wraps else np.minimum(west + 1, nlon - 1)
    up, right = row - south, column - west
    west = west % nlon
    pairs = ((south, west), (south, east), (north, west), (north, east))
    cells = np.array([rows * nlon + columns for rows, columns in pairs])
    return Corners(inside, cells, up, right)


def _interpolate(values: NDArray[np.generic], corners: Corners) -> NDArray[np.float64]:
    """Return bilinear values; NaN outside the grid."""
    field, right, up = np.asarray(values, np.float64).ravel(), corners.right, corners.up
    south_west, south_east, north_west, north_east = (field.take(one) for one in corners.cells)
    lower = south_west * (1 - right) + south_east * right
    upper = north_west * (1 - right) + north_east * right
    found = np.full(corners.inside.shape, np.nan)
    found[corners.inside] = lower * (1 - up) + upper * up
    return found


def resolution() -> int:
    """Return the dots per inch that figures are saved with."""
    dots = mpl.rcParams["savefig.dpi"]
    return DOTS_PER_INCH if dots == "figure" else int(dots)


#: Inches that the number at a tick of a colour bar needs.
TICK_ROOM = 0.3

#: A thin colour bar at the foot of a figure: left, inches above the foot, width.
AT_FOOT = (0.2, 0.44, 0.6)


def add_colourbar(
    figure: Figure, scale: Scale, label: str, place: tuple[float, float, float] = AT_FOOT
) -> None:
    """Add a thin colour bar, pointed where values go on beyond its ends.

    place: left end and width as shares of the figure's width, and inches above its foot.
    """
    left, bottom, width = place
    ends = [scale.least is not None, scale.most is not None]
    limits = [[end] if end is not None else [] for end in (scale.least, scale.most)]
    bounds = np.concatenate([limits[0], scale.levels, limits[1]])
    inner = scale.colours[0 if ends[0] else 1 : None if ends[1] else -1]
    over, under = scale.colours[-1], scale.colours[0]
    colours = ListedColormap(list(inner)).with_extremes(over=over, under=under)
    extend = {(False, False): "both", (True, False): "max", (False, True): "min"}
    height = figure.get_figheight()
    bar = figure.colorbar(
        mpl.cm.ScalarMappable(BoundaryNorm(list(bounds), colours.N), colours),
        cax=figure.add_axes((left, bottom / height, width, 0.085 / height)),
        orientation="horizontal",
        extend=extend.get((ends[0], ends[1]), "neither"),
        extendfrac=0.03,
        ticks=bounds[1:] if scale.least == 0 else bounds,
    )
    every = int(np.ceil(bounds.size * TICK_ROOM / (width * figure.get_figwidth())))
    bar.set_ticks(list(bar.get_ticks()[::every]))
    bar.ax.set_xticklabels([f"{tick:g}".replace("-", "−") for tick in bar.get_ticks()])
    bar.outline.set_linewidth(0.4)
    bar.ax.tick_params(length=2, labelsize=7, pad=1.5)
    units = typeset(scale.units)
    words = f"{label} ({units})" if label and units else label or units
    bar.set_label(words, size=7.5, labelpad=2)
