"""Sums of a field of one year by month: all of it, in or near each class, and in none.

The same sums of what is above each percentile. Their file is that of composites.
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stormtrace.attribution.amounts import Amount, amount_of, daily_mean, read_amounts
from stormtrace.attribution.extremes import above, steps_a_day
from stormtrace.attribution.near import LINE_KM, Nearby, Reach
from stormtrace.class_table import ClassTable
from stormtrace.climate.counting import dates_of_year
from stormtrace.climate.sample_files import sample_at
from stormtrace.climate.seasons import months_of
from stormtrace.commandline import progress
from stormtrace.compiled import compiled
from stormtrace.errors import BadInput
from stormtrace.formats.composite_sums import CompositeWriter, writing_composites
from stormtrace.formats.extreme_thresholds import Thresholds, read_thresholds
from stormtrace.formats.mask_steps import reading_steps
from stormtrace.formats.masks import MaskFile, open_masks
from stormtrace.formats.samples import open_folder, samples_by_time
from stormtrace.grids import Grid


@dataclass(frozen=True, eq=False)
class Year:
    """What the sums of a year are made from.

    mask, before, after: masks of the year and, for a lag, of those beside it. reach: short name or
    flag of a class -> how far from it counts.
    """

    mask: Path
    samples: Path
    field: str
    thresholds: Path | None = None
    reach: Mapping[str, Reach] | None = None
    before: Path | None = None
    after: Path | None = None


def attribute_year(
    year: Year, output: Path, provenance: Mapping[str, str], table: ClassTable | None = None
) -> int:
    """Write the sums of one year; return its steps.

    Raises:
        BadInput: masks and samples differ in times, steps or grid, a class is unknown, or the
            thresholds are of another field.

    """
    beside = [open_masks(path, table) for path in (year.before, year.mask, year.after) if path]
    own = next(index for index, one in enumerate(beside) if one.path == Path(year.mask))
    masks = beside[own]
    folder = open_folder(year.samples, {year.field: None})
    _check_alike(masks, folder.step_hours, year.samples)
    if not folder.grid.same_as(masks.grid):
        raise BadInput(
            f"{year.samples} is on {folder.grid.describe()}, but the masks {masks.path} are on "
            f"{masks.grid.describe()}: give samples on the masks' grid (regrid with the dataset)"
        )
    amount = amount_of(folder.paths[0], year.field, folder.step_hours)
    thresholds = read_thresholds(year.thresholds, masks.grid) if year.thresholds else None
    if thresholds is not None:
        _check_thresholds(thresholds, year, amount, folder.step_hours)
    reach = _by_flag(year.reach or {}, masks)
    with contextlib.ExitStack() as stack:
        steps = [stack.enter_context(reading_steps(one)) for one in beside]
        nearby = Nearby(beside, steps, own, reach)
        percentiles = thresholds.percentiles if thresholds else []
        names = [year.field, *(above(year.field, one) for one in percentiles)]
        dates, number = dates_of_year(masks)
        attributes = steps[own].attributes | dict(provenance) | _said(reach, thresholds)
        writer = stack.enter_context(
            writing_composites(
                output,
                masks.grid,
                masks.classes,
                number,
                masks.calendar,
                dict.fromkeys(names, amount.units),
                attributes,
                has_none=True,
            )
        )
        _add_up(writer, names, year, dates, nearby, amount, thresholds)
    return int(dates.size)


def _said(reach: Mapping[str, Reach], thresholds: Thresholds | None) -> dict[str, str]:
    """Return the attributes that say what counts as near, and as extreme."""
    near = [f"{flag}: within {one.km:g} km and {one.hours:g} h" for flag, one in reach.items()]
    said = {"within": "; ".join(near)} if near else {}
    return said | ({"extremes_over": thresholds.over} if thresholds else {})


def _by_flag(reach: Mapping[str, Reach], masks: MaskFile) -> dict[str, Reach]:
    """Return flag -> reach; classes of lines that are not named reach `LINE_KM`."""
    lines = [one.flag for one in masks.classes.features if one.kind == "line"]
    found = dict.fromkeys(lines, Reach(LINE_KM))
    for name, one in reach.items():
        feature = masks.classes.get(name)
        if feature is None:
            known = ", ".join(each.short for each in masks.classes.features)
            raise BadInput(f"{masks.path} has no class {name!r}; it has {known}")
        found[feature.flag] = one
    return found


def _check_alike(masks: MaskFile, step_hours: float, samples: Path) -> None:
    if abs(masks.step_hours - step_hours) > 1e-6:
        raise BadInput(
            f"{masks.path} has steps of {masks.step_hours:g} h, but the samples in {samples} have "
            f"steps of {step_hours:g} h: a field is attributed step by step; give the dataset "
            f"step_hours: {masks.step_hours:g}, and it takes means or sums of the records within"
        )


def _check_thresholds(found: Thresholds, year: Year, amount: Amount, step_hours: float) -> None:
    """Refuse (BadInput) percentiles of another field, or of steps of another length."""
    if (found.field, found.units) != (year.field, amount.units):
        raise BadInput(
            f"{year.thresholds} has percentiles of {found.field} in {found.units}, not of "
            f"{year.field} in {amount.units}"
        )
    if not found.is_daily and abs(found.step_hours - step_hours) > 1e-6:
        raise BadInput(
            f"{year.thresholds} has percentiles of steps of {found.step_hours:g} h, but the samples"
            f" in {year.samples} have steps of {step_hours:g} h, whose extremes are others: give "
            "both datasets the same step_hours, or say over: days"
        )


def _add_up(
    writer: CompositeWriter,
    names: Sequence[str],
    year: Year,
    dates: NDArray[np.object_],
    nearby: Nearby,
    amount: Amount,
    thresholds: Thresholds | None,
) -> None:
    """Add up day by day, and write each month."""
    masks = nearby.masks[nearby.year]
    files = samples_by_time(year.samples)
    judge = _Judge(thresholds, masks.step_hours)
    bits = iter(nearby)
    days = np.array([date.timetuple()[:3] for date in dates])
    starts = [0, *(np.flatnonzero(np.diff(days, axis=0).any(axis=1)) + 1), len(days)]
    empty = _Totals.zeros(masks.grid, len(names), len(masks.classes.features))
    for absent in set(months_of("annual")) - set(days[:, 1].tolist()):
        empty.write(writer, names, absent)
    total, month = empty, int(days[0, 1])
    for first, last in progress(pairwise(starts), "days", len(starts) - 1):
        if days[first, 1] != month:
            total.write(writer, names, month)
            total = _Totals.zeros(masks.grid, len(names), len(masks.classes.features))
            month = int(days[first, 1])
        paths = [sample_at(files, date) for date in dates[first:last]]
        values = read_amounts(paths, amount, masks.grid)
        classes = np.stack([next(bits) for _ in range(first, last)])
        is_extreme = judge.of(values, month)
        _accumulate(values, classes, is_extreme, total.sums, total.steps)
    total.write(writer, names, month)


@dataclass(frozen=True, eq=False)
class _Judge:
    """Which steps of a day are extreme."""

    thresholds: Thresholds | None
    step_hours: float

    def of(self, values: NDArray[np.float32], month: int) -> NDArray[np.bool_]:
        """Return (percentile, steps, cells): steps above it, or all those of a day above it."""
        if self.thresholds is None:
            return np.zeros((0, *values.shape), bool)
        chosen = next(
            place
            for place, period in enumerate(self.thresholds.periods)
            if month in months_of(period)
        )
        limits = self.thresholds.values[:, chosen].reshape(len(self.thresholds.percentiles), 1, -1)
        if not self.thresholds.is_daily:
            return values > limits
        mean = daily_mean(values, steps_a_day(self.step_hours))
        found = mean > limits
        return np.broadcast_to(found, (len(found), *values.shape)).copy()


@dataclass(frozen=True, eq=False)
class _Totals:
    """Sums and steps of a month, (field, part, cells)."""

    grid: Grid
    sums: NDArray[np.float64]
    steps: NDArray[np.int32]

    @classmethod
    def zeros(cls, grid: Grid, fields: int, classes: int) -> "_Totals":
        shape = (fields, classes + 2, grid.size)
        return cls(grid, np.zeros(shape), np.zeros(shape, np.int32))

    def write(self, writer: CompositeWriter, names: Sequence[str], month: int) -> None:
        shape = (-1, *self.grid.shape)
        for row, name in enumerate(names):
            writer.write(
                name, month - 1, self.sums[row].reshape(shape), self.steps[row].reshape(shape)
            )


@compiled
def _accumulate(values, classes, is_extreme, sums, steps):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Add the steps of a day.

    values, classes: (steps, cells); is_extreme: (percentile, steps, cells); sums, steps: (1 +
    percentiles, 2 + classes, cells), of all steps, of those in each class, and of those in none.
    """
    parts = sums.shape[1]
    for row in range(sums.shape[0]):
        for step in range(values.shape[0]):
            for cell in range(values.shape[1]):
                value = values[step, cell]
                if value != value or (row > 0 and not is_extreme[row - 1, step, cell]):
                    continue
                sums[row, 0, cell] += value
                steps[row, 0, cell] += 1
                bits = classes[step, cell]
                if bits == 0:
                    sums[row, parts - 1, cell] += value
                    steps[row, parts - 1, cell] += 1
                else:
                    for part in range(1, parts - 1):
                        if bits & (1 << (part - 1)):
                            sums[row, part, cell] += value
                            steps[row, part, cell] += 1
