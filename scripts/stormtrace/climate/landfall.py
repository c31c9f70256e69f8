"""How many events reach a coast, by latitude: from the cells they cover, not from their centres."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stormtrace.climate.hovmoller import coasts_on
from stormtrace.errors import BadInput
from stormtrace.grids import Grid
from stormtrace.grids.remapping import same_grid
from stormtrace.track.pixels import EventPixels, EventRuns

BLOCK_STEPS = 240


def landfalls(
    objects: Iterable[Path | str], events: Path | str, coasts: Mapping[str, Sequence[float]]
) -> tuple[Grid, dict[str, NDArray[np.int64]]]:
    """Return the grid, and of each coast (n, 3) event, class, row: one an event and latitude.

    coasts: name -> [west, east, south, north] in degrees; those the grid has no cell of are left
    out. An event reaches a latitude if, at any step, it covers a cell of the coast there; it counts
    once for each latitude, whatever its steps, also when it lasts over New Year.
    """
    grid, masks = None, dict[str, NDArray[np.bool_]]()
    found: dict[str, list[NDArray[np.int64]]] = {}
    for path in objects:
        pixels = EventPixels(path, events)
        if grid is None:
            grid, masks = pixels.grid, coasts_on(pixels.grid, coasts)
        elif not same_grid(grid, pixels.grid):
            raise BadInput(f"{path} is on another grid than the objects of the other years")
        for first in range(0, pixels.time.size, BLOCK_STEPS):
            runs = pixels.runs(first, min(first + BLOCK_STEPS, pixels.time.size))
            for name, coast in masks.items():
                found.setdefault(name, []).append(_reached(runs, coast))
    if grid is None:
        raise BadInput("landfalls need the objects of at least one year")
    return grid, {name: np.unique(np.concatenate(rows), axis=0) for name, rows in found.items()}


def _reached(runs: EventRuns, coast: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return (event, class, row) of the coast's cells that the runs cover."""
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
