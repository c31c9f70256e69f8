"""An exponential moving average of a network's weights, smoother than any step of its training."""

import copy
from typing import Any

import torch
from torch import nn


class WeightAverage:
    """A second network that follows the first: w̄ ← d w̄ + (1 − d) w after every step.

    d is the least of `decay` and (1 + n) / (10 + n) after n steps, so that the first weights,
    which are random, are soon forgotten (Tan & Le 2019, and the field's newest trainings).
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = copy.deepcopy(network).eval()
        self.decay, self.steps = decay, 0

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Move towards the weights and the running statistics that a network has now."""
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        pairs = zip(self.network.state_dict().values(), network.state_dict().values(), strict=True)
        for average, now in pairs:
            if average.is_floating_point():
                average.lerp_(now, 1 - decay)
            else:
                average.copy_(now)

    def as_checkpoint(self) -> dict[str, Any]:
        """Return the state in types a checkpoint may hold."""
        state = {name: one.cpu().clone() for name, one in self.network.state_dict().items()}
        return {"network": state, "steps": self.steps}

    def restore(self, checkpoint: dict[str, Any]) -> None:
        """Go back to where `as_checkpoint` was called."""
        self.network.load_state_dict(checkpoint["network"])
        self.steps = checkpoint["steps"]
