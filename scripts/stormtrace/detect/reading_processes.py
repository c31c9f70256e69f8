"""Samples read by several processes: a GPU works through hundreds of them a second."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.data import DataLoader

from stormtrace.detect.reading_ahead import Piece, Pieces, handed_out
from stormtrace.formats.samples import Batch


def read_in_processes(pieces: Pieces, workers: int) -> Iterator[Piece]:
    """Yield all pieces in order, read by `workers` processes.

    Memory stays constant: never more than a few pieces wait.
    """
    if not pieces.paths:
        return
    loader: Any = DataLoader(
        _InSharedMemory(pieces),  # type: ignore[arg-type]
        batch_size=None,  # a piece is a batch already
        num_workers=workers,
        prefetch_factor=2,
        pin_memory=torch.cuda.is_available(),
    )
    for batches, answers in loader:
        yield handed_out([Batch(values.numpy(), times) for values, times in batches], answers)


@dataclass(frozen=True)
class _InSharedMemory:
    """The pieces as torch's DataLoader needs them: tensors travel in shared memory."""

    pieces: Pieces

    def __len__(self) -> int:
        return len(self.pieces.paths)

    def __getitem__(
        self, number: int
    ) -> tuple[list[tuple[torch.Tensor, list[float]]], list[int | str | None]]:
        batches, answers = self.pieces.read(number)
        return [(torch.from_numpy(one.values), one.times) for one in batches], answers
