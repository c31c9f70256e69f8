"""Expected steps and the raw records they are made from, matched by their times."""

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.prepare.dataset import Dataset
from stormtrace.prepare.raw.calendar_time import DAY, HOUR, Seconds
from stormtrace.prepare.raw.inventory import Inventory


def steps_between(begin: int, end: int, step: int) -> Seconds:
    """Return the multiples of `step` seconds in [begin, end)."""
    return np.arange(-(-begin // step) * step, end, step, dtype=np.int64)


def match(
    inventory: Inventory, dataset: Dataset, expected: Seconds
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (file, record) of the raw records each expected step is made from; −1: not there.

    Both are (steps, records a step). BadInput: double times, or times between the steps.
    """
    length = inventory.length or min(inventory.gap or dataset.step, dataset.step)
    _check_length(inventory, dataset, length)
    start, file, record = inventory.sorted_starts
    end = int(expected[-1]) + dataset.step if expected.size else 0
    inside = (start >= (expected[0] if expected.size else 0)) & (start < end)
    _check_single(inventory, start, file, inside)
    _check_aligned(inventory, start[inside], file[inside], length)
    many = dataset.step // length if dataset.sampling == "mean" else 1
    wanted = expected[:, None] + length * np.arange(many)
    index = np.clip(np.searchsorted(start, wanted), 0, start.size - 1)
    there = start[index] == wanted
    return np.where(there, file[index], -1), np.where(there, record[index], -1)


def _check_length(inventory: Inventory, dataset: Dataset, length: int) -> None:
    if length > dataset.step or dataset.step % length:
        raise BadInput(
            f"{inventory.paths[0]}: {inventory.source.variable} comes every {length / HOUR:g} h,"
            f" which makes no steps of {dataset.step / HOUR:g} h (dataset {dataset.name})"
        )


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
    inventory: Inventory, start: Seconds, file: NDArray[np.int64], length: int
) -> None:
    off = np.flatnonzero(start % DAY % length != 0)
    if off.size:
        raise BadInput(
            f"{inventory.paths[file[off[0]]]}: intervals of {length / HOUR:g} hours would start at"
            f" {inventory.calendar.text(start[off[0]])}, not on a multiple of their length after"
            " midnight: say what the time stamps mark with `stamps: start | end | middle | instant`"
        )
