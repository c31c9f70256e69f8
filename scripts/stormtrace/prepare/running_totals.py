"""Amounts since a forecast began, which must not be summed as if each were of its record alone.

ERA5-Land's `tp` grows from 00 to 24 h, and files by forecast grow with the lead; neither is told by
name, units or times from ERA5's, of one hour a record. Their values tell: a running total never
falls anywhere but where it starts again, at most twice a day in files by the hour, while of amounts
hour by hour about every second falls somewhere.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.prepare.dataset import Source

#: After so many changes from record to record a variable is judged, once.
ENOUGH = 24
#: A running total falls in no more than this share of them: 3 starts within 25 hours at most.
FALLING = 3 / ENOUGH
#: Changes smaller than this part of the greatest value are none: packing rounds values.
ROUNDING = 1e-4


@dataclass
class _Seen:
    """What was seen of one variable: changes, those with a fall anywhere, and its last record."""

    changes: int = 0
    falls: int = 0
    last: NDArray[np.floating] | None = None
    ends: int = 0


@dataclass
class RunningTotals:
    """Watches the records of variables that are summed, in order of time."""

    seen: dict[Source, _Seen] = field(default_factory=dict)

    def watch(
        self,
        source: Source,
        values: NDArray[np.floating],
        path: str,
        start: NDArray[np.int64],
        step: int,
    ) -> None:
        """Look at the records (records, n) of some steps that start at `start` (seconds).

        Records follow each other within a step of `step` seconds, and from one step to the next
        where that starts as the one before ends.

        Raises:
            BadInput: the variable is a running total.

        """
        seen = self.seen.setdefault(source, _Seen())
        if seen.changes >= ENOUGH:
            return
        for at, records in zip(
            start, values.reshape(start.size, -1, values.shape[-1]), strict=True
        ):
            before = [seen.last[None]] if seen.last is not None and int(at) == seen.ends else []
            _count(seen, np.concatenate([*before, records]))
            seen.last, seen.ends = records[-1].copy(), int(at) + step
        if seen.changes >= ENOUGH and seen.falls <= FALLING * seen.changes:
            rises = seen.changes - seen.falls
            raise BadInput(
                f"{path}: {source.variable} grows from record to record ({rises} of {seen.changes}"
                " times it falls nowhere), as what is accumulated since a forecast"
                " or a day began (ERA5-Land), and cannot be summed: bring files whose records are"
                " each of the time since the one before"
            )


def _count(seen: _Seen, records: NDArray[np.floating]) -> None:
    """Count changes, and those with a fall anywhere, between consecutive records (records, n)."""
    least = ROUNDING * float(np.nanmax(np.abs(records), initial=0.0))
    change = np.diff(records, axis=0)
    falls = (change < -least).any(axis=1)
    seen.falls += int(falls.sum())
    seen.changes += int((falls | (change > least).any(axis=1)).sum())
