"""Where a training stands between two epochs: what it has seen, and its best weights so far."""

import math
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from stormtrace.errors import BadInput
from stormtrace.learn.history import Row
from stormtrace.learn.recipe import Recipe

#: `schedule: plateau`: after this many epochs without a better score, lr falls by this factor.
PLATEAU_PATIENCE, PLATEAU_FACTOR = 3, 0.3


@dataclass
class Standing:
    """After `epoch` epochs; `plateau_factor` is what a plateau has left of the learning rate."""

    recipe: Recipe
    epoch: int = 0
    history: list[Row] = field(default_factory=list)
    best_epoch: int = 0
    best_score: float = -math.inf
    best_weights: dict[str, Tensor] = field(default_factory=dict)
    plateau_factor: float = 1.0

    def record(self, row: Row, weights: dict[str, Tensor]) -> None:
        """Add an epoch; keep its weights if they are the best by mean validation IoU.

        Without validation samples there is no better and worse: the last weights are kept.

        Raises:
            BadInput: a loss is not finite.

        """
        self._check_finite(row)
        self.history.append(row)
        validated = row["validation_mean_iou"]
        score = float(self.epoch) if validated is None else float(validated)
        if score > self.best_score:
            self.best_epoch, self.best_score, self.best_weights = self.epoch, score, weights
        elif self.recipe.schedule == "plateau" and self._waited % PLATEAU_PATIENCE == 0:
            self.plateau_factor *= PLATEAU_FACTOR

    def _check_finite(self, row: Row) -> None:
        validates = row["validation_mean_iou"] is not None
        if row["train_loss"] is None or (validates and row["validation_loss"] is None):
            recipe = self.recipe
            exact = ", or precision: float32" if recipe.precision != "float32" else ""
            raise BadInput(
                f"model {recipe.name}: the loss is not finite in epoch {self.epoch}, the training "
                f"has diverged: use an lr below {recipe.lr:g}, or a longer warmup than "
                f"{recipe.warmup:g}{exact}"
            )

    @property
    def _waited(self) -> int:
        return self.epoch - self.best_epoch

    def reason_to_stop(self) -> str | None:
        """`all epochs`, `early stopping`, or None while there is something to do."""
        if self.epoch >= self.recipe.epochs:
            return "all epochs"
        if self.recipe.early_stopping and self._waited >= self.recipe.early_stopping:
            return "early stopping"
        return None

    def as_checkpoint(self) -> dict[str, Any]:
        """Return everything but the recipe, in types a checkpoint may hold."""
        return {key: value for key, value in vars(self).items() if key != "recipe"}

    def restore(self, checkpoint: dict[str, Any]) -> None:
        """Go back to where `as_checkpoint` was called."""
        for key in self.as_checkpoint():
            setattr(self, key, checkpoint[key])
