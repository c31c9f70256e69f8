"""The file that holds the objects of one year.

An objects file is netCDF-4 with the masks' `time`, `lat`, `lon` and three groups of columns:

    objects   step class pixels area_km2 lat lon resultant south north west east runs, and
              {FIELD}_max {FIELD}_mean {FIELD}_min of fields that were asked for
    runs      row start length: the cells, object after object (objects/runs says how many each)
    links     earlier later pixels area_km2 first_cell: objects of one class that share cells,
              `later` one step of the file after `earlier`

Nothing in it depends on how objects are linked to events, so other thresholds or another rule
read the same files; and no one needs to decode and label the masks again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.masks import MaskFile
from stormtrace.grids import Grid
from stormtrace.track.labelling import Step
from stormtrace.track.object_finding import Columns, object_columns

CHUNK = {"objects": 2**13, "runs": 2**16, "links": 2**13}
FORMAT = "stormtrace objects 1"
COLUMNS = {
    "objects": {
        "step": ("i4", "index of the time"),
        "class": ("i1", "class of the feature"),
        "pixels": ("i4", "number of cells"),
        "area_km2": ("f8", "area"),
        "lat": ("f8", "latitude of the area-weighted centroid on the sphere"),
        "lon": ("f8", "longitude of the area-weighted centroid on the sphere"),
        "resultant": ("f8", "length of the area-weighted mean unit vector, 1 for a point"),
        "south": ("f8", "southern edge"),
        "north": ("f8", "northern edge"),
        "west": ("f8", "western edge"),
        "east": ("f8", "eastern edge, east > west also over the seam of the grid"),
        "runs": ("i4", "number of runs"),
    },
    "runs": {
        "row": ("i4", "row"),
        "start": ("i4", "first column"),
        "length": ("i4", "number of columns"),
    },
    "links": {
        "earlier": ("i4", "object at one step"),
        "later": ("i4", "object at the next step"),
        "pixels": ("i4", "cells both have"),
        "area_km2": ("f8", "area both have"),
        "first_cell": ("i8", "first cell both have, row * nlon + column"),
    },
}
"""Group -> column -> type and meaning."""


class ObjectsWriter:
    """Appends steps to a new objects file; memory is what one block of steps needs."""

    def __init__(self, path: Path, masks: MaskFile, attributes: Mapping[str, Any]) -> None:
        self.file = netCDF4.Dataset(path, "w")
        self.grid = masks.grid
        self._steps = self._objects = 0
        self._offset = 0  # of the objects of the step before the next
        self.file.setncatts({"format": FORMAT, "step_hours": masks.step_hours, **attributes})
        self._coordinate("time", masks.time, units=masks.time_units, calendar=masks.calendar)
        self._coordinate("lat", masks.grid.lat, units="degrees_north")
        self._coordinate("lon", masks.grid.lon, units="degrees_east")
        for group, columns in COLUMNS.items():
            self.file.createGroup(group).createDimension(group, None)
            for name, (dtype, long_name) in columns.items():
                self._column(group, name, dtype, long_name)

    def _coordinate(self, name: str, values: NDArray[np.float64], **attributes: str) -> None:
        self.file.createDimension(name, values.size)
        variable = self.file.createVariable(name, "f8", (name,))
        variable.setncatts({"standard_name": _STANDARD_NAMES[name], **attributes})
        variable[:] = values

    def append(self, steps: Sequence[Step], fields: Columns) -> None:
        """Write the next steps; `fields` holds further columns of their objects."""
        columns = object_columns(steps, self._steps, self.grid) | fields
        row, start, stop = (
            np.concatenate([getattr(step, name) for step in steps])
            for name in ("row", "start", "stop")
        )
        self._extend("runs", {"row": row, "start": start, "length": stop - start})
        self._extend("links", self._link_columns(steps))
        self._extend("objects", columns)
        self._steps += len(steps)
        self._objects += columns["step"].size

    def _link_columns(self, steps: Sequence[Step]) -> Columns:
        """Return links whose objects are numbered through the whole file."""
        counts = np.array([step.measures.area.size for step in steps])
        later = self._objects + np.cumsum(counts) - counts
        earlier = np.concatenate([[self._offset], later[:-1]])
        self._offset = int(later[-1])
        links = [step.links for step in steps]
        return {
            "earlier": _offset_columns([link.earlier for link in links], earlier),
            "later": _offset_columns([link.later for link in links], later),
            "pixels": np.concatenate([link.pixels for link in links]),
            "area_km2": np.concatenate([link.area for link in links]),
            "first_cell": np.concatenate([link.first_cell for link in links]),
        }

    def _column(self, group: str, name: str, dtype: str, long_name: str) -> None:
        variable = self.file[group].createVariable(
            name, dtype, (group,), compression="zlib", complevel=1, chunksizes=(CHUNK[group],)
        )
        variable.long_name = long_name

    def _extend(self, group: str, columns: Columns) -> None:
        first = self.file[group].dimensions[group].size
        for name, values in columns.items():
            if name not in self.file[group].variables:
                self._column(group, name, "f8", name.replace("_", " "))
            self.file[group][name][first : first + values.size] = values

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.file.close()


_STANDARD_NAMES = {"time": "time", "lat": "latitude", "lon": "longitude"}


def _offset_columns(parts: Sequence[NDArray[np.int32]], offsets: NDArray[Any]) -> NDArray[np.int32]:
    sizes = [part.size for part in parts]
    return (np.concatenate(parts) + np.repeat(offsets, sizes)).astype(np.int32)


@dataclass(frozen=True, eq=False)
class YearObjects:
    """An objects file that has been read; its runs and links are read when they are wanted."""

    path: Path
    grid: Grid
    time: NDArray[np.float64]
    time_units: str
    calendar: str
    step_hours: float
    attributes: dict[str, Any]
    objects: Columns

    @property
    def count(self) -> int:
        """How many objects the file has."""
        return self.objects["step"].size

    @cached_property
    def first_run(self) -> NDArray[np.int64]:
        """(count + 1): where the runs of each object begin, and the last one's end."""
        return np.concatenate([[0], np.cumsum(self.objects["runs"], dtype=np.int64)])

    def links(self) -> Columns:
        """Read the links within the file."""
        return _read_group(self.path, "links")

    def runs(self, first: int = 0, last: int | None = None) -> Columns:
        """Read row, start, length of the runs of the objects ``first … last − 1``."""
        span = slice(self.first_run[first], self.first_run[self.count if last is None else last])
        return _read_group(self.path, "runs", span)


def read_objects(path: Path | str) -> YearObjects:
    """Read an objects file but for its runs and links. Raises BadInput if it is not one."""
    path = Path(path)
    if not path.is_file():
        raise BadInput(f"there is no objects file {path}: make it first (scripts/find_objects.py)")
    with netCDF4.Dataset(path) as file:
        if getattr(file, "format", None) != FORMAT:
            raise BadInput(f"{path} is no objects file ('{FORMAT}'): make it with find_objects.py")
        file.set_auto_mask(False)
        attributes = {name: file.getncattr(name) for name in file.ncattrs()}
        return YearObjects(
            path=path,
            grid=Grid(file["lat"][:], file["lon"][:]),
            time=file["time"][:],
            time_units=file["time"].units,
            calendar=file["time"].calendar,
            step_hours=float(attributes["step_hours"]),
            attributes=attributes,
            objects=_columns(file["objects"]),
        )


def _read_group(path: Path, group: str, span: slice = slice(None)) -> Columns:
    with netCDF4.Dataset(path) as file:
        file.set_auto_mask(False)
        return _columns(file[group], span)


def _columns(group: netCDF4.Group, span: slice = slice(None)) -> Columns:
    return {name: variable[span] for name, variable in group.variables.items()}
