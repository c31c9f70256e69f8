"""The horizontal points a raw file comes on, read and recognised."""

import functools
from dataclasses import dataclass

import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.netcdf import open_raw, read, read_repeated
from stormtrace.grids import Grid
from stormtrace.prepare.dataset import Dataset
from stormtrace.prepare.mesh import camse
from stormtrace.prepare.raw.found_files import first_file

Floats = NDArray[np.float64]

POSITION_TOLERANCE = 1e-3
"""Degrees by which a point may be off (float32 coordinates) and still be the same."""


@dataclass(frozen=True, eq=False)
class Mesh:
    """Points on the sphere in the order of the file.

    lat, lon: degrees, (n,), lon in [0, 360).
    shape: of the file's horizontal dimensions, (n,) or (nlat, nlon).
    axes: (lat, lon) of the rows and columns where the mesh is rectilinear, else None.
    """

    lat: Floats
    lon: Floats
    shape: tuple[int, ...]
    axes: tuple[Floats, Floats] | None = None

    @property
    def size(self) -> int:
        """The number of points."""
        return self.lat.size

    @functools.cached_property
    def xyz(self) -> Floats:
        """Unit vectors, (n, 3)."""
        return camse.to_xyz(self.lon, self.lat)

    def place(self, index: int) -> str:
        """Return where a point is, for a person."""
        return f"{self.lat[index]:.2f}N {self.lon[index]:.2f}E"


def mesh_of_grid(grid: Grid) -> Mesh:
    """Return the points of a grid, rows from south to north."""
    lat, lon = np.meshgrid(grid.lat, grid.lon, indexing="ij")
    return Mesh(lat.ravel(), cured_longitude(lon.ravel()), grid.shape, (grid.lat, grid.lon))


def cured_longitude(lon: Floats) -> Floats:
    """Return longitudes in [0, 360): what is within 1e-9 of 0 or 360 is 0.

    MERRA-2 has −5.9e-13 where it means 0; % 360 alone would make 359.9999999999994 of it.
    """
    turned = np.asarray(lon, np.float64) % 360.0
    turned[(turned < 1e-9) | (turned > 360.0 - 1e-9)] = 0.0
    return turned


def dataset_mesh(dataset: Dataset) -> Mesh:
    """Return the mesh of a dataset, from its first raw file (or `mesh`, if that has no lat/lon)."""
    path, variable = first_file(dataset)
    with open_raw(path) as opened:
        if variable not in opened.variables:
            raise BadInput(
                f"{path} has no variable {variable}; it has {', '.join(opened.variables)}"
            )
        return file_mesh(opened, variable, dataset)


def file_mesh(opened: netCDF4.Dataset, variable: str, dataset: Dataset) -> Mesh:
    """Return the mesh a variable of an open file is on."""
    dimensions = opened.variables[variable].dimensions
    lat = _coordinate(opened, dimensions, "lat", dataset.names.lat)
    lon = _coordinate(opened, dimensions, "lon", dataset.names.lon)
    if lat is None or lon is None:
        if dataset.mesh is not None:
            return _mesh_from_file(dataset.mesh)
        raise BadInput(
            f"{opened.filepath()} has no latitudes and longitudes for {variable} {dimensions}:"
            " name them with `names: {lat: …, lon: …}`, or give a file that has them with `mesh`"
        )
    rows, row_points = _degrees(lat, dimensions[0])
    columns, column_points = _degrees(lon, dimensions[0])
    _check_latitudes(lat, rows)
    if row_points == column_points:
        _check_last(opened, variable, dimensions, row_points)
        return Mesh(rows.ravel(), cured_longitude(columns.ravel()), rows.shape)
    _check_last(opened, variable, dimensions, row_points + column_points)
    columns = cured_longitude(columns)
    all_lat, all_lon = np.meshgrid(rows, columns, indexing="ij")
    return Mesh(all_lat.ravel(), all_lon.ravel(), (rows.size, columns.size), (rows, columns))


