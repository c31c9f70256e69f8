"""Rows and columns of a rectilinear mesh in ascending order, and what they enclose."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.grids.cell_edges import midpoint_edges, row_edges
from stormtrace.prepare.mesh.meshes import Mesh

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

#: Degrees by which a target may lie beyond the outermost points.
TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class MeshAxes:
    """The axes of a rectilinear mesh, ascending; longitudes through one turn without a jump.

    rows, columns: where in the file each row and column is. wraps: the last column is next to the
    first. poles: whether the mesh reaches the south and the north pole, or nearly: what lies
    beyond the outermost row can be had from it.
    """

    lat: Floats
    lon: Floats
    rows: Integers
    columns: Integers
    wraps: bool
    poles: tuple[bool, bool]

    @property
    def is_global(self) -> bool:
        """Whether any point on the sphere can be interpolated."""
        return self.wraps and all(self.poles)

    @property
    def lat_edges(self) -> Floats:
        """Edges of the rows (nlat + 1), half-way between them."""
        return row_edges(self.lat, self.wraps)

    @property
    def lon_edges(self) -> Floats:
        """Edges of the columns (nlon + 1), half-way between them."""
        if not self.wraps:
            return midpoint_edges(self.lon)
        around = np.concatenate([[self.lon[-1] - 360.0], self.lon, [self.lon[0] + 360.0]])
        return (around[1:] + around[:-1]) / 2

    def describe(self) -> str:
        """Return the region that the points span, in words."""
        columns = "all longitudes" if self.wraps else f"{self.lon[0]:.2f}E to {self.lon[-1]:.2f}E"
        return f"from {self.lat[0]:.2f}N to {self.lat[-1]:.2f}N and over {columns}"

    def outside(self, lat: Floats, lon: Floats) -> NDArray[np.bool_]:
        """Return which points cannot be interpolated, (n,)."""
        south, north = (not reached for reached in self.poles)
        out = (lat < self.lat[0] - TOLERANCE) & south | (lat > self.lat[-1] + TOLERANCE) & north
        if not self.wraps:
            east = (lon - self.lon[0] + TOLERANCE) % 360.0 - TOLERANCE
            out |= east > self.lon[-1] - self.lon[0] + TOLERANCE
        return out


def mesh_axes(mesh: Mesh) -> MeshAxes:
    """Return the axes of a rectilinear mesh.

    Raises:
        BadInput: two rows or two columns are the same, or latitudes are beyond the poles.

    """
    assert mesh.axes is not None
    rows, columns = (np.argsort(axis) for axis in mesh.axes)
    lat, lon = mesh.axes[0][rows], mesh.axes[1][columns]
    heights, turns = np.diff(lat), np.diff(np.append(lon, lon[0] + 360.0))
    if heights.min(initial=np.inf) <= 0 or np.abs(lat).max() > 90.0 + 1e-9:
        raise BadInput(
            "latitudes of the raw files must differ, and lie between −90 and 90; found "
            f"{lat[0]:g} … {lat[-1]:g}"
        )
    if turns.min() <= 0:
        raise BadInput(
            "the raw files have one longitude twice: drop the columns that are there twice"
        )
    wraps = bool(turns.max() <= 2.5 * np.median(turns))
    if not wraps:  # the largest gap is outside the mesh: begin after it
        first = int(turns.argmax()) + 1
        columns, lon = np.roll(columns, -first), np.roll(lon, -first)
        lon = np.where(lon < lon[0], lon + 360.0, lon)
    near = 2 * heights.max(initial=0.0)
    poles = wraps and lat[0] + 90.0 <= near, wraps and 90.0 - lat[-1] <= near
    return MeshAxes(lat, lon, rows, columns, wraps, (bool(poles[0]), bool(poles[1])))
