"""The map projections of the figures, forward and inverse, and the one that suits a grid."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from stormtrace.grids import Grid
from stormtrace.grids.projection import Projection

Array = NDArray[np.float64]


class MapProjection(Protocol):
    """What a map needs to know of a projection: degrees to plane and back, and its outline."""

    def __hash__(self) -> int:
        """Projections are frozen: what is computed for one is kept."""
        ...

    def forward(self, lon: Array, lat: Array) -> tuple[Array, Array]:
        """Return x, y; NaN where the map does not reach."""
        ...

    def inverse(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Return lon, lat in degrees, broadcast over x and y; NaN outside the map."""
        ...

    def outline(self) -> Array:
        """Return the closed edge of the map, (point, 2)."""
        ...


@dataclass(frozen=True)
class EqualEarth:
    """Šavrič, Patterson and Jenny (2018): equal-area, so frequencies are not exaggerated."""

    central_lon: float = 205.0

    def forward(self, lon: Array, lat: Array) -> tuple[Array, Array]:
        """Return x, y."""
        away = np.radians((np.asarray(lon) - self.central_lon + 180.0) % 360.0 - 180.0)
        return self._place(away, np.radians(lat))

    def inverse(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Return lon, lat: the parametric latitude by Newton, as in the paper."""
        theta = np.asarray(y, np.float64).copy()
        for _ in range(8):
            theta -= (_height(theta) - y) / _slope(theta)
        with np.errstate(invalid="ignore"):
            lat = np.degrees(np.arcsin(2 / np.sqrt(3) * np.sin(theta)))
            away = np.degrees(x * np.sqrt(3) * _slope(theta) / (2 * np.cos(theta)))
        outside = ~(np.abs(away) <= 180.0) | ~np.isfinite(lat)
        return (
            np.where(outside, np.nan, self.central_lon + away),
            np.where(outside, np.nan, lat),
        )

    def outline(self) -> Array:
        """Return the two bounding meridians, joined by the pole lines."""
        lat = np.radians(np.linspace(-90, 90, 181))
        right = np.column_stack(self._place(np.full_like(lat, np.pi), lat))
        return np.concatenate([right, (right * [-1, 1])[::-1], right[:1]])

    @staticmethod
    def _place(away: Array, lat: Array) -> tuple[Array, Array]:
        theta = np.arcsin(np.sqrt(3) / 2 * np.sin(lat))
        return 2 * away * np.cos(theta) / (np.sqrt(3) * _slope(theta)), _height(theta)


#: The whole world, cut through eastern Europe and Africa, where few storm tracks pass.
GLOBE = EqualEarth()

A1, A2, A3, A4 = 1.340264, -0.081106, 0.000893, 0.003796


def _height(theta: Array) -> Array:
    return theta * (A1 + A2 * theta**2 + theta**6 * (A3 + A4 * theta**2))


def _slope(theta: Array) -> Array:
    return A1 + 3 * A2 * theta**2 + theta**6 * (7 * A3 + 9 * A4 * theta**2)


@dataclass(frozen=True)
class Rectangle:
    """Equirectangular map of a region, true to scale along its middle latitude.

    west < east in degrees; both may be given in 0…360 or −180…180.
    """

    west: float
    east: float
    south: float
    north: float

    @property
    def _stretch(self) -> float:
        return float(np.cos(np.radians((self.south + self.north) / 2)))

    def forward(self, lon: Array, lat: Array) -> tuple[Array, Array]:
        """Return x, y in degrees, longitudes shortened."""
        middle = (self.west + self.east) / 2
        away = (np.asarray(lon) - middle + 180.0) % 360.0 - 180.0
        return away * self._stretch, np.asarray(lat, np.float64)

    def inverse(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Return lon, lat."""
        lon = x / self._stretch + (self.west + self.east) / 2
        outside = (lon < self.west) | (lon > self.east) | (y < self.south) | (y > self.north)
        return np.where(outside, np.nan, lon), np.where(outside, np.nan, y)

    def outline(self) -> Array:
        """Return the rectangle."""
        half = (self.east - self.west) / 2 * self._stretch
        corners = [(-half, self.south), (half, self.south), (half, self.north)]
        return np.array([*corners, (-half, self.north), corners[0]])


@dataclass(frozen=True)
class PolarStereographic:
    """A polar cap from the pole to latitude `edge` (negative: the southern one)."""

    edge: float = 50.0
    central_lon: float = 0.0

    def forward(self, lon: Array, lat: Array) -> tuple[Array, Array]:
        """Return x, y; NaN beyond the edge."""
        sign = np.sign(self.edge)
        radius = np.tan(np.radians(45.0 - sign * np.asarray(lat, np.float64) / 2))
        radius = np.where(radius > self._radius * 1.001, np.nan, radius)
        angle = np.radians(np.asarray(lon) - self.central_lon)
        return radius * np.sin(angle), -sign * radius * np.cos(angle)

    def inverse(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Return lon, lat."""
        sign = np.sign(self.edge)
        radius = np.hypot(x, y)
        lat = sign * (90.0 - 2 * np.degrees(np.arctan(radius)))
        lon = np.degrees(np.arctan2(x, -sign * y)) + self.central_lon
        outside = radius > self._radius
        return np.where(outside, np.nan, lon), np.where(outside, np.nan, lat)

    def outline(self) -> Array:
        """Return the circle at `edge`."""
        angle = np.linspace(0, 2 * np.pi, 181)
        return self._radius * np.column_stack([np.cos(angle), np.sin(angle)])

    @property
    def _radius(self) -> float:
        return float(np.tan(np.radians(45.0 - abs(self.edge) / 2)))


@dataclass(frozen=True)
class GridPlane:
    """The plane that a projected grid is regular in, cut where the grid ends.

    So a polar grid is drawn as the square that it is, its straight meridian upright.
    """

    projection: Projection

    def forward(self, lon: Array, lat: Array) -> tuple[Array, Array]:
        """Return x, y; NaN beyond the grid's edges."""
        lat, lon = np.broadcast_arrays(np.asarray(lat, float), np.asarray(lon, float))
        x, y = self.projection.forward(lat, lon)
        outside = ~self._inside(x, y)
        return np.where(outside, np.nan, x), np.where(outside, np.nan, y)

    def inverse(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Return lon, lat."""
        x, y = np.broadcast_arrays(x, y)
        lat, lon = self.projection.inverse(x, y)
        outside = ~(self._inside(x, y) & np.isfinite(lat))
        return np.where(outside, np.nan, lon), np.where(outside, np.nan, lat)

    def outline(self) -> Array:
        """Return the rectangle of the grid's outer edges."""
        x, y = self.projection.edges()
        west, east, south, north = x[0], x[-1], y[0], y[-1]
        corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
        return np.array(corners)

    def _inside(self, x: Array, y: Array) -> NDArray[np.bool_]:
        edges_x, edges_y = self.projection.edges()
        return (x >= edges_x[0]) & (x <= edges_x[-1]) & (y >= edges_y[0]) & (y <= edges_y[-1])


def view_of(grid: Grid) -> MapProjection:
    """Return the projection that shows a whole grid and little else.

    The globe for grids round it, a polar cap for those round a pole, the grid's own plane where it
    has one, else the rectangle of its latitudes and longitudes.
    """
    if grid.projection is not None:
        return GridPlane(grid.projection)
    lat, lon = grid.corners
    south, north = float(lat.min()), float(lat.max())
    if not grid.is_rectilinear:
        return _view_of_points(lat, lon)
    if not grid.wraps:
        west, east = float(grid.lon_bounds[0]), float(grid.lon_bounds[-1])
        return Rectangle(west, min(east, west + 360.0), south, north)
    if south > 15.0 and north == 90.0:
        return PolarStereographic(south)
    if north < -15.0 and south == -90.0:
        return PolarStereographic(north)
    return GLOBE


def _view_of_points(lat: Array, lon: Array) -> MapProjection:
    """Return a view of cells known by their corners alone: a rectangle, a cap, or the globe."""
    south, north = float(lat.min()), float(lat.max())
    middle = np.degrees(np.angle(np.exp(1j * np.radians(lon)).mean()))
    away = (lon - middle + 180.0) % 360.0 - 180.0
    if np.ptp(away) < 300.0:
        return Rectangle(float(middle + away.min()), float(middle + away.max()), south, north)
    if south > 0.0 or north < 0.0:
        return PolarStereographic(south if south > 0.0 else north)
    return GLOBE
