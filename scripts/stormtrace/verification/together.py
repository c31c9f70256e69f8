"""Counts of where and when several masks mark the same cells: one pass over all steps.

A *member* is one class of one experiment. What each step adds is counted by compiled code over the
cells that any member marks: areas that every pair of members shares (also with a lag, and by month
and region), cells by season (for maps), and what of each event lies inside the other members.
Neighbours in a row that the same members mark, with the same events, are counted at once. All are
sums, so that years can be counted by themselves and added up.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.compiled import compiled
from stormtrace.grids import Grid

#: Seasons of maps, in the order of their numbers: month % 12 // 3.
SEASONS = ("DJF", "MAM", "JJA", "SON")

#: What of `Together` is by year, and what is not.
BY_YEAR = ("both", "first", "second", "steps", "marked")
OVER_ALL = ("map_steps", "cells", "pairs", "at_least", "inside")

Bits = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Step:
    """What all members mark at one time.

    seconds: since year 1 in the calendar; year, month: of the date. bits: bit m is set where
    member m marks the cell, (ny, nx) and columns of zeros up to a multiple of eight. events
    (members, ny, nx): index of the event + 1, 0 for none; only until the next step is taken.
    """

    seconds: int
    year: int
    month: int
    bits: Bits
    events: NDArray[np.int32]


@dataclass(eq=False)
class Together:
    """What has been counted; areas are sums over steps, km².

    years: in order. both (years, 12, lags, regions, members, members): area that member i marks at
    a time and member j `lag` later. first, second (years, 12, lags, regions, members): of either,
    over the steps that have a partner. steps (years, 12, lags): their number. marked (years, 12,
    regions, members + 1): area marked by so many members (lag 0). cells (4, members, ny, nx): steps
    by season; pairs (4, pairs, ny, nx): with both of a pair, in the order of `pairs_of`; at_least
    (4, members, ny, nx): with at least 1, 2 … members. inside (events, members): area of each event
    that the members mark.
    """

    years: Sequence[int]
    lags: Sequence[int]
    both: NDArray[np.float64]
    first: NDArray[np.float64]
    second: NDArray[np.float64]
    steps: NDArray[np.int64]
    marked: NDArray[np.float64]
    map_steps: NDArray[np.int64]
    cells: NDArray[np.int32]
    pairs: NDArray[np.int32]
    at_least: NDArray[np.int32]
    inside: NDArray[np.float64]


def no_bits(shape: tuple[int, int]) -> Bits:
    """Return the bits of a step that nobody marks."""
    return np.zeros((shape[0], -(-shape[1] // 8) * 8), np.uint8)


def pairs_of(members: int) -> list[tuple[int, int]]:
    """Return the pairs of members, each once, in the order of maps."""
    return [(i, j) for i in range(members) for j in range(i + 1, members)]


def count_together(
    steps: Iterable[Step],
    grid: Grid,
    regions: Mapping[str, NDArray[np.bool_]],
    years: Sequence[int],
    members: int,
    events: Sequence[int],
    lags: Sequence[int] = (0,),
    since: int | None = None,
) -> Together:
    """Count all `steps`, in order of time.

    regions: name -> cells, `grid.shape`. events: the number of events of each member. lags:
    seconds by which the second member of a pair is later; 0 is among them. A step without a
    partner at a lag does not count there. since: seconds; steps before are partners alone.
    """
    made = _empty(grid, len(regions), years, members, sum(events), lags)
    area = np.ascontiguousarray(np.broadcast_to(grid.area, grid.shape))
    inside = np.stack([np.where(cells, area, 0.0) for cells in regions.values()])
    offset = np.concatenate([[0], np.cumsum(events)[:-1]]).astype(np.int64)
    pair_number = np.full((members, members), -1, np.int64)
    for number, (i, j) in enumerate(pairs_of(members)):
        pair_number[i, j] = number
    past: deque[Step] = deque()
    longest = max(abs(lag) for lag in lags)
    place_of = {year: place for place, year in enumerate(years)}
    codes = _Codes(made, list(lags).index(0))
    for step in steps:
        while past and past[0].seconds < step.seconds - longest:
            past.popleft()
        past.append(step)
        if since is not None and step.seconds < since:
            continue
        by_time = {one.seconds: one for one in past}
        for place, lag in enumerate(lags):
            if (earlier := by_time.get(step.seconds - abs(lag))) is None:
                continue
            one, other = (earlier, step) if lag >= 0 else (step, earlier)
            when = (place_of[one.year], one.month - 1, place)
            made.steps[when] += 1
            _add_codes(one.bits, other.bits, inside, codes.of(when))
        season = step.month % 12 // 3
        made.map_steps[season] += 1
        _add_cells(
            step.bits,
            step.events,
            area,
            (pair_number, offset),
            (made.cells[season], made.pairs[season], made.at_least[season]),
            made.inside,
        )
    codes.finish()
    return replace(
        made,
        cells=_summed(made.cells),
        pairs=_summed(made.pairs),
        at_least=_summed(made.at_least),
    )


@dataclass
class _Codes:
    """Areas by the bits of both steps of a pair, until they are of another month.

    made: to which they are added then; at_once: the place of the lag 0. areas: of each lag the
    month, and its areas (regions, bits of the first, bits of the second).
    """

    made: Together
    at_once: int
    areas: dict[int, tuple[tuple[int, int, int], NDArray[np.float64]]] = field(default_factory=dict)

    def of(self, when: tuple[int, int, int]) -> NDArray[np.float64]:
        """Return the areas of year, month and lag, to be added to."""
        *_, lag = when
        if lag not in self.areas or self.areas[lag][0] != when:
            if lag in self.areas:
                self._add(*self.areas[lag])
            *_, regions, members = self.made.first.shape
            self.areas[lag] = when, np.zeros((regions, 1 << members, 1 << members))
        return self.areas[lag][1]

    def finish(self) -> None:
        """Add what is left."""
        for when, areas in self.areas.values():
            self._add(when, areas)

    def _add(self, when: tuple[int, int, int], areas: NDArray[np.float64]) -> None:
        made = self.made
        _add_pairs(areas, made.both[when], made.first[when], made.second[when])
        if when[-1] == self.at_once:
            for bits in range(areas.shape[1]):
                made.marked[when[:2]][:, bits.bit_count()] += areas[:, bits, bits]


def _summed(differences: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return maps (…, ny, nx) of differences (…, ny, nx + 1), which are overwritten."""
    return np.cumsum(differences, axis=-1, out=differences)[..., :-1]


