"""Regions choose among events that were tracked on the whole grid; they never cut the masks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.grids import Grid, box_cells
from stormtrace.sphere import from_longitude
from stormtrace.track.events import Columns
from stormtrace.track.record import Indices, Record
from stormtrace.track.tracking import NAMED_REGIONS

Cells = NDArray[np.bool_]


def region_cells(grid: Grid, region: Mapping[str, Any]) -> Cells:
    """Return which cells of `grid` have their centre in `region`, (nlat, nlon).

    `region` is the block of the study: a `name`, a `box`, a `shapefile` or a `mask`. Raises
    BadInput if there is not exactly one of them, and if no cell lies inside.
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
    lon, lat = np.meshgrid(grid.lon, grid.lat)
    turns = [(lon + 180.0) % 360.0 - 180.0, lon % 360.0]  # shapefiles come in both conventions
    return np.logical_or.reduce([shapely.contains_xy(land, turn, lat) for turn in turns])


def _mask(grid: Grid, path: str) -> Cells:
    if not Path(path).is_file():
        raise BadInput(f"tracking.region: there is no mask {path}")
    with netCDF4.Dataset(path) as file:
        fields = {name: values for name, values in file.variables.items() if values.ndim == 2}
        shapes = {name: values.shape for name, values in fields.items()}
        if list(shapes.values()) != [grid.shape]:
            raise BadInput(
                f"tracking.region: {path} must have one variable (lat, lon) of the masks' shape "
                f"{grid.shape}; found {shapes}"
            )
        (field,) = fields.values()
        for name, centres in zip(field.dimensions, (grid.lat, grid.lon), strict=True):
            if name not in file.variables or not np.allclose(file[name][:], centres, atol=1e-3):
                raise BadInput(f"tracking.region: {path} has another {name} than the masks")
        return np.ma.filled(field[:] > 0, False)


def events_in_region(
    record: Record, event: Indices, events: Columns, region: Mapping[str, Any]
) -> Indices:
    """Return the IDs of the `events` that touch, start in or end in `region`.

    `event` (objects,) is the event of each object of the record.
    """
    cells = region_cells(record.grid, region)
    select = region.get("select", "touch")
    if select == "touch":
        return np.unique(event[objects_touching(record, cells) & (event > 0)])
    if select not in ("start", "end"):
        raise BadInput(f"tracking.region: select is touch, start or end; found {select!r}")
    place = {"start": "genesis", "end": "termination"}[select]
    inside = cells[nearest_cells(record.grid, events[f"{place}_lat"], events[f"{place}_lon"])]
    return np.asarray(events["event"])[inside]


def nearest_cells(
    grid: Grid, lat: NDArray[np.float64], lon: NDArray[np.float64]
) -> tuple[Indices, Indices]:
    """Return row and column of the cells that hold the points."""
    row = np.clip(np.searchsorted(grid.lat_bounds, lat, "right") - 1, 0, grid.lat.size - 1)
    west = grid.lon_bounds[0]
    column = np.searchsorted(grid.lon_bounds, from_longitude(lon, west), "right") - 1
    return row, np.clip(column, 0, grid.lon.size - 1)


def objects_touching(record: Record, cells: Cells) -> NDArray[np.bool_]:
    """Return which objects of the record have a cell in `cells`, (objects,).

    Running sums along the rows turn "how many chosen cells has this run" into two look-ups.
    """
    sums = np.zeros((cells.shape[0], cells.shape[1] + 1), np.int32)
    np.cumsum(cells, axis=1, out=sums[:, 1:])
    parts = []
    for year in record.years:
        runs = year.runs()
        stop = runs["start"] + runs["length"]
        inside = sums[runs["row"], stop] > sums[runs["row"], runs["start"]]
        counts = np.concatenate([[0], np.cumsum(inside)])
        parts.append(np.diff(counts[year.first_run]) > 0)
    return np.concatenate(parts)
