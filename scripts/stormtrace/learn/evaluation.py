"""A model against held-out labels, file by file."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from stormtrace.commandline import progress
from stormtrace.formats.labelled import LabelledFile, read_grid, read_labelled
from stormtrace.labels.agreement import expert_confusions
from stormtrace.network import scores
from stormtrace.network.predictor import Predictor
from stormtrace.network.scores import Confusion, by_label, number


@dataclass
class Counts:
    """Confusion matrices (classes, classes) of each date: of cells, and of their areas in km²."""

    cells: dict[str, Confusion] = field(default_factory=dict)
    areas: dict[str, Confusion] = field(default_factory=dict)


def count(predictor: Predictor, files: Sequence[LabelledFile]) -> Counts:
    """Predict every file, one by one, and count cells by (truth, prediction)."""
    config = predictor.config
    classes = len(config.labels)
    counts = Counts()
    for file in progress(files, "evaluating", len(files)):
        sample = read_labelled(file.path, config.fields, classes)
        prediction = predictor.classes(sample.values[None])[0]
        weights = read_grid(file.path).row_area
        for per_date, cell_weights in ((counts.cells, None), (counts.areas, weights)):
            matrix = scores.confusion_matrix(sample.labels, prediction, classes, cell_weights)
            per_date[file.date] = per_date.get(file.date, np.zeros_like(matrix)) + matrix
    return counts


def evaluate(predictor: Predictor, files: Sequence[LabelledFile], name: str) -> dict[str, Any]:
    """Return the scores of a model (`scores.json` in docs/architecture.md, without provenance)."""
    labels = predictor.config.labels
    counts = count(predictor, files)
    experts = expert_confusions(files, len(labels))
    confusion = sum(counts.cells.values())
    return {
        "model": name,
        "labels": list(labels),
        "files": len(files),
        "times": len({file.time for file in files}),
        "dates": len(counts.cells),
        "confusion": np.asarray(confusion).tolist(),
        **summary(np.asarray(confusion), labels),
        "area_weighted": summary(np.asarray(sum(counts.areas.values())), labels),
        "intervals": intervals(counts.cells, labels),
        "experts": summary(np.asarray(sum(experts.values())), labels) if experts else None,
    }


def summary(confusion: Confusion, labels: Sequence[str]) -> dict[str, Any]:
    """Return every score of a confusion matrix, by label."""
    measures = (scores.iou, scores.dice, scores.precision, scores.recall, scores.area_ratio)
    named: dict[str, Any] = {one.__name__: by_label(one(confusion), labels) for one in measures}
    return {"mean_iou": number(scores.mean_iou(confusion))} | named


def intervals(per_date: dict[str, Confusion], labels: Sequence[str]) -> dict[str, Any]:
    """Return 95 % intervals of IoU by label, and of mean IoU, from resampled dates."""
    confusions = np.stack([per_date[date] for date in sorted(per_date)])
    low, high = scores.bootstrap_intervals(confusions, scores.iou)
    mean_low, mean_high = scores.bootstrap_intervals(confusions, scores.mean_iou)
    pairs = zip(labels, low, high, strict=True)
    return {
        "iou": {label: [number(below), number(above)] for label, below, above in pairs},
        "mean_iou": [number(mean_low), number(mean_high)],
    }
