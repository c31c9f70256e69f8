"""Comparisons: maps of two experiments, their difference and its significance, by period and class.

`first second difference p_value significant`, float32 `(period, class, lat, lon)`; NaN where a
side has no steps or no cells. Where a class is a line (a front) whose entries both sides counted,
`crossing_rate_first` … are the same of its crossing rate, NaN for other classes. Of observed and
detected storms there are `track_density_first` … alone, on a grid of 2°. `period` holds
codes with CF flags (CDO opens no coordinate of text) and is unlimited: CDO and ncview step along it
as along a time axis.
"""

from collections.abc import Mapping
from dataclasses import dataclass
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
from stormtrace.formats.counts import CONVENTIONS, set_attributes
from stormtrace.formats.netcdf import creating, opening
from stormtrace.grids import Grid

#: Periods of a comparison, in the order of their codes.
SEASONS = ("annual", "DJF", "MAM", "JJA", "SON")

#: Variable -> (long name, units).
VARIABLES = {
    "first": ("frequency in the first experiment, share of time steps", "%"),
    "second": ("frequency in the second experiment, share of time steps", "%"),
    "difference": ("frequency, second minus first, in percentage points", "%"),
    "p_value": ("two-sided p-value of the difference, bootstrap by year", "1"),
    "significant": ("1 where the difference is significant at a false discovery rate of 10 %", "1"),
}


#: Before the name of a variable of `VARIABLES`: the same of crossing rates.
CROSSING_RATE = "crossing_rate_"

#: The variables of crossing rates -> (long name, units).
CROSSINGS = {
    "first": ("crossing rate in the first experiment, entries of fronts into a cell", "week-1"),
    "second": ("crossing rate in the second experiment, entries of fronts into a cell", "week-1"),
    "difference": ("crossing rate, second minus first", "week-1"),
    "p_value": VARIABLES["p_value"],
    "significant": VARIABLES["significant"],
}

#: Before the name of a variable of `VARIABLES`: the same of tracks of storms.
TRACK_DENSITY = "track_density_"

#: Degrees of a great circle: a storm that comes nearer than this to a place passes it.
TRACK_RADIUS = 5.0

#: The variables of track densities -> (long name, units).
TRACKS = {
    "first": (f"observed storms a year that pass within {TRACK_RADIUS:g} degrees", "year-1"),
    "second": (f"detected storms a year that pass within {TRACK_RADIUS:g} degrees", "year-1"),
    "difference": ("storms a year that pass, detected minus observed", "year-1"),
    "p_value": VARIABLES["p_value"],
    "significant": VARIABLES["significant"],
}

#: Every variable that a comparison may have -> (long name, units).
ALL_VARIABLES = VARIABLES | {
    f"{prefix}{name}": of
    for prefix, variables in ((CROSSING_RATE, CROSSINGS), (TRACK_DENSITY, TRACKS))
    for name, of in variables.items()
}


@dataclass(frozen=True)
class Comparison:
    """What a comparison file holds.

    fields: name (`ALL_VARIABLES`) -> (period, class, nlat, nlon); NaN where a side has no steps.
    """

    grid: Grid
    classes: Classes
    fields: dict[str, NDArray[np.float32]]
    attributes: dict[str, Any]

    def get(self, name: str, feature: str, period: str) -> NDArray[np.float32]:
        """Return one map, (nlat, nlon), of the class called `feature`."""
        position = self.classes.features.index(self.classes[feature])
        return self.fields[name][SEASONS.index(period), position]

    @property
    def tested(self) -> bool:
        """Whether there were years enough for a test of significance."""
        tests = [values for name, values in self.fields.items() if name.endswith("p_value")]
        return any(bool(np.isfinite(values).any()) for values in tests)

    def tests(self, prefix: str, feature: str, period: str) -> bool:
        """Whether a quantity of a class (as `has`) is tested in a period: it has years enough."""
        return bool(np.isfinite(self.get(f"{prefix}p_value", feature, period)).any())

    @property
    def is_empty(self) -> bool:
        """Whether neither side ever has any class, so that there is nothing to test."""
        sides = (
            f"{prefix}{side}" for prefix in ("", TRACK_DENSITY) for side in ("first", "second")
        )
        return not any(np.nan_to_num(self.fields[one]).any() for one in sides if one in self.fields)

    def has(self, prefix: str, feature: str) -> bool:
        """Whether a quantity of a class is compared; prefix: none of frequency, `CROSSING_RATE`."""
        name = f"{prefix}difference"
        return name in self.fields and bool(np.isfinite(self.get(name, feature, "annual")).any())


def write_comparison(
    path: Path | str, comparison: Comparison, attributes: Mapping[str, Any]
) -> None:
    """Write a comparison as netCDF."""
    grid = comparison.grid
    with writing(path) as partial, creating(partial) as nc:
        is_frequency = "difference" in comparison.fields
        title = "Frequency, second minus first" if is_frequency else "Tracks, second minus first"
        set_attributes(nc, {"title": title} | dict(attributes))
        nc.Conventions = CONVENTIONS
        nc.createDimension("period", None)
        periods = {"long_name": "part of the year", "flag_meanings": " ".join(SEASONS)}
        write_flags(nc, "period", range(len(SEASONS)), periods)
        write_classes(nc, comparison.classes)
        write_grid(nc, grid)
        for name, values in comparison.fields.items():
            long_name, units = ALL_VARIABLES[name]
            variable = nc.createVariable(
                name,
                "f4",
                ("period", "class", *grid.dims),
                zlib=True,
                complevel=1,
                chunksizes=(1, 1, *grid.shape),
                fill_value=np.float32(np.nan),
            )
            variable.setncatts({"long_name": long_name, "units": units} | map_attributes(grid))
            variable[:] = values


def read_comparison(path: Path | str, table: ClassTable | None = None) -> Comparison:
    """Read what `write_comparison` wrote.

    table: the study's `classes:`.

    Raises:
        BadInput: it is not a comparison.

    """
    with opening(path) as nc:
        there = set(nc.variables)
        if (
            not {"class", "period"} <= there
            or not {"difference", f"{TRACK_DENSITY}difference"} & there
        ):
            raise BadInput(f"{path} is not a comparison: make it with compare.py")
        return Comparison(
            grid=read_grid(nc, path),
            classes=read_classes(nc["class"], path, table),
            fields={name: nc[name][:] for name in ALL_VARIABLES if name in nc.variables},
            attributes={name: str(nc.getncattr(name)) for name in nc.ncattrs()},
        )
