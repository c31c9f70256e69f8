"""Samples read in the background while the detector works on those before."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stormtrace.formats.samples import Batch, SampleFolder


def read_ahead(folder: SampleFolder, size: int, workers: int = 0, skip: int = 0) -> Iterator[Batch]:
    """Yield batches of `size` samples (the last may be smaller), read while others are in use.

    skip: samples to leave out at the beginning.
    workers: 0 reads in one thread, enough for a CPU; a GPU that processes hundreds of samples a
    second needs several processes. Memory stays constant: never more than a few batches wait.
    """
    pieces = [folder.paths[i : i + size] for i in range(skip, len(folder.paths), size)]
    if not pieces:
        return
    if workers:
        yield from _from_processes(folder, pieces, workers)
        return
    with ThreadPoolExecutor(max_workers=1) as reader:
        ahead = reader.submit(folder.read, pieces[0])
        for following in [*pieces[1:], None]:
            batch = ahead.result()
            if following is not None:
                ahead = reader.submit(folder.read, following)
            yield batch


def _from_processes(
    folder: SampleFolder, pieces: Sequence[Sequence[Path]], workers: int
) -> Iterator[Batch]:
    import torch  # late: detectors without a network run where there is none
    from torch.utils.data import DataLoader

    loader: Any = DataLoader(
        _Pieces(folder, pieces),  # type: ignore[arg-type]
        batch_size=None,  # a piece is a batch already
        num_workers=workers,
        prefetch_factor=2,
        pin_memory=torch.cuda.is_available(),
    )
    for values, times in loader:
        yield Batch(values.numpy(), times)


@dataclass(frozen=True)
class _Pieces:
    """The folder as torch's DataLoader needs it: tensors travel in shared memory."""

    folder: SampleFolder
    pieces: Sequence[Sequence[Path]]

    def __len__(self) -> int:
        return len(self.pieces)

    def __getitem__(self, index: int) -> tuple[Any, list[float]]:
        import torch

        batch = self.folder.read(self.pieces[index])
        return torch.from_numpy(batch.values), batch.times
