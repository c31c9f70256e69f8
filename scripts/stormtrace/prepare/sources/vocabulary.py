"""What a centre calls things, so that a user only says where the files are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Amount:
    """What a source's amounts (m, kg m-2, J m-2) are of: so many hours, marked by their stamps.

    stamps: which of start and end they mark.
    """

    stamps: Literal["start", "end"]
    hours: float


@dataclass(frozen=True)
class Vocabulary:
    """The names in a source's files.

    fields: how each canonical field comes about, as in YAML. names: what surface pressure, and
    pressure and thickness of levels are called (keys of a dataset's `names`); CAM's and MERRA-2's
    PS, PL and DELP where it does not say. amounts: variable -> the interval of its records, where
    the source's files have neither bounds nor another way to tell.
    """

    fields: Mapping[str, Mapping[str, Any]]
    names: Mapping[str, str] = field(default_factory=dict)
    amounts: Mapping[str, Amount] = field(default_factory=dict)


def canonical(
    water: Mapping[str, Any],
    east: Mapping[str, Any],
    north: Mapping[str, Any],
    pressure: Mapping[str, Any],
) -> dict[str, Mapping[str, Any]]:
    """Return the derivations of ClimateNet's fields under their names."""
    return {"TMQ": water, "U850": east, "V850": north, "PSL": pressure}
