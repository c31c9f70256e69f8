"""Units as raw files spell them, parsed into powers of kg, m, s and K, and converted.

A small table does what cf-units would: `m s**-1`, `kg kg**-1`, `kg/m^2`, `m+2 s-2`, `mm/day`,
`mm (3h)-1`, `m of water equivalent`.
"""

import re
from dataclasses import dataclass

#: (kg, m, s, K)
Dimensions = tuple[int, int, int, int]


@dataclass(frozen=True)
class Unit:
    """value in SI = factor · value + offset, of dimensions in powers of kg, m, s, K."""

    factor: float
    dimensions: Dimensions
    offset: float = 0.0

    def __mul__(self, other: "Unit") -> "Unit":
        """Return the unit of a product."""
        together = zip(self.dimensions, other.dimensions, strict=True)
        kg, m, s, kelvin = (one + two for one, two in together)
        return Unit(self.factor * other.factor, (kg, m, s, kelvin))

    def power(self, exponent: int) -> "Unit":
        """Return the unit of a power."""
        kg, m, s, kelvin = (exponent * one for one in self.dimensions)
        offset = self.offset if exponent == 1 else 0.0
        return Unit(self.factor**exponent, (kg, m, s, kelvin), offset)


def _known() -> dict[str, Unit]:
    """Return spelling, in small letters -> unit."""
    table: dict[Dimensions, dict[str, float]] = {
        (0, 0, 0, 0): {"1": 1, "%": 0.01, "percent": 0.01, "ppm": 1e-6, "rad": 1, "radian": 1},
        (1, 0, 0, 0): {"kg": 1, "kilogram": 1, "g": 1e-3, "gram": 1e-3, "mg": 1e-6},
        (0, 1, 0, 0): {"m": 1, "meter": 1, "metre": 1, "gpm": 1, "cm": 1e-2, "mm": 1e-3, "km": 1e3,
                       "dam": 10, "gpdm": 10, "inch": 0.0254, "inches": 0.0254, "in": 0.0254},
        (0, 0, 1, 0): {"s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "h": 3600,
                       "hr": 3600, "hour": 3600, "d": 86400, "day": 86400},
        (0, 0, 0, 1): {"k": 1, "kelvin": 1},
        (1, -1, -2, 0): {"pa": 1, "pascal": 1, "hpa": 100, "hectopascal": 100, "kpa": 1000,
                         "mb": 100, "mbar": 100, "millibar": 100, "bar": 1e5},
        (1, 1, -2, 0): {"n": 1, "newton": 1},
        (1, 2, -2, 0): {"j": 1, "joule": 1},
        (1, 2, -3, 0): {"w": 1, "watt": 1},
        (0, 1, -1, 0): {"knot": 0.514444, "kt": 0.514444},
    }  # fmt: skip
    found = {
        spelling: Unit(factor, dimensions)
        for dimensions, spellings in table.items()
        for spelling, factor in spellings.items()
    }
    celsius = Unit(1.0, (0, 0, 0, 1), 273.15)
    return found | dict.fromkeys(("degc", "celsius", "deg_c", "degree_c", "°c"), celsius)


KNOWN = _known()

#: A mass of air or water per area, what an integral over dp/g multiplies by.
COLUMN = Unit(1.0, (1, -2, 0, 0))

WATER = 1000.0
#: Dimensions given and wanted -> by what to multiply besides: a depth of water for its mass per
#: area and back (1000 kg m-3), their rates, geopotential for height (9.80665 m s-2, WMO's).
EQUIVALENT: dict[tuple[Dimensions, Dimensions], float] = {
    ((0, 1, 0, 0), COLUMN.dimensions): WATER,
    (COLUMN.dimensions, (0, 1, 0, 0)): 1 / WATER,
    ((0, 1, -1, 0), (1, -2, -1, 0)): WATER,
    ((1, -2, -1, 0), (0, 1, -1, 0)): 1 / WATER,
    ((0, 2, -2, 0), (0, 1, 0, 0)): 1 / 9.80665,
}

#: What is said of a depth besides its unit: `m of water equivalent`, `mm H2O`.
WATER_NAMED = re.compile(r"\s+(of\s+)?(liquid\s+)?(water(\s+equivalent)?|h2o)\b", re.IGNORECASE)

#: Units written wrong in files that are read all over the world.
MISSPELT = {"kg kg-1 m-1 s-1": "kg m-1 s-1"}


def parse_unit(text: str) -> Unit | None:
    """Return what a spelling means; None where it is empty or not understood."""
    plain = re.sub(r"\*\*|\^|[{}()]", "", WATER_NAMED.sub("", " ".join(text.split())))
    plain = re.sub(r"\s*/\s*|\s+per\s+", " /", MISSPELT.get(plain, plain))
    unit = Unit(1.0, (0, 0, 0, 0))
    tokens = [token for token in re.split(r"[\s.*·]+", plain) if token]
    for token in tokens:
        match = re.fullmatch(r"(/?)(\d*)([^\d+/-]+|1)([+-]?\d+)?", token)
        known = _spelt(match[3].lower()) if match else None
        if match is None or known is None:
            return None
        if len(tokens) == 1 and token == match[3]:
            return known
        several = Unit(float(match[2] or 1), (0, 0, 0, 0)) * known  # mm/3hr
        unit = unit * several.power((-1 if match[1] else 1) * int(match[4] or 1))
    return unit if tokens else None


def _spelt(word: str) -> Unit | None:
    """Return the unit of a word, in the singular or the plural."""
    return KNOWN.get(word) or KNOWN.get(word.removesuffix("s"))


@dataclass(frozen=True)
class Conversion:
    """wanted = factor · given + offset."""

    factor: float = 1.0
    offset: float = 0.0


IDENTITY = Conversion()


def convert(given: Unit, wanted: Unit) -> Conversion | None:
    """Return what turns values in one unit into another's; None where they are not alike."""
    alike = given.dimensions == wanted.dimensions
    more = 1.0 if alike else EQUIVALENT.get((given.dimensions, wanted.dimensions))
    if more is None:
        return None
    # wanted · factor + offset = given · factor + offset, both in SI
    factor = given.factor * more / wanted.factor
    if abs(factor - 1.0) < 1e-12:
        factor = 1.0
    return Conversion(factor, (given.offset - wanted.offset) / wanted.factor)


def is_same_unit(one: str, other: str) -> bool:
    """Whether numbers in both mean the same, however they are spelt; yes where one says nothing."""
    if one == other or not one or not other:
        return True
    first, second = parse_unit(one), parse_unit(other)
    return first is not None and second is not None and convert(first, second) == IDENTITY


def pascals(units: object) -> float | None:
    """Factor converting a pressure unit to Pa, or None if it is not a pressure unit."""
    unit = parse_unit(str(units))
    return unit.factor if unit is not None and unit.dimensions == KNOWN["pa"].dimensions else None


#: Units that a level's pressure may be said to have -> Pa.
PASCALS = {"hPa": 100.0, "Pa": 1.0}
