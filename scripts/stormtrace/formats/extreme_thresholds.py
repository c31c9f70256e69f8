"""Percentiles of a field that say what is extreme, by cell and season: their file.

`{FIELD}(percentile, period, lat, lon)` float32, missing where a cell has too few values; `error`
the same, the bound of the error of how they were computed; `values(period, lat, lon)`, how many
values each is of. `period` is annual, or the four seasons.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.files import writing
from stormtrace.formats.axes import check_grid, map_attributes, write_grid
from stormtrace.formats.class_axis import write_flags
from stormtrace.formats.netcdf import creating, opening
from stormtrace.grids import Grid

Maps = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Thresholds:
    """What is extreme of one field of one experiment.

    over: steps, wet steps, days or wet days; wet_mm_day: what is wet. values, error: (percentile,
    period, *grid.shape) in `units`; counts: (period, *grid.shape).
    """

    field: str
    units: str
    over: str
    wet_mm_day: float
    step_hours: float
    percentiles: Sequence[float]
    periods: Sequence[str]
    values: Maps
    error: Maps
    counts: NDArray[np.int32]

    @property
    def is_daily(self) -> bool:
        """Whether days are extreme, not steps."""
        return self.over.endswith("days")


def write_thresholds(
    path: Path, thresholds: Thresholds, grid: Grid, attributes: Mapping[str, Any]
) -> None:
    """Write thresholds, whole or not at all."""
    with writing(path) as partial, creating(partial) as nc:
        about = {
            "field": thresholds.field,
            "over": thresholds.over,
            "wet_mm_day": thresholds.wet_mm_day,
            "step_hours": thresholds.step_hours,
        }
        title = f"Percentiles of {thresholds.field}"
        nc.setncatts({"Conventions": "CF-1.11", "title": title, **about, **attributes})
        write_grid(nc, grid)
        nc.createDimension("percentile", len(thresholds.percentiles))
        percentile = nc.createVariable("percentile", "f8", ("percentile",), fill_value=False)
        percentile.setncatts({"long_name": "per cent of the values", "units": "%"})
        percentile[:] = thresholds.percentiles
        nc.createDimension("period", len(thresholds.periods))
        meanings = {
            "flag_meanings": " ".join(thresholds.periods),
            "long_name": "months they are of",
        }
        write_flags(nc, "period", range(len(thresholds.periods)), meanings)
        dims = ("percentile", "period", *grid.dims)
        of = f"percentile of {thresholds.field} over {thresholds.over}"
        for name, values, says in (
            (thresholds.field, thresholds.values, of),
            ("error", thresholds.error, f"bound of the error of the {of}"),
        ):
            stored = nc.createVariable(name, "f4", dims, fill_value=np.nan, zlib=True, complevel=1)
            attached = {"long_name": says, "units": thresholds.units}
            stored.setncatts(attached | map_attributes(grid))
            stored[:] = values
        counts = nc.createVariable(
            "values", "i4", dims[1:], fill_value=False, zlib=True, complevel=1
        )
        counts.setncatts({"long_name": "values of each", "units": "1"} | map_attributes(grid))
        counts[:] = thresholds.counts


def read_thresholds(path: Path | str, grid: Grid) -> Thresholds:
    """Read thresholds.

    Raises:
        BadInput: it is no such file, or on another grid.

    """
    with opening(path) as nc:
        lacks = {"field", "over", "wet_mm_day", "step_hours"} - set(nc.ncattrs())
        if lacks or nc.field not in nc.variables or "percentile" not in nc.variables:
            raise BadInput(
                f"{path} is no file of thresholds of extremes: make it with compute_extremes.py"
            )
        check_grid(nc, grid, path)
        return Thresholds(
            field=nc.field,
            units=str(nc[nc.field].units),
            over=nc.over,
            wet_mm_day=float(nc.wet_mm_day),
            step_hours=float(nc.step_hours),
            percentiles=[float(one) for one in nc["percentile"][:]],
            periods=str(nc["period"].flag_meanings).split(),
            values=np.ma.filled(nc[nc.field][:], np.nan).astype(np.float32),
            error=np.ma.filled(nc["error"][:], np.nan).astype(np.float32),
            counts=np.asarray(nc["values"][:], np.int32),
        )
