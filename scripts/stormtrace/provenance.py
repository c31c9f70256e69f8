"""Where a result comes from, written into the result."""

import datetime
import json
import shlex
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from stormtrace import __version__
from stormtrace.files import checksum


def command() -> str:
    """Return the command line of this process, ready to be pasted into a shell."""
    return shlex.join(["python", *sys.argv])


def checksums(paths: Iterable[Path | str]) -> dict[str, str]:
    """Map each existing file to its `checksum`."""
    return {str(path): checksum(path) for path in paths if Path(path).is_file()}


def provenance(inputs: Iterable[Path | str] = (), **facts: object) -> dict[str, str]:
    """Return the attributes every output carries.

    `history`, `stormtrace_version` and `inputs` (JSON: file -> checksum) are always there; each
    further fact becomes an attribute of its own, as JSON unless it is a string already.
    """
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    attributes = {
        "history": f"{now} {command()}",
        "stormtrace_version": __version__,
        "inputs": json.dumps(checksums(inputs)),
    }
    return attributes | {key: _text(value) for key, value in facts.items()}


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        value = dict(value)
    return json.dumps(value)
