"""Files of one map per step made of tracked events: event IDs, and ARTMIP's catalogue."""

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
from stormtrace.formats.netcdf import creating

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
    with writing(path) as partial, creating(partial) as nc:
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
