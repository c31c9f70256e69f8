"""The file format of counts: whole numbers per month, class and cell, one file a year."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.files import writing
from stormtrace.grids import Grid

#: What a cell of each variable counts.
LONG_NAMES = {
    "count": "time steps whose mask has the class in the cell",
    "votes": "members of the ensemble that see the class, summed over the steps of count",
    "event_count": "time steps at which a tracked event covers the cell",
    "genesis": "tracked events whose first object covers the cell",
    "termination": "tracked events whose last object covers the cell",
}


@dataclass(frozen=True)
class Features:
    """The classes that are counted: everything but the background.

    codes: the numbers in the masks; names: CF flag meanings, such as ``atmospheric_river``.
    """

    codes: tuple[int, ...]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Counts:
    """Counts of one year on one grid.

    steps, expected_steps: (12,), time steps found and time steps that should be there.
    fields: name (`LONG_NAMES`) -> (12, class, lat, lon) whole numbers.
    """

    year: int
    grid: Grid
    features: Features
    steps: NDArray[np.int64]
    expected_steps: NDArray[np.int64]
    fields: dict[str, NDArray[np.int16]]
    attributes: dict[str, str]


def write_counts(path: Path | str, counts: Counts, provenance: Mapping[str, str]) -> None:
    """Write the counts of one year."""
    with writing(path) as partial, netCDF4.Dataset(partial, "w") as nc:
        nc.setncatts(counts.attributes | {"year": np.int32(counts.year)} | dict(provenance))
        write_axes(nc, counts.grid, counts.features)
        nc["month"][:] = np.arange(1, 13)
        for name, steps in (("steps", counts.steps), ("expected_steps", counts.expected_steps)):
            write_steps(nc, name, ("month",))[:] = steps
        for name, values in counts.fields.items():
            add_count(nc, name, ("month", "class", "lat", "lon"))[:] = values


def read_counts(path: Path | str, with_fields: bool = True) -> Counts:
    """Read what `write_counts` wrote; without the fields, only what describes them."""
    with netCDF4.Dataset(path) as nc:
        nc.set_auto_mask(False)
        if "count" not in nc.variables or "year" not in nc.ncattrs():
            raise BadInput(f"{path} is not a file of counts: make it with count_masks.py")
        names = [name for name in LONG_NAMES if name in nc.variables and with_fields]
        return Counts(
            year=int(nc.getncattr("year")),
            grid=read_grid(nc),
            features=read_features(nc),
            steps=nc["steps"][:].astype(np.int64),
            expected_steps=nc["expected_steps"][:].astype(np.int64),
            fields={name: nc[name][:] for name in names},
            attributes=experiment_attributes(nc),
        )


def write_axes(nc: netCDF4.Dataset, grid: Grid, features: Features) -> None:
    """Create the dimensions and coordinates ``month class lat lon``."""
    nc.Conventions = "CF-1.11"
    sizes = {"month": 12, "class": len(features.codes), "lat": grid.lat.size, "lon": grid.lon.size}
    for name, size in sizes.items():
        nc.createDimension(name, size)
    nc.createVariable("month", "i4", ("month",)).long_name = "calendar month"
    nc["month"][:] = np.arange(1, 13)
    write_features(nc, features)
    for name, values, units in (("lat", grid.lat, "north"), ("lon", grid.lon, "east")):
        variable = nc.createVariable(name, "f8", (name,))
        variable.setncatts(
            {
                "standard_name": {"lat": "latitude", "lon": "longitude"}[name],
                "units": f"degrees_{units}",
            }
        )
        variable[:] = values


def write_features(nc: netCDF4.Dataset, features: Features) -> None:
    """Create the coordinate `class`, codes with their names as CF flags."""
    variable = nc.createVariable("class", "i1", ("class",))
    variable.long_name = "class code in the masks"
    variable.flag_values = np.array(features.codes, np.int8)
    variable.flag_meanings = " ".join(features.names)
    variable[:] = features.codes


def write_steps(nc: netCDF4.Dataset, name: str, dimensions: tuple[str, ...]) -> netCDF4.Variable:
    """Create `steps` or `expected_steps`."""
    variable = nc.createVariable(name, "i4", dimensions)
    variable.long_name = {
        "steps": "time steps that exist",
        "expected_steps": "time steps the calendar and the period promise",
    }[name]
    variable.units = "1"
    return variable


def add_count(nc: netCDF4.Dataset, name: str, dimensions: tuple[str, ...]) -> netCDF4.Variable:
    """Create one variable of whole numbers, a chunk a map."""
    lengths = [len(nc.dimensions[dimension]) for dimension in dimensions]
    variable = nc.createVariable(
        name,
        "i2",
        dimensions,
        zlib=True,
        complevel=1,
        chunksizes=[1] * (len(lengths) - 2) + lengths[-2:],
        fill_value=0,
    )
    variable.set_var_chunk_cache(size=2**22)  # each map is written once: nothing to keep
    variable.setncatts({"long_name": LONG_NAMES[name], "units": "1"})
    return variable


def read_grid(nc: netCDF4.Dataset) -> Grid:
    """Read the grid of an open file."""
    return Grid(nc["lat"][:], nc["lon"][:])


def read_features(nc: netCDF4.Dataset, variable: str = "class") -> Features:
    """Read the classes from CF flags, leaving out the background (code 0)."""
    codes = np.atleast_1d(nc[variable].getncattr("flag_values"))
    names = str(nc[variable].getncattr("flag_meanings")).split()
    kept = [(int(code), name) for code, name in zip(codes, names, strict=True) if code != 0]
    return Features(tuple(code for code, _ in kept), tuple(name for _, name in kept))


def experiment_attributes(nc: netCDF4.Dataset) -> dict[str, str]:
    """Return the attributes that say which experiment a file belongs to."""
    kept = (
        "experiment",
        "dataset",
        "grid",
        "model",
        "model_checksum",
        "members",
        "statistics",
        "step_hours",
        "calendar",
    )
    return {name: nc.getncattr(name) for name in kept if name in nc.ncattrs()}
