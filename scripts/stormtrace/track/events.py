"""Tables of events and of their objects."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.formats.tables import Table
from stormtrace.grids import Grid
from stormtrace.sphere import Floats, centroid, distances_km, from_longitude, unit_vectors
from stormtrace.track.object_finding import first_longitude
from stormtrace.track.record import Indices, Record
from stormtrace.track.rules import Assignment
from stormtrace.track.track_points import basin_names, measured_in

#: Columns of objects that are of use only together with their file.
_OF_FILES = ("step", "class", "runs", "first_row", "last_row", "first_column", "last_column")


def object_table(record: Record, assignment: Assignment) -> Table:
    """Return the objects of events, one per row, in order of time."""
    chosen = np.flatnonzero(assignment.event)
    step, event = record.step[chosen], assignment.event[chosen]
    first, last = _ends(event, step)
    year = record.year[chosen]
    numbers = np.array([year.attributes.get("year", 0) for year in record.years], np.int32)
    table: Table = {
        "event": event,
        "class": record.objects["class"][chosen],
        "time": record.times[step],
        "time_h": record.hours[chosen],
        "year": numbers[year],
        "step": (step - record.first_step[year]).astype(np.int32),
        "object": record.number[chosen].astype(np.int32),
        "main": assignment.main[chosen],
        "genesis": step == first,
        "termination": step == last,
    }
    names = [name for name in record.objects if name not in _OF_FILES]
    return table | {name: record.objects[name][chosen] for name in names}


def _ends(event: Indices, step: Indices) -> tuple[Indices, Indices]:
    """Return the first and last step of each row's event."""
    events, row = np.unique(event, return_inverse=True)
    first, last = np.full(events.size, np.iinfo(np.int64).max), np.full(events.size, -1)
    np.minimum.at(first, row, step)
    np.maximum.at(last, row, step)
    return first[row], last[row]


def sightings(objects: Table, grid: Grid) -> Table:
    """Return the position and area of events step by step, sorted by event and time.

    Position: the centroid on the sphere of the event's main objects, or of its fragments while
    the main branch is out of sight, longitude as in `first_longitude`. Area: of all its objects.
    """
    order = np.lexsort([objects["time_h"], objects["event"]])
    event, hours = objects["event"][order], objects["time_h"][order]
    new = np.ones(order.size, bool)
    new[1:] = (event[1:] != event[:-1]) | (hours[1:] != hours[:-1])
    begins = np.flatnonzero(new)
    area, main = objects["area_km2"][order], objects["main"][order]
    out_of_sight = _extremes(np.maximum, main, begins) == 0
    placed = np.where(main | out_of_sight[np.cumsum(new) - 1], area, 0.0)
    weight = placed * objects["resultant"][order]
    vectors = weight * unit_vectors(objects["lat"][order], objects["lon"][order])
    x, y, z = (_sums(axis, begins) for axis in vectors)
    lat, lon, _ = centroid(x, y, z, _sums(placed, begins))
    return {
        "event": event[begins],
        "class": objects["class"][order][begins],
        "time": objects["time"][order][begins],
        "time_h": hours[begins],
        "lat": lat,
        "lon": from_longitude(lon, first_longitude(grid)),
        "area_km2": _sums(area, begins),
    }


def event_table(record: Record, assignment: Assignment, objects: Table) -> Table:
    """Return one row per event, sorted by ID; `objects` comes from `object_table`.

    An event seen once lasts 0 hours and has no speed (NaN). Its basin is that of its genesis.
    """
    seen = sightings(objects, record.grid)
    events, begins, steps = np.unique(seen["event"], return_index=True, return_counts=True)
    ends = begins + steps - 1
    path = np.zeros(seen["event"].size)
    if path.size:
        path[1:] = distances_km(seen["lat"], seen["lon"])
        path[begins] = 0.0
    hours = seen["time_h"][ends] - seen["time_h"][begins]
    track = _sums(path, begins)
    lasting = np.where(hours > 0, hours, np.nan)
    table: Table = {
        "event": events,
        "class": seen["class"][begins],
        "start": seen["time"][begins],
        "end": seen["time"][ends],
        "start_h": seen["time_h"][begins],
        "end_h": seen["time_h"][ends],
        "lifetime_h": hours,
        "steps": steps.astype(np.int32),
        "genesis_lat": seen["lat"][begins],
        "genesis_lon": seen["lon"][begins],
        "termination_lat": seen["lat"][ends],
        "termination_lon": seen["lon"][ends],
        "basin": basin_names(
            seen["class"][begins], seen["lat"][begins], seen["lon"][begins], record.classes
        ),
        "track_km": track,
        "speed_km_h": track / lasting,
        "max_area_km2": _extremes(np.maximum, seen["area_km2"], begins),
        "mean_area_km2": _sums(seen["area_km2"], begins) / np.maximum(steps, 1),
    }
    table["parents"], table["children"] = relatives(record, assignment, events)
    order, starts, _ = _by_event(objects)
    return table | _shapes(objects) | measured_in(objects, order, starts)


