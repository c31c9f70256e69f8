"""Points on the sphere: vectors, centroids, distances, areas. Degrees and km."""

import numpy as np
from numpy.typing import NDArray

from stormtrace.constants import EARTH_RADIUS_KM

Floats = NDArray[np.float64]


def unit_vectors(lat: Floats, lon: Floats) -> Floats:
    """Return x, y, z (3, …) of points on the unit sphere, from degrees."""
    phi, lam = np.radians(lat), np.radians(lon)
    return np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)])


def distances_km(lat: Floats, lon: Floats) -> Floats:
    """Return the great-circle distances (n − 1,) between consecutive points, km.

    The angle is 2 asin(|chord| / 2): exact also for near points, unlike the arc cosine.
    """
    chord = np.linalg.norm(np.diff(unit_vectors(lat, lon), axis=1), axis=0)
    return 2.0 * EARTH_RADIUS_KM * np.arcsin(np.minimum(chord / 2.0, 1.0))


def centroid(x: Floats, y: Floats, z: Floats, area: Floats) -> tuple[Floats, Floats, Floats]:
    """Return latitude, longitude (degrees) and resultant of area-weighted sums of unit vectors.

    A ring around the globe has its centroid at the pole it encircles; where there is no
    direction at all (a ring along the equator) latitude and longitude are 0.
    """
    horizontal = np.hypot(x, y)
    noise = 1e-12 * area
    lon = np.where(horizontal > noise, np.degrees(np.arctan2(y, x)), 0.0)
    lat = np.where(
        (horizontal > noise) | (np.abs(z) > noise), np.degrees(np.arctan2(z, horizontal)), 0.0
    )
    return lat, lon, np.hypot(horizontal, z) / area


def from_longitude(lon: Floats, first: float) -> Floats:
    """Return longitudes in ``first ≤ lon < first + 360`` (note that −1e-16 % 360 is 360)."""
    turned = (lon - first) % 360.0 + first
    return np.where(turned >= first + 360.0, first, turned)


def quadrilateral_areas(corners: Floats) -> Floats:
    """Return the areas (ny, nx) of the spherical quadrilaterals of a lattice of corners.

    corners: unit vectors (3, ny + 1, nx + 1). Areas are in steradians, of quadrilaterals bounded
    by great circles: the sum of two triangles, each 2 atan(|a · b × c| / (1 + a·b + b·c + c·a))
    (Van Oosterom & Strackee 1983).
    """
    a, b = corners[:, :-1, :-1], corners[:, :-1, 1:]
    c, d = corners[:, 1:, 1:], corners[:, 1:, :-1]
    return _triangle_areas(a, b, c) + _triangle_areas(a, c, d)


def _triangle_areas(a: Floats, b: Floats, c: Floats) -> Floats:
    triple = np.abs((a * np.cross(b, c, axis=0)).sum(0))
    return 2.0 * np.arctan2(triple, 1.0 + (a * b).sum(0) + (b * c).sum(0) + (c * a).sum(0))
