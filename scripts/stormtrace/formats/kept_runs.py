"""Runs of all masks of a file, kept behind its end, so that nobody decodes the masks to find them.

netCDF readers stop at the end that the format records: to them, the file is the same. Before the
seal (`stormtrace.seals`) stand

    blocks    of some steps, zlib: runs of each step (uint32); row, start, length, code of each run
    header    JSON: `shape` of the grid; steps, runs and bytes of each block in `blocks`
    length    bytes of the header, uint64
    mark      16 bytes

All numbers are little-endian; rows, starts and lengths have 16 bits where the grid allows it. The
low bytes of a column precede its high ones, which compresses better. A program that changes or
rewrites the masks leaves neither seal nor runs, so these are never those of other masks; without a
seal, nothing behind the end is read.
"""

import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stormtrace.formats.mask_runs import MaskRuns, find_runs
from stormtrace.seals import SIZE, is_sealed

MARK = b"\x93STORMTRACE-RUNS"

#: Length of the header and mark.
END = struct.Struct("<Q16s")

#: Steps compressed, and read, at once; fewer where they have this number of runs.
BLOCK_STEPS, BLOCK_RUNS = 64, 2**18

#: Bytes of runs that a file may have. A year of 2,920 masks of 768 × 1152 cells has 10 MB; one of
#: noise has more: it is decoded, and memory has a bound.
MOST_BYTES = 2**26


class RunKeeper:
    """Collects the runs of masks in order of time, and appends them to their file."""

    def __init__(self, shape: tuple[int, int]) -> None:
        """Start with no steps; shape: of the grid."""
        self.shape = int(shape[0]), int(shape[1])
        self._waiting: list[MaskRuns] = []
        self._steps = self._bytes = 0
        self._blocks: list[tuple[int, int, bytes]] = []

    def add(self, masks: NDArray[np.int8]) -> None:
        """Add the masks of the next steps, (steps, *shape)."""
        self._steps += len(masks)
        if self._bytes > MOST_BYTES:
            return
        self._waiting.append(find_runs(masks))
        runs = sum(runs.step.size for runs in self._waiting)
        if runs >= BLOCK_RUNS or sum(runs.last for runs in self._waiting) >= BLOCK_STEPS:
            self._compress()

    def _compress(self) -> None:
        if not self._waiting:
            return
        counts = [np.bincount(runs.step, minlength=runs.last) for runs in self._waiting]
        counted = np.concatenate(counts).astype("<u4")
        row, start, stop, code = (
            np.concatenate([getattr(runs, name) for runs in self._waiting])
            for name in ("row", "start", "stop", "code")
        )
        columns = [_split(column, self.shape) for column in (row, start, stop - start)]
        block = zlib.compress(b"".join([counted.tobytes(), *columns, code.tobytes()]), 1)
        self._blocks.append((counted.size, row.size, block))
        self._bytes += len(block)
        self._waiting.clear()

    def append_to(self, path: Path, steps: int) -> None:
        """Append the runs to a complete netCDF file that has no seal yet, if they are of all steps.

        Where there are too many of them, the file stays as it is.
        """
        self._compress()
        if self._steps != steps or self._bytes > MOST_BYTES:
            return
        sizes = [[steps, runs, len(block)] for steps, runs, block in self._blocks]
        header = json.dumps({"shape": self.shape, "blocks": sizes}).encode()
        with path.open("ab") as stream:
            for _, _, block in self._blocks:
                stream.write(block)
            stream.write(header + END.pack(len(header), MARK))


def read_runs(path: Path, shape: tuple[int, int], steps: int) -> Iterator[MaskRuns] | None:
    """Return the runs that a file keeps, some steps at once; None if it keeps none.

    shape: of the grid; steps: of the file, which the runs must be of.

    Raises:
        Damaged: the file has a seal, and is not as it was written.

    """
    if not is_sealed(path):
        return None
    with path.open("rb") as stream:
        at = stream.seek(-SIZE - END.size, 2)
        length, mark = END.unpack(stream.read(END.size))
        if mark != MARK:
            return None
        at = stream.seek(at - length)
        header = json.loads(stream.read(length))
        blocks = header["blocks"]
        if header["shape"] != list(shape) or sum(block[0] for block in blocks) != steps:
            return None
        size = sum(block[2] for block in blocks)
        stream.seek(at - size)
        return _expand(memoryview(stream.read(size)), blocks, shape)


def _expand(
    content: memoryview, blocks: list[tuple[int, int, int]], shape: tuple[int, int]
) -> Iterator[MaskRuns]:
    first = position = 0
    for steps, runs, size in blocks:
        plain = zlib.decompress(content[position : position + size])
        counts = np.frombuffer(plain, "<u4", steps)
        columns = np.frombuffer(plain, np.uint8, offset=counts.nbytes)
        width = _width(shape)
        row, start, length = (
            _joined(columns[k * width * runs : (k + 1) * width * runs], width) for k in range(3)
        )
        code = columns[3 * width * runs :].view(np.int8).copy()
        step = np.repeat(np.arange(first, first + steps, dtype=np.int32), counts)
        yield MaskRuns(first, first + steps, step, row, start, start + length, code)
        first, position = first + steps, position + size


def _width(shape: tuple[int, int]) -> int:
    """Return the bytes of a row, start or length."""
    return 2 if max(shape) < 2**16 else 4


def _split(column: NDArray[np.int32], shape: tuple[int, int]) -> bytes:
    """Return the low bytes of all numbers, then the higher ones."""
    width = _width(shape)
    return column.astype(f"<u{width}").view(np.uint8).reshape(-1, width).T.tobytes()


def _joined(split: NDArray[np.uint8], width: int) -> NDArray[np.int32]:
    whole = np.ascontiguousarray(split.reshape(width, -1).T)
    return whole.view(f"<u{width}")[:, 0].astype(np.int32)
