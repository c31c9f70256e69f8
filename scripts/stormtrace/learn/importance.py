"""Which fields a model relies on: the skill it loses when one is shuffled among samples.

Permutation importance (`learn/permutation.py`) of fields. They are shuffled among distinct times,
never back to their own, because several labellings of one time share their fields.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.labelled import LabelledFile, by_time, grid_of, read_labelled
from stormtrace.learn.permutation import permuted_scores
from stormtrace.network import scores
from stormtrace.network.predictor import Predictor
from stormtrace.network.scores import Confusion, by_label

MEAN = "mean_iou"


def permutation_importance(
    predictor: Predictor, files: Sequence[LabelledFile], repeats: int, seed: int = 0
) -> dict[str, Any]:
    """Return the model's IoU and, field by field, how much of it is lost by shuffling.

    `importance` maps field → label (and ``mean_iou``) → the `mean` loss over the repeats, and
    `low` and `high`, its 95 % interval when dates are resampled; None where the class has no
    score. Files are read again for every repeat: memory does not grow with their number.

    Raises:
        BadInput: fewer than two labelled times.

    """
    fields = predictor.config.fields
    groups = list(by_time(files).values())
    if len(groups) < 2:
        raise BadInput(
            f"importance needs several labelled times to shuffle among, not {len(groups)}"
        )
    base, shuffled = permuted_scores(
        lambda field, sources: _confusions(predictor, groups, field, sources),
        fields,
        len(groups),
        repeats,
        seed,
    )
    labels = (*predictor.config.labels, MEAN)
    return {
        "labels": list(predictor.config.labels),
        "times": len(groups),
        "files": len(files),
        "repeats": repeats,
        "iou": by_label(_ious(base.sum(axis=0)), labels),
        "importance": {
            field: _summarize(np.stack([base, *each], axis=1), labels)
            for field, each in shuffled.items()
        },
    }


def _confusions(
    predictor: Predictor,
    groups: Sequence[Sequence[LabelledFile]],
    field: str | None = None,
    sources: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """Confusion matrices (dates, classes, classes), one `field` taken from the times `sources`."""
    fields, classes = predictor.config.fields, len(predictor.config.labels)
    by_date: dict[str, Confusion] = {}
    grid = grid_of(groups[0])
    predictor = predictor.on(grid)
    for place, group in enumerate(groups):
        samples = [read_labelled(file.path, fields, classes, grid) for file in group]
        values = samples[0].values
        if field is not None and sources is not None:
            other = groups[sources[place]][0].path
            values[fields.index(field)] = read_labelled(other, [field], classes, grid).values[0]
        prediction = predictor.classes(values[None])[0]
        date = group[0].date
        for sample in samples:
            matrix = scores.confusion_matrix(sample.labels, prediction, classes)
            by_date[date] = by_date.get(date, np.zeros_like(matrix)) + matrix
    return np.stack(list(by_date.values()))


def _ious(confusion: Confusion) -> NDArray[np.float64]:
    """IoU of each class and, last, their mean: (…, classes + 1)."""
    return np.concatenate(
        [scores.iou(confusion), np.asarray(scores.mean_iou(confusion))[..., None]], axis=-1
    )


def _summarize(
    confusions: NDArray[np.int64], labels: Sequence[str]
) -> dict[str, dict[str, float | None]]:
    """confusions: (dates, 1 + repeats, classes, classes), those of the unshuffled samples first."""

    def loss(summed: Confusion) -> NDArray[np.float64]:
        ious = _ious(summed)
        return ious[..., 0, :] - ious[..., 1:, :].mean(axis=-2)

    low, high = scores.bootstrap_intervals(confusions, loss)
    losses = {"mean": loss(confusions.sum(axis=0)), "low": low, "high": high}
    named = {key: by_label(values, labels) for key, values in losses.items()}
    return {label: {key: named[key][label] for key in losses} for label in labels}
