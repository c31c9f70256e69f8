"""CF's bounds of latitudes and longitudes: edges of rows and columns, or corners of cells."""

import numpy as np
from numpy.typing import NDArray

from stormtrace.prepare.raw.degrees import in_degrees, is_radians, lacks_units
from stormtrace.prepare.raw.opened import RawFile, RawVariable

Floats = NDArray[np.float64]

#: Endings of the names of bounds that no attribute `bounds` points to.
ENDINGS = ("_bnds", "_bounds", "_vertices")


def read_bounds(
    opened: RawFile, pair: tuple[RawVariable, RawVariable], time: str | None, axes: bool
) -> tuple[Floats, Floats] | None:
    """Return bounds of latitudes and longitudes in degrees, or None where the file has not both.

    axes: whether they are edges (nlat, 2) and (nlon, 2) of axes, else corners (n, k), k > 2.
    Missing corners are NaN.
    """
    lat, lon = (
        _bounds(opened, source, time, _scale(source, degrees))
        for source, degrees in zip(pair, in_degrees(pair, time), strict=True)
    )
    if lat is None or lon is None:
        return None
    counts = lat.shape[1], lon.shape[1]
    fits = counts == (2, 2) if axes else lat.shape == lon.shape and counts[0] > 2
    return (lat, lon) if fits else None


def _scale(source: RawVariable, degrees: Floats) -> float:
    """Return how many degrees the unit of a coordinate is."""
    return 180 / np.pi if np.abs(degrees).max() > 2 * np.abs(source.read()).max() else 1.0


def _bounds(opened: RawFile, source: RawVariable, time: str | None, scale: float) -> Floats | None:
    """Return the bounds of a coordinate, (n, k); their units are its own unless they say."""
    names = [source.text("bounds"), *(source.name + ending for ending in ENDINGS)]
    for name in names:
        own = tuple(each for each in source.dimensions if each != time)
        if name in opened:
            bounds = opened[name]
            dimensions = tuple(each for each in bounds.dimensions if each != time)
            if dimensions[:-1] == own and len(dimensions) == len(own) + 1:
                values = bounds.read_once(time) if time else bounds.read()
                if not lacks_units(bounds):
                    scale = 180 / np.pi if is_radians(bounds) else 1.0
                return scale * values.astype(np.float64).reshape(-1, values.shape[-1])
    return None
