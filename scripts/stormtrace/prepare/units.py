"""Units of raw variables: known ones become the canonical field's, others are refused."""

import re
from collections.abc import Mapping

import numpy as np

from stormtrace.errors import BadInput
from stormtrace.prepare.derivations import Derivation

PASCALS = dict.fromkeys(("Pa", "pascal", "pascals"), 1.0) | dict.fromkeys(
    ("hPa", "mb", "mbar", "millibar", "millibars", "hectopascal", "hectopascals"), 100.0
)
#: By what to multiply values in the inner units to have the outer ones; in capitals or not.
FACTORS = {
    "kg m-2": {"kg m-2": 1.0, "kg/m2": 1.0, "mm": 1.0, "g m-2": 1e-3, "g/m2": 1e-3, "cm": 10.0},
    "kg kg-1": {"kg kg-1": 1.0, "kg/kg": 1.0, "1": 1.0, "g kg-1": 1e-3, "g/kg": 1e-3},
    "m s-1": {"m s-1": 1.0, "m/s": 1.0, "m/sec": 1.0, "m sec-1": 1.0, "meters/second": 1.0,
              "cm s-1": 0.01, "cm/s": 0.01, "knots": 0.514444},
    "Pa": PASCALS,
}  # fmt: skip

#: Units of canonical fields; winds at a pressure (U850, V300) are in m s-1.
UNITS_OF_FIELD = {"TMQ": "kg m-2", "PSL": "Pa"}

WIND = re.compile(r"[UV]\d+")

#: Between these lies every value on Earth, in the canonical units; "wind" is U or V at any level.
#: What lies outside is in other units, or an undeclared fill value.
PLAUSIBLE = {"TMQ": (-1.0, 200.0), "PSL": (80000.0, 115000.0), "wind": (-300.0, 300.0)}


def plausible(name: str) -> tuple[float, float]:
    """Return the least and greatest value a canonical field can have; infinite if unknown."""
    known = "wind" if WIND.fullmatch(name) else name
    return PLAUSIBLE.get(known, (-np.inf, np.inf))


def conversion(name: str, derivation: Derivation, units: str | None, path: str) -> float:
    """Return the factor that brings a raw variable to its canonical field's units.

    1 for fields without prescribed units and for files that do not declare theirs. BadInput: units
    that cannot be the field's, such as a pressure's where a wind is wanted.
    """
    wanted = "m s-1" if WIND.fullmatch(name) else UNITS_OF_FIELD.get(name)
    if derivation.kind == "integrate" and wanted == "kg m-2":
        wanted = "kg kg-1"
    if wanted is None or not units:
        return 1.0
    factor = _factor(FACTORS[wanted], units)
    if factor is None:
        raise BadInput(
            f"{path}: {derivation.variable}, from which {name} comes, is in {units!r}; {wanted} is"
            f" needed, or one of {', '.join(FACTORS[wanted])}"
        )
    return factor


def pascals(units: object) -> float | None:
    """Factor converting a pressure unit to Pa, or None if it is not a pressure unit."""
    return _factor(PASCALS, str(units))


def _factor(known: Mapping[str, float], units: str) -> float | None:
    plain = re.sub(r"\^|\*\*|[{}]", "", units.strip())
    plain = re.sub(r"\s+", " ", plain.replace(".", " ")).lower()
    return next((factor for unit, factor in known.items() if unit.lower() == plain), None)
