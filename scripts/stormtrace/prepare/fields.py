"""Derivations turned into canonical fields on the mesh, a block of steps at a time."""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.netcdf import ABSURD
from stormtrace.formats.units import Conversion
from stormtrace.prepare.column_integrals import column_integrals
from stormtrace.prepare.columns import Columns
from stormtrace.prepare.dataset import Dataset
from stormtrace.prepare.field_quantities import quantity_of
from stormtrace.prepare.field_units import field_conversion, same_units
from stormtrace.prepare.fill_missing import fill_nearest
from stormtrace.prepare.mesh.meshes import Mesh
from stormtrace.prepare.plan import Plan
from stormtrace.prepare.raw.reader import Place, Reader
from stormtrace.prepare.running_totals import RunningTotals
from stormtrace.prepare.verbs import Derivation, Magnitude, Vorticity, Within
from stormtrace.prepare.vorticity import vorticity

Floats = NDArray[np.floating]
Field = NDArray[np.float32]
PlacesOf = Mapping[str, Sequence[Place]]

#: How the records of a step, (steps, records, n), become one where the derivation says.
WITHIN: Mapping[Within, Callable[[Floats], Floats]] = {
    "sum": lambda values: values.sum(axis=1, dtype=np.float64),
    "maximum": lambda values: values.max(axis=1),
    "minimum": lambda values: values.min(axis=1),
}

#: Raw records of a variable read at a time, unless one step is made of more: 8 steps of hourly.
BLOCK_RECORDS = 24


@dataclass(frozen=True, eq=False)
class Block:
    """Some consecutive steps of a plan.

    steps: their indices in the plan. fields: name -> float32 (nt, n), complete; or what was made of
        them.
    filled: name -> how many points of each step were holes, (nt,).
    """

    steps: range
    fields: dict[str, NDArray[np.float32]]
    filled: dict[str, NDArray[np.int64]]


