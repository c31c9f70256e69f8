"""A proof that a regridding matrix brings values to where they belong."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from stormtrace.errors import BadInput
from stormtrace.prepare.mesh.mesh_axes import mesh_axes
from stormtrace.prepare.mesh.meshes import Mesh

Floats = NDArray[np.float64]

#: Cells by which the middle of a target's sources may miss it: nearest neighbours beyond the rim.
CELLS = 2.0

#: Steps of a rectilinear mesh by which all targets together may be off in one direction: half for
#: the nearest neighbour of a grid half a cell away, a whole one where indices are off by one.
STEPS = 0.75


def check_orientation(
    path: Path | str, shares: sparse.csr_matrix, mesh: Mesh, target: Mesh
) -> None:
    """Apply a matrix to the places of the mesh: it must give the places of the grid.

    A matrix that is made for another order of the file's points (rows from the north, columns from
    180° W) has the right size and sums, and turns every field upside down.

    Raises:
        BadInput: it does not, to within a cell.

    """
    middle = shares @ mesh.xyz
    length = np.linalg.norm(middle, axis=1)
    towards = middle / np.maximum(length, 1e-12)[:, None]
    off = np.linalg.norm(towards - target.xyz, axis=1)
    spread = np.sqrt(np.clip(1 - length**2, 0.0, None))  # how far its sources are from each other
    bad = np.flatnonzero(off > 2 * spread + CELLS * (_spacing(mesh) + _spacing(target)))
    if bad.size == 0 and mesh.axes is not None:
        bad = _shifted(mesh, target, towards)
    if bad.size:
        worst = int(bad[off[bad].argmax()])
        lat, lon = np.degrees(np.arcsin(towards[worst, 2])), np.arctan2(*towards[worst, 1::-1])
        raise BadInput(
            f"{path}: point {worst + 1} of the grid, {target.place(worst)}, would get values from"
            f" {lat:.2f}N {np.degrees(lon) % 360.0:.2f}E of the raw files, and so on for {bad.size}"
            f" of {target.size} points: the matrix is made for another order of rows, columns or"
            " cells. Make it from one of the raw files, or leave out `regridding_matrix`"
        )


def _shifted(mesh: Mesh, target: Mesh, towards: Floats) -> NDArray[np.intp]:
    """Return all targets if they are off by a row or a column altogether, else none."""
    axes = mesh_axes(mesh)
    lat = np.degrees(np.arcsin(np.clip(towards[:, 2], -1.0, 1.0)))
    lon = np.degrees(np.arctan2(towards[:, 1], towards[:, 0]))
    inner = np.abs(target.lat) < 80.0
    east = (lon - target.lon + 180.0) % 360.0 - 180.0
    for off, axis in ((lat - target.lat, axes.lat), (east, axes.lon)):
        if axis.size > 2 and inner.any():
            step = np.median(np.diff(axis))
            if abs(np.median(off[inner])) > STEPS * step:
                return np.flatnonzero(inner)
    return np.arange(0)


def _spacing(mesh: Mesh) -> float:
    """Return the width of the cells of points in the mean, radians, at least."""
    if mesh.axes is not None:
        steps = [np.diff(np.sort(axis)) for axis in mesh.axes]
        return float(np.radians(max(np.median(each) if each.size else 0.0 for each in steps)))
    low, high = mesh.xyz[:, 2].min(), mesh.xyz[:, 2].max()
    return float(np.sqrt(2 * np.pi * max(high - low, 1e-9) / mesh.size))
