"""Samples read in the background while the detector works on those before."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stormtrace.formats.samples import Batch, SampleFolder

#: Raises BadInput if the raw fields (fields, ny, nx) of a file are impossible.
Check = Callable[[NDArray[np.float32], Path], None]


@dataclass(frozen=True)
class Pieces:
    """A folder of samples in batches, each read and checked by its number."""

    folder: SampleFolder
    paths: Sequence[Sequence[Path]]
    check: Check | None

    @classmethod
    def of(cls, folder: SampleFolder, size: int, skip: int, check: Check | None) -> "Pieces":
        """Return the batches of `size` samples after the first `skip`; the last may be smaller."""
        firsts = range(skip, len(folder.paths), size)
        return cls(folder, [folder.paths[i : i + size] for i in firsts], check)

    def read(self, number: int) -> Batch:
        """Return a batch.

        Raises:
            BadInput: a sample cannot be read, or is refused by the check.

        """
        paths = self.paths[number]
        batch = self.folder.read(paths)
        if self.check is not None:
            for values, path in zip(batch.values, paths, strict=True):
                self.check(values, path)
        return batch


def read_ahead(
    folder: SampleFolder, size: int, skip: int = 0, check: Check | None = None
) -> Iterator[Batch]:
    """Yield batches of `size` samples, the next one being read in a thread meanwhile.

    That is enough for a CPU. skip: samples to leave out at the beginning.

    Raises:
        BadInput: a sample cannot be read, or is refused by `check`.

    """
    pieces = Pieces.of(folder, size, skip, check)
    with ThreadPoolExecutor(max_workers=1) as thread:
        ahead = thread.submit(pieces.read, 0) if pieces.paths else None
        for following in range(1, len(pieces.paths) + 1):
            assert ahead is not None
            batch = ahead.result()
            if following < len(pieces.paths):
                ahead = thread.submit(pieces.read, following)
            yield batch
