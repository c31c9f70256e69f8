"""Scores of a model against held-out labels, file by file."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from stormtrace.commandline import progress
from stormtrace.formats.labelled import LabelledFile, grid_of, read_labelled
from stormtrace.network import scores
from stormtrace.network.predictor import Predictor
from stormtrace.network.scores import Confusion, number, summary


@dataclass
class Counts:
    """Confusion matrices (classes, classes) of each date: of cells, and of their areas in km²."""

    cells: dict[str, Confusion] = field(default_factory=dict)
    areas: dict[str, Confusion] = field(default_factory=dict)


def count(predictor: Predictor, files: Sequence[LabelledFile]) -> Counts:
    """Predict every file, one by one, and count cells by (truth, prediction)."""
    config, grid = predictor.config, grid_of(files)
    predictor = predictor.on(grid)
    classes = len(config.labels)
    counts = Counts()
    for file in progress(files, "evaluating", len(files)):
        sample = read_labelled(file.path, config.fields, classes, grid)
        prediction = predictor.classes(sample.values[None])[0]
        for per_date, cell_weights in ((counts.cells, None), (counts.areas, grid.area)):
            matrix = scores.confusion_matrix(sample.labels, prediction, classes, cell_weights)
            per_date[file.date] = per_date.get(file.date, np.zeros_like(matrix)) + matrix
    return counts


def evaluate(predictor: Predictor, files: Sequence[LabelledFile], name: str) -> dict[str, Any]:
    """Return the scores of a model, as in `scores.json` (docs/architecture.md)."""
    labels = predictor.config.labels
    counts = count(predictor, files)
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
    }


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
