"""A grid that knows its cells: their areas, their edges, and whether its ends meet."""

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stormtrace.constants import EARTH_RADIUS_KM
from stormtrace.grids.cell_edges import midpoint_edges, row_edges
from stormtrace.grids.curvilinear import NearestCells, corners_of_points
from stormtrace.grids.grid_checks import AT_POLE, check_axes, check_planes
from stormtrace.grids.projection import Projection
from stormtrace.sphere import from_longitude, quadrilateral_areas, unit_vectors

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Grid:
    """A rectilinear grid (lat and lon are axes), or one with a latitude and longitude per cell.

    lat, lon: degrees, cell centres; (nlat,) and (nlon,), both ascending, lon within one turn and
    evenly spaced; or both (ny, nx). row_edges: (nlat + 1,) edges of rectilinear rows where they
    are not half-way between the centres (Gaussian rows). projection: the plane in which a 2-D
    grid is regular, if known.

    Raises:
        BadInput: the coordinates do not describe a grid.

    """

    lat: Floats
    lon: Floats
    row_edges: Floats | None = None
    projection: Projection | None = None

    def __post_init__(self) -> None:
        """Check the coordinates once, so that no user of the grid needs to."""
        for name in ("lat", "lon", "row_edges"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, np.asarray(getattr(self, name), np.float64))
        if self.lat.ndim == self.lon.ndim == 1:
            check_axes(self.lat, self.lon, self.row_edges)
        else:
            plane = self.projection
            sizes = None if plane is None else (plane.y.size, plane.x.size)
            check_planes(self.lat, self.lon, self.row_edges, sizes)

    # --- shape ----------------------------------------------------------------------------------

    @property
    def is_rectilinear(self) -> bool:
        """Whether latitude and longitude are axes."""
        return self.lat.ndim == 1

    @property
    def shape(self) -> tuple[int, int]:
        """(nlat, nlon), or (ny, nx)."""
        ny, nx = (self.lat.size, self.lon.size) if self.is_rectilinear else self.lat.shape
        return ny, nx

    @property
    def size(self) -> int:
        """Number of cells."""
        return self.shape[0] * self.shape[1]

    @property
    def dims(self) -> tuple[str, str]:
        """Names of the two dimensions in files."""
        return ("lat", "lon") if self.is_rectilinear else ("y", "x")

    @functools.cached_property
    def points(self) -> tuple[Floats, Floats]:
        """Latitude and longitude of every cell, both of `shape`."""
        if not self.is_rectilinear:
            return self.lat, self.lon
        lat, lon = np.meshgrid(self.lat, self.lon, indexing="ij")
        return lat, lon

    # --- neighbours -----------------------------------------------------------------------------

    @functools.cached_property
    def wraps(self) -> bool:
        """Whether the last column touches the first (within a hundredth of a step)."""
        if not self.is_rectilinear:
            return False
        step = np.diff(self.lon).mean() if self.lon.size > 1 else 360.0
        return bool(abs(self.lon.size * step - 360.0) < 0.01 * step)

    @functools.cached_property
    def pole_rows(self) -> tuple[bool, bool]:
        """Whether the first row is the South Pole, the last one the North Pole."""
        if not self.is_rectilinear:
            return False, False
        return bool(self.lat[0] <= -90.0 + AT_POLE), bool(self.lat[-1] >= 90.0 - AT_POLE)

    @functools.cached_property
    def is_global(self) -> bool:
        """Whether the cells cover the sphere."""
        if not self.wraps:
            return False
        south, north = self.lat_bounds[[0, -1]]
        return bool(south <= -90.0 + AT_POLE and north >= 90.0 - AT_POLE)

    # --- edges and areas ------------------------------------------------------------------------

    @functools.cached_property
    def lat_bounds(self) -> Floats:
        """Edges of rectilinear rows (nlat + 1), never beyond a pole.

        Half-way between the centres unless `row_edges` of the grid says otherwise.
        """
        return row_edges(self.lat, self.wraps) if self.row_edges is None else self.row_edges

    @functools.cached_property
    def lon_bounds(self) -> Floats:
        """Edges of rectilinear columns (nlon + 1), half-way between the centres."""
        return midpoint_edges(self.lon)

    @functools.cached_property
    def row_area(self) -> Floats:
        """Area of a cell of each rectilinear row, km², (nlat,): R² Δλ (sin φ_north − sin φ_south).

        Exact for cells bounded by meridians and parallels; all cells of a global grid together
        are 4πR².
        """
        width = np.radians(360.0 / self.lon.size if self.wraps else np.diff(self.lon_bounds).mean())
        return EARTH_RADIUS_KM**2 * width * np.diff(np.sin(np.radians(self.lat_bounds)))

    @functools.cached_property
    def area(self) -> Floats:
        """Area of every cell, km², `shape`.

        Of a projected grid on the projection's own sphere: the spherical quadrilateral of the
        cell's corners.
        """
        if self.is_rectilinear:
            return np.broadcast_to(self.row_area[:, None], self.shape)
        return self.radius_km**2 * quadrilateral_areas(unit_vectors(*self.corners))

    @property
    def radius_km(self) -> float:
        """Radius of the sphere the cells lie on."""
        return EARTH_RADIUS_KM if self.projection is None else self.projection.radius_km

    @functools.cached_property
    def corners(self) -> tuple[Floats, Floats]:
        """Latitude and longitude of the cells' corners, both (ny + 1, nx + 1)."""
        if self.is_rectilinear:
            lat, lon = np.meshgrid(self.lat_bounds, self.lon_bounds, indexing="ij")
            return lat, lon
        if self.projection is not None:
            x, y = np.meshgrid(*self.projection.edges())
            return self.projection.inverse(x, y)
        return corners_of_points(self.lat, self.lon)

    # --- places ---------------------------------------------------------------------------------

    def locate(self, lat: Floats, lon: Floats) -> tuple[Floats, Floats]:
        """Return the fractional row and column of points in degrees; NaN outside the grid.

        Whole numbers are cell centres. Beyond the outermost centres the nearest one counts up to
        the cell's edge; columns of a grid that wraps go on to nlon (0 again).
        """
        lat, lon = np.broadcast_arrays(np.asarray(lat, float), np.asarray(lon, float))
        if self.is_rectilinear:
            return self._locate_on_axes(lat, lon)
        if self.projection is None:
            return self._nearest.locate(lat, lon)
        x, y = self.projection.forward(lat, lon)
        edges_x, edges_y = self.projection.edges()
        inside = (x >= edges_x[0]) & (x <= edges_x[-1]) & (y >= edges_y[0]) & (y <= edges_y[-1])
        row = np.interp(y, self.projection.y, np.arange(self.shape[0]))
        column = np.interp(x, self.projection.x, np.arange(self.shape[1]))
        return np.where(inside, row, np.nan), np.where(inside, column, np.nan)

    def _locate_on_axes(self, lat: Floats, lon: Floats) -> tuple[Floats, Floats]:
        row = np.interp(lat, self.lat, np.arange(self.lat.size))
        turned = from_longitude(lon, self.lon_bounds[0])
        axis = self.lon
        if self.wraps:
            turned = np.where(turned < axis[0], turned + 360.0, turned)
            axis = np.append(axis, axis[0] + 360.0)
        column = np.interp(turned, axis, np.arange(axis.size))
        inside = (lat >= self.lat_bounds[0]) & (lat <= self.lat_bounds[-1])
        inside &= np.isfinite(lon) & (self.wraps | (turned <= self.lon_bounds[-1]))
        return np.where(inside, row, np.nan), np.where(inside, column, np.nan)

    @functools.cached_property
    def _nearest(self) -> NearestCells:
        return NearestCells(self.lat, self.lon, self.corners)

    def cells(self, lat: Floats, lon: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return row and column of the cell that holds each point; −1 outside the grid.

        A point on an edge belongs to the cell north or east of it, on the grid's own rim to the
        cell inside.
        """
        if self.is_rectilinear:
            return self._cells_between_edges(np.asarray(lat, float), np.asarray(lon, float))
        row, column = self.locate(lat, lon)
        inside = np.isfinite(row)
        found = (np.rint(np.where(inside, one, -1.0)).astype(np.int64) for one in (row, column))
        row_of, column_of = found
        return row_of, column_of

    def _cells_between_edges(
        self, lat: Floats, lon: Floats
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        (south, north), (west, east) = self.lat_bounds[[0, -1]], self.lon_bounds[[0, -1]]
        turned = from_longitude(lon, west)
        inside = (lat >= south) & (lat <= north) & (self.wraps | (turned <= east))
        row = np.searchsorted(self.lat_bounds[1:-1], lat, "right")
        column = np.searchsorted(self.lon_bounds[1:-1], turned, "right")
        return np.where(inside, row, -1), np.where(inside, column, -1)

    def same_as(self, other: "Grid", tolerance: float = 1e-6) -> bool:
        """Whether another grid has the same cells, to `tolerance` degrees."""
        if self.shape != other.shape or self.is_rectilinear != other.is_rectilinear:
            return False
        pairs = [(self.lat, other.lat), (self.lon, other.lon)]
        if self.is_rectilinear:
            pairs.append((self.lat_bounds, other.lat_bounds))
        return all(np.allclose(one, two, rtol=0.0, atol=tolerance) for one, two in pairs)

    def describe(self) -> str:
        """Return the grid in a few words: ``768 × 1152, 0.23° × 0.31°``."""
        ny, nx = self.shape
        if self.is_rectilinear:
            steps = (
                np.diff(axis).mean() if axis.size > 1 else 0.0 for axis in (self.lat, self.lon)
            )
            return f"{ny} × {nx}, " + " × ".join(f"{step:.3g}°" for step in steps)
        side = np.sqrt(np.median(self.area))
        return f"{ny} × {nx}, about {side:.3g} km"
