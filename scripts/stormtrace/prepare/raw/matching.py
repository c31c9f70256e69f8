"""Expected steps and the raw records they are made from, matched by their times."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.prepare.dataset import Dataset
from stormtrace.prepare.raw.calendar_time import HOUR, Seconds
from stormtrace.prepare.raw.inventory import Inventory
from stormtrace.prepare.raw.time_methods import POINT, TOGETHER


def step_offset(inventories: Iterable[Inventory], dataset: Dataset) -> int:
    """Return how many seconds after multiples of their length since midnight steps begin.

    It is 0 for most files, and 10,800 for instants at 03, 09, 15 and 21 h.

    Raises:
        BadInput: the variables have no such number in common.

    """
    units = {each: unit_of(each, dataset) for each in inventories}
    widest = max(units, key=lambda each: units[each])
    for offset in range(widest.first % units[widest], dataset.step, units[widest]):
        if all((each.first - offset) % unit == 0 for each, unit in units.items()):
            return int(offset)
    other = next(each for each in units if (each.first - widest.first) % units[each])
    one, two = (f"{each.source.variable} at {each.calendar.text(each.first)} in {each.paths[0]}"
                for each in (widest, other))  # fmt: skip
    raise BadInput(
        f"dataset {dataset.name}: {one}, but {two}: no steps of {dataset.step / HOUR:g} h start"
        " with both; choose files whose times go together"
    )


def unit_of(inventory: Inventory, dataset: Dataset) -> int:
    """Return the seconds between the raw records that steps are made from.

    Raises:
        BadInput: they make no steps of the dataset's length, or nobody says what they are of.

    """
    spacing = inventory.spacing or min(inventory.span or dataset.step, dataset.step)
    unit = inventory.span if 0 < inventory.span <= dataset.step < spacing else spacing
    if unit > dataset.step or dataset.step % unit:
        raise BadInput(
            f"{inventory.paths[0]}: {inventory.source.variable} comes every {unit / HOUR:g} h"
            f"{_closest(inventory)}, which makes no steps of {dataset.step / HOUR:g} h (dataset"
            f" {dataset.name})"
        )
    if inventory.span > dataset.step:
        raise BadInput(
            f"{inventory.paths[0]}: {inventory.source.variable} is a {inventory.method} over"
            f" {inventory.span / HOUR:g} h, longer than the steps of {dataset.step / HOUR:g} h"
            f" (dataset {dataset.name}): choose files of shorter intervals, or other `step_hours`"
        )
    _check_together(inventory, dataset, unit)
    if not inventory.told and inventory.first % unit * 2 == unit:
        raise BadInput(
            f"{inventory.paths[0]}: {inventory.source.variable} at"
            f" {inventory.calendar.text(inventory.first)} is in the middle between two multiples of"
            f" {unit / HOUR:g} hours, and nothing says whether it is a mean: say `stamps: middle`"
            " if it is, or `stamps: instant`"
        )
    return unit


def _closest(inventory: Inventory) -> str:
    """Return the two records that are nearest to each other, in brackets."""
    start = np.unique(inventory.sorted_starts[0])
    if start.size < 2:
        return ""
    index = int(np.diff(start).argmin())
    return " ({}, then {})".format(*map(inventory.calendar.text, start[index : index + 2]))


def _check_together(inventory: Inventory, dataset: Dataset, unit: int) -> None:
    """Refuse (BadInput) records that cannot be put together to steps."""
    where = f"{inventory.paths[0]}: {inventory.source.variable}"
    if inventory.source.within == "sum":
        _check_sum(inventory, where, unit)
    if unit == dataset.step or not _takes_all(inventory):
        return
    advice = "say `sampling: instant` for the one that starts the step"
    if inventory.method not in TOGETHER:
        raise BadInput(
            f"{where} is a {inventory.method} over time: those of {unit / HOUR:g} h make none of"
            f" {dataset.step / HOUR:g} h; {advice}"
        )
    if inventory.method != POINT and inventory.span != unit:
        raise BadInput(
            f"{where} comes every {unit / HOUR:g} h, but is of {inventory.span / HOUR:g} h: they do"
            f" not make steps of {dataset.step / HOUR:g} h; {advice}"
        )


def _check_sum(inventory: Inventory, where: str, unit: int) -> None:
    """Refuse (BadInput) a sum of instants, or of records that leave out some of the time."""
    if inventory.method == POINT:
        raise BadInput(
            f"{where} is of instants, as far as files and configuration say, and instants have no"
            " sum: if it is accumulated from record to record, say what its stamps mark with the"
            " field's `stamps: end`"
        )
    if inventory.span != unit:
        raise BadInput(
            f"{where} comes every {unit / HOUR:g} h, but is of {inventory.span / HOUR:g} h, so"
            " records do not follow each other: bring all; or, if each is of all the time since"
            f" the one before, say the field's `interval_hours: {unit / HOUR:g}`"
        )


def _takes_all(inventory: Inventory) -> bool:
    """Whether all records of a step make it, not only the one that starts it."""
    return inventory.source.within is not None or inventory.source.sampling == "mean"


def records_a_step(inventory: Inventory, dataset: Dataset) -> int:
    """Return of how many raw records a step is made."""
    unit = unit_of(inventory, dataset)
    return dataset.step // unit if _takes_all(inventory) else 1


def span_of(inventory: Inventory, dataset: Dataset) -> int:
    """Return of how many seconds a step's value is; 0: of an instant."""
    return dataset.step if records_a_step(inventory, dataset) > 1 else inventory.span


def match(
    inventory: Inventory, dataset: Dataset, expected: Seconds
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (file, record) of the raw records each expected step is made from; −1: not there.

    Both are (steps, records a step). BadInput: double times, or times between the steps.
    """
    unit = unit_of(inventory, dataset)
    start, file, record = inventory.sorted_starts
    first = int(expected[0]) if expected.size else 0
    end = int(expected[-1]) + dataset.step if expected.size else 0
    inside = (start >= first) & (start < end)
    _check_single(inventory, start, file, inside)
    _check_aligned(inventory, start[inside] - first, start[inside], file[inside], unit)
    wanted = expected[:, None] + unit * np.arange(records_a_step(inventory, dataset))
    index = np.clip(np.searchsorted(start, wanted), 0, start.size - 1)
    there = start[index] == wanted
    return np.where(there, file[index], -1), np.where(there, record[index], -1)


def _check_single(
    inventory: Inventory, start: Seconds, file: NDArray[np.int64], inside: NDArray[np.bool_]
) -> None:
    double = np.flatnonzero(inside[1:] & (np.diff(start) == 0))
    if double.size:
        first, second = (inventory.paths[file[double[0] + after]] for after in (0, 1))
        raise BadInput(
            f"{inventory.source.variable} at {inventory.calendar.text(start[double[0]])} is in both"
            f" {first} and {second} ({double.size} such times): make `files` or `period` narrower"
        )


def _check_aligned(
    inventory: Inventory, since: Seconds, start: Seconds, file: NDArray[np.int64], unit: int
) -> None:
    off = np.flatnonzero(since % unit != 0)
    if off.size:
        text = inventory.calendar.text
        raise BadInput(
            f"{inventory.paths[file[off[0]]]}: {inventory.source.variable} at"
            f" {text(start[off[0]])} is not on the steps of {unit / HOUR:g} hours that"
            f" {text(start[0] - since[0])} is on: take it out of `files`, or say what the time"
            " stamps mark with `stamps: start | end | middle | instant`"
        )
