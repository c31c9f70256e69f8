"""A trial of a dataset: its mesh, matrices, plans, first and last steps, made as the jobs do."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from stormtrace.errors import BadInput
from stormtrace.grids import make_grid
from stormtrace.prepare.dataset import Dataset
from stormtrace.prepare.fields import derive_blocks
from stormtrace.prepare.findings import Finding
from stormtrace.prepare.mesh.mesh_reading import dataset_mesh
from stormtrace.prepare.mesh.meshes import Mesh
from stormtrace.prepare.plan import make_plans
from stormtrace.prepare.raw.time_agreement import check_offsets
from stormtrace.prepare.regridding.makers import matrix_of

#: What the row of a trial says instead of a variable.
TRIED = "(trial)"


def try_dataset(
    dataset: Dataset, grids: Sequence[Mapping[str, Any]], everything: bool = False
) -> Finding:
    """Return what goes wrong where the jobs of a dataset are done, as far as reading goes.

    grids: those its samples are wanted on. everything: every step is read, not only the first and
    the last of each year and part.
    """
    period = f"{dataset.parts[0].begin} … {dataset.parts[-1].end}"
    finding = Finding(dataset.name, period, TRIED, 0)
    try:
        mesh = dataset_mesh(dataset)
    except BadInput as error:
        return dataclasses.replace(finding, problems=(str(error),))
    problems = [*_of_matrices(dataset, mesh, grids)]
    tried = files = 0
    starts = []
    for year in _years(dataset):
        try:
            for plan in make_plans(dataset, year):
                starts.append(plan.start)
                check_offsets(dataset, starts[0], plan.start)
                some = plan if everything else plan.some(np.unique([0, plan.start.size - 1]))
                for _ in derive_blocks(dataset, some, mesh, 1):
                    tried += 1
                files += len({path for each in plan.records.values() for path in each.paths})
        except BadInput as error:
            problems.append(str(error))
    return dataclasses.replace(finding, files=files, steps=tried, problems=tuple(problems))


def _of_matrices(dataset: Dataset, mesh: Mesh, grids: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for grid in grids:
        try:
            matrix_of(dataset, mesh, make_grid(grid))
        except BadInput as error:
            yield str(error)


def _years(dataset: Dataset) -> range:
    ends = [int(moment[:4]) for part in dataset.parts for moment in (part.begin, part.end)]
    last = max(part.end for part in dataset.parts)
    at_new_year = last[:10] == f"{max(ends):04d}-01-01" and not last[10:].strip(" T0:")
    return range(min(ends), max(ends) + (not at_new_year))
