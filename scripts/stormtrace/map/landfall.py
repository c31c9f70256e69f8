"""How many events reach a coast, by latitude: from the cells they cover, not from their centres."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.grids import Grid
from stormtrace.map.hovmoller import coast_mask
from stormtrace.map.regrid import same_grid
from stormtrace.track.pixels import EventPixels

BLOCK_STEPS = 240


def landfalls(
    objects: Iterable[Path | str], events: Path | str, region: tuple[float, ...]
) -> tuple[Grid, NDArray[np.int64]]:
    """Return the grid and one row an event and latitude reached: (n, 3) event, class, row.

    An event reaches a latitude if, at any step, it covers a cell of the coast there; it counts
    once for each latitude, whatever its steps, also when it lasts over New Year.
    """
    grid, coast, found = None, None, []
    for path in objects:
        pixels = EventPixels(path, events)
        if grid is None or coast is None:
            grid, coast = pixels.grid, coast_mask(pixels.grid, region)
        elif not same_grid(grid, pixels.grid):
            raise BadInput(f"{path} is on another grid than the objects of the other years")
        starts = range(0, pixels.time.size, BLOCK_STEPS)
        found += [_reached(pixels, first, coast) for first in starts]
    if grid is None:
        raise BadInput("landfalls need the objects of at least one year")
    return grid, np.unique(np.concatenate(found), axis=0)


def _reached(pixels: EventPixels, first: int, coast: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return (event, class, row) of the coast's cells covered in one block of steps."""
    last = min(first + BLOCK_STEPS, pixels.time.size)
    runs = pixels.runs(first, last)
    # Coast cells west of each column: a run covers some if the count grows along it.
    before = np.concatenate(
        [np.zeros((coast.shape[0], 1), np.int64), np.cumsum(coast, axis=1)], axis=1
    )
    touching = before[runs.row, runs.stop] > before[runs.row, runs.start]
    columns = (runs.event[touching], runs.code[touching], runs.row[touching])
    return np.unique(np.array(columns, np.int64).T, axis=0)


def by_latitude(
    reached: NDArray[np.int64], grid: Grid, codes: Iterable[int], bin_degrees: float = 2.5
) -> tuple[NDArray[np.float64], dict[int, NDArray[np.int64]]]:
    """Return bin centres (n,) and how many different events of each class reach each bin."""
    index = np.floor((grid.lat[reached[:, 2]] + 90.0) / bin_degrees).astype(np.int64)
    pairs = np.unique(np.column_stack([reached[:, :2], index]), axis=0)
    low, high = (index.min(), index.max()) if index.size else (0, -1)
    centres = (np.arange(low, high + 1) + 0.5) * bin_degrees - 90.0
    counts = {
        code: np.bincount(pairs[pairs[:, 1] == code, 2] - low, minlength=centres.size)
        for code in codes
    }
    return centres, counts
