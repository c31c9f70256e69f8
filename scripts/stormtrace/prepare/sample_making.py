"""Samples: the fields at one time on a grid, one netCDF file a step, as ClimateNet reads them."""

import functools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.commandline import log, progress
from stormtrace.files import checksum, writing
from stormtrace.formats.netcdf import creating, open_raw, variable
from stormtrace.grids import Grid
from stormtrace.prepare.dataset import Dataset, Recipe
from stormtrace.prepare.fields import derive_blocks
from stormtrace.prepare.mesh.meshes import Mesh
from stormtrace.prepare.plan import Plan, make_plans
from stormtrace.prepare.raw.calendar_time import HOUR, Calendar
from stormtrace.prepare.regridding.matrix import RegriddingMatrix
from stormtrace.provenance import provenance

COMPRESSIONS: Mapping[str, Mapping[str, Any]] = {
    "none": {"contiguous": True},
    "zlib": {"compression": "zlib", "complevel": 1, "shuffle": True},
}
"""How values are stored; zlib is what every netCDF tool reads, and levels above 1 buy nothing."""

BLOCK_STEPS = 8

CF_ATTRIBUTES = {
    "TMQ": ("Total precipitable water", "kg m-2", "atmosphere_mass_content_of_water_vapor"),
    "U850": ("Zonal wind at 850 hPa", "m s-1", "eastward_wind"),
    "V850": ("Meridional wind at 850 hPa", "m s-1", "northward_wind"),
    "PSL": ("Sea level pressure", "Pa", "air_pressure_at_mean_sea_level"),
}
"""What is said of the canonical fields, by `DESCRIPTION`."""

DESCRIPTION = ("long_name", "units", "standard_name")

Fields = Mapping[str, NDArray[np.float32]]
Content = tuple[netCDF4.Variable, NDArray]


def make_samples(
    dataset: Dataset,
    mesh: Mesh,
    grid: Grid,
    weights: RegriddingMatrix,
    year: int,
    folder: Path,
    compression: str = "none",
    facts: Mapping[str, Any] | None = None,
) -> int:
    """Write all samples of a year into `folder`, whole or not at all; return how many.

    facts: further attributes of every sample. BadInput as `make_plans` and `derive_blocks`.
    """
    plans = make_plans(dataset, year)
    total = sum(plan.start.size for plan in plans)
    attributes = {
        "Conventions": "CF-1.11",
        "title": f"Fields of {dataset.name}, regridded for feature detection",
        "dataset": dataset.name,
        **provenance(**(facts or {})),
    }
    with writing(folder) as partial:
        partial.mkdir()
        writers = (SampleWriter(plan, grid, partial, compression, attributes) for plan in plans)
        steps = (path for writer in writers for path in _write_plan(writer, mesh, weights))
        for _ in progress(steps, f"samples of {dataset.name} {year}", total):
            pass
    skipped = sum(plan.skipped for plan in plans)
    if skipped:
        log.warning("%s %d: %d expected steps are not there", dataset.name, year, skipped)
    return total


