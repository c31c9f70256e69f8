"""Edges of cells between their centres, along an axis."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Degrees by which rows may miss the Gaussian ones (files round to three decimals).
GAUSSIAN_TOLERANCE = 1e-3


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


def gaussian_rows(count: int) -> tuple[Floats, Floats]:
    """Return latitudes (count,) and edges (count + 1,) of Gaussian rows, ascending, degrees.

    Rows at the roots of a Legendre polynomial; each as wide, in sin φ, as its weight.
    """
    from scipy.special import roots_legendre  # slow to import; other grids do without

    sines, weights = roots_legendre(count)
    edges = np.concatenate([[-1.0], -1.0 + np.cumsum(weights)])
    edges[-1] = 1.0
    edges = np.degrees(np.arcsin(np.clip(edges, -1.0, 1.0)))
    return np.degrees(np.arcsin(sines)), edges


def gaussian_edges(lat: Floats) -> Floats | None:
    """Return the edges (nlat + 1,) of ascending rows if they are Gaussian ones, else None."""
    if lat.size < 4 or lat.size % 2 or abs(lat[0] + lat[-1]) > GAUSSIAN_TOLERANCE:
        return None
    # The first of n rows is 0.765 · 180 / (n + ½) from the pole; looking up the roots costs more.
    if not 0.65 < (lat[0] + 90.0) * lat.size / 180.0 < 0.8:
        return None
    rows, edges = gaussian_rows(lat.size)
    return edges if np.abs(rows - lat).max() < GAUSSIAN_TOLERANCE else None
