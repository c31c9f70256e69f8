"""Barycentric matrices from any cloud of points, in the triangles of a spherical Delaunay mesh."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError, cKDTree

from stormtrace.errors import BadInput
from stormtrace.grids import Grid
from stormtrace.prepare.mesh.meshes import POSITION_TOLERANCE, Mesh, mesh_of_grid
from stormtrace.prepare.regridding.matrix import RegriddingMatrix

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]

#: Barycentric coordinates down to this count as inside.
INSIDE = -1e-10

#: Largest radius (of its circle) of a triangle between points of a mesh; ne4's are 10° wide.
LARGEST_GAP = np.radians(20.0)

#: Radius up to which triangles are no gap, whatever the rest of the mesh (it may be refined).
SMALL_GAP = np.radians(1.5)

#: Triangles wider than that may be at most this many times the median.
GAP_RATIO = 8.0

#: Triangles this many times as wide as others at each of their corners span a gap; where a mesh is
#: refined, neighbours differ by two or three.
LOCAL_RATIO = 4.0

#: Points that fill the part of the globe that a regional mesh leaves empty.
FILLING = 2000


def barycentric(mesh: Mesh, grid: Grid) -> RegriddingMatrix:
    """Return the shares of the three points of the triangle in which each target lies.

    The convex hull of points on a sphere IS their Delaunay triangulation (Brown 1979). A target
    is found by walking from a triangle of its nearest point to the neighbour across the edge
    beyond which it lies. The part of the globe that a regional mesh leaves empty is filled with
    points of no value.

    Raises:
        BadInput: a target lies outside the mesh.

    """
    targets = mesh_of_grid(grid)
    points, triangles, neighbours, outside, start = _triangulate(mesh)
    found, share = _walk(points, triangles, neighbours, start(targets.xyz), targets.xyz)
    corners = triangles[found].astype(np.int64)
    beyond = np.flatnonzero(outside[found])
    # At the rim the walk may end on the far side of a point that the target lies on.
    away, nearest = cKDTree(mesh.xyz).query(targets.xyz[beyond])
    on_point = away <= np.radians(POSITION_TOLERANCE)
    corners[beyond[on_point]] = nearest[on_point, None]
    share[beyond[on_point]] = 1.0, 0.0, 0.0
    beyond = beyond[~on_point]
    if beyond.size:
        raise BadInput(
            f"the {mesh.size} points of the raw files (from {mesh.lat.min():.1f}N to "
            f"{mesh.lat.max():.1f}N) leave a part of the globe empty, and {beyond.size} of "
            f"{targets.size} points of the grid lie there, the first at "
            f"{targets.place(int(beyond[0]))}: choose a grid inside, or files that cover this one"
        )
    rows = np.arange(targets.size)
    return RegriddingMatrix.from_parts(
        [rows] * 3, list(corners.T), list(share.T), mesh.size, targets.size
    )


def _triangulate(
    mesh: Mesh,
) -> tuple[Floats, Integers, Integers, NDArray[np.bool_], Callable[[Floats], Integers]]:
    """Return a triangulation of the sphere.

    Points (n, 3), those of the mesh first; triangles and the neighbours across from their corners
    (k, 3), counterclockwise; which triangles are outside the mesh (k,); where to start for targets.
    """
    points = mesh.xyz
    hull = _hull(points, mesh)
    radius = _radii(hull)
    limit = min(LARGEST_GAP, max(GAP_RATIO * float(np.median(radius)), SMALL_GAP))
    if radius.max() > limit:
        points = np.concatenate([points, _filling(points, limit)])
        hull = _hull(points, mesh)
        radius = _radii(hull)
    outside = (radius > limit) | (hull.simplices >= mesh.size).any(axis=1)
    outside |= radius > LOCAL_RATIO * _usual(hull.simplices, radius)[hull.simplices].max(axis=1)
    triangles, neighbours = hull.simplices.copy(), hull.neighbors.copy()
    a, b, c = (points[triangles[:, corner]] for corner in range(3))
    clockwise = np.einsum("ij,ij->i", np.cross(b - a, c - a), a) < 0
    triangles[clockwise] = triangles[clockwise][:, [0, 2, 1]]
    neighbours[clockwise] = neighbours[clockwise][:, [0, 2, 1]]
    some = np.empty(len(points), np.intp)
    some[triangles.ravel()] = np.repeat(np.arange(len(triangles)), 3)
    tree = cKDTree(points[hull.vertices])

    def start(targets: Floats) -> Integers:
        return some[hull.vertices[tree.query(targets)[1]]]

    return points, triangles, neighbours, outside, start


def _hull(points: Floats, mesh: Mesh) -> ConvexHull:
    try:
        return ConvexHull(points)
    except QhullError as error:  # fewer than four points, or all on one circle
        raise BadInput(
            f"the {mesh.size} points of the raw files leave a part of the globe empty: they "
            "lie in one place or on one line, and nothing can be interpolated between them"
        ) from error


def _radii(hull: ConvexHull) -> Floats:
    """Return the angle from the middle of each triangle to its corners, radians."""
    return np.arccos(np.clip(-hull.equations[:, 3], -1.0, 1.0))


def _usual(triangles: Integers, radius: Floats) -> Floats:
    """Return the lower quartile of the radii of the triangles at each point, (n,).

    At the rim of a gap at least half of them are narrow.
    """
    corner, width = triangles.ravel(), np.repeat(radius, 3)
    order = np.lexsort((width, corner))
    count = np.bincount(corner)
    first = np.cumsum(count) - count
    usual = np.full(count.size, np.inf)
    some = count > 0
    usual[some] = width[order[(first + count // 4)[some]]]
    return usual


def _filling(points: Floats, gap: float) -> Floats:
    """Return points spread evenly over the sphere (a Fibonacci lattice), far from the mesh."""
    index = np.arange(FILLING) + 0.5
    z, turn = 1 - 2 * index / FILLING, np.pi * (1 + 5**0.5) * index
    spread = np.stack([np.sqrt(1 - z**2) * np.cos(turn), np.sqrt(1 - z**2) * np.sin(turn), z], 1)
    away, _ = cKDTree(points).query(spread)
    return spread[away > 2 * np.sin(gap / 2)]


def _walk(
    points: Floats, triangles: Integers, neighbours: Integers, at: Integers, targets: Floats
) -> tuple[Integers, Floats]:
    """Return the triangle of each target (n,) and its barycentric shares there (n, 3)."""
    share = np.zeros((len(targets), 3))
    looking = np.arange(len(targets))
    for _ in range(len(triangles)):
        corners = triangles[at[looking]]
        a, b, c = (points[corners[:, corner]] for corner in range(3))
        own = targets[looking]
        volume = np.stack([_volume(own, b, c), _volume(own, c, a), _volume(own, a, b)], axis=1)
        volume /= volume.sum(axis=1, keepdims=True)
        across = volume.argmin(axis=1)
        beyond = volume[np.arange(looking.size), across] < INSIDE
        share[looking[~beyond]] = volume[~beyond]
        looking, across = looking[beyond], across[beyond]
        if not looking.size:
            break
        at[looking] = neighbours[at[looking], across]
    share = np.clip(share, 0.0, None)
    return at, share / share.sum(axis=1, keepdims=True)


def _volume(a: Floats, b: Floats, c: Floats) -> Floats:
    return np.einsum("ij,ij->i", a, np.cross(b, c))
