"""Tables of YAML whose entries say only how they differ.

An entry may be ``like`` another of its table: it takes all that the other says, mappings merged
key by key, everything else replaced; a key set to null is removed. A block that says one thing in
one of several ways (how a field comes about, which region) is replaced whole. One file is laid over
another in the same way.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from stormtrace.errors import BadInput
from stormtrace.study.entries import OF_MODELS

Entry = dict[str, Any]
Table = Mapping[str, Entry]

#: Keys that an entry says of itself alone; they are not inherited.
OWN = ("title", "description")

#: Keys that exclude others: an experiment with a detector of its own inherits no model, nor what is
#: said of one.
INSTEAD = {
    "detector": ("model", *OF_MODELS),
    "model": ("detector",),
}

#: Blocks whose keys exclude each other: `{take: IWV}` like `{integrate: Q}` is not both.
WHOLE = (("fields", "*"), ("tracking", "region"))


def lineage(table: Table, name: str, what: str) -> list[str]:
    """Return entry `name` of `table` and those it is like, the nearest first.

    what: the table's name in errors.

    Raises:
        BadInput: a name is not in the table, or entries are like each other in a circle.

    """
    chain: list[str] = []
    while True:
        if name in chain:
            circle = " → ".join([*chain, name])
            raise BadInput(f"{what}: entries are like each other in a circle: {circle}")
        if name not in table:
            origin = f"{what}.{chain[-1]} is like {name!r}" if chain else f"{what}: {name!r}"
            raise BadInput(f"{origin}, which does not exist; there are: {', '.join(sorted(table))}")
        chain.append(name)
        if table[name].get("like") is None:
            return chain
        name = table[name]["like"]


def resolve(table: Table, name: str, what: str) -> Entry:
    """Return entry `name` of `table` with everything it inherits, without the key ``like``.

    Raises:
        BadInput: as `lineage`.

    """
    merged: Entry = {}
    for ancestor in reversed(lineage(table, name, what)):
        said = {key for key, value in table[ancestor].items() if value is not None}
        for key in said & INSTEAD.keys() if what == "experiments" else ():
            merged = {one: value for one, value in merged.items() if one not in INSTEAD[key]}
        merged = merge(merged, table[ancestor], WHOLE)
    merged.pop("like", None)
    return {key: value for key, value in merged.items() if key not in OWN or key in table[name]}


def overlay(base: Mapping[str, Any], changes: Mapping[str, Any]) -> Entry:
    """Return `base`, the content of files, with `changes`, another's, laid over it.

    Key by key as Snakemake does, except that blocks in `WHOLE` are replaced.
    A null stays: it says that an entry does not inherit the key (`drop_nulls_of_study`).
    """
    return _laid(base, changes, [("*", "*", *path) for path in WHOLE])


def _laid(
    base: Mapping[str, Any], changes: Mapping[str, Any], whole: Iterable[tuple[str, ...]]
) -> Entry:
    laid = dict(base)
    for key, value in changes.items():
        below = _below(whole, key)
        both = () not in below and _are_mappings(value, laid.get(key))
        laid[key] = _laid(laid[key], value, below) if both else value
    return laid


def merge(
    base: Mapping[str, Any], changes: Mapping[str, Any], whole: Iterable[tuple[str, ...]] = ()
) -> Entry:
    """Return `base` with `changes` laid over it; neither is changed.

    whole: paths ("*": any key) of blocks that are replaced, not merged key by key.
    """
    merged = dict(base)
    for key, value in changes.items():
        below = _below(whole, key)
        if value is None:
            merged.pop(key, None)
        elif () in below or not _are_mappings(value, merged.get(key)):
            merged[key] = drop_nulls(value)
        else:
            merged[key] = merge(merged[key], value, below)
    return merged


def drop_nulls(value: Any) -> Any:
    """Return `value` without the keys that are set to null, at any depth."""
    if not isinstance(value, Mapping):
        return value
    return {key: drop_nulls(inner) for key, inner in value.items() if inner is not None}


def _below(paths: Iterable[tuple[str, ...]], key: str) -> list[tuple[str, ...]]:
    return [path[1:] for path in paths if path and path[0] in (key, "*")]


def _are_mappings(*values: object) -> bool:
    return all(isinstance(value, Mapping) for value in values)
