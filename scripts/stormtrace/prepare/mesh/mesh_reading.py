"""The mesh of a dataset, read from its raw files or from a file of the mesh."""

import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.netcdf import open_raw, read, read_repeated
from stormtrace.prepare.dataset import Dataset
from stormtrace.prepare.mesh.mesh_cells import read_cells
from stormtrace.prepare.mesh.meshes import (
    POSITION_TOLERANCE,
    Mesh,
    cured_longitude,
    distance,
    mesh_of_axes,
)
from stormtrace.prepare.raw.found_files import first_file

Floats = NDArray[np.float64]


def dataset_mesh(dataset: Dataset) -> Mesh:
    """Return the mesh of a dataset, from its first raw file (or `mesh`, if that has no lat/lon)."""
    path, variable = first_file(dataset)
    with open_raw(path) as nc:
        if variable not in nc.variables:
            raise BadInput(f"{path} has no variable {variable}; it has {', '.join(nc.variables)}")
        return file_mesh(nc, variable, dataset)


def file_mesh(nc: netCDF4.Dataset, variable: str, dataset: Dataset) -> Mesh:
    """Return the mesh a variable of an open file is on."""
    dimensions = nc.variables[variable].dimensions
    lat = _coordinate(nc, dimensions, "lat", dataset.names.lat)
    lon = _coordinate(nc, dimensions, "lon", dataset.names.lon)
    if lat is None or lon is None:
        if dataset.mesh is not None:
            return _mesh_from_file(dataset.mesh)
        raise BadInput(
            f"{nc.filepath()} has no latitudes and longitudes for {variable} {dimensions}:"
            " name them with `names: {lat: …, lon: …}`, or give a file that has them with `mesh`"
        )
    rows, row_points = _degrees(lat, dimensions[0])
    columns, column_points = _degrees(lon, dimensions[0])
    _check_latitudes(lat, rows)
    if row_points == column_points:
        _check_last(nc, variable, dimensions, row_points)
        return Mesh(rows.ravel(), cured_longitude(columns.ravel()), rows.shape)
    _check_last(nc, variable, dimensions, row_points + column_points)
    return mesh_of_axes(rows, columns)


def check_mesh(nc: netCDF4.Dataset, variable: str, dataset: Dataset, mesh: Mesh) -> None:
    """Refuse (BadInput) a file that is on other points than the dataset's first one."""
    found = file_mesh(nc, variable, dataset)
    if found.shape != mesh.shape:
        raise BadInput(
            f"{nc.filepath()}: {variable} is on {found.shape} points, the dataset's first file"
            f" on {mesh.shape}: they cannot be of one dataset"
        )
    if np.array_equal(found.lat, mesh.lat) and np.array_equal(found.lon, mesh.lon):
        return
    off = distance(found, mesh)
    worst = int(off.argmax())
    if off[worst] > POSITION_TOLERANCE:
        raise BadInput(
            f"{nc.filepath()}: point {worst + 1} of {variable} is at {found.place(worst)}, in"
            f" the dataset's first file at {mesh.place(worst)}: they cannot be of one dataset"
        )


def _coordinate(
    nc: netCDF4.Dataset, dimensions: tuple[str, ...], kind: str, name: str | None
) -> netCDF4.Variable | None:
    """Return the variable with the latitudes (kind lat) or longitudes (lon) of `dimensions`."""
    if name is not None:
        if name not in nc.variables:
            raise BadInput(f"{nc.filepath()} has no {name}, the variable given with `names.{kind}`")
        return nc.variables[name]
    direction = "degrees_north" if kind == "lat" else "degrees_east"
    for candidate, source in nc.variables.items():
        named = candidate == kind or getattr(source, "units", "") == direction
        if named and source.dimensions and set(source.dimensions) <= set(dimensions):
            return source
    return None


def _check_last(
    nc: netCDF4.Dataset, variable: str, have: tuple[str, ...], mesh: tuple[str, ...]
) -> None:
    if have[-len(mesh) :] != mesh:
        raise BadInput(
            f"{nc.filepath()}: {variable} has the dimensions {have}; the points {mesh} must"
            " come last, in this order"
        )


def _degrees(source: netCDF4.Variable, record: str) -> tuple[Floats, tuple[str, ...]]:
    """Return coordinates in degrees and their dimensions, without the record dimension."""
    repeated = source.ndim > 1 and source.dimensions[0] == record
    values = (read_repeated(source) if repeated else read(source)).astype(np.float64)
    if str(getattr(source, "units", "")).startswith("rad"):
        values = np.degrees(values)
    bad = ~np.isfinite(values) | (np.abs(values) > 720.0)
    if bad.any() or values.size == 0:
        raise BadInput(
            f"{source.group().filepath()}: {source.name} has {int(bad.sum())} of {values.size}"
            " values that are no coordinate (fill values?): the file is unusable"
        )
    return values, source.dimensions[repeated:]


def _check_latitudes(lat: netCDF4.Variable, values: Floats) -> None:
    most = np.abs(values).max()
    if most > 90.0 + POSITION_TOLERANCE:
        raise BadInput(
            f"{lat.group().filepath()}: {lat.name} is taken for the latitudes, but reaches"
            f" {most:g} degrees: name the right ones with `names: {{lat: …, lon: …}}`"
        )


def _mesh_from_file(path: str) -> Mesh:
    cells = read_cells(path)
    return Mesh(cells.lat, cured_longitude(cells.lon), (cells.lat.size,))
