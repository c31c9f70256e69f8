"""Regions choose among events that were tracked on the whole grid; they never cut the masks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.axes import read_grid
from stormtrace.formats.netcdf import opening
from stormtrace.formats.tables import Table
from stormtrace.grids import Grid, box_cells
from stormtrace.track.record import Indices, Record
from stormtrace.track.tracking import NAMED_REGIONS

Cells = NDArray[np.bool_]


def region_cells(grid: Grid, region: Mapping[str, Any]) -> Cells:
    """Return which cells of `grid` have their centre in `region`, `grid.shape`.

    region: the block of the study: a `name`, a `box`, a `shapefile` or a `mask`.

    Raises:
        BadInput: there is not exactly one of these, or no cell lies inside.

    """
    kinds = {"name": _named, "box": _box, "shapefile": _shapefile, "mask": _mask}
    given = [kind for kind in kinds if kind in region]
    if len(given) != 1:
        raise BadInput(f"tracking.region needs exactly one of {list(kinds)}; found {dict(region)}")
    cells = kinds[given[0]](grid, region[given[0]])
    if not cells.any():
        raise BadInput(f"tracking.region: no cell of the grid lies in {dict(region)}")
    return cells


def _named(grid: Grid, name: str) -> Cells:
    if name not in NAMED_REGIONS:
        raise BadInput(f"tracking.region: unknown name {name!r}; known are {list(NAMED_REGIONS)}")
    return _box(grid, NAMED_REGIONS[name])


def _box(grid: Grid, box: Any) -> Cells:
    try:
        return box_cells(grid, box)
    except ValueError as error:
        raise BadInput(f"tracking.region: {error}") from None


def _shapefile(grid: Grid, path: str) -> Cells:
    import shapefile
    import shapely

    if not Path(path).is_file():
        raise BadInput(f"tracking.region: there is no shapefile {path}")
    with shapefile.Reader(path) as reader:
        shapes = [shapely.geometry.shape(shape.__geo_interface__) for shape in reader.shapes()]
    land = shapely.union_all([shapely.make_valid(shape) for shape in shapes])
    shapely.prepare(land)
    lat, lon = grid.points
    turns = [(lon + 180.0) % 360.0 - 180.0, lon % 360.0]  # shapefiles come in both conventions
    return np.logical_or.reduce([shapely.contains_xy(land, turn, lat) for turn in turns])


def _mask(grid: Grid, path: str) -> Cells:
    if not Path(path).is_file():
        raise BadInput(f"tracking.region: there is no mask {path}")
    with opening(path, "copy it again") as nc:
        nc.set_auto_mask(True)
        names = {"lat", "lon", *grid.dims}
        fields = [one for name, one in nc.variables.items() if name not in names and one.ndim == 2]
        shapes = {one.name: one.shape for one in fields}
        if list(shapes.values()) != [grid.shape]:
            raise BadInput(
                f"tracking.region: {path} must have one variable of the masks' shape {grid.shape}, "
                f"found {shapes}: leave the others out, or regrid the mask"
            )
        if not grid.same_as(read_grid(nc, path), tolerance=1e-3):
            raise BadInput(
                f"tracking.region: {path} is on another grid ({read_grid(nc, path).describe()}, "
                f"from {read_grid(nc, path).lon.min():g}E) than the masks ({grid.describe()}, from "
                f"{grid.lon.min():g}E): regrid it to theirs"
            )
        return np.ma.filled(fields[0][:] > 0, False)


def events_in_region(
    record: Record, event: Indices, events: Table, region: Mapping[str, Any]
) -> Indices:
    """Return the IDs of the `events` that touch, start in or end in `region`.

    event (objects,): the event of each object of the record.

    Raises:
        BadInput: the region is not one, or has no cell on the grid.

    """
    return events_in_cells(record, event, events, region_cells(record.grid, region), region)


def events_in_cells(
    record: Record, event: Indices, events: Table, cells: Cells, region: Mapping[str, Any]
) -> Indices:
    """Do as `events_in_region` does, with the `cells` of the region."""
    select = region.get("select", "touch")
    if select == "touch":
        return np.unique(event[objects_touching(record, cells) & (event > 0)])
    if select not in ("start", "end"):
        raise BadInput(f"tracking.region: select is touch, start or end; found {select!r}")
    place = {"start": "genesis", "end": "termination"}[select]
    row, column = record.grid.cells(events[f"{place}_lat"], events[f"{place}_lon"])
    return np.asarray(events["event"])[cells[row, column] & (row >= 0)]


def objects_touching(record: Record, cells: Cells) -> NDArray[np.bool_]:
    """Return which objects of the record have a cell in `cells`, (objects,).

    Running sums along the rows give the number of chosen cells of a run by two look-ups.
    """
    sums = np.zeros((cells.shape[0], cells.shape[1] + 1), np.int32)
    np.cumsum(cells, axis=1, out=sums[:, 1:])
    touching = np.zeros(record.count, bool)
    for k in np.unique(record.year):
        year, mine = record.years[k], record.year == k
        runs = year.runs()
        stop = runs["start"] + runs["length"]
        inside = sums[runs["row"], stop] > sums[runs["row"], runs["start"]]
        counts = np.concatenate([[0], np.cumsum(inside)])
        touching[mine] = (np.diff(counts[year.first_run]) > 0)[record.number[mine]]
    return touching
