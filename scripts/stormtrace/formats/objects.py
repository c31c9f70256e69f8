"""The file that holds the objects of one year.

An objects file is netCDF-4 with the masks' time and grid and three groups of columns:

    objects   one row per object: step, class, size, place, shape, bounding box, runs, and
              {FIELD}_max {FIELD}_mean {FIELD}_min of the fields measured
    runs      the cells, object after object (objects/runs says how many runs each has)
    links     pairs of objects of one class that share cells, one step of the file apart

`COLUMNS` lists all columns. Flags on objects/class name the classes. Nothing in the file depends
on how objects are linked into events: other thresholds or another rule read the same file, and
the masks are never decoded or labelled again.
"""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.class_table import ClassTable
from stormtrace.classes import Classes
from stormtrace.errors import BadInput
from stormtrace.formats.axes import read_grid, write_grid
from stormtrace.formats.masks import MaskFile
from stormtrace.formats.netcdf import creating, opening
from stormtrace.grids import Grid

Columns = dict[str, NDArray[Any]]

FORMAT = "stormtrace objects 2"

#: Rows of a chunk, by group.
CHUNK = {"objects": 2**13, "runs": 2**16, "links": 2**13}

#: Group -> column -> type, units and meaning.
COLUMNS: dict[str, dict[str, tuple[str, str, str]]] = {
    "objects": {
        "step": ("i4", "1", "index of the time"),
        "class": ("i1", "", "class of the object"),
        "pixels": ("i4", "1", "number of cells"),
        "area_km2": ("f8", "km2", "area"),
        "lat": ("f8", "degrees_north", "latitude of the centroid on the sphere"),
        "lon": ("f8", "degrees_east", "longitude of the centroid on the sphere"),
        "resultant": ("f8", "1", "length of the area-weighted mean unit vector, 1 for a point"),
        "length_km": ("f4", "km", "major axis of the ellipse with the same second moments"),
        "width_km": ("f4", "km", "minor axis of the ellipse with the same second moments"),
        "orientation": ("f4", "degrees", "angle of the major axis, counterclockwise from east"),
        "south": ("f8", "degrees_north", "southern edge"),
        "north": ("f8", "degrees_north", "northern edge"),
        "west": ("f8", "degrees_east", "western edge"),
        "east": ("f8", "degrees_east", "eastern edge, greater than the western one"),
        "first_row": ("i4", "1", "first row of the bounding box"),
        "last_row": ("i4", "1", "last row of the bounding box"),
        "first_column": ("i4", "1", "first column of the bounding box"),
        "last_column": ("i4", "1", "last column of the bounding box, going on past the last one"),
        "runs": ("i4", "1", "number of runs"),
    },
    "runs": {
        "row": ("i4", "1", "row of the run"),
        "start": ("i4", "1", "first column of the run"),
        "length": ("i4", "1", "number of columns of the run"),
    },
    "links": {
        "earlier": ("i4", "1", "object at one step"),
        "later": ("i4", "1", "object at the next step"),
        "pixels": ("i4", "1", "number of shared cells"),
        "area_km2": ("f8", "km2", "shared area"),
        "first_cell": ("i8", "1", "first shared cell, row * number of columns + column"),
    },
}

_STANDARD_NAMES = {"degrees_north": "latitude", "degrees_east": "longitude"}

#: Statistics of a field inside an object: suffix of the column -> meaning.
STATISTICS = {"max": "maximum", "mean": "area-weighted mean", "min": "minimum"}


def field_columns(fields: Iterable[str]) -> list[str]:
    """Return the columns that measuring `fields` adds: ``{FIELD}_max _mean _min``."""
    return [f"{name}_{suffix}" for name in fields for suffix in STATISTICS]


