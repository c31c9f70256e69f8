"""Bounding boxes of objects in degrees.

On a grid whose axes are latitude and longitude they are the edges of rows and columns. On others
they come from the corners of the object's cells: a pole inside makes them reach ±90° and go all
the way round.
"""

from collections.abc import Mapping
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
    lat, lon = grid.corners
    around = [(0, 0), (0, 1), (1, 1), (1, 0)]  # once round each cell
    ny, nx = grid.shape
    lats = np.stack([lat[j : j + ny, i : i + nx] for j, i in around])
    lons = np.stack([lon[j : j + ny, i : i + nx] for j, i in around])
    at_pole = np.abs(lats) > 90.0 - AT_POLE
    turns = _turn(np.roll(lons, -1, axis=0) - lons)
    round_pole = (np.abs(turns.sum(axis=0)) > 180.0) & ~at_pole.any(axis=0)
    away = np.where(at_pole, 0.0, _turn(lons - grid.lon))
    west = np.where(round_pole, 0.0, grid.lon + away.min(axis=0))
    width = np.where(round_pole, 360.0, np.ptp(away, axis=0))
    south = np.where(round_pole & (grid.lat < 0), -90.0, lats.min(axis=0))
    north = np.where(round_pole & (grid.lat > 0), 90.0, lats.max(axis=0))
    return south, north, west, width


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
                    ahead = (west[row[i], column] - origin) % 360.0
                    begin = min(begin, ahead)
                    end = max(end, ahead + width[row[i], column])
            left[k] = (origin + begin) % 360.0
            right[k] = left[k] + end - begin
        first = last
    return lowest, highest, left, right


@compiled
def _take(taken, west, width):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Mark the sectors that a cell reaches into."""
    first = int(np.floor(west / 360.0 * SECTORS))
    last = int(np.floor((west + width) / 360.0 * SECTORS))
    for sector in range(first, min(last, first + SECTORS - 1) + 1):
        taken[sector % SECTORS] = True


@compiled
def _middle_of_gap(taken):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Return the longitude in the middle of the widest empty stretch of sectors, −1 if none."""
    widest, middle, empty = 0, -1.0, 0
    for sector in range(2 * taken.size):
        empty = 0 if taken[sector % taken.size] else empty + 1
        if widest < empty <= taken.size:
            widest, middle = empty, (sector + 1 - empty / 2) * 360.0 / taken.size
    return middle % 360.0 if middle >= 0 else -1.0
