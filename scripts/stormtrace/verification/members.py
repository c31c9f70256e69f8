"""The members of an agreement, step by step on one grid: masks and events of experiments."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
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
from stormtrace.grids import Grid
from stormtrace.grids.remapping import conservative
from stormtrace.prepare.raw.calendar_time import Calendar, Seconds, calendar_of
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


class YearFiles(NamedTuple):
    """The masks of a year and their objects; seconds since year 1 of the first and last step."""

    masks: Path
    objects: Path | str
    first: int
    last: int
    steps: int


@dataclass(frozen=True, eq=False)
class Member:
    """One class of one experiment: its masks and objects by year, and its events.

    files: those with steps, in order of time. event (n,): IDs of its events, in order.
    """

    experiment: str
    feature: FeatureClass
    grid: Grid
    calendar: str
    files: Sequence[YearFiles]
    events: Path | str
    event: NDArray[np.int64]
    classes: ClassTable | None = None

    @property
    def step_count(self) -> int:
        """The number of its steps."""
        return sum(one.steps for one in self.files)

    def times(self, first: int, last: int) -> Seconds:
        """Read the times from `first` to `last`, both included, seconds since year 1."""
        found = [seconds_of(open_masks(one.masks, self.classes)) for one in self._of(first, last)]
        times = np.concatenate([np.empty(0, np.int64), *found])
        return times[(first <= times) & (times <= last)]

    def steps(self, of: str, wanted: Seconds) -> Iterator[tuple[int, Runs, Runs]]:
        """Yield time, runs of cells and runs of events of each wanted step on its own grid.

        of: `masks` (all cells of the class) or `events` (cells of tracked events alone).
        """
        among = set(wanted.tolist())
        for one in self._of(*wanted[[0, -1]].tolist()):
            masks = open_masks(one.masks, self.classes)
            pixels = EventPixels(one.objects, self.events, self.classes)
            pixels.check_masks(masks)
            seconds = seconds_of(masks)
            for block in masks.runs():
                times = seconds[block.first : block.last].tolist()
                if among.isdisjoint(times):
                    continue
                marked = self._events(pixels, block.first, block.last)
                cells = marked if of == "events" else self._cells(block)
                for step, time in enumerate(times, block.first):
                    if time in among:
                        yield time, cells.of_step(step), marked.of_step(step)

    def _of(self, first: int, last: int) -> list[YearFiles]:
        return [one for one in self.files if one.first <= last and first <= one.last]

    def _cells(self, block: MaskRuns) -> Runs:
        mine = block.code == self.feature.code
        row = block.row[mine]
        return Runs(block.step[mine], row, block.start[mine], block.stop[mine], np.ones_like(row))

    def _events(self, pixels: EventPixels, first: int, last: int) -> Runs:
        runs = pixels.runs(first, last)
        mine = runs.code == self.feature.code
        numbers = np.searchsorted(self.event, runs.event[mine]) + 1
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
        BadInput: its masks have no such class, none is of these years, or two have the same times.

    """
    first: MaskFile | None = None
    files = []
    for path, of_path in zip(masks, objects, strict=True):
        opened = open_masks(path, table)
        if years is not None and opened.attributes.get("year") not in years:
            continue
        first = first or opened
        if (seconds := seconds_of(opened)).size:
            start, end = seconds[[0, -1]].tolist()
            files.append(YearFiles(opened.path, of_path, start, end, seconds.size))
    if first is None:
        raise BadInput(f"{experiment} has no masks of {years}: give files of that year")
    feature = first.classes.get(name)
    if feature is None:
        known = ", ".join(one.short for one in first.classes.features)
        raise BadInput(f"{first.path} has no class {name!r}; it has: {known}")
    files.sort(key=lambda one: one.first)
    for one, other in itertools.pairwise(files):
        if other.first <= one.last:
            raise BadInput(
                f"{one.masks} and {other.masks} of {experiment} have times in common: give each "
                "time once"
            )
    event = read_events_of(events, feature.code, ["event"])["event"]
    calendar = _calendar(first).name
    return Member(experiment, feature, first.grid, calendar, files, events, event, table)