class ObjectsWriter:
    """Appends blocks of steps to a new objects file."""

    def __init__(
        self,
        path: Path,
        masks: MaskFile,
        attributes: Mapping[str, Any],
        fields: Mapping[str, str] | Sequence[str] = (),
    ) -> None:
        """Create the file with the time, grid and classes of `masks`, and columns for `fields`.

        fields: those measured -> their units; or names alone, whose units are unknown.
        """
        self._file = contextlib.ExitStack()
        self.nc = self._file.enter_context(creating(path))
        about = {"Conventions": "CF-1.11", "format": FORMAT, "step_hours": masks.step_hours}
        self.nc.setncatts({"title": "Objects found in masks of classes"} | about | dict(attributes))
        self._define_coordinates(masks)
        for group, columns in COLUMNS.items():
            self.nc.createGroup(group).createDimension(group, None)
            for name, (dtype, units, long_name) in columns.items():
                self._define(group, name, dtype, units, long_name)
        self.nc["objects"]["class"].setncatts(masks.classes.flag_attributes())
        for name in field_columns(fields):
            measured, suffix = name.rsplit("_", 1)
            units = fields[measured] if isinstance(fields, Mapping) else ""
            self._define("objects", name, "f8", units, f"{STATISTICS[suffix]} of {measured}")

    def _define_coordinates(self, masks: MaskFile) -> None:
        write_grid(self.nc, masks.grid)
        self.nc.createDimension("time", masks.time.size)
        time = self.nc.createVariable("time", "f8", ("time",), fill_value=False)
        time.setncatts({"standard_name": "time", "axis": "T", "units": masks.time_units})
        time.calendar = masks.calendar
        time[:] = masks.time

    def _define(self, group: str, name: str, dtype: str, units: str, long_name: str) -> None:
        variable = self.nc[group].createVariable(
            name,
            dtype,
            (group,),
            compression="zlib",
            complevel=1,
            chunksizes=(CHUNK[group],),
            fill_value=False,
        )
        variable.long_name = long_name
        if units:
            variable.units = units
        if units in _STANDARD_NAMES:
            variable.standard_name = _STANDARD_NAMES[units]

    def append(self, columns: Mapping[str, Columns]) -> None:
        """Write the next rows: group -> column -> values."""
        for group, values in columns.items():
            first = self.nc[group].dimensions[group].size
            for name, column in values.items():
                self.nc[group][name][first : first + column.size] = column

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: Any) -> None:
        self._file.__exit__(*error)


@dataclass(frozen=True, eq=False)
class YearObjects:
    """The objects of a file; its runs and links are read when they are needed.

    column_names: of its objects, also where `objects` has been left out.
    """

    path: Path
    grid: Grid
    classes: Classes
    time: NDArray[np.float64]
    time_units: str
    calendar: str
    step_hours: float
    attributes: dict[str, Any]
    column_names: tuple[str, ...]
    objects: Columns
    #: Column of measured fields -> units, where they are known.
    field_units: Mapping[str, str] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Number of objects."""
        return self.objects["step"].size

    @cached_property
    def first_run(self) -> NDArray[np.int64]:
        """(count + 1): where the runs of each object begin, and where the last one's end."""
        return np.concatenate([[0], np.cumsum(self.objects["runs"], dtype=np.int64)])

    def links(self) -> Columns:
        """Read the links within the file."""
        return _read_group(self.path, "links")

    def runs(self, first: int = 0, last: int | None = None) -> Columns:
        """Read row, start, length of the runs of the objects ``first … last − 1``."""
        span = slice(self.first_run[first], self.first_run[self.count if last is None else last])
        return _read_group(self.path, "runs", span)


def read_objects(
    path: Path | str, table: ClassTable | None = None, header: bool = False
) -> YearObjects:
    """Read an objects file except for its runs and links.

    table: the study's `classes:`, for short names and kinds. header: leave out the columns, too.

    Raises:
        BadInput: the file is missing or is not an objects file.

    """
    path = Path(path)
    if not path.is_file():
        raise BadInput(f"there is no objects file {path}: make it first (scripts/find_objects.py)")
    with opening(path) as nc:
        found = getattr(nc, "format", None)
        if found != FORMAT:
            raise BadInput(
                f"{path} is not an objects file of this version: expected the global attribute "
                f"format = '{FORMAT}', found {found!r}; make it with scripts/find_objects.py"
            )
        attributes = {name: nc.getncattr(name) for name in nc.ncattrs()}
        flags = nc["objects"]["class"]
        return YearObjects(
            path=path,
            grid=read_grid(nc, path),
            classes=Classes.of_flags(np.atleast_1d(flags.flag_values), flags.flag_meanings, table),
            time=nc["time"][:],
            time_units=nc["time"].units,
            calendar=nc["time"].calendar,
            step_hours=float(attributes["step_hours"]),
            attributes=attributes,
            column_names=tuple(nc["objects"].variables),
            objects={} if header else _columns(nc["objects"]),
            field_units={
                name: str(column.units)
                for name, column in nc["objects"].variables.items()
                if name not in COLUMNS["objects"] and hasattr(column, "units")
            },
        )


def _read_group(path: Path, group: str, span: slice = slice(None)) -> Columns:
    with opening(path) as nc:
        return _columns(nc[group], span)


def _columns(group: netCDF4.Group, span: slice = slice(None)) -> Columns:
    return {name: variable[span] for name, variable in group.variables.items()}
