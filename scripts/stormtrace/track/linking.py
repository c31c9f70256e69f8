"""Events of any number of years, in the memory of about two.

Years are linked one after the other. Objects that links join, however far, are assigned to events
together; they are done with once none of them is so near the last step read that a later object
could be linked to it. What is done leaves the memory; the rest waits for the next year. The events
are those of the whole record, ID by ID.
"""

from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from stormtrace.class_table import ClassTable
from stormtrace.classes import Classes
from stormtrace.formats.objects import YearObjects
from stormtrace.grids import Grid
from stormtrace.track.bridging import link_over_new_year
from stormtrace.track.joining import (
    join_columns,
    links_of_year,
    ordered_years,
    read_year,
    seconds_of,
)
from stormtrace.track.record import Indices, Record, first_year
from stormtrace.track.rules import (
    RULES,
    Assignment,
    counting_links,
    large_enough,
    linked_together,
    longest_hours,
    numbering,
)
from stormtrace.track.tracking import Tracking


class Part(NamedTuple):
    """Objects that belong together, and their events.

    All objects before `complete_h` (hours since the first year's start) and all events with an ID
    below `complete_id` are in this part or in those before.
    """

    record: Record
    assignment: Assignment
    complete_h: float
    complete_id: float


class Linking:
    """The objects files of an experiment, linked part by part."""

    def __init__(self, paths: Sequence[Path | str], table: ClassTable | None = None) -> None:
        """Read the headers of all files; table: the study's `classes:`.

        Raises:
            BadInput: the files are not of one kind, or hold a time or a year twice.

        """
        self.headers = ordered_years(paths, table)
        self.since = first_year(self.headers[0])
        self._table = table

    @property
    def grid(self) -> Grid:
        """The grid of all masks."""
        return self.headers[0].grid

    @property
    def classes(self) -> Classes:
        """The classes of all masks."""
        return self.headers[0].classes

    @property
    def field_units(self) -> Mapping[str, str]:
        """Column of measured fields -> its units, of the first file that states them."""
        return dict(ChainMap(*(dict(year.field_units) for year in self.headers)))

    def parts(self, tracking: Tracking) -> Iterator[Part]:
        """Yield the parts of the record, at least one.

        Raises:
            BadInput: a file is damaged or has other columns, or a day has too many objects.

        """
        number_next = numbering(tracking)
        waiting, numbers = None, np.empty(0, np.int64)
        for header in self.headers:
            year = read_year(header, self.headers[0], self._table)
            known = 0 if waiting is None else waiting.count
            record = _record_of(year, self.since) if waiting is None else _extended(waiting, year)
            kept = large_enough(record, tracking)
            links = counting_links(record, kept, tracking)
            numbers = np.concatenate([numbers, number_next.of(record, kept, links, known)])
            record = replace(record, links=links)
            open_ = np.zeros(record.count, bool)
            if header is not self.headers[-1]:
                component = linked_together(links, record.count)
                open_ = np.isin(component, component[_may_go_on(record, tracking)])
            done = record.only(~open_)
            waiting = record.only(open_)
            assignment = RULES[tracking.rule](
                done, kept[~open_], done.links, numbers[~open_], tracking
            )
            numbers = numbers[open_]
            if not waiting.count:
                yield Part(done, assignment, np.inf, np.inf)
                waiting = None
                continue
            waiting = waiting.from_year(int(waiting.year[0]))
            begins = numbers[numbers > 0]
            complete_id = float(begins.min()) if begins.size else np.inf
            yield Part(done, assignment, waiting.seconds[0] / 3600.0, complete_id)


def _may_go_on(record: Record, tracking: Tracking) -> Indices:
    """Return the objects so near the last step that one after it could be linked to them."""
    # An hour more than the longest time between two linked objects, which is never exact.
    before_end = (record.seconds[-1] - record.seconds[record.step]) / 3600.0
    return np.flatnonzero(before_end <= longest_hours(record, tracking) + 1.0)


def _record_of(year: YearObjects, since: int) -> Record:
    """Return the record of one year."""
    return Record(
        years=[year],
        since=since,
        first_step=np.array([0, year.time.size]),
        seconds=seconds_of(year, since),
        step=year.objects["step"].astype(np.int64),
        year=np.zeros(year.count, np.int64),
        number=np.arange(year.count),
        objects=year.objects,
        links=links_of_year(year),
    )


def _extended(waiting: Record, year: YearObjects) -> Record:
    """Return the waiting objects and those of the next year, linked over New Year."""
    steps, count = waiting.seconds.size, waiting.count
    new = _record_of(year, waiting.since)
    links = replace(new.links, earlier=new.links.earlier + count, later=new.links.later + count)
    record = Record(
        years=[*waiting.years, year],
        since=waiting.since,
        first_step=np.append(waiting.first_step, steps + year.time.size),
        seconds=np.concatenate([waiting.seconds, new.seconds]),
        step=np.concatenate([waiting.step, new.step + steps]),
        year=np.concatenate([waiting.year, new.year + len(waiting.years)]),
        number=np.concatenate([waiting.number, new.number]),
        objects=join_columns([waiting.objects, new.objects]),
        links=waiting.links.concat(links),
    )
    over_new_year = link_over_new_year(record, len(waiting.years))
    return replace(record, links=record.links.concat(over_new_year))