def add_up(parts: Iterable[Together]) -> Together:
    """Return what has been counted in all parts, each of other steps; one is held at a time."""
    whole: Together | None = None
    for part in parts:
        whole = part if whole is None else _both(whole, part)
    assert whole is not None
    return whole


def _both(whole: Together, part: Together) -> Together:
    """Return the sum of two, in order of years; maps of `whole` are added to."""
    years = sorted({*whole.years, *part.years})
    sums: dict[str, NDArray[Any]] = {}
    for name in BY_YEAR:
        first = getattr(whole, name)
        sums[name] = np.zeros((len(years), *first.shape[1:]), first.dtype)
        for one in (whole, part):
            places = [years.index(year) for year in one.years]
            sums[name][places] += getattr(one, name)
    for name in OVER_ALL:
        sums[name] = getattr(whole, name)
        sums[name] += getattr(part, name)
    return Together(years=years, lags=whole.lags, **sums)


def _empty(
    grid: Grid,
    regions: int,
    years: Sequence[int],
    members: int,
    events: int,
    lags: Sequence[int],
) -> Together:
    """Return zeros; maps are differences from column to column, so that a run costs two numbers."""
    ny, nx = grid.shape
    by_month, pairs = (len(years), 12), len(pairs_of(members))
    by_lag = (*by_month, len(lags), regions, members)
    return Together(
        years=years,
        lags=lags,
        both=np.zeros((*by_lag, members)),
        first=np.zeros(by_lag),
        second=np.zeros(by_lag),
        steps=np.zeros((*by_month, len(lags)), np.int64),
        marked=np.zeros((*by_month, regions, members + 1)),
        map_steps=np.zeros(4, np.int64),
        cells=np.zeros((4, members, ny, nx + 1), np.int32),
        pairs=np.zeros((4, pairs, ny, nx + 1), np.int32),
        at_least=np.zeros((4, members, ny, nx + 1), np.int32),
        inside=np.zeros((events, members)),
    )


