"""The files of events and their objects, written while the years are linked."""

import contextlib
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from stormtrace.formats.pieces import Pieces
from stormtrace.formats.tables import Table, table_files
from stormtrace.formats.track_texts import node_columns, write_nodes, write_tracks_csv
from stormtrace.formats.tracks import geojson_file, write_trajectories
from stormtrace.track.dropped import Dropped
from stormtrace.track.events import event_table, object_table, only, rows_of, sightings
from stormtrace.track.linking import Linking
from stormtrace.track.regions import events_in_cells, region_cells
from stormtrace.track.track_points import track_points
from stormtrace.track.tracking import Tracking

log = logging.getLogger("stormtrace")

#: Columns of events that trajectories have.
_TRAJECTORY = ("event", "class", "steps")


def write_event_files(
    folder: Path, linking: Linking, tracking: Tracking, attributes: Mapping[str, str]
) -> list[str]:
    """Link the years and write all files of events; return doubts, a sentence each.

    Objects are written in order of time and events in order of their IDs, as soon as none can come
    before them any more; of what waits, only a few months are in memory.

    Raises:
        BadInput: a file is damaged or unlike the others, a day has too many objects, or the region
            is none.

    """
    grid, classes = linking.grid, linking.classes
    time = {
        "units": f"hours since {linking.since:04d}-01-01 00:00:00",
        "calendar": linking.headers[0].calendar,
    }
    cells = region_cells(grid, tracking.region) if tracking.region else None
    left_out = Dropped(grid, classes, tracking)
    objects_wait, events_wait, points_wait = (
        _Waiting(key, order)
        for key, order in (
            ("time_h", ("time_h", "object")),
            ("event", ("event",)),
            ("event", ("event", "time_h")),
        )
    )
    units = linking.field_units
    all_points, of_events = Pieces(), list[Table]()
    found = 0
    with contextlib.ExitStack() as files:
        objects_file, events_file = (
            files.enter_context(table_files(folder, name, classes, dict(attributes) | time, units))
            for name in ("objects", "events")
        )
        add_tracks = files.enter_context(geojson_file(folder / "tracks.geojson", classes))
        for record, assignment, complete_h, complete_id in linking.parts(tracking):
            objects = object_table(record, assignment)
            events = event_table(record, assignment, objects)
            left_out.add(record, assignment)
            found += record.count
            if cells is not None and tracking.region:
                chosen = events_in_cells(record, assignment.event, events, cells, tracking.region)
                events, objects = only(events, chosen), only(objects, chosen)
            objects_wait.add(objects)
            events_wait.add(events)
            points_wait.add(track_points(objects, sightings(objects, grid), grid, classes))
            objects_file.append(objects_wait.take(complete_h))
            events, points = events_wait.take(complete_id), points_wait.take(complete_id)
            events_file.append(events)
            add_tracks(events, points)
            all_points.append(points)
            of_events.append({name: events[name] for name in _TRAJECTORY})
        doubts = left_out.sentences()
        about = {"doubts": "\n".join(doubts)}
        objects_file.describe(about)
        events_file.describe(about)
    everything = dict(attributes) | about
    write_trajectories(
        folder / "trajectories.nc", _joined(of_events), all_points, classes, time, everything, units
    )
    write_tracks_csv(folder / "tracks.csv", all_points, classes)
    write_nodes(folder / "nodes.txt", all_points, classes)
    log.info("%d objects, %d in %d events", found, objects_file.rows, events_file.rows)
    log.info("nodes.txt: --in_fmt %s", ",".join(node_columns(all_points.names)))
    return doubts


class _Waiting:
    """Rows that wait until all before them, by one of their columns, are there."""

    def __init__(self, key: str, order: Sequence[str]) -> None:
        self.key, self.order = key, order
        self._tables: list[Table] = []

    def add(self, table: Table) -> None:
        """Take some rows, in any order."""
        self._tables.append(table)

    def take(self, complete: float) -> Table:
        """Return the rows below `complete` in order, and forget them."""
        table = _joined(self._tables)
        ready = table[self.key] < complete
        self._tables = [rows_of(table, np.flatnonzero(~ready))]
        rows = np.flatnonzero(ready)
        keys = [table[name][rows] for name in reversed(self.order)]
        return rows_of(table, rows[np.lexsort(keys)])


def _joined(tables: Sequence[Table]) -> Table:
    """Return tables of the same columns, one below the other."""
    joined: Table = {}
    for name, first in tables[0].items():
        columns = [table[name] for table in tables]
        lists = isinstance(first, list)
        joined[name] = [one for column in columns for one in column] if lists else None
        if not lists:
            joined[name] = np.concatenate(columns)
    return joined
