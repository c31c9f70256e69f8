"""Reliability of probabilities: whether 70 % of the cells that are given 70 % are of the class."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.classes import IGNORED
from stormtrace.network.scores import ratio

#: Bins of equal width between 0 and 1.
BINS = 10

#: Columns of the counts: cells, the sum of their probabilities, and cells of the class.
CELLS, SUM, TRUE = range(3)


def count_probabilities(
    probabilities: NDArray[np.float32], truth: NDArray[np.uint8]
) -> NDArray[np.float64]:
    """Count cells by class and by bin of its probability: (classes, BINS, 3).

    probabilities: (classes, ny, nx); truth: (ny, nx), whose ignored cells are not counted.
    """
    counts = np.empty((len(probabilities), BINS, 3))
    seen = truth != IGNORED
    truth = truth[seen]
    for code, given in enumerate(probabilities):
        flat = given[seen].astype(np.float64)
        bins = np.clip((flat * BINS).astype(np.int64), 0, BINS - 1)
        for column, weights in ((CELLS, None), (SUM, flat), (TRUE, truth == code)):
            counts[code, :, column] = np.bincount(bins, weights, minlength=BINS)
    return counts


def mean_probability(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Return the mean probability of each bin, (…, BINS, 3) → (…, BINS); NaN without cells."""
    return ratio(counts[..., SUM], counts[..., CELLS])


def observed(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Return the share of each bin's cells that are of the class, (…, BINS, 3) → (…, BINS)."""
    return ratio(counts[..., TRUE], counts[..., CELLS])


def calibration_error(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Return the expected calibration error, (…, BINS, 3) → (…).

    The mean over cells of the distance between a bin's mean probability and its observed share
    (Naeini et al. 2015; by class, Nixon et al. 2019).
    """
    off = np.abs(counts[..., SUM] - counts[..., TRUE]).sum(axis=-1)
    return ratio(off, counts[..., CELLS].sum(axis=-1))
