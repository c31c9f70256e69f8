"""What a model looks at: how much skill is lost when one field is shuffled among samples.

Permutation importance (Breiman 2001): a field keeps its values but loses its connection with the
others and with the labels. It is shuffled among distinct times, never back to its own, because
several labellings of one time share their fields.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.commandline import progress
from stormtrace.errors import BadInput
from stormtrace.learn import scores
from stormtrace.learn.labelled import LabelledFile, by_time, read_labelled
from stormtrace.learn.predictor import Predictor
from stormtrace.learn.scores import Confusion, number

MEAN = "mean_iou"


def permutation_importance(
    predictor: Predictor, files: Sequence[LabelledFile], repeats: int, seed: int = 0
) -> dict[str, Any]:
    """Return the model's IoU and, field by field, how much of it is lost by shuffling.

    `importance` maps field → label (and ``mean_iou``) → mean, low and high of the loss over the
    repeats; None where the class has no score.
    """
    config = predictor.config
    groups = list(by_time(files).values())
    if len(groups) < 2:
        raise BadInput(
            f"importance needs several labelled times to shuffle among, not {len(groups)}"
        )
    samples = [
        [read_labelled(one.path, config.fields, len(config.labels)) for one in group]
        for group in groups
    ]
    values = [group[0].values for group in samples]
    labels = [[one.labels for one in group] for group in samples]
    base = _score(_confusion(predictor, values, labels), config.labels)

    generator = np.random.default_rng(seed)
    jobs = [(field, repeat) for field in config.fields for repeat in range(repeats)]
    losses: dict[str, list[dict[str, float | None]]] = {field: [] for field in config.fields}
    for field, _ in progress(jobs, "shuffling fields", len(jobs)):
        channel = config.fields.index(field)
        shuffled = _shuffle(values, channel, derangement(len(values), generator))
        score = _score(_confusion(predictor, shuffled, labels), config.labels)
        losses[field].append({key: _minus(base[key], score[key]) for key in base})
    return {
        "labels": list(config.labels),
        "times": len(groups),
        "files": len(files),
        "repeats": repeats,
        "iou": base,
        "importance": {field: _summarize(each) for field, each in losses.items()},
    }


def derangement(count: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Return a permutation that leaves nothing in its place: one random cycle through all."""
    order = generator.permutation(count)
    following = np.empty(count, np.int64)
    following[order] = np.roll(order, 1)
    return following


def _shuffle(
    values: Sequence[NDArray[np.float32]], channel: int, sources: NDArray[np.int64]
) -> list[NDArray[np.float32]]:
    shuffled = []
    for own, source in zip(values, sources, strict=True):
        mixed = own.copy()
        mixed[channel] = values[source][channel]
        shuffled.append(mixed)
    return shuffled


def _confusion(
    predictor: Predictor,
    values: Sequence[NDArray[np.float32]],
    labels: Sequence[Sequence[NDArray[np.uint8]]],
) -> Confusion:
    classes = len(predictor.config.labels)
    total: Confusion = np.zeros((classes, classes), np.int64)
    for fields, labellings in zip(values, labels, strict=True):
        prediction = predictor.classes(fields[None])[0]
        for truth in labellings:
            total = total + scores.confusion_matrix(truth, prediction, classes)
    return total


def _score(confusion: Confusion, labels: Sequence[str]) -> dict[str, float | None]:
    named = scores.by_label(scores.iou(confusion), labels)
    return named | {MEAN: number(scores.mean_iou(confusion))}


def _minus(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first - second


def _summarize(losses: Sequence[dict[str, float | None]]) -> dict[str, dict[str, float | None]]:
    summary: dict[str, dict[str, float | None]] = {}
    for key in losses[0]:
        each = [loss for one in losses if (loss := one[key]) is not None]
        summary[key] = (
            {"mean": float(np.mean(each)), "low": min(each), "high": max(each)}
            if each
            else {"mean": None, "low": None, "high": None}
        )
    return summary
