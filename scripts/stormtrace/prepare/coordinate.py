"""The vertical coordinate of a raw variable, recognised from its file."""

from dataclasses import dataclass

import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.prepare.dataset import Dataset, Recipe
from stormtrace.prepare.netcdf import open_raw, read, variable
from stormtrace.prepare.vertical import HybridLevels

UNIT_PASCALS = {"Pa": 1.0} | dict.fromkeys(("hPa", "mb", "mbar", "millibar", "millibars"), 100.0)


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

    Hybrid where there are hybrid coefficients, in the file or in `vertical.coefficients`;
    pressure levels where the level's coordinate is a pressure; else fields of pressure.
    """
    source = variable(opened, name)
    if source.ndim < 3:
        raise BadInput(
            f"{opened.filepath()}: {name} {source.dimensions} has no levels: `take` it as it is"
        )
    dimension = source.dimensions[1]
    count = len(opened.dimensions[dimension])
    hybrid = _hybrid(opened, count, dataset)
    if hybrid is not None:
        return _ordered_hybrid(hybrid, count)
    level = opened.variables.get(dimension)
    unit = UNIT_PASCALS.get(str(getattr(level, "units", "")))
    if level is not None and unit is not None:
        pressure = read(level).astype(np.float64) * unit
        steps = np.diff(pressure)
        if not ((steps > 0).all() or (steps < 0).all()):
            raise BadInput(
                f"{opened.filepath()}: {dimension} is not in order of pressure: {pressure}"
            )
        return Coordinate(PressureLevels(np.sort(pressure)), count, bool(steps[0] < 0))
    fields = PressureFields(dataset.names.pressure, dataset.names.thickness)
    return Coordinate(fields, count, _falls(opened, fields.pressure))


def partners(coordinate: Coordinate, recipe: Recipe, dataset: Dataset) -> tuple[str, ...]:
    """Return the raw variables a recipe needs beside its own."""
    levels = coordinate.levels
    if isinstance(levels, HybridLevels):
        return (dataset.names.surface_pressure,)
    if isinstance(levels, PressureFields):
        return (levels.thickness if recipe.kind == "integrate" else levels.pressure,)
    if recipe.kind == "integrate":
        raise BadInput(
            f"dataset {dataset.name}: {recipe.variable} is on pressure levels, which leave out the"
            " air next to the ground: take the model's own integral (TQV) or model levels"
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


def _hybrid(opened: netCDF4.Dataset, count: int, dataset: Dataset) -> HybridLevels | None:
    path = dataset.vertical.coefficients
    if path is None:
        return _coefficients(opened, count) if "hyam" in opened.variables else None
    with open_raw(path) as other:
        return _coefficients(other, count)


def _coefficients(opened: netCDF4.Dataset, count: int) -> HybridLevels:
    a_mid, b_mid = (read(variable(opened, name)).astype(np.float64) for name in ("hyam", "hybm"))
    if a_mid.shape != (count,):
        raise BadInput(
            f"{opened.filepath()}: hyam has {a_mid.size} levels, the variable {count}: they belong"
            " to different models"
        )
    a_interface, b_interface = (
        read(opened.variables[name]).astype(np.float64) if name in opened.variables else None
        for name in ("hyai", "hybi")
    )
    return HybridLevels(a_mid, b_mid, a_interface, b_interface, _reference(opened, a_mid))


def _reference(opened: netCDF4.Dataset, a_mid: NDArray[np.float64]) -> float:
    """Return p0 in Pa; 1 where the coefficients a are pressures already (ECHAM's, IFS's)."""
    if np.abs(a_mid).max() > 2:
        return 1.0
    if "P0" not in opened.variables:
        return 100000.0
    source = opened.variables["P0"]
    p0 = float(read(source)) * UNIT_PASCALS.get(str(getattr(source, "units", "")), 1.0)
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
