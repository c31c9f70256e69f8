"""Scores of lines with a tolerance: a front that is found 100 km away is no miss and a false alarm.

As fronts are scored since FrontFinder (Justin et al. 2023, doi 10.1175/AIES-D-22-0043.1): a found
cell is a hit if a true one of its class is at most so far away, else a false alarm, while a miss is
a true cell that is not found itself. In other words hits and false alarms are counted against the
dilated truth, misses against the truth. Distances are great circles between centres of cells, so a
tolerance is the same at every latitude and over the date line. What nobody looked at is left out.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from stormtrace.classes import IGNORED
from stormtrace.constants import EARTH_RADIUS_KM
from stormtrace.grids import Grid
from stormtrace.learn.skill_parts import with_interval
from stormtrace.network.scores import ratio
from stormtrace.sphere import unit_vectors

#: Columns of the counts.
HITS, FALSE_ALARMS, MISSES = range(3)

#: Share by which a distance may exceed the tolerance: rounding of unit vectors.
ROUNDING = 1e-9


def count_tolerant(
    truth: NDArray[np.uint8],
    prediction: NDArray[np.uint8],
    groups: Sequence[Sequence[int]],
    grid: Grid,
    tolerance_km: Sequence[float],
) -> NDArray[np.int64]:
    """Count cells of classes, or of several taken as one: (groups, tolerances, 3).

    truth, prediction: codes, `grid.shape`. groups: the codes of each.
    """
    counts = np.zeros((len(groups), len(tolerance_km), 3), np.int64)
    chords = np.array([_chord(one) for one in tolerance_km]) * (1 + ROUNDING)
    lat, lon = grid.points
    seen = truth != IGNORED
    for group, codes in enumerate(groups):
        true, found = np.isin(truth, codes), np.isin(prediction, codes) & seen
        nearest = np.full(int(found.sum()), np.inf)
        if true.any() and found.any():
            there, here = (unit_vectors(lat[one], lon[one]).T for one in (true, found))
            nearest, _ = KDTree(there).query(here, distance_upper_bound=2 * chords.max())
        hits = (nearest <= chords[:, None]).sum(axis=1)
        counts[group, :, HITS] = hits
        counts[group, :, FALSE_ALARMS] = nearest.size - hits
        counts[group, :, MISSES] = (true & ~found).sum()
    return counts


def _chord(km: float) -> float:
    """Return the straight distance on the unit sphere of a great-circle distance."""
    return float(2 * np.sin(min(km / EARTH_RADIUS_KM, np.pi) / 2))


def precision(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Return the share of found cells that are hits, (…, 3) → (…); NaN where none is found."""
    return ratio(counts[..., HITS], counts[..., HITS] + counts[..., FALSE_ALARMS])


def recall(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Return hits over hits and misses, (…, 3) → (…); NaN where there are none."""
    return ratio(counts[..., HITS], counts[..., HITS] + counts[..., MISSES])


def f1(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Return the harmonic mean of precision and recall, (…, 3) → (…)."""
    both = 2 * counts[..., HITS]
    return ratio(both, both + counts[..., FALSE_ALARMS] + counts[..., MISSES])


def csi(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Return the critical success index, hits over all that is counted, (…, 3) → (…)."""
    return ratio(counts[..., HITS], counts.sum(axis=-1))


MEASURES = (precision, recall, f1, csi)


def tolerant_scores(
    per_date: Mapping[str, NDArray[np.int64]], labels: Sequence[str], tolerance_km: Sequence[float]
) -> dict[str, dict[str, Any]]:
    """Return label -> ``250_km`` -> cells counted, and scores with intervals by date."""
    counts = np.stack(list(per_date.values()))
    found: dict[str, dict[str, Any]] = {}
    for code, label in enumerate(labels[1:]):
        found[label] = {}
        for place, km in enumerate(tolerance_km):
            each = counts[:, code, place]
            hits, false_alarms, misses = each.sum(axis=0).tolist()
            numbers = {"hits": hits, "false_alarms": false_alarms, "misses": misses}
            for measure in MEASURES:
                numbers |= with_interval(measure.__name__, each, measure)
            found[label][f"{km:g}_km"] = numbers
    return found
