"""What the coordinate of levels holds: pressures, or something that is none."""

import logging
import re
from functools import cache

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.units import pascals
from stormtrace.prepare.dataset import Dataset
from stormtrace.prepare.raw.opened import RawFile, RawVariable
from stormtrace.prepare.raw.variable_layout import Layout

Values = NDArray[np.float64]

log = logging.getLogger("stormtrace")

#: Words in the names of a coordinate whose levels follow the ground, whatever its units are.
MODEL_LEVELS = ("hybrid", "alevel", "model level", "model_level", "model_layer", "ref full")

#: Names of coordinates that are pressures of themselves.
PRESSURES = ("plev", "pressure", "pressure_level", "air_pressure", "isobaric", "isobaricinhpa")

#: Units that say nothing.
NO_UNITS = ("", "1", "none", "level", "levels", "-", "~")

#: What levels may be that is no pressure -> CF's standard names, units, usual names.
OTHERS = {
    "depths": (("depth",), (), ("depth", "olevel", "soil")),
    "heights": (("height", "altitude", "geopotential_height", "atmosphere_sleve_coordinate",
                 "atmosphere_hybrid_height_coordinate", "height_above_mean_sea_level",
                 "height_above_reference_ellipsoid"),
                ("m", "km", "meter", "meters", "metre", "metres", "gpm"),
                ("height", "altitude", "alt", "heightaboveground", "zlev")),
    "sigma levels": (("atmosphere_sigma_coordinate",), ("sigma_level", "sigma"), ("sigma",)),
    "levels of constant potential temperature": (("air_potential_temperature",),
                                                 ("k", "kelvin", "degk"), ("theta", "isentropic")),
    "logarithms of pressure": (("atmosphere_ln_pressure_coordinate",), (), ()),
}  # fmt: skip

#: What the configuration may say of levels -> Pa.
PASCALS = {"hPa": 100.0, "Pa": 1.0}

#: No pressure in the air is higher, Pa.
HIGHEST = 115000.0


def level_variable(opened: RawFile, layout: Layout) -> RawVariable | None:
    """Return the coordinate of a variable's levels; a single number where it has no such dimension.

    It has the name of the dimension, or lies along it and says that it is vertical.
    """
    if layout.level is None:
        listed = layout.variable.text("coordinates").split()
        single = [each for each in opened.values() if not each.dimensions and _is_pressure(each)]
        return next(iter(sorted(single, key=lambda each: each.name not in listed)), None)
    if layout.level in opened and opened[layout.level].dimensions[-1:] == (layout.level,):
        return opened[layout.level]
    along = [each for each in opened.values() if each.dimensions == (layout.level,)]
    sure = [each for each in along if "formula_terms" in each.attributes]
    likely = [each for each in along if "positive" in each.attributes or each.text("axis") == "Z"]
    return next(iter([*sure, *likely, *(each for each in along if _is_pressure(each))]), None)


def _is_pressure(source: RawVariable) -> bool:
    named = source.text("standard_name") == "air_pressure" or source.name.lower() in PRESSURES
    return named and pressure_unit(source.units) is not None


def level_numbers(level: RawVariable | None) -> Values | None:
    """Return the values of a level's coordinate as the file has them; None where it has none."""
    if level is None or level.dtype.kind not in "iuf":
        return None
    repeated = len(level.shape) > 1
    found = level.read_once(level.dimensions[0]) if repeated else level.read()
    return np.atleast_1d(found.astype(np.float64))


def pressure_unit(units: str) -> float | None:
    """Return what brings a unit of pressure to Pa, also of WeatherBench's "Hectopascal(hPa)"."""
    within = re.fullmatch(r"\s*\w+\s*\((\w+)\)\s*", units)
    return pascals(within[1] if within else units)


def constant_pressure(level: RawVariable | None, dataset: Dataset) -> Values | None:
    """Return the pressures, Pa, of a level's coordinate, or None where it is something else.

    CAM's `lev` is in hPa, too, but these are pressures over ground at sea level alone: it says
    that it is hybrid, also where its coefficients have been lost on the way.

    Raises:
        BadInput: its values cannot be those of levels of constant pressure.

    """
    values = level_numbers(level)
    if level is None or values is None:
        return None
    if dataset.vertical.levels is not None:
        return _possible(level, values * PASCALS[dataset.vertical.levels])
    if follows_the_ground(level):
        return None
    unit = pressure_unit(level.units)
    if unit is not None:
        found = _possible(level, values * unit)
        _check_round(level, found)
        return found
    return _by_values(level, values, dataset)