def derive_blocks(
    dataset: Dataset,
    plan: Plan,
    mesh: Mesh,
    steps: int,
    then: Callable[[str, Field], Field] = lambda _, values: values,
) -> Iterator[Block]:
    """Yield the fields of a plan in blocks of up to `steps` steps, fewer if they take many records.

    then: what is made of each field (nt, n) by its name, before the next one is derived: so only
        one at a time is held on the mesh.

    Raises:
        BadInput: a field has missing values that no rule fills, or a file is on another mesh.

    """
    most = max(records.file.shape[1] for records in plan.records.values())
    steps = max(1, min(steps, BLOCK_RECORDS // most))
    totals = RunningTotals()
    with Reader(dataset, mesh) as reader:
        for first in range(0, plan.start.size, steps):
            block = range(first, min(first + steps, plan.start.size))
            yield _derive(plan, Columns(dataset, reader), totals, block, then)


def _derive(
    plan: Plan,
    columns: Columns,
    totals: RunningTotals,
    block: range,
    then: Callable[[str, Field], Field],
) -> Block:
    dataset, reader = plan.dataset, columns.reader
    mesh = reader.mesh
    fields, filled = {}, {}
    for name, derivation in dataset.fields.items():
        places = {raw: plan.places(derivation, raw, block) for raw in derivation.variables}
        values, holes = _field(plan, columns, derivation, block, places, totals)
        own = places[derivation.variable][0]
        units = {raw: reader.units(raw, records[0]) for raw, records in places.items()}
        _convert(
            values, field_conversion(derivation.quantity_name(name), derivation, units, own.path)
        )
        for step, row in zip(block, values, strict=True):
            if np.isnan(row.min()) and dataset.holes == "nearest":
                holes[step - block.start] += _fill(row, mesh, plan, name, step)
            _check_complete(row, mesh, plan, name, derivation, step)
        fields[name], filled[name] = then(name, values), holes
        del values, row  # the next field has this one's memory
    return Block(block, fields, filled)


def _convert(values: NDArray[np.float32], conversion: Conversion) -> None:
    if conversion.factor != 1.0:
        values *= np.float32(conversion.factor)
    if conversion.offset:
        values += np.float32(conversion.offset)


def _field(
    plan: Plan,
    columns: Columns,
    derivation: Derivation,
    block: range,
    places: PlacesOf,
    totals: RunningTotals,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return (nt, n) of one field and its filled points a step, raw records put together."""
    own = places[derivation.variable]
    needed = columns.beside(derivation, own[0])
    beside = {name: plan.places(derivation, name, block) for name in needed}
    for name, records in [*places.items(), *beside.items()]:
        _check_as_many(derivation, own, name, records, len(block))
    values, filled = derive_records(columns, derivation, places, beside)
    many = len(own) // len(block)
    if "sum" in (derivation.within, plan.of(derivation, derivation.variable).raw_method):
        source = plan.dataset.where(plan.part, derivation, derivation.variable)
        totals.watch(source, values, own[0].path, plan.start[block], plan.dataset.step)
    if many > 1:
        maps = values.reshape(len(block), many, -1)
        how = (
            WITHIN[derivation.within]
            if derivation.within
            else plan.of(derivation, derivation.variable).together
        )
        values = how(maps)
        filled = filled.reshape(len(block), many).max(axis=1)
    return values.astype(np.float32, copy=False), filled


def derive_records(
    columns: Columns, derivation: Derivation, places: PlacesOf, beside: PlacesOf
) -> tuple[Floats, NDArray[np.int64]]:
    """Return a field (records, n), not converted yet, and the filled points of each record.

    places, beside: variable -> its records, all as many; of the derivation's own variables, and of
    those it needs beside (`Columns.beside`).
    """
    if derivation.levels == "column":
        sums = np.stack(list(column_integrals(columns, derivation, places, beside)))
        return sums, np.zeros(len(sums), np.int64)
    reader, maps, counts = columns.reader, [], []
    first = reader.units(derivation.variable, places[derivation.variable][0])
    for name, records in places.items():
        if derivation.levels == "none":
            values, filled = reader.read(name, records), np.zeros(len(records), np.int64)
        else:
            values, filled = columns.at_pressure(name, derivation.level, records, beside)
        units = reader.units(name, records[0])
        scale = same_units(units, first, name, derivation.variable, records[0].path)
        maps.append(values if scale == 1.0 else values * np.float32(scale))
        counts.append(filled)
    return _combined(derivation, maps, reader.mesh), np.maximum.reduce(counts)


def _combined(derivation: Derivation, maps: Sequence[Floats], mesh: Mesh) -> Floats:
    if isinstance(derivation, Magnitude):
        return np.hypot(*maps)
    if isinstance(derivation, Vorticity):
        return vorticity(maps[0], maps[1], mesh)
    return functools.reduce(np.add, maps)  # of a sum of several; else the one there is


def _check_as_many(
    derivation: Derivation, own: Sequence[Place], name: str, records: Sequence[Place], steps: int
) -> None:
    """Refuse (BadInput) variables with unlike numbers of records in a step."""
    if len(records) != len(own):
        raise BadInput(
            f"{records[0].path}: {name} has {len(records) // steps} records a step, but"
            f" {derivation.variable}, which it belongs to, {len(own) // steps} ({own[0].path}):"
            " choose files of one interval"
        )


def _fill(row: Floats, mesh: Mesh, plan: Plan, name: str, step: int) -> int:
    try:
        return fill_nearest(row, mesh)
    except ValueError as error:
        when = plan.calendar.text(plan.start[step])
        raise BadInput(f"{name} at {when} has {error}: the raw file is empty there") from error


def _check_complete(
    row: Floats, mesh: Mesh, plan: Plan, name: str, derivation: Derivation, step: int
) -> None:
    """Raise BadInput where a value is missing, infinite or absurd; say where, when and how many."""
    least, most = row.min(), row.max()
    low, high = _plausible(name, derivation)
    if low <= least and most <= high and max(-least, most) < ABSURD:  # false with any NaN
        return
    bad = np.flatnonzero(~(np.abs(row) < ABSURD))
    place = plan.places(derivation, derivation.variable, range(step, step + 1))[0]
    where = f"{place.path}: {derivation.variable}, from which {name} comes,"
    when = plan.calendar.text(plan.start[step])
    if not bad.size:
        raise BadInput(
            f"{where} gives {least:g} … {most:g} at {when}; {low:g} … {high:g} is possible on"
            " Earth: it is in other units than its file says, or has undeclared fill values"
        )
    raise BadInput(
        f"{where} has {bad.size} of {row.size} values missing or not finite at {when}, the first at"
        f" {mesh.place(int(bad[0]))}: correct the file, or set `holes: nearest` if they lie below"
        " the ground"
    )


def _plausible(name: str, derivation: Derivation) -> tuple[float, float]:
    """Return the least and greatest value a field can have, in its units; infinite if unknown."""
    quantity = quantity_of(derivation.quantity_name(name), derivation)
    if quantity is None:
        return -np.inf, np.inf
    return quantity.range_in(derivation.units or quantity.units)
