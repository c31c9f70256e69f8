"""Grids in our own files: coordinates, bounds and grid mapping, written and read in one place."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.grids import Grid
from stormtrace.grids.coordinates import read_coordinates
from stormtrace.grids.projection import Projection

#: Name of the grid mapping variable of projected grids.
MAPPING = "crs"


#: A variable and the values it is to have.
Content = tuple[netCDF4.Variable, NDArray[Any]]


def write_grid(nc: netCDF4.Dataset, grid: Grid) -> None:
    """Define the dimensions and coordinates of `grid`, and write them.

    Rectilinear: `lat(lat)`, `lon(lon)`, and `lat_bnds` where rows are not bounded by mid-points.
    Others: `lat(y, x)`, `lon(y, x)`; with a projection also `y(y)`, `x(x)` and `crs`.
    """
    fill(define_grid(nc, grid))


def fill(contents: Iterable[Content]) -> None:
    """Write values once all variables are defined: each turn back to definitions costs a flush."""
    for variable, values in contents:
        variable[:] = values


def define_grid(nc: netCDF4.Dataset, grid: Grid) -> list[Content]:
    """Define the dimensions and coordinates of `grid`; return what is to be written to them."""
    for name, size in zip(grid.dims, grid.shape, strict=True):
        nc.createDimension(name, size)
    if grid.is_rectilinear:
        contents = [
            _coordinate(nc, "lat", ("lat",), grid.lat, axis="Y", **_DEGREES["lat"]),
            _coordinate(nc, "lon", ("lon",), grid.lon, axis="X", **_DEGREES["lon"]),
        ]
        return contents if grid.row_edges is None else [*contents, _bounds(nc, grid)]
    contents = [
        _coordinate(nc, name, grid.dims, values, **_DEGREES[name])
        for name, values in (("lat", grid.lat), ("lon", grid.lon))
    ]
    return contents if grid.projection is None else [*contents, *_plane(nc, grid.projection)]


_DEGREES = {
    "lat": {"standard_name": "latitude", "units": "degrees_north"},
    "lon": {"standard_name": "longitude", "units": "degrees_east"},
}


def _coordinate(
    nc: netCDF4.Dataset, name: str, dims: tuple[str, ...], values: NDArray[Any], **attributes: str
) -> Content:
    variable = nc.createVariable(name, "f8", dims, fill_value=False)
    variable.setncatts(attributes)
    return variable, values


def _bounds(nc: netCDF4.Dataset, grid: Grid) -> Content:
    nc.createDimension("bnds", 2)
    nc["lat"].bounds = "lat_bnds"
    edges = grid.lat_bounds
    return _coordinate(nc, "lat_bnds", ("lat", "bnds"), np.column_stack([edges[:-1], edges[1:]]))


def _plane(nc: netCDF4.Dataset, plane: Projection) -> list[Content]:
    contents = []
    rotated = plane.is_rotated_pole
    for name, values in (("y", plane.y), ("x", plane.x)):
        standard = {"y": "latitude", "x": "longitude"}[name] if rotated else f"{name}_coordinate"
        attributes = {
            "standard_name": f"{'grid' if rotated else 'projection'}_{standard}",
            "units": "degrees" if rotated else "m",
            "axis": name.upper(),
        }
        contents.append(_coordinate(nc, name, (name,), values, **attributes))
    mapping = nc.createVariable(MAPPING, "i4", ())
    mapping.setncatts({name: value for name, value in plane.mapping.items() if value is not None})
    return [*contents, (mapping, np.array(0, np.int32))]


def map_attributes(grid: Grid) -> dict[str, str]:
    """Return the attributes that every map on `grid` needs: where its coordinates are."""
    if grid.is_rectilinear:
        return {}
    mapping = {} if grid.projection is None else {"grid_mapping": MAPPING}
    return {"coordinates": "lat lon"} | mapping


def read_grid(nc: netCDF4.Dataset, path: Path | str) -> Grid:
    """Return the grid of an open file of ours.

    Raises:
        BadInput: the file has no grid.

    """
    return read_coordinates(nc, path)


def check_grid(nc: netCDF4.Dataset, grid: Grid, path: Path | str) -> None:
    """Check that an open file is on `grid`, by its latitudes and longitudes alone (cheap).

    Raises:
        BadInput: it has no coordinates, or others.

    """
    for name, expected in (("lat", grid.lat), ("lon", grid.lon)):
        if name not in nc.variables:
            raise BadInput(f"{path} has no coordinate {name}; it has {', '.join(nc.variables)}")
        found = np.ma.filled(np.ma.asarray(nc[name][:], np.float64), np.nan)
        if found.shape != expected.shape or not np.allclose(found, expected, rtol=0.0, atol=1e-6):
            raise BadInput(
                f"{path}: {name} differs from that of the other files, a grid of "
                f"{grid.describe()}: all files must be on one grid"
            )
