"""Scores of a model against held-out labels, file by file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.class_table import ClassTable
from stormtrace.classes import Classes
from stormtrace.commandline import progress
from stormtrace.formats.labelled import LabelledFile, grid_of, read_labelled
from stormtrace.grids.spacing import spacing_of
from stormtrace.learn import object_scores, reliability, tolerant_scores
from stormtrace.learn.skill_parts import (
    BasinMaps,
    basin_maps,
    by_basin,
    by_confidence,
    by_season,
    count_basins,
    count_confidence,
    count_confident_objects,
    with_interval,
)
from stormtrace.network import scores
from stormtrace.network.plausible_input import PlausibleInput
from stormtrace.network.predictor import Predictor
from stormtrace.network.scores import Confusion, number, summary
from stormtrace.network.trained_grid import unknown_grid


@dataclass
class Counts:
    """What is counted on each date, so that dates can be drawn anew.

    cells, areas: confusion matrices (classes, classes), of cells and of their areas in km²;
    objects: `count_objects`; probabilities: `count_probabilities`; basins: `count_basins`;
    confidence: `count_confidence`, of the files that state it, and confident_objects of the same
    `count_confident_objects`; tolerant: `count_tolerant`.
    """

    cells: dict[str, Confusion] = field(default_factory=dict)
    areas: dict[str, Confusion] = field(default_factory=dict)
    objects: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    probabilities: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    basins: dict[str, dict[str, Confusion]] = field(default_factory=dict)
    confidence: dict[str, Confusion] = field(default_factory=dict)
    confident_objects: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    tolerant: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    basin_maps: BasinMaps = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)


def count(
    predictor: Predictor,
    files: Sequence[LabelledFile],
    table: ClassTable | None = None,
    tolerance_km: Sequence[float] = (),
) -> Counts:
    """Predict every file, one by one, and count by (truth, prediction).

    table: the study's `classes:`, for their basins; tolerance_km: of `tolerant_scores`.

    Raises:
        BadInput: a labelled sample cannot be read, or cannot be the network's input.

    """
    config, grid = predictor.config, grid_of(files)
    predictor = predictor.on(grid)
    labels, classes = list(config.labels), len(config.labels)
    groups: list[tuple[int, ...]] = [(code,) for code in range(1, classes)]
    groups += unions_of(labels, table).values()
    plausible = PlausibleInput(config.normalization)
    counts = Counts(basin_maps=basin_maps(labels, table, grid))
    name = str(config.content.get("name", "of config.json"))
    counts.doubts = unknown_grid(config.content, name, spacing_of(grid))
    for file in progress(files, "evaluating", len(files)):
        sample = read_labelled(file.path, config.fields, classes, grid)
        plausible.check(sample.values, file.path)
        if file is files[0]:
            counts.doubts += plausible.doubts(sample.values, file.path)
        truth, date = sample.labels, file.date
        prediction, probability = (one[0] for one in predictor.look(sample.values[None]))
        for per_date, cell_weights in ((counts.cells, None), (counts.areas, grid.area)):
            matrix = scores.confusion_matrix(truth, prediction, classes, cell_weights)
            _add(per_date, date, matrix)
        objects = object_scores.count_objects(truth, prediction, classes, grid)
        _add(counts.objects, date, objects)
        _add(counts.probabilities, date, reliability.count_probabilities(probability, truth))
        if tolerance_km:
            near = tolerant_scores.count_tolerant(truth, prediction, groups, grid, tolerance_km)
            _add(counts.tolerant, date, near)
        basins = counts.basins.setdefault(date, {})
        for label, found in count_basins(truth, prediction, labels, counts.basin_maps).items():
            _add(basins, label, found)
        if sample.confidence is not None:
            sure = sample.confidence
            found = count_confidence(truth, prediction, sure, classes)
            _add(counts.confidence, date, found)
            objects = count_confident_objects(truth, prediction, sure, classes, grid)
            _add(counts.confident_objects, date, objects)
    if len(counts.cells) == 1:
        counts.doubts.append(
            f"the test labels are of one date ({file.date}): intervals, which come from resampled "
            "dates, have no width there and mean nothing"
        )
    return counts


def _add(sums: dict[str, Any], key: str, more: NDArray[Any]) -> None:
    sums[key] = sums.get(key, np.zeros_like(more)) + more


def evaluate(
    predictor: Predictor,
    files: Sequence[LabelledFile],
    name: str,
    table: ClassTable | None = None,
    tolerance_km: Sequence[float] = (),
) -> dict[str, Any]:
    """Return the scores of a model, as in `scores.json` (docs/architecture.md).

    Of unions (`classes:` of the study) what can be said by cells; no mean counts them.
    """
    labels = predictor.config.labels
    counts = count(predictor, files, table, tolerance_km)
    confusion = np.asarray(sum(counts.cells.values()))
    areas = np.asarray(sum(counts.areas.values()))
    unions = unions_of(labels, table)
    return {
        "model": name,
        "labels": list(labels),
        "files": len(files),
        "times": len({file.time for file in files}),
        "dates": len(counts.cells),
        "confusion": confusion.tolist(),
        **_with_unions(summary(confusion, labels), confusion, unions),
        "area_weighted": _with_unions(summary(areas, labels), areas, unions),
        "intervals": intervals(counts.cells, labels, unions),
        "objects": objects_of(counts.objects, labels),
        **_tolerant(counts, [*labels, *unions], tolerance_km),
        "reliability": reliability_of(counts.probabilities, labels),
        "seasons": by_season(counts.cells, labels),
        "basins": by_basin(list(counts.basins.values()), counts.basin_maps),
        **_by_confidence(counts, labels),
        **({"doubts": counts.doubts} if counts.doubts else {}),
    }


def unions_of(labels: Sequence[str], table: ClassTable | None) -> dict[str, tuple[int, ...]]:
    """Return the unions among a model's classes: name -> codes."""
    classes = Classes.of_labels(labels, table).with_unions(table)
    return {union.name: codes for union, codes in classes.unions.items()}


