"""Counting how often tracked events cover each cell, and where they begin and end."""

from collections.abc import Sequence
from pathlib import Path

import cftime
import numpy as np
from numpy.typing import NDArray

from stormtrace.class_table import ClassTable
from stormtrace.classes import Classes
from stormtrace.climate.counting import add_unions, dates_of_year
from stormtrace.climate.crossings import EntryCount, entry_steps, following, has_lines
from stormtrace.climate.seasons import expected_steps
from stormtrace.errors import BadInput
from stormtrace.formats.counts import Counts
from stormtrace.formats.mask_steps import reading_steps
from stormtrace.formats.masks import open_masks
from stormtrace.formats.tables import doubts_of_table
from stormtrace.track.pixels import EventPixels, EventRuns, cover


def count_events(
    mask: Path | str,
    objects: Path | str,
    events: Path | str,
    period: Sequence[str] | None = None,
    table: ClassTable | None = None,
) -> Counts:
    """Count one year's tracked events by month, class and cell.

    mask: the masks that were tracked (their steps are what frequencies are per cent of); objects:
    their objects; events: the folder with `objects.parquet`; table: the study's `classes:`. Of the
    cells a first and a last object cover, `genesis` and `termination` count one each.

    Raises:
        BadInput: the objects are not of these masks.

    """
    pixels, masks = EventPixels(objects, events), open_masks(mask, table)
    dates, year = dates_of_year(masks)
    _check_times(dates, pixels, mask, objects)
    months = np.array([date.month for date in dates])
    follows = following(dates, masks.step_hours)
    classes = masks.classes.with_unions(table)
    lines = has_lines(classes)
    entered = EntryCount(classes, pixels.grid.shape, months, follows) if lines else None
    counted = _count(pixels, months, masks.classes, entered)
    fields = {name: add_unions(values, classes) for name, values in counted.items()}
    if entered is not None:
        fields["entries"] = entered.entries
    with reading_steps(masks) as steps:
        attributes = steps.attributes
    return Counts(
        year=year,
        grid=pixels.grid,
        classes=classes,
        steps=np.bincount(months, minlength=13)[1:],
        expected_steps=expected_steps(year, masks.calendar, masks.step_hours, period, dates[0]),
        fields=fields,
        attributes=attributes
        | {
            "experiment": Path(events).name,
            "doubts": doubts_of_table(Path(events) / "events.parquet"),
        },
        counted_from="events",
        entry_steps=entry_steps(months, follows) if lines else None,
    )


def _check_times(
    dates: NDArray[np.object_], pixels: EventPixels, mask: Path | str, objects: Path | str
) -> None:
    """Refuse objects that were not found in these masks."""
    found = cftime.num2date(pixels.time, pixels.time_units, pixels.calendar)
    if not np.array_equal(dates, found):
        raise BadInput(
            f"{objects} has {found.size} times and {mask} has {dates.size}, or others: find the "
            "objects of these masks again (find_objects.py)"
        )


def _count(
    pixels: EventPixels,
    months: NDArray[np.int64],
    classes: Classes,
    entered: EntryCount | None,
) -> dict[str, NDArray[np.int16]]:
    """Return count, genesis and termination, (12, class, nlat, nlon); add to what `entered`."""
    shape = (12, len(classes.features), *pixels.grid.shape)
    fields = {name: np.zeros(shape, np.int16) for name in ("count", "genesis", "termination")}
    for month in np.unique(months):
        steps = np.flatnonzero(months == month)
        runs = pixels.runs(int(steps[0]), int(steps[-1]) + 1)
        if entered is not None:
            entered.add_runs(runs.step, runs.row, runs.start, runs.stop, runs.code)
        for position, code in enumerate(classes.codes):
            for name, chosen in _chosen(runs.where(runs.code == code)).items():
                fields[name][month - 1, position] = cover(chosen, pixels.grid.shape)
    return fields


def _chosen(runs: EventRuns) -> dict[str, EventRuns]:
    return {
        "count": runs,
        "genesis": runs.where(runs.genesis),
        "termination": runs.where(runs.termination),
    }
