"""Observed and detected points paired in time and distance, one to one."""

from array import array
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.constants import EARTH_RADIUS_KM
from stormtrace.sphere import unit_vectors

Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Points:
    """Points at steps of an experiment, sorted by step: step, lat, lon (n,), degrees."""

    step: Indices
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]

    def where(self, chosen: NDArray[Any] | slice) -> "Points":
        """Return some of the points."""
        return Points(self.step[chosen], self.lat[chosen], self.lon[chosen])


@dataclass(frozen=True, eq=False)
class Pairs:
    """Points that belong together: index of the first, of the second, distance (km)."""

    first: Indices
    second: Indices
    distance: NDArray[np.float64]


def match(first: Points, second: Points, radius_km: float) -> Pairs:
    """Return the pairs of points at the same step, at most `radius_km` apart, each point once.

    At every step as many as possible are paired, and of all such pairings that with the shortest
    distances together (an assignment problem, solved exactly): which of two neighbours comes first
    in a file does not matter.
    """
    from scipy.optimize import linear_sum_assignment  # slow to import

    firsts, seconds, distances = array("q"), array("q"), array("d")
    steps, starts, counts = np.unique(first.step, return_index=True, return_counts=True)
    lefts, rights = (np.searchsorted(second.step, steps, side) for side in ("left", "right"))
    one, two = (unit_vectors(points.lat, points.lon).T for points in (first, second))
    for start, stop, left, right in zip(starts, starts + counts, lefts, rights, strict=True):
        if left == right:
            continue
        chord = np.linalg.norm(one[start:stop, None] - two[None, left:right], axis=2)
        distance = 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(chord / 2, 1))
        near = distance <= radius_km
        if not near.any():
            continue
        # No sum of allowed distances reaches the price of one pair less.
        price = radius_km * (min(distance.shape) + 1)
        row, column = linear_sum_assignment(np.where(near, distance, price))
        kept = near[row, column]
        row, column = row[kept], column[kept]
        firsts.extend((start + row).tolist())
        seconds.extend((left + column).tolist())
        distances.extend(distance[row, column].tolist())
    return Pairs(np.array(firsts, np.int64), np.array(seconds, np.int64), np.array(distances))
