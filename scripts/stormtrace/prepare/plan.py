"""What a year needs: every step, and for each raw variable the records it is made from."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.prepare.dataset import Dataset, Part, Source
from stormtrace.prepare.needed_variables import needed_beside, why_needed
from stormtrace.prepare.raw.archive import Archive
from stormtrace.prepare.raw.calendar_time import Calendar, Seconds, steps_between
from stormtrace.prepare.raw.inventory import Inventory, window_of
from stormtrace.prepare.raw.matching import match, records_a_step, span_of
from stormtrace.prepare.raw.reader import Place
from stormtrace.prepare.raw.time_agreement import check_alike, check_offsets, check_times
from stormtrace.prepare.raw.time_methods import TOGETHER
from stormtrace.prepare.verbs import Derivation


@dataclass(frozen=True, eq=False)
class Records:
    """Where the raw records of one variable are.

    file, record: one row a step and one column for each raw record that makes it (three for the
    mean of hourly ones), int64; `file` counts in `paths`.
    span: seconds from a step's start that it is of; 0 where it is of an instant.
    raw_method, method: CF's word for what a record, and a step, is of them: mean, minimum, sum ….
    """

    paths: tuple[str, ...]
    file: NDArray[np.int64]
    record: NDArray[np.int64]
    span: int
    raw_method: str
    method: str

    def together(self, values: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return the steps' values, (steps, n) float64, of the records', (steps, many, n)."""
        reduce, _ = TOGETHER[self.raw_method]
        return reduce(values.astype(np.float64, copy=False), axis=1)


@dataclass(frozen=True, eq=False)
class Plan:
    """The steps of one year that one part of a dataset has.

    start: seconds at which each step starts, ascending. skipped: how many expected steps are not
    there.
    """

    dataset: Dataset
    part: Part
    calendar: Calendar
    start: Seconds
    records: Mapping[Source, Records]
    skipped: int

    @property
    def span(self) -> int:
        """The longest span of any variable, in seconds."""
        return max(records.span for records in self.records.values())

    def of(self, derivation: Derivation, variable: str) -> Records:
        """Return the records of a derivation's variable."""
        return self.records[self.dataset.where(self.part, derivation, variable)]

    def places(self, derivation: Derivation, variable: str, steps: range) -> list[Place]:
        """Return where a derivation's variable is for some steps, in order of time."""
        records = self.of(derivation, variable)
        some = slice(steps.start, steps.stop)
        pairs = zip(records.file[some].ravel(), records.record[some].ravel(), strict=True)
        return [Place(records.paths[file], int(record)) for file, record in pairs]

    def some(self, steps: NDArray[np.integer]) -> "Plan":
        """Return the plan of some of its steps, by their numbers."""
        records = {
            source: replace(each, file=each.file[steps], record=each.record[steps])
            for source, each in self.records.items()
        }
        return replace(self, start=self.start[steps], records=records)

    def files(self, step: int) -> list[str]:
        """Return all raw files a step is made from."""
        found = [
            records.paths[file] for records in self.records.values() for file in records.file[step]
        ]
        return sorted(set(found))


def make_plans(dataset: Dataset, year: int) -> list[Plan]:
    """Return a plan for each part of the dataset that has steps in `year`.

    Raises:
        BadInput: nothing is there, steps are missing (unless `missing_steps: skip`) or double,
            times are not on the dataset's steps, or variables that belong together do not.

    """
    archive = Archive(dataset)
    plans = [_plan(archive, part, year) for part in dataset.parts]
    found = sorted((plan for plan in plans if plan), key=lambda plan: int(plan.start[0]))
    if not found:
        periods = ", ".join(f"{part.begin} to {part.end}" for part in dataset.parts)
        raise BadInput(f"dataset {dataset.name} has no step in {year}; its periods: {periods}")
    for before, after in itertools.pairwise(found):
        if before.start[-1] >= after.start[0]:
            raise BadInput(
                f"dataset {dataset.name}: the periods of its parts overlap in {year}:"
                f" {before.part.end} is after {after.part.begin}"
            )
        check_offsets(dataset, before.start, after.start)
    return found


