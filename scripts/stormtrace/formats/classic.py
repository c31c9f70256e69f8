"""What the header of a classic netCDF file (CDF-1, -2, -5) says: its length, and where values lie.

Format: "NetCDF Classic Format Specification", Unidata, and the CDF-5 specification of PnetCDF.
"""

import contextlib
import math
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

#: Bytes of NC_BYTE, CHAR, SHORT, INT, FLOAT, DOUBLE, UBYTE, USHORT, UINT, INT64, UINT64.
SIZE_OF_TYPE = {1: 1, 2: 1, 3: 2, 4: 4, 5: 4, 6: 8, 7: 1, 8: 2, 9: 4, 10: 8, 11: 8}

STREAMING = {4: 2**32 - 1, 8: 2**64 - 1}


def classic_length(path: Path | str) -> int | None:
    """Return the least number of bytes the file can have, or None if it is not a classic file.

    OSError: the header itself is cut off.
    """
    with _header(path) as header:
        return None if header is None else header.length()


class Place(NamedTuple):
    """Where a variable lies: the byte of its first value, and those from one entry to the next.

    Entries are of its first dimension; one is without a gap.
    """

    begin: int
    step: int


def variable_places(path: Path | str) -> dict[str, Place]:
    """Return the place of each variable that has dimensions; none of another file than a classic.

    OSError: the header itself is cut off.
    """
    with _header(path) as header:
        return {} if header is None else header.places()


@contextlib.contextmanager
def _header(path: Path | str) -> Iterator["_Header | None"]:
    """Open the header of a classic file; None of another. OSError: it is cut off or damaged."""
    with Path(path).open("rb") as stream:
        magic = stream.read(4)
        is_classic = magic[:3] == b"CDF" and magic[3:] in (b"\1", b"\2", b"\5")
        try:
            yield _Header(stream, version=magic[3]) if is_classic else None
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
        records, variables = self._read()
        step = _record_bytes(variables)
        ends = [
            one.begin + one.entry + (step * (records - 1) if one.has_records else one.others)
            for one in variables
            if records or not one.has_records
        ]
        if not records or not step:
            ends.append(self.stream.tell())
        return max(ends)

    def places(self) -> dict[str, Place]:
        _, variables = self._read()
        step = _record_bytes(variables)
        return {
            one.name: Place(one.begin, step if one.has_records else one.entry)
            for one in variables
            if one.has_dimensions
        }

    def _read(self) -> tuple[int, list["_Variable"]]:
        """Return how many records there are, and the variables."""
        records = self._count()
        if records == STREAMING[self.count_width]:
            records = 0
        sizes = [self._dimension() for _ in range(self._list())]
        self._attributes()
        return records, [self._variable(sizes) for _ in range(self._list())]

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

    def _variable(self, sizes: Sequence[int]) -> "_Variable":
        length = self._count()
        name = self.stream.read(length).decode("utf-8", "replace")
        self.stream.seek(_pad(length) - length, 1)
        shape = [sizes[self._count()] for _ in range(self._count())]
        self._attributes()
        item = SIZE_OF_TYPE[self._integer(4)]
        self._count()  # vsize: wrong by design for large variables
        has_records = bool(shape and shape[0] == 0)  # that dimension has length 0 in the header
        entry = item * math.prod(shape[1:])
        others = 0 if has_records or not shape else entry * (shape[0] - 1)
        return _Variable(
            name, self._integer(self.offset_width), entry, others, has_records, bool(shape)
        )


class _Variable(NamedTuple):
    """A variable: bytes of one entry of its first dimension, and of the others if it is fixed."""

    name: str
    begin: int
    entry: int
    others: int
    has_records: bool
    has_dimensions: bool


def _record_bytes(variables: Sequence[_Variable]) -> int:
    """Return the bytes from one record to the next, 0 without; one variable alone is not padded."""
    sizes = [one.entry for one in variables if one.has_records]
    return sum(sizes) if len(sizes) == 1 else sum(map(_pad, sizes))


def _pad(size: int) -> int:
    return -(-size // 4) * 4
