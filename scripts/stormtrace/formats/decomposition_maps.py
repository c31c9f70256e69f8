"""Decompositions: a difference of two experiments shared out among input fields, as maps.

`first`, `second`, `difference`, `remainder` and of each field `{FIELD}_one_at_a_time`,
`{FIELD}_last_one_out` and `{FIELD}_mean`: float32 `(period, class, lat, lon)`, laid out as
comparisons are. Their means over areas, with intervals, are a table (CSV): `COLUMNS`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.class_table import ClassTable
from stormtrace.classes import Classes
from stormtrace.errors import BadInput
from stormtrace.files import writing
from stormtrace.formats.axes import map_attributes, read_grid, write_grid
from stormtrace.formats.class_axis import read_classes, write_classes, write_flags
from stormtrace.formats.comparison_maps import SEASONS
from stormtrace.formats.counts import CONVENTIONS, set_attributes
from stormtrace.formats.csv_rows import number, read_csv, write_csv
from stormtrace.formats.netcdf import creating, opening
from stormtrace.grids import Grid

#: The variables that do not belong to a field -> long name.
WHOLE = {
    "first": "frequency in the first experiment, share of time steps",
    "second": "frequency in the second experiment, share of time steps",
    "difference": "frequency, second minus first, in percentage points",
    "remainder": "difference less the mean contributions of all fields, in percentage points",
}

#: What is known of each field -> long name.
OF_FIELD = {
    "one_at_a_time": "first experiment with {} of the second, minus the first",
    "last_one_out": "second experiment, minus the second with {} of the first",
    "mean": "contribution of {}, the mean of one at a time and last one out",
}

#: A row is a part (`WHOLE`, or a field) of a class, period and region; `all` is the whole grid.
#: Estimates are per cent of time steps and percentage points; intervals are empty with few years.
COLUMNS = ("class", "period", "region", "part", "estimate", "low", "high",
           "one_at_a_time", "last_one_out")  # fmt: skip

#: The region that is the whole grid.
EVERYWHERE = "all"


@dataclass(frozen=True)
class DecompositionMaps:
    """What the file holds; maps: variable -> (period, class, nlat, nlon), NaN where unknown."""

    grid: Grid
    classes: Classes
    fields: Sequence[str]
    maps: Mapping[str, NDArray[np.float32]]
    attributes: Mapping[str, Any]

    def get(self, name: str, feature: str, period: str) -> NDArray[np.float32]:
        """Return one map, (nlat, nlon), of the class called `feature`."""
        position = self.classes.features.index(self.classes[feature])
        return self.maps[name][SEASONS.index(period), position]


@dataclass(frozen=True)
class Row:
    """One row of the table, in the order of `COLUMNS`; None where there is nothing."""

    feature: str
    period: str
    region: str
    part: str
    estimate: float
    low: float | None
    high: float | None
    one_at_a_time: float | None
    last_one_out: float | None


def variables(fields: Iterable[str]) -> dict[str, str]:
    """Return each variable of a decomposition -> its long name."""
    of_fields = {
        f"{field}_{kind}": words.format(field)
        for field in fields
        for kind, words in OF_FIELD.items()
    }
    return WHOLE | of_fields


def write_decomposition(path: Path | str, made: DecompositionMaps) -> None:
    """Write maps as netCDF."""
    grid = made.grid
    with writing(path) as partial, creating(partial) as nc:
        about = {"title": "A difference of frequency, shared out among input fields"}
        set_attributes(nc, about | dict(made.attributes) | {"fields": " ".join(made.fields)})
        nc.Conventions = CONVENTIONS
        nc.createDimension("period", None)
        periods = {"long_name": "part of the year", "flag_meanings": " ".join(SEASONS)}
        write_flags(nc, "period", range(len(SEASONS)), periods)
        write_classes(nc, made.classes)
        write_grid(nc, grid)
        for name, long_name in variables(made.fields).items():
            variable = nc.createVariable(
                name,
                "f4",
                ("period", "class", *grid.dims),
                zlib=True,
                complevel=1,
                chunksizes=(1, 1, *grid.shape),
                fill_value=np.float32(np.nan),
            )
            variable.setncatts({"long_name": long_name, "units": "%"} | map_attributes(grid))
            variable[:] = made.maps[name]


def read_decomposition(path: Path | str, table: ClassTable | None = None) -> DecompositionMaps:
    """Read what `write_decomposition` wrote.

    table: the study's `classes:`.

    Raises:
        BadInput: it is no decomposition.

    """
    with opening(path) as nc:
        if "fields" not in nc.ncattrs() or not {"remainder", "class"} <= set(nc.variables):
            raise BadInput(f"{path} is no decomposition: make it with decompose.py")
        fields = str(nc.fields).split()
        return DecompositionMaps(
            grid=read_grid(nc, path),
            classes=read_classes(nc["class"], path, table),
            fields=fields,
            maps={name: np.ma.filled(nc[name][:], np.nan) for name in variables(fields)},
            attributes={name: str(nc.getncattr(name)) for name in nc.ncattrs()},
        )


def write_rows(path: Path | str, rows: Iterable[Row]) -> None:
    """Write the table, whole or not at all."""
    write_csv(path, COLUMNS, map(astuple, rows))


def read_rows(path: Path | str) -> list[Row]:
    """Read the table.

    Raises:
        BadInput: it is none, or holds no number where one belongs.

    """
    rows = read_csv(path, COLUMNS, "table of a decomposition", "decompose.py")
    try:
        return [_row(one) for one in rows]
    except ValueError as error:
        raise BadInput(f"{path} cannot be read ({error}): make it with decompose.py") from error


def _row(one: Mapping[str, str]) -> Row:
    numbers = [number(one[key]) for key in COLUMNS[5:]]
    estimate = float(one["estimate"])
    return Row(one["class"], one["period"], one["region"], one["part"], estimate, *numbers)
