"""The grid of a netCDF file: its latitudes and longitudes, their bounds, and its grid mapping."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.grids.grid import Grid
from stormtrace.grids.projection import Projection

Floats = NDArray[np.float64]

#: Names and standard names of the coordinates.
NAMES = {
    "lat": ("lat", "latitude", "nav_lat", "XLAT"),
    "lon": ("lon", "longitude", "nav_lon", "XLONG"),
}


def read_coordinates(nc: netCDF4.Dataset, path: Path | str) -> Grid:
    """Return the grid of an open netCDF file.

    Axes must ascend; two-dimensional coordinates may come with x, y and a grid mapping, which
    are used if they are there and fit.

    Raises:
        BadInput: the file has no such coordinates, or they are no grid.

    """
    lat, lon = (_coordinate(nc, name, path) for name in ("lat", "lon"))
    values = _values(lat, path), _values(lon, path)
    try:
        if values[0].ndim == 1:
            return Grid(values[0], values[1], row_edges=_row_edges(nc, lat, path))
        return Grid(values[0], values[1], projection=_projection(nc, lat, values))
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None


def _coordinate(nc: netCDF4.Dataset, name: str, path: Path | str) -> Any:
    standard = {"lat": "latitude", "lon": "longitude"}[name]
    by_name = [nc.variables[one] for one in NAMES[name] if one in nc.variables]
    by_standard = [
        one for one in nc.variables.values() if getattr(one, "standard_name", "") == standard
    ]
    found = [*by_name, *by_standard]
    if not found:
        raise BadInput(f"{path} has no coordinate {name}; it has: {', '.join(nc.variables)}")
    return found[0]


def _values(variable: Any, path: Path | str) -> Floats:
    """Return a coordinate in degrees, without a time axis of one."""
    values: Floats = np.ma.filled(np.ma.asarray(variable[:], float), np.nan)
    if values.ndim == 3 and values.shape[0] == 1:
        values = values[0]
    if values.ndim not in (1, 2):
        raise BadInput(f"{path}: {variable.name} is {values.shape}; (n,) or (ny, nx) is expected")
    return np.degrees(values) if "radian" in getattr(variable, "units", "") else values


def _row_edges(nc: netCDF4.Dataset, lat: Any, path: Path | str) -> Floats | None:
    """Return the edges of the rows if the file gives bounds other than the mid-points."""
    name = getattr(lat, "bounds", "")
    if name not in nc.variables:
        return None
    bounds: Floats = np.sort(np.ma.filled(np.ma.asarray(nc[name][:], float), np.nan), axis=-1)
    if bounds.shape != (lat.size, 2) or not np.allclose(bounds[1:, 0], bounds[:-1, 1], atol=1e-4):
        raise BadInput(
            f"{path}: {name} does not give each row an edge it shares with the next; "
            "correct the bounds or leave them out"
        )
    return np.clip(np.concatenate([bounds[:1, 0], bounds[:, 1]]), -90.0, 90.0)


def _projection(nc: netCDF4.Dataset, lat: Any, values: tuple[Floats, Floats]) -> Projection | None:
    """Return x, y and the grid mapping of two-dimensional coordinates, if they are right.

    They are right if they give the file's own latitudes and longitudes to a hundredth of a degree.
    """
    dims = lat.dimensions[-2:]
    axes: list[Any] = [nc.variables.get(name) for name in dims]
    if any(axis is None or axis.ndim != 1 for axis in axes):
        return None
    y, x = (np.asarray(axis[:], np.float64) * _to_metres(axis) for axis in axes)
    if not ((np.diff(y) > 0).all() and (np.diff(x) > 0).all()):
        return None
    for mapping in _mappings(nc):
        projection = Projection(x, y, mapping)
        try:
            found = projection.inverse(*np.meshgrid(x, y))
        except (BadInput, KeyError, ValueError):
            continue
        turn = np.abs((found[1] - values[1] + 180.0) % 360.0 - 180.0) * np.cos(
            np.radians(values[0])
        )
        if np.abs(found[0] - values[0]).max() < 0.01 and turn.max() < 0.01:
            return projection
    return None


def _to_metres(axis: Any) -> float:
    return 1000.0 if getattr(axis, "units", "") in ("km", "kilometer", "kilometre") else 1.0


def _mappings(nc: netCDF4.Dataset) -> Iterator[dict[str, Any]]:
    for variable in nc.variables.values():
        if "grid_mapping_name" in variable.ncattrs():
            names = [name for name in variable.ncattrs() if name not in ("long_name", "units")]
            yield {name: _plain(variable.getncattr(name)) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    return value.item() if isinstance(value, np.generic) else value
