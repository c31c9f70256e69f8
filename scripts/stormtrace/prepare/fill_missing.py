"""Missing values filled from the nearest valid point of the mesh."""

import numpy as np
from numpy.typing import NDArray

from stormtrace.prepare.mesh.meshes import Mesh

Floats = NDArray[np.floating]


def fill_nearest(values: Floats, mesh: Mesh) -> int:
    """Fill NaN in values (n,) with the nearest valid point on the sphere; return how many.

    ValueError: there is no valid point at all.
    """
    hole = np.isnan(values)
    if not hole.any():
        return 0
    if hole.all():
        raise ValueError("not one valid value to fill from")
    valid = np.flatnonzero(_rim(hole, mesh))
    from scipy.spatial import cKDTree  # slow to import, and needed where there are holes

    _, nearest = cKDTree(mesh.xyz[valid]).query(mesh.xyz[hole])
    values[hole] = values[valid[nearest]]
    return int(hole.sum())


def _rim(hole: NDArray[np.bool_], mesh: Mesh) -> NDArray[np.bool_]:
    """Return the valid points among which each hole's nearest is.

    On a rectilinear mesh it is next to a hole: otherwise one of its four neighbours, a step
    nearer in longitude or in latitude, would be as valid and no farther away.
    """
    if mesh.axes is None or not all(_in_order(axis) for axis in mesh.axes):
        return ~hole
    rows = hole.reshape(mesh.shape)
    adjacent = np.roll(rows, 1, axis=1) | np.roll(rows, -1, axis=1)
    adjacent[1:] |= rows[:-1]
    adjacent[:-1] |= rows[1:]
    return (adjacent & ~rows).ravel()


def _in_order(axis: Floats) -> bool:
    """Whether rows or columns follow each other one way, columns perhaps across 0°."""
    onward = np.diff(axis) % 360.0 < 180.0
    return bool(onward.all() or not onward.any())