def only(table: Table, events: Indices) -> Table:
    """Return the rows of a table of events or objects that belong to `events`."""
    return rows_of(table, np.flatnonzero(np.isin(table["event"], events)))


def rows_of(table: Table, rows: Indices) -> Table:
    """Return some rows of a table, in the order of `rows`."""
    listed = rows.tolist()
    return {
        name: [values[row] for row in listed] if isinstance(values, list) else values[rows]
        for name, values in table.items()
    }


def relatives(
    record: Record, assignment: Assignment, events: Indices
) -> tuple[list[list[int]], list[list[int]]]:
    """Return the parents and the children of each of `events`.

    A is a parent of B, and B a child of A, if they share cells at consecutive steps either where B
    begins (a split) or where A ends (a merge).
    """
    links, event = assignment.links, assignment.event
    rows = np.flatnonzero(event)
    first, last = np.zeros(record.count, np.int64), np.zeros(record.count, np.int64)
    first[rows], last[rows] = _ends(event[rows], record.step[rows])
    a, b = event[links.earlier], event[links.later]
    splits = record.step[links.later] == first[links.later]
    merges = record.step[links.earlier] == last[links.earlier]
    related = (a > 0) & (b > 0) & (a != b) & (splits | merges)
    edges = np.unique(np.stack([a[related], b[related]]), axis=1)
    return _neighbours(events, edges[1], edges[0]), _neighbours(events, edges[0], edges[1])


def _neighbours(events: Indices, keys: Indices, values: Indices) -> list[list[int]]:
    """Return, for each of `events`, the `values` under that key, ascending."""
    order = np.lexsort([values, keys])
    low = np.searchsorted(keys[order], events, "left")
    high = np.searchsorted(keys[order], events, "right")
    listed = values[order].tolist()
    return [listed[i:j] for i, j in zip(low.tolist(), high.tolist(), strict=True)]


def _by_event(objects: Table) -> tuple[Indices, Indices, Floats]:
    """Return the order of objects by event, where each event begins in it, and their areas."""
    order = np.argsort(objects["event"], kind="stable")
    begins = np.unique(objects["event"][order], return_index=True)[1]
    return order, begins, objects["area_km2"][order]


def _shapes(objects: Table) -> Table:
    """Return the shapes of events: the longest object's length, and means weighted by area.

    The mean orientation is that of axes, which 90° and −90° leave the same.
    """
    order, begins, area = _by_event(objects)
    length, width = objects["length_km"][order], objects["width_km"][order]
    twice = 2 * np.radians(objects["orientation"][order])
    total = _sums(area, begins)
    across, along = (_sums(area * part, begins) for part in (np.sin(twice), np.cos(twice)))
    return {
        "max_length_km": _extremes(np.maximum, length, begins),
        "mean_length_km": _sums(length * area, begins) / total,
        "mean_width_km": _sums(width * area, begins) / total,
        "mean_orientation": np.degrees(np.arctan2(across, along)) / 2,
    }


def _sums(values: Floats, begins: Indices) -> Floats:
    return np.add.reduceat(values, begins) if begins.size else np.empty(0)


def _extremes(function: np.ufunc, values: NDArray[Any], begins: Indices) -> NDArray[Any]:
    return function.reduceat(values, begins) if begins.size else values[:0]
