"""Conditions of a recipe applied to one sample: fields in, cells of a class out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stormtrace.detect.closed_contours import ClosedContours
from stormtrace.detect.object_limits import ObjectLimits
from stormtrace.detect.recipes import ClassRecipe, Condition, Percentile, ThresholdRecipe
from stormtrace.errors import BadInput
from stormtrace.formats.percentile_maps import PercentileMaps
from stormtrace.formats.units import IDENTITY, convert, parse_unit
from stormtrace.grids import Grid
from stormtrace.numerals import ordinal

Cells = NDArray[np.bool_]
#: Values of a field (*grid.shape) and the month (from 1) -> where a condition is fulfilled.
Test = Callable[[NDArray[np.float32], int], Cells]


class RecipeOnGrid:
    """A threshold recipe made ready for one grid and dataset.

    Raises:
        BadInput: percentiles are missing, or of too few steps.

    """

    def __init__(
        self,
        recipe: ThresholdRecipe,
        grid: Grid,
        dataset: str,
        percentiles: Sequence[PercentileMaps] = (),
    ) -> None:
        tests = _Tests(grid, dataset, percentiles)
        self.shape = grid.shape
        self.classes = [_ClassOnGrid(one, grid, tests) for one in recipe.classes.values()]

    def mask(self, fields: Mapping[str, NDArray[np.float32]], month: int) -> NDArray[np.int8]:
        """Return the mask of one time: class codes by the order of the recipe, the first wins."""
        mask = np.zeros(self.shape, np.int8)
        for code in range(len(self.classes), 0, -1):
            mask[self.classes[code - 1].cells(fields, month)] = code
        return mask


@dataclass(frozen=True)
class _Tests:
    """Makes the test of a condition on a grid."""

    grid: Grid
    dataset: str
    percentiles: Sequence[PercentileMaps]

    def of(self, condition: Condition) -> Test:
        """Return the test of a condition."""
        if (contour := condition.closed_contour) is not None:
            finder = ClosedContours(self.grid)
            return lambda values, _: finder.inside(values, contour.rise, contour.within_km)
        compare = np.less_equal if condition.at_least is None else np.greater_equal
        if (percentile := condition.percentile) is not None:
            maps = self._maps(condition.field, percentile)
            return lambda values, month: compare(values, _of_month(maps, month, percentile))
        limit = condition.at_most if condition.at_least is None else condition.at_least
        number = np.float32(limit)  # type: ignore[arg-type]
        return lambda values, _: compare(values, number)

    def _maps(self, field: str, wanted: Percentile) -> PercentileMaps:
        """Return the percentiles that a condition names."""
        key = (field, wanted.percentile, wanted.dataset or self.dataset)
        for maps in self.percentiles:
            if (maps.field, maps.percentile, maps.dataset) == key:
                return maps
        raise BadInput(
            f"the recipe needs the {ordinal(key[1])} percentile of {field} in the samples of "
            f"{key[2]}: make it with compute_percentiles.py and name it with --percentiles"
        )


def _of_month(maps: PercentileMaps, month: int, wanted: Percentile) -> NDArray[np.float32]:
    """Return the percentile of a month.

    Raises:
        BadInput: the month has fewer steps than the recipe asks for.

    """
    steps = int(maps.steps[month - 1])
    if steps < wanted.minimum_steps:
        raise BadInput(
            f"the {ordinal(maps.percentile)} percentile of {maps.field} in month {month} would be "
            f"that of {steps} samples of {maps.dataset}, but "
            f"minimum_steps is {wanted.minimum_steps}: "
            "take it of a longer `dataset`, or lower minimum_steps"
        )
    return maps.values[month - 1]


class _ClassOnGrid:
    """The recipe of one class, made ready for a grid."""

    def __init__(self, recipe: ClassRecipe, grid: Grid, tests: _Tests) -> None:
        self._tests = [(one.field, tests.of(one)) for one in recipe.where]
        self._bands = None if recipe.latitudes is None else _bands(grid, recipe.latitudes)
        self._limits = ObjectLimits.of(recipe, grid)

    def cells(self, fields: Mapping[str, NDArray[np.float32]], month: int) -> Cells:
        """Return the cells of the class at one time, `grid.shape`."""
        found = [test(fields[field], month) for field, test in self._tests]
        cells = found[0]
        for more in [*found[1:], *([] if self._bands is None else [self._bands])]:
            cells &= more
        return cells if self._limits is None else self._limits.keep(cells, fields)


def _bands(grid: Grid, latitudes: Sequence[tuple[float, float]]) -> Cells:
    """Return the cells whose centres lie in any band of latitudes, `grid.shape`."""
    lat, _ = grid.points
    return np.logical_or.reduce([(lat >= south) & (lat <= north) for south, north in latitudes])


def check_units(recipe: ThresholdRecipe, units: Mapping[str, str], path: Path) -> None:
    """Check that fields of a sample are in the units of the recipe's numbers.

    units: field -> its units; a sample without any is believed.

    Raises:
        BadInput: they are other units.

    """
    for field, wanted in recipe.units:
        given = units.get(field, "")
        if not given or given == wanted:
            continue
        ours, theirs = parse_unit(wanted), parse_unit(given)
        if ours is None or theirs is None or convert(theirs, ours) != IDENTITY:
            raise BadInput(
                f"{path}: {field} is in {given!r}, but the numbers of the recipe are in "
                f"{wanted!r}: give the dataset's field {{units: {wanted}}}, or the recipe numbers "
                "in the field's units"
            )
