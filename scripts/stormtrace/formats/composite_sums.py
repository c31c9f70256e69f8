"""Composites of one year: monthly sums of fields over all steps, and over those of each class.

`{FIELD}_sum` float64 and `{FIELD}_steps` int32, both `(time, part, lat, lon)`. Part 0 is every
step, the others are the classes by their codes; files of attribution end with −1, no class.
"""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.class_table import ClassTable
from stormtrace.classes import Classes
from stormtrace.errors import BadInput
from stormtrace.files import writing
from stormtrace.formats.axes import map_attributes, read_grid, write_grid
from stormtrace.formats.class_axis import SHORT_NAMES, named_as, short_names, write_flags
from stormtrace.formats.counts import CONVENTIONS, set_attributes
from stormtrace.formats.month_axis import read_years, write_months
from stormtrace.formats.netcdf import creating, opening
from stormtrace.formats.units import is_same_unit
from stormtrace.grids import Grid

Maps = NDArray[np.float64]

#: Name of the part that is every step, and of that in which no class is.
ALL, NONE = "all", "none"


@dataclass(frozen=True)
class CompositeWriter:
    """A new file of composites, filled month by month."""

    nc: netCDF4.Dataset

    def write(self, field: str, month: int, sums: Maps, steps: NDArray[np.int32]) -> None:
        """Write sums and steps of one month (0 … 11), (part, nlat, nlon) each."""
        self.nc[f"{field}_sum"][month], self.nc[f"{field}_steps"][month] = sums, steps


@contextlib.contextmanager
def writing_composites(
    path: Path | str,
    grid: Grid,
    classes: Classes,
    year: int,
    calendar: str,
    units: Mapping[str, str],
    attributes: Mapping[str, Any],
    has_none: bool = False,
) -> Iterator[CompositeWriter]:
    """Create a file of composites; it is at `path` when the block succeeds, else nowhere.

    units: field -> its units. has_none: whether it has a last part, the steps with no class.
    """
    with writing(path) as partial, creating(partial) as nc:
        facts = {"title": "Monthly sums of fields, all steps and while each class is present"}
        set_attributes(nc, facts | dict(attributes))
        nc.Conventions = CONVENTIONS
        write_grid(nc, grid)
        write_months(nc, [year], calendar)
        _write_parts(nc, classes, has_none)
        for field in units:
            of = f"{field} over all steps, and over those with each class in the cell"
            _define(nc, grid, f"{field}_sum", "f8", f"sum of {of}", units[field])
            _define(nc, grid, f"{field}_steps", "i4", f"number of values summed: {of}", "1")
        yield CompositeWriter(nc)


def _write_parts(nc: netCDF4.Dataset, classes: Classes, has_none: bool) -> None:
    flags, codes = [ALL, *classes.flags], [0, *classes.codes]
    if has_none:
        flags, codes = [*flags, NONE], [*codes, -1]
    nc.createDimension("part", len(codes))
    attributes = {
        "long_name": "0: all steps; others: class code in the masks; -1: no class",
        "flag_meanings": " ".join(flags),
        SHORT_NAMES: short_names(classes),
    }
    write_flags(nc, "part", codes, attributes)


def _define(
    nc: netCDF4.Dataset, grid: Grid, name: str, kind: str, long_name: str, units: str
) -> None:
    variable = nc.createVariable(
        name,
        kind,
        ("time", "part", *grid.dims),
        zlib=True,
        complevel=1,
        chunksizes=(1, 1, *grid.shape),
        fill_value=False,
    )
    variable.setncatts({"long_name": long_name, "units": units} | map_attributes(grid))


@dataclass(frozen=True)
class CompositeFile:
    """An open file of composites of one field."""

    grid: Grid
    classes: Classes
    units: str
    field: str
    nc: netCDF4.Dataset
    year: int
    has_none: bool = False

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the parts in their order: `ALL`, the flags of the classes, perhaps `NONE`."""
        return (ALL, *self.classes.flags, *([NONE] if self.has_none else []))

    def read(self, kind: str, part: int, month: int) -> NDArray[Any]:
        """Return one map, (nlat, nlon): kind `sum` or `steps`; part: its position; month 1 … 12."""
        return self.nc[f"{self.field}_{kind}"][month - 1, part]


@contextlib.contextmanager
def open_composites(
    path: Path | str, field: str, table: ClassTable | None = None
) -> Iterator[CompositeFile]:
    """Open the composites of one field and year.

    table: the study's `classes:`.

    Raises:
        BadInput: the file has none of this field.

    """
    with opening(path) as nc:
        if f"{field}_sum" not in nc.variables or "part" not in nc.variables:
            raise BadInput(f"{path} has no composites of {field}: make them (compose_fields.py)")
        part = nc["part"]
        codes, flags = np.atleast_1d(part.flag_values), str(part.flag_meanings).split()
        has_none = bool(codes[-1] < 0)
        if has_none:
            codes, flags = codes[:-1], flags[:-1]
        # Part 0 is where flags have the background.
        classes = Classes.of_flags(codes, " ".join(flags), table)
        classes = named_as(classes, str(getattr(part, SHORT_NAMES, "")), table)
        units = str(nc[f"{field}_sum"].units)
        year = int(read_years(nc, path)[0])
        yield CompositeFile(read_grid(nc, path), classes, units, field, nc, year, has_none)


def check_units(
    path: Path | str, year: CompositeFile, first_path: Path | str, first: CompositeFile
) -> None:
    """Check that the sums of a year can be added to those of the first one.

    Raises:
        BadInput: they are in other units.

    """
    if not is_same_unit(first.units, year.units):
        raise BadInput(
            f"{path}: {year.field} is in {year.units!r}, but in {first.units!r} in {first_path}, "
            f"and years are added up: say `units: {first.units}` of the field in the `fields` of "
            "its dataset, which converts the raw files', and make samples and sums again"
        )
