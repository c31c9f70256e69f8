"""Figures about models: training curves, and the importance of each field."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")  # no display on a compute node

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from stormtrace.class_table import ClassTable, flag_name
from stormtrace.classes import Classes
from stormtrace.figures.colours import line_colour
from stormtrace.files import writing

BACKGROUND = "0.45"


def save(figure: Figure, stem: Path) -> None:
    """Write ``{stem}.png`` and ``{stem}.pdf``, each whole or not at all."""
    for kind in ("png", "pdf"):
        with writing(stem.with_name(f"{stem.name}.{kind}")) as partial:
            figure.savefig(partial, format=kind, dpi=150, bbox_inches="tight")
    plt.close(figure)


def draw_history(
    history: Mapping[str, NDArray[np.float64]], table: ClassTable | None = None
) -> Figure:
    """Draw losses, validation IoU of each class, and the learning rate against the epoch.

    table: the study's `classes:`, for colours.
    """
    figure, (losses, ious, rates) = plt.subplots(1, 3, figsize=(12, 3.4), layout="constrained")
    epoch = history["epoch"]
    for part, style in (("train", "-"), ("validation", "--")):
        losses.plot(epoch, history[f"{part}_loss"], style, color="0.2", label=part)
    losses.set_title("Loss")
    losses.legend(frameon=False)

    shown = "validation" if np.isfinite(history["validation_mean_iou"]).any() else "train"
    prefix = f"{shown}_iou_"
    names = [name for name in history if name.startswith(prefix)]
    labels = [name.removeprefix(prefix).replace("_", " ") for name in names]
    for colour, label, name in zip(_colours(labels, table), labels, names, strict=True):
        ious.plot(epoch, history[name], color=colour, label=label)
    mean = history[f"{shown}_mean_iou"]
    ious.plot(epoch, mean, ":", color="0.1", label="mean")
    if np.isfinite(mean).any():
        best = int(np.nanargmax(mean))
        ious.axvline(epoch[best], color="0.8", zorder=0)
        ious.annotate(f"best: {mean[best]:.3f}", (epoch[best], 0.02), ha="right", rotation=90)
    ious.set(title=f"IoU ({shown})", ylim=(0, 1))
    ious.legend(frameon=False)

    rates.plot(epoch, history["lr"], color="0.2")
    rates.set(title="Learning rate", yscale="log" if (history["lr"] > 0).all() else "linear")
    for axes in (losses, ious, rates):
        axes.set_xlabel("epoch")
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def draw_importance(
    importance: Mapping[str, Any], labels: list[str], table: ClassTable | None = None
) -> Figure:
    """Draw the loss of IoU when a field is shuffled, with its 95 % interval.

    importance: field → label → {"mean", "low", "high"} (None where the class has no score);
    table: the study's `classes:`, for colours.
    """
    figure, axes = plt.subplots(figsize=(7, 3.4), layout="constrained")
    width = 0.8 / len(labels)
    for i, (colour, label) in enumerate(zip(_colours(labels, table), labels, strict=True)):
        scores = [importance[field][label] for field in importance]
        kept = [(j, one) for j, one in enumerate(scores) if one["mean"] is not None]
        heights = [one["mean"] for _, one in kept]
        spread = [
            [max(0.0, one["mean"] - one["low"]) for _, one in kept],
            [max(0.0, one["high"] - one["mean"]) for _, one in kept],
        ]
        places = [j + (i - (len(labels) - 1) / 2) * width for j, _ in kept]
        axes.bar(places, heights, width, yerr=spread, color=colour, label=label, capsize=2)
    axes.set_xticks(range(len(importance)), list(importance))
    axes.set_ylabel("loss of IoU when shuffled\n(95 % interval over dates)")
    axes.axhline(0, color="0.3", linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    return figure


def _colours(labels: Sequence[str], table: ClassTable | None) -> list[str]:
    """Return a colour for each label: grey for the background, the class's own for the others."""
    features = [label for label in labels if flag_name(label) != "background"]
    classes = Classes.of_labels(["Background", *features], table)
    return [line_colour(classes[label]) if label in features else BACKGROUND for label in labels]
