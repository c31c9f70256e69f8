"""Fields where a class is present: composites, shares, and why they change.

Sums and counts of one year are kept by month, so that any period and any number of years follow
from adding. `part` 0 is every step; then one part a class.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.climate.counting import read_dates
from stormtrace.climate.sample_files import index_samples, read_field
from stormtrace.climate.seasons import months_of
from stormtrace.errors import BadInput
from stormtrace.files import writing
from stormtrace.formats.counts import Features, experiment_attributes, read_features, read_grid
from stormtrace.grids import Grid

Maps = NDArray[np.float64]


def compose_fields(
    mask: Path | str,
    samples: Path | str,
    fields: Sequence[str],
    output: Path | str,
    provenance: Mapping[str, str],
) -> int:
    """Sum `fields` over the steps of one year, all and those of each class; return the steps.

    One month and one field at a time are in memory. Missing values (NaN) count nowhere.
    """
    files = index_samples(samples)
    with netCDF4.Dataset(mask) as nc, writing(output) as partial:
        nc.set_auto_mask(False)
        features, dates = read_features(nc, "mask"), read_dates(nc)
        months = np.array([date.month for date in dates])
        with netCDF4.Dataset(partial, "w") as out:
            out.setncatts(experiment_attributes(nc) | dict(provenance))
            _create(out, read_grid(nc), features, fields, _units(files, fields))
            for field in fields:
                for month in np.unique(months):
                    steps = np.flatnonzero(months == month)
                    values = (read_field(files, dates[step], field) for step in steps)
                    masks = (nc["mask"][step] for step in steps)
                    sums, counts = _sum(values, masks, features, nc["mask"].shape[1:])
                    out[f"{field}_sum"][month - 1] = sums
                    out[f"{field}_steps"][month - 1] = counts
    return int(dates.size)


def _sum(
    values: Iterable[NDArray[np.float32]],
    masks: Iterable[NDArray[np.int8]],
    features: Features,
    shape: tuple[int, int],
) -> tuple[Maps, NDArray[np.int32]]:
    """Return sums and counts, (part, lat, lon) each.

    Features cover little of the globe: of their parts only the cells they cover are touched.
    """
    sums = np.zeros((1 + len(features.codes), *shape))
    counts = np.zeros(sums.shape, np.int32)
    for field, mask in zip(values, masks, strict=True):
        known = np.isfinite(field)
        np.add(sums[0], field, out=sums[0], where=known)
        counts[0] += known
        for part, code in enumerate(features.codes, start=1):
            cells = np.nonzero((mask == code) & known)
            sums[part][cells] += field[cells]
            counts[part][cells] += 1
    return sums, counts


def _units(files: Mapping[str, Path], fields: Sequence[str]) -> dict[str, str]:
    with netCDF4.Dataset(next(iter(files.values()))) as nc:
        absent = [field for field in fields if field not in nc.variables]
        if absent:
            raise BadInput(f"the samples have no {absent}; they have {sorted(nc.variables)}")
        return {field: str(getattr(nc[field], "units", "")) for field in fields}


def _create(
    nc: netCDF4.Dataset,
    grid: Grid,
    features: Features,
    fields: Sequence[str],
    units: Mapping[str, str],
) -> None:
    nc.Conventions = "CF-1.11"
    parts = ("all", *features.names)
    sizes = {"month": 12, "part": len(parts), "lat": grid.lat.size, "lon": grid.lon.size}
    for name, size in sizes.items():
        nc.createDimension(name, size)
    nc.createVariable("part", str, ("part",))[:] = np.array(parts, object)
    for name, values in (("lat", grid.lat), ("lon", grid.lon)):
        nc.createVariable(name, "f8", (name,))[:] = values
    for field in fields:
        for name, kind in ((f"{field}_sum", "f8"), (f"{field}_steps", "i4")):
            variable = nc.createVariable(
                name,
                kind,
                ("month", "part", "lat", "lon"),
                zlib=True,
                complevel=1,
                chunksizes=(1, 1, *grid.shape),
                fill_value=0,
            )
            variable.units = units[field] if kind == "f8" else "1"
        nc[f"{field}_sum"].long_name = f"sum of {field} over the steps of a part"


@dataclass(frozen=True)
class Composite:
    """Sums and counts of a period, by part ("all" and each class), (lat, lon) each."""

    grid: Grid
    units: str
    sums: dict[str, Maps]
    steps: dict[str, Maps]

    def mean(self, part: str) -> Maps:
        """Return the field's mean where and when the class is present; NaN where it never is."""
        return _divide(self.sums[part], self.steps[part])

    def presence(self, part: str) -> Maps:
        """Return the share of steps at which the class is present, 0…1."""
        return _divide(self.steps[part], self.steps["all"])

    def share(self, part: str) -> Maps:
        """Return how much of the field's total falls while the class is present, per cent."""
        return 100.0 * _divide(self.sums[part], self.sums["all"])

    def contribution(self, part: str) -> Maps:
        """Return what the class adds to the field's mean over all steps: presence times mean."""
        return _divide(self.sums[part], self.steps["all"])


def read_composites(paths: Sequence[Path | str], field: str, period: str = "annual") -> Composite:
    """Add up what `compose_fields` wrote for one or more years, over a period's months."""
    sums: dict[str, Maps] = {}
    steps: dict[str, Maps] = {}
    for path in paths:
        with netCDF4.Dataset(path) as nc:
            nc.set_auto_mask(False)
            if f"{field}_sum" not in nc.variables:
                raise BadInput(
                    f"{path} has no composites of {field}: make them (compose_fields.py)"
                )
            grid, units = read_grid(nc), str(nc[f"{field}_sum"].units)
            for part, name in enumerate(nc["part"][:]):
                for month in months_of(period):
                    for totals, kind in ((sums, "sum"), (steps, "steps")):
                        values = nc[f"{field}_{kind}"][month - 1, part].astype(np.float64)
                        totals[name] = totals[name] + values if name in totals else values
    if not sums:
        raise BadInput("composites need the file of at least one year")
    return Composite(grid, units, sums, steps)


def split_change(first: Composite, second: Composite, part: str) -> dict[str, Maps]:
    """Split the change of a class's contribution to a field's mean, second minus first.

    With presence f and mean while present I: Δ(f·I) = Δf·I₁ + f₁·ΔI + Δf·ΔI, exactly. Where the
    class is absent from one side its I is unknown, and is taken as the other side's: all of the
    change is then one of frequency.
    """
    f1, f2 = first.presence(part), second.presence(part)
    i1, i2 = first.mean(part), second.mean(part)
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
