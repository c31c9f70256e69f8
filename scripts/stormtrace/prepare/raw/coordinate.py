"""The vertical coordinate of a raw variable, recognised from its file."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.prepare.dataset import Dataset
from stormtrace.prepare.raw.opened import Floats, RawFile, RawVariable, open_raw_file
from stormtrace.prepare.raw.variable_layout import Layout, read_layout
from stormtrace.prepare.units import pascals
from stormtrace.prepare.vertical import HybridLevels


@dataclass(frozen=True, eq=False)
class PressureLevels:
    """Levels of constant pressure, Pa, from the top down (MERRA-2's Np collections)."""

    pressure: NDArray[np.float64]


@dataclass(frozen=True)
class PressureFields:
    """Levels whose pressure and thickness are variables themselves (MERRA-2's Nv collections).

    thickness: None where the file has the pressures alone.
    """

    pressure: str
    thickness: str | None


Levels = HybridLevels | PressureLevels | PressureFields


@dataclass(frozen=True, eq=False)
class Coordinate:
    """What the levels are, how many, and whether the file has them from the ground up."""

    levels: Levels
    count: int
    upward: bool


def read_coordinate(opened: RawFile, name: str, dataset: Dataset) -> Coordinate:
    """Return the vertical coordinate of a variable of an open file.

    Hybrid where there are hybrid coefficients for it, in the file or in `vertical.coefficients`;
    pressure levels where the level's coordinate is a pressure; else fields of pressure.
    """
    layout = read_layout(opened, name, dataset)
    if layout.level is None or layout.levels is None:
        raise BadInput(
            f"{opened.path}: {name} {layout.variable.dimensions} has no levels: `take` it as it is"
        )
    pressure = _constant_pressure(opened, layout.level)
    hybrid = _hybrid(opened, layout, dataset, pressure is not None)
    if hybrid is not None:
        return _ordered_hybrid(hybrid, layout.levels)
    if pressure is not None:
        steps = np.diff(pressure)
        if not ((steps > 0).all() or (steps < 0).all()):
            raise BadInput(f"{opened.path}: {layout.level} is not in order of pressure: {pressure}")
        return Coordinate(PressureLevels(np.sort(pressure)), layout.levels, bool((steps < 0).any()))
    names = dataset.names
    bare = names.pressure in opened and names.thickness not in opened
    fields = PressureFields(names.pressure, None if bare else names.thickness)
    return Coordinate(fields, layout.levels, _falls(opened, fields.pressure, dataset))


def _falls(opened: RawFile, pressure: str, dataset: Dataset) -> bool:
    """Whether a field of pressure, if the file has it, falls from its first level to its last."""
    if pressure not in opened:
        return False
    column = read_layout(opened, pressure, dataset).read(slice(0, 1), slice(None))[0, :, 0]
    return bool(column[0] > column[-1])


def _constant_pressure(opened: RawFile, dimension: str) -> Floats | None:
    """Return the pressures, Pa, of a level's coordinate, or None where it is something else.

    CAM's `lev` is in hPa, too, but these are pressures over ground at sea level alone: it says
    that it is hybrid, also where its coefficients have been lost on the way.
    """
    if dimension not in opened:
        return None
    level = opened[dimension]
    unit = pascals(level.units)
    words = f"{level.text('standard_name')} {level.text('long_name')}".lower()
    if unit is None or "formula_terms" in level.attributes or "hybrid" in words:
        return None
    return level.read().astype(np.float64) * unit


def _hybrid(
    opened: RawFile, layout: Layout, dataset: Dataset, has_pressure: bool
) -> HybridLevels | None:
    """Return the hybrid levels of a variable.

    has_pressure: its levels have pressures of their own; coefficients in the same file, of another
    dimension, are then those of the variable it was interpolated from.
    """
    path = dataset.vertical.coefficients
    if path is None:
        if "hyam" not in opened or (has_pressure and layout.level not in opened["hyam"].dimensions):
            return None
        return _coefficients(opened, layout)
    with open_raw_file(path) as other:
        if has_pressure and other.variable("hyam").shape[-1:] != (layout.levels,):
            return None
        return _coefficients(other, layout)


def _coefficients(opened: RawFile, layout: Layout) -> HybridLevels:
    a_mid, b_mid = (_numbers(opened.variable(name), 1) for name in ("hyam", "hybm"))
    a_interface, b_interface = (
        _numbers(opened[name], 1) if name in opened else None for name in ("hyai", "hybi")
    )
    if a_mid.size != layout.levels:
        raise BadInput(
            f"{opened.path}: hyam has {a_mid.size} levels, but {layout.variable.name}"
            f" {layout.variable.dimensions} has {layout.levels} along {layout.level}: the"
            " coefficients must be those of the same model"
        )
    return HybridLevels(a_mid, b_mid, a_interface, b_interface, _reference(opened, a_mid))


def _numbers(source: RawVariable, dimensions: int) -> NDArray[np.float64]:
    repeated = len(source.shape) > dimensions
    found = source.read_once(source.dimensions[0]) if repeated else source.read()
    return found.astype(np.float64)


def _reference(opened: RawFile, a_mid: NDArray[np.float64]) -> float:
    """Return p0 in Pa; 1 where the coefficients a are pressures already (ECHAM's, IFS's)."""
    if np.abs(a_mid).max() > 2:
        return 1.0
    if "P0" not in opened:
        return 100000.0
    p0 = float(_numbers(opened["P0"], 0)) * (pascals(opened["P0"].units) or 1.0)
    if not 50000 < p0 < 150000:
        raise BadInput(
            f"{opened.path}: P0 is {p0:g}; a reference pressure near 100000 Pa is expected:"
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
