"""The members of an agreement, step by step on one grid: masks and events of experiments."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stormtrace.class_table import ClassTable
from stormtrace.classes import FeatureClass
from stormtrace.climate.comparison import coarser
from stormtrace.climate.event_tables import of_class, read_events
from stormtrace.errors import BadInput
from stormtrace.formats.masks import MaskFile, open_masks
from stormtrace.formats.tables import Table
from stormtrace.grids import Grid
from stormtrace.grids.remapping import conservative
from stormtrace.prepare.raw.calendar_time import Calendar, calendar_of
from stormtrace.track.pixels import EventPixels, paint
from stormtrace.verification.together import Step

#: Share of a cell that must be marked on the finer grid.
HALF = 0.5


@dataclass(frozen=True, eq=False)
class Member:
    """One class of one experiment: its masks and objects by year, and its events."""

    experiment: str
    feature: FeatureClass
    masks: Sequence[MaskFile]
    pixels: Sequence[EventPixels]
    table: Table

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

    def steps(self, of: str) -> Iterator[tuple[int, NDArray[np.bool_], NDArray[np.int32]]]:
        """Yield time, cells and events of each step on its own grid.

        of: `masks` (all cells of the class) or `events` (cells of tracked events alone). Events are
        the row of `table` + 1, 0 for none.
        """
        for masks, pixels, seconds in zip(self.masks, self.pixels, self.seconds, strict=True):
            every = (mask for block in masks.blocks() for mask in block)
            for mask, time, (_, runs) in zip(every, seconds.tolist(), pixels.steps(), strict=True):
                mine = runs.where(runs.code == self.feature.code)
                rows = np.searchsorted(self.table["event"], mine.event) + 1
                events = paint(mine._replace(event=rows), self.grid.shape).astype(np.int32)
                yield time, events > 0 if of == "events" else mask == self.feature.code, events


def read_member(
    experiment: str,
    name: str,
    masks: Sequence[Path | str],
    objects: Sequence[Path | str],
    events: Path | str,
    table: ClassTable | None = None,
) -> Member:
    """Open the files of a member; name: of its class.

    Raises:
        BadInput: its masks have no such class, or masks and objects do not belong together.

    """
    opened = [open_masks(path, table) for path in masks]
    pixels = [EventPixels(path, events, table) for path in objects]
    for one, cells in zip(opened, pixels, strict=True):
        cells.check_masks(one)
    feature = opened[0].classes.get(name)
    if feature is None:
        known = ", ".join(one.short for one in opened[0].classes.features)
        raise BadInput(f"{opened[0].path} has no class {name!r}; it has: {known}")
    found = read_events(events, ["start"])
    assert found is not None
    return Member(experiment, feature, opened, pixels, of_class(found, feature.code))


def common_grid(members: Sequence[Member]) -> Grid:
    """Return the grid of all members, or the coarsest of theirs."""
    grids = [member.grid for member in members]
    return grids[0] if all(grids[0].same_as(one) for one in grids) else coarser(grids)


def common_seconds(members: Sequence[Member]) -> NDArray[np.int64]:
    """Return the times that all members have, in order.

    Raises:
        BadInput: calendars differ, or there is no such time.

    """
    calendars = {member.calendar for member in members}
    if len(calendars) > 1:
        said = ", ".join(f"{one.experiment} {one.calendar}" for one in members)
        raise BadInput(f"masks of different calendars have no common times: {said}")
    common = np.concatenate(members[0].seconds)
    for member in members[1:]:
        common = np.intersect1d(common, np.concatenate(member.seconds))
    if not common.size:
        spans = "; ".join(f"{one.experiment} {_span(one)}" for one in members)
        raise BadInput(f"the members have no time in common: {spans}; give them the same period")
    return common


def years_of(members: Sequence[Member], common: NDArray[np.int64]) -> list[int]:
    """Return the years from the first common time to the last."""
    first, last = Calendar(members[0].calendar).dates([int(common[0]), int(common[-1])])
    return list(range(first.year, last.year + 1))


def walk(
    members: Sequence[Member], grid: Grid, common: NDArray[np.int64], of: str
) -> Iterator[Step]:
    """Yield the common steps of all members on `grid`."""
    calendar = Calendar(members[0].calendar)
    to_grid = [_Regridding.of(member, grid) for member in members]
    for parts in zip(*(_only(member.steps(of), common) for member in members), strict=True):
        date = calendar.dates([parts[0][0]])[0]
        bits, events = np.zeros(grid.shape, np.uint8), []
        for number, (regrid, (_, cells, own)) in enumerate(zip(to_grid, parts, strict=True)):
            cells, own = regrid(cells, own)
            bits |= cells.astype(np.uint8) << np.uint8(number)
            events.append(own)
        yield Step(parts[0][0], date.year, date.month, bits, np.stack(events))


@dataclass(frozen=True, eq=False)
class _Regridding:
    """Cells and events of a member moved to another grid."""

    source: Grid
    target: Grid
    is_line: bool
    nearest: tuple[NDArray[np.int64], NDArray[np.int64]] | None

    @classmethod
    def of(cls, member: Member, target: Grid) -> "_Regridding":
        same = member.grid.same_as(target)
        nearest = None if same else member.grid.cells(*target.points)
        return cls(member.grid, target, member.feature.kind == "line", nearest)

    def __call__(
        self, cells: NDArray[np.bool_], events: NDArray[np.int32]
    ) -> tuple[NDArray[np.bool_], NDArray[np.int32]]:
        """Areas: cells marked by half or more. Lines and events: as at the cell's centre."""
        if self.nearest is None:
            return cells, events
        row, column = self.nearest
        there = row >= 0
        moved = np.where(there, events[row, column], 0)
        if self.is_line:
            return there & cells[row, column], moved
        share = conservative(cells.astype(np.float32), self.source, self.target)
        return np.nan_to_num(share) >= HALF, moved


def _only(
    steps: Iterator[tuple[int, NDArray[np.bool_], NDArray[np.int32]]], common: NDArray[np.int64]
) -> Iterator[tuple[int, NDArray[np.bool_], NDArray[np.int32]]]:
    wanted = set(common.tolist())
    return (step for step in steps if step[0] in wanted)


def _span(member: Member) -> str:
    every = np.concatenate(member.seconds)
    if not every.size:
        return "has none"
    calendar = Calendar(member.calendar)
    return f"{calendar.text(every[0])} to {calendar.text(every[-1])}"
