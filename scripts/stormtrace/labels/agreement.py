"""How far experts agree with each other: the ceiling no model should be asked to pass."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from stormtrace.formats.labelled import LabelledFile, by_time, read_labelled
from stormtrace.network.scores import Confusion, confusion_matrix


def expert_confusions(files: Sequence[LabelledFile], classes: int) -> dict[str, Confusion]:
    """Date → confusion matrix (classes, classes) of one expert against another, same times.

    Every pair of labellings of a time counts once in each direction, so the matrix is symmetric:
    nobody is the truth. Dates without a time that two experts labelled are left out.
    """
    by_date: dict[str, Confusion] = {}
    for group in by_time(files).values():
        for first, second in combinations([_labels(file, classes) for file in group], 2):
            pair = confusion_matrix(first, second, classes)
            date = group[0].date
            by_date[date] = by_date.get(date, np.zeros_like(pair)) + pair + pair.T
    return by_date


def _labels(file: LabelledFile, classes: int) -> NDArray[np.uint8]:
    return read_labelled(file.path, (), classes).labels
