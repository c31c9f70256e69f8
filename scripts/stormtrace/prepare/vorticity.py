"""Relative vorticity on the mesh of the raw files, ζ = (v_λ / cos φ − u_φ + u tan φ) / a.

On rows and columns: second-order differences along the meridian, which goes on beyond the pole on
the opposite one with u of the other sign, and fourth-order ones along the row, if it goes round the
globe (v_λ / cos φ and u tan φ cancel next to the poles). At a pole, whose own winds are not used, ζ
is the circulation along the next row over the area of the cap within it. At the edges of a region
differences are one-sided.

A mesh of other points has neither rows nor columns: each of its points gets the rotation of the
wind that is quadratic in the plane that touches the Earth there, fitted to its NEIGHBOURS nearest
points by least squares.
"""

import functools
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stormtrace.constants import EARTH_RADIUS_KM
from stormtrace.prepare.mesh.mesh_axes import mesh_axes
from stormtrace.prepare.mesh.meshes import Mesh

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = NDArray[np.floating]

RADIUS = 1000.0 * EARTH_RADIUS_KM
#: Points that a fit is made from, beside the point itself.
NEIGHBOURS = 14
#: Degrees within which a row is at a pole.
AT_POLE = 1e-6


def vorticity(u: Floats, v: Floats, mesh: Mesh) -> Floats:
    """Return the relative vorticity (nt, n), s⁻¹, of winds (nt, n), m s⁻¹."""
    rows = zip(u.astype(np.float64), v.astype(np.float64), strict=True)
    if mesh.axes is None:
        operator = _fitted(mesh)
        return np.stack([operator @ np.concatenate(pair) for pair in rows]).astype(np.float32)
    lat, lon = mesh.axes
    once = mesh_axes(mesh).columns.size  # cyclic columns, at the end of a row, repeat the first
    planes = (np.stack(pair).reshape(2, *mesh.shape)[:, :, :once] for pair in rows)
    maps = [_on_rows(one, other, lat, lon[:once]) for one, other in planes]
    whole = np.pad(np.stack(maps), ((0, 0), (0, 0), (0, lon.size - once)), mode="wrap")
    return whole.reshape(u.shape).astype(np.float32)


def _on_rows(u: Floats, v: Floats, lat: Floats, lon: Floats) -> Floats:
    """Return the vorticity (nlat, nlon) of winds on rows and columns, in any order."""
    turned, round_globe = _columns(lon)
    pole = 90.0 - np.abs(lat) < AT_POLE
    inner = np.flatnonzero(~pole)
    phi = np.radians(lat)[:, None]
    found = np.empty_like(u)
    slope = _northward(u[inner], lat[inner], round_globe)
    east = _eastward(v[inner], turned, round_globe)
    found[inner] = (east / np.cos(phi[inner]) - slope + u[inner] * np.tan(phi[inner])) / RADIUS
    for row in np.flatnonzero(pole):
        ring = inner[np.abs(lat[inner] - lat[row]).argmin()]
        circulation = u[ring].mean() * np.cos(phi[ring]) * np.sign(lat[row])
        found[row] = circulation / (RADIUS * (1.0 - abs(np.sin(phi[ring]))))
    return found


def _columns(lon: Floats) -> tuple[Floats, bool]:
    """Return longitudes without a jump, radians, and whether equal steps go round the globe."""
    turned = np.radians(np.unwrap(lon, period=360.0))
    even = np.allclose(np.diff(turned), 2 * np.pi * np.sign(turned[-1] - turned[0]) / lon.size,
                       atol=1e-5)  # fmt: skip
    return turned, even and lon.size >= 5


def _eastward(v: Floats, turned: Floats, round_globe: bool) -> Floats:
    """Return ∂v/∂λ."""
    if not round_globe:
        slope: Floats = np.gradient(v, turned, axis=1, edge_order=2)
        return slope
    step = (turned[-1] - turned[0]) / (turned.size - 1)
    near, far = (np.roll(v, -by, axis=1) - np.roll(v, by, axis=1) for by in (1, 2))
    return (8 * near - far) / (12 * step)


def _northward(u: Floats, lat: Floats, round_globe: bool) -> Floats:
    """Return ∂u/∂φ, across the poles that the first and the last row are next to."""
    half, step = u.shape[1] // 2, np.abs(np.diff(lat)).max()
    whole = round_globe and u.shape[1] % 2 == 0
    before, after = (int(whole and 90.0 - abs(lat[row]) < 1.5 * step) for row in (0, -1))
    beyond = -np.roll(u[[0, -1]], half, axis=1)
    rows = np.concatenate([beyond[:1][:before], u, beyond[1:][:after]])
    places = np.sign(lat[[0, -1]]) * 180.0 - lat[[0, -1]]
    places = np.concatenate([places[:1][:before], lat, places[1:][:after]])
    slope: Floats = np.gradient(rows, np.radians(places), axis=0, edge_order=2)
    return slope[before : before + lat.size]


@functools.lru_cache(maxsize=1)
def _fitted(mesh: Mesh) -> "csr_array":
    """Return the operator (n, 2 n) that gives the vorticity of each point from all u and all v."""
    from scipy.sparse import csr_array  # slow to import, and needed by few
    from scipy.spatial import cKDTree

    lon, size = np.radians(mesh.lon), mesh.size
    near = cKDTree(mesh.xyz).query(mesh.xyz, NEIGHBOURS + 1)[1]
    east = np.stack([-np.sin(lon), np.cos(lon), np.zeros(size)], axis=1)
    north = np.cross(mesh.xyz, east)
    apart = RADIUS * (mesh.xyz[near] - mesh.xyz[:, None])  # (n, k, 3)
    x, y = (np.einsum("nkc,nc->nk", apart, axis) for axis in (east, north))
    reach = np.abs(apart).max()  # numbers near 1 for the fit
    x, y = x / reach, y / reach
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=2)
    inverse = np.linalg.pinv(terms) / reach  # (n, 6, k)
    columns = []
    for vector in (east, north):  # of the neighbours' unit vectors, seen in the point's own plane
        along_x = np.einsum("nkc,nc->nk", vector[near], east)
        along_y = np.einsum("nkc,nc->nk", vector[near], north)
        columns.append(inverse[:, 1] * along_y - inverse[:, 2] * along_x)  # ∂v/∂x − ∂u/∂y
    index = np.concatenate([near, near + size], axis=1)
    starts = np.arange(size + 1) * index.shape[1]
    return csr_array(
        (np.concatenate(columns, axis=1).ravel(), index.ravel(), starts), (size, 2 * size)
    )
