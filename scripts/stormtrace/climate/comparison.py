"""Second minus first: two experiments on one grid, with significance."""

import calendar
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.class_table import ClassTable
from stormtrace.classes import Classes, FeatureClass
from stormtrace.climate.frequency import (
    COUNTED,
    ENTERED,
    HOURS_A_WEEK,
    Frequency,
    open_frequency,
)
from stormtrace.climate.significance import (
    MINIMUM_YEARS,
    are_enough,
    bootstrap,
    drawn_years,
    false_discovery,
    interval,
)
from stormtrace.climate.year_maps import YearMaps
from stormtrace.errors import BadInput
from stormtrace.formats.comparison_maps import (
    CROSSING_RATE,
    SEASONS,
    VARIABLES,
    Comparison,
    write_comparison,
)
from stormtrace.formats.regional_differences import (
    EVERYWHERE,
    RegionalDifference,
    write_regional,
)
from stormtrace.grids import Grid, box_cells
from stormtrace.grids.remapping import on_grid

log = logging.getLogger("stormtrace")

#: Area means of counts of one side (year,), and what they are a share of (year,), such as steps.
Means = tuple[NDArray[np.float64], NDArray[np.number]]


def compare(
    first: Frequency,
    second: Frequency,
    of: str = "masks",
    replicates: int = 1000,
    block_years: int = 1,
    regions: Mapping[str, Sequence[float]] = {},
) -> tuple[Comparison, list[RegionalDifference]]:
    """Compare two experiments; on different grids, on the coarser, regridded conservatively.

    Counts (`of` masks or events) are regridded year by year. Classes are matched by name, whatever
    their codes; those of one side alone are left out. Of lines whose entries both sides counted,
    crossing rates are compared, too. Returns maps, and means over all cells that both cover and
    over regions, [west, east, south, north]; of regions without such a cell nothing.

    Raises:
        BadInput: no class or no area is shared, or events are to be compared that were not counted.

    """
    variable = COUNTED[of]
    if not (first.has(variable) and second.has(variable)):
        raise BadInput(
            "events are to be compared, but were not counted: compute_frequency.py --events"
        )
    _doubt_months(first, second)
    classes = shared_classes(first, second)
    grid, inside = shared_cells(first, second, regions)
    shape = (len(SEASONS), len(classes.features), *grid.shape)
    entries = ENTERED[variable]
    quantities = {"": (variable, classes.features)}
    if first.has(entries) and second.has(entries):
        lines = tuple(feature for feature in classes.features if feature.kind == "line")
        quantities |= {CROSSING_RATE: (entries, lines)} if lines else {}
    fields: dict[str, NDArray[np.float32]] = {}
    rows: list[RegionalDifference] = []
    for prefix, (counted, features) in quantities.items():
        scale = 1.0 if prefix else 100.0
        quantity = "crossing rate" if prefix else "frequency"
        maps = {name: np.full(shape, np.nan, np.float32) for name in VARIABLES}
        years = [side.number_of_years(counted) for side in (first, second)]
        draws = replicates if are_enough(years, block_years) else 0
        for p, period in enumerate(SEASONS):
            for feature in features:
                one, two = (
                    _years(side, feature, period, counted, grid, inside) for side in (first, second)
                )
                changed = differ((one[0], two[0]), scale, draws, block_years)
                for name, values in changed.items():
                    maps[name][p, classes.features.index(feature)] = values
                for region in inside if changed else ():
                    means = one[1][region], two[1][region]
                    found = _differ_in_mean(means, scale, draws, block_years)
                    rows.append(RegionalDifference(feature.short, quantity, period, region, *found))
                del one, two  # and their files, before the next
        fields |= {f"{prefix}{name}": values for name, values in maps.items()}
    return Comparison(grid, classes, fields, {"counted_from": of}), rows


def _doubt_months(first: Frequency, second: Frequency) -> None:
    """Warn where one record lacks months that the other has."""
    one, other = (
        ", ".join(calendar.month_abbr[k] for k in range(1, 13) if side.steps[:, k - 1].any())
        for side in (first, second)
    )
    if one != other:
        log.warning(
            "the first experiment has time steps in %s, the second in %s: what differs over all"
            " steps is also what differs between months", one or "no month", other or "no month",
        )  # fmt: skip


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
    for feature in shared:
        if (of := feature.union_of) != (other := second.classes[feature.flag].union_of):
            log.warning(
                "%s is the union of %s in the first experiment, of %s in the second: its rates"
                " are not of the same classes", feature.name, ", ".join(of), ", ".join(other),
            )  # fmt: skip
    if alone := sorted(sides[0] ^ sides[1]):
        log.warning("classes of one experiment alone are not compared: %s", ", ".join(alone))
    return Classes(tuple(shared), first.classes.background)


