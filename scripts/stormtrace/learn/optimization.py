"""How weights follow gradients: the optimizer, and how its learning rate rises and falls."""

import math

import torch
from torch import nn

from stormtrace.learn.recipe import Recipe


def schedule_factor(recipe: Recipe, done: float) -> float:
    """Learning rate over `recipe.lr` when a share `done` (0 … 1] of the training is over."""
    if done < recipe.warmup:
        return done / recipe.warmup
    if recipe.schedule != "cosine":
        return 1.0
    return 0.5 * (1 + math.cos(math.pi * (done - recipe.warmup) / (1 - recipe.warmup)))


def make_optimizer(recipe: Recipe, network: nn.Module) -> torch.optim.Optimizer:
    """Return the recipe's optimizer; weights decay in convolutions and matrices only."""
    family = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[recipe.optimizer]
    decay = recipe.weight_decay if recipe.optimizer == "adamw" else 0.0
    # Scales and offsets of normalizations, slopes and biases must not be pulled to zero.
    matrices = [one for one in network.parameters() if one.ndim > 1]
    others = [one for one in network.parameters() if one.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return family(groups, lr=recipe.lr, fused=True)
