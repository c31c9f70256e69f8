"""Blocks of the study's YAML as typed models, and one sentence for whatever is wrong in one.

Type, default, description and check of a key stand in one place: the field of its model. The
published schemas (`workflow/schemas/`) are generated from the models by `scripts/write_schemas.py`.
"""

import datetime
import difflib
import json
import re
import types
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import ErrorDetails, PydanticCustomError

from stormtrace.errors import BadInput

Model = TypeVar("Model", bound=BaseModel)
Path = tuple[str | int, ...]

#: Pydantic's words for types -> those of YAML.
IN_YAML = {
    "a valid array": "a list, [ … ]",
    "an object": "a block of keys",
    "a valid object": "a block of keys",
    "a valid dictionary": "a block of keys",
    "a valid string": "text, in quotes where it looks like a number",
    "a valid integer": "a whole number",
    "a valid number": "a number",
    "a valid boolean": "true or false",
}

#: Values that show how a date or a colour is written.
EXAMPLES = ("2000-01", "2000-01-31", "2000-01-31 06:00", "#b08020")

#: Longest value that an error quotes.
LONGEST = 80


class Block(BaseModel):
    """A block of the study: closed (a misspelt key is an error), strict about types, immutable."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, protected_namespaces=()
    )

    #: Keys whose tables mean something else in another order: `flag` keeps it.
    ordered: ClassVar[tuple[str, ...]] = ()


class InOrder(dict[str, Any]):
    """A dumped table whose order counts."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with a block: the keys that lead to it, and the sentence's predicate."""

    path: Path
    text: str


def exclusive(keys: Iterable[str]) -> PydanticCustomError:
    """Return the error that says that some keys of a block cannot stand together."""
    return PydanticCustomError(
        "exclusive",
        "keys that exclude each other ({keys}); keep one, and remove the others (null) if an "
        "earlier file or entry sets them",
        {"keys": ", ".join(keys)},
    )


def in_order(period: tuple[str, str]) -> tuple[str, str]:
    """Return a period, [first moment, first moment no longer in it]; ValueError if it is empty."""
    if period[0] >= period[1]:
        raise ValueError(
            "it is empty or ends before it starts; give [first day, first day no longer in it]"
        )
    return period


def read_block(model: type[Model], block: Any, where: str) -> Model:
    """Return a block as its model.

    where: what the block is, for the message, such as "dataset mini".

    Raises:
        BadInput: a key is unknown or missing, or a value is not allowed.

    """
    made = check_block(model, block)
    if isinstance(made, Fault):
        keys = ".".join(map(str, made.path))
        raise BadInput(f"{where}: {keys} {made.text}" if keys else f"{where} {made.text}")
    return made


def check_block(model: type[Model], block: Any) -> Model | Fault:
    """Return a block as its model, or its most telling fault."""
    try:
        return model.model_validate_json(json.dumps(plain(block)))
    except ValidationError as error:
        return _most_telling(error.errors(), model, plain(block))


def dump(block: Any) -> Any:
    """Return a block (or anything that holds some) as plain JSON types, without absent keys."""
    if isinstance(block, BaseModel):
        made = block.model_dump(mode="json", exclude_none=True)
        ordered = block.ordered if isinstance(block, Block) else ()
        return made | {key: InOrder(made[key]) for key in ordered if key in made}
    if isinstance(block, Mapping):
        table = {key: dump(value) for key, value in block.items()}
        return InOrder(table) if isinstance(block, InOrder) else table
    if isinstance(block, list | tuple):
        return [dump(value) for value in block]
    return block


def flag(block: Any) -> str:
    """Return a block of the study as a script's flag takes it: JSON.

    Keys are sorted, so that the same block is the same text, but where their order counts.
    """
    return json.dumps(_sorted(dump(block)), separators=(",", ":"))


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        keys = value if isinstance(value, InOrder) else sorted(value)
        return {key: _sorted(value[key]) for key in keys}
    return [_sorted(inner) for inner in value] if isinstance(value, list) else value


def plain(value: Any) -> Any:
    """Return `value` with text instead of dates (YAML reads an unquoted 2000-01-01 as a date)."""
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%d %H:%M" + (":%S" if value.second else ""))
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """Return `, did you mean 'x'?` if one of the allowed words is near, else nothing."""
    near = difflib.get_close_matches(word, list(allowed), n=1)
    return f", did you mean {near[0]!r}?" if near else ""


def quoted(value: Any) -> str:
    """Return a value as JSON, shortened."""
    text = json.dumps(value, default=str)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "…"


def at(content: Any, path: Sequence[str | int]) -> Any:
    """Return what `path` leads to, or None."""
    for key in path:
        try:
            content = content[int(key) if isinstance(content, list) else key]
        except (KeyError, IndexError, TypeError, ValueError):
            return None
    return content


def _most_telling(errors: list[ErrorDetails], model: type[BaseModel], block: Any) -> Fault:
    """Return an unknown key before all else; of a union's branches the one that fits best."""
    paths = [_real_path(error, block) for error in errors]
    unknown = [i for i, error in enumerate(errors) if error["type"] == "extra_forbidden"]
    first = unknown[0] if unknown else 0
    alike = [i for i, path in enumerate(paths) if path[: len(paths[first])] == paths[first]]
    chosen = first if unknown else max(alike, key=lambda i: len(paths[i]))
    return Fault(paths[chosen], _predicate(errors[chosen], paths[chosen], model, block))


