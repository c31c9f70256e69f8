"""The coefficients of hybrid levels, p = a + b · ps, whole and in order."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.prepare.raw.level_order import check_order

Values = NDArray[np.float64]

#: ECMWF's 137 levels (ERA5; IFS since 2013), half levels as published on its page "L137 model level
#: definitions"; compared with two other copies and the pressures of a column of the IFS.
L137 = Path(__file__).resolve().parents[2] / "data" / "ecmwf_l137.txt"

#: Surface pressures over which levels must be in order, Pa.
GROUNDS = np.array([[101325.0], [50000.0]])


@dataclass(frozen=True, eq=False)
class Coefficients:
    """Hybrid coefficients of a whole model, or of the levels a file has, in its order; a in Pa.

    a, b: (n,) at mid-levels. a_interface, b_interface: (n + 1,), None where they are not known.
    dimension: that of the mid-levels, to see whether they lie along a variable's own levels.
    surface: name of the surface pressure, where the file's formula says so.
    """

    path: str
    a: Values
    b: Values
    a_interface: Values | None = None
    b_interface: Values | None = None
    dimension: str | None = None
    surface: str | None = None

    @property
    def nominal(self) -> Values:
        """The nominal a / 1000 hPa + b: about the pressure of each level over sea level, 0 … 1."""
        return self.a / 100000.0 + self.b


def from_half_levels(
    path: str, a: Values, b: Values, dimension: str | None = None, surface: str | None = None
) -> Coefficients:
    """Return coefficients of which those at mid-levels are the means of their interfaces'."""
    mid_a, mid_b = ((each[1:] + each[:-1]) / 2 for each in (a, b))
    return fitting(Coefficients(path, mid_a, mid_b, a, b, dimension, surface))


def table_coefficients(path: str | Path) -> Coefficients:
    """Return the coefficients in a table of half levels: their number, a in Pa, b, from the top.

    Raises:
        BadInput: it is no such table.

    """
    try:
        lines = [line.replace(",", " ") for line in Path(path).read_text().splitlines()]
        numbers = [line for line in lines if line.strip()[:1].isdigit()]
        rows = np.array([line.split()[:3] for line in numbers], np.float64)
    except (ValueError, OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: {_wanted()}; found: {error}") from error
    whole = rows.ndim == 2 and rows.shape[0] > 2 and rows.shape[1] == 3
    if not whole or (rows[:, 0] != np.arange(len(rows))).any() or rows[-1, 2] != 1.0:
        raise BadInput(f"{path}: {_wanted()}; found {len(rows)} lines of numbers, not of this kind")
    return from_half_levels(str(path), rows[:, 1], rows[:, 2])


def listed_coefficients(path: str, pv: NDArray) -> Coefficients:
    """Return the coefficients of GRIB's list `pv`: all a of the half levels in Pa, then all b."""
    half = np.asarray(pv, np.float64).reshape(2, -1)
    return from_half_levels(path, half[0], half[1])


def _wanted() -> str:
    return (
        "coefficients of hybrid levels are expected: a netCDF file with hyam, hybm, hyai, hybi and"
        " P0 (or CMOR's ap, b, ap_bnds, b_bnds), or a text file of ECMWF's half levels, a line"
        " each: number from 0, a in Pa, b"
    )


def fitting(found: Coefficients) -> Coefficients:
    """Return coefficients in order, interfaces the way of their mid-levels.

    Interfaces that are not one more than the mid-levels are left out: these are some of a model's.

    Raises:
        BadInput: they are not in order, or mid-levels do not lie between their interfaces.

    """
    middle = _pressures(found.a, found.b)
    check_order(middle, f"{found.path}: hybrid coefficients (hyam, hybm)")
    if (middle > GROUNDS * (1 + 1e-6)).any():
        raise BadInput(
            f"{found.path}: hybrid coefficients (hyam, hybm) give {middle[0].max():g} Pa over"
            f" ground at {GROUNDS[0, 0]:g} Pa: correct them, or name others with"
            " `vertical: {coefficients: …}`"
        )
    a, b = found.a_interface, found.b_interface
    if a is None or b is None or a.size != found.a.size + 1:
        return replace(found, a_interface=None, b_interface=None)
    if _falls(a, b) != _falls(found.a, found.b):
        a, b = a[::-1], b[::-1]
    _check_between(found, middle, _pressures(a, b))
    return replace(found, a_interface=a, b_interface=b)


def _falls(a: Values, b: Values) -> bool:
    return bool((a + b * 1e5)[0] > (a + b * 1e5)[-1])


def _pressures(a: Values, b: Values) -> Values:
    return a + b * GROUNDS


def _check_between(found: Coefficients, middle: Values, edges: Values) -> None:
    low, high = np.minimum(edges[:, :-1], edges[:, 1:]), np.maximum(edges[:, :-1], edges[:, 1:])
    off = ((middle < low - 1e-6 * high) | (middle > high * (1 + 1e-6))).any(axis=0)
    if off.any():
        level = int(np.flatnonzero(off)[0])
        raise BadInput(
            f"{found.path}: level {level + 1} of {off.size} by hyam and hybm is at"
            f" {middle[0, level]:g} Pa, but by hyai and hybi it goes from {low[0, level]:g} to"
            f" {high[0, level]:g} Pa: mid-levels must lie between their interfaces; name a file"
            " with the right ones with `vertical: {coefficients: …}`"
        )
