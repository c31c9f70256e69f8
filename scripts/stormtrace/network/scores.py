"""Scores from a confusion matrix: rows are the truth, columns the prediction.

Nothing here knows the names or the number of classes. Cells that nobody looked at
(`classes.IGNORED`) are in no matrix. A class that is neither in the truth nor in
the prediction has no score (None), and does not count in a mean: it is never a phantom 1.0.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.classes import IGNORED

Confusion = NDArray[np.float64] | NDArray[np.int64]


def confusion_matrix(
    truth: NDArray[np.integer[Any]],
    prediction: NDArray[np.integer[Any]],
    classes: int,
    weights: NDArray[np.float64] | None = None,
) -> Confusion:
    """Count cells by (truth, prediction): int64 (classes, classes).

    Cells ignored in either are left out. With `weights` of the maps' shape, such as areas of cells,
    sum those instead: float64.
    """
    seen = (truth != IGNORED) & (prediction != IGNORED)
    pairs = (truth.astype(np.int64) * classes + prediction)[seen]
    given = None if weights is None else weights[seen]
    return np.bincount(pairs, given, minlength=classes * classes).reshape(classes, classes)


def iou(confusion: Confusion) -> NDArray[np.float64]:
    """Intersection over union of each class, (…, classes); NaN where the union is empty."""
    hits, truth, predicted = _marginals(confusion)
    return ratio(hits, truth + predicted - hits)


def mean_iou(confusion: Confusion) -> NDArray[np.float64]:
    """Mean IoU over the classes that have one, (…)."""
    each = iou(confusion)
    counted = np.isfinite(each)
    return ratio(np.where(counted, each, 0.0).sum(axis=-1), counted.sum(axis=-1))


def dice(confusion: Confusion) -> NDArray[np.float64]:
    """2 · intersection / (truth + prediction), (…, classes)."""
    hits, truth, predicted = _marginals(confusion)
    return ratio(2 * hits, truth + predicted)


def precision(confusion: Confusion) -> NDArray[np.float64]:
    """Share of the predicted cells that are right, (…, classes)."""
    hits, _, predicted = _marginals(confusion)
    return ratio(hits, predicted)


def recall(confusion: Confusion) -> NDArray[np.float64]:
    """Share of the true cells that are found, (…, classes)."""
    hits, truth, _ = _marginals(confusion)
    return ratio(hits, truth)


def area_ratio(confusion: Confusion) -> NDArray[np.float64]:
    """Predicted over true area of each class, (…, classes): above 1 is too much."""
    _, truth, predicted = _marginals(confusion)
    return ratio(predicted, truth)


def summary(confusion: Confusion, labels: Sequence[str]) -> dict[str, Any]:
    """Return every score of a confusion matrix (classes, classes), by label."""
    measures = (iou, dice, precision, recall, area_ratio)
    named: dict[str, Any] = {one.__name__: by_label(one(confusion), labels) for one in measures}
    return {"mean_iou": number(mean_iou(confusion))} | named


def merged(confusion: Confusion, codes: Sequence[int]) -> Confusion:
    """Return the matrices (…, 2, 2) of some classes taken as one (1) against all others (0)."""
    inside = np.zeros(confusion.shape[-1])
    inside[list(codes)] = 1.0
    groups = np.stack([1.0 - inside, inside])
    found: Confusion = groups @ confusion @ groups.T
    return found


def bootstrap_intervals(
    confusions: NDArray[Any],
    score: Callable[[Confusion], NDArray[np.float64]],
    *,
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Percentile interval of a score when dates are resampled with replacement.

    confusions: one matrix a date, (dates, …, classes, classes). Dates, not files: labellings of
    one day share its weather, and treating them as independent would make the interval too narrow.
    Returns (low, high), each as `score` returns; NaN where a class has no score in any resample.
    """
    dates = len(confusions)
    generator = np.random.default_rng(seed)
    times_drawn = generator.multinomial(dates, np.full(dates, 1 / dates), size=resamples)
    scores = score(np.tensordot(times_drawn.astype(np.float64), confusions, axes=1))
    tail = 100 * (1 - level) / 2
    return _percentile(scores, tail), _percentile(scores, 100 - tail)


def by_label(values: NDArray[np.float64], labels: Sequence[str]) -> dict[str, float | None]:
    """Name each class's score; None where there is none."""
    return {label: number(value) for label, value in zip(labels, values, strict=True)}


def number(value: float | NDArray[np.float64]) -> float | None:
    """Return a float for JSON: None instead of NaN."""
    return float(value) if np.isfinite(value) else None


def _marginals(confusion: Confusion) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    return hits, confusion.sum(axis=-1), confusion.sum(axis=-2)


def ratio(above: NDArray[Any], below: NDArray[Any]) -> NDArray[np.float64]:
    """Return above / below; NaN where that is zero."""
    below = np.asarray(below, np.float64)
    return np.divide(above, below, out=np.full(below.shape, np.nan), where=below > 0)


def _percentile(scores: NDArray[np.float64], percent: float) -> NDArray[np.float64]:
    flat = scores.reshape(len(scores), -1)
    columns = [column[np.isfinite(column)] for column in flat.T]
    values = [np.percentile(column, percent) if column.size else np.nan for column in columns]
    return np.array(values).reshape(scores.shape[1:])
