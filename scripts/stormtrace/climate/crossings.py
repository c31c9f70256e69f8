"""Entries of fronts into cells: the class is in a cell, and one step earlier it was not.

What a crossing rate is counted from (Biard and Kunkel 2019; Dagon et al. 2022): a front that stays
over a cell for a day has crossed it once. Only classes of kind `line` have entries. After a gap in
the record nobody knows when a front arrived: such a step has no entries, and is no step of
`entry_steps` either. A union of lines is entered where none of its classes was: its entries are
fewer than theirs together.
"""

import numpy as np
from numpy.typing import NDArray

from stormtrace.classes import HIGHEST_CODE, Classes
from stormtrace.compiled import compiled
from stormtrace.formats.counts import NO_ENTRIES

#: Share of a step by which two times may miss the step between them (times in float days).
TOLERANCE = 0.01


def following(dates: NDArray[np.object_], step_hours: float) -> NDArray[np.bool_]:
    """Return which steps follow another by exactly one step, (time,); the first never does."""
    follows = np.zeros(dates.size, bool)
    hours = np.array([gap.total_seconds() / 3600 for gap in np.diff(dates)])
    follows[1:] = np.abs(hours - step_hours) <= TOLERANCE * step_hours
    return follows


def entry_steps(months: NDArray[np.int64], follows: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return how many steps of each month follow another at once, (12,)."""
    return np.bincount(months[follows], minlength=13)[1:]


def has_lines(classes: Classes) -> bool:
    """Whether any of the classes is a line."""
    return any(feature.kind == "line" for feature in classes.features)


class EntryCount:
    """Entries by month and class, added up step by step in order of time.

    entries: (12, class, nlat, nlon) int16, `NO_ENTRIES` for classes of areas.
    """

    def __init__(
        self,
        classes: Classes,
        shape: tuple[int, int],
        months: NDArray[np.int64],
        follows: NDArray[np.bool_],
    ) -> None:
        """Start with no entries; months, follows: of all steps, (time,)."""
        is_line = np.array([feature.kind == "line" for feature in classes.features])
        self.entries = np.zeros((12, is_line.size, *shape), np.int16)
        self.entries[:, ~is_line] = NO_ENTRIES
        #: Code -> position of a class of lines, -1 for all others; then the same of each union.
        self._positions = np.full((1 + len(classes.unions), HIGHEST_CODE + 1), -1, np.int64)
        self._positions[0, np.array(classes.codes)[is_line]] = np.flatnonzero(is_line)
        for position, (union, codes) in zip(
            self._positions[1:], classes.unions.items(), strict=True
        ):
            if union.kind == "line":
                position[list(codes)] = classes.features.index(union)
        self._months, self._follows = months - 1, follows
        self._seen = np.full((is_line.size, *shape), -2, np.int32)

    def add_runs(
        self,
        step: NDArray[np.integer],
        row: NDArray[np.integer],
        start: NDArray[np.integer],
        stop: NDArray[np.integer],
        code: NDArray[np.int8],
    ) -> None:
        """Add runs of cells of masks or tracked events, (n,), in order of step."""
        months, follows, seen = self._months, self._follows, self._seen
        for positions in self._positions:
            position = positions[code]
            _enter_runs(step, row, start, stop, position, months, follows, seen, self.entries)


@compiled
def _enter_runs(step, row, start, stop, position, months, follows, seen, entries):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Count cells of lines that were not theirs one step before; seen: a cell's latest step."""
    for r in range(step.size):
        p, s, i = position[r], step[r], row[r]
        if p < 0:
            continue
        for j in range(start[r], stop[r]):
            if follows[s] and seen[p, i, j] != s - 1:
                entries[months[s], p, i, j] += 1
            seen[p, i, j] = s
