"""Latitudes and longitudes in degrees, whatever their units, and those of files without any."""

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.prepare.raw.opened import RawVariable

Floats = NDArray[np.float64]

#: Units that say nothing.
EMPTY = ("", "1", "-", "none", "unitless", "dimensionless")

#: Names that MPAS and ICON give to coordinates in radians.
IN_RADIANS = ("latcell", "loncell", "latedge", "lonedge", "latvertex", "lonvertex", "clat", "clon",
              "elat", "elon", "vlat", "vlon")  # fmt: skip

#: Rounding of float32 coordinates, radians.
ROUNDING = 1e-5

#: Longitudes in radians lie within this of π/2: in −π … 2π.
REACH = 1.5 * np.pi + ROUNDING


def lacks_units(source: RawVariable) -> bool:
    """Whether a variable's units are not given."""
    return source.units.lower() in EMPTY


def is_angle(source: RawVariable) -> bool:
    """Whether a variable may be an angle by its units."""
    units = source.units.lower()
    return lacks_units(source) or units.startswith(("deg", "°")) or is_radians(source)


def in_degrees(
    pair: tuple[RawVariable, RawVariable], time: str | None = None
) -> tuple[Floats, Floats]:
    """Return latitudes and longitudes in degrees, without the dimension of time.

    Without units they are degrees, unless MPAS's or ICON's names or their values say radians.

    Raises:
        BadInput: values that are no coordinate, that change in time, that contradict their units,
            or that may be either.

    """
    lat, lon = (_read(each, time) for each in pair)
    unknown = [lacks_units(each) for each in pair]
    turned = any(unknown) and _are_radians(pair, lat, lon)
    for source, values, most in zip(pair, (lat, lon), (np.pi / 2, 4 * np.pi), strict=True):
        if is_radians(source) and np.abs(values).max() > most + ROUNDING:
            raise BadInput(
                f"{source.path}: {source.name} is in {source.units} and reaches"
                f" {np.abs(values).max():g}: correct its attribute `units`"
            )
    lat, lon = (
        np.degrees(values) if is_radians(source) or (turned and missing) else values
        for source, values, missing in zip(pair, (lat, lon), unknown, strict=True)
    )
    return lat, lon


def is_radians(source: RawVariable) -> bool:
    """Whether a variable's units are radians."""
    return source.units.lower().startswith("rad")


def _read(source: RawVariable, time: str | None) -> Floats:
    found = source.read_once(time) if time else source.read()
    values = found.astype(np.float64, copy=False)
    if values.size == 0 or not (values.min() >= -720.0 and values.max() <= 720.0):  # nor NaN
        bad = ~(np.abs(values) <= 720.0)
        raise BadInput(
            f"{source.path}: {source.name} has {int(bad.sum())} of {values.size}"
            " values that are no coordinate (fill values?): the file is unusable"
        )
    return values


def _are_radians(pair: tuple[RawVariable, RawVariable], lat: Floats, lon: Floats) -> bool:
    """Whether coordinates without units are radians.

    Raises:
        BadInput: they may be, or may be degrees of a small region at 0N 0E.

    """
    low, high = lon.min(), lon.max()
    turn = 2 * np.pi
    if (
        np.abs(lat).max() > np.pi / 2 + ROUNDING
        or low < -np.pi - ROUNDING
        or high > turn + ROUNDING
    ):
        return False
    if all(each.name.lower() in IN_RADIANS for each in pair) or any(map(is_radians, pair)):
        return True
    if any(not lacks_units(each) for each in pair):
        return False
    if _axes_of_a_globe(lat, lon) if _are_axes(pair) else _points_of_a_globe(lat, lon):
        return True
    names = " and ".join(each.name for each in pair)
    edits = " ".join(f"-a units,{each.name},o,c,degrees" for each in pair)
    raise BadInput(
        f"{pair[0].path}: {names} have no units, and their values ({lat.min():g} … {lat.max():g},"
        f" {low:g} … {high:g}) may be radians or degrees: give them units, with NCO: ncatted"
        f" {edits} FILE (or `radian` for `degrees`)"
    )


def _are_axes(pair: tuple[RawVariable, RawVariable]) -> bool:
    lat, lon = pair
    return len(lat.dimensions) == len(lon.dimensions) == 1 and lat.dimensions != lon.dimensions


def _axes_of_a_globe(lat: Floats, lon: Floats) -> bool:
    """Whether axes in radians go round the globe and reach the poles, but for a row."""
    if min(lat.size, lon.size) < 4:
        return False
    width = np.median(np.abs(np.diff(lon)))
    height = np.median(np.abs(np.diff(lat)))
    closes = min(abs(lon.size * width - 2 * np.pi), abs((lon.size - 1) * width - 2 * np.pi))
    reaches = np.pi / 2 - min(-lat.min(), lat.max()) <= 1.5 * height
    return bool(closes < 0.01 * width and reaches)


def _points_of_a_globe(lat: Floats, lon: Floats) -> bool:
    """Whether points in radians are spread over the globe.

    They reach the poles and go round; and sin² φ is a third in the mean over a sphere, but a half
    over a rectangle of that size in degrees.
    """
    width = 3 * np.sqrt(4 * np.pi / lat.size)
    reaches = np.pi / 2 - min(-lat.min(), lat.max()) <= width and np.ptp(lon) >= 2 * np.pi - width
    return bool(lat.size >= 100 and reaches and abs(np.mean(np.sin(lat) ** 2) - 1 / 3) < 0.03)
