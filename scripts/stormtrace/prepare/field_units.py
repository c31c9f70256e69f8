"""Units of raw variables, carried through a derivation to those of its field."""

from collections.abc import Mapping, Sequence

from stormtrace.errors import BadInput
from stormtrace.formats.units import COLUMN, IDENTITY, KNOWN, Conversion, Unit, convert, parse_unit
from stormtrace.prepare.field_quantities import quantity_of
from stormtrace.prepare.verbs import Derivation, Integrate, Sum, Transport, Vorticity

#: What humidity and winds are in where their files do not say.
DIMENSIONLESS, SPEED = Unit(1.0, (0, 0, 0, 0)), Unit(1.0, (0, 1, -1, 0))
PER_METRE = KNOWN["m"].power(-1)


def field_units(name: str, derivation: Derivation, units: Mapping[str, str]) -> str:
    """Return the units a field has in samples, as text; empty where nothing says.

    units: raw variable -> its units as its file gives them.
    """
    if derivation.units is not None:
        return derivation.units
    quantity = quantity_of(name, derivation)
    if quantity is not None:
        return quantity.units
    own = units.get(derivation.variable, "")
    if isinstance(derivation, Integrate):
        parsed = parse_unit(own)
        is_ratio = parsed is not None and parsed.dimensions == DIMENSIONLESS.dimensions
        return "kg m-2" if is_ratio else f"{own} kg m-2" if own else ""
    return own


def field_conversion(
    name: str, derivation: Derivation, units: Mapping[str, str], path: str
) -> Conversion:
    """Return what brings a derived field to the units of `field_units`.

    Nothing where neither the name nor `units` asks for any, or the file does not declare its own.

    Raises:
        BadInput: units that cannot be the field's, such as a pressure's where a wind is wanted; a
            sum of rates.

    """
    _check_amount(name, derivation, units, path)
    wanted = field_units(name, derivation, units)
    target = parse_unit(wanted)
    asked = derivation.units is not None or quantity_of(name, derivation) is not None
    if target is None and derivation.units is not None:
        raise BadInput(f"units of {name} are {wanted!r}, which are not understood: say e.g. hPa")
    if not asked or target is None or not any(units.values()):
        return IDENTITY
    given = _derived(derivation, units)
    found = convert(given, target) if given is not None else None
    is_wind = derivation.units is None and target.dimensions == SPEED.dimensions
    if is_wind and given is not None and given.dimensions != SPEED.dimensions:
        found = None  # a flux of rain, which converts to a speed
    if found is None or (found.offset and isinstance(derivation, Sum | Integrate)):
        listed = " and ".join(dict.fromkeys(repr(unit) for unit in units.values() if unit))
        raise BadInput(
            f"{path}: {', '.join(derivation.variables)}, from which {name} comes, is in"
            f" {listed}; {_needed(derivation, wanted)} is needed, or a unit that converts"
        )
    return found


def same_units(units: str, first: str, name: str, other: str, path: str) -> float:
    """Return the factor from one component's units to another's; 1 where a file does not say.

    Raises:
        BadInput: they do not convert.

    """
    if not units or not first or units == first:
        return 1.0
    one, two = parse_unit(units), parse_unit(first)
    found = convert(one, two) if one is not None and two is not None else None
    if found is None or found.offset:
        raise BadInput(
            f"{path}: {name} is in {units!r}, but {other}, which it belongs to, in {first!r}: both"
            " must be components of one vector"
        )
    return found.factor


def _derived(derivation: Derivation, units: Mapping[str, str]) -> Unit | None:
    """Return the unit of a derivation's result; None where one of a variable is not understood."""
    first = units.get(derivation.variable, "")
    if isinstance(derivation, Transport):
        wind = units.get(derivation.variables[1], "")
        return _product([_or(first, DIMENSIONLESS), _or(wind, SPEED), COLUMN])
    if isinstance(derivation, Integrate):
        return _product([parse_unit(first), COLUMN])
    if isinstance(derivation, Vorticity):
        return _product([_or(first, SPEED), PER_METRE])
    return parse_unit(first)


def _or(text: str, usual: Unit) -> Unit | None:
    return parse_unit(text) if text else usual


def _product(units: Sequence[Unit | None]) -> Unit | None:
    product = DIMENSIONLESS
    for unit in units:
        if unit is None:
            return None
        product = product * unit
    return product


def _needed(derivation: Derivation, wanted: str) -> str:
    if isinstance(derivation, Transport):
        return "kg kg-1 and m s-1"
    if isinstance(derivation, Vorticity):
        return "m s-1"
    return "kg kg-1" if isinstance(derivation, Integrate) and wanted == "kg m-2" else wanted


def _check_amount(name: str, derivation: Derivation, units: Mapping[str, str], path: str) -> None:
    """Refuse (BadInput) to sum what is given per time."""
    unit = parse_unit(units.get(derivation.variable, ""))
    if isinstance(derivation, Sum) and unit is not None and unit.dimensions[2] < 0:
        raise BadInput(
            f"{path}: {derivation.variable}, from which {name} comes, is a rate"
            f" ({units[derivation.variable]!r}), and a sum of rates depends on how many records"
            f" there are: take: {derivation.variable} gives their mean"
        )
