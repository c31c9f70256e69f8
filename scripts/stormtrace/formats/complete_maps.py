"""Maps of one field, complete or refused by name.

One missing value anywhere would make CGNet's whole map background (its global pooling spreads it),
so nothing incomplete passes this module.
"""

from pathlib import Path

import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.quantities import check_possible

#: No field of the atmosphere is this large in SI units; every customary fill value is.
MISSING_ABOVE = 1e14

#: Last dimensions of maps that lie on their side.
TURNED = (("lon", "lat"), ("x", "y"))


def read_map(
    nc: netCDF4.Dataset, field: str, path: Path, shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """Return one complete map of `shape` as float32, whatever type is stored.

    Raises:
        BadInput: the field is missing, of another shape or order of dimensions, or has missing or
            non-finite values (the message counts them and locates the first), or impossible ones.

    """
    if field not in nc.variables:
        raise BadInput(f"{path} has no field {field}; it has {', '.join(nc.variables)}")
    variable = nc[field]
    if variable.dimensions[-2:] in TURNED:
        raise BadInput(
            f"{path}: {field} is ordered ({', '.join(variable.dimensions)}), expected (…, lat, lon)"
        )
    variable.set_auto_scale(False)  # a fill value means what is stored
    stored = np.asarray(variable[:])
    if stored.shape not in (tuple(shape), (1, *shape)):
        raise BadInput(f"{path}: {field} is {stored.shape}, expected {tuple(shape)}")
    stored = stored.reshape(shape)
    attributes = {name: variable.getncattr(name) for name in variable.ncattrs()}
    with np.errstate(over="ignore"):  # what is too large for float32 is refused below
        values = stored.astype(np.float32, copy=False)
    if {"scale_factor", "add_offset"} & attributes.keys():
        scale, offset = attributes.get("scale_factor", 1), attributes.get("add_offset", 0)
        values = (stored * np.float64(scale) + np.float64(offset)).astype(np.float32)
    fills = [attributes[name] for name in ("_FillValue", "missing_value") if name in attributes]
    least, most = float(values.min()), float(values.max())
    # NaN anywhere makes both of these NaN, and is not in range.
    if fills or not (least > -MISSING_ABOVE and most < MISSING_ABOVE):
        good = np.abs(values) < MISSING_ABOVE
        for fill in fills:
            good &= ~np.isin(stored, np.asarray(fill).astype(stored.dtype))
        if not good.all():
            raise BadInput(_describe_missing(nc, field, path, values, ~good))
    check_possible(path, field, attributes, least, most)
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
