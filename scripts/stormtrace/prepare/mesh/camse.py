"""The mesh of CAM's spectral-element dycore (HOMME): the columns a file has only by number.

The sphere is a cube blown up: six faces of ne × ne elements, equally spaced in the angles α, β a
face's centre sees (the equiangular gnomonic projection). Each element carries 4 × 4
Gauss-Lobatto-Legendre (GLL) points and shares those on its rim with its neighbours; so a mesh has
6·9·ne² + 2 different columns (Taylor & Fournier 2010, doi:10.1016/j.jcp.2010.04.008).
"""

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stormtrace.prepare.mesh.meshes import POSITION_TOLERANCE, Mesh

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

#: Points of an element on [-1, 1]: the zeros of (1 − x²) P₃′(x).
GLL_POINTS = np.array([-1.0, -np.sqrt(0.2), np.sqrt(0.2), 1.0])

#: Their quadrature weights; they sum to 2.
GLL_WEIGHTS = np.array([1.0, 5.0, 5.0, 1.0]) / 6.0


@dataclass(frozen=True, eq=False)
class CubedSphere:
    """An ne-np4 mesh, its columns numbered by element in order of first appearance.

    lon, lat: degrees, (ncol,), lon in [0, 360).
    lattice: the column at point (face, row, column of the face), int64, (6, 3 ne + 1, 3 ne + 1);
        rows follow β, columns α. Points on the rim of a face appear on two or three faces.
    """

    ne: int
    lon: Floats
    lat: Floats
    lattice: Integers

    @property
    def ncol(self) -> int:
        """The number of columns, 54 ne² + 2."""
        return self.lon.size

    @property
    def quads(self) -> Integers:
        """The GLL sub-cells, (54 ne², 4): their corners' columns, counterclockwise from outside."""
        lattice = self.lattice
        corners = [
            lattice[:, :-1, :-1],
            lattice[:, :-1, 1:],
            lattice[:, 1:, 1:],
            lattice[:, 1:, :-1],
        ]
        return np.stack(corners, axis=-1).reshape(-1, 4)

    @functools.cached_property
    def area(self) -> Floats:
        """Each column's GLL quadrature weight on the sphere, steradians, (ncol,).

        They sum to 4π to rounding, as CAM's own `area` does: HOMME, too, scales out the
        quadrature's small error.
        """
        angle = gll_angles(self.ne)
        tangent = np.tan(angle)
        radius2 = 1.0 + tangent[:, None] ** 2 + tangent**2
        stretch = (1.0 + tangent[:, None] ** 2) * (1.0 + tangent**2) / radius2**1.5
        weight = np.zeros(angle.size)
        for element in range(self.ne):
            weight[3 * element : 3 * element + 4] += GLL_WEIGHTS * np.pi / (4 * self.ne)
        face = stretch * weight[:, None] * weight
        area = np.bincount(self.lattice.ravel(), np.tile(face.ravel(), 6), minlength=self.ncol)
        return area * (4 * np.pi / area.sum())


def columns(ne: int) -> CubedSphere:
    """Return the mesh of `ne` elements along an edge of the cube (120: a quarter of a degree)."""
    lattice = _lattice(ne)
    tangent = np.tan(gll_angles(ne))
    alpha, beta = np.meshgrid(tangent, tangent)
    lon, lat = np.empty((2, lattice.max() + 1))
    for face in range(6):
        lon[lattice[face]], lat[lattice[face]] = to_lonlat(_on_face(face, alpha, beta))
    return CubedSphere(ne, lon, lat, lattice)


def elements_along_edge(ncol: int) -> int | None:
    """Return the ne whose np4 mesh has `ncol` columns, or None where there is none."""
    ne = round(np.sqrt(max(ncol - 2, 0) / 54))
    return ne if ne > 0 and 54 * ne**2 + 2 == ncol else None


def camse_elements(mesh: Mesh) -> CubedSphere | None:
    """Return the CAM-SE mesh that these points are, columns numbered as in the file, or None.

    The order of the points does not matter: each finds its own place on the cube.
    """
    ne = elements_along_edge(mesh.size) if mesh.axes is None else None
    if ne is None:
        return None
    known = columns(ne)
    face, alpha, beta = locate(mesh.xyz)
    angles = gll_angles(ne)
    between = (angles[1:] + angles[:-1]) / 2
    column = known.lattice[face, np.searchsorted(between, beta), np.searchsorted(between, alpha)]
    off = np.abs(to_xyz(known.lon[column], known.lat[column]) - mesh.xyz).max()
    if off > np.radians(POSITION_TOLERANCE) or np.bincount(column, minlength=mesh.size).max() > 1:
        return None
    in_file = np.empty(mesh.size, np.int64)
    in_file[column] = np.arange(mesh.size)
    return CubedSphere(ne, mesh.lon, mesh.lat, in_file[known.lattice])


