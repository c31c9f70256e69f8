"""Cells inside a box of longitudes and latitudes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.grids.grid import Grid


def check_box(box: Sequence[float]) -> None:
    """Check a box ``[west, east, south, north]``, degrees.

    Raises:
        BadInput: south is not below north, or one of them is no latitude; suggests another order of
            the same numbers if there is one that fits.

    """
    values = [float(value) for value in box]
    if len(values) == 4 and _is_box(values):
        return
    suggestion = ""
    if len(values) == 4:
        first, second, third, fourth = values
        for other in ([third, fourth, first, second], [first, third, second, fourth],
                      [first, second, fourth, third]):  # fmt: skip
            if _is_box(other):
                suggestion = f"; did you mean [{', '.join(f'{one:g}' for one in other)}]?"
                break
    raise BadInput(
        f"a box is [west, east, south, north] in degrees, south below north; found {list(box)}"
        f"{suggestion}"
    )


def in_box_order(box: Any) -> Any:
    """Return a value of a box's key as it is; ValueError if it is four numbers in another order.

    For pydantic, before each number is held against its own limits.
    """
    if isinstance(box, list | tuple) and all(isinstance(one, int | float) for one in box):
        try:
            check_box(box)
        except BadInput as error:
            raise ValueError(str(error)) from None
    return tuple(box) if isinstance(box, list) else box


def _is_box(values: Sequence[float]) -> bool:
    west, east, south, north = values
    return -90.0 <= south < north <= 90.0 and max(abs(west), abs(east)) <= 720.0


def box_cells(grid: Grid, box: Sequence[float]) -> NDArray[np.bool_]:
    """Return which cells have their centre in ``[west, east, south, north]``, `grid.shape`.

    Degrees; west may be greater than east across 0° or the date line; 360 degrees from west to
    east (or 0) are all the way round.

    Raises:
        BadInput: south is not below north.

    """
    check_box(box)
    west, east, south, north = map(float, box)
    width = 360.0 if abs(east - west) >= 360.0 else (east - west) % 360.0 or 360.0
    rows, columns = (grid.lat[:, None], grid.lon[None, :]) if grid.is_rectilinear else grid.points
    return (rows >= south) & (rows <= north) & ((columns - west) % 360.0 <= width)
