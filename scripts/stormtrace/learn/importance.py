"""Which fields a model relies on: the skill it loses when one is shuffled among samples.

Permutation importance (`learn/permutation.py`) of fields. They are shuffled among distinct times,
never back to their own, because several labellings of one time share their fields.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.labelled import LabelledFile, by_time, grid_of, read_labelled
from stormtrace.grids import Grid
from stormtrace.learn.permutation import permuted_scores
from stormtrace.network import scores
from stormtrace.network.predictor import Predictor
from stormtrace.network.runtimes import maps_at_once
from stormtrace.network.scores import Confusion, by_label

MEAN = "mean_iou"

#: Bytes of samples that stay in memory; others are read again for every repeat.
KEPT_BYTES = 256 * 2**20


def permutation_importance(
    predictor: Predictor, files: Sequence[LabelledFile], repeats: int, seed: int = 0
) -> dict[str, Any]:
    """Return the model's IoU and, field by field, how much of it is lost by shuffling.

    `importance` maps field → label (and ``mean_iou``) → the `mean` loss over the repeats, and
    `low` and `high`, its 95 % interval when dates are resampled; None where the class has no
    score. Memory does not grow with the number of files beyond `KEPT_BYTES`.

    Raises:
        BadInput: fewer than two labelled times.

    """
    fields, classes = predictor.config.fields, len(predictor.config.labels)
    groups = list(by_time(files).values())
    if len(groups) < 2:
        raise BadInput(
            f"importance needs several labelled times to shuffle among, not {len(groups)}"
        )
    times = _Times(groups, fields, classes, grid_of(groups[0]), KEPT_BYTES)
    predictor = predictor.on(times.grid)
    base, shuffled = permuted_scores(
        lambda name, sources: _confusions(predictor, times, name, sources),
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


@dataclass
class _Times:
    """Labelled times on one grid, each a group of files that share their fields.

    room: bytes for what is kept, so that it is read once.
    """

    groups: Sequence[Sequence[LabelledFile]]
    fields: Sequence[str]
    classes: int
    grid: Grid
    room: int
    kept: dict[int, tuple[NDArray[np.float32], list[NDArray[np.uint8]]]] = field(
        default_factory=dict
    )

    def read(self, place: int) -> tuple[NDArray[np.float32], list[NDArray[np.uint8]]]:
        """Return the fields of a time, (fields, ny, nx), and its labellings, (ny, nx) each."""
        if place in self.kept:
            return self.kept[place]
        samples = [
            read_labelled(file.path, self.fields, self.classes, self.grid)
            for file in self.groups[place]
        ]
        found = samples[0].values, [one.labels for one in samples]
        size = found[0].nbytes + sum(labels.nbytes for labels in found[1])
        if size <= self.room:
            self.kept[place] = found
            self.room -= size
        return found

    def read_field(self, place: int, name: str) -> NDArray[np.float32]:
        """Return one field of a time, (ny, nx)."""
        if place in self.kept:
            return self.kept[place][0][self.fields.index(name)]
        path = self.groups[place][0].path
        return read_labelled(path, [name], self.classes, self.grid).values[0]


def _confusions(
    predictor: Predictor,
    times: _Times,
    name: str | None = None,
    sources: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """Confusion matrices (dates, classes, classes), field `name` taken from the times `sources`."""
    by_date: dict[str, Confusion] = {}
    at_once = maps_at_once(times.grid.size)
    for first in range(0, len(times.groups), at_once):
        places = range(first, min(first + at_once, len(times.groups)))
        read = [times.read(place) for place in places]
        values = np.stack([fields for fields, _ in read])
        if name is not None and sources is not None:
            channel = times.fields.index(name)
            for one, place in zip(values, places, strict=True):
                one[channel] = times.read_field(sources[place], name)
        predicted = predictor.classes(values)
        for prediction, (_, labellings), place in zip(predicted, read, places, strict=True):
            date = times.groups[place][0].date
            for labels in labellings:
                matrix = scores.confusion_matrix(labels, prediction, times.classes)
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
