"""Samples that are made from raw files as they are read, and never written.

With `samples: temporary` a study has a few years of samples at a time. What is computed over all
years (statistics, climatologies, percentiles) is then computed from the raw files: the fields are
those that `make_samples.py` would have written, bit by bit.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cftime
import numpy as np

from stormtrace.errors import BadInput
from stormtrace.formats.sample_names import stamp
from stormtrace.formats.sample_writing import sample_name
from stormtrace.formats.samples import Batch, stamp_of
from stormtrace.grids import Grid, make_grid
from stormtrace.prepare.dataset import make_dataset
from stormtrace.prepare.field_attributes import check_units_of_parts, field_attributes
from stormtrace.prepare.mesh.mesh_reading import dataset_mesh
from stormtrace.prepare.plan import Plan, make_plans
from stormtrace.prepare.raw.calendar_time import HOUR
from stormtrace.prepare.regridding.matrix_files import read_matrix
from stormtrace.prepare.sample_making import (
    Fields,
    FieldSource,
    read_climatologies,
    steps_on_grid,
)


@dataclass(frozen=True, eq=False)
class RawYear:
    """One year of a dataset of raw files."""

    source: FieldSource
    year: int

    def __str__(self) -> str:
        """Return what messages call it."""
        return f"{self.source.dataset.name} {self.year}"


class UnwrittenSamples:
    """The samples of one year, made as they are read; the counterpart of `SampleFolder`.

    Quick in order of time: any other sample starts the reading of raw files again.

    paths: the names that the samples would have, in order of time.
    """

    def __init__(self, year: RawYear, fields: Sequence[str], period: Sequence[str] | None) -> None:
        source = year.source
        # The steps are those of all fields, which samples hold together.
        plans = make_plans(source.dataset, year.year)
        check_units_of_parts(plans)
        first, last = map(stamp, period) if period else ("", "~")
        self._plans: list[Plan] = []
        self._at: dict[Path, tuple[int, int, cftime.datetime]] = {}
        for plan in plans:
            dates = plan.calendar.dates([int(start) for start in plan.start])
            names = [Path(sample_name(source.dataset.name, date)) for date in dates]
            chosen = [i for i, name in enumerate(names) if first <= stamp_of(name) < last]
            for place, index in enumerate(chosen):
                self._at[names[index]] = len(self._plans), place, dates[index]
            self._plans.append(_reduced(plan.some(np.array(chosen, np.int64)), fields))
        self.paths = list(self._at)
        if not self.paths:
            raise BadInput(
                f"{year} has no samples from {first} to before {last}: correct the experiment's "
                "period"
            )
        self.grid: Grid = source.grid
        self.step_hours = float(source.dataset.step_hours)
        self.span_hours = plans[0].span / HOUR
        _, _, start = self._at[self.paths[0]]
        self.units, self.calendar = f"hours since {start.year:04d}-01-01 00:00:00", start.calendar
        self._source, self._fields = source, list(fields)
        self._climatologies = {k: v for k, v in source.climatologies.items() if k in fields}
        self._next: tuple[int, int] | None = None
        self._ahead: Iterator[tuple[int, Fields, Mapping[str, int]]] = iter(())

    def read(self, paths: Sequence[Path]) -> Batch:
        """Make samples, as `SampleFolder.read`.

        Raises:
            BadInput: as `prepare.fields.derive_blocks`.

        """
        values = np.empty((len(paths), len(self._fields), *self.grid.shape), np.float32)
        times = []
        for row, path in zip(values, paths, strict=True):
            number, place, date = self._at[path]
            fields = self._made(number, place)
            for channel, name in enumerate(self._fields):
                row[channel] = fields[name].reshape(self.grid.shape)
            times.append(float(cftime.date2num(date, self.units, self.calendar)))
        return Batch(values, times)

    def date(self, time: float) -> cftime.datetime:
        """Return a time of this year as a date of its calendar."""
        return cftime.num2date(time, self.units, self.calendar)

    def attributes(self, field: str) -> dict[str, str]:
        """Return the attributes of a field."""
        return field_attributes(next(plan for plan in self._plans if plan.start.size), field)

    def _made(self, number: int, place: int) -> Fields:
        """Return the fields of one step of a plan, going on from the last one if it is the next."""
        if self._next != (number, place):
            plan = self._plans[number]
            rest = plan.some(np.arange(place, plan.start.size))
            source = self._source
            self._ahead = steps_on_grid(rest, source.mesh, source.matrix, self._climatologies)
        self._next = number, place + 1
        return next(self._ahead)[1]


def _reduced(plan: Plan, fields: Sequence[str]) -> Plan:
    """Return a plan that derives some of the fields alone."""
    missing = [name for name in fields if name not in plan.dataset.fields]
    if missing:
        raise BadInput(
            f"dataset {plan.dataset.name} has no field {', '.join(missing)}; it has "
            f"{', '.join(plan.dataset.fields)}"
        )
    some = {name: plan.dataset.fields[name] for name in fields}
    return replace(plan, dataset=plan.dataset.model_copy(update={"fields": some}))


def raw_years(block: Mapping[str, Any]) -> list[RawYear]:
    """Return the years that the flag `--raw` of scripts names.

    block: `dataset` and `grid`, blocks of the study; `matrix`, `climatology`, as the flags of
    make_samples.py; `years`.

    Raises:
        BadInput: as what reads each of these.

    """
    dataset, grid = make_dataset(block["dataset"]), make_grid(block["grid"])
    mesh = dataset_mesh(dataset)
    matrix = read_matrix(Path(block["matrix"]), mesh, grid, "float32")
    climatologies = read_climatologies(dataset, [Path(one) for one in block["climatology"]], grid)
    source = FieldSource(dataset, mesh, grid, matrix, climatologies)
    return [RawYear(source, int(year)) for year in block["years"]]
