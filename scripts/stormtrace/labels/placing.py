"""Pixels of a picture on the cells of a grid: each cell takes the pixel its centre lies in."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.grids import Grid
from stormtrace.labels.importers.annotation import Axes, Mask


@dataclass(frozen=True)
class Placement:
    """Row and column of the picture for each row (ny,) and column (nx,) of the grid; −1: none."""

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]

    def apply(self, mask: Mask) -> Mask:
        """Return a mask of the picture on the grid."""
        placed = mask.take(self.rows, axis=0).take(self.columns, axis=1)
        placed[self.rows < 0] = False
        placed[:, self.columns < 0] = False
        return placed

    def has_a_pixel(self, mask: Mask) -> bool:
        """Whether a pixel of a mask lies on the grid, even if no centre of a cell lies in it."""
        rows, columns = np.nonzero(mask)
        inside = [
            (found >= seen[seen >= 0].min(initial=0)) & (found <= seen.max(initial=-1))
            for found, seen in ((rows, self.rows), (columns, self.columns))
        ]
        return bool((inside[0] & inside[1]).any())


def place_picture(
    size: tuple[int, int], source: Grid, top: str, left: float | None, grid: Grid
) -> Placement:
    """Return where the pixels of a picture lie. source: the grid it shows, all of it.

    Raises:
        BadInput: the picture is not one pixel, or some, a cell; its first column is none of the
            grid's; or the two grids are not comparable.

    """
    if size[0] * source.shape[1] != size[1] * source.shape[0] or size[0] < source.shape[0]:
        raise BadInput(
            f"a picture of {size[0]} rows and {size[1]} columns does not show the grid of "
            f"{source.shape[0]} × {source.shape[1]}, a cell a pixel or larger: name the grid it "
            "shows in `map: {grid: …}`"
        )
    rows, columns = _cells_of(source, grid)
    shift = _first_column(source, left)
    row = source.shape[0] - 1 - rows if top == "north" else rows
    column = (columns - shift) % source.shape[1]
    return Placement(
        np.where(rows < 0, -1, _pixel(row, size[0], source.shape[0])),
        np.where(columns < 0, -1, _pixel(column, size[1], source.shape[1])),
    )


def place_axes(axes: Axes, grid: Grid, where: str) -> Placement:
    """Return where the pixels of a picture with latitudes and longitudes of its own lie."""
    descends = axes.lat.size > 1 and axes.lat[0] > axes.lat[-1]
    lon = np.unwrap(axes.lon, period=360.0)
    try:
        source = Grid(axes.lat[::-1] if descends else axes.lat, lon)
    except BadInput as error:
        raise BadInput(f"{where}: {error}") from error
    size = (axes.lat.size, axes.lon.size)
    return place_picture(size, source, "north" if descends else "south", None, grid)


def _pixel(cell: NDArray[np.int64], pixels: int, cells: int) -> NDArray[np.int64]:
    """Return the pixel that holds the centre of a cell."""
    return ((2 * cell + 1) * pixels) // (2 * cells)


def _first_column(source: Grid, left: float | None) -> int:
    if left is None or not source.is_rectilinear:
        return 0
    off = np.abs((source.lon - left + 180.0) % 360.0 - 180.0)
    column = int(off.argmin())
    step = np.diff(source.lon).mean()
    if off[column] > 0.51 * step or (column and not source.wraps):
        raise BadInput(
            f"the first column of the pictures is at {left:g}° (`map: {{left: …}}`), but the grid "
            f"they show, {source.describe()}, begins at {source.lon[0]:g}°"
        )
    return column


def _cells_of(source: Grid, grid: Grid) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return row (ny,) and column (nx,) of the cells of `source` at those of `grid`; −1: none."""
    if source.same_as(grid):
        return np.arange(grid.shape[0]), np.arange(grid.shape[1])
    if not (source.is_rectilinear and grid.is_rectilinear):
        raise BadInput(
            f"pictures of {source.describe()} cannot be put on {grid.describe()}: of grids whose "
            "latitude and longitude are no axes, both must be the same"
        )
    rows, _ = source.cells(grid.lat, np.full(grid.lat.size, source.lon[0]))
    _, columns = source.cells(np.full(grid.lon.size, source.lat[0]), grid.lon)
    return rows, columns