def _plan(archive: Archive, part: Part, year: int) -> Plan | None:
    dataset = archive.dataset
    if not part.touches(year):
        return None
    inventories = _inventories(archive, part, year)
    calendar = _one_calendar(dataset, inventories)
    offset = check_times(dataset, inventories.values())
    begin, end = window_of(part, year)(calendar)
    expected = steps_between(begin, end, dataset.step, offset)
    matches = {source: match(each, dataset, expected) for source, each in inventories.items()}
    there = np.logical_and.reduce([file.min(axis=1) >= 0 for file, _ in matches.values()])
    if not there.all() and dataset.missing_steps == "refuse":
        raise BadInput(_what_is_missing(dataset, inventories, expected, matches, year))
    if not there.any():
        return None
    records = {
        source: _records(inventories[source], dataset, file[there], record[there])
        for source, (file, record) in matches.items()
    }
    return Plan(dataset, part, calendar, expected[there], records, int((~there).sum()))


def _records(
    inventory: Inventory, dataset: Dataset, file: NDArray[np.int64], record: NDArray[np.int64]
) -> Records:
    raw = inventory.method
    method = TOGETHER[raw][1] if records_a_step(inventory, dataset) > 1 else raw
    return Records(inventory.paths, file, record, span_of(inventory, dataset), raw, method)


def _inventories(archive: Archive, part: Part, year: int) -> dict[Source, Inventory]:
    """Return the records of every raw variable the dataset's fields need."""
    dataset = archive.dataset
    found: dict[Source, Inventory] = {}
    for derivation in dataset.fields.values():
        own, *others = (dataset.where(part, derivation, name) for name in derivation.variables)
        found[own] = archive.inventory(own, part, year)
        for other in others:
            found[other] = archive.inventory(other, part, year)
            check_alike(found[own], found[other])
        for variable in needed_beside(dataset, derivation, found[own].paths[0]):
            partner = dataset.where(part, derivation, variable)
            try:
                found[partner] = archive.inventory(partner, part, year)
            except BadInput as error:
                raise BadInput(f"{error}. {why_needed(dataset, derivation, variable)}") from error
            check_alike(found[own], found[partner])
    return found


def _one_calendar(dataset: Dataset, inventories: Mapping[Source, Inventory]) -> Calendar:
    calendars = {each.calendar.name: each for each in inventories.values()}
    if len(calendars) > 1:
        listed = "; ".join(f"{name} in {each.paths[0]}" for name, each in calendars.items())
        raise BadInput(f"dataset {dataset.name}: the raw files have several calendars: {listed}")
    return next(iter(inventories.values())).calendar


def _what_is_missing(
    dataset: Dataset,
    inventories: Mapping[Source, Inventory],
    expected: Seconds,
    matches: Mapping[Source, tuple[NDArray[np.int64], NDArray[np.int64]]],
    year: int,
) -> str:
    lacks = []
    calendar = _one_calendar(dataset, inventories)
    for source, (file, _) in matches.items():
        gone = expected[file.min(axis=1) < 0]
        if gone.size:
            times = f"{calendar.text(gone[0])} … {calendar.text(gone[-1])}"
            lacks.append(f"{source.variable} lacks {gone.size} ({times})")
            if gone.size == expected.size:
                first, last = inventories[source].sorted_starts[0][[0, -1]]
                lacks[-1] += f"; its files have {calendar.text(first)} … {calendar.text(last)}"
    return (
        f"dataset {dataset.name}: of {expected.size} steps expected in {year} {'; '.join(lacks)}."
        f" Bring the files, correct `period` or `step_hours` (now {dataset.step_hours:g}), or say"
        " `missing_steps: skip`"
    )
