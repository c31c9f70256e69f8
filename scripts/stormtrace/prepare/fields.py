"""Derivations turned into canonical fields on the mesh, a block of steps at a time."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.netcdf import ABSURD
from stormtrace.prepare.columns import Columns
from stormtrace.prepare.dataset import Dataset
from stormtrace.prepare.derivations import Derivation
from stormtrace.prepare.fill_missing import fill_nearest
from stormtrace.prepare.mesh.meshes import Mesh
from stormtrace.prepare.plan import Plan
from stormtrace.prepare.raw.reader import Reader
from stormtrace.prepare.units import conversion, plausible

Floats = NDArray[np.floating]

#: Raw records of a variable read at a time, unless one step is made of more: 8 steps of hourly.
BLOCK_RECORDS = 24


@dataclass(frozen=True, eq=False)
class Block:
    """Some consecutive steps of a plan.

    steps: their indices in the plan. fields: name -> float32 (nt, n), complete.
    filled: name -> how many points of each step were holes, (nt,).
    """

    steps: range
    fields: dict[str, NDArray[np.float32]]
    filled: dict[str, NDArray[np.int64]]


def derive_blocks(dataset: Dataset, plan: Plan, mesh: Mesh, steps: int) -> Iterator[Block]:
    """Yield the fields of a plan in blocks of up to `steps` steps, fewer if they take many records.

    Raises:
        BadInput: a field has missing values that no rule fills, or a file is on another mesh.

    """
    most = max(records.file.shape[1] for records in plan.records.values())
    steps = max(1, min(steps, BLOCK_RECORDS // most))
    with Reader(dataset, mesh) as reader:
        for first in range(0, plan.start.size, steps):
            block = range(first, min(first + steps, plan.start.size))
            yield _derive(dataset, plan, mesh, reader, block)


def _derive(dataset: Dataset, plan: Plan, mesh: Mesh, reader: Reader, block: range) -> Block:
    columns = Columns(dataset, reader)
    fields, filled = {}, {}
    for name, derivation in dataset.fields.items():
        values, holes = _field(dataset, plan, columns, reader, derivation, block)
        place = plan.places(derivation, derivation.variable, block)[0]
        factor = conversion(name, derivation, reader.units(derivation.variable, place), place.path)
        if factor != 1.0:
            values *= np.float32(factor)
        for step, row in zip(block, values, strict=True):
            if np.isnan(row.min()) and dataset.holes == "nearest":
                holes[step - block.start] += _fill(row, mesh, plan, name, step)
            _check_complete(row, mesh, plan, name, derivation, step)
        fields[name], filled[name] = values, holes
    return Block(block, fields, filled)


def _field(
    dataset: Dataset,
    plan: Plan,
    columns: Columns,
    reader: Reader,
    derivation: Derivation,
    block: range,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return (nt, n) of one field and its filled points a step, raw records put together."""
    places = plan.places(derivation, derivation.variable, block)
    many = len(places) // len(block)
    if derivation.kind == "take":
        values, filled = reader.read(derivation.variable, places), np.zeros(len(places), np.int64)
    else:
        beside = [
            plan.places(derivation, name, block) for name in columns.beside(derivation, places[0])
        ]
        values, filled = columns.derive(derivation, places, *beside)
    if many > 1:
        records = plan.of(derivation, derivation.variable)
        values = records.together(values.reshape(len(block), many, -1))
        filled = filled.reshape(len(block), many).max(axis=1)
    return values.astype(np.float32, copy=False), filled


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
    low, high = plausible(name)
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
