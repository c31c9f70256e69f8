"""Samples read in the background while the detector works on those before.

Several detectors that need the samples of one folder share the reading: each file is read once.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.netcdf import reading_threads
from stormtrace.formats.samples import Batch, SampleFolder, read_together, stamp_of

#: Raises BadInput if the raw fields (fields, ny, nx) of a file are impossible.
Check = Callable[[NDArray[np.float32], Path], None]

#: Of a piece, for each that reads: its batch, why it is refused, or None if it needs none of these.
Piece = list[Batch | BadInput | None]


@dataclass(frozen=True)
class Look:
    """What one detector reads: the samples at `paths` of a folder, in order of time, checked."""

    folder: SampleFolder
    paths: Sequence[Path]
    check: Check | None = None

    def why_refused(self, batch: Batch, paths: Sequence[Path]) -> BadInput | None:
        """Return what the check says of a batch."""
        try:
            for values, path in zip(batch.values, paths, strict=True):
                if self.check is not None:
                    self.check(values, path)
        except BadInput as error:
            return error
        return None


@dataclass(frozen=True)
class Pieces:
    """What several need of one folder, `paths` at once, read by the number of the piece.

    needed: the paths of each look; alike: the first look that sees samples as this one does.
    """

    looks: Sequence[Look]
    paths: Sequence[Sequence[Path]]
    needed: Sequence[frozenset[Path]]
    alike: Sequence[int]

    @classmethod
    def of(cls, looks: Sequence[Look], size: int) -> "Pieces":
        """Return pieces of `size` samples, the last of which may be smaller."""
        needed = [frozenset(look.paths) for look in looks]
        every = sorted(frozenset().union(*needed), key=stamp_of)
        alike = [
            next(k for k, other in enumerate(looks) if look.folder.reads_as(other.folder))
            for look in looks
        ]
        return cls(looks, [every[i : i + size] for i in range(0, len(every), size)], needed, alike)

    def read(self, number: int) -> tuple[list[Batch], list[int | str | None]]:
        """Return a piece: its batches; for each look which of them, why refused, or None.

        Looks that see the same share a batch.
        """
        views: dict[tuple[int, ...], tuple[SampleFolder, list[Path]]] = {}
        keys: list[tuple[int, ...]] = []
        for look, needed, alike in zip(self.looks, self.needed, self.alike, strict=True):
            places = [k for k, path in enumerate(self.paths[number]) if path in needed]
            keys.append((alike, *places))
            views.setdefault(keys[-1], (look.folder, [self.paths[number][k] for k in places]))
        found = dict(zip(views, read_together(list(views.values())), strict=True))
        batches = [one for one in found.values() if isinstance(one, Batch)]
        order = {key: k for k, key in enumerate(
            key for key, one in found.items() if isinstance(one, Batch)
        )}  # fmt: skip
        return batches, [
            self._answer(look, found[key], views[key][1], order.get(key))
            for look, key in zip(self.looks, keys, strict=True)
        ]

    def _answer(
        self, look: Look, found: Batch | BadInput, paths: Sequence[Path], place: int | None
    ) -> int | str | None:
        refused = found if isinstance(found, BadInput) else look.why_refused(found, paths)
        return str(refused) if refused else place if paths else None


def handed_out(batches: Sequence[Batch], answers: Sequence[int | str | None]) -> Piece:
    """Return what `Pieces.read` found, for each look."""
    return [
        BadInput(one) if isinstance(one, str) else None if one is None else batches[one]
        for one in answers
    ]


def read_ahead(pieces: Pieces) -> Iterator[Piece]:
    """Yield all pieces, the next one being read in a thread meanwhile.

    That is enough for a CPU.
    """
    with reading_threads(1) as thread:
        ahead = thread.submit(pieces.read, 0) if pieces.paths else None
        for following in range(1, len(pieces.paths) + 1):
            assert ahead is not None
            batches, answers = ahead.result()
            if following < len(pieces.paths):
                ahead = thread.submit(pieces.read, following)
            yield handed_out(batches, answers)


def of_one(pieces: Iterator[Piece]) -> Iterator[Batch]:
    """Yield the batches of the only look.

    Raises:
        BadInput: a sample cannot be read, or is refused by the check.

    """
    for (found,) in pieces:
        if isinstance(found, BadInput):
            raise found
        assert found is not None
        yield found
