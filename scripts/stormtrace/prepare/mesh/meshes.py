"""The points that raw files come on, and those of a grid."""

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stormtrace.grids import Grid
from stormtrace.sphere import unit_vectors

Floats = NDArray[np.float64]

#: Degrees by which a point may be off (float32 coordinates) and still be the same.
POSITION_TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False)
class Mesh:
    """Points on the sphere in the order of the file.

    lat, lon: degrees, (n,), lon in [0, 360).
    shape: of the file's horizontal dimensions, (n,) or (nlat, nlon).
    axes: (lat, lon) of the rows and columns where the mesh is rectilinear, else None.
    bounds: of latitudes and longitudes, degrees, where they are known: edges (nlat, 2), (nlon, 2)
        of axes, else corners (n, k) of cells.
    """

    lat: Floats
    lon: Floats
    shape: tuple[int, ...]
    axes: tuple[Floats, Floats] | None = None
    bounds: tuple[Floats, Floats] | None = None

    @property
    def size(self) -> int:
        """The number of points."""
        return self.lat.size

    @functools.cached_property
    def xyz(self) -> Floats:
        """Unit vectors, (n, 3)."""
        return np.ascontiguousarray(unit_vectors(self.lat, self.lon).T)

    def place(self, index: int) -> str:
        """Return the place of a point in words."""
        return f"{self.lat[index]:.2f}N {self.lon[index]:.2f}E"


def mesh_of_axes(lat: Floats, lon: Floats) -> Mesh:
    """Return the points of a rectilinear mesh, from its axes in any order."""
    columns = cured_longitude(lon)
    all_lat, all_lon = np.meshgrid(np.asarray(lat, np.float64), columns, indexing="ij")
    shape = (all_lat.shape[0], all_lat.shape[1])
    return Mesh(all_lat.ravel(), all_lon.ravel(), shape, (np.asarray(lat, np.float64), columns))


def mesh_of_grid(grid: Grid) -> Mesh:
    """Return the points of a grid, row by row."""
    if grid.is_rectilinear:
        return mesh_of_axes(grid.lat, grid.lon)
    return Mesh(grid.lat.ravel(), cured_longitude(grid.lon.ravel()), grid.shape)


def cured_longitude(lon: Floats) -> Floats:
    """Return longitudes in [0, 360): what is within 1e-9 of 0 or 360 is 0.

    MERRA-2 has −5.9e-13 where it means 0; % 360 alone would make 359.9999999999994 of it.
    """
    turned = np.array(lon, np.float64)
    outside = (turned < 0.0) | (turned >= 360.0)
    if outside.any():  # of few files; a remainder takes as long as reading them
        turned[outside] %= 360.0
    turned[(turned < 1e-9) | (turned > 360.0 - 1e-9)] = 0.0
    return turned


def distance(one: Mesh, other: Mesh) -> Floats:
    """Return how far apart the points of two meshes are, degrees, (n,), in lat or lon · cos lat."""
    east = np.abs((one.lon - other.lon + 180.0) % 360.0 - 180.0)
    return np.maximum(np.abs(one.lat - other.lat), east * np.cos(np.radians(other.lat)))