def seconds_of(masks: MaskFile) -> Seconds:
    """Return the times of a file, seconds since year 1."""
    return _calendar(masks).from_cf(masks.time, masks.time_units)


def _calendar(masks: MaskFile) -> Calendar:
    return calendar_of(masks.calendar, masks.time_units)


def common_grid(members: Sequence[Member]) -> Grid:
    """Return the grid of all members, or the coarsest of theirs."""
    grids = [member.grid for member in members]
    return grids[0] if all(grids[0].same_as(one) for one in grids) else coarser(grids)


def common_times(members: Sequence[Member]) -> Iterator[Seconds]:
    """Yield the times that all members have, in order, those of a year at a time.

    Raises:
        BadInput: calendars differ.

    """
    if len({member.calendar for member in members}) > 1:
        said = ", ".join(f"{one.experiment} {one.calendar}" for one in members)
        raise BadInput(f"masks of different calendars have no common times: {said}")
    for one in members[0].files:
        common = members[0].times(one.first, one.last)
        for member in members[1:]:
            if common.size:
                common = common[np.isin(common, member.times(*common[[0, -1]].tolist()))]
        if common.size:
            yield common


@dataclass(frozen=True)
class Record:
    """Times that all members have: the first and the last, seconds since year 1, and how many."""

    first: int
    last: int
    steps: int

    @classmethod
    def of(cls, times: Seconds) -> "Record":
        """Return the record of times in order."""
        return cls(int(times[0]), int(times[-1]), times.size)

    def years(self, calendar: str) -> list[int]:
        """Return the years from the first time to the last."""
        first, last = Calendar(calendar).dates([self.first, self.last])
        return list(range(first.year, last.year + 1))


def common_record(members: Sequence[Member], lags: Sequence[int] = ()) -> Record:
    """Check that there are times that all members have, and steps `lags` (seconds) apart.

    Raises:
        BadInput: there are none.

    """
    parts, recent = [], np.empty(0, np.int64)
    missing = {abs(lag) for lag in lags}
    for common in common_times(members):
        parts.append(Record.of(common))
        recent = np.append(recent, common)
        missing = {lag for lag in missing if not np.isin(common - lag, recent).any()}
        recent = recent[recent >= common[-1] - max(missing, default=0)]
    if not parts:
        spans = "; ".join(f"{one.experiment} {_span(one)}" for one in members)
        raise BadInput(f"the members have no time in common: {spans}; give them the same period")
    record = Record(parts[0].first, parts[-1].last, sum(part.steps for part in parts))
    if missing:
        apart = [np.diff(one).min() for one in common_times(members) if one.size > 1]
        raise BadInput(
            f"lags_h: no two common steps of the members are {min(missing) / 3600:g} h apart; they "
            f"are {min(apart, default=0) / 3600:g} h apart and reach over "
            f"{(record.last - record.first) / 3600:g} h: give multiples of the step within that"
        )
    return record


def walk(
    members: Sequence[Member], grid: Grid, common: Iterable[Seconds], of: str
) -> Iterator[Step]:
    """Yield the common steps of all members on `grid`; common: some times after others."""
    calendar = Calendar(members[0].calendar)
    to_grid = [_Regridding.of(member, grid) for member in members]
    events = np.zeros((len(members), *grid.shape), np.int32)
    for times in common:
        dates = calendar.dates(times)
        of_members = (member.steps(of, times) for member in members)
        for date, parts in zip(dates, zip(*of_members, strict=True), strict=True):
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
    if not member.files:
        return "has none"
    text = Calendar(member.calendar).text
    return f"{text(member.files[0].first)} to {text(member.files[-1].last)}"
