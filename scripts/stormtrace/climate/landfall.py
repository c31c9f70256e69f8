"""How many events reach a coast, by latitude: from the cells they cover, not from their centres."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stormtrace.class_table import ClassTable
from stormtrace.classes import Classes
from stormtrace.climate.hovmoller import coasts_on
from stormtrace.errors import BadInput
from stormtrace.grids import Grid
from stormtrace.track.pixels import EventPixels, EventRuns

#: Steps whose runs are in memory at once.
BLOCK_STEPS = 240


@dataclass(frozen=True)
class Landfalls:
    """Coast cells that events cover.

    coasts: name of the coast -> its cells, of the grid's shape. reached: name -> (n, 3) event,
    class code and cell (row * columns + column), each once; an event reaches a cell if it covers it
    at any step, also when it lasts over New Year.
    """

    grid: Grid
    classes: Classes
    coasts: dict[str, NDArray[np.bool_]]
    reached: dict[str, NDArray[np.int64]]


def landfalls(
    objects: Iterable[Path | str],
    events: Path | str,
    coasts: Mapping[str, Sequence[float]],
    table: ClassTable | None = None,
) -> Landfalls:
    """Return which events reach which cells of each coast.

    coasts: name -> [west, east, south, north] in degrees; those the grid has no cell of are left
    out. table: the study's `classes:`.

    Raises:
        BadInput: there is no objects file, or one is on another grid or of other classes.

    """
    grid, classes, masks = None, None, dict[str, NDArray[np.bool_]]()
    found: dict[str, list[NDArray[np.int64]]] = {}
    for path in objects:
        pixels = EventPixels(path, events, table)
        if grid is None or classes is None:
            grid, classes, masks = pixels.grid, pixels.classes, coasts_on(pixels.grid, coasts)
        elif not grid.same_as(pixels.grid) or pixels.classes.flags != classes.flags:
            raise BadInput(f"{path}: its grid or classes are not those of the other years")
        for first in range(0, pixels.time.size, BLOCK_STEPS):
            runs = pixels.runs(first, min(first + BLOCK_STEPS, pixels.time.size))
            for name, coast in masks.items():
                found.setdefault(name, []).append(_reached(runs, coast))
    if grid is None or classes is None:
        raise BadInput("landfalls need the objects of at least one year")
    reached = {name: np.unique(np.concatenate(rows), axis=0) for name, rows in found.items()}
    return Landfalls(grid, classes, masks, reached)


def _reached(runs: EventRuns, coast: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return (event, class, cell) of the coast's cells that the runs cover."""
    # Coast cells west of each column: a run covers some if the count grows along it.
    before = np.concatenate(
        [np.zeros((coast.shape[0], 1), np.int64), np.cumsum(coast, axis=1)], axis=1
    )
    touching = runs.where(before[runs.row, runs.stop] > before[runs.row, runs.start])
    length = (touching.stop - touching.start).astype(np.int64)
    run = np.repeat(np.arange(length.size), length)
    along = np.arange(run.size) - np.repeat(np.cumsum(length) - length, length)
    cell = touching.row[run] * np.int64(coast.shape[1]) + touching.start[run] + along
    kept = coast.ravel()[cell]
    columns = touching.event[run][kept], touching.code[run][kept], cell[kept]
    return np.unique(np.array(columns, np.int64).T, axis=0)


def by_latitude(
    reached: NDArray[np.int64],
    grid: Grid,
    coast: NDArray[np.bool_],
    codes: Iterable[int],
    bin_degrees: float = 2.5,
) -> tuple[NDArray[np.float64], dict[int, NDArray[np.int64]]]:
    """Return bin centres (n,) and the number of different events of each class in each bin.

    Bins are those that have cells of the coast, whether or not events reach them. The last one of
    the globe holds the north pole.
    """
    last = int(np.ceil(180.0 / bin_degrees)) - 1
    cells = np.floor((grid.points[0].ravel() + 90.0) / bin_degrees).astype(np.int64).clip(0, last)
    bins = np.unique(cells[coast.ravel()])
    pairs = np.unique(np.column_stack([reached[:, :2], cells[reached[:, 2]]]), axis=0)
    counts = {
        code: np.bincount(pairs[pairs[:, 1] == code, 2], minlength=last + 1)[bins] for code in codes
    }
    return (bins + 0.5) * bin_degrees - 90.0, counts
