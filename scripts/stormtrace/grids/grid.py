"""A grid that knows its cells: their areas, their edges, and whether its ends meet."""

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.constants import EARTH_RADIUS_KM
from stormtrace.errors import BadInput
from stormtrace.grids.projection import Projection, midpoint_edges
from stormtrace.sphere import quadrilateral_areas, unit_vectors

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Grid:
    """A rectilinear grid (lat and lon are axes), or one with a latitude and longitude a cell.

    lat, lon: degrees, cell centres; (nlat,) and (nlon,), both ascending, lon within one turn; or
    both (ny, nx). row_edges: (nlat + 1,) edges of rectilinear rows, where they are not half-way
    between the centres (Gaussian rows). projection: the plane a 2-D grid is regular in, if known.

    Raises:
        BadInput: coordinates that are no grid, at the first look.

    """

    lat: Floats
    lon: Floats
    row_edges: Floats | None = None
    projection: Projection | None = None

    def __post_init__(self) -> None:
        """Check the coordinates once, so that nothing else needs to."""
        for name in ("lat", "lon"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), np.float64))
        lat, lon = self.lat, self.lon
        if not (lat.size and lon.size and np.isfinite(lat).all() and np.isfinite(lon).all()):
            raise BadInput("a grid needs finite latitudes and longitudes; some are missing")
        if np.abs(lat).max() > 90.0 + 1e-6:
            raise BadInput(f"a grid has latitudes from −90 to 90; found {lat.min()} … {lat.max()}")
        if lat.ndim == lon.ndim == 1:
            self._check_axes()
        elif not (lat.ndim == lon.ndim == 2 and lat.shape == lon.shape):
            raise BadInput(
                f"a grid has lat and lon as two axes, or both (ny, nx); found {lat.shape} and "
                f"{lon.shape}"
            )
        elif self.projection is not None and lat.shape != (
            self.projection.y.size,
            self.projection.x.size,
        ):
            raise BadInput(f"x and y do not fit lat and lon, which are {lat.shape}")

    def _check_axes(self) -> None:
        for name, axis in (("lat", self.lat), ("lon", self.lon)):
            if not (np.diff(axis) > 0).all():
                raise BadInput(
                    f"{name} of a grid must ascend (south to north, west to east), without "
                    f"doubles; found {axis[0]:g} … {axis[-1]:g}: turn the file round"
                )
        if self.lon[-1] - self.lon[0] >= 360.0:
            raise BadInput(
                f"lon goes round more than once: {self.lon[0]:g} … {self.lon[-1]:g}; drop the "
                "columns that are there twice"
            )
        steps = np.diff(self.lon)
        if steps.size and np.ptp(steps) > 0.01 * steps.mean():
            raise BadInput(
                f"columns of a grid are evenly spaced; found steps of {steps.min():g} to "
                f"{steps.max():g} degrees: regrid the file, or leave out the odd columns"
            )
        if self.row_edges is not None and self.row_edges.shape != (self.lat.size + 1,):
            raise BadInput(f"{self.lat.size} rows have {self.lat.size + 1} edges")

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
        return bool(self.lat[0] <= -90.0 + 1e-6), bool(self.lat[-1] >= 90.0 - 1e-6)

    @functools.cached_property
    def is_global(self) -> bool:
        """Whether the cells cover the sphere."""
        return self.wraps and self.lat_bounds[0] <= -90.0 and bool(self.lat_bounds[-1] >= 90.0)

    # --- edges and areas ------------------------------------------------------------------------

    @functools.cached_property
    def lat_bounds(self) -> Floats:
        """Edges of rectilinear rows (nlat + 1), never beyond a pole.

        Half-way between the centres unless `row_edges` says otherwise. Where the grid goes round
        and its outermost row lies within one row's height of a pole, it reaches the pole: so do
        Gaussian grids, whose rows are not evenly spaced.
        """
        if self.row_edges is not None:
            return self.row_edges
        edges = np.clip(midpoint_edges(self.lat), -90.0, 90.0)
        if self.wraps and self.lat.size > 1:
            south, north = np.diff(edges)[[0, -1]]
            edges[0] = -90.0 if edges[0] < -90.0 + south / 2 else edges[0]
            edges[-1] = 90.0 if edges[-1] > 90.0 - north / 2 else edges[-1]
        return edges

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
        return _corners_of_points(self.lat, self.lon)

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
            return self._nearest(lat, lon)
        x, y = self.projection.forward(lat, lon)
        edges_x, edges_y = self.projection.edges()
        inside = (x >= edges_x[0]) & (x <= edges_x[-1]) & (y >= edges_y[0]) & (y <= edges_y[-1])
        row = np.interp(y, self.projection.y, np.arange(self.shape[0]))
        column = np.interp(x, self.projection.x, np.arange(self.shape[1]))
        return np.where(inside, row, np.nan), np.where(inside, column, np.nan)

    def _locate_on_axes(self, lat: Floats, lon: Floats) -> tuple[Floats, Floats]:
        row = np.interp(lat, self.lat, np.arange(self.lat.size))
        west = self.lon_bounds[0]
        turned = (lon - west) % 360.0 + west
        if self.wraps:
            turned = np.where(turned < self.lon[0], turned + 360.0, turned)
            axis = np.append(self.lon, self.lon[0] + 360.0)
        else:
            axis = self.lon
        column = np.interp(turned, axis, np.arange(axis.size))
        inside = (lat >= self.lat_bounds[0]) & (lat <= self.lat_bounds[-1])
        inside &= np.isfinite(lon) & (self.wraps | (turned <= self.lon_bounds[-1]))
        return np.where(inside, row, np.nan), np.where(inside, column, np.nan)

    def _nearest(self, lat: Floats, lon: Floats) -> tuple[Floats, Floats]:
        """Return row and column of the nearest cell, if the point is about within a cell of it."""
        tree, reach = self._tree
        known = np.isfinite(lat) & np.isfinite(lon)
        vectors = unit_vectors(np.where(known, lat, 0.0).ravel(), np.where(known, lon, 0.0).ravel())
        distance, index = tree.query(vectors.T)
        inside = known.ravel() & (distance <= reach[index])
        row, column = (
            np.where(inside, one, np.nan).reshape(lat.shape)
            for one in np.divmod(index, self.shape[1])
        )
        return row, column

    @functools.cached_property
    def _tree(self) -> tuple[Any, Floats]:
        """Search tree of the cell centres, and the chord from each to its farthest corner."""
        from scipy.spatial import cKDTree

        centres = unit_vectors(self.lat.ravel(), self.lon.ravel())
        corners = unit_vectors(*self.corners)
        ny, nx = self.shape
        of_cells = [corners[:, j : j + ny, i : i + nx] for j in (0, 1) for i in (0, 1)]
        away = [np.linalg.norm(one.reshape(3, -1) - centres, axis=0) for one in of_cells]
        return cKDTree(centres.T), np.max(away, axis=0)

    def cells(self, lat: Floats, lon: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return row and column of the cell that holds each point; −1 outside the grid."""
        if self.is_rectilinear:
            row = np.searchsorted(self.lat_bounds, lat, "right") - 1
            row = np.where(np.asarray(lat) == self.lat_bounds[-1], self.shape[0] - 1, row)
            west = self.lon_bounds[0]
            column = (
                np.searchsorted(self.lon_bounds, (np.asarray(lon) - west) % 360.0 + west, "right")
                - 1
            )
            inside = (row >= 0) & (row < self.shape[0]) & (self.wraps | (column < self.shape[1]))
            column = np.minimum(column, self.shape[1] - 1)
        else:
            found = self.locate(lat, lon)
            inside = np.isfinite(found[0])
            row, column = (np.rint(np.where(inside, one, 0)).astype(np.int64) for one in found)
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


def _corners_of_points(lat: Floats, lon: Floats) -> tuple[Floats, Floats]:
    """Return corners (ny + 1, nx + 1) of cells known by their centres alone.

    Each inner corner is the direction of the mean of the four centres round it; the rim continues
    outwards as far as it goes inwards. On the sphere, so that neither pole nor date line matters.
    """
    vectors = unit_vectors(lat, lon)  # (3, ny, nx)
    for axis in (1, 2):
        first = 2 * vectors.take([0], axis) - vectors.take(
            [1 if vectors.shape[axis] > 1 else 0], axis
        )
        last = 2 * vectors.take([-1], axis) - vectors.take(
            [-2 if vectors.shape[axis] > 1 else -1], axis
        )
        vectors = np.concatenate([first, vectors, last], axis=axis)
    corners = vectors[:, 1:, 1:] + vectors[:, :-1, 1:] + vectors[:, 1:, :-1] + vectors[:, :-1, :-1]
    corners /= np.linalg.norm(corners, axis=0)
    return np.degrees(np.arcsin(np.clip(corners[2], -1, 1))), np.degrees(
        np.arctan2(corners[1], corners[0])
    ) % 360.0
