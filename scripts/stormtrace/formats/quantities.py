"""What a field of a name is: its units, and the values it can have on Earth."""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from stormtrace.errors import BadInput
from stormtrace.formats.units import convert, parse_unit


@dataclass(frozen=True)
class Quantity:
    """What a name of a field stands for.

    least, most: between these lies every value on Earth; mean: every mean over an area and some
    time. What lies outside is in other units, or an undeclared fill value, or another field.
    """

    long_name: str
    units: str
    standard_name: str
    least: float
    most: float
    mean: tuple[float, float]

    def range_in(self, units: str) -> tuple[float, float]:
        """Return least and most in other units; infinite where these are not understood."""
        usual, own = parse_unit(self.units), parse_unit(units)
        found = convert(usual, own) if usual is not None and own is not None else None
        if found is None:
            return -np.inf, np.inf
        return found.factor * self.least + found.offset, found.factor * self.most + found.offset


WATER = Quantity(
    "Total precipitable water", "kg m-2", "atmosphere_mass_content_of_water_vapor", -1.0, 200.0,
    (0.1, 75.0),
)  # fmt: skip
SEA_LEVEL = Quantity(
    "Sea level pressure", "Pa", "air_pressure_at_mean_sea_level", 80000.0, 115000.0,
    (95000.0, 106000.0),
)  # fmt: skip
SURFACE = Quantity(
    "Surface pressure", "Pa", "surface_air_pressure", 20000.0, 115000.0, (45000.0, 106000.0)
)
EASTWARD = Quantity("Zonal wind", "m s-1", "eastward_wind", -300.0, 300.0, (-60.0, 90.0))
NORTHWARD = Quantity("Meridional wind", "m s-1", "northward_wind", -300.0, 300.0, (-40.0, 40.0))
TEMPERATURE = Quantity("Temperature", "K", "air_temperature", 100.0, 400.0, (180.0, 330.0))
HUMIDITY = Quantity("Specific humidity", "kg kg-1", "specific_humidity", -0.01, 0.1, (0.0, 0.04))
#: CF has names for its components only.
TRANSPORT = Quantity(
    "Vertically integrated water vapour transport", "kg m-1 s-1", "", -10000.0, 10000.0,
    (-1200.0, 1200.0),
)  # fmt: skip
VORTICITY = Quantity(
    "Relative vorticity", "s-1", "atmosphere_relative_vorticity", -0.1, 0.1, (-1e-3, 1e-3)
)
HEIGHT = Quantity("Geopotential height", "m", "geopotential_height", -np.inf, np.inf, (0.0, 0.0))

#: Names of fields, in capitals -> what they are; (\d+) is a pressure in hPa.
NAMED = {
    r"TMQ": WATER,
    r"PSL": SEA_LEVEL,
    r"PS": SURFACE,
    r"U(\d+)": EASTWARD,
    r"V(\d+)": NORTHWARD,
    r"T(\d+)": TEMPERATURE,
    r"Q(\d+)": HUMIDITY,
    r"Z(\d+)": HEIGHT,
    r"IVT": TRANSPORT,
    r"(?:VORT|VRT)(\d+)": VORTICITY,
}


def quantity_named(name: str) -> Quantity | None:
    """Return what a field is by its name in any case; None: unknown."""
    for pattern, quantity in NAMED.items():
        if match := re.fullmatch(pattern, name.upper()):
            return at_level(quantity, float(match[1]) if match.groups() else 0.0)
    return None


def at_level(quantity: Quantity, pressure: float) -> Quantity:
    """Return a quantity at a pressure, hPa; 0: there is none."""
    if not pressure:
        return quantity
    found = replace(quantity, long_name=f"{quantity.long_name} at {pressure:g} hPa")
    if quantity is not HEIGHT:
        return found
    # Hydrostatic, with the scale heights of air of 205 K and of 307 K under 860 … 1090 hPa.
    heights = [
        scale * np.log(bottom / pressure)
        for scale in (6000.0, 9000.0)
        for bottom in (860.0, 1090.0)
    ]
    low, high = min(heights), max(heights)
    return replace(found, least=low, most=high, mean=(low, high))


@functools.lru_cache
def possible(name: str, units: str) -> tuple[float, float]:
    """Return the least and greatest value of a field on Earth; infinite where that is unknown."""
    quantity = quantity_named(name)
    return (-np.inf, np.inf) if quantity is None or not units else quantity.range_in(units)


def check_possible(
    path: Path | str, name: str, attributes: Mapping[str, object], least: float, most: float
) -> None:
    """Check the least and greatest value of a field in a sample, whoever made it.

    attributes: the field's. Without units nothing is known, and anomalies can be anything.

    Raises:
        BadInput: no atmosphere has such values.

    """
    units = str(attributes.get("units", ""))
    low, high = possible(name, units)
    if (low <= least and most <= high) or not least <= most:  # all missing
        return
    about = f"{attributes.get('long_name', '')} {attributes.get('standard_name', '')}".lower()
    if "anomaly" in about or "departure" in about:
        return
    raise BadInput(
        f"{path}: {name} has values of {least:g} … {most:g} {units}; {low:g} … {high:g} is possible"
        " on Earth: the file is damaged, has undeclared fill values, or its units are wrong;"
        " correct it, or make it again"
    )
