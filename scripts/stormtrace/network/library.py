"""Networks of segmentation_models_pytorch, behind our padding.

The package is optional; which of its families and encoders stand here, and why, is measured in
benchmarks/learn.md and explained in docs/decisions/second-architecture.md.
"""

from importlib import import_module
from typing import Any

import torch
from torch import Tensor, nn

from stormtrace.errors import BadInput
from stormtrace.network.padding import widen

FAMILIES = {
    "deeplabv3plus": ("DeepLabV3Plus", {"encoder_name": "resnet18"}),
    "unet": ("Unet", {"encoder_name": "resnet18"}),
    "segformer": ("Segformer", {"encoder_name": "mit_b0"}),
}
"""Our name -> class of segmentation_models_pytorch and its arguments."""

#: Every family halves a map five times, so its sides must be multiples of this.
MULTIPLE = 32

#: True neighbours on every side, at least: inside, the families pad with zeros.
MARGIN = 32

#: Compiled operators that torchvision names while it is imported, whether they are there or not.
UNGUARDED = ("nms", "qnms")


class LibraryNetwork(nn.Module):
    """A library's network on a map that is first widened by true neighbours, and cut after."""

    def __init__(self, network: nn.Module, padding: str) -> None:
        super().__init__()
        self.network = network
        self.kind, self.poles = padding, (0, 0)  # see padding.suit_grid

    def forward(self, x: Tensor) -> Tensor:
        """(b, fields, h, w) → logits (b, classes, h, w)."""
        height, width = int(x.shape[2]), int(x.shape[3])
        rows, columns = neighbours(height), neighbours(width)
        logits = self.network(widen(x, rows, columns, self.kind, self.poles))
        return logits[:, :, rows[0] : rows[0] + height, columns[0] : columns[0] + width]


def neighbours(size: int) -> tuple[int, int]:
    """How many cells to add (before, after) an axis of `size`: ≥ MARGIN each, to a MULTIPLE."""
    more = 2 * MARGIN + -(size + 2 * MARGIN) % MULTIPLE
    before = more // 2
    if size <= more - before:
        raise BadInput(f"{size} cells along an axis are too few for this network: use 48 or more")
    return before, more - before


def make_library_network(name: str, fields: int, classes: int, padding: str) -> nn.Module:
    """Return a network of `FAMILIES` with fresh weights.

    Raises:
        BadInput: the library is not installed.

    """
    family, arguments = FAMILIES[name]
    network = getattr(_import_library(name), family)(
        in_channels=fields, classes=classes, encoder_weights=None, **arguments
    )
    return LibraryNetwork(network, padding)


def _import_library(name: str) -> Any:
    try:
        _import_torchvision()
        import segmentation_models_pytorch
    except ImportError as error:
        raise BadInput(
            f"architecture {name!r} needs the package segmentation_models_pytorch ({error}); "
            "install it with `pip install segmentation-models-pytorch` (it brings torchvision), "
            "use envs/torch.yaml, or choose architecture: cgnet"
        ) from error
    return segmentation_models_pytorch


def _import_torchvision() -> None:
    """Import torchvision, even where its compiled operators do not load.

    That is so where PyPI's torchvision, compiled with CUDA, meets a torch for CPUs. None of our
    networks calls an operator of it, but the import fails at two that it describes without asking
    whether they are there (github.com/pytorch/vision/issues/9085), unless they are declared.
    """
    try:
        import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms does not exist" not in str(error):
            raise
        for operator in UNGUARDED:
            schema = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
            torch.library.define(f"torchvision::{operator}", schema)
        import_module("torchvision")
