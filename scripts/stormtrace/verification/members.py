"""The members of an agreement, step by step on one grid: masks and events of experiments."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stormtrace.class_table import ClassTable
from stormtrace.classes import FeatureClass
from stormtrace.climate.comparison import coarser
from stormtrace.climate.event_tables import read_events_of
from stormtrace.compiled import compiled
from stormtrace.errors import BadInput
from stormtrace.formats.mask_runs import MaskRuns
from stormtrace.formats.masks import MaskFile, open_masks
from stormtrace.formats.tables import Table
from stormtrace.grids import Grid
from stormtrace.grids.remapping import conservative
from stormtrace.prepare.raw.calendar_time import Calendar, calendar_of
from stormtrace.track.pixels import EventPixels
from stormtrace.verification.together import Step, no_bits

#: Share of a cell that must be marked on the finer grid.
HALF = 0.5


class Runs(NamedTuple):
    """Runs of cells, (n,) each, in order of step; value: what each has."""

    step: NDArray[np.int32]
    row: NDArray[np.int32]
    start: NDArray[np.int32]
    stop: NDArray[np.int32]
    value: NDArray[np.int32]

    def of_step(self, step: int) -> "Runs":
        """Return the runs of one step."""
        low, high = np.searchsorted(self.step, [step, step + 1])
        return Runs(*(column[low:high] for column in self))

    def write(self, values: NDArray[np.int32]) -> None:
        """Write the runs of one step into (ny, nx)."""
        _write(values, self.row, self.start, self.stop, self.value)

    def clear(self, values: NDArray[np.int32]) -> None:
        """Write zero into the runs of one step."""
        _write(values, self.row, self.start, self.stop, np.zeros_like(self.value))


@compiled
def _write(values, row, start, stop, value):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    for i in range(row.size):
        values[row[i], start[i] : stop[i]] = value[i]


@compiled
def _mark(bits, row, start, stop, bit):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    for i in range(row.size):
        for column in range(start[i], stop[i]):
            bits[row[i], column] |= bit


@dataclass(frozen=True, eq=False)
class Member:
    """One class of one experiment: its masks and objects by year, and its events."""

    experiment: str
    feature: FeatureClass
    masks: Sequence[MaskFile]
    objects: Sequence[Path | str]
    events: Path | str
    table: Table
    classes: ClassTable | None = None

    @property
    def grid(self) -> Grid:
        """The grid of its masks."""
        return self.masks[0].grid

    @property
    def calendar(self) -> str:
        """The calendar of its masks."""
        return calendar_of(self.masks[0].calendar, self.masks[0].time_units).name

    @cached_property
    def seconds(self) -> list[NDArray[np.int64]]:
        """The times of each year, seconds since year 1."""
        calendar = Calendar(self.calendar)
        return [calendar.from_cf(one.time, one.time_units) for one in self.masks]

    def steps(self, of: str, wanted: Container[int]) -> Iterator[tuple[int, Runs, Runs]]:
        """Yield time, runs of cells and runs of events of each wanted step on its own grid.

        of: `masks` (all cells of the class) or `events` (cells of tracked events alone).
        """
        for masks, objects, seconds in zip(self.masks, self.objects, self.seconds, strict=True):
            pixels = EventPixels(objects, self.events, self.classes)  # of one year at a time
            pixels.check_masks(masks)
            for block in masks.runs():
                times = seconds[block.first : block.last].tolist()
                if not any(time in wanted for time in times):
                    continue
                marked = self._events(pixels, block.first, block.last)
                cells = marked if of == "events" else self._cells(block)
                for step, time in enumerate(times, block.first):
                    if time in wanted:
                        yield time, cells.of_step(step), marked.of_step(step)

    def _cells(self, block: MaskRuns) -> Runs:
        mine = block.code == self.feature.code
        row = block.row[mine]
        return Runs(block.step[mine], row, block.start[mine], block.stop[mine], np.ones_like(row))

    def _events(self, pixels: EventPixels, first: int, last: int) -> Runs:
        runs = pixels.runs(first, last)
        mine = runs.code == self.feature.code
        numbers = np.searchsorted(self.table["event"], runs.event[mine]) + 1
        where = runs.step[mine], runs.row[mine], runs.start[mine], runs.stop[mine]
        return Runs(*where, numbers.astype(np.int32))


def read_member(
    experiment: str,
    name: str,
    masks: Sequence[Path | str],
    objects: Sequence[Path | str],
    events: Path | str,
    table: ClassTable | None = None,
    years: Sequence[int] | None = None,
) -> Member:
    """Open the files of a member; name: of its class; years: those that are needed, by default all.

    Raises:
        BadInput: its masks have no such class, or none is of these years.

    """
    pairs = [
        (one, path)
        for one, path in zip((open_masks(path, table) for path in masks), objects, strict=True)
        if years is None or one.attributes.get("year") in years
    ]
    if not pairs:
        raise BadInput(f"{experiment} has no masks of {years}: give files of that year")
    opened, objects = [one for one, _ in pairs], [path for _, path in pairs]
    feature = opened[0].classes.get(name)
    if feature is None:
        known = ", ".join(one.short for one in opened[0].classes.features)
        raise BadInput(f"{opened[0].path} has no class {name!r}; it has: {known}")
    mine = read_events_of(events, feature.code, ["event", "start"])
    return Member(experiment, feature, opened, objects, events, mine, table)


def common_grid(members: Sequence[Member]) -> Grid:
    """Return the grid of all members, or the coarsest of theirs."""
    grids = [member.grid for member in members]
    return grids[0] if all(grids[0].same_as(one) for one in grids) else coarser(grids)


def common_seconds(members: Sequence[Member]) -> NDArray[np.int64]:
    """Return the times that all members have, in order.

    Raises:
        BadInput: calendars differ.

    """
    calendars = {member.calendar for member in members}
    if len(calendars) > 1:
        said = ", ".join(f"{one.experiment} {one.calendar}" for one in members)
        raise BadInput(f"masks of different calendars have no common times: {said}")
    common = np.concatenate(members[0].seconds)
    for member in members[1:]:
        common = np.intersect1d(common, np.concatenate(member.seconds))
    return common


def check_common(members: Sequence[Member], common: NDArray[np.int64]) -> None:
    """Check that there is a time that all members have.

    Raises:
        BadInput: there is none.

    """
    if not common.size:
        spans = "; ".join(f"{one.experiment} {_span(one)}" for one in members)
        raise BadInput(f"the members have no time in common: {spans}; give them the same period")


def years_of(members: Sequence[Member], common: NDArray[np.int64]) -> list[int]:
    """Return the years from the first common time to the last."""
    first, last = Calendar(members[0].calendar).dates([int(common[0]), int(common[-1])])
    return list(range(first.year, last.year + 1))


def walk(
    members: Sequence[Member], grid: Grid, common: NDArray[np.int64], of: str
) -> Iterator[Step]:
    """Yield the common steps of all members on `grid`."""
    calendar, wanted = Calendar(members[0].calendar), set(common.tolist())
    to_grid = [_Regridding.of(member, grid) for member in members]
    events = np.zeros((len(members), *grid.shape), np.int32)
    dates = dict(zip(common.tolist(), calendar.dates(common), strict=True)) if common.size else {}
    for parts in zip(*(member.steps(of, wanted) for member in members), strict=True):
        date = dates[parts[0][0]]
        bits = no_bits(grid.shape)
        for number, (regrid, (_, cells, own)) in enumerate(zip(to_grid, parts, strict=True)):
            if regrid is None:
                _mark(bits, cells.row, cells.start, cells.stop, np.uint8(1 << number))
                own.write(events[number])
            else:
                marked, events[number] = regrid(cells, own)
                bits[:, : grid.shape[1]] |= marked.astype(np.uint8) << np.uint8(number)
        yield Step(parts[0][0], date.year, date.month, bits, events)
        for number, (regrid, (*_, own)) in enumerate(zip(to_grid, parts, strict=True)):
            if regrid is None:
                own.clear(events[number])


@dataclass(frozen=True, eq=False)
class _Regridding:
    """Cells and events of a member moved to another grid."""

    source: Grid
    target: Grid
    is_line: bool
    nearest: tuple[NDArray[np.int64], NDArray[np.int64]]

    @classmethod
    def of(cls, member: Member, target: Grid) -> "_Regridding | None":
        """Return how a member is moved; None if it is there."""
        if member.grid.same_as(target):
            return None
        nearest = member.grid.cells(*target.points)
        return cls(member.grid, target, member.feature.kind == "line", nearest)

    def __call__(self, cells: Runs, own: Runs) -> tuple[NDArray[np.bool_], NDArray[np.int32]]:
        """Areas: cells marked by half or more. Lines and events: as at the cell's centre."""
        marked, events = (np.zeros(self.source.shape, np.int32) for _ in range(2))
        cells.write(marked)
        own.write(events)
        row, column = self.nearest
        there = row >= 0
        moved = np.where(there, events[row, column], 0)
        if self.is_line:
            return there & (marked[row, column] > 0), moved
        share = conservative((marked > 0).astype(np.float32), self.source, self.target)
        return np.nan_to_num(share) >= HALF, moved


def _span(member: Member) -> str:
    every = np.concatenate(member.seconds)
    if not every.size:
        return "has none"
    calendar = Calendar(member.calendar)
    return f"{calendar.text(every[0])} to {calendar.text(every[-1])}"