def gll_angles(ne: int) -> Floats:
    """Return the angles α (or β) of the 3 ne + 1 points along a face, radians, −π/4 … π/4."""
    inside = (np.arange(ne)[:, None] + (GLL_POINTS[:3] + 1) / 2) / ne
    angles = np.append(inside.ravel(), 1.0) * (np.pi / 2) - np.pi / 4
    return (angles - angles[::-1]) / 2  # exactly antisymmetric, so that faces share their rims


def locate(xyz: Floats) -> tuple[Integers, Floats, Floats]:
    """Return (face, α, β) of points on the unit sphere, (…, 3); the angles in radians."""
    x, y, z = np.moveaxis(xyz, -1, 0)
    size = np.abs(xyz)
    polar = size[..., 2] >= np.maximum(size[..., 0], size[..., 1])
    facing_x = size[..., 0] >= size[..., 1]
    around = np.where(facing_x, np.where(x > 0, 0, 2), np.where(y > 0, 1, 3))
    face = np.where(polar, np.where(z < 0, 4, 5), around)
    ahead = np.choose(face, [x, y, -x, -y, -z, z])
    right = np.choose(face, [y, -x, -y, x, y, y])
    up = np.choose(face, [z, z, z, z, x, -x])
    return face, np.arctan(right / ahead), np.arctan(up / ahead)


def to_lonlat(xyz: Floats) -> tuple[Floats, Floats]:
    """Return lon in [0, 360) and lat, degrees, of unit vectors (…, 3)."""
    x, y, z = np.moveaxis(xyz, -1, 0)
    lon = np.degrees(np.arctan2(y, x)) % 360.0
    lon = np.where(lon < 360.0, lon, 0.0)  # 360 is what % makes of a tiny negative angle
    return lon, np.degrees(np.arctan2(z, np.hypot(x, y)))


def to_xyz(lon: Floats, lat: Floats) -> Floats:
    """Return the unit vectors (…, 3) of lon, lat in degrees."""
    lon, lat = np.radians(lon), np.radians(lat)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)


def _cube(face: int, right: NDArray, up: NDArray, ahead: NDArray) -> NDArray:
    """Return the point of the cube's surface, (…, 3), that a face sees at (right, up).

    Faces 0 … 3 look out at longitudes 0, 90, 180, 270; 4 is the south's, 5 the north's.
    """
    axes = [
        (ahead, right, up),
        (-right, ahead, up),
        (-ahead, -right, up),
        (right, -ahead, up),
        (up, right, -ahead),
        (-up, right, ahead),
    ]
    return np.stack(axes[face], axis=-1)


def _on_face(face: int, right: Floats, up: Floats) -> Floats:
    xyz = _cube(face, right, up, np.ones_like(right))
    return xyz / np.linalg.norm(xyz, axis=-1, keepdims=True)


def _lattice(ne: int) -> Integers:
    """Return each point's column as HOMME numbers them: by face and element, new points only.

    A point's integer position on the surface of the cube shows where faces share it: exact, and
    cheaper than comparing coordinates.
    """
    side = 3 * ne
    along = np.arange(-side, side + 1, 2)
    right, up = np.meshgrid(along, along)
    faces = [_cube(face, right, up, np.full_like(right, side)) for face in range(6)]
    place = (np.stack(faces) + side) @ np.array([1, 2 * side + 1, (2 * side + 1) ** 2])

    within = 3 * np.arange(ne)[:, None] + np.arange(4)
    walk = place[:, within[:, None, :, None], within[None, :, None, :]].ravel()
    _, first, number = np.unique(walk, return_index=True, return_inverse=True)
    rank = np.empty(first.size, np.int64)
    rank[np.argsort(first)] = np.arange(first.size)
    lattice = np.empty(place.shape, np.int64)
    lattice[:, within[:, None, :, None], within[None, :, None, :]] = rank[number].reshape(
        6, ne, ne, 4, 4
    )
    return lattice
