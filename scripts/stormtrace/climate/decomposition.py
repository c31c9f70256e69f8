"""What each input field contributes to the difference of two experiments.

f(a) is the first experiment's frequency, f(b) the second's. With field i of a given the climatology
of b it is f(aᵢ), with field i of b given that of a it is f(bᵢ). The field contributes
f(aᵢ) − f(a) one at a time and f(b) − f(bᵢ) last one out, in the mean of both half of what it does
together with any one other field; f(b) − f(a) less all means is the remainder: what fields do by
threes and more, and what no climatology by month and latitude holds. The same weather is in a and
every aᵢ, so years are drawn for all of them at once.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.class_table import ClassTable
from stormtrace.climate.comparison import shared_cells, shared_classes
from stormtrace.climate.frequency import COUNTED, open_frequency
from stormtrace.climate.significance import (
    MINIMUM_YEARS,
    are_enough,
    drawn_years,
    interval,
)
from stormtrace.errors import BadInput
from stormtrace.formats.comparison_maps import SEASONS
from stormtrace.formats.decomposition_maps import DecompositionMaps, Row, variables
from stormtrace.grids import Grid
from stormtrace.grids.remapping import on_grid

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Sides:
    """The `frequency.nc` of two experiments, and of each with one field of the other after another.

    of_first, of_second: in the order of `fields`.
    """

    fields: Sequence[str]
    first: Path
    second: Path
    of_first: Sequence[Path]
    of_second: Sequence[Path]

    @property
    def paths(self) -> dict[str, Path]:
        """What each file is called here: first, second, FIELD_first, FIELD_second."""
        named = {"first": self.first, "second": self.second}
        for name, one, other in zip(self.fields, self.of_first, self.of_second, strict=True):
            named |= {f"{name}_first": one, f"{name}_second": other}
        return named


@dataclass
class _Means:
    """Area means of counts (years,) of each region, and steps (years,), of one experiment.

    record: the calendar years that have steps in any month.
    """

    record: int
    years: NDArray[np.int64]
    steps: NDArray[np.int64]
    counts: dict[str, Floats]


@dataclass
class Decomposition:
    """Maps and table as they are made."""

    maps: DecompositionMaps
    rows: list[Row] = field(default_factory=list)


def decompose(
    sides: Sides,
    *,
    of: str = "masks",
    regions: Mapping[str, Sequence[float]] = {},
    replicates: int = 1000,
    block_years: int = 1,
    table: ClassTable | None = None,
    attributes: Mapping[str, Any] = {},
) -> Decomposition:
    """Share out the difference, by period and class: maps, and means over all cells and regions.

    of: what frequency is counted from, masks or events. regions: name -> [west, east, south,
    north]. Grids, classes and the draws of years are as in `climate.comparison`.

    Raises:
        BadInput: files have no class in common, lack events, or counterfactuals other years or
            cells; a field is named twice.

    """
    if twice := sorted({name for name in sides.fields if list(sides.fields).count(name) > 1}):
        raise BadInput(f"a field is to be shared out twice ({', '.join(twice)}): name each once")
    with open_frequency(sides.first, table, of) as a, open_frequency(sides.second, table, of) as b:
        classes = shared_classes(a, b)
        grid, inside = shared_cells(a, b, regions)
        _check_grids(sides, {"first": a.grid, "second": b.grid}, table)
    shape = (len(SEASONS), len(classes.features), *grid.shape)
    maps = {name: np.full(shape, np.nan, np.float32) for name in variables(sides.fields)}
    facts = dict(attributes) | {"counted_from": of}
    made = Decomposition(DecompositionMaps(grid, classes, sides.fields, maps, facts))
    for c, feature in enumerate(classes.features):
        for p, period in enumerate(SEASONS):
            per_cent, means = {}, {}
            for name, path in sides.paths.items():
                found = _read(path, table, of, feature.flag, period, grid, inside)
                if found is not None:
                    per_cent[name], means[name] = found
            if len(per_cent) < len(sides.paths):
                continue  # a side has no such season
            _check_years(sides, means)
            for name, values in _parts(sides.fields, per_cent).items():
                maps[name][p, c] = values
            for region in inside:
                made.rows += _rows(
                    sides.fields, means, feature.short, period, region, replicates, block_years
                )
    return made


def _read(
    path: Path,
    table: ClassTable | None,
    of: str,
    flag: str,
    period: str,
    grid: Grid,
    inside: Mapping[str, NDArray[np.bool_]],
) -> tuple[Floats, _Means] | None:
    """Return the frequency of one experiment and its area means by year; None without steps."""
    with open_frequency(path, table, of) as frequency:
        if flag not in frequency.classes.flags:
            raise BadInput(f"{path} has no class {flag}: make the counterfactual masks again")
        years, steps, maps = frequency.by_year(flag, period, COUNTED[of])
        if not steps.sum():
            return None
        total = np.zeros(grid.shape)
        means = {region: np.zeros(years.size) for region in inside}
        for place, found in enumerate(maps):
            counts = on_grid(found, frequency.grid, grid)
            total += counts
            for region, cells in inside.items():
                means[region][place] = np.average(counts[cells], weights=grid.area[cells])
    return 100.0 * total / steps.sum(), _Means(
        frequency.number_of_years(COUNTED[of]), years, steps, means
    )


def _check_grids(sides: Sides, grids: Mapping[str, Grid], table: ClassTable | None) -> None:
    for side, grid in grids.items():
        for name in sides.fields:
            with open_frequency(path := sides.paths[f"{name}_{side}"], table) as found:
                if not found.grid.same_as(grid):
                    raise BadInput(
                        f"{path} is on another grid ({found.grid.shape}) than {sides.paths[side]}"
                        f" ({grid.shape}), whose weather it is of: make both again"
                    )


def _check_years(sides: Sides, means: Mapping[str, _Means]) -> None:
    for side in ("first", "second"):
        for name in sides.fields:
            one, other = means[side], means[f"{name}_{side}"]
            if not (
                np.array_equal(one.years, other.years) and np.array_equal(one.steps, other.steps)
            ):
                raise BadInput(
                    f"{sides.paths[f'{name}_{side}']} has other years or steps than"
                    f" {sides.paths[side]}, whose weather it is of: make both again"
                )


def _parts(fields: Sequence[str], frequency: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return every part of the difference; frequency: name of an experiment -> any one shape."""
    first, second = frequency["first"], frequency["second"]
    parts = {"first": first, "second": second, "difference": second - first}
    remainder = parts["difference"]
    for name in fields:
        one, last = frequency[f"{name}_first"] - first, second - frequency[f"{name}_second"]
        mean = (one + last) / 2
        parts |= {f"{name}_one_at_a_time": one, f"{name}_last_one_out": last, f"{name}_mean": mean}
        remainder = remainder - mean
    return parts | {"remainder": remainder}


