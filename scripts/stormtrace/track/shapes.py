"""Length, width and orientation of objects on the sphere, from their second moments of area.

Length and width are the axes of the ellipse that has the second moments of the object, 4 √λ, where
λ are the eigenvalues of the moments in the plane that touches the sphere at the centroid (as those
of skimage.measure.regionprops). Each cell adds its own moment, that of a square.

The plane shortens a distance r (radians) to sin r: for an ellipse of semi-axis a the moment is
⟨sin² r⟩ = a²/4 − a⁴/24 + …, hence a = 2 √λ (1 + λ/3): within 1 % up to lengths of 12,000 km.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stormtrace.compiled import compiled
from stormtrace.formats.objects import Columns
from stormtrace.grids import Grid
from stormtrace.sphere import Floats, unit_vectors
from stormtrace.track.measures import CellAreas, cell_areas, cell_sums, running_sums


class SecondMoments(NamedTuple):
    """What the compiled code needs of a grid for sums of x², xy, y², xz, yz along a run.

    Rectilinear grids: row_cos, row_sin (nlat,) and column_sums (nlon + 1, 4), running sums of
    cos λ, sin λ, cos² λ and cos λ sin λ. Other grids: cell_sums (ny, nx + 1, 5), running sums along
    rows, km².
    """

    areas: CellAreas
    row_cos: Floats
    row_sin: Floats
    column_sums: Floats
    cell_sums: Floats


def second_moments(grid: Grid) -> SecondMoments:
    """Return the `SecondMoments` of `grid`."""
    none = np.empty(0)
    if grid.is_rectilinear:
        phi, lam = np.radians(grid.lat), np.radians(grid.lon)
        cos, sin = np.cos(lam), np.sin(lam)
        columns = running_sums(np.stack([cos, sin, cos * cos, cos * sin])).T
        return SecondMoments(
            cell_areas(grid),
            np.cos(phi),
            np.sin(phi),
            np.ascontiguousarray(columns),
            np.empty((0, 0, 0)),
        )
    x, y, z = unit_vectors(*grid.points)
    products = (one * other for one, other in ((x, x), (x, y), (y, y), (x, z), (y, z)))
    cells = cell_sums(grid, products)
    return SecondMoments(
        CellAreas(False, none, np.empty((0, 0))), none, none, np.empty((0, 0)), cells
    )


@compiled
def _moments_of_objects(grid, counts, row, start, length):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Return the sums of x², xy, y², xz and yz, km², of objects of `counts` runs, (5, n)."""
    sums = np.zeros((5, counts.size))
    i = 0
    for k in range(counts.size):
        xx, xy, yy, xz, yz = 0.0, 0.0, 0.0, 0.0, 0.0
        for _ in range(counts[k]):
            first, last = start[i], start[i] + length[i]
            if grid.areas.by_row:
                cell, cos, sin = grid.areas.row[row[i]], grid.row_cos[row[i]], grid.row_sin[row[i]]
                before, after = grid.column_sums[first], grid.column_sums[last]
                squares, across, upward = after[2] - before[2], cell * cos * cos, cell * cos * sin
                xx += across * squares
                xy += across * (after[3] - before[3])
                yy += across * (length[i] - squares)
                xz += upward * (after[0] - before[0])
                yz += upward * (after[1] - before[1])
            else:
                before, after = grid.cell_sums[row[i], first], grid.cell_sums[row[i], last]
                xx += after[0] - before[0]
                xy += after[1] - before[1]
                yy += after[2] - before[2]
                xz += after[3] - before[3]
                yz += after[4] - before[4]
            i += 1
        sums[0, k], sums[1, k], sums[2, k], sums[3, k], sums[4, k] = xx, xy, yy, xz, yz
    return sums


class Shapes:
    """Shapes of the objects on a grid."""

    def __init__(self, grid: Grid) -> None:
        self._moments = second_moments(grid)
        self._radius_km = grid.radius_km

    def of(self, objects: Columns, counts: NDArray[np.int32], runs: Columns) -> Columns:
        """Return length_km, width_km and orientation (degrees counterclockwise from east).

        objects: their area_km2, pixels, lat and lon; counts: the number of runs of each; runs:
        row, start and length of them all.
        """
        sums = _moments_of_objects(
            self._moments, counts, runs["row"], runs["start"], runs["length"]
        )
        area = objects["area_km2"]
        east, both, north = _in_tangent_plane(sums / area, objects["lat"], objects["lon"])
        cell = area / objects["pixels"] / (12.0 * self._radius_km**2)
        mean, spread = (east + north) / 2 + cell, np.hypot((east - north) / 2, both)
        length, width = (
            4.0 * self._radius_km * np.sqrt(axis) * (1.0 + axis / 3.0)
            for axis in (mean + spread, np.maximum(mean - spread, 0.0))
        )
        orientation = np.degrees(np.arctan2(2 * both, east - north)) / 2
        return {"length_km": length, "width_km": width, "orientation": orientation}


def _in_tangent_plane(means: Floats, lat: Floats, lon: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the means of e², e n and n², e and n being the coordinates to the east and north.

    means (5, n): of x², xy, y², xz, yz. East is (−sin λ, cos λ, 0), north (−sin φ cos λ,
    −sin φ sin λ, cos φ) at the centroid.
    """
    xx, xy, yy, xz, yz = means
    zz = 1.0 - xx - yy
    sin_lat, cos_lat = np.sin(np.radians(lat)), np.cos(np.radians(lat))
    sin, cos = np.sin(np.radians(lon)), np.cos(np.radians(lon))
    outward = cos**2 * xx + 2 * cos * sin * xy + sin**2 * yy
    along = (cos**2 - sin**2) * xy + cos * sin * (yy - xx)
    east_east = sin**2 * xx - 2 * cos * sin * xy + cos**2 * yy
    east_north = cos_lat * (cos * yz - sin * xz) - sin_lat * along
    upward = cos * xz + sin * yz
    north_north = sin_lat**2 * outward - 2 * sin_lat * cos_lat * upward + cos_lat**2 * zz
    return east_east, east_north, north_north
