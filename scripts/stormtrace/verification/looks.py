"""When a catalogue looks: at which times it would have a point, if there were one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Seconds = NDArray[np.int64]


@dataclass(frozen=True)
class Looks:
    """From `first` to `last`, and `every` so often, `phase` after a multiple of it; seconds.

    Points at other times (a landfall, a peak) are no looks at all else.
    """

    first: int
    last: int
    every: int
    phase: int

    @classmethod
    def of(cls, times: Seconds) -> "Looks":
        """Return when a catalogue looks that has points at some times, in order, each once."""
        every = _cadence(times)
        return cls(int(times[0]), int(times[-1]), every, _usual(times % every))

    def fall_in(self, start: Seconds, length: int) -> NDArray[np.bool_]:
        """Return in which spans of time, from `start` to before `length` later, it looks."""
        wait = (self.phase - start) % self.every
        return (wait < length) & (self.first <= start + wait) & (start + wait <= self.last)


def _cadence(times: Seconds) -> int:
    """Return how far apart times (in order) usually are; of rare ones, what divides all of it."""
    apart = np.diff(times)
    every = _usual(apart)
    common = 2 * np.count_nonzero(apart == every) >= apart.size
    return (every if common else int(np.gcd.reduce(apart))) or 1


def _usual(values: Seconds) -> int:
    """Return the value that is there most often, the least of several; 0 of none."""
    known, counts = np.unique(values, return_counts=True)
    return int(known[counts.argmax()]) if known.size else 0
