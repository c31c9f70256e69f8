"""Samples made from raw files: derived on the mesh, regridded, written one file a step."""

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.commandline import log, progress
from stormtrace.errors import BadInput
from stormtrace.files import checksum, writing
from stormtrace.formats.climatologies import Climatology, read_climatology
from stormtrace.formats.file_kinds import is_remote
from stormtrace.formats.sample_writing import SampleField, SampleTime, sample_name, write_sample
from stormtrace.formats.units import is_same_unit
from stormtrace.grids import Grid
from stormtrace.prepare.dataset import Dataset
from stormtrace.prepare.field_attributes import check_units_of_parts, field_attributes
from stormtrace.prepare.fields import derive_blocks
from stormtrace.prepare.mesh.meshes import Mesh
from stormtrace.prepare.plan import Plan, make_plans
from stormtrace.prepare.raw.calendar_time import HOUR
from stormtrace.prepare.regridding.matrix import RegriddingMatrix
from stormtrace.provenance import provenance

#: Steps derived and regridded at a time.
BLOCK_STEPS = 8

Fields = Mapping[str, NDArray[np.float32]]
#: Field that is an anomaly -> what it is the departure from.
Climatologies = Mapping[str, Climatology]


@dataclass(frozen=True, eq=False)
class FieldSource:
    """Where the fields come from: a dataset of raw files, on a grid."""

    dataset: Dataset
    mesh: Mesh
    grid: Grid
    matrix: RegriddingMatrix
    climatologies: Climatologies


def make_samples(
    dataset: Dataset,
    mesh: Mesh,
    grid: Grid,
    matrix: RegriddingMatrix,
    year: int,
    folder: Path,
    compression: str = "none",
    facts: Mapping[str, Any] | None = None,
    climatologies: Climatologies | None = None,
) -> int:
    """Write all samples of a year into `folder`, whole or not at all; return how many.

    facts: further attributes of every sample. climatologies: of each field that is an anomaly.

    Raises:
        BadInput: as `make_plans` and `derive_blocks`.

    """
    climatologies = climatologies or {}
    _check_climatologies(dataset, climatologies)
    plans = make_plans(dataset, year)
    check_units_of_parts(plans)
    total = sum(plan.start.size for plan in plans)
    attributes = {
        "title": f"Fields of {dataset.name}, regridded for feature detection",
        "dataset": dataset.name,
        **provenance(**(facts or {})),
    }
    with writing(folder) as partial:
        partial.mkdir()
        writers = (SampleWriter(plan, grid, partial, compression, attributes) for plan in plans)
        steps = (
            path for writer in writers for path in _write_plan(writer, mesh, matrix, climatologies)
        )
        for _ in progress(steps, f"samples of {dataset.name} {year}", total):
            pass
    skipped = sum(plan.skipped for plan in plans)
    if skipped:
        log.warning("%s %d: %d expected steps are missing", dataset.name, year, skipped)
    return total


def read_climatologies(dataset: Dataset, files: Sequence[Path], grid: Grid) -> Climatologies:
    """Read the climatologies of a dataset's anomalies, a file each in order of their names.

    Raises:
        BadInput: there are fewer or more, or one is not the climatology of its field on the grid.

    """
    asked = {name: each.anomaly for name, each in dataset.fields.items() if each.anomaly}
    if len(files) != len(asked):
        raise BadInput(
            f"dataset {dataset.name} has {len(asked)} anomalies ({', '.join(sorted(asked))}), but"
            f" --climatology names {len(files)} files: one for each is needed, in order of their"
            " names (make_climatology.py makes them)"
        )
    found = {}
    for name, path in zip(sorted(asked), files, strict=True):
        found[name] = read_climatology(path, asked[name].field, asked[name].harmonics, grid)
    return found


def _check_climatologies(dataset: Dataset, climatologies: Climatologies) -> None:
    """Refuse (BadInput) anomalies without a climatology, and the other way round."""
    wanted = {name for name, derivation in dataset.fields.items() if derivation.anomaly}
    if wanted != set(climatologies):
        raise BadInput(
            f"dataset {dataset.name}: {', '.join(sorted(wanted)) or 'no field'} is an anomaly, but"
            f" there are climatologies of {', '.join(sorted(climatologies)) or 'none'}"
        )