@compiled
def _end_of_zeros(row, words, start):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Return the first column from `start` on that is not zero, or the number of columns.

    words: the same row, eight columns in each.
    """
    column = start
    while column < row.size:
        if column % 8 == 0 and words[column // 8] == 0:
            column += 8
        elif row[column] == 0:
            column += 1
        else:
            break
    return column


@compiled
def _add_codes(first, second, area, areas):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Add one pair of steps to the areas by bits; area (regions, rows, columns)."""
    first_words, second_words = first.view(np.uint64), second.view(np.uint64)
    columns = first.shape[1]
    for row in range(first.shape[0]):
        one, other = first[row], second[row]
        words, other_words = first_words[row], second_words[row]
        mine = theirs = start = 0
        while True:
            if mine <= start:
                mine = _end_of_zeros(one, words, start)
            if theirs <= start:
                theirs = _end_of_zeros(other, other_words, start)
            start = min(mine, theirs)
            if start == columns:
                break
            here, there = one[start], other[start]
            stop = start + 1
            while stop < columns and one[stop] == here and other[stop] == there:
                stop += 1
            for region in range(area.shape[0]):
                areas[region, here, there] += area[region, row, start:stop].sum()
            start = stop


@compiled
def _add_pairs(areas, both, first, second):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Add areas (regions, bits, bits) to those of members and of pairs."""
    members = first.shape[1]
    for region in range(areas.shape[0]):
        for here in range(areas.shape[1]):
            for there in range(areas.shape[2]):
                size = areas[region, here, there]
                if size == 0.0:
                    continue
                for i in range(members):
                    if there >> i & 1:
                        second[region, i] += size
                    if here >> i & 1:
                        first[region, i] += size
                        for j in range(members):
                            if there >> j & 1:
                                both[region, i, j] += size


@compiled
def _add_cells(bits, events, area, numbers, maps, inside):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Add one step to the maps and to the events.

    numbers: of each pair (members, members), and the first row of each member's events in `inside`.
    maps: differences from column to column.
    """
    members = events.shape[0]
    pair_number, offset = numbers
    cells, pairs, at_least = maps
    words, columns = bits.view(np.uint64), bits.shape[1]
    for row in range(bits.shape[0]):
        marked = bits[row]
        start = _end_of_zeros(marked, words[row], 0)
        while start < columns:
            here = marked[start]
            stop = start + 1
            while stop < columns and marked[stop] == here:
                stop += 1
            for i in range(members):
                if here >> i & 1:
                    own, column = events[i, row], start + 1
                    while column < stop and own[column] == own[start]:
                        column += 1
                    stop = column
            size = area[row, start:stop].sum()
            number = 0
            for i in range(members):
                if here >> i & 1 == 0:
                    continue
                cells[i, row, start] += 1
                cells[i, row, stop] -= 1
                at_least[number, row, start] += 1
                at_least[number, row, stop] -= 1
                number += 1
                event = events[i, row, start]
                for j in range(members):
                    if here >> j & 1:
                        if j > i:
                            pairs[pair_number[i, j], row, start] += 1
                            pairs[pair_number[i, j], row, stop] -= 1
                        if event > 0:
                            inside[offset[i] + event - 1, j] += size
            start = _end_of_zeros(marked, words[row], stop)
