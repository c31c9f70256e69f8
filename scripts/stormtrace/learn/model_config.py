"""The config.json of a trained model."""

from collections.abc import Mapping
from typing import Any

from stormtrace.learn.recipe import Recipe
from stormtrace.network.normalization import Normalization


def make_config(
    recipe: Recipe, normalization: Normalization, facts: Mapping[str, str]
) -> dict[str, Any]:
    """Return the content of config.json: ClimateNet's keys, then ours, which it ignores."""
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
        "padding": recipe.padding,
        "weighting": recipe.weighting,
        "provenance": dict(facts),
    }