def follows_the_ground(level: RawVariable) -> bool:
    """Whether a level's coordinate says that it is of model levels."""
    words = f"{level.text('standard_name')} {level.text('long_name')}".lower()
    return "formula_terms" in level.attributes or any(word in words for word in MODEL_LEVELS)


def other_kind(level: RawVariable) -> str | None:
    """Return what a level's coordinate is if that has nothing to do with pressure."""
    standard, units = level.text("standard_name"), level.units.lower()
    for kind, (standards, its_units, names) in OTHERS.items():
        if standard in standards or units in its_units or level.name.lower() in names:
            return kind
    return "depths" if standard.startswith("ocean_") else None


def is_logarithm(source: RawVariable) -> bool:
    """Whether a variable is the logarithm of a pressure in Pa (ECMWF's lnsp, code 152)."""
    words = f"{source.name} {source.text('long_name')} {source.text('standard_name')}".lower()
    return "lnsp" in words or "logarithm of surface" in words


def _possible(level: RawVariable, pressure: Values) -> Values:
    if not (pressure.min() > 0 and pressure.max() < HIGHEST):
        raise BadInput(
            f"{level.path}: {level.name} has levels from {pressure.min() / 100:g} to"
            f" {pressure.max() / 100:g} hPa by its units {level.units!r}, which is impossible:"
            " correct the units, or give them with `vertical: {levels: hPa}` or `Pa`"
        )
    return pressure


def _check_round(level: RawVariable, pressure: Values) -> None:
    """Refuse (BadInput) what looks like the nominal pressures of model levels (992.556 hPa)."""
    if level.text("standard_name") == "air_pressure" or level.name.lower() in PRESSURES:
        return
    if "pressure" in level.text("long_name").lower() or _round(pressure, 4).mean() >= 0.5:
        return
    raise BadInput(
        f"{level.path}: {level.name} has levels such as {pressure.max() / 100:g} hPa, as model"
        " levels have by name only, but no hybrid coefficients (hyam, hybm) go with it: name a file"
        " of them with `vertical: {coefficients: …}`; if the pressures are constant, say so with"
        f" `vertical: {{levels: {'hPa' if pressure_unit(level.units) == 100 else 'Pa'}}}`"
    )


def _round(values: Values, digits: int) -> NDArray[np.bool_]:
    short = np.array([float(f"{value:.{digits - 1}e}") for value in values])
    return np.isclose(values, short, rtol=2e-6, atol=0)


def _by_values(level: RawVariable, values: Values, dataset: Dataset) -> Values | None:
    """Return pressures recognised without units: 50 … 1000 are hPa, 5000 … 100000 are Pa."""
    if level.units.lower() not in NO_UNITS or other_kind(level):
        return None
    unit = _likely_unit(values)
    if unit is None and level.name.lower() in PRESSURES:
        raise BadInput(
            f"{level.path}: {level.name} has levels {_listed(values)} without units: say whether"
            " they are hPa or Pa with `vertical: {levels: hPa}` or `Pa`"
        )
    if unit is not None:
        _note(
            f"dataset {dataset.name}: {level.name} has levels {_listed(values)} without units:"
            f" taken for {unit}; `vertical: {{levels: …}}` says otherwise"
        )
    return None if unit is None else values * PASCALS[unit]


def _likely_unit(values: Values) -> str | None:
    """Return hPa or Pa; None where the values may be numbers of levels, heights or anything."""
    consecutive = values.size > 1 and (np.abs(np.diff(values)) == 1).all()
    if consecutive or not _round(values, 4).all() or values.min() <= 0:
        return None
    if 150 < values.max() <= 1100 and not (values[values >= 100] % 5).any():
        return "hPa"
    if 15000 < values.max() <= 110000 and not (values[values >= 10000] % 500).any():
        return "Pa"
    return None


def _listed(values: Values) -> str:
    shown = [f"{value:g}" for value in values[:4]]
    return ", ".join(shown) + (" …" if values.size > 4 else "")


@cache
def _note(message: str) -> None:
    log.warning("%s", message)
