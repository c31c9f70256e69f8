"""Seals: 24 bytes in a file that tell whether all its other bytes are those that were written.

A seal is `MAGIC` and the 64-bit XXH3 digest of everything around it. It ends a netCDF file (readers
stop at the end that the format itself records) and precedes the footer of a Parquet file (readers
start from the footer). A copy made by another program has no seal and is read without complaint.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import xxhash

from stormtrace.errors import BadInput

MAGIC = b"\x93STORMTRACE-SEAL"

SIZE = len(MAGIC) + 8

#: Bytes read at once. Pages of a file that is mapped whole would count as the process' memory.
PIECE = 2**18

#: What to do about a damaged output of a rule.
MAKE_AGAIN = (
    "remove it and run snakemake again, which makes it again (or copy it again, if it came from "
    "elsewhere)"
)

#: Files whose seal held, or that had none -> their size and time of change then.
_holding: dict[tuple[str, int | None], tuple[int, int, bool]] = {}


class Damaged(BadInput):
    """A file whose bytes are not those that were written."""

    def __init__(self, path: Path | str, why: object, remedy: str = MAKE_AGAIN) -> None:
        super().__init__(f"{path} is damaged ({why}): {remedy}")

    def __reduce__(self) -> tuple[type[BadInput], tuple[str]]:
        """Travel between processes as the sentence alone."""
        return BadInput, (str(self),)


def add_seal(path: Path | str, before: int = 0) -> None:
    """Seal a complete file; before: number of bytes at its end that the seal precedes."""
    with Path(path).open("r+b") as stream:
        at = stream.seek(-before, 2)
        footer = stream.read()
        seal = MAGIC + _digest(path).digest()
        stream.seek(at)
        stream.write(seal + footer)


def is_sealed(path: Path | str, before: int = 0, remedy: str = MAKE_AGAIN) -> bool:
    """Return whether a file has a seal, which is checked once for each state of the file.

    before: number of bytes at its end that the seal precedes.

    Raises:
        Damaged: the seal is broken.
        OSError: the file cannot be read.

    """
    stat = Path(path).stat()
    key, state = (str(path), before), (stat.st_size, stat.st_mtime_ns)
    known = _holding.get(key)
    if known is not None and known[:2] == state:
        return known[2]
    sealed = _check(path, stat.st_size - before - SIZE, remedy)
    _holding[key] = (*state, sealed)
    return sealed


def _check(path: Path | str, at: int, remedy: str) -> bool:
    """Return whether there is a seal at the byte `at`; raise Damaged if it is broken."""
    if at < 0:
        return False
    with Path(path).open("rb") as stream:
        stream.seek(at)
        seal = stream.read(SIZE)
        if not seal.startswith(MAGIC):
            return False
    if seal[len(MAGIC) :] != _digest(path, skip=at).digest():
        raise Damaged(path, "its bytes are not those that were written", remedy)
    return True


def has_magic(path: Path | str) -> bool:
    """Whether a file that is not empty has the first bytes of a seal anywhere."""
    before = b""
    for piece in _pieces(path):
        seen = before + piece
        if MAGIC in seen:
            return True
        before = seen[1 - len(MAGIC) :]
    return False


def digest_of(path: Path | str) -> str:
    """Return ``xxh3:…`` of the bytes of a file that is not empty."""
    return "xxh3:" + _digest(path).hexdigest()


def _digest(path: Path | str, skip: int | None = None) -> xxhash.xxh3_64:
    """Return the digest of a file, without the seal at the byte `skip`."""
    digest = xxhash.xxh3_64()
    spans = [(0, None)] if skip is None else [(0, skip), (skip + SIZE, None)]
    for first, last in spans:
        for piece in _pieces(path, first, last):
            digest.update(piece)
    return digest


def _pieces(path: Path | str, first: int = 0, last: int | None = None) -> Iterator[memoryview]:
    """Yield the bytes of a file from `first` to before `last`; each piece is overwritten."""
    buffer = memoryview(bytearray(PIECE))
    with Path(path).open("rb", buffering=0) as stream:
        stream.seek(first)
        left = sys.maxsize if last is None else last - first
        while count := stream.readinto(buffer[: min(left, PIECE)]):
            yield buffer[:count]
            left -= count
