"""Second minus first: two experiments on one grid, with significance."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.class_table import ClassTable
from stormtrace.classes import Classes, FeatureClass
from stormtrace.climate.frequency import COUNTED, Frequency, open_frequency
from stormtrace.climate.significance import bootstrap, false_discovery
from stormtrace.errors import BadInput
from stormtrace.formats.comparison_maps import SEASONS, VARIABLES, Comparison, write_comparison
from stormtrace.grids import Grid
from stormtrace.grids.remapping import on_grid

log = logging.getLogger("stormtrace")

#: Counts (year, nlat, nlon) and steps (year,) of one side.
Side = tuple[NDArray[np.floating], NDArray[np.int64]]


def compare(
    first: Frequency,
    second: Frequency,
    of: str = "masks",
    replicates: int = 1000,
    block_years: int = 1,
) -> Comparison:
    """Compare two experiments; on different grids, on the coarser, regridded conservatively.

    Counts (`of` masks or events) are regridded year by year. Classes are matched by name, whatever
    their codes; those of one side alone are left out.

    Raises:
        BadInput: no class is shared, or events are to be compared that were not counted.

    """
    variable = COUNTED[of]
    if not (first.has(variable) and second.has(variable)):
        raise BadInput("events are to be compared, but were not counted: merge_counts.py --events")
    classes = shared_classes(first, second)
    grid = first.grid if first.grid.same_as(second.grid) else coarser([first.grid, second.grid])
    shape = (len(SEASONS), len(classes.features), *grid.shape)
    fields = {name: np.full(shape, np.nan, np.float32) for name in VARIABLES}
    for p, period in enumerate(SEASONS):
        for c, feature in enumerate(classes.features):
            sides = [_years(side, feature, period, variable, grid) for side in (first, second)]
            for name, values in _differ(sides, replicates, block_years).items():
                fields[name][p, c] = values
    return Comparison(grid, classes, fields, {"counted_from": of})


def shared_classes(first: Frequency, second: Frequency) -> Classes:
    """Return the classes of `first` that `second` has, too, by name.

    Raises:
        BadInput: there is none.

    """
    sides = [set(side.classes.flags) for side in (first, second)]
    shared = [feature for feature in first.classes.features if feature.flag in sides[1]]
    if not shared:
        raise BadInput(
            f"the experiments have no class in common: the first has {sorted(sides[0])}, the "
            f"second {sorted(sides[1])}; compare experiments whose models share a label"
        )
    if alone := sorted(sides[0] ^ sides[1]):
        log.warning("classes of one experiment alone are not compared: %s", ", ".join(alone))
    return Classes(tuple(shared), first.classes.background)


def coarser(grids: Sequence[Grid]) -> Grid:
    """Return the grid with the largest cells, on average."""
    return max(grids, key=lambda grid: float(grid.area.mean()))


def _years(side: Frequency, feature: FeatureClass, period: str, variable: str, grid: Grid) -> Side:
    """Return counts (year, nlat, nlon) on `grid` and steps (year,)."""
    _, counts, steps = side.by_year(feature.flag, period, variable)
    return on_grid(counts, side.grid, grid) if len(steps) else counts, steps


def _differ(
    sides: list[Side], replicates: int, block_years: int
) -> dict[str, NDArray[np.floating]]:
    """Return the maps of one period and class; nothing where a side has no steps.

    NaN in cells that one of the grids does not cover.
    """
    if any(steps.sum() == 0 for _, steps in sides):
        return {}
    first, second = (100.0 * counts.sum(axis=0) / steps.sum() for counts, steps in sides)
    known = np.isfinite(first) & np.isfinite(second)
    if not known.all():
        sides = [(np.where(known, counts, 0.0), steps) for counts, steps in sides]
    p_value = bootstrap(sides[0], sides[1], replicates, block_years)
    return {
        "first": first,
        "second": second,
        "difference": second - first,
        "p_value": p_value,
        "significant": np.where(np.isfinite(p_value), false_discovery(p_value), np.nan),
    }


def compare_files(
    first: Path | str,
    second: Path | str,
    output: Path | str,
    attributes: Mapping[str, Any],
    table: ClassTable | None = None,
    **choices: Any,
) -> Comparison:
    """Compare two frequency files and write the result.

    table: the study's `classes:`; choices: those of `compare`.
    """
    with open_frequency(first, table) as one, open_frequency(second, table) as two:
        comparison = compare(one, two, **choices)
        facts = _facts("first", one, Path(first)) | _facts("second", two, Path(second))
    facts |= comparison.attributes | dict(attributes)
    write_comparison(output, comparison, facts)
    return replace(comparison, attributes=facts)


def _facts(side: str, frequency: Frequency, path: Path) -> dict[str, Any]:
    """Return the attributes that say what a side of a comparison is."""
    known = frequency.attributes
    facts = {
        "experiment": known.get("experiment", path.parent.name),
        "steps": int(frequency.steps.sum()),
        "years": round(frequency.length_years, 4),
    }
    facts |= {name: known[name] for name in known if name.startswith("time_coverage_")}
    return {f"{side}_{name}": value for name, value in facts.items()}
