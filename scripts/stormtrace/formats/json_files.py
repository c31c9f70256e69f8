"""JSON files of our own: a key `digest` tells whether the rest is what was written."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xxhash

from stormtrace.errors import BadInput
from stormtrace.files import write_text
from stormtrace.seals import MAKE_AGAIN, Damaged

#: Key of the digest, which files written by hand or by other programs lack.
DIGEST = "digest"

#: What to do where the digest is another.
EDITED = f"{MAKE_AGAIN}; if you edited it, remove its key `{DIGEST}`"


def write_json(path: Path | str, content: Mapping[str, Any], indent: int = 2) -> None:
    """Write one JSON object, with a digest of its content."""
    text = json.dumps({**content, DIGEST: _digest(content)}, indent=indent)
    write_text(path, text + "\n")


def read_json(path: Path | str, maker: str) -> dict[str, Any]:
    """Return the JSON object in a file, without its digest.

    maker: the script that makes such files.

    Raises:
        BadInput: it is not there, may not be read, is not one JSON object, or is damaged.

    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadInput(f"{path} is not there: make it with {maker}") from error
    except PermissionError as error:
        raise BadInput(f"{path} may not be read: no permission") from error
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(f"{path} is not JSON ({error}): {MAKE_AGAIN}") from error
    if not isinstance(content, dict):
        raise BadInput(f"{path} must hold one JSON object, not a {type(content).__name__}")
    digest = content.pop(DIGEST, None)
    if digest is not None and digest != _digest(content):
        raise Damaged(path, "its content is not what was written", EDITED)
    return content


def _digest(content: Mapping[str, Any]) -> str:
    """Return ``xxh3:…`` of content, whatever the order of its keys."""
    plain = {key: value for key, value in content.items() if key != DIGEST}
    return "xxh3:" + xxhash.xxh3_64_hexdigest(json.dumps(plain, sort_keys=True).encode())
