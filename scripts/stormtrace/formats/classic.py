"""How long a classic netCDF file (CDF-1, CDF-2, CDF-5) must be, by its own header.

Format: "NetCDF Classic Format Specification", Unidata, and the CDF-5 specification of PnetCDF.
"""

import math
import struct
from pathlib import Path
from typing import BinaryIO

#: Bytes of NC_BYTE, CHAR, SHORT, INT, FLOAT, DOUBLE, UBYTE, USHORT, UINT, INT64, UINT64.
SIZE_OF_TYPE = {1: 1, 2: 1, 3: 2, 4: 4, 5: 4, 6: 8, 7: 1, 8: 2, 9: 4, 10: 8, 11: 8}

STREAMING = {4: 2**32 - 1, 8: 2**64 - 1}


def classic_length(path: Path | str) -> int | None:
    """Return the least number of bytes the file can have, or None if it is not a classic file.

    OSError: the header itself is cut off.
    """
    with Path(path).open("rb") as stream:
        magic = stream.read(4)
        if magic[:3] != b"CDF" or magic[3:] not in (b"\1", b"\2", b"\5"):
            return None
        try:
            return _Header(stream, version=magic[3]).length()
        except (struct.error, KeyError, IndexError) as error:
            raise OSError(f"{path}: the header is cut off or damaged") from error


def is_streaming(path: Path | str) -> bool:
    """Return whether a classic file leaves open how many records it has."""
    with Path(path).open("rb") as stream:
        width = 8 if stream.read(4) == b"CDF\5" else 4
        return stream.read(width) == STREAMING[width].to_bytes(width)


class _Header:
    """A reader of the big-endian header; `count` is 4 bytes wide, in CDF-5 8."""

    def __init__(self, stream: BinaryIO, version: int) -> None:
        self.stream = stream
        self.count_width = 8 if version == 5 else 4
        self.offset_width = 4 if version == 1 else 8

    def length(self) -> int:
        records = self._count()
        if records == STREAMING[self.count_width]:
            records = 0
        sizes = [self._dimension() for _ in range(self._list())]
        self._attributes()
        fixed_end = 0
        record_begins, record_sizes = [], []
        for _ in range(self._list()):
            dimensions, item, begin = self._variable()
            shape = [sizes[index] for index in dimensions]
            if shape and shape[0] == 0:  # the record dimension has length 0 in the header
                record_begins.append(begin)
                record_sizes.append(item * math.prod(shape[1:]))
            else:
                fixed_end = max(fixed_end, begin + item * math.prod(shape))
        if not records or not record_begins:
            return max(fixed_end, self.stream.tell())
        padded = [size if len(record_sizes) == 1 else _pad(size) for size in record_sizes]
        last = sum(padded) * (records - 1)
        ends = [
            begin + last + size for begin, size in zip(record_begins, record_sizes, strict=True)
        ]
        return max(fixed_end, *ends)

    def _integer(self, width: int) -> int:
        return struct.unpack(">I" if width == 4 else ">Q", self.stream.read(width))[0]

    def _count(self) -> int:
        return self._integer(self.count_width)

    def _list(self) -> int:
        self._integer(4)  # the tag; ABSENT has a count of zero
        return self._count()

    def _skip(self, size: int) -> None:
        self.stream.seek(_pad(size), 1)

    def _dimension(self) -> int:
        self._skip(self._count())
        return self._count()

    def _attributes(self) -> None:
        for _ in range(self._list()):
            self._skip(self._count())
            item = SIZE_OF_TYPE[self._integer(4)]
            self._skip(item * self._count())

    def _variable(self) -> tuple[list[int], int, int]:
        self._skip(self._count())
        dimensions = [self._count() for _ in range(self._count())]
        self._attributes()
        item = SIZE_OF_TYPE[self._integer(4)]
        self._count()  # vsize: wrong by design for large variables
        return dimensions, item, self._integer(self.offset_width)


def _pad(size: int) -> int:
    return -(-size // 4) * 4
