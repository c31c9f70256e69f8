"""The mesh of a dataset, read from its raw files or from a file of the mesh."""

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
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
from stormtrace.prepare.raw.opened import RawFile, RawVariable
from stormtrace.prepare.raw.raw_formats import open_raw_file
from stormtrace.prepare.raw.variable_layout import Layout, read_layout

Floats = NDArray[np.float64]


def dataset_mesh(dataset: Dataset) -> Mesh:
    """Return the mesh of a dataset, from its first raw file (or `mesh`, if that has no lat/lon)."""
    path, variable = first_file(dataset)
    with open_raw_file(path) as opened:
        return layout_mesh(opened, read_layout(opened, variable, dataset), dataset)


def layout_mesh(opened: RawFile, layout: Layout, dataset: Dataset) -> Mesh:
    """Return the mesh a variable of an open file is on."""
    if layout.lat is None or layout.lon is None:
        if dataset.mesh is not None:
            return _mesh_from_file(dataset.mesh)
        raise BadInput(
            f"{opened.path} has no latitudes and longitudes for {layout.variable.name}"
            f" {layout.variable.dimensions}: name them with `names: {{lat: …, lon: …}}`, or give a"
            " file that has them with `mesh`"
        )
    lat, lon = _degrees(layout.lat, layout.time), _degrees(layout.lon, layout.time)
    _check_latitudes(layout.lat, lat)
    if set(layout.lat.dimensions) == set(layout.lon.dimensions):
        return Mesh(lat.ravel(), cured_longitude(lon.ravel()), lat.shape)
    return mesh_of_axes(lat, lon)


def check_mesh(opened: RawFile, layout: Layout, dataset: Dataset, mesh: Mesh) -> None:
    """Refuse (BadInput) a file that is on other points than the dataset's first one."""
    found = layout_mesh(opened, layout, dataset)
    name = layout.variable.name
    if found.shape != mesh.shape or layout.shape != found.shape:
        raise BadInput(
            f"{opened.path}: {name} is on {layout.shape} points, the dataset's first file"
            f" on {mesh.shape}: they cannot be of one dataset"
        )
    if np.array_equal(found.lat, mesh.lat) and np.array_equal(found.lon, mesh.lon):
        return
    off = distance(found, mesh)
    worst = int(off.argmax())
    if off[worst] > POSITION_TOLERANCE:
        raise BadInput(
            f"{opened.path}: point {worst + 1} of {name} is at {found.place(worst)}, in"
            f" the dataset's first file at {mesh.place(worst)}: they cannot be of one dataset"
        )


def _degrees(source: RawVariable, time: str | None) -> Floats:
    """Return coordinates in degrees, without the record dimension."""
    values = (source.read_once(time) if time else source.read()).astype(np.float64)
    if source.units.startswith("rad"):
        values = np.degrees(values)
    bad = ~np.isfinite(values) | (np.abs(values) > 720.0)
    if bad.any() or values.size == 0:
        raise BadInput(
            f"{source.path}: {source.name} has {int(bad.sum())} of {values.size}"
            " values that are no coordinate (fill values?): the file is unusable"
        )
    return values


def _check_latitudes(lat: RawVariable, values: Floats) -> None:
    most = np.abs(values).max()
    if most > 90.0 + POSITION_TOLERANCE:
        raise BadInput(
            f"{lat.path}: {lat.name} is taken for the latitudes, but reaches"
            f" {most:g} degrees: name the right ones with `names: {{lat: …, lon: …}}`"
        )


def _mesh_from_file(path: str) -> Mesh:
    cells = read_cells(path)
    return Mesh(cells.lat, cured_longitude(cells.lon), (cells.lat.size,))
