"""Where a result comes from, written into the result."""

import datetime
import json
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from stormtrace import __version__
from stormtrace.files import checksum


def command(flags: Sequence[str] | None = None) -> str:
    """Return the command line of this process, or with other flags, to be pasted into a shell."""
    return shlex.join(["python", *sys.argv[:1], *(sys.argv[1:] if flags is None else flags)])


def checksums(paths: Iterable[Path | str]) -> dict[str, str]:
    """Map each existing file to its `checksum`."""
    return {str(path): checksum(path) for path in paths if Path(path).is_file()}


def provenance(
    inputs: Iterable[Path | str] = (), flags: Sequence[str] | None = None, **facts: object
) -> dict[str, str]:
    """Return the attributes every output carries.

    `history`, `stormtrace_version` and `inputs` (JSON: file -> checksum) are always there; each
    further fact becomes an attribute of its own, as JSON unless it is a string already. flags: of
    the command, where they are not those of this process.
    """
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    attributes = {
        "history": f"{now} {command(flags)}",
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
