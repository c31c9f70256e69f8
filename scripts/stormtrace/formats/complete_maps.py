"""Maps of one field, complete or refused by name.

One missing value anywhere would make CGNet's whole map background (its global pooling spreads it),
so nothing incomplete passes this module.
"""

from pathlib import Path

import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput

#: No field of the atmosphere is this large in SI units; every customary fill value is.
MISSING_ABOVE = 1e14

#: Last dimensions of maps that lie on their side.
TURNED = (("lon", "lat"), ("x", "y"))


def open_netcdf(path: Path) -> netCDF4.Dataset:
    """Open a netCDF file for reading, values as they are stored."""
    try:
        nc = netCDF4.Dataset(path)
    except OSError as error:
        raise BadInput(f"{path} cannot be read as netCDF ({error}): make it again") from error
    nc.set_auto_mask(False)
    return nc


def read_map(
    nc: netCDF4.Dataset, field: str, path: Path, shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """Return one complete map of `shape` as float32, whatever type is stored.

    Raises:
        BadInput: the field is missing, of another shape or order of dimensions, or has missing or
            non-finite values: the message counts them and locates the first.

    """
    if field not in nc.variables:
        raise BadInput(f"{path} has no field {field}; it has {', '.join(nc.variables)}")
    variable = nc[field]
    if variable.dimensions[-2:] in TURNED:
        raise BadInput(
            f"{path}: {field} is ordered ({', '.join(variable.dimensions)}), expected (…, lat, lon)"
        )
    variable.set_auto_scale(False)  # a fill value means what is stored
    try:
        stored = np.asarray(variable[:])
    except (OSError, RuntimeError) as error:
        raise BadInput(f"{path}: {field} cannot be read ({error}): make the file again") from error
    if stored.shape not in (tuple(shape), (1, *shape)):
        raise BadInput(f"{path}: {field} is {stored.shape}, expected {tuple(shape)}")
    stored = stored.reshape(shape)
    attributes = {name: variable.getncattr(name) for name in variable.ncattrs()}
    with np.errstate(over="ignore"):  # what is too large for float32 is refused below
        values = stored.astype(np.float32)
    if {"scale_factor", "add_offset"} & attributes.keys():
        scale, offset = attributes.get("scale_factor", 1), attributes.get("add_offset", 0)
        values = (stored * np.float64(scale) + np.float64(offset)).astype(np.float32)
    good = np.abs(values) < MISSING_ABOVE  # False for NaN too
    for name in ("_FillValue", "missing_value"):
        if name in attributes:
            good &= ~np.isin(stored, np.asarray(attributes[name]).astype(stored.dtype))
    if not good.all():
        raise BadInput(_describe_missing(nc, field, path, values, ~good))
    return values


def _describe_missing(
    nc: netCDF4.Dataset,
    field: str,
    path: Path,
    values: NDArray[np.float32],
    bad: NDArray[np.bool_],
) -> str:
    row, column = np.argwhere(bad)[0]
    where = f"row {row}, column {column}"
    if {"lat", "lon"} <= nc.variables.keys():
        lat, lon = nc["lat"], nc["lon"]
        place = (lat[row], lon[column]) if lat.ndim == 1 else (lat[row, column], lon[row, column])
        where = f"lat {place[0]:g}, lon {place[1]:g}"
    return (
        f"{path}: {field} has {bad.sum()} missing or non-finite values, the first "
        f"({values[row, column]}) at {where}; one alone would make the whole mask background: "
        "make the sample again with `holes: nearest`, or leave it out"
    )
