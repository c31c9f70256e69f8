"""Points of tracks: one row an event and step, with place, basin, size, shape and intensity."""

import numpy as np
from numpy.typing import NDArray

from stormtrace.classes import Classes
from stormtrace.formats.objects import STATISTICS
from stormtrace.formats.tables import Table
from stormtrace.grids import Grid
from stormtrace.grids.basins import BASINS
from stormtrace.sphere import Floats
from stormtrace.track.record import Indices

_SHAPE = ("length_km", "width_km", "orientation")


def track_points(objects: Table, seen: Table, grid: Grid, classes: Classes) -> Table:
    """Return `seen` (`events.sightings`) with row and column, basin, shape and measured fields.

    objects: of the same events. i, j: column and row of the cell that holds the point, from 0; -1
    where none does. Shapes are those of the largest object of the event's main branch at that step
    (of the largest fragment, while the main branch is out of sight); fields are measured over all
    its objects.
    """
    j, i = grid.cells(seen["lat"], seen["lon"])
    order = np.lexsort([~objects["main"], objects["time_h"], objects["event"]])
    event, hours = objects["event"][order], objects["time_h"][order]
    new = np.ones(order.size, bool)
    new[1:] = (event[1:] != event[:-1]) | (hours[1:] != hours[:-1])
    begins = np.flatnonzero(new)
    largest = _largest(objects, order, np.cumsum(new) - 1)
    return {
        **seen,
        "i": i.astype(np.int32),
        "j": j.astype(np.int32),
        "basin": basin_names(seen["class"], seen["lat"], seen["lon"], classes),
        **{name: objects[name][largest] for name in _SHAPE},
        **measured_in(objects, order, begins),
    }


def _largest(objects: Table, order: Indices, group: Indices) -> Indices:
    """Return the row of the largest object of each group; main ones before fragments.

    order: rows of the objects by group, main ones first; group: the number of each of these.
    """
    size, main = objects["area_km2"][order], objects["main"][order]
    first = np.lexsort([-size, ~main, group])
    return order[first[np.unique(group[first], return_index=True)[1]]]


def basin_names(
    codes: NDArray[np.integer], lat: Floats, lon: Floats, classes: Classes
) -> NDArray[np.object_]:
    """Return the basin each point lies in, of those of its class; empty where it has none."""
    found = np.full(np.asarray(codes).size, "", object)
    for feature in classes.features:
        rows = np.asarray(codes) == feature.code
        if feature.basins and rows.any():
            names, index = BASINS[feature.basins]
            found[rows] = np.array(names, object)[index(lat[rows], lon[rows])]
    return found


def measured_in(objects: Table, order: Indices, begins: Indices) -> Table:
    """Return maximum, area-weighted mean and minimum of measured fields over groups of objects.

    order: rows of the objects, group after group; begins: where each group begins in it. Objects
    without any value are left out.
    """
    area, table = objects["area_km2"][order], Table()
    for name, column in objects.items():
        if name.rpartition("_")[2] not in STATISTICS or not name.rpartition("_")[0]:
            continue
        values = column[order]
        if not begins.size:
            table[name] = np.empty(0)
        elif name.endswith("_mean"):
            there = np.isfinite(values)
            covered = np.add.reduceat(np.where(there, area, 0.0), begins)
            total = np.add.reduceat(np.where(there, values, 0.0) * area, begins)
            table[name] = total / np.where(covered > 0, covered, np.nan)
        else:
            extreme = np.fmax if name.endswith("_max") else np.fmin
            table[name] = extreme.reduceat(values, begins)
    return table
