"""Where a training stands after each epoch, so that a killed one goes on instead of starting over.

Checkpoints lie outside Snakemake's outputs (it deletes those of a failed job), under the digest of
everything that determines the training: another learning rate or another file is another training.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import torch

from stormtrace.errors import BadInput
from stormtrace.files import writing


def checkpoint_path(folder: Path | str, determinants: dict[str, Any]) -> Path:
    """Return ``{folder}/{digest of the determinants}.pt``."""
    text = json.dumps(determinants, sort_keys=True)
    return Path(folder) / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.pt"


def identity(path: Path) -> list[str | int]:
    """Return what tells a file from an earlier one of its name, such as labels since corrected."""
    stat = path.stat()
    return [path.name, stat.st_size, stat.st_mtime_ns]


def write_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint, whole or not at all: tensors, numbers, strings and their containers."""
    with writing(path) as partial:
        torch.save(state, partial)


def read_checkpoint(path: Path) -> dict[str, Any] | None:
    """Return the checkpoint, or None if there is none yet."""
    if not path.is_file():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise BadInput(f"{path} is damaged ({error}): delete it to start over") from error
    return dict(state)
