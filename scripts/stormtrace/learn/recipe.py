"""How a model is trained: a `models:` entry of the study, checked, with its defaults.

The keys are documented in workflow/schemas/models.schema.yaml; a test keeps the defaults there and
here the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from stormtrace.classes import LABELS
from stormtrace.errors import BadInput


@dataclass(frozen=True)
class Recipe:
    """One model's entry. `name`, `dataset` and `grid` say what it is, the rest how it is made."""

    name: str
    fields: list[str]
    dataset: str
    grid: str
    labels: list[str] = field(default_factory=lambda: list(LABELS))
    architecture: str = "cgnet"
    padding: str = "sphere"
    loss: str = "jaccard"
    optimizer: str = "adamw"
    lr: float = 0.001
    weight_decay: float = 0.01
    schedule: str = "cosine"
    warmup: float = 0.1
    epochs: int = 20
    batch_size: int = 4
    seed: int = 42
    weighting: str = "none"
    validation: float = 0.1
    early_stopping: int = 0
    augment: dict[str, bool] = field(default_factory=lambda: {"roll": True, "flip": True})
    labellings: str = "separate"
    precision: str = "float32"
    compile: bool = False
    description: str = ""


CHOICES = {
    "loss": ("jaccard", "cross-entropy", "published-double-softmax"),
    "optimizer": ("adamw", "adam"),
    "schedule": ("cosine", "plateau", "constant"),
    "weighting": ("none", "area", "mean"),
    "labellings": ("separate", "soft"),
    "precision": ("float32", "bfloat16"),
}
RANGES = {
    "lr": (1e-8, 10.0),
    "weight_decay": (0.0, 1.0),
    "warmup": (0.0, 0.9),
    "epochs": (1, 10_000),
    "batch_size": (1, 4096),
    "seed": (0, 2**31 - 1),
    "validation": (0.0, 0.9),
    "early_stopping": (0, 10_000),
}


def read_recipe(block: Mapping[str, Any]) -> Recipe:
    """Check a model's entry.

    Raises:
        BadInput: a key is unknown or missing, or a value is not among the allowed ones.

    """
    known = {one.name for one in fields(Recipe)}
    if unknown := sorted(block.keys() - known):
        raise BadInput(f"model: unknown key {unknown[0]!r}; there are {', '.join(sorted(known))}")
    if missing := [key for key in ("name", "fields", "dataset", "grid") if key not in block]:
        raise BadInput(f"model: {', '.join(missing)} missing")
    recipe = Recipe(**block)
    for key, allowed in CHOICES.items():
        if getattr(recipe, key) not in allowed:
            raise BadInput(
                f"model {recipe.name}: {key} is {getattr(recipe, key)!r}, not one of "
                f"{', '.join(allowed)}"
            )
    for key, (low, high) in RANGES.items():
        value, kinds = getattr(recipe, key), int if isinstance(low, int) else int | float
        if not isinstance(value, kinds) or isinstance(value, bool) or not low <= value <= high:
            raise BadInput(f"model {recipe.name}: {key} is {value!r}, not within {low} … {high}")
    for key, least in (("fields", 1), ("labels", 2)):
        names = getattr(recipe, key)
        if not isinstance(names, list) or len(set(names)) != len(names) or len(names) < least:
            raise BadInput(f"model {recipe.name}: {key} is {names}, not {least} or more names")
    if not recipe.validation and (recipe.early_stopping or recipe.schedule == "plateau"):
        raise BadInput(
            f"model {recipe.name}: early_stopping and schedule: plateau go by scores of "
            "validation, which is 0: give it a share, such as 0.1"
        )
    if unknown := sorted(recipe.augment.keys() - {"roll", "flip"}):
        raise BadInput(f"model {recipe.name}: augment has no {unknown[0]!r}, only roll and flip")
    return recipe
