"""Fields where a class is present: composites, shares, and why they change.

Sums and counts of one year are kept by month, so that any period and any number of years follow
from adding.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stormtrace.class_table import ClassTable
from stormtrace.classes import Classes
from stormtrace.climate.counting import dates_of_year
from stormtrace.climate.sample_files import sample_at
from stormtrace.climate.seasons import months_of
from stormtrace.errors import BadInput
from stormtrace.formats.composite_sums import (
    ALL,
    Maps,
    check_units,
    open_composites,
    writing_composites,
)
from stormtrace.formats.mask_steps import reading_steps
from stormtrace.formats.masks import open_masks
from stormtrace.formats.samples import read_fields, samples_by_time, units_in
from stormtrace.formats.units import convert, is_same_unit, parse_unit
from stormtrace.grids import Grid

#: Less than this of what goes either way is left as net: a share of it means nothing. Shares of
#: what is kept are at most 1/LEAST_NET of it, 500 %.
LEAST_NET = 0.2


def cancels(net: Maps, gross: Maps) -> NDArray[np.bool_]:
    """Return where the parts of a sum with a sign, as of transport to the north, nearly cancel.

    net, gross: the sums of the parts, and of their absolute values; what has one sign never does.
    """
    return np.abs(net) < LEAST_NET * gross


def compose_fields(
    mask: Path | str,
    samples: Path | str,
    fields: Sequence[str],
    output: Path | str,
    provenance: Mapping[str, str],
    table: ClassTable | None = None,
) -> int:
    """Sum `fields` over the steps of one year, all and those of each class; return the steps.

    One month and one field at a time are in memory. Missing values (NaN) count nowhere.
    """
    files, masks = samples_by_time(samples), open_masks(mask, table)
    dates, year = dates_of_year(masks)
    months = np.array([date.month for date in dates])
    units = units_in(next(iter(files.values())), fields)
    with reading_steps(masks) as steps:
        attributes = steps.attributes | dict(provenance)
        with writing_composites(
            output, masks.grid, masks.classes, year, masks.calendar, units, attributes
        ) as writer:
            for field in fields:
                for month in range(12):
                    chosen = np.flatnonzero(months == month + 1).tolist()
                    paths = [sample_at(files, dates[step]) for step in chosen]
                    values = (read_fields(path, [field], masks.grid)[field] for path in paths)
                    present = (steps.masks(step, step + 1)[0] for step in chosen)
                    sums = _sum(values, present, masks.classes, masks.grid.shape)
                    writer.write(field, month, *sums)
    return int(dates.size)


def _sum(
    values: Iterable[NDArray[np.float32]],
    masks: Iterable[NDArray[np.int8]],
    classes: Classes,
    shape: tuple[int, int],
) -> tuple[Maps, NDArray[np.int32]]:
    """Return sums and counts, (part, nlat, nlon) each.

    Features cover little of the globe: of their parts only the cells they cover are touched.
    """
    sums = np.zeros((1 + len(classes.codes), *shape))
    counts = np.zeros(sums.shape, np.int32)
    for field, mask in zip(values, masks, strict=True):
        known = np.isfinite(field)
        np.add(sums[0], field, out=sums[0], where=known)
        counts[0] += known
        for part, code in enumerate(classes.codes, start=1):
            cells = np.nonzero((mask == code) & known)
            sums[part][cells] += field[cells]
            counts[part][cells] += 1
    return sums, counts


@dataclass(frozen=True)
class Composite:
    """Sums and counts of a period, by part ("all" and the flag of each class), one map each."""

    grid: Grid
    classes: Classes
    units: str
    sums: dict[str, Maps]
    steps: dict[str, Maps]

    def mean(self, part: str) -> Maps:
        """Return the field's mean where and when the class is present; NaN where it never is."""
        return _divide(self.sums[part], self.steps[part])

    def presence(self, part: str) -> Maps:
        """Return the share of steps at which the class is present, 0…1."""
        return _divide(self.steps[part], self.steps[ALL])

    def share(self, part: str) -> Maps:
        """Return how much of the field's total falls while the class is present, per cent.

        NaN where there is nothing to share, or where what the parts bring cancels (`cancels`).
        """
        parts = np.stack([sums for flag, sums in self.sums.items() if flag != ALL])
        nothing = cancels(parts.sum(axis=0), np.abs(parts).sum(axis=0))
        return np.where(nothing, np.nan, 100.0 * _divide(self.sums[part], self.sums[ALL]))

    def contribution(self, part: str) -> Maps:
        """Return what the class adds to the field's mean over all steps: presence times mean."""
        return _divide(self.sums[part], self.steps[ALL])

    def in_units(self, units: str) -> "Composite":
        """Return the same in other units.

        Raises:
            BadInput: these units do not convert.

        """
        if is_same_unit(self.units, units):
            return self
        given, wanted = parse_unit(self.units), parse_unit(units)
        found = convert(given, wanted) if given is not None and wanted is not None else None
        if found is None:
            raise BadInput(
                f"composites in {self.units!r} cannot be subtracted from others in {units!r}: give "
                "the field the same `units` in both datasets, and make samples and sums again"
            )
        sums = {
            part: found.factor * one + found.offset * self.steps[part]
            for part, one in self.sums.items()
        }
        return replace(self, units=units, sums=sums)


