"""The steps that a dataset promises, and the samples that are there."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.samples import SampleFolder, stamp_of
from stormtrace.prepare.raw.calendar_time import HOUR, Calendar
from stormtrace.prepare.raw.matching import steps_between

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
    offsets, counts = np.unique(there % step, return_counts=True)
    offset = int(offsets[counts.argmax()])
    edges = [(calendar.seconds(start), calendar.seconds(end)) for start, end in periods]
    expected = np.concatenate([steps_between(start, end, step, offset) for start, end in edges])
    parent = folder.paths[0].parent
    if (others := np.setdiff1d(there, expected)).size:
        raise BadInput(
            f"{parent}: {others.size} samples ({_span(calendar, others)}) are none of the"
            f" {expected.size} steps of the dataset, one every {folder.step_hours:g} h: delete them"
        )
    absent = np.setdiff1d(expected, there)
    if absent.size and missing_steps == "refuse":
        raise BadInput(
            f"{parent}: of {expected.size} steps expected {absent.size} have no sample"
            f" ({_span(calendar, absent)}). Delete the folder and make the samples again, correct"
            " the dataset's `period`, or say `missing_steps: skip`"
        )
    return int(absent.size)


def _seconds(calendar: Calendar, stamp: str) -> int:
    """Return the seconds of ``YYYY-MM-DD-SSSSS``."""
    return calendar.seconds(stamp[:10]) + int(stamp[11:])


def _span(calendar: Calendar, seconds: NDArray[np.int64]) -> str:
    """Return the first and the last of some moments as text."""
    ends = [calendar.text(seconds[0]), calendar.text(seconds[-1])]
    return " … ".join(dict.fromkeys(ends))
