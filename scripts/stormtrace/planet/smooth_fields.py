"""Points of the sphere and smooth random fields on it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stormtrace.grids import Grid

Floats = NDArray[np.floating]


class Points:
    """Where fields are wanted: n places, whatever mesh or grid they belong to.

    lon, lat: degrees, (n,). xyz, east, north: unit vectors, (n, 3).
    """

    def __init__(self, lon: Floats, lat: Floats) -> None:
        self.lon = np.asarray(lon, np.float64)
        self.lat = np.asarray(lat, np.float64)
        sin_lon, cos_lon = np.sin(np.radians(self.lon)), np.cos(np.radians(self.lon))
        self.sin_lat, self.cos_lat = np.sin(np.radians(self.lat)), np.cos(np.radians(self.lat))
        self.xyz = np.stack([self.cos_lat * cos_lon, self.cos_lat * sin_lon, self.sin_lat], -1)
        self.east = np.stack([-sin_lon, cos_lon, np.zeros_like(sin_lon)], -1)
        self.north = np.cross(self.xyz, self.east)

    @classmethod
    def of(cls, grid: Grid) -> "Points":
        """Return the centres of a grid's cells, row by row."""
        lat, lon = grid.points
        return cls(lon.ravel(), lat.ravel())

    @property
    def size(self) -> int:
        """How many there are."""
        return self.lon.size

    def distance(self, lon: float, lat: float) -> Floats:
        """Return the great-circle distance to a place, degrees, (n,)."""
        return np.degrees(np.arccos(np.clip(self.xyz @ unit(lon, lat), -1.0, 1.0)))


def unit(lon: Floats | float, lat: Floats | float) -> Floats:
    """Return unit vectors, (…, 3); a latitude of 92 is 88 on the far side of the pole."""
    lon, lat = np.radians(lon), np.radians(lat)
    cos_lat = np.cos(lat)
    vectors = np.empty((*np.broadcast(lon, lat).shape, 3))
    vectors[..., 0], vectors[..., 1] = cos_lat * np.cos(lon), cos_lat * np.sin(lon)
    vectors[..., 2] = np.sin(lat)
    return vectors


@dataclass(frozen=True)
class Waves:
    """A smooth random field: plane waves in space, seen where they cut the sphere.

    Nothing special happens at a pole or at the date line. number: wave vectors, (waves, 3);
    frequency: radians an hour; phase: radians; drift: degrees east an hour for the whole pattern.
    Mean 0, variance 1.
    """

    number: Floats
    frequency: Floats
    phase: Floats
    drift: float = 0.0

    @classmethod
    def draw(
        cls, random: np.random.Generator, count: int, low: float, high: float, drift: float = 0.0
    ) -> "Waves":
        """Draw `count` waves of total wavenumber between `low` and `high`."""
        direction = random.normal(size=(count, 3))
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        number = direction * random.uniform(low, high, (count, 1))
        frequency = random.normal(0.0, 2 * np.pi / 120, count)
        return cls(number, frequency, random.uniform(0, 2 * np.pi, count), drift)

    def value(self, points: Points, hours: float, warp: Floats | float = 0.0) -> Floats:
        """Return the field, (n,); `warp` (n,) radians bends the waves out of straight lines."""
        angle = self._angle(points, hours)
        angle += np.asarray(warp)[..., None]
        return np.cos(angle, out=angle).sum(axis=1) * np.sqrt(2 / len(self.phase))

    def gradient(self, points: Points, hours: float) -> tuple[Floats, Floats, Floats]:
        """Return the field and its derivatives eastward and northward, a radian, each (n,)."""
        angle = self._angle(points, hours)
        scale = np.sqrt(2 / len(self.phase))
        number = self._turned(hours)
        slope = np.sin(angle)
        slope *= -scale
        derivatives = []
        for direction in (points.east, points.north):
            along = direction @ number.T
            along *= slope
            derivatives.append(along.sum(axis=1))
        east, north = derivatives
        return np.cos(angle, out=angle).sum(axis=1) * scale, east, north

    def _angle(self, points: Points, hours: float) -> Floats:
        angle = points.xyz @ self._turned(hours).T
        angle += self.frequency * hours
        angle += self.phase
        return angle

    def _turned(self, hours: float) -> Floats:
        turn = np.radians(self.drift * hours)
        cos, sin = np.cos(turn), np.sin(turn)
        x, y, z = self.number.T
        return np.stack([cos * x - sin * y, sin * x + cos * y, z], axis=-1)


def smoothstep(x: Floats | float) -> Floats:
    """Return 0 below 0, 1 above 1, and 3x² − 2x³ between."""
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3.0 - 2.0 * x)
