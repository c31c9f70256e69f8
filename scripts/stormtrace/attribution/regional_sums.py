"""Sums of a field over regions, by year and month: what shares and changes are computed from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.attribution.extremes import above
from stormtrace.class_table import ClassTable
from stormtrace.classes import Classes
from stormtrace.climate.composites import cancels
from stormtrace.climate.seasons import months_of, season_year
from stormtrace.errors import BadInput
from stormtrace.formats.composite_sums import CompositeFile, check_units, open_composites
from stormtrace.formats.netcdf import opening
from stormtrace.grids import Grid
from stormtrace.grids.boxes import box_cells
from stormtrace.land import land_fraction

#: Degrees of latitude of a band.
BAND = 5

#: All cells, and those that are mostly land or sea.
EVERYWHERE, LAND, OCEAN = "everywhere", "land", "ocean"

Sums = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RegionalSums:
    """Area-weighted sums of one experiment and field.

    measures: `total` and `p99` …, the field and what is above its percentiles. sums, steps: (year,
    month, measure, part, region), km² times the field's units, and km² times steps. regions: boxes
    of the study, everywhere, land, ocean; then `bands` of latitude, (south, north). years: (year,).
    gross: (year, month, measure, region), what the classes and none of them bring either way, the
    absolute values of cells and months added up.
    """

    units: str
    classes: Classes
    parts: Sequence[str]
    measures: Sequence[str]
    regions: Sequence[str]
    bands: Sequence[tuple[float, float]]
    years: Sequence[int]
    sums: Sums
    steps: Sums
    gross: Sums
    about: Mapping[str, str]

    @property
    def places(self) -> list[str]:
        """Names of regions and bands, as they lie along the last axis."""
        return [*self.regions, *(f"{south:g} to {north:g}" for south, north in self.bands)]

    @property
    def record(self) -> int:
        """The calendar years that have steps; of four the winters are five, two of them parts."""
        return int(self.steps[:, :, 0, 0].any(axis=(1, 2)).sum())

    def cancels(self, period: str) -> NDArray[np.bool_]:
        """Return where the parts of a period nearly cancel, (measure, region or band)."""
        months = np.array(months_of(period)) - 1
        net = self.sums[:, months][..., 1:, :].sum(axis=(0, 1, 3))
        return cancels(net, self.gross[:, months].sum(axis=(0, 1)))

    def by_year(self, period: str) -> tuple[list[int], Sums, Sums]:
        """Return years, and sums and steps of a period, (year, measure, part, region or band).

        December belongs to the DJF of the next year. Years without steps are left out.
        """
        rows = [
            (season_year(year, month, period), y, month - 1)
            for y, year in enumerate(self.years)
            for month in months_of(period)
        ]
        years = sorted({year for year, _, _ in rows})
        found = np.zeros((2, len(years), *self.sums.shape[2:]))
        for year, y, month in rows:
            found[0, years.index(year)] += self.sums[y, month]
            found[1, years.index(year)] += self.steps[y, month]
        there = np.asarray(found[1, :, 0, 0].any(axis=-1), bool)
        return (
            [year for year, one in zip(years, there.tolist(), strict=True) if one],
            found[0, there],
            found[1, there],
        )


@dataclass(frozen=True, eq=False)
class Regions:
    """The regions and bands of latitude of a grid.

    names, areas: (region, cells), km² of each cell in each region. bands: degrees; band: (cells,)
    which of them each cell is in.
    """

    names: Sequence[str]
    bands: Sequence[tuple[float, float]]
    areas: Sums
    band: NDArray[np.int64]
    area: Sums

    @classmethod
    def of(cls, grid: Grid, boxes: Mapping[str, Sequence[float]]) -> "Regions":
        """Return those that have cells: everywhere, land, ocean, boxes, bands."""
        is_land = land_fraction(grid) > 0.5
        named = {EVERYWHERE: np.ones(grid.shape, bool), LAND: is_land, OCEAN: ~is_land}
        named |= {name: box_cells(grid, box) for name, box in boxes.items()}
        named = {name: cells for name, cells in named.items() if cells.any()}
        lat, _ = grid.points
        index = np.clip((lat + 90.0) // BAND, 0, 180 // BAND - 1).astype(np.int64)
        there, band = np.unique(index.ravel(), return_inverse=True)
        bands = [(float(one * BAND - 90), float((one + 1) * BAND - 90)) for one in there]
        areas = np.stack([np.where(one, grid.area, 0.0).ravel() for one in named.values()])
        return cls(list(named), bands, areas, band.ravel(), grid.area.ravel())

    def add(self, values: NDArray[Any]) -> Sums:
        """Return area-weighted sums of a map over regions, then bands."""
        flat = values.ravel()
        bands = np.bincount(self.band, self.area * flat, len(self.bands))
        return np.concatenate([self.areas @ flat, bands])


def regional_sums(
    paths: Sequence[Path | str],
    field: str,
    percentiles: Sequence[float],
    boxes: Mapping[str, Sequence[float]],
    table: ClassTable | None = None,
) -> RegionalSums:
    """Add up the sums of one or more years (`yearly_sums`) over regions and bands of latitude.

    Raises:
        BadInput: a file is none of attribution, or years differ in grid, classes or units.

    """
    names = {"total": field} | {f"p{one:g}": above(field, one) for one in percentiles}
    found: dict[int, list[tuple[Sums, Sums, Sums]]] = {}
    first = regions = None
    for path in paths:
        for name in names.values():
            with open_composites(path, name, table) as year:
                if first is None:
                    first, regions = year, Regions.of(year.grid, boxes)
                if not (year.grid.same_as(first.grid) and year.parts == first.parts):
                    raise BadInput(f"{path}: its grid or classes are not those of {paths[0]}")
                if not year.has_none:
                    raise BadInput(f"{path} has composites, not sums of attribute_field.py")
                check_units(path, year, paths[0], first)
                assert regions is not None
                found.setdefault(year.year, []).append(_of_year(year, regions))
    if first is None or regions is None:
        raise BadInput("attribution needs the sums of at least one year")
    years = sorted(found)
    sums, steps, gross = (
        np.stack([np.stack([one[kind] for one in found[year]], axis=1) for year in years])
        for kind in range(3)
    )
    return RegionalSums(
        units=first.units,
        classes=first.classes,
        parts=first.parts,
        measures=list(names),
        regions=regions.names,
        bands=regions.bands,
        years=years,
        sums=sums,
        steps=steps,
        gross=gross,
        about=_about(paths[0]),
    )


def _of_year(year: CompositeFile, regions: Regions) -> tuple[Sums, Sums, Sums]:
    """Return sums and steps, (month, part, region or band), and what goes either way, without part.

    The first part is all of them, and left out of the last.
    """
    shape = (12, len(year.parts), len(regions.names) + len(regions.bands))
    sums, steps, gross = np.zeros(shape), np.zeros(shape), np.zeros((12, shape[-1]))
    for month in range(12):
        for part in range(len(year.parts)):
            count = year.read("steps", part, month + 1)
            if count.any():
                steps[month, part] = regions.add(count)
                values = year.read("sum", part, month + 1)
                sums[month, part] = regions.add(values)
                gross[month] += regions.add(np.abs(values)) if part else 0.0
    return sums, steps, gross


def _about(path: Path | str) -> dict[str, str]:
    wanted = ("experiment", "within", "extremes_over")
    with opening(path) as nc:
        return {name: str(nc.getncattr(name)) for name in wanted if name in nc.ncattrs()}