def _with_unions(
    scored: dict[str, Any], confusion: Confusion, unions: Mapping[str, Sequence[int]]
) -> dict[str, Any]:
    """Add the scores of unions, by name, to those of the classes."""
    for name, codes in unions.items():
        of_union = summary(scores.merged(confusion, codes), ["rest", name])
        for measure, by_label in scored.items():
            if isinstance(by_label, dict):
                by_label[name] = of_union[measure][name]
    return scored


def _by_confidence(counts: Counts, labels: Sequence[str]) -> dict[str, Any]:
    if not counts.confidence:
        return {}
    cells, objects = counts.confidence.values(), counts.confident_objects.values()
    return {"confidence": by_confidence(list(cells), list(objects), labels)}


def _tolerant(
    counts: Counts, labels: Sequence[str], tolerance_km: Sequence[float]
) -> dict[str, Any]:
    if not tolerance_km:
        return {}
    return {"tolerant": tolerant_scores.tolerant_scores(counts.tolerant, labels, tolerance_km)}


def intervals(
    per_date: Mapping[str, Confusion],
    labels: Sequence[str],
    unions: Mapping[str, Sequence[int]] = {},
) -> dict[str, Any]:
    """Return 95 % intervals of IoU by label and union, and of mean IoU, from resampled dates."""
    confusions: NDArray[Any] = np.stack([per_date[date] for date in sorted(per_date)])
    low, high = scores.bootstrap_intervals(confusions, scores.iou)
    mean_low, mean_high = scores.bootstrap_intervals(confusions, scores.mean_iou)
    ends = dict(zip(labels, zip(low, high, strict=True), strict=True))
    for name, codes in unions.items():
        low, high = scores.bootstrap_intervals(scores.merged(confusions, codes), scores.iou)
        ends[name] = low[1], high[1]
    return {
        "iou": {label: [number(below), number(above)] for label, (below, above) in ends.items()},
        "mean_iou": [number(mean_low), number(mean_high)],
    }


def objects_of(
    per_date: Mapping[str, NDArray[np.int64]], labels: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Return label -> threshold -> numbers of objects and what is found of them."""
    counts = np.stack(list(per_date.values()))
    found: dict[str, dict[str, Any]] = {}
    for code, label in enumerate(labels[1:]):
        found[label] = {}
        for place, threshold in enumerate(object_scores.THRESHOLDS):
            each = counts[:, code, place]
            true, predicted, pairs = each.sum(axis=0).tolist()
            numbers = {"true": true, "found": predicted, "pairs": pairs}
            for measure in object_scores.MEASURES:
                numbers |= with_interval(measure.__name__, each, measure)
            found[label][f"iou_{threshold:g}"] = numbers
    return found


def reliability_of(
    per_date: Mapping[str, NDArray[np.float64]], labels: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Return label -> reliability diagram, and the expected calibration error with interval."""
    counts = np.stack(list(per_date.values()))
    total = counts.sum(axis=0)
    mean, observed = reliability.mean_probability(total), reliability.observed(total)
    low, high = scores.bootstrap_intervals(counts, reliability.observed)
    return {
        label: {
            "probability": [number(one) for one in mean[code]],
            "observed": [number(one) for one in observed[code]],
            "observed_interval": [
                [number(below), number(above)]
                for below, above in zip(low[code], high[code], strict=True)
            ],
            "cells": total[code, :, reliability.CELLS].astype(int).tolist(),
            **with_interval(
                "expected_calibration_error", counts[:, code], reliability.calibration_error
            ),
        }
        for code, label in enumerate(labels)
    }
