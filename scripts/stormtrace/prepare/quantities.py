"""What a field is: its units, the values it can have on Earth, and its behaviour under a mirror.

The derivation decides, then the file's standard_name; names follow.
"""

import re
from dataclasses import dataclass, replace

import numpy as np

from stormtrace.prepare.verbs import Derivation, Magnitude, Mirror, Transport, Vorticity


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

#: Vector components and rotations in CF's (and NASA's) standard names that change sign.
ODD_STANDARD = re.compile(
    r"northward|vorticity|meridional|(^|_)y_(wind|stress)|coriolis|^latitude$"
)
#: Directions are neither: a mirrored wind from 30° blows from 150°.
NO_PARITY = re.compile(r"direction|^unknown$")

NORTHWARD_NAMES = (
    r"V(A?\d*M?|BOT|AS|LML|FLX.*|Q.*)|TAU[VY]|TVQ|V_?IVT|IVT_?[VY]|V_?\d+_?(H?PA|MB)|VIWVN"
    r"|V_AT_\w+|V_COMPONENT\w*|\w*NORTHWARD\w*|\w*MERIDIONAL\w*|VAR_\d+V|\d+V"
)
#: Names of fields that change sign in a mirror at the equator: winds, fluxes and stresses to the
#: north (V850, VA850, VBOT, VLML, V10M, VQ, VFLXQV, TAUY, TAUV, IVTy, VIWVN), and vorticities.
ODD = re.compile(rf"^({NORTHWARD_NAMES}|(VO|VOR|VORT|VRT|RVORT|PV)_?\d*|\w*VORTICITY\w*)$", re.I)
#: Names of fields that keep it: water, winds to the east, pressures, heights, temperatures.
EVEN = re.compile(
    r"^(TMQ|TCWV?|TCW|PRW|TQ[VIL]|IWV|IVT|PRECIPW|PW|TOTAL_COLUMN\w*|VAPOR"
    r"|U(A?\d*M?|BOT|AS|LML|FLX\w*|Q\w*|_AT_\w+|_COMPONENT\w*)|\w*EASTWARD\w*|\w*ZONAL\w*|VIWVE"
    r"|TUQ|TAU[UX]|U_?IVT|IVT_?[UX]|WSPD?\d*M?|SPEED\w*|\w*_SPEED|\w*WIND_SPEED\w*"
    r"|PSL?|SLP|MSLP?|SP|SEALEVELPRESSURE|MEAN_SEA_LEVEL_PRESSURE|SURFACE_PRESSURE"
    r"|[TQHZR](A?\d*M?|BOT|REFHT|S|H)|Z3|ZG\d*|T2M?|D2M|TAS|TS|HUS\d*|HUR\d*|RH\d*M?|QREFHT|TREFHT"
    r"|GEOPOTENTIAL\w*|\w*TEMPERATURE\w*|\w*HUMIDITY\w*"
    r"|PRECT\w*|PRECC|PRECL|PR|TP|CP|LSP|\w*PRECIP\w*|OMEGA\d*|W\d*|WAP\d*|CAPE|FLUT|OLR|LHFLX|SHFLX)$",
    re.I,
)


def quantity_of(name: str, derivation: Derivation | None = None) -> Quantity | None:
    """Return what a field is, by its derivation, else by its name in any case; None: unknown."""
    if isinstance(derivation, Transport):
        words = {"magnitude": "", "eastward": "Eastward ", "northward": "Northward "}
        component = derivation.component
        standard = f"{component}_atmosphere_water_vapor_transport_across_unit_distance"
        long_name = f"{words[component]}{TRANSPORT.long_name}".capitalize()
        return replace(
            TRANSPORT,
            long_name=long_name,
            standard_name="" if component == "magnitude" else standard,
        )
    if isinstance(derivation, Vorticity):
        return _at_level(VORTICITY, derivation.level / 100)
    for pattern, quantity in NAMED.items():
        if match := re.fullmatch(pattern, name.upper()):
            return _at_level(quantity, float(match[1]) if match.groups() else 0.0)
    return None


def _at_level(quantity: Quantity, pressure: float) -> Quantity:
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


def mirror_of(name: str, derivation: Derivation, standard_name: str) -> Mirror | None:
    """Return how a field behaves under a mirror at the equator; None: nothing says.

    standard_name: its first raw variable's, empty where there is none.
    """
    if derivation.mirror is not None:
        return derivation.mirror
    if isinstance(derivation, Vorticity):
        return "odd"
    if isinstance(derivation, Magnitude):
        return "even"
    if isinstance(derivation, Transport):
        return "odd" if derivation.component == "northward" else "even"
    return mirror_of_standard_name(standard_name) or mirror_of_name(derivation.variable, name)


def mirror_of_standard_name(standard_name: str) -> Mirror | None:
    """Return what a standard name says of a mirror; None: nothing."""
    if not standard_name or NO_PARITY.search(standard_name):
        return None
    squared = standard_name.startswith("square_of")
    return "odd" if ODD_STANDARD.search(standard_name) and not squared else "even"


def mirror_of_name(*names: str) -> Mirror | None:
    """Return what the first name that is known says of a mirror; None: none is."""
    for name in names:
        if ODD.match(name):
            return "odd"
        if EVEN.match(name):
            return "even"
    return None
