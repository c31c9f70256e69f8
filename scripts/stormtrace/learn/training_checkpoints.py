"""State of a training after an epoch, kept as tensors, numbers, strings and their containers."""

import io
from typing import Any

import torch

from stormtrace.checkpoints import Checkpoint
from stormtrace.seals import SIZE


def write_state(checkpoint: Checkpoint, state: dict[str, Any]) -> None:
    """Write the state of a training, whole or not at all."""
    with checkpoint.writing() as partial:
        torch.save(state, partial)


def read_state(checkpoint: Checkpoint) -> dict[str, Any] | None:
    """Return the state of an earlier attempt, or None if there is none, or a damaged one."""
    if not checkpoint.is_whole():
        return None
    content = io.BytesIO(checkpoint.path.read_bytes()[:-SIZE])
    return dict(torch.load(content, map_location="cpu", weights_only=True))
