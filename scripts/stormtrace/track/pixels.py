"""The cells of tracked events, without decoding or labelling a mask again.

    pixels = EventPixels(objects_file_of_a_year, events_folder)
    runs = pixels.runs()                                  # or pixels.runs(first_step, last_step)
    rivers = runs.where(runs.code == pixels.classes["AR"].code)
    count = cover(rivers, pixels.grid.shape)              # steps with a tracked river, by cell
    births = cover(rivers.where(rivers.genesis), pixels.grid.shape)
    for step, events in pixels.arrays():                  # (nlat, nlon) event IDs of each step
        …

A *run* is a piece of a row: the cells ``start ≤ column < stop``. Runs never share a cell within
one step, so counting runs over a cell counts steps. A year of 768 × 1152 has a few million.
"""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stormtrace.class_table import ClassTable
from stormtrace.compiled import compiled
from stormtrace.errors import BadInput
from stormtrace.formats.mask_runs import add_runs
from stormtrace.formats.masks import MaskFile
from stormtrace.formats.objects import read_objects
from stormtrace.formats.tables import read_table
from stormtrace.grids import Grid


class EventRuns(NamedTuple):
    """Runs of cells of tracked events, (n,) each, in order of step.

    step: index into the year's times. row, start, stop: the cells. event: ID. code: class.
    genesis, termination: whether the step is the first, the last of the event.
    """

    step: NDArray[np.int32]
    row: NDArray[np.int32]
    start: NDArray[np.int32]
    stop: NDArray[np.int32]
    event: NDArray[np.int64]
    code: NDArray[np.int8]
    genesis: NDArray[np.bool_]
    termination: NDArray[np.bool_]

    def where(self, chosen: NDArray[np.bool_] | slice) -> "EventRuns":
        """Return the runs for which `chosen` (n,) is true."""
        return EventRuns._make(column[chosen] for column in self)


class EventPixels:
    """The cells of one year's tracked events.

    grid, classes: of the masks. time, time_units, calendar: the year's steps, as in its masks.
    """

    def __init__(
        self, objects: Path | str, events: Path | str, table: ClassTable | None = None
    ) -> None:
        """Open the objects file of a year and the folder that holds `objects.parquet`.

        table: the study's `classes:`.

        Raises:
            BadInput: the two do not belong together.

        """
        self._year = read_objects(objects, table)
        self.grid: Grid = self._year.grid
        self.classes = self._year.classes
        self.time = self._year.time
        self.time_units, self.calendar = self._year.time_units, self._year.calendar
        columns = self._year.objects
        self._event = np.zeros(self._year.count, np.int64)
        self._genesis, self._termination = (np.zeros(self._year.count, bool) for _ in range(2))
        rows = read_table(
            Path(events) / "objects.parquet",
            ["object", "event", "pixels", "genesis", "termination"],
            year=int(self._year.attributes["year"]),
        )
        tracked = rows["object"]
        if tracked.size and (
            tracked.max() >= self._year.count
            or not np.array_equal(columns["pixels"][tracked], rows["pixels"])
        ):
            raise BadInput(
                f"{events} was linked from another version of {objects}: run link_events.py again"
            )
        self._event[tracked] = rows["event"]
        self._genesis[tracked], self._termination[tracked] = rows["genesis"], rows["termination"]

    def check_masks(self, masks: MaskFile) -> None:
        """Check by the times that the objects were found in these masks.

        Raises:
            BadInput: the times are others.

        """
        if not np.array_equal(masks.time, self.time) or masks.time_units != self.time_units:
            raise BadInput(
                f"{masks.path} has other times than {self._year.path}, made of it "
                f"({masks.time.size} and {self.time.size} steps): run find_objects.py and "
                "link_events.py again"
            )

    @property
    def highest(self) -> int:
        """The highest event ID of the year."""
        return int(self._event.max(initial=0))

    def runs(self, first_step: int = 0, last_step: int | None = None) -> EventRuns:
        """Read the runs of the steps ``first_step … last_step − 1`` (all by default)."""
        columns = self._year.objects
        bounds = [first_step, self.time.size if last_step is None else last_step]
        first, last = np.searchsorted(columns["step"], bounds)
        cells = self._year.runs(first, last)
        length = columns["runs"][first:last]
        runs = EventRuns(
            np.repeat(columns["step"][first:last], length),
            cells["row"],
            cells["start"],
            cells["start"] + cells["length"],
            np.repeat(self._event[first:last], length),
            np.repeat(columns["class"][first:last], length),
            np.repeat(self._genesis[first:last], length),
            np.repeat(self._termination[first:last], length),
        )
        return runs.where(runs.event > 0)

    def steps(self, block: int = 64) -> Iterator[tuple[int, EventRuns]]:
        """Yield each step's index and its runs, reading `block` steps at once."""
        for first in range(0, self.time.size, block):
            last = min(first + block, self.time.size)
            runs = self.runs(first, last)
            bounds = np.searchsorted(runs.step, np.arange(first, last + 1))
            for step, (low, high) in enumerate(pairwise(bounds), first):
                yield step, runs.where(slice(low, high))

    def arrays(self) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """Yield each step's index and its event IDs, (nlat, nlon), 0 where there is no event."""
        for step, runs in self.steps():
            yield step, paint(runs, self.grid.shape)

    def tags(self, code: int) -> Iterator[tuple[int, NDArray[np.bool_]]]:
        """Yield each step's index and where tracked events of class `code` are, (nlat, nlon)."""
        for step, runs in self.steps():
            yield step, paint(runs.where(runs.code == code), self.grid.shape) > 0


def cover(runs: EventRuns, shape: tuple[int, int]) -> NDArray[np.int32]:
    """Return how many of `runs` cover each cell, (nlat, nlon)."""
    change = np.zeros(shape, np.int32)
    add_runs(change, runs.row, runs.start, runs.stop)
    return np.cumsum(change, axis=1, dtype=np.int32)


def paint(runs: EventRuns, shape: tuple[int, int]) -> NDArray[np.int64]:
    """Return the event IDs of the cells of ONE step, (nlat, nlon), 0 where there is no event."""
    array = np.zeros(shape, np.int64)
    _fill(array, runs.row, runs.start, runs.stop, runs.event)
    return array


@compiled
def _fill(array, row, start, stop, value):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    for i in range(row.size):
        array[row[i], start[i] : stop[i]] = value[i]
