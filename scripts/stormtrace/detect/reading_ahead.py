"""Samples read in the background while the detector works on those before."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.samples import Batch, SampleFolder

#: Raises BadInput if the raw fields (fields, ny, nx) of a file are impossible.
Check = Callable[[NDArray[np.float32], Path], None]


def read_ahead(
    folder: SampleFolder,
    size: int,
    workers: int = 0,
    skip: int = 0,
    check: Check | None = None,
) -> Iterator[Batch]:
    """Yield batches of `size` samples (the last may be smaller), read while others are in use.

    skip: samples to leave out at the beginning.
    workers: 0 reads in one thread, enough for a CPU; a GPU that processes hundreds of samples a
    second needs several processes. Memory stays constant: never more than a few batches wait.

    Raises:
        BadInput: a sample cannot be read, or is refused by `check`.

    """
    pieces = [folder.paths[i : i + size] for i in range(skip, len(folder.paths), size)]
    if not pieces:
        return
    reader = _Reader(folder, pieces, check)
    if workers:
        yield from _from_processes(reader, workers)
        return
    with ThreadPoolExecutor(max_workers=1) as thread:
        ahead = thread.submit(reader.read, 0)
        for following in range(1, len(pieces) + 1):
            batch = ahead.result()
            if following < len(pieces):
                ahead = thread.submit(reader.read, following)
            yield batch


def _from_processes(reader: "_Reader", workers: int) -> Iterator[Batch]:
    import torch  # late: detectors without a network run where there is none
    from torch.utils.data import DataLoader

    loader: Any = DataLoader(
        reader,  # type: ignore[arg-type]
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
class _Reader:
    """The folder as torch's DataLoader needs it: tensors travel in shared memory."""

    folder: SampleFolder
    pieces: Sequence[Sequence[Path]]
    check: Check | None

    def read(self, index: int) -> Batch:
        paths = self.pieces[index]
        batch = self.folder.read(paths)
        if self.check is not None:
            for values, path in zip(batch.values, paths, strict=True):
                self.check(values, path)
        return batch

    def __len__(self) -> int:
        return len(self.pieces)

    def __getitem__(self, index: int) -> tuple[Any, list[float], str]:
        import torch

        try:
            batch = self.read(index)
        except BadInput as error:  # torch would wrap it in the traceback of its worker
            return torch.empty(0), [], str(error)
        return torch.from_numpy(batch.values), batch.times, ""
