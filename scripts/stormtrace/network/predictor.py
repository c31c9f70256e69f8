"""A model that turns raw fields into class codes: the reference path, in torch and float32."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from stormtrace.errors import BadInput
from stormtrace.grids import Grid
from stormtrace.network.devices import choose_device, memory_format, prepare_device
from stormtrace.network.model_files import ModelConfig, load_model
from stormtrace.network.padding import suit_grid


@dataclass(frozen=True)
class Predictor:
    """A network on its device, with the normalization of its own config.json; for one grid."""

    config: ModelConfig
    network: nn.Module
    device: torch.device

    def on(self, grid: Grid) -> "Predictor":
        """Return itself, for maps of `grid`: what lies beyond a pole depends on its rows."""
        suit_grid(self.network, grid)
        return self

    @torch.inference_mode()
    def classes(self, values: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Raw fields (b, fields, ny, nx) → class codes (b, ny, nx)."""
        return classes_of(self._logits(values)).to(torch.uint8).cpu().numpy()

    @torch.inference_mode()
    def look(self, values: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Raw fields (b, fields, ny, nx) → codes, and probabilities (b, classes, ny, nx)."""
        logits = self._logits(values)
        codes = classes_of(logits).to(torch.uint8).cpu().numpy()
        return codes, logits.float().softmax(dim=1).cpu().numpy()

    def _logits(self, values: NDArray[np.float32]) -> Tensor:
        """Raise BadInput if they are not finite: the argmax of NaN would be a class."""
        normalized = torch.from_numpy(self.config.normalization.apply(values)).to(self.device)
        logits = self.network(normalized.contiguous(memory_format=memory_format(self.device)))
        if not torch.isfinite(logits.sum()):
            raise BadInput(
                "the network's output is not finite (NaN or infinite), so there is no prediction: "
                "its weights are damaged, or its input is far outside of what it was trained on; "
                "compare the fields' units with the model's config.json"
            )
        return logits


def classes_of(logits: Tensor) -> Tensor:
    """Return the class of the largest logit, the first of equal ones: (b, classes, …) → (b, …).

    That is `argmax`, which on a CPU takes ten times as long: for a large map, as long as half of
    the network.
    """
    return logits.max(dim=1).indices


def load_predictor(
    folder: Path | str, device: str = "auto", threads: int | None = None
) -> Predictor:
    """Load a model folder onto a device."""
    chosen = choose_device(device)
    prepare_device(chosen, threads)
    config, network = load_model(folder)
    network = network.to(chosen).to(memory_format=memory_format(chosen))  # type: ignore[call-overload]
    return Predictor(config, network, chosen)
