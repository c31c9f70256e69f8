"""history.csv: one row an epoch, with losses, scores, times and memory."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.class_table import flag_name
from stormtrace.errors import BadInput
from stormtrace.network import scores

Row = dict[str, float | int | None]


def score_columns(part: str, confusion: NDArray[np.int64], labels: Sequence[str]) -> Row:
    """Columns of one part (`train` or `validation`): IoU, precision, recall, and every count.

    ``{part}_cells_{truth}_as_{prediction}`` are the confusion matrix.
    """
    names = [flag_name(label) for label in labels]
    row: Row = {f"{part}_mean_iou": scores.number(scores.mean_iou(confusion))}
    for measure in (scores.iou, scores.precision, scores.recall):
        for name, value in zip(names, measure(confusion), strict=True):
            row[f"{part}_{measure.__name__}_{name}"] = scores.number(value)
    for truth, counts in zip(names, confusion, strict=True):
        for prediction, count in zip(names, counts, strict=True):
            row[f"{part}_cells_{truth}_as_{prediction}"] = int(count)
    return row


def to_csv(rows: Sequence[Row]) -> str:
    """Return the rows as CSV; an empty cell where there is no score."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def read_history(path: Path | str) -> dict[str, NDArray[np.float64]]:
    """Read history.csv: column → values, NaN where a cell is empty."""
    with Path(path).open(encoding="utf-8", newline="") as stream:
        rows: list[dict[str, Any]] = list(csv.DictReader(stream))
    if not rows or "epoch" not in rows[0]:
        raise BadInput(f"{path} is not a training history: it needs a column epoch and one row")
    return {key: np.array([float(row[key] or "nan") for row in rows]) for key in rows[0]}


def describe(row: Row, labels: Sequence[str], epochs: int) -> str:
    """Return one line of a log about an epoch."""

    def shown(key: str) -> str:
        value = row[key]
        return "–" if value is None else f"{value:.3f}"

    ious = " ".join(shown(f"validation_iou_{flag_name(label)}") for label in labels)
    return (
        f"epoch {row['epoch']} of {epochs}: loss {shown('train_loss')}, "
        f"validation {shown('validation_loss')}, IoU {ious}, {row['seconds']:.1f} s"
    )
