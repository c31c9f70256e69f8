"""Tables of YAML whose entries say only how they differ.

An entry may be ``like`` another of its table: it takes all that the other says, mappings merged
key by key, everything else replaced; a key set to null is taken away. A block that says one thing
in one of several ways (how a field comes about, which region) is replaced whole. What nobody says
has the default that the schema gives.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from stormtrace.errors import BadInput

Entry = dict[str, Any]
Table = Mapping[str, Entry]

OWN = ("title", "description")
"""What an entry says of itself alone; it is not inherited."""

WHOLE = (("fields", "*"), ("tracking", "region"))
"""Blocks whose keys exclude each other: `{take: IWV}` like `{integrate: Q}` is not both."""


def resolve(table: Table, name: str, what: str) -> Entry:
    """Return entry `name` of `table` with everything it inherits, without the key ``like``.

    `what` is the table's name in errors. Raises BadInput for a name that is not in the table and
    for entries that are like each other in a circle.
    """
    chain: list[str] = []
    first = name
    while True:
        if name in chain:
            circle = " → ".join([*chain, name])
            raise BadInput(f"{what}: entries are like each other in a circle: {circle}")
        if name not in table:
            origin = f"{what}.{chain[-1]} is like {name!r}" if chain else f"{what}: {name!r}"
            raise BadInput(f"{origin}, which does not exist; there are: {', '.join(sorted(table))}")
        chain.append(name)
        if "like" not in table[name]:
            break
        name = table[name]["like"]
    merged: Entry = {}
    for ancestor in reversed(chain):
        merged = merge(merged, table[ancestor], WHOLE)
    merged.pop("like", None)
    return {key: value for key, value in merged.items() if key not in OWN or key in table[first]}


def merge(
    base: Mapping[str, Any], changes: Mapping[str, Any], whole: Iterable[tuple[str, ...]] = ()
) -> Entry:
    """Return `base` with `changes` laid over it; neither is changed.

    whole: paths ("*": any key) of blocks that are replaced, not merged key by key.
    """
    merged = dict(base)
    for key, value in changes.items():
        below = [path[1:] for path in whole if path[0] in (key, "*")]
        if value is None:
            merged.pop(key, None)
        elif () in below or not _are_mappings(value, merged.get(key)):
            merged[key] = without_nulls(value)
        else:
            merged[key] = merge(merged[key], value, below)
    return merged


def without_nulls(value: Any) -> Any:
    """Return `value` without the keys that are set to null, at any depth."""
    if not isinstance(value, Mapping):
        return value
    return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}


def _are_mappings(*values: object) -> bool:
    return all(isinstance(value, Mapping) for value in values)


def with_defaults(entry: Mapping[str, Any], schema: Mapping[str, Any]) -> Entry:
    """Return `entry` with every ``default`` of the object `schema` that it does not override."""
    filled = dict(entry)
    for key, rule in schema.get("properties", {}).items():
        if key not in filled and "default" in rule:
            filled[key] = rule["default"]
        if isinstance(filled.get(key), Mapping):
            filled[key] = with_defaults(filled[key], rule)
    return filled
