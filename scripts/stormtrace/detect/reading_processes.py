"""Samples read by several processes: a GPU works through hundreds of them a second."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.data import DataLoader

from stormtrace.detect.reading_ahead import Check, Pieces
from stormtrace.errors import BadInput
from stormtrace.formats.samples import Batch, SampleFolder


def read_in_processes(
    folder: SampleFolder, size: int, workers: int, skip: int = 0, check: Check | None = None
) -> Iterator[Batch]:
    """Yield batches of `size` samples in order, read by `workers` processes.

    Memory stays constant: never more than a few batches wait. skip: samples to leave out at the
    beginning.

    Raises:
        BadInput: a sample cannot be read, or is refused by `check`.

    """
    pieces = Pieces.of(folder, size, skip, check)
    if not pieces.paths:
        return
    loader: Any = DataLoader(
        _InSharedMemory(pieces),  # type: ignore[arg-type]
        batch_size=None,  # a piece is a batch already
        num_workers=workers,
        prefetch_factor=2,
        pin_memory=torch.cuda.is_available(),
    )
    for values, times, refusal in loader:
        if refusal:
            raise BadInput(refusal)
        yield Batch(values.numpy(), times)


@dataclass(frozen=True)
class _InSharedMemory:
    """The batches as torch's DataLoader needs them: tensors travel in shared memory."""

    pieces: Pieces

    def __len__(self) -> int:
        return len(self.pieces.paths)

    def __getitem__(self, number: int) -> tuple[Any, list[float], str]:
        try:
            batch = self.pieces.read(number)
        except BadInput as error:  # torch would wrap it in the traceback of its worker
            return torch.empty(0), [], str(error)
        return torch.from_numpy(batch.values), batch.times, ""