def _real_path(error: ErrorDetails, block: Any) -> Path:
    """Return an error's location without the names of a union's branches."""
    path: list[str | int] = []
    location = error["loc"]
    for index, key in enumerate(location):
        inner = at(block, path)
        absent = error["type"] == "missing" and index == len(location) - 1
        known = isinstance(inner, Mapping) and key in inner
        if absent or known or (isinstance(inner, list) and isinstance(key, int)):
            path.append(key)
    return tuple(path[:-1] if error["type"] == "missing" else path)


def _predicate(error: ErrorDetails, path: Path, model: type[BaseModel], block: Any) -> str:
    value, context = quoted(at(block, path)), error.get("ctx", {})
    kind = error["type"]
    if kind == "extra_forbidden":
        allowed = sorted({name for one in _models_at(model, path[:-1]) for name in _keys_of(one)})
        return f"is {value}: an unknown key{did_you_mean(str(path[-1]), allowed)}" + (
            f"; allowed: {', '.join(allowed)}"
        )
    if kind in ("missing", "union_tag_not_found"):
        key = str(context.get("discriminator", error["loc"][-1])).strip("'")
        if isinstance(error["loc"][-1], int):
            return f"is {value}: too short a list" + _meaning(model, path)
        needed = [
            name
            for one in _models_at(model, path)
            for name, info in one.model_fields.items()
            if info.is_required()
        ]
        return f"lacks the key {key!r}; required: {', '.join(dict.fromkeys(needed or [key]))}"
    if kind in ("literal_error", "union_tag_invalid"):
        expected = str(context.get("expected", context.get("expected_tags")))
        allowed = re.findall(r"[^', ]+(?: [^', ]+)*", expected.replace(" or ", ", "))
        found = at(block, path)
        if kind == "union_tag_invalid" and not isinstance(found, Mapping):
            verbs = ", ".join(f"{{{tag.lower()}: …}}" for tag in allowed)
            return f"is {value}: must be one of {verbs}"
        found = found if kind == "literal_error" else context["tag"]
        return f"is {quoted(found)}{did_you_mean(str(found), allowed)}; allowed: " + ", ".join(
            allowed
        )
    if kind == "string_pattern_mismatch" and error["loc"][-1] == "[key]":
        return f"has a name that cannot be one: {_of_name(str(context['pattern']))}"
    said = str(
        context.get("error") or _words(error) or error["msg"].replace("Input should", "must")
    )
    for theirs, ours in IN_YAML.items():
        said = said.replace(theirs, ours)
    return f"is {value}: {said}" + ("" if kind == "value_error" else _meaning(model, path))


def _of_name(pattern: str) -> str:
    """Return in words which names a pattern allows."""
    marks = [repr(mark) for mark in " ._-" if re.match(pattern, f"A{mark}1")]
    letters = " and ".join(filter(None, ["letters, digits", ", ".join(marks)]))
    digit = " or a digit" if re.match(pattern, "1A") else ""
    return f"names are of {letters} (no umlauts), and begin with a letter{digit}"


def _words(error: ErrorDetails) -> str:
    """Return what a list of another length, or text of another form, must be; else nothing."""
    context = error.get("ctx", {})
    if error["type"] == "string_too_short":
        return "must not be empty"
    if error["type"] in ("too_short", "too_long"):
        few = error["type"] == "too_short"
        most = f"least {context['min_length']}" if few else f"most {context['max_length']}"
        return f"must have at {most} items, not {context['actual_length']}"
    pattern = context.get("pattern", "")
    if not pattern:
        return ""
    if re.match(pattern, "A1"):
        return f"cannot be a name: {_of_name(pattern)}"
    alike = [one for one in EXAMPLES if re.match(pattern, one)]
    return f"must be written as {' or '.join(alike)}" if alike else ""


def _meaning(model: type[BaseModel], path: Path) -> str:
    """Return in brackets what the value at `path` means, if the model says it."""
    meaning = next((info.description for info in _fields_at(model, path) if info.description), "")
    return f" ({meaning})" if meaning else ""


def _models_at(model: type[BaseModel], path: Path) -> list[type[BaseModel]]:
    """Return the models that a block at `path` may be of."""
    annotations: list[Any] = [model]
    for key in path:
        annotations = [inner for one in annotations for inner in _below(one, key)]
    return [one for one in _flat(annotations) if _is_model(one)]


def _keys_of(model: type[BaseModel]) -> Iterator[str]:
    """Yield the keys of a model that a user may write."""
    for name, info in model.model_fields.items():
        if not any(type(one).__name__ == SkipJsonSchema.__name__ for one in info.metadata):
            yield name


def _fields_at(model: type[BaseModel], path: Path) -> Iterator[FieldInfo]:
    """Yield the fields that describe the value at `path`, the innermost first."""
    for length in range(len(path), 0, -1):
        for one in _models_at(model, path[: length - 1]):
            if path[length - 1] in one.model_fields:
                yield one.model_fields[str(path[length - 1])]


def _below(annotation: Any, key: str | int) -> Iterator[Any]:
    for one in _flat([annotation]):
        if _is_model(one):
            if key in one.model_fields:
                yield one.model_fields[str(key)].annotation
        elif typing.get_origin(one) is not None:
            yield from typing.get_args(one)[-1:] if isinstance(key, str) else typing.get_args(one)


def _flat(annotations: Iterable[Any]) -> Iterator[Any]:
    """Yield annotations without unions and `Annotated` around them."""
    for one in annotations:
        origin = typing.get_origin(one)
        if origin in (typing.Union, types.UnionType):
            yield from _flat(typing.get_args(one))
        elif origin is typing.Annotated:
            yield from _flat([typing.get_args(one)[0]])
        else:
            yield one


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
