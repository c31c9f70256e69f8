"""The config.json of a trained model."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from stormtrace.grids.spacing import Spacing
from stormtrace.learn.recipe import Recipe
from stormtrace.network.mirror_average import MIRROR_AVERAGE
from stormtrace.network.normalization import Normalization
from stormtrace.network.trained_grid import TRAINED_ON


def make_config(
    recipe: Recipe,
    normalization: Normalization,
    facts: Mapping[str, str],
    trained_on: Spacing | None = None,
    odd: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Return the content of config.json: ClimateNet's keys, then ours, which it ignores.

    trained_on: spacing of the grid of the samples. odd: the fields that change sign in a mirror,
    for a model that is to mean maps and their mirror images.
    """
    moments = zip(normalization.fields, normalization.mean, normalization.std, strict=True)
    return {
        "architecture": recipe.architecture,
        "seed": recipe.seed,
        "lr": recipe.lr,
        "train_batch_size": recipe.batch_size,
        "pred_batch_size": recipe.batch_size,
        "epochs": recipe.epochs,
        "fields": {field: {"mean": mean, "std": std} for field, mean, std in moments},
        "labels": recipe.labels,
        "description": recipe.description or f"{recipe.name}, trained by Stormtrace",
        "name": recipe.name,
        "dataset": recipe.dataset,
        "grid": recipe.grid,
        **({TRAINED_ON: asdict(trained_on)} if trained_on else {}),
        **({MIRROR_AVERAGE: list(odd)} if odd is not None else {}),
        "padding": recipe.padding,
        "weighting": recipe.weighting,
        "provenance": dict(facts),
    }
