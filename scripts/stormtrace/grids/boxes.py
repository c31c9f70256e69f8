"""Cells inside a box of longitudes and latitudes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stormtrace.grids.grid import Grid


def box_cells(grid: Grid, box: Sequence[float]) -> NDArray[np.bool_]:
    """Return which cells have their centre in ``[west, east, south, north]``, `grid.shape`.

    Degrees; west may be greater than east across the date line, and 0 or 360 between them is all
    the way round.

    Raises:
        ValueError: north is not beyond south.

    """
    west, east, south, north = map(float, box)
    if not south < north:
        raise ValueError(f"a box is [west, east, south, north], found {list(box)}")
    width = 360.0 if abs(east - west) >= 360.0 else (east - west) % 360.0 or 360.0
    rows, columns = (grid.lat[:, None], grid.lon[None, :]) if grid.is_rectilinear else grid.points
    return (rows >= south) & (rows <= north) & ((columns - west) % 360.0 <= width)
