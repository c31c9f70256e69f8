"""Weights from any cloud of points: barycentric in the triangles of a spherical Delaunay mesh."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError, cKDTree

from stormtrace.errors import BadInput
from stormtrace.grids import Grid
from stormtrace.prepare.mesh.meshes import Mesh, mesh_of_grid
from stormtrace.prepare.regridding.matrix import Weights

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]

INSIDE = -1e-10
"""Barycentric coordinates down to this count as inside."""

LARGEST_GAP = np.radians(20.0)
"""No triangle of a global mesh is so wide (radius of its circle); ne4's are 10° wide."""

GAP_RATIO = 8.0
"""Nor, if it is wider than 3°, so many times as wide as the median one (meshes may be refined)."""


def delaunay_weights(mesh: Mesh, grid: Grid) -> Weights:
    """Return the weights of the three points of the triangle each target lies in.

    The convex hull of points on a sphere IS their Delaunay triangulation (Brown 1979). A target
    is found by walking from a triangle of its nearest point to the neighbour across the edge it
    lies beyond.

    BadInput: the points do not surround the globe.
    """
    triangles, neighbours, start = _triangulate(mesh)
    targets = mesh_of_grid(grid).xyz
    corners, share = _walk(mesh.xyz, triangles, neighbours, start(targets), targets)
    rows = np.arange(len(targets))
    return Weights.from_parts(
        [rows] * 3, list(corners.T.astype(np.int64)), list(share.T), mesh.size, len(targets)
    )


def _triangulate(mesh: Mesh) -> tuple[Integers, Integers, Callable[[Floats], Integers]]:
    """Return triangles, the neighbours across from their corners, and where to start for targets.

    Triangles and neighbours are (n, 3), counterclockwise.
    """
    partial = BadInput(
        f"the {mesh.size} points of the raw files leave a large part of the globe empty"
        f" (lat {mesh.lat.min():.1f} … {mesh.lat.max():.1f}); the grid is global, and nothing"
        " may be missing on it"
    )
    try:
        hull = ConvexHull(mesh.xyz)
    except QhullError as error:  # fewer than four points, or all on one circle
        raise partial from error
    radius = np.arccos(np.clip(-hull.equations[:, 3], -1.0, 1.0))
    if radius.max() > min(LARGEST_GAP, max(GAP_RATIO * np.median(radius), np.radians(3.0))):
        raise partial
    triangles, neighbours = hull.simplices.copy(), hull.neighbors.copy()
    a, b, c = (mesh.xyz[triangles[:, corner]] for corner in range(3))
    clockwise = np.einsum("ij,ij->i", np.cross(b - a, c - a), a) < 0
    triangles[clockwise] = triangles[clockwise][:, [0, 2, 1]]
    neighbours[clockwise] = neighbours[clockwise][:, [0, 2, 1]]
    some = np.empty(mesh.size, np.intp)
    some[triangles.ravel()] = np.repeat(np.arange(len(triangles)), 3)
    tree = cKDTree(mesh.xyz[hull.vertices])

    def start(targets: Floats) -> Integers:
        return some[hull.vertices[tree.query(targets)[1]]]

    return triangles, neighbours, start


def _walk(
    points: Floats, triangles: Integers, neighbours: Integers, at: Integers, targets: Floats
) -> tuple[Integers, Floats]:
    """Return the corners (n, 3) and barycentric shares (n, 3) of the triangle of each target."""
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
    return triangles[at], share / share.sum(axis=1, keepdims=True)


def _volume(a: Floats, b: Floats, c: Floats) -> Floats:
    return np.einsum("ij,ij->i", a, np.cross(b, c))
