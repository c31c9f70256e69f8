"""What an unfinished detection leaves, so that the next attempt goes on instead of starting over.

A copy of the mask file as far as it is made, outside Snakemake's outputs (it deletes those of a
failed job), under a digest of everything that determines the masks.
"""

import contextlib
import hashlib
import json
import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import netCDF4

from stormtrace.files import writing

log = logging.getLogger("stormtrace")


@dataclass(frozen=True)
class Checkpoint:
    """The file ``{folder}/{name}-{digest of the determinants}.nc``."""

    folder: Path
    name: str
    determinants: Mapping[str, Any]
    """In types of JSON."""

    @property
    def path(self) -> Path:
        """The file, which need not be there."""
        text = json.dumps(self.determinants, sort_keys=True)
        return self.folder / f"{self.name}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.nc"

    def load(self, partial: Path) -> bool:
        """Copy what an earlier attempt has made to `partial`; return whether there is anything."""
        if not self.path.is_file():
            return False
        shutil.copyfile(self.path, partial)
        try:
            netCDF4.Dataset(partial).close()
        except OSError:
            log.warning("%s is damaged: starting over", self.path)
            return False
        return True

    def save(self, partial: Path) -> None:
        """Keep a copy of a file whose contents are on disk."""
        with writing(self.path) as copy:
            shutil.copyfile(partial, copy)

    def remove(self) -> None:
        """Remove the file, and those of the same name that other determinants have left."""
        for pattern in (f"{self.name}-*.nc", f".{self.name}-*.nc.partial-*"):
            for path in self.folder.glob(pattern):
                path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # there is no folder, or others use it too
            self.folder.rmdir()
