"""Layers of a map's image, as RGBA: one over another, grey beyond the grid, hatching."""

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray

#: Colour and opacity of what a map shows of the Earth beyond its grid.
BEYOND = ("#8a8984", 0.4)


def over(top: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lay one RGBA image over another, which stays transparent where it is."""
    alpha = top[..., 3:] * (below[..., 3:] > 0)
    return np.concatenate(
        [top[..., :3] * alpha + below[..., :3] * (1 - alpha), below[..., 3:]], axis=-1
    )


def veil(beyond: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return grey as RGBA over the pixels that lie beyond a grid."""
    colour, opacity = BEYOND
    grey = np.broadcast_to(mpl.colors.to_rgb(colour), (*beyond.shape, 3))
    return np.concatenate([grey, opacity * beyond[..., None]], axis=-1)


def hatching(where: NDArray[np.bool_], spacing: int = 9) -> NDArray[np.float64]:
    """Return thin oblique lines as RGBA over the pixels of `where`."""
    row, column = np.ogrid[: where.shape[0], : where.shape[1]]
    lines = where & ((row + column) % spacing == 0)
    grey = np.broadcast_to([0.35, 0.35, 0.35], (*where.shape, 3))
    return np.concatenate([grey, 0.75 * lines[..., None]], axis=-1)
