"""Seals: 24 bytes in a file that tell whether all its other bytes are those that were written.

A seal is `MAGIC` and the 64-bit XXH3 digest of everything around it. It ends a netCDF file (readers
stop at the end that the format itself records) and precedes the footer of a Parquet file (readers
start from the footer). A copy made by another program has no seal and is read without complaint.
"""

import mmap
from pathlib import Path

import xxhash

from stormtrace.errors import BadInput

MAGIC = b"\x93STORMTRACE-SEAL"

SIZE = len(MAGIC) + 8

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
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            digest = xxhash.xxh3_64_digest(content)
        stream.seek(at)
        stream.write(MAGIC + digest + footer)


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
        digest = xxhash.xxh3_64()
        with (
            mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content,
            memoryview(content) as view,
            view[:at] as head,
            view[at + SIZE :] as tail,
        ):
            digest.update(head)
            digest.update(tail)
    if seal[len(MAGIC) :] != digest.digest():
        raise Damaged(path, "its bytes are not those that were written", remedy)
    return True


def has_magic(path: Path | str) -> bool:
    """Whether a file that is not empty has the first bytes of a seal anywhere."""
    with (
        Path(path).open("rb") as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        return content.find(MAGIC) >= 0


def digest_of(path: Path | str) -> str:
    """Return ``xxh3:…`` of the bytes of a file that is not empty."""
    with (
        Path(path).open("rb") as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        return "xxh3:" + xxhash.xxh3_64_hexdigest(content)
