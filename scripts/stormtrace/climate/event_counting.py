"""Counting how often tracked events cover each cell, and where they begin and end."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import cftime
import numpy as np
from numpy.typing import NDArray

from stormtrace.class_table import ClassTable
from stormtrace.climate.counting import add_unions
from stormtrace.climate.crossings import EntryCount, following
from stormtrace.errors import BadInput
from stormtrace.formats.counts import Counts
from stormtrace.formats.objects import read_objects
from stormtrace.formats.tables import doubts_of_table
from stormtrace.track.pixels import EventPixels, EventRuns, cover


class TrackedEvents:
    """The tracked events of an experiment, counted year by year.

    attributes: what a file made of them says of the experiment. years: those of the objects.
    """

    def __init__(
        self, objects: Sequence[Path | str], events: Path, table: ClassTable | None = None
    ) -> None:
        """Take objects files, one a year, and the folder of linked events.

        table: the study's `classes:`.

        Raises:
            BadInput: two files hold objects of one year.

        """
        self._events, self._table = events, table
        self._objects: dict[int, Path] = {}
        for path in map(Path, objects):
            year = int(read_objects(path, table, header=True).attributes["year"])
            if year in self._objects:
                raise BadInput(
                    f"{self._objects[year]} and {path} both hold objects of {year}: keep one"
                )
            self._objects[year] = path
        self.years = sorted(self._objects)
        self.attributes = {
            "experiment": events.name,
            "doubts": doubts_of_table(events / "events.parquet"),
        }

    def months(self, counted: Counts) -> Iterator[tuple[int, str, NDArray[np.int16]]]:
        """Yield index of the month (0 … 11), name and counts (class, nlat, nlon) of a year.

        counted: the counts of its masks, whose steps frequencies are per cent of. Names are
        `count`, `genesis`, `termination`, and `entries` where those of fronts are counted. Of the
        cells that a first and a last object cover, `genesis` and `termination` count one each.

        Raises:
            BadInput: the objects are not of these masks.

        """
        path = self._objects[counted.year]
        pixels = EventPixels(path, self._events, self._table)
        dates = np.atleast_1d(cftime.num2date(pixels.time, pixels.time_units, pixels.calendar))
        months = np.array([date.month for date in dates], np.int64)
        _check_steps(months, counted, path)
        entered = None
        if counted.entry_steps is not None:
            follows = following(dates, float(counted.attributes["step_hours"]))
            entered = EntryCount(counted.classes, pixels.grid.shape, months, follows)
        for month in range(1, 13):
            steps = np.flatnonzero(months == month)
            first, last = (int(steps[0]), int(steps[-1]) + 1) if steps.size else (0, 0)
            runs = pixels.runs(first, last)
            if entered is not None:
                entered.add_runs(runs.step, runs.row, runs.start, runs.stop, runs.code)
            for name, chosen in _chosen(runs).items():
                by_class = [chosen.where(chosen.code == code) for code in pixels.classes.codes]
                covered = np.stack([cover(one, pixels.grid.shape) for one in by_class])
                yield month - 1, name, add_unions(covered.astype(np.int16), counted.classes)
        if entered is not None:
            for month, values in enumerate(entered.entries):
                yield month, "entries", values


def _check_steps(months: NDArray[np.int64], counted: Counts, path: Path) -> None:
    """Refuse objects that were not found in the masks that were counted."""
    found = np.bincount(months, minlength=13)[1:]
    if not np.array_equal(found, counted.steps):
        raise BadInput(
            f"{path} is of {found.tolist()} steps in the months of {counted.year}, and counts of "
            f"its masks of {counted.steps.tolist()}: find the objects of these masks again "
            "(find_objects.py)"
        )


def _chosen(runs: EventRuns) -> dict[str, EventRuns]:
    births, deaths = runs.where(runs.genesis), runs.where(runs.termination)
    return {"count": runs, "genesis": births, "termination": deaths}
