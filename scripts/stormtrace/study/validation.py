"""One sentence for each thing wrong in a study's YAML: file, key, value, the allowed ones."""

import copy
import difflib
import functools
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import yaml
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.exceptions import best_match

from stormtrace.errors import BadInput

SCHEMAS = Path(__file__).resolve().parents[3] / "workflow" / "schemas"


@functools.cache
def load_schema(name: str) -> dict[str, Any]:
    """Return the schema of one table (`workflow/schemas/{name}.schema.yaml`)."""
    text = (SCHEMAS / f"{name}.schema.yaml").read_text(encoding="utf-8")
    schema: dict[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return schema


class Origins:
    """Which YAML file said something.

    files: the files of the study, those that are laid over others last.
    config: what came out; a value that no file has was given on the command line.
    """

    def __init__(self, files: Iterable[Path | str] = (), config: Mapping[str, Any] = {}) -> None:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        self._config = config
        self._said = []
        for file in files:
            content = yaml.load(Path(file).read_text(encoding="utf-8"), Loader=loader)
            self._said.append((_short_path(file), content or {}))

    def of(self, path: Sequence[str | int]) -> str:
        """Return the last file that says what is at `path`, or where else it must come from."""
        meant = _at(self._config, path)
        for file, content in reversed(self._said):
            said = _at(content, path)
            if said is not None and (isinstance(said, Mapping) or meant in (None, said)):
                return file
        if meant is None and len(path) > 1:
            return self.of(path[:-1])
        return "the command line (--config)"


def _at(content: Any, path: Sequence[str | int]) -> Any:
    """Return what `path` leads to, or None."""
    for key in path:
        try:
            content = content[int(key) if isinstance(content, list) else key]
        except (KeyError, IndexError, TypeError, ValueError):
            return None
    return content


def validate(
    entry: Any,
    schema: Mapping[str, Any],
    path: Sequence[str],
    origins: Origins,
    partial: bool = False,
) -> None:
    """Raise BadInput with the most telling violation of `schema` by `entry`.

    path: the keys that lead to `entry` in the study, for the message.
    partial: accept missing keys, for an entry before it is merged with what it is like.
    """
    validator = Draft202012Validator(_without_required(schema) if partial else schema)
    error = best_match(validator.iter_errors(entry))
    if error is not None and error.schema is False:  # a key that another one forbids
        where = _where([*path, *error.absolute_path], origins)
        raise BadInput(
            f"{where} is {_short(_at(entry, error.absolute_path))}: keys that exclude each other; "
            "say one, and take the other away (null) if an earlier file says it"
        )
    if error is not None:
        raise BadInput(_sentence(error, path, origins))


def check_name(name: str, path: Sequence[str], origins: Origins) -> None:
    """Raise BadInput unless `name`, a key of the table at `path`, can be part of a file's name."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise BadInput(
            f"{origins.of([*path, name])}: {'.'.join(path)} has an entry {name!r}, which cannot be "
            "a name; names are letters, digits, '.', '_' and '-', and start with a letter or digit"
        )


def one_of(value: str, allowed: Iterable[str], path: Sequence[str], origins: Origins) -> None:
    """Raise BadInput unless `value`, found at `path`, is one of the `allowed` names."""
    names = sorted(allowed)
    if value not in names:
        hint = _did_you_mean(value, names)
        raise BadInput(
            f"{origins.of(path)}: {'.'.join(path)} is {value!r}, which does not exist{hint}; "
            f"there are: {', '.join(names) or 'none'}"
        )


def _sentence(error: ValidationError, path: Sequence[str], origins: Origins) -> str:
    keys: list[str | int] = [*path, *error.absolute_path]
    schema, rule, found = cast(Any, (error.schema, error.validator_value, error.instance))
    if error.validator == "additionalProperties":
        allowed = sorted(schema.get("properties", {}))
        unknown = next(key for key in found if key not in allowed)
        return (
            f"{_where([*keys, unknown], origins)} is {_short(found[unknown])}: an unknown "
            f"key{_did_you_mean(unknown, allowed)}; allowed: {', '.join(allowed)}"
        )
    where = _where(keys, origins)
    if error.validator == "required":
        missing = next(key for key in rule if key not in found)
        return f"{where} lacks the key {missing!r}; required: {', '.join(rule)}"
    if error.validator == "enum":
        hint = _did_you_mean(str(found), list(map(str, rule)))
        return f"{where} is {_short(found)}{hint}; allowed: {', '.join(map(str, rule))}"
    meaning = " ".join(schema.get("description", "").split())
    return f"{where} is {_short(found)}: {error.message}" + (meaning and f" ({meaning})")


def _where(keys: Sequence[str | int], origins: Origins) -> str:
    return f"{origins.of(keys)}: {'.'.join(map(str, keys)) or 'the study'}"


def _short_path(file: Path | str) -> str:
    relative = os.path.relpath(file)
    return str(file) if relative.startswith("..") else relative


def _did_you_mean(word: str, allowed: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, allowed, n=1)
    return f", did you mean {near[0]!r}?" if near else ""


def _short(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 80 else text[:77] + "…"


def _without_required(schema: Any) -> Any:
    """Return `schema` asking for no key, at any depth."""
    if isinstance(schema, Mapping):
        asks = {"required": list, "minProperties": int}
        return {
            key: _without_required(value)
            for key, value in schema.items()
            if not (key in asks and isinstance(value, asks[key]))
        }
    if isinstance(schema, list):
        return [_without_required(value) for value in schema]
    return copy.copy(schema)
