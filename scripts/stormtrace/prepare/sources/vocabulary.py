"""What a centre calls things, so that a user only says where the files are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Vocabulary:
    """The names in a source's files.

    fields: how each canonical field comes about, as in YAML. names: what surface pressure, and
    pressure and thickness of levels are called (keys of a dataset's `names`); CAM's and MERRA-2's
    PS, PL and DELP where it does not say.
    """

    fields: Mapping[str, Mapping[str, Any]]
    names: Mapping[str, str] = field(default_factory=dict)


def canonical(
    water: Mapping[str, Any],
    east: Mapping[str, Any],
    north: Mapping[str, Any],
    pressure: Mapping[str, Any],
) -> dict[str, Mapping[str, Any]]:
    """Return the derivations of ClimateNet's fields under their names."""
    return {"TMQ": water, "U850": east, "V850": north, "PSL": pressure}
