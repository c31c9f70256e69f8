"""Second minus first: two experiments on one grid, with significance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.climate.frequency import Frequency, open_frequency
from stormtrace.climate.significance import bootstrap, false_discovery
from stormtrace.errors import BadInput
from stormtrace.files import writing
from stormtrace.formats.counts import Features, read_features, read_grid, write_axes
from stormtrace.grids import Grid
from stormtrace.grids.remapping import on_grid, same_grid

COUNTED = {"masks": "count", "events": "event_count"}
"""What a frequency is counted from -> the variable of `frequency.nc`."""

SEASONS = ("annual", "DJF", "MAM", "JJA", "SON")
VARIABLES = {
    "first": ("frequency in the first experiment", "%"),
    "second": ("frequency in the second experiment", "%"),
    "difference": ("frequency, second minus first", "percentage points"),
    "p_value": ("two-sided p-value of the difference, bootstrap by year", "1"),
    "significant": ("difference is significant at a false discovery rate of 10 %", "1"),
}


@dataclass(frozen=True)
class Comparison:
    """What a comparison file holds.

    fields: name (`VARIABLES`) -> (period, class, lat, lon); NaN where a side has no steps.
    """

    grid: Grid
    features: Features
    fields: dict[str, NDArray[np.float32]]
    attributes: dict[str, str]

    def get(self, name: str, feature: str, period: str) -> NDArray[np.float32]:
        """Return one map, (lat, lon)."""
        return self.fields[name][SEASONS.index(period), self.features.names.index(feature)]

    @property
    def tested(self) -> bool:
        """Whether there were years enough for a test of significance."""
        return bool(np.isfinite(self.fields["p_value"]).any())


def compare(
    first: Frequency,
    second: Frequency,
    of: str = "masks",
    replicates: int = 1000,
    block_years: int = 1,
) -> Comparison:
    """Compare two experiments; on different grids, on the coarser, regridded conservatively.

    Counts (`of` masks or events) are regridded globally, year by year, before any region is cut.
    """
    variable = COUNTED[of]
    if not (first.has(variable) and second.has(variable)):
        raise BadInput("events are to be compared, but were not counted: merge_counts.py --events")
    if first.features != second.features:
        raise BadInput(
            f"the experiments count different classes: {first.features.names} and "
            f"{second.features.names}"
        )
    grid = first.grid if same_grid(first.grid, second.grid) else _coarser(first.grid, second.grid)
    shape = (len(SEASONS), len(first.features.names), *grid.shape)
    fields = {name: np.full(shape, np.nan, np.float32) for name in VARIABLES}
    for p, period in enumerate(SEASONS):
        for c, feature in enumerate(first.features.names):
            sides = [_years(side, feature, period, variable, grid) for side in (first, second)]
            for name, values in _differ(sides, replicates, block_years).items():
                fields[name][p, c] = values
    return Comparison(grid, first.features, fields, {"counted_from": of})


def _coarser(first: Grid, second: Grid) -> Grid:
    return min((first, second), key=lambda grid: grid.shape[0] * grid.shape[1])


def _years(
    side: Frequency, feature: str, period: str, variable: str, grid: Grid
) -> tuple[NDArray[np.floating], NDArray[np.int64]]:
    """Return counts (year, lat, lon) on `grid` and steps (year,)."""
    _, counts, steps = side.by_year(feature, period, variable)
    return on_grid(counts, side.grid, grid) if len(steps) else counts, steps


def _differ(
    sides: list[tuple[NDArray[np.floating], NDArray[np.int64]]], replicates: int, block_years: int
) -> dict[str, NDArray[np.floating]]:
    """Return the maps of one period and class; nothing where a side has no steps."""
    if any(steps.sum() == 0 for _, steps in sides):
        return {}
    first, second = (100.0 * counts.sum(axis=0) / steps.sum() for counts, steps in sides)
    p_value = bootstrap(sides[0], sides[1], replicates, block_years)
    return {
        "first": first,
        "second": second,
        "difference": second - first,
        "p_value": p_value,
        "significant": np.where(np.isfinite(p_value), false_discovery(p_value), np.nan),
    }


def write_comparison(
    path: Path | str, comparison: Comparison, attributes: Mapping[str, str]
) -> None:
    """Write a comparison as netCDF."""
    with writing(path) as partial, netCDF4.Dataset(partial, "w") as nc:
        nc.setncatts(dict(attributes))
        write_axes(nc, comparison.grid, comparison.features)
        nc.createDimension("period", len(SEASONS))
        nc.createVariable("period", str, ("period",))[:] = np.array(SEASONS, object)
        for name, (long_name, units) in VARIABLES.items():
            variable = nc.createVariable(
                name,
                "f4",
                ("period", "class", "lat", "lon"),
                zlib=True,
                complevel=1,
                chunksizes=(1, 1, *comparison.grid.shape),
                fill_value=np.float32(np.nan),
            )
            variable.setncatts({"long_name": long_name, "units": units})
            variable[:] = comparison.fields[name]


def read_comparison(path: Path | str) -> Comparison:
    """Read what `write_comparison` wrote."""
    with netCDF4.Dataset(path) as nc:
        nc.set_auto_mask(False)
        if "difference" not in nc.variables:
            raise BadInput(f"{path} is not a comparison: make it with compare.py")
        return Comparison(
            grid=read_grid(nc),
            features=read_features(nc),
            fields={name: nc[name][:] for name in VARIABLES},
            attributes={name: str(nc.getncattr(name)) for name in nc.ncattrs()},
        )


def compare_files(
    first: Path | str,
    second: Path | str,
    output: Path | str,
    attributes: Mapping[str, str],
    **choices: Any,
) -> Comparison:
    """Compare two frequency files and write the result; choices: those of `compare`."""
    with open_frequency(first) as one, open_frequency(second) as two:
        comparison = compare(one, two, **choices)
        names = {
            "first_experiment": one.attributes.get("experiment", Path(first).parent.name),
            "second_experiment": two.attributes.get("experiment", Path(second).parent.name),
            "first_steps": str(one.steps.sum()),
            "second_steps": str(two.steps.sum()),
        }
    write_comparison(output, comparison, comparison.attributes | names | dict(attributes))
    return comparison
