"""Bounding boxes of objects in degrees.

On a grid whose axes are latitude and longitude they are the edges of rows and columns. On others
they come from the corners of the object's cells: a pole inside makes them reach ±90° and go all
the way round.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.compiled import compiled
from stormtrace.formats.objects import Columns
from stormtrace.grids import Grid
from stormtrace.sphere import Floats

#: Sectors of longitude in which the widest empty one is looked for.
SECTORS = 720

#: Nearer to a pole than this, in degrees, a corner is the pole and has no longitude.
AT_POLE = 1e-7


class Extents:
    """Edges in degrees of the objects of a grid."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self._cells = None if grid.is_rectilinear else cell_extents(grid)

    def degrees(self, box: Mapping[str, NDArray[Any]], runs: Columns) -> Columns:
        """Return south, north, west, east of objects; ``west < east``, by up to 360.

        box: first and last row and column, as in `Measures`, and `runs`, the number of runs of
        each object; runs: row, start and length of them all.
        """
        if self._cells is not None:
            edges = _edges_of_objects(
                box["runs"], runs["row"], runs["start"], runs["length"], *self._cells
            )
            return dict(zip(("south", "north", "west", "east"), edges, strict=True))
        lat, lon = self.grid.lat_bounds, self.grid.lon_bounds
        lon = np.concatenate([lon, lon[1:] + 360.0])
        return {
            "south": lat[box["south"]],
            "north": lat[box["north"] + 1],
            "west": lon[box["west"]],
            "east": lon[box["east"]],
        }


def cell_extents(grid: Grid) -> tuple[Floats, Floats, Floats, Floats]:
    """Return southern, northern and western edge and width of each cell, degrees, (ny, nx)."""
    south, north = grid.lat.copy(), grid.lat.copy()
    west, east, turns = (np.zeros(grid.shape) for _ in range(3))
    touches_pole = np.zeros(grid.shape, bool)
    corners = [_corner(grid, *corner) for corner in ((0, 0), (0, 1), (1, 1), (1, 0), (0, 0))]
    for (lat, lon), (_, following) in pairwise(corners):
        at_pole = np.abs(lat) > 90.0 - AT_POLE
        touches_pole |= at_pole
        away = np.where(at_pole, 0.0, _turn(lon - grid.lon))
        np.minimum(west, away, out=west)
        np.maximum(east, away, out=east)
        np.minimum(south, lat, out=south)
        np.maximum(north, lat, out=north)
        turns += _turn(following - lon)
    round_pole = (np.abs(turns) > 180.0) & ~touches_pole
    south[round_pole & (grid.lat < 0)] = -90.0
    north[round_pole & (grid.lat > 0)] = 90.0
    width = np.where(round_pole, 360.0, east - west)
    return south, north, (grid.lon + west) % 360.0, width


def _corner(grid: Grid, j: int, i: int) -> tuple[Floats, Floats]:
    """Return latitude and longitude of one corner of each cell."""
    ny, nx = grid.shape
    lat, lon = (part[j : j + ny, i : i + nx] for part in grid.corners)
    return lat, lon


def _turn(degrees: Floats) -> Floats:
    """Return angles within −180 … 180."""
    return (degrees + 180.0) % 360.0 - 180.0


@compiled
def _edges_of_objects(counts, row, start, length, south, north, west, width):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    objects = counts.size
    lowest, highest = np.empty(objects), np.empty(objects)
    left, right = np.empty(objects), np.empty(objects)
    first = 0
    for k in range(objects):
        last = first + counts[k]
        taken = np.zeros(SECTORS, np.bool_)
        low, high = 90.0, -90.0
        for i in range(first, last):
            for column in range(start[i], start[i] + length[i]):
                low = min(low, south[row[i], column])
                high = max(high, north[row[i], column])
                _take(taken, west[row[i], column], width[row[i], column])
        lowest[k], highest[k] = low, high
        origin = _middle_of_gap(taken)
        if origin < 0:
            left[k], right[k] = 0.0, 360.0
        else:
            begin, end = 360.0, 0.0
            for i in range(first, last):
                for column in range(start[i], start[i] + length[i]):
                    ahead = west[row[i], column] - origin
                    ahead += 360.0 if ahead < 0.0 else 0.0
                    begin = min(begin, ahead)
                    end = max(end, ahead + width[row[i], column])
            left[k] = (origin + begin) % 360.0
            right[k] = left[k] + end - begin
        first = last
    return lowest, highest, left, right


@compiled
def _take(taken, west, width):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Mark the sectors that a cell reaches into; 0 ≤ west < 360."""
    first = int(west * (SECTORS / 360.0))
    last = min(int((west + width) * (SECTORS / 360.0)), first + SECTORS - 1)
    for sector in range(first, last + 1):
        taken[sector if sector < SECTORS else sector - SECTORS] = True


@compiled
def _middle_of_gap(taken):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Return the longitude in the middle of the widest empty stretch of sectors, −1 if none."""
    widest, middle, empty = 0, -1.0, 0
    for sector in range(2 * taken.size):
        empty = 0 if taken[sector % taken.size] else empty + 1
        if widest < empty <= taken.size:
            widest, middle = empty, (sector + 1 - empty / 2) * 360.0 / taken.size
    return middle % 360.0 if middle >= 0 else -1.0
