"""Counts of where and when several masks mark the same cells: one pass over all steps.

A *member* is one class of one experiment. What each step adds is counted by compiled code over the
cells that any member marks: areas that every pair of members shares (also with a lag, and by month
and region), cells by season (for maps), and what of each event lies inside the other members.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stormtrace.compiled import compiled
from stormtrace.grids import Grid

#: Seasons of maps, in the order of their numbers: month % 12 // 3.
SEASONS = ("DJF", "MAM", "JJA", "SON")

Bits = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Step:
    """What all members mark at one time.

    seconds: since year 1 in the calendar; year, month: of the date. bits (ny, nx): bit m is set
    where member m marks the cell. events (members, ny, nx): index of the event + 1, 0 for none.
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
) -> Together:
    """Count all `steps`, in order of time.

    regions: name -> cells, `grid.shape`. events: the number of events of each member. lags:
    seconds by which the second member of a pair is later; 0 is among them. A step without a
    partner at a lag does not count there.
    """
    made = _empty(grid, len(regions), years, members, sum(events), lags)
    inside = np.ascontiguousarray(np.stack(list(regions.values())).reshape(len(regions), -1))
    area = np.ascontiguousarray(grid.area.ravel())
    offset = np.concatenate([[0], np.cumsum(events)[:-1]]).astype(np.int64)
    pair_number = np.full((members, members), -1, np.int64)
    for number, (i, j) in enumerate(pairs_of(members)):
        pair_number[i, j] = number
    past: deque[Step] = deque()
    longest = max(abs(lag) for lag in lags)
    for step in steps:
        while past and past[0].seconds < step.seconds - longest:
            past.popleft()
        past.append(step)
        by_time = {one.seconds: one for one in past}
        for place, lag in enumerate(lags):
            if (earlier := by_time.get(step.seconds - abs(lag))) is None:
                continue
            one, other = (earlier, step) if lag >= 0 else (step, earlier)
            when = (list(years).index(one.year), one.month - 1, place)
            made.steps[when] += 1
            _add_pairs(one.bits.ravel(), other.bits.ravel(), area, inside, made.both[when],
                       made.first[when], made.second[when])  # fmt: skip
        season = step.month % 12 // 3
        made.map_steps[season] += 1
        when_marked = (list(years).index(step.year), step.month - 1)
        maps = tuple(
            counts[season].reshape(-1, grid.size)
            for counts in (made.cells, made.pairs, made.at_least)
        )
        _add_cells(
            step.bits.ravel(),
            step.events.reshape(members, -1),
            area,
            inside,
            (pair_number, offset),
            made.marked[when_marked],
            maps,
            made.inside,
        )
    return made


def _empty(
    grid: Grid,
    regions: int,
    years: Sequence[int],
    members: int,
    events: int,
    lags: Sequence[int],
) -> Together:
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
        cells=np.zeros((4, members, *grid.shape), np.int32),
        pairs=np.zeros((4, pairs, *grid.shape), np.int32),
        at_least=np.zeros((4, members, *grid.shape), np.int32),
        inside=np.zeros((events, members)),
    )


@compiled
def _add_pairs(one, other, area, regions, both, first, second):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Add the areas of one pair of steps; regions (regions, cells)."""
    members = first.shape[1]
    for cell in range(one.size):
        here, there = one[cell], other[cell]
        if here == 0 and there == 0:
            continue
        for region in range(regions.shape[0]):
            if not regions[region, cell]:
                continue
            for i in range(members):
                if there >> i & 1:
                    second[region, i] += area[cell]
                if here >> i & 1:
                    first[region, i] += area[cell]
                    for j in range(members):
                        if there >> j & 1:
                            both[region, i, j] += area[cell]


@compiled
def _add_cells(bits, events, area, regions, numbers, marked, maps, inside):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Add one step to the maps, to the areas by number of members, and to the events.

    numbers: of each pair (members, members), and the first row of each member's events in `inside`.
    """
    members = events.shape[0]
    pair_number, offset = numbers
    cells, pairs, at_least = maps
    for cell in range(bits.size):
        here = bits[cell]
        if here == 0:
            continue
        number = 0
        for i in range(members):
            if here >> i & 1 == 0:
                continue
            cells[i, cell] += 1
            at_least[number, cell] += 1
            number += 1
            event = events[i, cell]
            for j in range(members):
                if here >> j & 1:
                    if j > i:
                        pairs[pair_number[i, j], cell] += 1
                    if event > 0:
                        inside[offset[i] + event - 1, j] += area[cell]
        for region in range(regions.shape[0]):
            if regions[region, cell]:
                marked[region, number] += area[cell]
