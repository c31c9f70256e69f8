"""Drawing one map: the field as one image, everything else as vectors."""

from __future__ import annotations

import functools
import logging
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Polygon
from numpy.typing import NDArray

from stormtrace.figures.colours import Scale
from stormtrace.figures.projections import GLOBE, EqualEarth, Projection
from stormtrace.grids import Grid
from stormtrace.land import coastlines, is_land

LAND, SEA, INK = "#e7e5e0", "#fbfbfa", "#2b2b2b"
FONTS = ("Helvetica Neue", "Arial", "Liberation Sans", "DejaVu Sans")
STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
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


def use_style() -> None:
    """Set matplotlib up for figures of a paper; no display is needed."""
    mpl.use("Agg")
    logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells of every glyph
    mpl.rcParams.update(STYLE)
    mpl.rcParams["font.sans-serif"] = _installed(FONTS)


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
    projection: Projection = GLOBE,
    hatched: NDArray[np.bool_] | None = None,
    pixels: int = 1100,
) -> None:
    """Draw `values` (lat, lon) with land, coastlines and a graticule into `axes`.

    hatched: (lat, lon), cells to cover with thin oblique lines ("not significant").
    pixels: width of the field's image; the coastlines are vectors.
    """
    outline = projection.outline()
    (x0, y0), (x1, y1) = outline.min(axis=0), outline.max(axis=0)
    lon, lat = _pixel_places(projection, pixels)
    image = _ground(projection, pixels)
    if values is not None and scale is not None:
        image = _over(scale.paint(sample(grid, values, lon, lat)), image)
    if hatched is not None:
        image = _over(_hatching(sample(grid, hatched, lon, lat, nearest=True) > 0.5), image)
    edge = Polygon(outline, fc="none", ec=INK, lw=0.6, zorder=5, clip_on=False)
    drawn = axes.imshow(
        image, extent=(x0, x1, y0, y1), origin="lower", interpolation="none", zorder=1
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
    projection: Projection = GLOBE,
    pixels: int = 700,
) -> None:
    """Lay a half-transparent colour over the cells of a mask on a map that `draw_map` made."""
    outline = projection.outline()
    (x0, y0), (x1, y1) = outline.min(axis=0), outline.max(axis=0)
    shown = sample(grid, mask, *_pixel_places(projection, pixels), nearest=True) > 0.5
    image = np.zeros((*shown.shape, 4))
    image[..., :3], image[..., 3] = mpl.colors.to_rgb(colour), alpha * shown
    axes.imshow(image, extent=(x0, x1, y0, y1), origin="lower", interpolation="none", zorder=1.5)


