"""Counting how often each class covers each cell: exact, and a few steps in memory at once."""

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stormtrace.class_table import ClassTable
from stormtrace.classes import BACKGROUND, Classes
from stormtrace.climate.crossings import EntryCount, entry_steps, following, has_lines
from stormtrace.climate.seasons import expected_steps
from stormtrace.errors import BadInput
from stormtrace.formats.counts import Counts
from stormtrace.formats.mask_steps import MaskSteps, dates_of, reading_steps
from stormtrace.formats.masks import MaskFile, open_masks

#: Steps read at once: 28 MB of 768 × 1152, and few enough to add up in 8 bits.
BLOCK_STEPS = 32


def count_masks(
    path: Path | str, period: Sequence[str] | None = None, table: ClassTable | None = None
) -> Counts:
    """Count the masks of one year by month, class and cell.

    period: ``[start, end)`` of the experiment as ISO dates; with it, `expected_steps` knows that
    a year begins late or ends early. table: the study's `classes:`. Where one of them is a line
    (a front), its entries into cells are counted, too.

    Raises:
        BadInput: there is no step, a time of another year, or a code the flags do not declare.

    """
    masks = open_masks(path, table)
    dates, year = dates_of_year(masks)
    months = np.array([date.month for date in dates])
    follows = following(dates, masks.step_hours)
    lines = has_lines(masks.classes)
    entered = EntryCount(masks.classes, masks.grid.shape, months, follows) if lines else None
    with reading_steps(masks) as steps:
        fields = {"count": _count(steps, months, masks, entered)}
        if entered is not None:
            fields["entries"] = entered.entries
        if steps.has_agreement:
            fields["votes"] = _count_votes(steps, months, masks)
        return Counts(
            year=year,
            grid=masks.grid,
            classes=masks.classes,
            steps=np.bincount(months, minlength=13)[1:],
            expected_steps=expected_steps(year, masks.calendar, masks.step_hours, period, dates[0]),
            fields=fields,
            attributes=steps.attributes,
            entry_steps=entry_steps(months, follows) if lines else None,
        )


def dates_of_year(masks: MaskFile) -> tuple[NDArray[np.object_], int]:
    """Return the dates of a year of masks, (time,), and the year.

    Raises:
        BadInput: there is no step, or one of another year.

    """
    dates = dates_of(masks)
    if dates.size == 0:
        raise BadInput(f"{masks.path} holds no time step: run the detection of this year again")
    year = int(masks.attributes["year"])
    for date in (dates[0], dates[-1]):
        if date.year != year:
            raise BadInput(f"{masks.path} should hold times of {year}, but holds {date}")
    return dates, year


def _count(
    steps: MaskSteps, months: NDArray[np.int64], masks: MaskFile, entered: EntryCount | None
) -> NDArray[np.int16]:
    """Return steps of each class, (12, class, nlat, nlon); add to what `entered`."""
    codes = masks.classes.codes
    counts = np.zeros((12, len(codes), *masks.grid.shape), np.int16)
    for first, last in blocks(months):
        block = steps.masks(first, last)
        _check_codes(block, masks.classes, masks.path, first)
        for total, code in zip(counts[months[first] - 1], codes, strict=True):
            total += (block == code).view(np.uint8).sum(axis=0, dtype=np.uint8)
        if entered is not None:
            entered.add_masks(block, first)
    return counts


def _count_votes(steps: MaskSteps, months: NDArray[np.int64], masks: MaskFile) -> NDArray[np.int16]:
    """Return members of an ensemble that find the class of its mask, (12, class, nlat, nlon)."""
    codes = masks.classes.codes
    votes = np.zeros((12, len(codes), *masks.grid.shape), np.int16)
    for first, last in blocks(months):
        block, agreeing = steps.masks(first, last), steps.agreement(first, last)
        for total, code in zip(votes[months[first] - 1], codes, strict=True):
            total += np.where(block == code, agreeing, 0).sum(axis=0, dtype=np.int16)
    return votes


def blocks(months: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Yield ``(first, last)`` index ranges of at most `BLOCK_STEPS` steps within one month."""
    edges = [0, *(np.flatnonzero(np.diff(months)) + 1), months.size]
    for start, stop in itertools.pairwise(edges):
        for first in range(start, stop, BLOCK_STEPS):
            yield int(first), int(min(first + BLOCK_STEPS, stop))


def _check_codes(block: NDArray[np.int8], classes: Classes, path: Path, first: int) -> None:
    """Refuse codes that the file's flags do not declare (a fill value, most likely)."""
    codes = [BACKGROUND, *classes.codes]
    if codes == list(range(len(codes))) and block.view(np.uint8).max() < len(codes):
        return
    known = np.isin(block, codes)
    if not known.all():
        step = first + int(np.flatnonzero(~known.all(axis=(1, 2)))[0])
        wrong = np.unique(block[~known]).tolist()
        raise BadInput(
            f"{path}: codes must be among {codes}, but step {step} (and {int((~known).sum())} "
            f"cells from there on) holds {wrong}: run the detection of this year again"
        )