def read_composites(
    paths: Sequence[Path | str], field: str, period: str = "annual", table: ClassTable | None = None
) -> Composite:
    """Add up what `compose_fields` wrote for one or more years, over a period's months.

    Raises:
        BadInput: there is no file, one lacks the field, or they differ in grid, classes or units.

    """
    totals: dict[str, dict[str, Maps]] = {"sum": {}, "steps": {}}
    first = None
    for path in paths:
        with open_composites(path, field, table) as year:
            first = first or year
            if not (year.grid.same_as(first.grid) and year.classes.flags == first.classes.flags):
                raise BadInput(f"{path}: its grid or classes are not those of {paths[0]}")
            check_units(path, year, paths[0], first)
            for part, name in enumerate(year.parts):
                for kind, maps in totals.items():
                    maps.setdefault(name, np.zeros(year.grid.shape))
                    for month in months_of(period):
                        maps[name] += year.read(kind, part, month)
    if first is None:
        raise BadInput("composites need the file of at least one year")
    return Composite(first.grid, first.classes, first.units, totals["sum"], totals["steps"])


def split_change(first: Composite, second: Composite, part: str) -> dict[str, Maps]:
    """Split the change of a class's contribution to a field's mean, second minus first.

    In units of the first.

    Raises:
        BadInput: they are of different cells, or of units that do not convert.

    """
    if not first.grid.same_as(second.grid):
        raise BadInput(
            f"composites on {first.grid.describe()} and on {second.grid.describe()} are not of the "
            "same cells, so there is no map of their change: run both experiments on one grid"
        )
    sides = first, second.in_units(first.units)
    return split_product(*(one.presence(part) for one in sides), *(one.mean(part) for one in sides))


def split_product(f1: Maps, f2: Maps, i1: Maps, i2: Maps) -> dict[str, Maps]:
    """Split the change of presence f times mean while present I, second minus first.

    Δ(f·I) = Δf·I₁ + f₁·ΔI + Δf·ΔI, exactly. Where the class is absent from one side its I is
    unknown (NaN), and is taken as the other side's: all of the change is then one of frequency.
    """
    i1, i2 = np.where(np.isnan(i1), i2, i1), np.where(np.isnan(i2), i1, i2)
    i1, i2 = np.nan_to_num(i1), np.nan_to_num(i2)
    return {
        "total": f2 * i2 - f1 * i1,
        "frequency": (f2 - f1) * i1,
        "intensity": f1 * (i2 - i1),
        "both": (f2 - f1) * (i2 - i1),
    }


def _divide(above: Maps, below: Maps) -> Maps:
    """Divide; NaN where there is nothing to divide by."""
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=below != 0)