def _rows(
    fields: Sequence[str],
    means: Mapping[str, _Means],
    feature: str,
    period: str,
    region: str,
    replicates: int,
    block_years: int,
) -> Iterator[Row]:
    """Yield the rows of one class, period and region."""
    once = {side: np.ones((1, means[side].steps.size)) for side in ("first", "second")}
    estimates = {name: float(v[0]) for name, v in _drawn(fields, means, region, once).items()}
    sizes = {side: means[side].steps.size // block_years for side in ("first", "second")}
    ends: dict[str, tuple[float, float]] = {}
    record = [means[side].record for side in ("first", "second")]
    if are_enough(record, block_years) and min(sizes.values()) >= MINIMUM_YEARS:
        rng = np.random.default_rng(0)
        weights = {
            side: drawn_years(means[side].steps.size, replicates, block_years, rng)
            for side in ("first", "second")
        }
        for name, values in _drawn(fields, means, region, weights).items():
            of = [sizes[name]] if name in sizes else list(sizes.values())
            ends[name] = interval(estimates[name], values, of)
    for part in ("first", "second", "difference", *fields, "remainder"):
        of_field = part in fields
        name = f"{part}_mean" if of_field else part
        low, high = ends.get(name, (None, None))
        yield Row(
            feature,
            period,
            region,
            part,
            estimates[name],
            low,
            high,
            estimates[f"{part}_one_at_a_time"] if of_field else None,
            estimates[f"{part}_last_one_out"] if of_field else None,
        )


def _drawn(
    fields: Sequence[str],
    means: Mapping[str, _Means],
    region: str,
    weights: Mapping[str, Floats],
) -> dict[str, Floats]:
    """Return every part, (draws,), of years drawn `weights` (draws, years) times."""
    frequency = {}
    for name, one in means.items():
        drawn = weights["first" if name.endswith("first") else "second"]
        frequency[name] = 100.0 * (drawn @ one.counts[region]) / (drawn @ one.steps)
    return _parts(fields, frequency)
