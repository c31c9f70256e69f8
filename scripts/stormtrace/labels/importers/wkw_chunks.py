"""Voxels in WKW, the older form of WEBKNOSSOS.

https://github.com/scalableminds/webknossos-wrap describes it.
"""

import re
import zipfile
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.labels.importers.chunked_volumes import ChunkedVolume, Triple, Volume, check_chunk

#: The whole numbers of WKW, by their code.
WKW_TYPES = {1: "u1", 2: "u2", 3: "u4", 4: "u8", 7: "i1", 8: "i2", 9: "i4", 10: "i8"}


@dataclass(frozen=True)
class _WkwCodec:
    """A file of WKW: a header, where each block ends, and the blocks, in Morton's order."""

    where: str

    def decode(self, content: bytes, place: Triple) -> NDArray[np.integer]:
        """Return the voxels of a file, (x, y, z)."""
        where = f"{self.where}, file {place}"
        header = _wkw_header(content, where)
        side, blocks, voxel = header.block_side, header.blocks_a_side, header.dtype.itemsize
        size, count = side**3 * voxel, blocks**3
        voxels = np.zeros((side * blocks,) * 3, header.dtype)
        if header.is_raw:
            ends = [header.data_offset + size * (i + 1) for i in range(count)]
        else:
            ends = np.frombuffer(content, "<u8", count, 16).tolist()
        start = header.data_offset
        for number, end in enumerate(ends):
            raw = content[start:end]
            if not header.is_raw:
                raw = _lz4(raw, size, where)
            if len(raw) != size:
                raise BadInput(f"{where} is damaged or cut off: download the annotation again")
            x, y, z = (side * one for one in _morton(number))
            cube = np.frombuffer(raw, header.dtype).reshape(side, side, side, order="F")
            voxels[x : x + side, y : y + side, z : z + side] = cube
            start = end
        return voxels


@dataclass(frozen=True)
class _WkwHeader:
    block_side: int
    blocks_a_side: int
    dtype: np.dtype
    is_raw: bool
    data_offset: int


def _wkw_header(content: bytes, where: str) -> _WkwHeader:
    if len(content) < 16 or content[:3] != b"WKW" or content[3] != 1 or content[6] not in WKW_TYPES:
        raise BadInput(f"{where} is no file of WKW, version 1: download the annotation again")
    dtype = np.dtype("<" + WKW_TYPES[content[6]])
    if content[7] != dtype.itemsize:
        raise BadInput(f"{where} has {content[7]} bytes a voxel, expected one channel of {dtype}")
    side, blocks = 2 ** (content[4] & 15), 2 ** (content[4] >> 4)
    check_chunk((side * blocks,) * 3, dtype, where)
    offset = int.from_bytes(content[8:16], "little")
    return _WkwHeader(side, blocks, dtype, content[5] == 1, offset)


def open_wkw(archive: zipfile.ZipFile, names: list[str], where: str) -> Volume:
    """Return the voxels of the files in a zip; none where it has headers alone."""
    files: dict[Triple, str] = {
        (int(match[3]), int(match[2]), int(match[1])): name
        for name in names
        if (match := re.fullmatch(r"(?:.*/)?1(?:-1-1)?/z(\d+)/y(\d+)/x(\d+)\.wkw", name))
    }
    if not files:
        if other := [name for name in names if not name.endswith(("header.wkw", "/"))]:
            raise BadInput(f"{where} has no voxels at magnification 1; it has {other[0]} …")
        return ChunkedVolume({}, (32, 32, 32), np.dtype("u4"), _WkwCodec(where))
    chunks = {place: archive.read(name) for place, name in files.items()}
    header = _wkw_header(next(iter(chunks.values())), where)
    side = header.block_side * header.blocks_a_side
    return ChunkedVolume(chunks, (side,) * 3, header.dtype, _WkwCodec(where))


def _lz4(content: bytes, size: int, where: str) -> bytes:
    from numcodecs.lz4 import decompress

    try:
        return bytes(decompress(size.to_bytes(4, "little") + content))
    except (RuntimeError, ValueError) as error:
        raise BadInput(f"{where} is damaged ({error}): download the annotation again") from error


def _morton(number: int) -> Triple:
    """Return x, y, z of a place in Morton's order: every third bit is of one axis."""
    return tuple(
        sum(((number >> (3 * bit + axis)) & 1) << bit for bit in range(10)) for axis in range(3)
    )
