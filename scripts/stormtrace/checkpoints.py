"""What an unfinished job keeps, so that the next attempt continues instead of starting over.

Checkpoints lie outside Snakemake's outputs (which it deletes when a job fails), under the digest of
everything that determines the result: another learning rate or another file is another job.
"""

import contextlib
import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stormtrace.files import writing
from stormtrace.seals import SIZE, Damaged, add_seal, is_sealed

log = logging.getLogger("stormtrace")


@dataclass(frozen=True)
class Checkpoint:
    """The file ``{folder}/{name}-{digest of the determinants}{suffix}``.

    determinants: everything the result depends on, in types of JSON.
    """

    folder: Path
    name: str
    determinants: Mapping[str, Any]
    suffix: str = ".nc"

    @property
    def path(self) -> Path:
        """The file, which need not exist."""
        text = json.dumps(self.determinants, sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        return self.folder / f"{self.name}-{digest}{self.suffix}"

    def load(self, partial: Path) -> bool:
        """Copy what an earlier attempt has kept to `partial`; return whether there is anything."""
        if not self.is_whole():
            return False
        shutil.copyfile(self.path, partial)
        os.truncate(partial, partial.stat().st_size - SIZE)
        return True

    def is_whole(self) -> bool:
        """Whether the file is there and undamaged; it is removed, with a warning, if damaged."""
        if not self.path.is_file():
            return False
        with contextlib.suppress(Damaged):
            if is_sealed(self.path):
                return True
        log.warning("%s is damaged: starting over", self.path)
        self.path.unlink()
        return False

    @contextlib.contextmanager
    def writing(self) -> Iterator[Path]:
        """Yield a temporary path; what is written to it is kept, sealed, if the block succeeds.

        At once, for it is there for when the script does not succeed.
        """
        with writing(self.path, at_once=True) as partial:
            yield partial
            add_seal(partial)

    def save(self, partial: Path) -> None:
        """Keep a copy of a file whose contents are on disk."""
        with self.writing() as copy:
            shutil.copyfile(partial, copy)

    def remove(self) -> None:
        """Remove the file, and those of the same name that other determinants have left."""
        names = f"{self.name}-*{self.suffix}"
        for pattern in (names, f".{names}.partial-*"):
            for path in self.folder.glob(pattern):
                path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # the folder does not exist, or others use it too
            self.folder.rmdir()


def file_identity(path: Path) -> list[str | int]:
    """Return name, size and time of change: a file corrected in place has another identity."""
    stat = path.stat()
    return [path.name, stat.st_size, stat.st_mtime_ns]
