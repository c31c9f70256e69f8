"""Files that are either whole or not there.

A job may be killed at any time and a disk may be full: so every output is written beside its
final place, under a name nothing looks for, and renamed when it is complete. All outputs of a
script are one set (`stormtrace.commandline.run`): they appear when the script has succeeded.
"""

import contextlib
import errno
import glob
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from stormtrace.errors import BadInput
from stormtrace.signals import heed_stop, stops, undisturbed

#: Files up to this many bytes are hashed whole, larger ones by size, first and last MiB.
WHOLE_FILE_LIMIT = 16 * 2**20


@dataclass(frozen=True)
class _Set:
    """Complete files that wait for the end of `together`, and what is to be done then."""

    files: list[tuple[Path, Path]] = field(default_factory=list)
    then: list[Callable[[], None]] = field(default_factory=list)

    def appear(self) -> None:
        """Rename all files from their temporary to their final paths; all or none is there.

        One file replaces an older one in a single step. Of several, the older ones are removed
        first: a process killed in between leaves no new file beside an old one.
        """
        if self.files:
            self._put_all()
        for call in self.then:
            call()

    def _put_all(self) -> None:
        put: list[Path] = []
        with undisturbed():
            try:
                for partial, path in self.files[1:] and self.files:
                    if path.is_dir() == partial.is_dir():
                        _remove(path)
                for partial, path in self.files:
                    _put(partial, path)
                    put.append(path)
            except BaseException:
                for path in put:
                    _remove(path)
                raise


#: Sets of files that are being written, the innermost last.
_sets: list[_Set] = []


@contextlib.contextmanager
def in_temporary_folder(what: str) -> Iterator[None]:
    """Refuse (BadInput) a temporary folder that is full, naming it; what: what it is needed for."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        raise BadInput(
            f"the temporary folder {tempfile.gettempdir()} is full ({error.strerror}): {what}; free"
            " some space, or set TMPDIR to a folder with room, and run again"
        ) from error


@contextlib.contextmanager
def writing(path: Path | str, *, at_once: bool = False) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` if the block succeeds.

    Works for a file and for a folder (make it with ``mkdir`` inside the block; an older folder at
    `path` is replaced). After any exception, a keyboard interrupt or SIGTERM included, the
    temporary is removed and `path` is as it was. What a SIGKILL left is removed by the next
    attempt, since nothing is ever made twice at once.

    at_once: whatever set it is written in, it appears at the end of the block, not of the set.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    for left_over in path.parent.glob(f".{glob.escape(path.name)}.partial-*"):
        _remove(left_over)
    partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
    before = stops()  # what is saved on the way out of a stopped job is not stopped by that
    waits = False
    try:
        yield partial
    except RuntimeError:
        _check_room(path.parent)
        raise
    else:
        heed_stop(before)
        if waits := bool(_sets) and not at_once:
            if (partial, path) not in _sets[-1].files:
                _sets[-1].files.append((partial, path))
        else:
            _put(partial, path)
    finally:
        if not waits:
            _remove(partial)


@contextlib.contextmanager
def together() -> Iterator[None]:
    """Let all that is written inside appear when the block succeeds, or none of it."""
    made = _Set()
    _sets.append(made)
    try:
        yield
        made.appear()
    finally:
        _sets.remove(made)
        for partial, _ in made.files:
            _remove(partial)


def once_written(call: Callable[[], None]) -> None:
    """Call `call` when what has been written so far appears at its final paths."""
    if _sets:
        _sets[-1].then.append(call)
    else:
        call()


def _put(partial: Path, path: Path) -> None:
    if partial.is_dir() and path.is_dir():
        shutil.rmtree(path)
    partial.replace(path)


def _check_room(folder: Path) -> None:
    """Raise OSError if the disk or the quota is full: netCDF and torch do not say so."""
    with tempfile.TemporaryFile(dir=folder) as probe:
        probe.write(bytes(2**20))
        probe.flush()
        os.fsync(probe.fileno())


def _remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def write_text(path: Path | str, text: str, *, at_once: bool = False) -> None:
    """Write `text` to `path`, whole or not at all; `at_once` as of `writing`."""
    with writing(path, at_once=at_once) as partial:
        partial.write_text(text, encoding="utf-8")


def check_writable(folder: Path | str) -> None:
    """Make `folder` if need be; raise BadInput unless files can be written into it."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise BadInput(
            f"nothing can be written into {folder} ({error.strerror}); choose another folder with "
            "`results:` in the study or --config results=FOLDER"
        ) from error


def checksum(path: Path | str) -> str:
    """SHA-256 of a file, prefixed by what was hashed.

    ``sha256:…`` is the plain sum of the whole file. Above `WHOLE_FILE_LIMIT` it is
    ``sha256-ends:…``, over the size and the first and last MiB: enough to distinguish history
    files without reading terabytes. Of a folder (a Zarr store) it is ``sha256-metadata:…``, over
    the files at its root.
    """
    path = Path(path)
    if path.is_dir():
        files = sorted(one for one in path.iterdir() if one.is_file())
        digest = hashlib.sha256(b"".join(one.name.encode() + one.read_bytes() for one in files))
        return "sha256-metadata:" + digest.hexdigest()
    size = path.stat().st_size
    if size <= WHOLE_FILE_LIMIT:
        return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()
    mebibyte = 2**20
    with path.open("rb") as stream:
        digest = hashlib.sha256(f"{size}:".encode() + stream.read(mebibyte))
        stream.seek(-mebibyte, os.SEEK_END)
        digest.update(stream.read(mebibyte))
    return "sha256-ends:" + digest.hexdigest()
