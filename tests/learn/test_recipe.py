"""The recipe of a model: defaults told once, wrong keys refused."""

from dataclasses import MISSING, fields
from pathlib import Path

import jsonschema
import pytest
import yaml

from stormtrace.errors import BadInput
from stormtrace.learn.recipe import CHOICES, RANGES, Recipe, read_recipe
from stormtrace.network.architectures import ARCHITECTURES
from stormtrace.network.padding import PADDINGS

SCHEMA = yaml.safe_load(
    (Path(__file__).parents[2] / "workflow/schemas/models.schema.yaml").read_text("utf-8")
)
SMALL = {"name": "m", "fields": ["TMQ"], "dataset": "d", "grid": "g"}


def default(field):
    return field.default if field.default is not MISSING else field.default_factory()


def test_schema_and_recipe_have_the_same_keys_and_defaults():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    properties = SCHEMA["properties"]
    own = {field.name: field for field in fields(Recipe)}
    assert own.keys() - {"name"} == properties.keys() - {"like", "seeds", "title", "weights"}
    for name, field in own.items():
        if name in ("name", "fields", "dataset", "grid"):
            continue
        if name == "augment":
            told = {key: rule["default"] for key, rule in properties[name]["properties"].items()}
        else:
            told = properties[name]["default"]
        assert told == default(field), name


def test_schema_and_recipe_allow_the_same():
    properties = SCHEMA["properties"]
    for key, allowed in CHOICES.items():
        assert tuple(properties[key]["enum"]) == allowed
    for key, (low, high) in RANGES.items():
        assert (properties[key]["minimum"], properties[key]["maximum"]) == (low, high)
    assert properties["architecture"]["enum"] == list(ARCHITECTURES)
    assert tuple(properties["padding"]["enum"]) == PADDINGS


def test_every_key_is_described():
    assert all(rule.get("description") for rule in SCHEMA["properties"].values())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epoch": 3}, "unknown key 'epoch'"),
        ({"loss": "dice"}, "loss is 'dice', not one of jaccard"),
        ({"lr": -1}, r"lr is -1, not within 1e-08"),
        ({"epochs": "ten"}, "epochs is 'ten'"),
        ({"epochs": 2.5}, "epochs is 2.5"),
        ({"epochs": True}, "epochs is True"),
        ({"warmup": float("nan")}, "warmup is nan"),
        ({"fields": ["TMQ", "TMQ"]}, "fields is .* not 1 or more names"),
        ({"labels": ["Background"]}, "labels is .* not 2 or more names"),
        ({"augment": {"rol": True}}, "augment has no 'rol'"),
        ({"validation": 0.0, "early_stopping": 3}, "validation, which is 0"),
        ({"validation": 0.0, "schedule": "plateau"}, "validation, which is 0"),
    ],
)
def test_wrong_recipes_are_refused(change, message):
    with pytest.raises(BadInput, match=message):
        read_recipe(SMALL | change)


def test_missing_keys_are_named():
    with pytest.raises(BadInput, match="fields, grid missing"):
        read_recipe({"name": "m", "dataset": "d"})
