"""What a derived field is, and its behaviour under a mirror at the equator.

The derivation decides, then the file's standard_name; names follow.
"""

import re
from dataclasses import replace

from stormtrace.formats.quantities import (
    TRANSPORT,
    VORTICITY,
    Quantity,
    at_level,
    quantity_named,
)
from stormtrace.prepare.verbs import Derivation, Magnitude, Mirror, Transport, Vorticity

#: Vector components and rotations in CF's (and NASA's) standard names that change sign. (With u
#: even and v odd, the stream function is odd: u = −∂ψ/∂y.)
ODD_STANDARD = re.compile(
    r"northward|vorticity|meridional|(^|_)y_(?!derivative)|coriolis|^latitude$|horizontal_stream"
    r"function|helicity"
)
#: Directions are neither: a mirrored wind from 30° blows from 150°. Of a derivative along y the
#: sign changes once more than the field's.
NO_PARITY = re.compile(r"direction|azimuth|y_derivative|derivative_of.*wrt_(y|latitude)|^unknown$")
#: Components along the axes of a grid, which turn with it.
ALONG_AXES = re.compile(r"(^|_)[xy]_(?!derivative)|grid_(north|east)ward")

NORTHWARD_NAMES = (
    r"V(A?\d*M?|BOT|AS|LML|FLX.*|Q.*|[TUZ])|TAU(G|GW)?[VY]|TVQ|V_?IVT|IVT_?[VYN]"
    r"|V_?\d+_?(H?PA|MB)|VIWVN|V_AT_\w+|V_COMPONENT\w*|V_?WIND\w*|VGRD\w*|\w*NORTHWARD\w*"
    r"|\w*MERIDIONAL\w*|VAR_\d+V|\d+V|OMEGAV|PSI_?\d*|STRM\w*|STREAM_?FUNCTION\w*"
)
#: Names of fields that change sign in a mirror at the equator: winds, fluxes and stresses to the
#: north (V850, VA850, VBOT, VLML, V10M, VQ, VFLXQV, TAUY, TAUV, IVTy, VIWVN), and vorticities.
ODD = re.compile(
    rf"^({NORTHWARD_NAMES}|(VO|VOR|VORT|VRT|RVORT|RELV|ABSV|PV)_?\d*"
    r"|\w*VORTICITY\w*|\w*HELICITY\w*|SRH_?\d*)$",
    re.I,
)
#: Names of fields that keep it: water, winds to the east, pressures, heights, temperatures.
EVEN = re.compile(
    r"^(TMQ|TCWV?|TCW|PRW|TQ[VIL]|IWV|IVT|PRECIPW|PW|TOTAL_COLUMN\w*|VAPOR"
    r"|U(A?\d*M?|BOT|AS|LML|FLX\w*|Q\w*|[TUZ]|_AT_\w+|_COMPONENT\w*|GRD\w*|_?WIND\w*)|VV"
    r"|U_?\d+_?(H?PA|MB)|VAR_\d+U|\d+U|\w*EASTWARD\w*|\w*ZONAL\w*|VIWVE|OMEGAU|OMEGAT"
    r"|DIV_?\d*|\w*DIVERGENCE\w*|CHI_?\d*|VELOCITY_POTENTIAL\w*"
    r"|TUQ|TAU(G|GW)?[UX]|U_?IVT|IVT_?[UXE]|WSPD?\d*M?|SPEED\w*|\w*_SPEED|\w*WIND_SPEED\w*"
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
        return at_level(VORTICITY, derivation.level / 100)
    return quantity_named(name)


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
