"""State of a training after an epoch, kept as tensors, numbers, strings and their containers."""

from typing import Any

import torch

from stormtrace.checkpoints import Checkpoint
from stormtrace.errors import BadInput
from stormtrace.files import writing


def write_state(checkpoint: Checkpoint, state: dict[str, Any]) -> None:
    """Write the state of a training, whole or not at all."""
    with writing(checkpoint.path) as partial:
        torch.save(state, partial)


def read_state(checkpoint: Checkpoint) -> dict[str, Any] | None:
    """Return the state of an earlier attempt, or None if there is none.

    Raises:
        BadInput: the file is damaged.

    """
    path = checkpoint.path
    if not path.is_file():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise BadInput(f"{path} is damaged ({error}): delete it to start over") from error
    return dict(state)
