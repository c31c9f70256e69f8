"""The vertical coordinate of a raw variable, recognised from its file."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.prepare.dataset import Dataset
from stormtrace.prepare.raw.hybrid_levels import hybrid_levels
from stormtrace.prepare.raw.level_order import (
    check_order,
    from_the_ground,
    not_consecutive,
    same_order,
)
from stormtrace.prepare.raw.level_values import (
    constant_pressure,
    level_numbers,
    level_variable,
    other_kind,
)
from stormtrace.prepare.raw.opened import RawFile, RawVariable
from stormtrace.prepare.raw.variable_layout import Layout, read_layout
from stormtrace.prepare.vertical import HybridLevels

#: Surface pressure by the names models give it, in order of preference; the last is a logarithm.
SURFACE_PRESSURES = ("PS", "ps", "aps", "sp", "SP", "lnsp")


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
    """What the levels are, how many, and whether the file has them from the ground up.

    upward: None where the file alone does not say. surface: name of the surface pressure. values:
    of the level's coordinate, as the file has them. no_integral: why there is no integral over
    these levels, where that is so.
    """

    levels: Levels
    count: int
    upward: bool | None
    surface: str
    values: NDArray[np.float64] | None = None
    no_integral: str | None = None
    hanging: str | None = None

    @cached_property
    def signature(self) -> bytes:
        """What tells these levels from others."""
        levels = self.levels
        parts = (levels.a_mid, levels.b_mid) if isinstance(levels, HybridLevels) else ()
        return b"".join([str(self.count).encode(), *(part.tobytes() for part in parts)])

    def alike(self, other: "Coordinate") -> bool:
        """Whether another file has the same levels, whichever way they run there."""
        own, its = (
            (each.levels.a_mid, each.levels.b_mid)
            if isinstance(each.levels, HybridLevels)
            else (each.levels.pressure,)
            if isinstance(each.levels, PressureLevels)
            else ()
            for each in (self, other)
        )
        return (
            self.count == other.count
            and len(own) == len(its)
            and all(
                np.allclose(first, second, rtol=1e-6)
                for first, second in zip(own, its, strict=True)
            )
        )


def read_coordinate(opened: RawFile, name: str, dataset: Dataset) -> Coordinate:
    """Return the vertical coordinate of a variable of an open file.

    Hybrid where there are coefficients for its levels, in the file or in `vertical.coefficients`;
    pressure levels where their coordinate is a pressure; else fields of pressure.

    Raises:
        BadInput: it has no levels, or they cannot be understood.

    """
    layout = read_layout(opened, name, dataset)
    level = level_variable(opened, layout)
    if layout.level is None and level is None:
        raise BadInput(
            f"{opened.path}: {name} {layout.variable.dimensions} has no levels: `take` it as it is"
        )
    pressure, doubt = None, None
    try:
        pressure = constant_pressure(level, dataset)
    except BadInput as error:
        doubt = error
    hybrid = hybrid_levels(opened, layout, level, dataset, pressure is not None)
    if hybrid is not None:
        surface, count = surface_name(opened, hybrid.surface, dataset), layout.levels or 1
        return Coordinate(
            hybrid.levels,
            count,
            hybrid.upward,
            surface,
            level_numbers(level),
            hybrid.no_integral,
            hybrid.hanging,
        )
    if doubt is not None:
        raise doubt
    surface = surface_name(opened, None, dataset)
    if pressure is not None:
        return _pressure_levels(opened, level, pressure, surface)
    return _pressure_fields(opened, layout, level, dataset, surface)


def surface_name(opened: RawFile, said: str | None, dataset: Dataset) -> str:
    """Return the name of the surface pressure: as the user says, or the file's formula, or known.

    said: in the formula of the levels. The name that the source has by default comes after it.
    """
    names = dataset.names
    if "surface_pressure" in names.model_fields_set:
        return names.surface_pressure
    known = (said, names.surface_pressure, *SURFACE_PRESSURES)
    there = next((each for each in known if each in opened), None)
    return there or said or names.surface_pressure


def _pressure_levels(
    opened: RawFile, level: RawVariable | None, pressure: NDArray[np.float64], surface: str
) -> Coordinate:
    steps = np.diff(pressure)
    if not ((steps > 0).all() or (steps < 0).all()):
        assert level is not None
        raise BadInput(f"{opened.path}: {level.name} is not in order of pressure: {pressure}")
    levels, upward = PressureLevels(np.sort(pressure)), bool((steps < 0).any())
    return Coordinate(levels, pressure.size, upward, surface, level_numbers(level))


def _pressure_fields(
    opened: RawFile, layout: Layout, level: RawVariable | None, dataset: Dataset, surface: str
) -> Coordinate:
    names, kind = dataset.names, None if level is None else other_kind(level)
    said = {"pressure", "thickness"} & names.model_fields_set
    there = {names.pressure, names.thickness} & set(opened)
    if kind is not None and level is not None and not (said or there):
        raise BadInput(
            f"{opened.path}: {layout.variable.name} lies on {kind} ({level.name} in"
            f" {level.units!r}), not on pressures: choose a variable on model or pressure levels,"
            " or name the variables with the pressure and the thickness of its levels with"
            " `names: {pressure: …, thickness: …}`"
        )
    assert layout.levels is not None
    gaps = not_consecutive(level)
    reason = None if gaps is None else f"only levels {gaps}, {layout.levels} of them"
    bare = names.pressure in opened and names.thickness not in opened
    fields = PressureFields(names.pressure, None if bare else names.thickness)
    upward = _falls(opened, fields.pressure, layout, dataset)
    upward = from_the_ground(level) if upward is None else upward
    return Coordinate(fields, layout.levels, upward, surface, level_numbers(level), reason)


def _falls(opened: RawFile, pressure: str, layout: Layout, dataset: Dataset) -> bool | None:
    """Whether the pressure of the same levels, if the file has it, falls from first to last.

    Raises:
        BadInput: it neither grows nor falls all the way.

    """
    if pressure not in opened or layout.level not in opened[pressure].dimensions:
        return None
    its = read_layout(opened, pressure, dataset)
    one_point = [
        slice(None) if name == its.level else its.chosen.get(name, 0)
        for name in its.variable.dimensions
    ]
    column = its.variable.read(tuple(one_point))
    if np.isnan(column).any():
        return None
    if column.size > 1:
        check_order(np.stack([column, column]), f"{opened.path}: {pressure}, in its first column,")
    return bool(column[0] > column[-1])


def same_levels(
    own: tuple[str, str], first: Coordinate, beside: tuple[str, str], second: Coordinate
) -> bool:
    """Whether two variables have their levels in the same order, or else reversed."""
    described = f"{own[0]}: {own[1]} has {first.count} levels, {beside[1]}"
    try:
        same = same_order(first.values, second.values)
    except ValueError as error:
        raise BadInput(f"{described} in {beside[0]} others: {error}") from error
    if first.count != second.count:
        raise BadInput(
            f"{described} in {beside[0]} {second.count}: both must be on the same levels"
        )
    if same is not None:
        return same
    if own[0] == beside[0]:
        return True
    if first.upward is None or second.upward is None:
        raise BadInput(
            f"{described} in {beside[0]} as many, but without a coordinate of levels in both files"
            " their orders cannot be compared: add one (ncks -A)"
        )
    return first.upward == second.upward
