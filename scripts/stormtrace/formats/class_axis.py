"""The coordinate `class` of our files: codes and names as CF flags, with short names.

`flag_short_names` and `flag_kinds` are ours: they let a notebook or a figure name the classes as
the study does, and know lines from areas, without the study's table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np

from stormtrace.class_table import ClassTable, flag_name
from stormtrace.classes import Classes
from stormtrace.errors import BadInput

SHORT_NAMES = "flag_short_names"
KINDS = "flag_kinds"

#: Of each class the flags of those it is the union of, joined by commas, or `NO_UNION`.
UNIONS, NO_UNION = "flag_unions", "-"


def write_classes(nc: netCDF4.Dataset, classes: Classes) -> None:
    """Create the dimension and coordinate `class` of all classes but the background."""
    nc.createDimension("class", len(classes.features))
    meanings = {"flag_meanings": " ".join(classes.flags), SHORT_NAMES: short_names(classes)}
    meanings[KINDS] = " ".join(feature.kind for feature in classes.features)
    if any(feature.union_of for feature in classes.features):
        unions = (",".join(feature.union_of) or NO_UNION for feature in classes.features)
        meanings[UNIONS] = " ".join(unions)
    write_flags(nc, "class", classes.codes, {"long_name": "class code in the masks"} | meanings)


def write_flags(
    nc: netCDF4.Dataset, name: str, codes: Sequence[int], attributes: Mapping[str, str]
) -> None:
    """Create the int8 coordinate `name` of an existing dimension, its values CF flags."""
    variable = nc.createVariable(name, "i1", (name,), fill_value=False)
    variable.setncatts({**attributes, "flag_values": np.array(codes, np.int8)})
    variable[:] = np.array(codes, np.int8)


def short_names(classes: Classes) -> str:
    """Return the classes' short names in the order of their codes, one word each."""
    return " ".join(feature.short for feature in classes.features)


def read_classes(
    variable: netCDF4.Variable, path: Path | str, table: ClassTable | None = None
) -> Classes:
    """Return the classes that a variable's flags declare, without the background.

    table: the study's `classes:`; where it gives no short name or kind, the file's is taken.

    Raises:
        BadInput: there are no flags, or they contradict themselves.

    """
    if not {"flag_values", "flag_meanings"} <= set(variable.ncattrs()):
        raise BadInput(
            f"{path}: {variable.name} has no flag_values and flag_meanings (CF 1.11, section 3.5), "
            "which say which code is which class"
        )
    try:
        values = np.atleast_1d(variable.flag_values)
        classes = Classes.of_flags(values, variable.flag_meanings, table)
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None
    kinds = str(getattr(variable, KINDS, "")).split()
    classes = _with_unions(_of_kinds(classes, kinds, table), getattr(variable, UNIONS, ""))
    return named_as(classes, str(getattr(variable, SHORT_NAMES, "")), table)


def _of_kinds(classes: Classes, kinds: Sequence[str], table: ClassTable | None) -> Classes:
    """Return `classes` with the kinds of a file, but for those of the study's table."""
    if len(kinds) != len(classes.features) or not set(kinds) <= {"area", "line"}:
        return classes
    said = {flag_name(name) for name, entry in (table or {}).items() if _gives(entry, "kind")}
    features = [
        feature
        if feature.flag in said
        else replace(feature, kind="line" if kind == "line" else "area")
        for feature, kind in zip(classes.features, kinds, strict=True)
    ]
    return Classes(tuple(features), classes.background)


def _with_unions(classes: Classes, unions: str) -> Classes:
    words = unions.split()
    if len(words) != len(classes.features):
        return classes
    features = [
        feature if word == NO_UNION else replace(feature, union_of=tuple(word.split(",")))
        for feature, word in zip(classes.features, words, strict=True)
    ]
    return Classes(tuple(features), classes.background)


def named_as(classes: Classes, shorts: str, table: ClassTable | None) -> Classes:
    """Return `classes` with the short names of a file, but for those of the study's table."""
    words = shorts.split()
    if len(words) != len(classes.features):
        return classes
    named = {flag_name(name) for name, entry in (table or {}).items() if _gives(entry, "short")}
    features = [
        feature if feature.flag in named else replace(feature, short=short)
        for feature, short in zip(classes.features, words, strict=True)
    ]
    return Classes(tuple(features), classes.background)


def _gives(entry: Any, key: str) -> bool:
    """Whether an entry of the study's table says a key itself."""
    if isinstance(entry, Mapping):
        return entry.get(key) is not None
    return key in entry.model_fields_set and getattr(entry, key) is not None
