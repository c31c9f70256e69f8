"""Edges of cells between their centres, along an axis."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def midpoint_edges(centres: Floats) -> Floats:
    """Return edges (n + 1) half-way between centres; the outermost as far out as the next in."""
    if centres.size == 1:
        return np.array([centres[0] - 0.5, centres[0] + 0.5])
    inner = (centres[1:] + centres[:-1]) / 2
    first = centres[0] - (inner[0] - centres[0])
    last = centres[-1] + (centres[-1] - inner[-1])
    return np.concatenate([[first], inner, [last]])


def row_edges(lat: Floats, wraps: bool) -> Floats:
    """Return the edges (nlat + 1) of rows between ascending latitudes, never beyond a pole.

    Half-way between the centres. Where the grid goes round and its outermost row lies within one
    row's height of a pole, it reaches the pole: so do Gaussian grids, whose rows are not evenly
    spaced.
    """
    edges = np.clip(midpoint_edges(lat), -90.0, 90.0)
    if wraps and lat.size > 1:
        south, north = np.diff(edges)[[0, -1]]
        edges[0] = -90.0 if edges[0] < -90.0 + south / 2 else edges[0]
        edges[-1] = 90.0 if edges[-1] > 90.0 - north / 2 else edges[-1]
    return edges
