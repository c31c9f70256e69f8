"""Voxels in chunks, most of which are not there: 0."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput

Triple = tuple[int, ...]

#: Most bytes of one chunk: some hundred times those of WEBKNOSSOS.
LARGEST_CHUNK = 2**28


class Volume(Protocol):
    """Voxels over x, y, z; 0 where nothing was drawn."""

    def read(self, first: Triple, extent: Triple) -> NDArray[np.integer]:
        """Return the voxels of a box, (x, y, z)."""

    def planes(self, axis: int) -> set[int]:
        """Return the numbers, along an axis, of the planes with voxels other than 0."""


@dataclass(frozen=True)
class ChunkedVolume:
    """Chunks of one shape, by their place; each is decoded when it is read."""

    chunks: Mapping[Triple, bytes]
    shape: Triple
    dtype: np.dtype
    codec: "Codec"

    def read(self, first: Triple, extent: Triple) -> NDArray[np.integer]:
        """Return the voxels of a box, (x, y, z)."""
        voxels = np.zeros(extent, self.dtype)
        last = [f + e for f, e in zip(first, extent, strict=True)]
        ranges = [
            range(f // s, (end - 1) // s + 1)
            for f, end, s in zip(first, last, self.shape, strict=True)
        ]
        for place in self._among(ranges):
            chunk = self.codec.decode(self.chunks[place], place)
            here, there = [], []
            for at, size, start, end in zip(place, self.shape, first, last, strict=True):
                low, high = max(at * size, start), min((at + 1) * size, end)
                here.append(slice(low - start, high - start))
                there.append(slice(low - at * size, high - at * size))
            voxels[tuple(here)] = chunk[tuple(there)]
        return voxels

    def planes(self, axis: int) -> set[int]:
        """Return the numbers, along an axis, of the planes with voxels other than 0."""
        others = tuple(one for one in range(3) if one != axis)
        found: set[int] = set()
        for place, content in self.chunks.items():
            drawn = np.flatnonzero(self.codec.decode(content, place).any(axis=others))
            found.update((drawn + place[axis] * self.shape[axis]).tolist())
        return found

    def _among(self, ranges: list[range]) -> list[Triple]:
        """Return the chunks that are there of a box of places; most are not."""
        wanted = np.prod([len(one) for one in ranges])
        if wanted < len(self.chunks):
            return [place for place in product(*ranges) if place in self.chunks]
        slab = self._by_first
        return [
            place
            for first in ranges[0]
            for place in slab.get(first, ())
            if place[1] in ranges[1] and place[2] in ranges[2]
        ]

    @cached_property
    def _by_first(self) -> dict[int, list[Triple]]:
        found: dict[int, list[Triple]] = {}
        for place in self.chunks:
            found.setdefault(place[0], []).append(place)
        return found


class Codec(Protocol):
    """How the bytes of a chunk become voxels."""

    def decode(self, content: bytes, place: Triple) -> NDArray[np.integer]:
        """Return the voxels of a chunk, (x, y, z)."""


def check_chunk(shape: Triple, dtype: np.dtype, where: str) -> None:
    """Refuse (BadInput) chunks without voxels, or too large for memory."""
    if not 0 < np.prod(shape, dtype=float) * dtype.itemsize <= LARGEST_CHUNK:
        raise BadInput(f"{where}: chunks of {shape} are no voxels that WEBKNOSSOS writes")
