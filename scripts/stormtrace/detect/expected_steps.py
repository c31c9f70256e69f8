"""The steps that a dataset promises, and the samples that are there."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.samples import SampleFolder, stamp_of
from stormtrace.prepare.raw.calendar_time import HOUR, Calendar, steps_between

#: What a dataset says of steps that are not there.
MissingSteps = Literal["refuse", "skip"]


def count_missing(
    folder: SampleFolder, periods: Sequence[Sequence[str]], missing_steps: MissingSteps
) -> int:
    """Return how many steps of `periods`, each [first moment, first no longer in it], are absent.

    Raises:
        BadInput: a sample is none of the steps, or one is absent and `missing_steps` is not `skip`.

    """
    calendar, step = Calendar(folder.calendar), round(folder.step_hours * HOUR)
    there = np.array([_seconds(calendar, stamp_of(path)) for path in folder.paths])
    remedies = (
        "delete them",
        "Delete the folder and make the samples again, correct the dataset's `period`, or say"
        " `missing_steps: skip`",
    )
    where = f"{folder.paths[0].parent}", "samples"
    return count_absent(where, calendar, there, step, periods, missing_steps, remedies)


def count_absent(
    where: tuple[str, str],
    calendar: Calendar,
    there: NDArray[np.int64],
    step: int,
    periods: Sequence[Sequence[str]],
    missing_steps: MissingSteps,
    remedies: tuple[str, str],
) -> int:
    """Return how many steps of `periods` are not among the times that are `there`.

    where: a place, and what is there, for errors; there, step: seconds; remedies: for times that
    are none of the steps, and for steps that are absent.

    Raises:
        BadInput: as `count_missing`.

    """
    offsets, counts = np.unique(there % step, return_counts=True)
    offset = int(offsets[counts.argmax()])
    edges = [(calendar.seconds(start), calendar.seconds(end)) for start, end in periods]
    expected = np.concatenate([steps_between(start, end, step, offset) for start, end in edges])
    (place, things), hours = where, step / HOUR
    if (others := np.setdiff1d(there, expected)).size:
        raise BadInput(
            f"{place}: {others.size} {things} ({_span(calendar, others)}) are none of the"
            f" {expected.size} steps of the dataset, one every {hours:g} h: {remedies[0]}"
        )
    absent = np.setdiff1d(expected, there)
    if absent.size and missing_steps == "refuse":
        raise BadInput(
            f"{place}: of {expected.size} steps expected {absent.size} have no"
            f" {things.removesuffix('s')} ({_span(calendar, absent)}). {remedies[1]}"
        )
    return int(absent.size)


def _seconds(calendar: Calendar, stamp: str) -> int:
    """Return the seconds of ``YYYY-MM-DD-SSSSS``."""
    return calendar.seconds(stamp[:10]) + int(stamp[11:])


def _span(calendar: Calendar, seconds: NDArray[np.int64]) -> str:
    """Return the first and the last of some moments as text."""
    ends = [calendar.text(seconds[0]), calendar.text(seconds[-1])]
    return " … ".join(dict.fromkeys(ends))
