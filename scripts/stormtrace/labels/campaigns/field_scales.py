"""Colours and range of a field's pictures: what the campaign says, else what suits the field."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from stormtrace.errors import BadInput
from stormtrace.formats.quantities import quantity_named
from stormtrace.labels.campaigns.campaign_block import Campaign, FieldPicture
from stormtrace.prepare.verbs import Derivation, Magnitude, Transport


@dataclass(frozen=True)
class FieldScale:
    """Lowest and highest value of the colours; units: of them, empty where the study said them."""

    low: float
    high: float
    colours: str
    units: str


#: Grey, so that the colours of classes stand out on what is usually the first page.
WATER = FieldScale(0.0, 70.0, "gray", "kg m-2")
TRANSPORT = FieldScale(0.0, 1000.0, "magma", "kg m-1 s-1")
TRANSPORTED = FieldScale(-750.0, 750.0, "RdBu_r", "kg m-1 s-1")
WIND = FieldScale(-40.0, 40.0, "RdBu_r", "m s-1")
SPEED = FieldScale(0.0, 50.0, "cividis", "m s-1")
PRESSURE = FieldScale(97_000.0, 104_000.0, "coolwarm", "Pa")
VORTICITY = FieldScale(-3e-4, 3e-4, "PuOr_r", "s-1")

#: Names of fields, in capitals, and what suits them.
NAMED = {
    r"TMQ": WATER,
    r"IVT": TRANSPORT,
    r"[UV]\d+": WIND,
    r"(WS|WSPD|SPD|WIND)\d*": SPEED,
    r"PSL": PRESSURE,
    r"(VORT|VRT)\d+": VORTICITY,
}


def field_scales(
    campaign: Campaign, derivations: Mapping[str, Derivation]
) -> dict[str, FieldScale]:
    """Return the scale of every field that a campaign draws.

    derivations: of those fields, in the order of the pages.

    Raises:
        BadInput: nothing says what the range of a field is.

    """
    asked = campaign.fields
    return {
        name: _scale(name, asked.get(name, FieldPicture()), derivation)
        for name, derivation in derivations.items()
    }


def _scale(name: str, asked: FieldPicture, derivation: Derivation) -> FieldScale:
    known = None if derivation.anomaly else _known(name, derivation)
    if asked.range is not None:
        colours = asked.colours or (known.colours if known else "viridis")
        return FieldScale(*asked.range, colours, "")
    if known is None:
        raise BadInput(
            f"fields.{name} needs a `range`: [lowest, highest] of its colours, in its units; no "
            "usual one is known for this field"
        )
    return FieldScale(known.low, known.high, asked.colours or known.colours, known.units)


def _known(name: str, derivation: Derivation) -> FieldScale | None:
    for pattern, scale in NAMED.items():
        if re.fullmatch(pattern, name.upper()):
            return scale
    if isinstance(derivation, Magnitude):
        return SPEED
    if isinstance(derivation, Transport):
        return TRANSPORT if len(derivation.variables) > 2 else TRANSPORTED
    quantity = quantity_named(name)
    if quantity is not None and quantity.standard_name == "geopotential_height":
        return FieldScale(quantity.least, quantity.most, "viridis", quantity.units)
    return None
