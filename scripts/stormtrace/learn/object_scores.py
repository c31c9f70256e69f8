"""Skill by objects: how many of the experts' cyclones and rivers are found, how many are false.

An object is a connected piece of one class (cells that share an edge or a corner, over the ends of
a grid that goes round, too). A found object and a true one are the same if their intersection over
union of area reaches a threshold, the best pairs first, each object in one pair at most. What is
found where nobody looked is cut off before.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from stormtrace.classes import BACKGROUND, IGNORED
from stormtrace.grids import Grid
from stormtrace.network.scores import ratio

#: Intersections over union from which two objects are the same.
THRESHOLDS = (0.3, 0.5)

#: Columns of the counts: true objects, found ones, and pairs of the two.
TRUE, FOUND, PAIRS = range(3)

Pieces = NDArray[np.int64]


def count_objects(
    truth: NDArray[np.uint8], prediction: NDArray[np.uint8], classes: int, grid: Grid
) -> NDArray[np.int64]:
    """Count objects of every class but the background: (classes − 1, thresholds, 3)."""
    counts = np.zeros((classes - 1, len(THRESHOLDS), 3), np.int64)
    for code in range(1, classes):
        true, found, ious = objects_of_class(truth, prediction, code, grid)
        sizes = int(true.max(initial=0)), int(found.max(initial=0))
        for place, threshold in enumerate(THRESHOLDS):
            counts[code - 1, place] = (*sizes, len(match(ious, threshold)))
    return counts


def objects_of_class(
    truth: NDArray[np.uint8], prediction: NDArray[np.uint8], code: int, grid: Grid
) -> tuple[Pieces, Pieces, list[tuple[float, int, int]]]:
    """Return the true and the found pieces of a class, and the `pair_ious` of the two."""
    prediction = np.where(truth == IGNORED, BACKGROUND, prediction)
    true, found = (pieces(codes == code, grid.wraps) for codes in (truth, prediction))
    return true, found, pair_ious(true, found, grid.area)


def pieces(mask: NDArray[np.bool_], wraps: bool) -> Pieces:
    """Number the connected pieces of a mask (ny, nx) from 1 on; 0 outside."""
    numbers, count = ndimage.label(mask, np.ones((3, 3)))
    if not wraps or not count:
        return numbers.astype(np.int64)
    parent = np.arange(count + 1)
    east = np.pad(numbers[:, -1], 1)
    for shift in (0, 1, 2):  # the neighbours of a cell of the first column in the last
        neighbours = east[shift : shift + len(numbers)]
        for one, other in zip(numbers[:, 0], neighbours, strict=True):
            if one and other:
                low, high = sorted((parent[one], parent[other]))
                parent[parent == high] = low
    _, renumbered = np.unique(parent, return_inverse=True)
    return renumbered[numbers].astype(np.int64)


def pair_ious(
    true: Pieces, found: Pieces, area: NDArray[np.float64]
) -> list[tuple[float, int, int]]:
    """Return (intersection over union, true object, found object) of all that overlap."""
    sizes = [np.bincount(one.ravel(), area.ravel()) for one in (true, found)]
    both = (true > 0) & (found > 0)
    pairs, places = np.unique(np.stack([true[both], found[both]]), axis=1, return_inverse=True)
    shared = np.bincount(places.ravel(), area[both], minlength=pairs.shape[1])
    return [
        (float(overlap / (sizes[0][one] + sizes[1][other] - overlap)), int(one), int(other))
        for overlap, one, other in zip(shared, *pairs, strict=True)
    ]


def match(ious: Sequence[tuple[float, int, int]], threshold: float) -> list[tuple[int, int]]:
    """Return pairs (true, found) of at least a threshold, best first, each object once."""
    taken: tuple[set[int], set[int]] = (set(), set())
    chosen = []
    for iou, one, other in sorted(ious, key=lambda pair: (-pair[0], *pair[1:])):
        if iou >= threshold and one not in taken[0] and other not in taken[1]:
            taken[0].add(one)
            taken[1].add(other)
            chosen.append((one, other))
    return chosen


def probability_of_detection(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Return pairs over true objects, (…, 3) → (…); NaN where there are none."""
    return ratio(counts[..., PAIRS], counts[..., TRUE])


def false_alarm_ratio(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Return found objects without a pair over found ones, (…, 3) → (…); NaN where none are."""
    return ratio(counts[..., FOUND] - counts[..., PAIRS], counts[..., FOUND])


MEASURES = (probability_of_detection, false_alarm_ratio)