def check_mesh(opened: netCDF4.Dataset, variable: str, dataset: Dataset, mesh: Mesh) -> None:
    """Refuse (BadInput) a file that is on other points than the dataset's first one."""
    found = file_mesh(opened, variable, dataset)
    if found.shape != mesh.shape:
        raise BadInput(
            f"{opened.filepath()}: {variable} is on {found.shape} points, the dataset's first file"
            f" on {mesh.shape}: they cannot be of one dataset"
        )
    if np.array_equal(found.lat, mesh.lat) and np.array_equal(found.lon, mesh.lon):
        return
    off = distance(found, mesh)
    worst = int(off.argmax())
    if off[worst] > POSITION_TOLERANCE:
        raise BadInput(
            f"{opened.filepath()}: point {worst + 1} of {variable} is at {found.place(worst)}, in"
            f" the dataset's first file at {mesh.place(worst)}: they cannot be of one dataset"
        )


def global_axes(mesh: Mesh) -> tuple[Floats, Floats]:
    """Return (lat, lon) of a rectilinear mesh that covers the globe; BadInput if it does not."""
    assert mesh.axes is not None
    lat, lon = mesh.axes
    rows, ring = np.sort(lat), np.append(np.sort(lon), lon.min() + 360.0)
    steps, turns = np.diff(rows), np.diff(ring)
    if steps.min(initial=np.inf) <= 0 or np.abs(lat).max() > 90.0 + 1e-9:
        raise BadInput("latitudes of the raw files must differ, and lie between −90 and 90")
    if max(rows[0] + 90.0, 90.0 - rows[-1]) > 2 * steps.max(initial=0.0):
        raise BadInput(
            f"the raw files reach from {rows[0]:.2f}N to {rows[-1]:.2f}N only; the grid is global,"
            " and nothing may be missing on it"
        )
    if turns.min() <= 0 or turns.max() > 2.5 * np.median(turns):
        raise BadInput(
            f"the raw files' longitudes leave a gap of {turns.max():.2f} degrees (or have one"
            " twice); the grid is global, and nothing may be missing on it"
        )
    return lat, lon


def distance(one: Mesh, other: Mesh) -> Floats:
    """Return how far apart the points of two meshes are, degrees, (n,), in lat or lon · cos lat."""
    east = np.abs((one.lon - other.lon + 180.0) % 360.0 - 180.0)
    return np.maximum(np.abs(one.lat - other.lat), east * np.cos(np.radians(other.lat)))


def camse_elements(mesh: Mesh) -> camse.Mesh | None:
    """Return the CAM-SE mesh these points are, its columns numbered as in the file; or None.

    The order of the points does not matter: each finds its own place on the cube.
    """
    ne = camse.elements_along_edge(mesh.size) if mesh.axes is None else None
    if ne is None:
        return None
    known = camse.columns(ne)
    face, alpha, beta = camse.locate(mesh.xyz)
    angles = camse.gll_angles(ne)
    between = (angles[1:] + angles[:-1]) / 2
    column = known.lattice[face, np.searchsorted(between, beta), np.searchsorted(between, alpha)]
    off = np.abs(camse.to_xyz(known.lon[column], known.lat[column]) - mesh.xyz).max()
    if off > np.radians(POSITION_TOLERANCE) or np.bincount(column, minlength=mesh.size).max() > 1:
        return None
    in_file = np.empty(mesh.size, np.int64)
    in_file[column] = np.arange(mesh.size)
    return camse.Mesh(ne, mesh.lon, mesh.lat, in_file[known.lattice])


def _coordinate(
    opened: netCDF4.Dataset, dimensions: tuple[str, ...], kind: str, name: str | None
) -> netCDF4.Variable | None:
    """Return the variable with the latitudes (kind lat) or longitudes (lon) of `dimensions`."""
    if name is not None:
        if name not in opened.variables:
            raise BadInput(f"{opened.filepath()} has no {name}, which `names.{kind}` speaks of")
        return opened.variables[name]
    direction = "degrees_north" if kind == "lat" else "degrees_east"
    for candidate, source in opened.variables.items():
        named = candidate == kind or getattr(source, "units", "") == direction
        if named and source.dimensions and set(source.dimensions) <= set(dimensions):
            return source
    return None


def _check_last(
    opened: netCDF4.Dataset, variable: str, have: tuple[str, ...], mesh: tuple[str, ...]
) -> None:
    if have[-len(mesh) :] != mesh:
        raise BadInput(
            f"{opened.filepath()}: {variable} has the dimensions {have}; the points {mesh} must"
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
    from stormtrace.prepare.mesh.cells import read_cells  # uxarray: only where a mesh file is given

    cells = read_cells(path)
    return Mesh(cells.lat, cured_longitude(cells.lon), (cells.lat.size,))