def _write_plan(writer: "SampleWriter", mesh: Mesh, weights: RegriddingMatrix) -> Iterator[Path]:
    for block in derive_blocks(writer.plan.dataset, writer.plan, mesh, BLOCK_STEPS):
        on_grid = {name: weights.apply(values) for name, values in block.fields.items()}
        for index, step in enumerate(block.steps):
            fields = {name: values[index] for name, values in on_grid.items()}
            filled = {name: int(counts[index]) for name, counts in block.filled.items()}
            yield writer.write(step, fields, filled)


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
        """Name -> long_name, units and standard_name."""
        return {name: describe(self.plan, name) for name in self.plan.dataset.fields}

    def write(self, step: int, fields: Fields, filled: Mapping[str, int]) -> Path:
        """Write one step; fields: name -> (n,) values on the grid, filled: name -> points."""
        plan = self.plan
        start = int(plan.start[step])
        path = self.folder / sample_name(plan.dataset.name, plan.calendar, start)
        with creating(path) as file:
            inputs = {raw: _checksum(raw) for raw in plan.files(step)}
            file.setncatts({**self.attributes, "inputs": json.dumps(inputs)})
            contents = [
                *self._define_time(file, start),
                _define_axis(file, "lat", self.grid.lat, "latitude", "degrees_north", "Y"),
                _define_axis(file, "lon", self.grid.lon, "longitude", "degrees_east", "X"),
                *(
                    (self._define_field(file, name, filled[name]), values.reshape(self.grid.shape))
                    for name, values in fields.items()
                ),
            ]
            # Values come last: each turn from them to a definition would flush the whole header.
            for target, values in contents:
                target[:] = values
        return path

    def _define_time(self, file: netCDF4.Dataset, start: int) -> Iterator[Content]:
        calendar = self.plan.calendar
        origin = f"{calendar.text(start)[:4]}-01-01 00:00:00"
        hours = (start - calendar.seconds(origin)) / HOUR
        file.createDimension("time", 1)
        time = file.createVariable("time", "f8", ("time",))
        time.setncatts(
            {
                "standard_name": "time",
                "axis": "T",
                "units": f"hours since {origin}",
                "calendar": calendar.name,
            }
        )
        yield time, np.array(hours)
        if self.plan.span:
            time.bounds = "time_bnds"
            file.createDimension("nbnd", 2)
            bounds = file.createVariable("time_bnds", "f8", ("time", "nbnd"))
            yield bounds, np.array([hours, hours + self.plan.span / HOUR])

    def _define_field(self, file: netCDF4.Dataset, name: str, filled: int) -> netCDF4.Variable:
        how = COMPRESSIONS[self.compression]
        made = file.createVariable(name, "f4", ("time", "lat", "lon"), **how)
        recipe = self.plan.dataset.fields[name]
        span = self.plan.of(recipe, recipe.variable).span
        attributes: dict[str, object] = {
            "cell_methods": "time: mean" if span else "time: point",
            "derivation": derivation(self.plan.dataset, recipe),
        }
        attributes |= self._described[name]
        if filled:
            attributes["filled_points_of_mesh"] = np.int32(filled)
        made.setncatts(attributes)
        return made


def _define_axis(
    file: netCDF4.Dataset,
    name: str,
    values: NDArray[np.float64],
    standard_name: str,
    units: str,
    axis: str,
) -> Content:
    file.createDimension(name, values.size)
    coordinate = file.createVariable(name, "f8", (name,))
    coordinate.setncatts({"standard_name": standard_name, "units": units, "axis": axis})
    return coordinate, values


def sample_name(dataset: str, calendar: Calendar, start: int) -> str:
    """Return ``{dataset}.YYYY-MM-DD-SSSSS.nc``, CESM's way of writing a time."""
    date = calendar.dates([start])[0]
    seconds = 3600 * date.hour + 60 * date.minute + date.second
    return f"{dataset}.{date.year:04d}-{date.month:02d}-{date.day:02d}-{seconds:05d}.nc"


def describe(plan: Plan, name: str) -> dict[str, str]:
    """Return a field's long_name, units and standard_name: CF's, else what its raw file says."""
    wind = re.fullmatch(r"([UV])(\d+)", name)
    if name in CF_ATTRIBUTES:
        return dict(zip(DESCRIPTION, CF_ATTRIBUTES[name], strict=True))
    if wind:
        long_name, units, standard_name = CF_ATTRIBUTES[f"{wind[1]}850"]
        level = f"at {wind[2]} hPa"
        own = (long_name.replace("at 850 hPa", level), units, standard_name)
        return dict(zip(DESCRIPTION, own, strict=True))
    recipe = plan.dataset.fields[name]
    with open_raw(plan.places(recipe, recipe.variable, range(1))[0].path) as opened:
        raw = variable(opened, recipe.variable)
        found = {key: str(getattr(raw, key)) for key in DESCRIPTION if key in raw.ncattrs()}
    if recipe.kind == "integrate":  # of a mixing ratio, as a rule
        return {"units": "kg m-2"} if found.get("units") in ("kg/kg", "kg kg-1") else {}
    return found


def derivation(dataset: Dataset, recipe: Recipe) -> str:
    """Return in words how a field came about."""
    if recipe.kind == "take":
        return f"{recipe.variable} as in the raw files"
    if recipe.kind == "integrate":
        return f"sum of {recipe.variable} dp / g over model levels, g = 9.80616 m s-2"
    vertical = dataset.vertical
    where = "log of pressure" if vertical.method == "log" else "pressure"
    return (
        f"{recipe.variable} at {recipe.level / 100:g} hPa, linear in {where}; below the lowest"
        f" level: {vertical.below}"
    )


@functools.cache
def _checksum(path: str) -> str:
    return checksum(path)
