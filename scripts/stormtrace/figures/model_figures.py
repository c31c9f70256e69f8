"""Figures about models: training curves, and the importance of each field."""

from collections.abc import Mapping, Sequence
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
from stormtrace.figures.panels import WIDTH, add_panel_title, add_titles

BACKGROUND = "0.45"


def draw_history(
    history: Mapping[str, NDArray[np.float64]], title: str = "", table: ClassTable | None = None
) -> Figure:
    """Draw losses, validation IoU of each class, and the learning rate against the epoch.

    title: the model's. table: the study's `classes:`, for colours.
    """
    figure, (losses, ious, rates) = plt.subplots(1, 3, figsize=(WIDTH, 2.6))
    figure.subplots_adjust(0.065, 0.15, 0.985, 0.71, wspace=0.3)
    epoch = history["epoch"]
    for part, style in (("train", "-"), ("validation", "--")):
        losses.plot(epoch, history[f"{part}_loss"], style, color="0.2", label=part)
    losses.legend(frameon=False, fontsize=6.5)

    shown = "validation" if np.isfinite(history["validation_mean_iou"]).any() else "train"
    prefix = f"{shown}_iou_"
    names = [name for name in history if name.startswith(prefix)]
    labels = [name.removeprefix(prefix).replace("_", " ") for name in names]
    for colour, label, name in zip(_colours(labels, table), labels, names, strict=True):
        ious.plot(epoch, history[name], color=colour, label=label)
    mean = history[f"{shown}_mean_iou"]
    ious.plot(epoch, mean, ":", color="0.1", label="mean")
    of, words = "validation" if shown == "validation" else "training", ""
    if np.isfinite(mean).any():
        best = int(np.nanargmax(mean))
        ious.axvline(epoch[best], color="0.8", zorder=0)
        words = f" · best {mean[best]:.3f}"
    ious.set_ylim(0, 1)
    ious.legend(fontsize=6.5, framealpha=0.8, edgecolor="none")

    rates.plot(epoch, history["lr"], color="0.2")
    rates.set_yscale("log" if (history["lr"] > 0).all() else "linear")
    titles = ("Loss", f"IoU, {of}{words}", "Learning rate")
    for position, (axes, name) in enumerate(zip((losses, ious, rates), titles, strict=True)):
        axes.set_xlabel("epoch", size=6.5, labelpad=1)
        axes.tick_params(labelsize=6.5, length=2)
        axes.spines[["top", "right"]].set_visible(False)
        add_panel_title(axes, position, name, WIDTH / 3)
    epochs = f"{epoch.size} epoch{'' if epoch.size == 1 else 's'}"
    add_titles(figure, "Training", " · ".join(filter(None, (title, epochs))))
    return figure


def draw_importance(
    importance: Mapping[str, Any],
    labels: list[str],
    title: str = "",
    table: ClassTable | None = None,
) -> Figure:
    """Draw the loss of IoU when a field is shuffled, with its 95 % interval.

    importance: field → label → {"mean", "low", "high"} (None where the class has no score).
    title: the model's. table: the study's `classes:`, for colours.
    """
    figure, axes = plt.subplots(figsize=(WIDTH, 3.4))
    figure.subplots_adjust(0.075, 0.08, 0.985, 0.84)
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
        axes.bar(
            places,
            heights,
            width,
            yerr=spread,
            color=colour,
            label=label,
            capsize=2,
            error_kw={"lw": 0.8},
        )
    axes.set_xticks(range(len(importance)), list(importance))
    axes.set_ylabel("loss of IoU")
    axes.axhline(0, color="0.3", linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=7)
    note = "each field shuffled among the test labels · bars: 95 % interval over dates"
    words = " · ".join(filter(None, (title, note)))
    add_titles(figure, "Importance of each field", words)
    return figure


def _colours(labels: Sequence[str], table: ClassTable | None) -> list[str]:
    """Return a colour for each label: grey for the background, the class's own for the others."""
    features = [label for label in labels if flag_name(label) != "background"]
    classes = Classes.of_labels(["Background", *features], table)
    return [line_colour(classes[label]) if label in features else BACKGROUND for label in labels]
