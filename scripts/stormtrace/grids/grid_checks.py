"""What coordinates must be to describe a grid: each refusal says what was found and what to do."""

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput

Floats = NDArray[np.float64]

#: Degrees within which a latitude is that of a pole.
AT_POLE = 1e-6


def check_axes(lat: Floats, lon: Floats, row_edges: Floats | None) -> None:
    """Check the axes of a rectilinear grid: both ascend, columns are evenly spaced in one turn.

    Raises:
        BadInput: they do not describe a grid.

    """
    _check_degrees(lat, lon)
    for name, axis in (("lat", lat), ("lon", lon)):
        if not (np.diff(axis) > 0).all():
            raise BadInput(
                f"{name} of a grid must ascend (south to north, west to east), without "
                f"doubles; found {axis[0]:g} … {axis[-1]:g}: turn the file round"
            )
    if lon[-1] - lon[0] >= 360.0:
        raise BadInput(
            f"lon goes round more than once: {lon[0]:g} … {lon[-1]:g}; drop the columns that are "
            "there twice"
        )
    steps = np.diff(lon)
    if steps.size and np.ptp(steps) > 0.01 * steps.mean():
        raise BadInput(
            f"columns of a grid are evenly spaced; found steps of {steps.min():g} to "
            f"{steps.max():g} degrees: regrid the file, or leave out the odd columns"
        )
    if row_edges is not None:
        _check_row_edges(lat, row_edges)


def _check_row_edges(lat: Floats, edges: Floats) -> None:
    if edges.shape != (lat.size + 1,):
        raise BadInput(f"{lat.size} rows of a grid have {lat.size + 1} edges; found {edges.size}")
    between = (edges[:-1] <= lat + AT_POLE) & (lat <= edges[1:] + AT_POLE)
    if not (between.all() and (np.diff(edges) > 0).all() and np.abs(edges).max() <= 90.0):
        raise BadInput(
            f"edges of rows ascend from −90 to 90 and enclose their row; found {edges[0]:g} … "
            f"{edges[-1]:g} for rows at {lat[0]:g} … {lat[-1]:g}: correct the bounds of lat, or "
            "leave them out"
        )


def check_planes(
    lat: Floats, lon: Floats, row_edges: Floats | None, plane: tuple[int, int] | None
) -> None:
    """Check latitudes and longitudes (ny, nx); plane: sizes of a projection's y and x.

    Raises:
        BadInput: they do not describe a grid.

    """
    _check_degrees(lat, lon)
    if row_edges is not None:
        raise BadInput("edges of rows go with one-dimensional latitudes only")
    if not (lat.ndim == lon.ndim == 2 and lat.shape == lon.shape):
        raise BadInput(
            f"a grid has lat and lon as two axes, or both (ny, nx); found {lat.shape} and "
            f"{lon.shape}"
        )
    if min(lat.shape) < 2:
        raise BadInput(
            "a grid of two-dimensional coordinates has two rows and columns or more; found "
            f"{lat.shape}"
        )
    if plane is not None and lat.shape != plane:
        raise BadInput(
            f"y and x of a projection have {plane[0]} and {plane[1]} values, but lat and lon are "
            f"{lat.shape}"
        )


def _check_degrees(lat: Floats, lon: Floats) -> None:
    if not (lat.size and lon.size and np.isfinite(lat).all() and np.isfinite(lon).all()):
        raise BadInput("a grid needs finite latitudes and longitudes; some are missing")
    if np.abs(lat).max() > 90.0 + AT_POLE:
        raise BadInput(
            f"a grid has latitudes from −90 to 90; found {lat.min():g} … {lat.max():g}: are "
            "latitude and longitude swapped?"
        )
