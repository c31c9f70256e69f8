"""Objects in which the transport goes where a recipe asks: poleward, along the axis, as one.

After Guan and Waliser (2015, doi 10.1002/2015JD024257). Eastward and northward components are
averaged by area as they are, so a mean has a direction wherever the object lies; the axis is held
against it at the middle of the great circle through the object's ends.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from stormtrace.detect.axis_length import AxisLengths, Runs
from stormtrace.detect.recipes import TransportDirection
from stormtrace.grids import Grid

Values = NDArray[np.float64]


class Directions:
    """What a recipe asks of the transport in objects, on one grid."""

    def __init__(self, asked: TransportDirection, grid: Grid) -> None:
        self._asked = asked
        self._area = np.broadcast_to(grid.area, grid.shape)
        self._lat = np.broadcast_to(grid.points[0], grid.shape)
        self._axes = AxisLengths(grid) if asked.from_axis_degrees else None

    def are_met(self, runs: Runs, fields: Mapping[str, NDArray[np.float32]]) -> bool:
        """Whether the transport in an object of some runs goes where the recipe asks."""
        asked = self._asked
        cells = _cells(*runs)
        area = self._area[cells]
        u, v = (
            fields[name][cells].astype(np.float64) for name in (asked.eastward, asked.northward)
        )
        mean = complex((area * u).sum(), (area * v).sum()) / area.sum()
        if mean == 0:
            return False  # it goes nowhere
        if asked.poleward is not None:
            poleward = (area * v * np.sign(self._lat[cells])).sum() / area.sum()
            if poleward < asked.poleward:
                return False
        if asked.from_mean_degrees is not None:
            near = np.abs(np.angle((u + 1j * v) / mean, deg=True)) <= asked.from_mean_degrees
            if area[near].sum() < area.sum() / 2:
                return False
        if self._axes is None or asked.from_axis_degrees is None:
            return True
        axis = bearing(*self._axes.ends(*runs))
        if axis == 0:
            return False  # a single cell has no axis
        angle = abs(np.angle(mean / axis, deg=True))
        return bool(min(angle, 180.0 - angle) <= asked.from_axis_degrees)


def bearing(one: Values, other: Values) -> complex:
    """Return the direction from one unit vector (3,) to another, at the middle between them.

    Eastward + i northward, along the great circle.
    """
    x, y, z = (one + other) / np.linalg.norm(one + other)
    along = other - one
    east = np.array([-y, x, 0.0])
    return complex(along @ east, along @ np.cross([x, y, z], east))


def _cells(
    row: NDArray[np.integer], start: NDArray[np.integer], stop: NDArray[np.integer]
) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """Return rows and columns of the cells of runs."""
    length = stop - start
    before = np.cumsum(length) - length
    columns = np.arange(length.sum()) - np.repeat(before - start, length)
    return np.repeat(row, length), columns
