"""Climatologies of the day of the year: a mean and harmonics of each cell, and their file.

c(t) = c_0 + Σ_k (a_k cos 2πkt + b_k sin 2πkt), k = 1 … harmonics, t the fraction of its year that
has passed: leap years are stretched onto others. `{FIELD}(term, lat, lon)` float64, the terms in
the order c_0, a_1, b_1, a_2, ….
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cftime
import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.files import writing
from stormtrace.formats.axes import check_grid, map_attributes, write_grid
from stormtrace.formats.netcdf import creating, opening, variable
from stormtrace.grids import Grid

Floats = NDArray[np.float64]


def terms(date: cftime.datetime, harmonics: int) -> Floats:
    """Return 1, cos 2πt, sin 2πt, cos 4πt …, (1 + 2 harmonics,), at a date."""
    first, following = (
        cftime.datetime(year, 1, 1, calendar=date.calendar) for year in (date.year, date.year + 1)
    )
    angle = 2 * np.pi * ((date - first) / (following - first)) * np.arange(1, harmonics + 1)
    return np.concatenate([[1.0], np.stack([np.cos(angle), np.sin(angle)], axis=1).ravel()])


@dataclass(frozen=True, eq=False)
class Climatology:
    """Coefficients (terms, ny, nx) of one field, and its units; empty where nothing says."""

    coefficients: Floats
    units: str = ""

    def at(self, date: cftime.datetime) -> NDArray[np.float32]:
        """Return the climatology (ny, nx) at a date."""
        found = np.tensordot(terms(date, len(self.coefficients) // 2), self.coefficients, axes=1)
        return found.astype(np.float32)


def write_climatology(
    path: Path,
    grid: Grid,
    fields: Mapping[str, Floats],
    units: Mapping[str, str],
    attributes: Mapping[str, Any],
) -> None:
    """Write the coefficients (terms, ny, nx) of some fields, whole or not at all."""
    with writing(path) as partial, creating(partial) as nc:
        nc.setncatts({"Conventions": "CF-1.11", **attributes})
        write_grid(nc, grid)
        nc.createDimension("term", len(next(iter(fields.values()))))
        for name, values in fields.items():
            stored = nc.createVariable(name, "f8", ("term", *grid.dims), zlib=True, complevel=1)
            about = {"long_name": f"mean and harmonics of the year of {name}"}
            stored.setncatts(about | {"units": units[name]} | map_attributes(grid))
            stored[:] = values


def read_climatology(path: Path, field: str, harmonics: int, grid: Grid) -> Climatology:
    """Read the climatology of a field.

    Raises:
        BadInput: the file or the field is not there, or it is on another grid.

    """
    with opening(path) as nc:
        check_grid(nc, grid, path)
        values = np.ma.filled(variable(nc, field)[...], np.nan).astype(np.float64)
        units = str(getattr(nc[field], "units", ""))
    if values.shape != (1 + 2 * harmonics, *grid.shape) or not np.isfinite(values).all():
        raise BadInput(
            f"{path}: {field} is no climatology of {harmonics} harmonics on {grid.describe()}: make"
            " it again"
        )
    return Climatology(values, units)
