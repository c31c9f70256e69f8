"""Layers of a map's image: colours laid over those of pixels, grey beyond the grid, hatching.

A picture is RGBA as float32 (height, width, 4), transparent outside the map.
"""

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray

#: Colour and opacity of what a map shows of the Earth beyond its grid.
BEYOND = ("#8a8984", 0.4)

#: Colour of hatching.
LINE = "#595959"

Picture = NDArray[np.float32]


def lay(picture: Picture, painted: Picture) -> None:
    """Lay a field over a picture, where neither is transparent."""
    shown = (painted[..., 3] > 0) & (picture[..., 3] > 0)
    np.copyto(picture, painted, where=shown[..., None])


def veil(picture: Picture, beyond: NDArray[np.bool_]) -> None:
    """Lay grey over the pixels that lie beyond a grid."""
    colour, opacity = BEYOND
    _mix(picture, beyond, colour, opacity)


def hatch(picture: Picture, where: NDArray[np.bool_], spacing: int = 9) -> None:
    """Draw thin oblique lines over the pixels of `where`."""
    row, column = np.ogrid[: where.shape[0], : where.shape[1]]
    _mix(picture, where & ((row + column) % spacing == 0), LINE, 0.75)


def _mix(picture: Picture, where: NDArray[np.bool_], colour: str, opacity: float) -> None:
    """Mix a colour into some pixels of the map."""
    there = where & (picture[..., 3] > 0)
    if there.any():
        top = opacity * np.array(mpl.colors.to_rgb(colour), np.float32)
        picture[there, :3] = (1 - opacity) * picture[there, :3] + top
