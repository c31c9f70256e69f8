"""Rows and columns of a rectilinear mesh in ascending order, and what they enclose."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.prepare.mesh.axis_cells import AxisCells, column_cells, gaps_between, row_cells
from stormtrace.prepare.mesh.meshes import POSITION_TOLERANCE, Mesh

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

#: Degrees by which a target may lie beyond the outermost points.
TOLERANCE = 1e-6

#: A pole is reached by rows that end within a step of it (files without their pole rows do) ...
POLE_STEPS = 1.001

#: ... if there are as many as this: two or three rows show no step.
POLE_ROWS = 4


@dataclass(frozen=True, eq=False)
class MeshAxes:
    """The axes of a rectilinear mesh, ascending; longitudes through one turn without a jump.

    rows, columns: where in the file each row and column is; columns that a file has twice
        (0 and 360) are here once. width: the number of the file's columns.
    wraps: the last column is next to the first. poles: whether the mesh reaches the south and the
        north pole, or nearly: what lies beyond the outermost row can be had from it.
    row_gaps, column_gaps: which steps from one row or column to the next are gaps, (n − 1,).
    row_cells, column_cells: what each row and column covers.
    """

    lat: Floats
    lon: Floats
    rows: Integers
    columns: Integers
    width: int
    wraps: bool
    poles: tuple[bool, bool]
    row_gaps: Flags
    column_gaps: Flags
    row_cells: AxisCells
    column_cells: AxisCells

    @property
    def is_global(self) -> bool:
        """Whether any point on the sphere can be interpolated."""
        return self.wraps and all(self.poles) and not self.row_gaps.any()

    @property
    def has_holes(self) -> bool:
        """Whether rows or columns next to each other have cells that do not touch."""
        cells = (self.row_cells, self.column_cells)
        return any(each.edges()[0].size > each.low.size + 1 for each in cells)

    @property
    def places(self) -> Integers:
        """Where in the file each point is, row by row ascending, (nlat · nlon,)."""
        return (self.rows[:, None] * self.width + self.columns).ravel()

    def describe(self) -> str:
        """Return the region that the points span, in words."""
        rows, columns = (
            _bands(self.lat, self.row_gaps, "from {:.2f}N to {:.2f}N"),
            _bands(self.lon, self.column_gaps, "{:.2f}E to {:.2f}E"),
        )
        return f"{rows} and over {'all longitudes' if self.wraps else columns}"

    def outside(self, lat: Floats, lon: Floats) -> Flags:
        """Return which points cannot be interpolated, (n,): beyond the mesh, or in a gap."""
        south, north = (not reached for reached in self.poles)
        out = (lat < self.lat[0] - TOLERANCE) & south | (lat > self.lat[-1] + TOLERANCE) & north
        out |= _in_gap(self.lat, self.row_gaps, lat)
        if not self.wraps:
            east = (lon - self.lon[0] + TOLERANCE) % 360.0 - TOLERANCE + self.lon[0]
            out |= (east > self.lon[-1] + TOLERANCE) | _in_gap(self.lon, self.column_gaps, east)
        return out


def mesh_axes(mesh: Mesh) -> MeshAxes:
    """Return the axes of a rectilinear mesh.

    Raises:
        BadInput: two rows or two columns are the same, or latitudes are beyond the poles.

    """
    assert mesh.axes is not None
    rows = np.argsort(mesh.axes[0])
    lat = mesh.axes[0][rows]
    _check_rows(lat)
    columns, turns = _columns_once(mesh.axes[1])
    lon = mesh.axes[1][columns]
    row_gaps, turn_gaps = gaps_between(np.diff(lat)), gaps_between(turns, around=True)
    wraps = _goes_round(turns)
    if not wraps:  # the largest gap is outside the mesh: begin after it
        first = int(turns.argmax()) + 1
        columns, lon = np.roll(columns, -first), np.roll(lon, -first)
        turn_gaps = np.roll(turn_gaps, -first)
        lon = np.where(lon < lon[0], lon + 360.0, lon)
    poles = _poles(lat, row_gaps) if wraps else (False, False)
    column_gaps = turn_gaps[:-1]
    bounds = mesh.bounds or (None, None)
    return MeshAxes(
        lat, lon, rows, columns, mesh.axes[1].size, wraps, poles, row_gaps, column_gaps,
        row_cells(lat, row_gaps, wraps, None if bounds[0] is None else bounds[0][rows]),
        column_cells(lon, column_gaps, wraps, None if bounds[1] is None else bounds[1][columns]),
    )  # fmt: skip


def _check_rows(lat: Floats) -> None:
    if np.diff(lat).min(initial=np.inf) <= 0 or np.abs(lat).max() > 90.0 + 1e-9:
        raise BadInput(
            "latitudes of the raw files must differ, and lie between −90 and 90; found "
            f"{lat[0]:g} … {lat[-1]:g}"
        )


def _columns_once(lon: Floats) -> tuple[Integers, Floats]:
    """Return where columns are, ascending and each once, and the steps round the globe.

    Cyclic columns, at the end of a file that has them at its beginning, are left out.

    Raises:
        BadInput: columns are there twice in the middle.

    """
    order = np.argsort(lon)
    ascending = lon[order]
    steps = np.diff(ascending)
    same = min(POSITION_TOLERANCE, 0.1 * np.median(steps)) if steps.size else 0.0
    new = np.append(True, steps > same)
    kept = np.minimum.reduceat(order, np.flatnonzero(new))
    if kept.size > 1 and lon[kept[-1]] + same > lon[kept[0]] + 360.0:
        kept = kept[1:] if kept[0] > kept[-1] else kept[:-1]
    again = np.setdiff1d(order, kept)
    turns = np.diff(np.append(lon[kept], lon[kept[0]] + 360.0))
    if again.size and (again.min() < kept.size or not _goes_round(turns)):
        where = int(again.min())
        twin = int(np.abs((lon[:where] - lon[where] + 180.0) % 360.0 - 180.0).argmin())
        raise BadInput(
            f"the raw files have a longitude twice, {lon[twin]:g}E in columns {twin + 1} and"
            f" {where + 1} of {lon.size}, and not as cyclic columns at the end of a global grid:"
            " correct the longitudes"
        )
    return kept, turns


def _goes_round(turns: Floats) -> bool:
    """Whether columns go round the globe; turns: the steps between them, the last to the first."""
    return turns.size > 2 and not gaps_between(turns, around=True).any()


def _poles(lat: Floats, gaps: Flags) -> tuple[bool, bool]:
    if lat.size < POLE_ROWS:
        return False, False
    steps = np.where(gaps, 0.0, np.diff(lat))
    south = lat[0] + 90.0 <= POLE_STEPS * steps[0] + TOLERANCE
    north = 90.0 - lat[-1] <= POLE_STEPS * steps[-1] + TOLERANCE
    return bool(south), bool(north)


def _in_gap(axis: Floats, gaps: Flags, values: Floats) -> Flags:
    if not gaps.any():
        return np.zeros(values.shape, np.bool_)
    below = np.clip(np.searchsorted(axis, values, side="right") - 1, 0, gaps.size - 1)
    inside = (values > axis[below] + TOLERANCE) & (values < axis[below + 1] - TOLERANCE)
    return gaps[below] & inside


def _bands(axis: Floats, gaps: Flags, words: str) -> str:
    """Describe the first and the last value of each stretch without a gap."""
    pieces = np.split(axis, np.flatnonzero(gaps) + 1)
    return " and ".join(words.format(piece[0], piece[-1]) for piece in pieces)
