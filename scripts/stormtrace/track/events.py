"""Tables of events and of their objects."""

from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.sphere import Floats, centroid, distances_km, from_longitude, unit_vectors
from stormtrace.track.record import Indices, Record
from stormtrace.track.rules import Assignment

Columns = dict[str, Any]


def object_table(record: Record, assignment: Assignment) -> Columns:
    """Return the objects of events, one a row, in order of time."""
    chosen = np.flatnonzero(assignment.event)
    step, event = record.step[chosen], assignment.event[chosen]
    first, last = _ends(event, step)
    year = np.searchsorted(record.first_object, chosen, "right") - 1
    numbers = np.array([year.attributes.get("year", 0) for year in record.years], np.int32)
    table: Columns = {
        "event": event,
        "class": record.objects["class"][chosen],
        "time": record.times[step],
        "time_h": record.hours[chosen],
        "year": numbers[year],
        "step": (step - record.first_step[year]).astype(np.int32),
        "object": (chosen - record.first_object[year]).astype(np.int32),
        "main": assignment.main[chosen],
        "genesis": step == first,
        "termination": step == last,
    }
    names = [name for name in record.objects if name not in ("step", "class", "runs")]
    return table | {name: record.objects[name][chosen] for name in names}


def _ends(event: Indices, step: Indices) -> tuple[Indices, Indices]:
    """Return the first and last step of each row's event."""
    events, row = np.unique(event, return_inverse=True)
    first, last = np.full(events.size, np.iinfo(np.int64).max), np.full(events.size, -1)
    np.minimum.at(first, row, step)
    np.maximum.at(last, row, step)
    return first[row], last[row]


def sightings(objects: Columns, first_lon: float) -> Columns:
    """Return events step by step: where each is and how large, sorted by event and time.

    Position: the centroid on the sphere of the event's main objects, or of its fragments while
    the main branch is out of sight; longitude within ``first_lon … first_lon + 360``. Area: of
    all its objects.
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
        "lon": from_longitude(lon, first_lon),
        "area_km2": _sums(area, begins),
    }


def event_table(record: Record, assignment: Assignment, objects: Columns) -> Columns:
    """Return one row an event, sorted by ID; `objects` is what `object_table` gave."""
    seen = sightings(objects, float(record.grid.lon[0]))
    events, begins, steps = np.unique(seen["event"], return_index=True, return_counts=True)
    ends = begins + steps - 1
    path = np.zeros(seen["event"].size)
    if path.size:
        path[1:] = distances_km(seen["lat"], seen["lon"])
        path[begins] = 0.0
    hours = seen["time_h"][ends] - seen["time_h"][begins]
    track = _sums(path, begins)
    lasting = np.where(hours > 0, hours, np.nan)
    table: Columns = {
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
        "track_km": track,
        "speed_km_h": track / lasting,
        "max_area_km2": _extremes(np.maximum, seen["area_km2"], begins),
        "mean_area_km2": _sums(seen["area_km2"], begins) / np.maximum(steps, 1),
    }
    table["parents"], table["children"] = relatives(record, assignment, events)
    return table | _intensities(objects)


def only(table: Columns, events: Indices) -> Columns:
    """Return the rows of a table of events or objects that are of `events`."""
    rows = np.isin(table["event"], events)
    return {
        name: list(compress(values, rows)) if isinstance(values, list) else values[rows]
        for name, values in table.items()
    }


def relatives(
    record: Record, assignment: Assignment, events: Indices
) -> tuple[list[list[int]], list[list[int]]]:
    """Return the parents and the children of each of `events`.

    A is a parent of B, and B a child of A, if they share cells from one step to the next either
    where B begins (a split) or where A ends (a merge).
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
    """Return, for each of `events`, the `values` whose key it is, ascending."""
    order = np.lexsort([values, keys])
    low = np.searchsorted(keys[order], events, "left")
    high = np.searchsorted(keys[order], events, "right")
    listed = values[order].tolist()
    return [listed[i:j] for i, j in zip(low.tolist(), high.tolist(), strict=True)]


def _intensities(objects: Columns) -> Columns:
    """Return each event's maximum, area-weighted mean and minimum of the measured fields."""
    order = np.argsort(objects["event"], kind="stable")
    begins = np.unique(objects["event"][order], return_index=True)[1]
    area = objects["area_km2"][order]
    table: Columns = {}
    for name in objects:
        values = objects[name][order]
        if name.endswith("_max"):
            table[name] = _extremes(np.fmax, values, begins)
        elif name.endswith("_min"):
            table[name] = _extremes(np.fmin, values, begins)
        elif name.endswith("_mean"):
            valid = np.where(np.isfinite(values), area, 0.0)
            total = _sums(np.where(np.isfinite(values), values, 0.0) * area, begins)
            covered = _sums(valid, begins)
            table[name] = total / np.where(covered > 0, covered, np.nan)
    return table


def _sums(values: Floats, begins: Indices) -> Floats:
    return np.add.reduceat(values, begins) if begins.size else np.empty(0)


def _extremes(function: np.ufunc, values: NDArray[Any], begins: Indices) -> NDArray[Any]:
    return function.reduceat(values, begins) if begins.size else np.empty(0)
