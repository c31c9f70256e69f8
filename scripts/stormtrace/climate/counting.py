"""Counting how often each class covers each cell: exact, and a few steps in memory at once.

Runs of masks are counted, not cells: a run changes the count where it starts and where it stops;
running sums along the rows do the rest.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stormtrace.class_table import ClassTable
from stormtrace.classes import Classes
from stormtrace.climate.crossings import EntryCount, entry_steps, following, has_lines
from stormtrace.climate.seasons import expected_steps
from stormtrace.errors import BadInput
from stormtrace.formats.counts import Counts
from stormtrace.formats.mask_runs import MaskRuns, add_runs, cells_of
from stormtrace.formats.mask_steps import MaskSteps, dates_of, reading_steps
from stormtrace.formats.masks import MaskFile, open_masks


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
    classes = masks.classes.with_unions(table)
    lines = has_lines(classes)
    entered = EntryCount(classes, masks.grid.shape, months, follows) if lines else None
    with reading_steps(masks) as steps:
        fields = {"count": add_unions(_count(masks, months, entered), classes)}
        if entered is not None:
            fields["entries"] = entered.entries
        if steps.has_agreement:
            fields["votes"] = np.zeros_like(fields["count"])  # nobody voted for a union
            fields["votes"][:, : len(masks.classes.features)] = _count_votes(masks, months, steps)
        return Counts(
            year=year,
            grid=masks.grid,
            classes=classes,
            steps=np.bincount(months, minlength=13)[1:],
            expected_steps=expected_steps(year, masks.calendar, masks.step_hours, period, dates[0]),
            fields=fields,
            attributes=steps.attributes,
            entry_steps=entry_steps(months, follows) if lines else None,
        )


def add_unions(counts: NDArray[np.int16], classes: Classes) -> NDArray[np.int16]:
    """Return counts (…, class, nlat, nlon) with those of the unions of classes appended.

    A cell has one class at a time, so the counts of the classes add up.
    """
    members = [_positions(classes, codes) for codes in classes.unions.values()]
    unions = [counts[..., one, :, :].sum(axis=-3, keepdims=True) for one in members]
    return np.concatenate([counts, *unions], axis=-3, dtype=np.int16) if unions else counts


def _positions(classes: Classes, codes: Sequence[int]) -> list[int]:
    return [classes.codes.index(code) for code in codes]


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
    masks: MaskFile, months: NDArray[np.int64], entered: EntryCount | None
) -> NDArray[np.int16]:
    """Return steps of each class, (12, class, nlat, nlon); add to what `entered`."""
    counts = np.zeros((12, len(masks.classes.codes), *masks.grid.shape), np.int16)
    for runs in masks.runs():
        add_runs(counts, _lines(runs, months, masks), runs.start, runs.stop)
        if entered is not None:
            entered.add_runs(*runs[2:])
    for of_month in counts:
        of_month[...] = np.cumsum(of_month, axis=-1, dtype=np.int16)
    return counts


def _count_votes(masks: MaskFile, months: NDArray[np.int64], steps: MaskSteps) -> NDArray[np.int16]:
    """Return members of an ensemble that find the class of its mask, (12, class, nlat, nlon)."""
    nlon = masks.grid.shape[1]
    votes = np.zeros((12, len(masks.classes.codes), *masks.grid.shape), np.int16)
    for runs in (one for block in masks.runs() for one in block.each() if one.row.size):
        agreeing = steps.agreement(runs.first, runs.last).reshape(-1)
        into = cells_of(_lines(runs, months, masks), runs.start, runs.stop, nlon)
        votes.reshape(-1)[into] += agreeing[cells_of(runs.row, runs.start, runs.stop, nlon)]
    return votes


def _lines(runs: MaskRuns, months: NDArray[np.int64], masks: MaskFile) -> NDArray[np.int64]:
    """Return the row of each run when months, classes and rows are taken together."""
    nlat, codes = masks.grid.shape[0], masks.classes.codes
    position = np.zeros(max(codes) + 1, np.int64)
    position[list(codes)] = np.arange(len(codes))
    return ((months[runs.step] - 1) * len(codes) + position[runs.code]) * nlat + runs.row