def shared_cells(
    first: Frequency, second: Frequency, regions: Mapping[str, Sequence[float]]
) -> tuple[Grid, dict[str, NDArray[np.bool_]]]:
    """Return the grid of a comparison, and of all cells and each region those that both cover.

    On different grids it is the coarser. Regions without such a cell are left out.

    Raises:
        BadInput: there is no such cell at all.

    """
    grids = [first.grid, second.grid]
    grid = grids[0] if grids[0].same_as(grids[1]) else coarser(grids)
    shared = np.logical_and.reduce(
        [np.isfinite(on_grid(np.ones(one.shape), one, grid)) for one in grids]
    )
    if not shared.any():
        one, two = (_extent(one) for one in grids)
        raise BadInput(
            f"the grids of the two experiments have no area in common: the first has {one}, the"
            f" second {two}"
        )
    boxes = {region: shared & box_cells(grid, box) for region, box in regions.items()}
    inside = {region: cells for region, cells in boxes.items() if cells.any()}
    return grid, {EVERYWHERE: shared} | inside


def _extent(grid: Grid) -> str:
    lat, lon = grid.points
    return (
        f"latitudes {lat.min():.4g} to {lat.max():.4g}, longitudes {lon.min():.4g} to"
        f" {lon.max():.4g}"
    )


def coarser(grids: Sequence[Grid]) -> Grid:
    """Return the grid with the largest cells, on average."""
    return max(grids, key=lambda grid: float(grid.area.mean()))


def _years(
    side: Frequency,
    feature: FeatureClass,
    period: str,
    variable: str,
    grid: Grid,
    inside: Mapping[str, NDArray[np.bool_]],
) -> tuple[YearMaps, dict[str, Means]]:
    """Return counts by year on `grid`, and their area means of all cells and of each region.

    They are a share of steps; of entries, of weeks.
    """
    years, steps, counts = side.by_year(feature.flag, period, variable)
    is_rate = variable in ENTERED.values()
    amounts = steps * (side.step_hours / HOURS_A_WEEK if is_rate else 1.0)
    maps = YearMaps(grid.shape, amounts)
    means: dict[str, Means] = {region: (np.zeros(years.size), amounts) for region in inside}
    for place, found in enumerate(counts):
        values = on_grid(found, side.grid, grid)
        maps.add(place, values)
        for region, cells in inside.items():
            means[region][0][place] = np.average(values[cells], weights=grid.area[cells])
    return maps, means


def differ(
    sides: tuple[YearMaps, YearMaps], scale: float, replicates: int = 1000, block_years: int = 1
) -> dict[str, NDArray[np.floating]]:
    """Return the maps of one period and class; nothing where a side has no steps.

    NaN in cells that one of the grids does not cover. replicates: 0 tests nothing.
    """
    if any(side.amounts.sum() == 0 for side in sides):
        return {}
    first, second = (scale * side.total / side.amounts.sum() for side in sides)
    p_value = bootstrap(*sides, replicates, block_years)
    return {
        "first": first,
        "second": second,
        "difference": second - first,
        "p_value": p_value,
        "significant": np.where(np.isfinite(p_value), false_discovery(p_value), np.nan),
    }


def _differ_in_mean(
    sides: tuple[Means, Means], scale: float, replicates: int, block_years: int
) -> tuple[float, float, float, float | None, float | None]:
    """Return first, second, difference and the ends of its interval, from years drawn anew."""
    first, second = (scale * counts.sum() / amounts.sum() for counts, amounts in sides)
    sizes = [len(amounts) // block_years for _, amounts in sides]
    if not replicates or min(sizes) < MINIMUM_YEARS:
        return first, second, second - first, None, None
    rng = np.random.default_rng(0)
    drawn = []
    for counts, amounts in sides:
        weights = drawn_years(len(amounts), replicates, block_years, rng)
        drawn.append(scale * (weights @ counts) / (weights @ amounts))
    return first, second, second - first, *interval(second - first, drawn[1] - drawn[0], sizes)


def compare_files(
    first: Path | str,
    second: Path | str,
    output: Path | str,
    attributes: Mapping[str, Any],
    table: ClassTable | None = None,
    regional: Path | str | None = None,
    **choices: Any,
) -> Comparison:
    """Compare two frequency files and write the result, and means over regions if asked for.

    table: the study's `classes:`; regional: where the table of means goes; choices: those of
    `compare`.
    """
    with open_frequency(first, table) as one, open_frequency(second, table) as two:
        comparison, rows = compare(one, two, **choices)
        facts = _facts("first", one, Path(first)) | _facts("second", two, Path(second))
    facts |= comparison.attributes | dict(attributes)
    write_comparison(output, comparison, facts)
    if regional is not None:
        write_regional(regional, rows)
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
