"""Links that are in no file: over New Year, and over gaps of a step or two."""

from collections.abc import Callable
from itertools import count

import numpy as np
from numpy.typing import NDArray

from stormtrace.classes import HIGHEST_CODE
from stormtrace.track.record import Indices, Links, Record
from stormtrace.track.shared_cells import overlaps_of, pairs_of_equal


def link_over_new_year(record: Record, k: int) -> Links:
    """Return the links of the last step of file ``k − 1`` with the first step of file `k`."""
    step = record.first_step[k]
    last, first, end = np.searchsorted(record.step, [step - 1, step, step + 1])
    earlier, later = pairs_of_equal(
        record.objects["class"][last:first], record.objects["class"][first:end]
    )
    return overlaps_of(record, last + earlier, first + later)


def link_over_gaps(
    record: Record,
    kept: NDArray[np.bool_],
    links: Links,
    longest_hours: float,
    accept: Callable[[Links], Links],
) -> Links:
    """Return links from kept objects without a successor to later ones without a predecessor.

    They share cells, are at most `longest_hours` apart and are in `accept(…)` (thresholds). Shorter
    gaps go first; objects they link are not linked over longer ones.
    """
    ending, beginning = kept.copy(), kept.copy()
    ending[links.earlier] = beginning[links.later] = False
    found = [links.where(np.zeros(links.later.size, bool))]
    for gap in count(2):
        elapsed = record.seconds[gap:] - record.seconds[:-gap]
        if not (elapsed <= longest_hours * 3600).any():
            return found[0].concat(*found[1:])
        links = accept(overlaps_of(record, *_pairs(record, ending, beginning, gap)))
        ending[links.earlier] = beginning[links.later] = False
        found.append(links)
    raise AssertionError("count never ends")


def _pairs(
    record: Record, ending: NDArray[np.bool_], beginning: NDArray[np.bool_], gap: int
) -> tuple[Indices, Indices]:
    """Return all pairs of one class that are `gap` steps apart."""
    key = record.step * (HIGHEST_CODE + 1) + record.objects["class"]
    ends, begins = np.flatnonzero(ending), np.flatnonzero(beginning)
    i, j = pairs_of_equal(key[ends] + gap * (HIGHEST_CODE + 1), key[begins])
    return ends[i], begins[j]
