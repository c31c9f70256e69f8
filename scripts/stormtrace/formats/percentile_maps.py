"""Percentiles of a field by cell and month: their file, written and read.

`{FIELD}(month, lat, lon)` float32, missing in months without samples; `steps(month)`, how many
samples each month has.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.files import writing
from stormtrace.formats.axes import check_grid, map_attributes, write_grid
from stormtrace.formats.netcdf import creating, opening
from stormtrace.grids import Grid
from stormtrace.numerals import ordinal

MONTHS = 12


@dataclass(frozen=True, eq=False)
class PercentileMaps:
    """Percentiles of one field of one dataset.

    values: (12, *grid.shape), NaN in months without samples; steps: (12,). units: as the file says.
    """

    field: str
    percentile: float
    dataset: str
    values: NDArray[np.float32]
    steps: NDArray[np.int32]
    units: str = ""


def write_percentiles(
    path: Path, maps: PercentileMaps, grid: Grid, units: str, attributes: Mapping[str, Any]
) -> None:
    """Write percentiles, whole or not at all."""
    with writing(path) as partial, creating(partial) as nc:
        about = {"percentile": maps.percentile, "dataset": maps.dataset, "field": maps.field}
        nc.setncatts({"Conventions": "CF-1.11", **about, **attributes})
        write_grid(nc, grid)
        nc.createDimension("month", MONTHS)
        month = nc.createVariable("month", "i4", ("month",), fill_value=False)
        month.long_name = "month of the year"
        month[:] = np.arange(1, MONTHS + 1)
        steps = nc.createVariable("steps", "i4", ("month",), fill_value=False)
        steps.setncatts({"long_name": "samples of the month, of all years", "units": "1"})
        steps[:] = maps.steps
        stored = nc.createVariable(
            maps.field, "f4", ("month", *grid.dims), zlib=True, complevel=1, fill_value=np.nan
        )
        name = f"{ordinal(maps.percentile)} percentile of {maps.field} in a month"
        stored.setncatts({"long_name": name, "units": units} | map_attributes(grid))
        stored[:] = maps.values


def read_percentiles(path: Path, grid: Grid) -> PercentileMaps:
    """Read percentiles.

    Raises:
        BadInput: it is no file of percentiles, or on another grid.

    """
    with opening(path) as nc:
        lacks = {"percentile", "dataset", "field"} - set(nc.ncattrs())
        if lacks or nc.field not in nc.variables or "steps" not in nc.variables:
            raise BadInput(f"{path} is no file of percentiles: make it with compute_percentiles.py")
        check_grid(nc, grid, path)
        return PercentileMaps(
            field=nc.field,
            percentile=float(nc.percentile),
            dataset=nc.dataset,
            values=np.ma.filled(nc[nc.field][:], np.nan).astype(np.float32),
            steps=np.asarray(nc["steps"][:], np.int32),
            units=str(getattr(nc[nc.field], "units", "")),
        )