def _write_plan(
    writer: "SampleWriter", mesh: Mesh, matrix: RegriddingMatrix, climatologies: Climatologies
) -> Iterator[Path]:
    for step, fields, filled in steps_on_grid(writer.plan, mesh, matrix, climatologies):
        yield writer.write(step, fields, filled)


def steps_on_grid(
    plan: Plan,
    mesh: Mesh,
    matrix: RegriddingMatrix,
    climatologies: Climatologies,
    block_steps: int = BLOCK_STEPS,
) -> Iterator[tuple[int, Fields, Mapping[str, int]]]:
    """Yield each step of a plan, its fields, (n,) on the grid, and their filled points of the mesh.

    The fields are used again for the next block of steps: copy what is to be kept.
    block_steps: how many are derived at a time.

    Raises:
        BadInput: as `derive_blocks`, or anomalies have no climatology.

    """
    _check_climatologies(plan.dataset, climatologies)
    for name, climatology in climatologies.items():
        units = field_attributes(plan, name).get("units", "")
        if climatology.units != "1" and not is_same_unit(climatology.units, units):  # 1: not said
            raise BadInput(
                f"dataset {plan.dataset.name}: {name} is in {units!r}, but the climatology that "
                f"it is less in {climatology.units!r}: give the field the same `units` in both "
                "datasets"
            )
    on_grid: dict[str, NDArray[np.float32]] = {}

    def regridded(name: str, values: NDArray[np.float32]) -> NDArray[np.float32]:
        on_grid[name] = matrix.apply(values, on_grid.get(name))
        return on_grid[name]

    for block in derive_blocks(plan.dataset, plan, mesh, block_steps, regridded):
        for name, climatology in climatologies.items():
            for values, step in zip(on_grid[name], block.steps, strict=True):
                date = plan.calendar.dates([int(plan.start[step])])[0]
                values -= climatology.at(date).reshape(values.shape)
        for index, step in enumerate(block.steps):
            fields = {name: values[index] for name, values in on_grid.items()}
            yield step, fields, {name: int(counts[index]) for name, counts in block.filled.items()}


@dataclass(frozen=True, eq=False)
class SampleWriter:
    """Writes the samples of one plan into a folder; `attributes` go into every one."""

    plan: Plan
    grid: Grid
    folder: Path
    compression: str
    attributes: Mapping[str, str]

    @functools.cached_property
    def _described(self) -> dict[str, dict[str, str]]:
        """Name -> the attributes of each field."""
        return {name: field_attributes(self.plan, name) for name in self.plan.dataset.fields}

    def write(self, step: int, fields: Fields, filled: Mapping[str, int]) -> Path:
        """Write one step; fields: name -> (n,) values on the grid, filled: name -> points."""
        plan = self.plan
        start = plan.calendar.dates([int(plan.start[step])])[0]
        path = self.folder / sample_name(plan.dataset.name, start)
        inputs = {raw: _checksum(raw) for raw in plan.files(step)}
        contents = []
        for name, values in fields.items():
            count = {"filled_points_of_mesh": np.int32(filled[name])} if filled[name] else {}
            contents.append(SampleField(name, values, self._described[name] | count))
        write_sample(
            path,
            self.grid,
            SampleTime(start, plan.span / HOUR),
            contents,
            {**self.attributes, "inputs": json.dumps(inputs)},
            self.compression,
        )
        return path


def origins_of(dataset: Dataset, year: int) -> dict[str, str]:
    """Return raw file -> checksum of all files that the samples of a year are made from."""
    return {
        raw: _checksum(raw)
        for plan in make_plans(dataset, year)
        for step in range(plan.start.size)
        for raw in plan.files(step)
    }


@functools.cache
def _checksum(path: str) -> str:
    return "remote" if is_remote(path) else checksum(path)
