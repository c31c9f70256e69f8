"""How far experts agree with each other: the ceiling no model should be expected to exceed."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.formats.labelled import LabelledFile, by_time, grid_of, read_labelled
from stormtrace.grids import Grid
from stormtrace.network.scores import Confusion, confusion_matrix, summary


def expert_agreement(files: Sequence[LabelledFile], labels: Sequence[str]) -> dict[str, Any] | None:
    """Return every score of one expert against another by label; None if no time has two."""
    experts = expert_confusions(files, len(labels))
    return summary(np.asarray(sum(experts.values())), labels) if experts else None


def expert_confusions(files: Sequence[LabelledFile], classes: int) -> dict[str, Confusion]:
    """Date → confusion matrix (classes, classes) of one expert against another, same times.

    Every pair of labellings of a time counts once in each direction, so the matrix is symmetric:
    neither expert is the truth. Dates without a time that two experts labelled are left out.
    """
    by_date: dict[str, Confusion] = {}
    grid = grid_of(files) if files else None
    for group in by_time(files).values():
        if grid is None or len(group) < 2:
            continue
        for first, second in combinations([_labels(file, classes, grid) for file in group], 2):
            pair = confusion_matrix(first, second, classes)
            date = group[0].date
            by_date[date] = by_date.get(date, np.zeros_like(pair)) + pair + pair.T
    return by_date


def _labels(file: LabelledFile, classes: int, grid: Grid) -> NDArray[np.uint8]:
    return read_labelled(file.path, (), classes, grid).labels
