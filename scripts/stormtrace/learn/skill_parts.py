"""Skill by season, by basin, and by how sure the experts were, with intervals by date."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.class_table import ClassTable
from stormtrace.classes import IGNORED, Classes
from stormtrace.grids import Grid
from stormtrace.grids.basins import BASINS
from stormtrace.learn.object_scores import THRESHOLDS, match, objects_of_class
from stormtrace.network import scores
from stormtrace.network.scores import Confusion, by_label, number

SEASONS = ("DJF", "MAM", "JJA", "SON")

#: Name -> the least confidence of its group: of low, medium and high, words of labelling tools.
CONFIDENCES = {"0 to 0.4": 0.0, "0.4 to 0.8": 0.4, "0.8 to 1": 0.8}

#: Label -> names of its basins, and each cell's index into them, `grid.shape`.
BasinMaps = Mapping[str, tuple[tuple[str, ...], NDArray[np.int64]]]


def season_of(date: str) -> str:
    """Return the season of ``YYYY-MM-DD``."""
    return SEASONS[int(date[5:7]) % 12 // 3]


def basin_maps(labels: Sequence[str], table: ClassTable | None, grid: Grid) -> BasinMaps:
    """Return the basins of every class that has some (`basins` of the study's classes)."""
    found = {}
    for feature in Classes.of_labels(labels, table).features:
        if feature.basins:
            names, index = BASINS[feature.basins]
            found[labels[feature.code]] = (names, index(*grid.points))
    return found


def count_basins(
    truth: NDArray[np.uint8],
    prediction: NDArray[np.uint8],
    labels: Sequence[str],
    basins: BasinMaps,
) -> dict[str, Confusion]:
    """Return label -> confusion matrix of that class against all others, (basins, 2, 2)."""
    counts: dict[str, Confusion] = {}
    seen = truth != IGNORED
    for label, (names, index) in basins.items():
        code = labels.index(label)
        pairs = (4 * index + 2 * (truth == code) + (prediction == code))[seen]
        counts[label] = np.bincount(pairs, minlength=4 * len(names)).reshape(-1, 2, 2)
    return counts


def count_confidence(
    truth: NDArray[np.uint8],
    prediction: NDArray[np.uint8],
    confidence: NDArray[np.float32],
    classes: int,
) -> Confusion:
    """Return confusion matrices of the cells of each group, (CONFIDENCES, classes, classes).

    Only of features: the background is nobody's statement.
    """
    size = classes * classes
    group = np.searchsorted([*CONFIDENCES.values()], confidence, side="right") - 1
    pairs = (group * classes + truth) * classes + prediction
    drawn = (truth > 0) & (truth != IGNORED)
    counts = np.bincount(pairs[drawn], minlength=len(CONFIDENCES) * size)
    return counts.reshape(-1, classes, classes)


def count_confident_objects(
    truth: NDArray[np.uint8],
    prediction: NDArray[np.uint8],
    confidence: NDArray[np.float32],
    classes: int,
    grid: Grid,
) -> NDArray[np.int64]:
    """Count true objects of each group, and those found: (CONFIDENCES, classes − 1, thresholds, 2).

    The confidence of an object is the mean of its cells.
    """
    counts = np.zeros((len(CONFIDENCES), classes - 1, len(THRESHOLDS), 2), np.int64)
    for code in range(1, classes):
        true, _, ious = objects_of_class(truth, prediction, code, grid)
        drawn = true > 0
        size, total = (np.bincount(true[drawn], one)[1:] for one in (None, confidence[drawn]))
        group = np.searchsorted([*CONFIDENCES.values()], total / size, side="right") - 1
        for place, threshold in enumerate(THRESHOLDS):
            found = [one - 1 for one, _ in match(ious, threshold)]
            for column, some in enumerate((group, group[found])):
                counts[:, code - 1, place, column] = np.bincount(some, minlength=len(CONFIDENCES))
    return counts


def by_season(per_date: Mapping[str, Confusion], labels: Sequence[str]) -> dict[str, Any]:
    """Return season -> number of dates, IoU by label and their mean, with intervals."""
    found = {}
    for season in SEASONS:
        dates = [date for date in sorted(per_date) if season_of(date) == season]
        if dates:
            confusions = np.stack([per_date[date] for date in dates])
            found[season] = {
                "dates": len(dates),
                **with_interval("iou", confusions, scores.iou, labels),
                **with_interval("mean_iou", confusions, scores.mean_iou),
            }
    return found


def by_basin(per_date: Sequence[Mapping[str, Confusion]], basins: BasinMaps) -> dict[str, Any]:
    """Return label -> basin -> IoU, precision and recall of that class, with intervals."""
    found: dict[str, dict[str, Any]] = {}
    for label, (names, _) in basins.items():
        confusions = np.stack([one[label] for one in per_date])
        found[label] = {}
        for place, name in enumerate(names):
            found[label][name] = {}
            for measure in (scores.iou, scores.precision, scores.recall):
                of_class = partial(_second, measure)
                found[label][name] |= with_interval(
                    measure.__name__, confusions[:, place], of_class
                )
    return found


def _second(
    measure: Callable[[Confusion], NDArray[np.float64]], confusions: Confusion
) -> NDArray[np.float64]:
    """Return the score of the second of two classes."""
    return measure(confusions)[..., 1]


def by_confidence(
    per_date: Sequence[Confusion], objects: Sequence[NDArray[np.int64]], labels: Sequence[str]
) -> dict[str, Any]:
    """Return confidence -> cells and objects, and what share of them is found, with intervals.

    per_date, objects: `count_confidence` and `count_confident_objects` of each date.
    """
    confusions, counts = np.stack(per_date), np.stack(objects)
    found = {}
    for group, name in enumerate(CONFIDENCES):
        own, of_objects = confusions[:, group], counts[:, group]
        if dates := int((own.any(axis=(1, 2)) | of_objects.any(axis=(1, 2, 3))).sum()):
            found[name] = {
                "dates": dates,
                "cells": int(own.sum()),
                **with_interval("recall", own, scores.recall, labels),
                "objects": _found_objects(of_objects, labels),
            }
    return found


def _found_objects(
    per_date: NDArray[np.int64], labels: Sequence[str]
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return label -> threshold -> true objects, and the share of them that is found.

    per_date: (dates, classes − 1, thresholds, 2).
    """
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for code, label in enumerate(labels[1:]):
        found[label] = {}
        for place, threshold in enumerate(THRESHOLDS):
            each = per_date[:, code, place]
            found[label][f"iou_{threshold:g}"] = {
                "true": int(each[:, 0].sum()),
                **with_interval("probability_of_detection", each, _share),
            }
    return found


def _share(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Return what is found of what is true, (…, 2) → (…)."""
    return scores.ratio(counts[..., 1], counts[..., 0])


def with_interval(
    name: str,
    per_date: NDArray[Any],
    score: Callable[[Any], NDArray[np.float64]],
    labels: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Return a score of all dates, and ``{name}_interval``, its 95 % interval by date.

    per_date: (dates, …); labels: of the score's last axis, or None if it is one number.
    """
    value = score(per_date.sum(axis=0))
    low, high = scores.bootstrap_intervals(per_date, score)
    if labels is None:
        return {name: number(value), f"{name}_interval": [number(low), number(high)]}
    pairs = zip(labels, low, high, strict=True)
    intervals = {label: [number(below), number(above)] for label, below, above in pairs}
    return {name: by_label(value, labels), f"{name}_interval": intervals}
