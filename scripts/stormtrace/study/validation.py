"""One sentence for each thing that is wrong in a study's YAML: file, key, value, what is allowed."""

import copy
import difflib
import functools
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

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
    """Which YAML file said something: the files of one study, the last one first."""

    def __init__(self, files: Iterable[Path | str] = ()) -> None:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        self._said = [
            (str(file), yaml.load(Path(file).read_text(encoding="utf-8"), Loader=loader) or {})
            for file in files
        ]

    def of(self, path: Sequence[str | int]) -> str:
        """Return the last file that has a value at `path`, or where else it must come from."""
        for file, content in reversed(self._said):
            value: Any = content
            for key in path:
                if isinstance(value, Mapping) and key in value:
                    value = value[key]
                elif isinstance(value, list) and isinstance(key, int) and key < len(value):
                    value = value[key]
                else:
                    break
            else:
                return file
        return self.of(path[:-1]) if len(path) > 1 else "the command line (--config)"


def validate(
    entry: Any, schema: Mapping[str, Any], path: Sequence[str], origins: Origins, partial: bool = False
) -> None:
    """Raise BadInput with the most telling violation of `schema` by `entry`.

    path: the keys that lead to `entry` in the study, for the message.
    partial: accept missing keys, for an entry before it is merged with what it is like.
    """
    validator = Draft202012Validator(_without_required(schema) if partial else schema)
    error = best_match(validator.iter_errors(entry))
    if error is not None:
        raise BadInput(_sentence(error, path, origins))


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
    where = f"{origins.of(keys)}: {'.'.join(map(str, keys)) or 'the study'}"
    rule = error.validator
    if rule == "additionalProperties" and isinstance(error.schema, Mapping):
        allowed = sorted(error.schema.get("properties", {}))
        unknown = [key for key in error.instance if key not in allowed]
        where = f"{origins.of([*keys, unknown[0]])}: {'.'.join(map(str, keys)) or 'the study'}"
        return (
            f"{where} has an unknown key {unknown[0]!r} (value {_short(error.instance[unknown[0]])})"
            f"{_did_you_mean(unknown[0], allowed)}; allowed: {', '.join(allowed)}"
        )
    if rule == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        return f"{where} lacks the key {missing[0]!r}; required: {', '.join(error.validator_value)}"
    if rule == "enum":
        allowed = [str(value) for value in error.validator_value]
        hint = _did_you_mean(str(error.instance), allowed)
        return f"{where} is {_short(error.instance)}{hint}; allowed: {', '.join(allowed)}"
    if rule == "propertyNames":
        return f"{where} has a key {_short(error.instance)}, which cannot be a name: {error.message}"
    meaning = ""
    if isinstance(error.schema, Mapping) and "description" in error.schema:
        meaning = f" ({' '.join(str(error.schema['description']).split())})"
    return f"{where} is {_short(error.instance)}: {error.message}{meaning}"


def _did_you_mean(word: str, allowed: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, allowed, n=1)
    return f", did you mean {near[0]!r}?" if near else ""


def _short(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 80 else text[:77] + "…"


def _without_required(schema: Any) -> Any:
    """Return `schema` asking for no key, at any depth."""
    if isinstance(schema, Mapping):
        return {
            key: _without_required(value)
            for key, value in schema.items()
            if not (key == "required" and isinstance(value, list))
        }
    if isinstance(schema, list):
        return [_without_required(value) for value in schema]
    return copy.copy(schema)
