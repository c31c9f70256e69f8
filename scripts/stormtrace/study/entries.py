"""Entries of the study's tables: merged, checked, and with what is known of them filled in."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stormtrace.study.merging import Entry, resolve, with_defaults, without_nulls
from stormtrace.study.validation import Origins, check_name, load_schema, one_of, validate

TABLES = ("datasets", "models", "experiments", "comparisons")
"""Keys of the study whose entries may be like each other."""


def taken_away(config: Mapping[str, Any]) -> Entry:
    """Return the study without what is set to null in it.

    Only within an entry of a table a null is kept: it takes away what the entry would inherit.
    """
    told = {key: value for key, value in config.items() if value is not None}
    for key, value in told.items():
        if key in TABLES and isinstance(value, Mapping):
            told[key] = {name: entry for name, entry in value.items() if entry is not None}
        else:
            told[key] = without_nulls(value)
    return told


def resolve_all(config: Mapping[str, Any], kind: str, origins: Origins) -> dict[str, Entry]:
    """Return every entry of a table: merged, checked before and after, defaults filled in."""
    table = config.get(kind) or {}
    schema = load_schema(kind)
    resolved = {}
    for name, entry in table.items():
        check_name(name, (kind,), origins)
        validate(without_nulls(entry), schema, (kind, name), origins, partial=True)
        if "like" in entry:
            one_of(entry["like"], table, (kind, name, "like"), origins)
        merged = resolve(table, name, kind)
        validate(merged, schema, (kind, name), origins)
        if "tracking" in merged:
            validate(merged["tracking"], load_schema("tracking"), (kind, name, "tracking"), origins)
        resolved[name] = with_defaults(merged, schema) | {"name": name}
    return resolved


def members_of(model: Entry) -> dict[str, Entry]:
    """Return name -> entry of a model, or of the members of an ensemble, one a seed."""
    if "seeds" not in model:
        return {model["name"]: model}
    alone = {key: value for key, value in model.items() if key != "seeds"}
    names = {seed: f"{model['name']}.seed{seed}" for seed in model["seeds"]}
    return {name: alone | {"name": name, "seed": seed} for seed, name in names.items()}


def published_fields(model: Entry) -> Entry:
    """Return the fields of a published model as its config.json lists them, if it can be read."""
    config = Path(model.get("weights", "")) / "config.json"
    try:
        return {"fields": list(json.loads(config.read_text(encoding="utf-8"))["fields"])}
    except (OSError, ValueError, KeyError, TypeError):
        return {}  # not here, or not a model: told by the job that adopts it
