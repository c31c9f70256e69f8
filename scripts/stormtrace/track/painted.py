"""Files of painted events: event IDs, or ARTMIP's tags, of every step of a year."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np

from stormtrace.errors import BadInput
from stormtrace.formats.masks import open_masks
from stormtrace.track.pixels import EventPixels


def same_times(mask: Path, pixels: EventPixels) -> dict[str, Any]:
    """Return the attributes of the mask file. Raises BadInput if its steps are others."""
    masks = open_masks(mask)
    if not np.array_equal(masks.time, pixels.time) or masks.time_units != pixels.time_units:
        raise BadInput(
            f"{mask} has other times than the objects made of it ({masks.time.size} and "
            f"{pixels.time.size}): run find_objects.py and link_events.py again"
        )
    return masks.attributes


def create_masks(
    path: Path,
    pixels: EventPixels,
    name: str,
    dtype: type[np.integer[Any]],
    about: Mapping[str, Any],
    attributes: Mapping[str, Any],
) -> netCDF4.Dataset:
    """Create a CF file with the times and the grid of `pixels` and one variable to be filled.

    ``{name}(time, lat, lon)`` of `dtype`, one chunk a step, zlib 1; `about` are its attributes.
    """
    file = netCDF4.Dataset(path, "w")
    file.setncatts({"Conventions": "CF-1.11", **attributes})
    axes = {
        "time": (pixels.time, {"units": pixels.time_units, "calendar": pixels.calendar}),
        "lat": (pixels.grid.lat, {"units": "degrees_north"}),
        "lon": (pixels.grid.lon, {"units": "degrees_east"}),
    }
    for axis, standard_name in zip(axes, ("time", "latitude", "longitude"), strict=True):
        values, more = axes[axis]
        file.createDimension(axis, values.size)
        variable = file.createVariable(axis, "f8", (axis,))
        variable.setncatts({"standard_name": standard_name, **more})
        variable[:] = values
    painted: netCDF4.Variable[Any] = file.createVariable(
        name,
        np.dtype(dtype),
        ("time", "lat", "lon"),
        compression="zlib",
        complevel=1,
        shuffle=False,  # smaller and faster for long runs of one ID
        chunksizes=(1, *pixels.grid.shape),
    )
    painted.setncatts(about)
    return file
