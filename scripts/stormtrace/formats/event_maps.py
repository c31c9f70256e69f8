"""Files of one map per step made of tracked events: event IDs, and ARTMIP's catalogue."""

import datetime
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
from numpy.typing import DTypeLike

from stormtrace.files import writing
from stormtrace.formats.axes import map_attributes, write_grid
from stormtrace.formats.masks import MaskFile

#: Name of ARTMIP's variable.
ARTMIP_TAG = "ar_binary_tag"


@contextmanager
def event_map_file(
    path: Path,
    masks: MaskFile,
    name: str,
    dtype: DTypeLike,
    about: Mapping[str, Any],
    attributes: Mapping[str, Any],
) -> Iterator["netCDF4.Variable[Any]"]:
    """Yield ``{name}(time, lat, lon)`` or ``(time, y, x)``, to be filled step by step.

    The file has the times and the grid of `masks`, one chunk per step, zlib 1; `about` are the
    attributes of the variable, `attributes` those of the file. It is at `path` if the block
    succeeds.
    """
    with writing(path) as partial, netCDF4.Dataset(partial, "w") as nc:
        nc.setncatts({"Conventions": "CF-1.11"} | dict(attributes))
        write_grid(nc, masks.grid)
        nc.createDimension("time", masks.time.size)
        time = nc.createVariable("time", "f8", ("time",), fill_value=False)
        time.setncatts({"standard_name": "time", "axis": "T", "units": masks.time_units})
        time.calendar = masks.calendar
        time[:] = masks.time
        variable = nc.createVariable(
            name,
            np.dtype(dtype),
            ("time", *masks.grid.dims),
            compression="zlib",
            complevel=1,
            shuffle=False,  # smaller and faster for long runs of one ID
            chunksizes=(1, *masks.grid.shape),
            fill_value=False,
        )
        variable.setncatts(dict(about) | map_attributes(masks.grid))
        yield variable


def artmip_name(dataset: str, step_hours: float, first: str, last: str) -> str:
    """Return the name of a file of ARTMIP's catalogue.

    first, last: days of the first and the last step, ISO; what follows the day is left out.

    >>> artmip_name("CESM", 3.0, "2000-12-22", "2000-12-31")
    'CESM.ar_tag.Stormtrace.3hr.20001222-20001231.nc'
    """
    start, end = (day[:10].replace("-", "") for day in (first, last))
    return f"{dataset}.ar_tag.Stormtrace.{step_hours:g}hr.{start}-{end}.nc"


def days_of(start: str, end: str) -> tuple[str, str]:
    """Return the first and the last day of a period that ends just before `end`.

    start, end: ISO moments, as the study's periods have them. The day before midnight is taken
    from the standard calendar, whatever the dataset's.

    >>> days_of("2000-12-22", "2001-01-01"), days_of("2000-01-01", "2000-01-02 12:00")
    (('2000-12-22', '2000-12-31'), ('2000-01-01', '2000-01-02'))
    """
    day = datetime.date.fromisoformat(end[:10])
    if not end[10:].strip(" T:0"):
        day -= datetime.timedelta(days=1)
    return start[:10], day.isoformat()
