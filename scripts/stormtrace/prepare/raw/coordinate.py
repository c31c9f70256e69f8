"""The vertical coordinate of a raw variable, recognised from its file."""

from dataclasses import dataclass

import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.netcdf import open_raw, read, read_repeated, variable
from stormtrace.prepare.dataset import Dataset
from stormtrace.prepare.derivations import Derivation
from stormtrace.prepare.units import pascals
from stormtrace.prepare.vertical import HybridLevels


@dataclass(frozen=True, eq=False)
class PressureLevels:
    """Levels of constant pressure, Pa, from the top down (MERRA-2's Np collections)."""

    pressure: NDArray[np.float64]


@dataclass(frozen=True)
class PressureFields:
    """Levels whose pressure and thickness are variables themselves (MERRA-2's Nv collections)."""

    pressure: str
    thickness: str


Levels = HybridLevels | PressureLevels | PressureFields


@dataclass(frozen=True, eq=False)
class Coordinate:
    """What the levels are, how many, and whether the file has them from the ground up."""

    levels: Levels
    count: int
    upward: bool


def read_coordinate(opened: netCDF4.Dataset, name: str, dataset: Dataset) -> Coordinate:
    """Return the vertical coordinate of a variable (time, level, points…) of an open file.

    Hybrid where there are hybrid coefficients for it, in the file or in `vertical.coefficients`;
    pressure levels where the level's coordinate is a pressure; else fields of pressure.
    """
    source = variable(opened, name)
    if source.ndim < 3:
        raise BadInput(
            f"{opened.filepath()}: {name} {source.dimensions} has no levels: `take` it as it is"
        )
    dimension = source.dimensions[1]
    count = len(opened.dimensions[dimension])
    pressure = _constant_pressure(opened, dimension)
    hybrid = _hybrid(opened, source, dataset, pressure is not None)
    if hybrid is not None:
        return _ordered_hybrid(hybrid, count)
    if pressure is not None:
        steps = np.diff(pressure)
        if not ((steps > 0).all() or (steps < 0).all()):
            raise BadInput(
                f"{opened.filepath()}: {dimension} is not in order of pressure: {pressure}"
            )
        return Coordinate(PressureLevels(np.sort(pressure)), count, bool((steps < 0).any()))
    fields = PressureFields(dataset.names.pressure, dataset.names.thickness)
    return Coordinate(fields, count, _falls(opened, fields.pressure))


def partners(coordinate: Coordinate, derivation: Derivation, dataset: Dataset) -> tuple[str, ...]:
    """Return the raw variables a derivation needs beside its own."""
    levels = coordinate.levels
    if isinstance(levels, HybridLevels):
        return (dataset.names.surface_pressure,)
    if isinstance(levels, PressureFields):
        return (levels.thickness if derivation.kind == "integrate" else levels.pressure,)
    if derivation.kind == "integrate":
        raise BadInput(
            f"dataset {dataset.name}: {derivation.variable} is on pressure levels, which leave out"
            " the air next to the ground: take the model's own integral (TQV) or model levels"
        )
    return ()


def _falls(opened: netCDF4.Dataset, pressure: str) -> bool:
    """Whether a field of pressure, if the file has it, falls from its first level to its last."""
    if pressure not in opened.variables:
        return False
    source = opened.variables[pressure]
    somewhere = (0,) * (source.ndim - 2)
    column = read(source, (0, slice(None), *somewhere))
    return bool(column[0] > column[-1])


def _constant_pressure(opened: netCDF4.Dataset, dimension: str) -> NDArray[np.float64] | None:
    """Return the pressures, Pa, of a level's coordinate, or None where it is something else.

    CAM's `lev` is in hPa, too, but these are pressures over ground at sea level alone: it says
    that it is hybrid, also where its coefficients have been lost on the way.
    """
    level = opened.variables.get(dimension)
    unit = pascals(getattr(level, "units", ""))
    if level is None or unit is None:
        return None
    words = (str(getattr(level, key, "")).lower() for key in ("standard_name", "long_name"))
    if "formula_terms" in level.ncattrs() or any("hybrid" in each for each in words):
        return None
    return read(level).astype(np.float64) * unit


def _hybrid(
    opened: netCDF4.Dataset, source: netCDF4.Variable, dataset: Dataset, has_pressure: bool
) -> HybridLevels | None:
    """Return the hybrid levels of a variable.

    has_pressure: its levels have pressures of their own; coefficients in the same file, of another
    dimension, are then those of the variable it was interpolated from.
    """
    path = dataset.vertical.coefficients
    if path is None:
        own = opened.variables.get("hyam")
        if own is None or (has_pressure and own.dimensions[-1] != source.dimensions[1]):
            return None
        return _coefficients(opened, source)
    with open_raw(path) as other:
        levels = variable(other, "hyam").shape[-1:]
        if has_pressure and levels != source.shape[1:2]:
            return None
        return _coefficients(other, source)


def _coefficients(opened: netCDF4.Dataset, source: netCDF4.Variable) -> HybridLevels:
    names = ("hyam", "hybm", "hyai", "hybi")
    found = {name: _numbers(variable(opened, name), 1) for name in names[:2]}
    found |= {name: _numbers(opened[name], 1) for name in names[2:] if name in opened.variables}
    a_mid, b_mid = found["hyam"], found["hybm"]
    if a_mid.shape != source.shape[1:2]:
        raise BadInput(
            f"{opened.filepath()}: hyam has {a_mid.size} levels, but {source.name}"
            f" {source.dimensions} has {source.shape[1]} along {source.dimensions[1]}: levels must"
            " come second, and the coefficients be those of the same model"
        )
    interfaces = found.get("hyai"), found.get("hybi")
    return HybridLevels(a_mid, b_mid, *interfaces, _reference(opened, a_mid))


def _numbers(source: netCDF4.Variable, dimensions: int) -> NDArray[np.float64]:
    found = read_repeated(source) if source.ndim > dimensions else read(source)
    return found.astype(np.float64)


def _reference(opened: netCDF4.Dataset, a_mid: NDArray[np.float64]) -> float:
    """Return p0 in Pa; 1 where the coefficients a are pressures already (ECHAM's, IFS's)."""
    if np.abs(a_mid).max() > 2:
        return 1.0
    if "P0" not in opened.variables:
        return 100000.0
    source = opened.variables["P0"]
    p0 = float(_numbers(source, 0)) * (pascals(getattr(source, "units", "")) or 1.0)
    if not 50000 < p0 < 150000:
        raise BadInput(
            f"{opened.filepath()}: P0 is {p0:g}; a reference pressure near 100000 Pa is expected:"
            " name a file with the right one with `vertical: {coefficients: …}`"
        )
    return p0


def _ordered_hybrid(hybrid: HybridLevels, count: int) -> Coordinate:
    pressure = hybrid.mid_pressure(np.array(100000.0))
    if pressure[0] <= pressure[-1]:
        return Coordinate(hybrid, count, upward=False)
    a, b = hybrid.a_interface, hybrid.b_interface
    turned = HybridLevels(
        hybrid.a_mid[::-1],
        hybrid.b_mid[::-1],
        None if a is None else a[::-1],
        None if b is None else b[::-1],
        hybrid.p0,
    )
    return Coordinate(turned, count, upward=True)
