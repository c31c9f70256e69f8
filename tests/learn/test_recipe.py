"""The recipe of a model: wrong keys and values are refused by name."""

from typing import get_args

import pytest

from stormtrace.errors import BadInput
from stormtrace.learn.recipe import Recipe, read_recipe
from stormtrace.network.architectures import ARCHITECTURES
from stormtrace.network.padding import PADDINGS

SMALL = {"name": "m", "fields": ["TMQ"], "dataset": "d", "grid": "g"}


def test_architectures_and_paddings_are_those_of_the_network():
    choices = {
        key: get_args(Recipe.model_fields[key].annotation) for key in ("architecture", "padding")
    }
    assert choices == {"architecture": tuple(ARCHITECTURES), "padding": PADDINGS}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epoch": 3}, "model m: epoch is 3: an unknown key, did you mean 'epochs'"),
        ({"loss": "dice"}, "loss is .dice.; allowed: jaccard, cross-entropy"),
        ({"lr": -1}, "lr is -1: must be greater than or equal to 0.00000001"),
        ({"epochs": "ten"}, 'epochs is "ten"'),
        ({"epochs": 2.5}, "epochs is 2.5: must be a whole number"),
        ({"epochs": True}, "epochs is true: must be a whole number"),
        ({"warmup": float("nan")}, "warmup is NaN: must be a finite number"),
        ({"fields": ["TMQ", "TMQ"]}, "fields is .*: 'TMQ' stands twice"),
        ({"labels": ["Background"]}, "labels is .*at least 2 items"),
        ({"augment": {"rol": True}}, "augment.rol is true: an unknown key, did you mean 'roll'"),
        ({"validation": 0.0, "early_stopping": 3}, "validation, which is 0"),
        ({"validation": 0.0, "schedule": "plateau"}, "validation, which is 0"),
    ],
)
def test_wrong_recipes_are_refused(change, message):
    with pytest.raises(BadInput, match=message):
        read_recipe(SMALL | change)


def test_missing_keys_are_named():
    with pytest.raises(
        BadInput, match="model m lacks the key 'fields'; required: fields, dataset, grid"
    ):
        read_recipe({"name": "m", "dataset": "d"})