@functools.lru_cache(maxsize=8)
def _pixel_places(
    projection: Projection, pixels: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return lon, lat of every pixel of a map that is `pixels` wide."""
    outline = projection.outline()
    (x0, y0), (x1, y1) = outline.min(axis=0), outline.max(axis=0)
    height = round(pixels * (y1 - y0) / (x1 - x0))
    x = x0 + (np.arange(pixels) + 0.5) / pixels * (x1 - x0)
    y = y0 + (np.arange(height) + 0.5) / height * (y1 - y0)
    return projection.inverse(x[None, :], y[:, None])


@functools.lru_cache(maxsize=8)
def _ground(projection: Projection, pixels: int) -> NDArray[np.float64]:
    """Return land and sea, RGBA; transparent outside the map."""
    lon, lat = _pixel_places(projection, pixels)
    inside = np.isfinite(lon)
    land = is_land(np.where(inside, lat, 0.0), np.where(inside, lon, 0.0))
    rgb = np.where(land[..., None], mpl.colors.to_rgb(LAND), mpl.colors.to_rgb(SEA))
    return np.concatenate([rgb, inside[..., None].astype(float)], axis=-1)


def sample(
    grid: Grid,
    values: NDArray[np.generic],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    nearest: bool = False,
) -> NDArray[np.float64]:
    """Return `values` (lat, lon) at points, bilinear or nearest; NaN beyond the grid.

    Between the last column and the first a global grid goes round; beyond the outermost rows the
    nearest row counts, up to its edge.
    """
    row = np.interp(lat, grid.lat, np.arange(grid.lat.size), left=0, right=grid.lat.size - 1)
    width = grid.lon.size
    step = 360.0 / width if grid.is_global else (grid.lon[-1] - grid.lon[0]) / (width - 1)
    column = (lon - grid.lon[0]) % 360.0 / step
    inside = np.isfinite(lon) & (lat >= grid.lat_bounds[0]) & (lat <= grid.lat_bounds[-1])
    if not grid.is_global:
        column = np.where(column > 360 / step - 0.5, 0.0, column)
        inside &= column <= width - 0.5
        column = np.minimum(column, width - 1.0)
    row, column = np.where(inside, row, 0.0), np.where(inside, column, 0.0)
    field = np.asarray(values, np.float64)
    if nearest:
        found = field[np.rint(row).astype(int), np.rint(column).astype(int) % width]
    else:
        found = _bilinear(field, row, column)
    return np.where(inside, found, np.nan)


def _bilinear(
    field: NDArray[np.float64], row: NDArray[np.float64], column: NDArray[np.float64]
) -> NDArray[np.float64]:
    south, west = row.astype(np.intp), column.astype(np.intp)
    north, east = np.minimum(south + 1, field.shape[0] - 1), (west + 1) % field.shape[1]
    up, right = row - south, column - west
    west = west % field.shape[1]
    lower = field[south, west] * (1 - right) + field[south, east] * right
    upper = field[north, west] * (1 - right) + field[north, east] * right
    return lower * (1 - up) + upper * up


def _over(top: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lay one RGBA image over another, which stays transparent where it is."""
    alpha = top[..., 3:] * (below[..., 3:] > 0)
    return np.concatenate(
        [top[..., :3] * alpha + below[..., :3] * (1 - alpha), below[..., 3:]], axis=-1
    )


def _hatching(where: NDArray[np.bool_], spacing: int = 9) -> NDArray[np.float64]:
    """Return thin oblique lines as RGBA over the pixels of `where`."""
    row, column = np.ogrid[: where.shape[0], : where.shape[1]]
    lines = where & ((row + column) % spacing == 0)
    grey = np.broadcast_to([0.35, 0.35, 0.35], (*where.shape, 3))
    return np.concatenate([grey, 0.75 * lines[..., None]], axis=-1)


def add_lines(axes: Axes, projection: Projection) -> None:
    """Add coastlines and a graticule of 30° (of 10° on a region)."""
    is_globe = isinstance(projection, EqualEarth)
    coast = _projected(coastlines("coarse" if is_globe else "fine"), projection)
    spacing = 30 if is_globe else 10
    meridians = np.arange(0, 360, spacing, dtype=np.float64)
    parallels = np.arange(-90 + spacing, 90, spacing, dtype=np.float64)
    along = np.linspace(-90, 90, 91)
    around = np.linspace(-180, 180, 181)
    graticule = [np.column_stack([np.full_like(along, lon), along]) for lon in meridians]
    graticule += [np.column_stack([around, np.full_like(around, lat)]) for lat in parallels]
    lines = _projected(graticule, projection)
    axes.add_collection(LineCollection(lines, colors="#00000030", lw=0.25, zorder=2))
    axes.add_collection(LineCollection(coast, colors="#3a3a3a", lw=0.4, zorder=3))


def _projected(lines: list[NDArray[np.float64]], projection: Projection) -> list[NDArray]:
    """Project lines, cut where they leave the map or jump from one edge to the other."""
    points = np.concatenate(lines)
    line_of = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
    xy = np.column_stack(projection.forward(points[:, 0], points[:, 1]))
    reach = np.ptp(projection.outline()[:, 0]) / 3
    with np.errstate(invalid="ignore"):
        breaks = (np.diff(line_of) > 0) | ~(np.abs(np.diff(xy[:, 0])) < reach)
    pieces = np.split(xy, np.flatnonzero(breaks) + 1)
    return [piece for piece in pieces if len(piece) > 1]


def add_colourbar(figure: Figure, scale: Scale, label: str) -> None:
    """Add a thin colour bar at the foot, pointed where values go on beyond it."""
    # A scale from zero goes on only upwards, others at both ends.
    is_diverging = scale.clear != 0
    levels = scale.levels if is_diverging else np.concatenate([[0.0], scale.levels])
    inner = scale.colours[1:-1] if is_diverging else scale.colours[:-1]
    over, under = scale.colours[-1], scale.colours[0]
    colours = ListedColormap(list(inner)).with_extremes(over=over, under=under)
    height = figure.get_figheight()
    bar = figure.colorbar(
        mpl.cm.ScalarMappable(BoundaryNorm(list(levels), colours.N), colours),
        cax=figure.add_axes((0.2, 0.44 / height, 0.6, 0.085 / height)),
        orientation="horizontal",
        extend="both" if is_diverging else "max",
        extendfrac=0.03,
        ticks=levels,
    )
    bar.ax.set_xticklabels([f"{level:g}".replace("-", "−") for level in levels])
    bar.outline.set_linewidth(0.4)
    bar.ax.tick_params(length=2, labelsize=7, pad=1.5)
    bar.set_label(f"{label} ({scale.units})" if scale.units else label, size=7.5, labelpad=2)
