"""The coordinate `class` of our files: codes and names as CF flags, with short names.

`flag_short_names` is ours: it lets a notebook or a figure name the classes as the study does,
without the study's table.
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


def write_classes(nc: netCDF4.Dataset, classes: Classes) -> None:
    """Create the dimension and coordinate `class` of all classes but the background."""
    nc.createDimension("class", len(classes.features))
    meanings = {"flag_meanings": " ".join(classes.flags), SHORT_NAMES: short_names(classes)}
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

    table: the study's `classes:`; where it gives no short name, the file's is taken.

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
    return named_as(classes, str(getattr(variable, SHORT_NAMES, "")), table)


def named_as(classes: Classes, shorts: str, table: ClassTable | None) -> Classes:
    """Return `classes` with the short names of a file, but for those of the study's table."""
    words = shorts.split()
    if len(words) != len(classes.features):
        return classes
    named = {flag_name(name) for name, entry in (table or {}).items() if _has_short(entry)}
    features = [
        feature if feature.flag in named else replace(feature, short=short)
        for feature, short in zip(classes.features, words, strict=True)
    ]
    return Classes(tuple(features), classes.background)


def _has_short(entry: Any) -> bool:
    short = entry.get("short") if isinstance(entry, Mapping) else entry.short
    return short is not None
