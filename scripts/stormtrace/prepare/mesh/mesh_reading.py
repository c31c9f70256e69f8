"""The mesh of a dataset, read from its raw files or from a file of the mesh."""

import functools
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.prepare.dataset import Dataset
from stormtrace.prepare.mesh.mesh_bounds import read_bounds
from stormtrace.prepare.mesh.mesh_cells import cf_mesh, read_cells
from stormtrace.prepare.mesh.meshes import (
    POSITION_TOLERANCE,
    Mesh,
    cured_longitude,
    mesh_of_axes,
)
from stormtrace.prepare.raw.degrees import in_degrees
from stormtrace.prepare.raw.found_files import first_file
from stormtrace.prepare.raw.opened import RawFile, RawVariable
from stormtrace.prepare.raw.raw_formats import open_raw_file
from stormtrace.prepare.raw.variable_layout import Layout, read_layout

Floats = NDArray[np.float64]

#: Degrees by which latitudes of one row may differ (float32).
SAME = 1e-5


def dataset_mesh(dataset: Dataset, with_bounds: bool = False) -> Mesh:
    """Return the mesh of a dataset, from its first raw file (or `mesh`, if that has no lat/lon).

    with_bounds: whether the bounds of its cells are wanted, where the file has them.
    """
    path, variable = first_file(dataset)
    with open_raw_file(path) as opened:
        layout = read_layout(opened, variable, dataset)
        mesh = layout_mesh(opened, layout, dataset)
        if not with_bounds or layout.lat is None or layout.lon is None:
            return mesh
        bounds = read_bounds(opened, (layout.lat, layout.lon), layout.time, mesh.axes is not None)
        return replace(mesh, bounds=bounds)


def layout_mesh(opened: RawFile, layout: Layout, dataset: Dataset) -> Mesh:
    """Return the mesh a variable of an open file is on.

    Raises:
        BadInput: there are no latitudes and longitudes, they are wrong, or of other points.

    """
    if layout.lat is None or layout.lon is None:
        if dataset.mesh is not None:
            return _mesh_from_file(dataset.mesh, layout)
        raise BadInput(
            f"{opened.path} has no latitudes and longitudes for {layout.variable.name}"
            f" {layout.variable.dimensions}: name them with `names: {{lat: …, lon: …}}`, or give a"
            " file that has them with `mesh`"
        )
    pair = layout.lat, layout.lon
    values = in_degrees(pair, layout.time)
    _check_latitudes(layout.lat, values[0])
    lat, lon = (_chosen(*each, layout) for each in zip(pair, values, strict=True))
    if lat[1] != lon[1] and len(lat[1]) == len(lon[1]) == 1:
        return mesh_of_axes(lat[0], lon[0])
    return mesh_of_points(_spread(*lat, layout), _spread(*lon, layout))


def mesh_of_points(lat: Floats, lon: Floats) -> Mesh:
    """Return the mesh of points of one shape; rows and columns of axes where they are on those."""
    columns = cured_longitude(lon)
    if lat.ndim == 2 and min(lat.shape) > 1:
        apart = np.abs((columns - columns[0] + 180.0) % 360.0 - 180.0).max()
        if np.ptp(lat, axis=1).max() < SAME and apart < SAME:
            return mesh_of_axes(lat[:, 0], lon[0])
    return Mesh(lat.ravel(), columns.ravel(), lat.shape)


def _chosen(source: RawVariable, values: Floats, layout: Layout) -> tuple[Floats, tuple[str, ...]]:
    """Return values without the dimensions of which one value is chosen, and those left."""
    dimensions = [name for name in source.dimensions if name != layout.time]
    for name in [name for name in dimensions if name in layout.chosen]:
        values = np.take(values, [layout.chosen[name]], axis=dimensions.index(name)).squeeze(
            dimensions.index(name)
        )
        dimensions.remove(name)
    return values, tuple(dimensions)


def _spread(values: Floats, dimensions: tuple[str, ...], layout: Layout) -> Floats:
    """Return values over all points, in the order of the layout's dimensions."""
    own = [name for name in layout.points if name in dimensions]
    values = values.transpose([dimensions.index(name) for name in own])
    place = tuple(slice(None) if name in own else None for name in layout.points)
    return np.broadcast_to(values[place], layout.shape)


def _check_latitudes(lat: RawVariable, values: Floats) -> None:
    most = np.abs(values).max()
    if most > 90.0 + POSITION_TOLERANCE:
        raise BadInput(
            f"{lat.path}: {lat.name} is taken for the latitudes, but reaches"
            f" {most:g} degrees: name the right ones with `names: {{lat: …, lon: …}}`"
        )


def _mesh_from_file(path: str, layout: Layout) -> Mesh:
    """Return the points of a file of the mesh; BadInput where they are not as many."""
    size = int(np.prod(layout.shape))
    mesh = _points_in(path, size)
    if mesh.size != size:
        raise BadInput(
            f"{layout.variable.path}: {layout.variable.name} is on {layout.shape} points, the mesh"
            f" file {path} has {mesh.size}: give the file of its own mesh with `mesh`"
        )
    return replace(mesh, shape=layout.shape)


@functools.lru_cache(maxsize=2)
def _points_in(path: str, size: int) -> Mesh:
    """Return the points of a mesh file, which every raw file is compared with."""
    mesh = cf_mesh(path, size)
    if mesh is not None:
        return mesh
    cells = read_cells(path, size)
    return Mesh(cells.lat, cured_longitude(cells.lon), (cells.lat.size,))
