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


@dataclass(frozen=True, eq=False)
class Coast:
    """A coast by latitude: its cells, of the grid's shape, and the bin of each cell of the grid.

    bins: those that have cells of the coast; centres: their latitudes. The last one of the globe
    holds the north pole.
    """

    cells: NDArray[np.bool_]
    bin_of: NDArray[np.int64]
    bins: NDArray[np.int64]
    centres: NDArray[np.float64]

    @classmethod
    def of(cls, grid: Grid, cells: NDArray[np.bool_], bin_degrees: float) -> "Coast":
        """Return a coast on a grid in bins of latitude."""
        last = int(np.ceil(180.0 / bin_degrees)) - 1
        lat = grid.points[0].ravel()
        bin_of = np.floor((lat + 90.0) / bin_degrees).astype(np.int64).clip(0, last)
        bins = np.unique(bin_of[cells.ravel()])
        return cls(cells, bin_of, bins, (bins + 0.5) * bin_degrees - 90.0)

    def reached(self, runs: EventRuns) -> NDArray[np.int64]:
        """Return (event, class code, bin) of the coast's cells that runs cover, each once."""
        rows = _reached(runs, self.cells)
        rows[:, 2] = self.bin_of[rows[:, 2]]
        return np.unique(rows, axis=0)


@dataclass(frozen=True, eq=False)
class Landfalls:
    """Where events reach coasts.

    reached: name of the coast -> (n, 3) event, class code and bin of latitude, each once; an event
    reaches a bin if it covers a cell of the coast there at any step, also when it lasts over New
    Year.
    """

    classes: Classes
    coasts: dict[str, Coast]
    reached: dict[str, NDArray[np.int64]]

    def counts(self, coast: str) -> dict[int, NDArray[np.int64]]:
        """Return the number of different events of each class (code) in each bin of a coast."""
        rows, bins = self.reached[coast], self.coasts[coast].bins
        return {
            code: np.bincount(rows[rows[:, 1] == code, 2], minlength=bins[-1] + 1)[bins]
            for code in self.classes.codes
        }


def landfalls(
    objects: Iterable[Path | str],
    events: Path | str,
    coasts: Mapping[str, Sequence[float]],
    table: ClassTable | None = None,
    bin_degrees: float = 2.5,
) -> Landfalls:
    """Return which events reach each coast at which latitudes.

    coasts: name -> [west, east, south, north] in degrees; those the grid has no cell of are left
    out. table: the study's `classes:`.

    Raises:
        BadInput: there is no objects file, or one is on another grid or of other classes.

    """
    grid, classes, binned = None, None, dict[str, Coast]()
    found: dict[str, list[NDArray[np.int64]]] = {}
    for path in objects:
        pixels = EventPixels(path, events, table)
        if grid is None or classes is None:
            grid, classes = pixels.grid, pixels.classes
            on_grid = coasts_on(grid, coasts)
            binned = {name: Coast.of(grid, one, bin_degrees) for name, one in on_grid.items()}
        elif not grid.same_as(pixels.grid) or pixels.classes.flags != classes.flags:
            raise BadInput(f"{path}: its grid or classes are not those of the other years")
        for first in range(0, pixels.time.size, BLOCK_STEPS):
            runs = pixels.runs(first, min(first + BLOCK_STEPS, pixels.time.size))
            for name, coast in binned.items():
                found.setdefault(name, []).append(coast.reached(runs))
    if grid is None or classes is None:
        raise BadInput("landfalls need the objects of at least one year")
    reached = {name: np.unique(np.concatenate(rows), axis=0) for name, rows in found.items()}
    return Landfalls(classes, binned, reached)


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
