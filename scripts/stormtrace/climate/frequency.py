"""All years of an experiment in one file, and the maps that any period gives from it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.climate.seasons import months_of, season_year
from stormtrace.errors import BadInput
from stormtrace.files import writing
from stormtrace.formats.counts import (
    Counts,
    Features,
    add_count,
    read_counts,
    read_features,
    read_grid,
    write_axes,
    write_steps,
)
from stormtrace.grids import Grid

#: Of the calendars whose year is not the Gregorian.
DAYS_A_YEAR = {"noleap": 365.0, "365_day": 365.0, "all_leap": 366.0, "366_day": 366.0}
DAYS_A_YEAR |= {"360_day": 360.0, "julian": 365.25}


@dataclass(frozen=True)
class Frequency:
    """An open `frequency.nc`: maps are read from it as they are asked for, each only once.

    years: (year,); steps, expected_steps: (year, 12); monthly: what was read, all years together.
    """

    grid: Grid
    features: Features
    years: NDArray[np.int64]
    steps: NDArray[np.int64]
    expected_steps: NDArray[np.int64]
    attributes: dict[str, str]
    file: netCDF4.Dataset
    monthly: dict[tuple[str, str], NDArray[np.int32]] = field(default_factory=dict)

    def has(self, variable: str) -> bool:
        """Whether the file holds a variable such as `genesis`."""
        return variable in self.file.variables

    def total(self, variable: str, feature: str, period: str = "annual") -> NDArray[np.int64]:
        """Return the sum over all years of a period's months, (lat, lon)."""
        if (variable, feature) not in self.monthly:
            self.monthly[variable, feature] = self._read_monthly(variable, feature)
        months = np.array(months_of(period)) - 1
        return self.monthly[variable, feature][months].sum(axis=0, dtype=np.int64)

    def _read_monthly(self, variable: str, feature: str) -> NDArray[np.int32]:
        """Return the sum over years of each calendar month, (12, lat, lon)."""
        index = self.features.names.index(feature)
        total = np.zeros((12, *self.grid.shape), np.int32)
        for year, month in self.months("annual"):
            total[month - 1] += self.file[variable][year, month - 1, index]
        return total

    def period_steps(self, period: str = "annual") -> int:
        """Return the steps that exist in a period, over all years."""
        return int(self.steps[:, np.array(months_of(period)) - 1].sum())

    def per_cent(
        self, feature: str, period: str = "annual", variable: str = "count"
    ) -> NDArray[np.float64]:
        """Return 100 · Σ count / Σ steps, (lat, lon); NaN if the period has no steps."""
        steps = self.period_steps(period)
        if steps == 0:
            return np.full(self.grid.shape, np.nan)
        return 100.0 * self.total(variable, feature, period) / steps

    def agreement(self, feature: str, period: str = "annual") -> NDArray[np.float64]:
        """Return how many members of an ensemble see what it finds, per cent (lat, lon).

        The mean over the steps at which the ensemble finds the class; NaN where it never does.
        """
        votes, found = (self.total(name, feature, period) for name in ("votes", "count"))
        members = int(self.attributes["members"])
        share = np.full(self.grid.shape, np.nan)
        return np.divide(100.0 * votes, members * found, out=share, where=found > 0)

    def by_year(
        self, feature: str, period: str = "annual", variable: str = "count"
    ) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]:
        """Return years (n,), counts (n, lat, lon) and steps (n,) for a period, year by year.

        The units a bootstrap draws from: a December belongs to the next year's DJF. Years in
        which the period has no step are left out.
        """
        index = self.features.names.index(feature)
        counts: dict[int, NDArray[np.float32]] = {}
        steps: dict[int, int] = {}
        for position, month in self.months(period):
            unit = season_year(int(self.years[position]), month, period)
            values = self.file[variable][position, month - 1, index]
            counts.setdefault(unit, np.zeros(self.grid.shape, np.float32))
            counts[unit] += values
            steps[unit] = steps.get(unit, 0) + int(self.steps[position, month - 1])
        years = sorted(counts)
        return (
            np.array(years),
            np.array([counts[year] for year in years]).reshape(-1, *self.grid.shape),
            np.array([steps[year] for year in years]),
        )

    def months(self, period: str) -> Iterator[tuple[int, int]]:
        """Yield (position of the year, calendar month) of every month that has steps."""
        for position in range(self.years.size):
            for month in months_of(period):
                if self.steps[position, month - 1] > 0:
                    yield position, month

    @property
    def length_years(self) -> float:
        """The length of the record in years: steps that exist over steps of a whole year."""
        hours = float(self.attributes.get("step_hours", 3))
        days = DAYS_A_YEAR.get(self.attributes.get("calendar", ""), 365.2425)
        return float(self.steps.sum()) * hours / (24 * days)


@contextlib.contextmanager
def open_frequency(path: Path | str) -> Iterator[Frequency]:
    """Open `frequency.nc` for reading."""
    with netCDF4.Dataset(path) as nc:
        nc.set_auto_mask(False)
        if "year" not in nc.dimensions or "count" not in nc.variables:
            raise BadInput(f"{path} is not a frequency file: make it with merge_counts.py")
        yield Frequency(
            grid=read_grid(nc),
            features=read_features(nc),
            years=nc["year"][:].astype(np.int64),
            steps=nc["steps"][:].astype(np.int64),
            expected_steps=nc["expected_steps"][:].astype(np.int64),
            attributes={name: str(nc.getncattr(name)) for name in nc.ncattrs()},
            file=nc,
        )


def merge_counts(
    masks: Sequence[Path | str],
    events: Sequence[Path | str],
    output: Path | str,
    provenance: Mapping[str, str],
) -> None:
    """Join the counts of all years into `output`; one month is in memory at a time.

    Every year must be there once, from masks and (unless `events` is empty) from events, on one
    grid and for one experiment, with the same number of steps. Experiments that differ only in
    tracking share masks: the name that counts is that of the events.
    """
    mask_paths, event_paths = _by_year(masks), _by_year(events)
    if event_paths and mask_paths.keys() != event_paths.keys():
        raise BadInput(
            f"masks and events must cover the same years: {sorted(mask_paths)} are counted from "
            f"masks, {sorted(event_paths)} from events"
        )
    years = sorted(mask_paths)
    with writing(output) as partial, netCDF4.Dataset(partial, "w") as nc:
        first = read_counts(mask_paths[years[0]], with_fields=False)
        of_masks = {"count": "count"} | ({"votes": "votes"} if _members(first) > 1 else {})
        of_events = EVENT_VARIABLES if event_paths else {}
        _create(nc, first, years, [*of_masks.values(), *of_events.values()])
        tracked = read_counts(event_paths[years[0]], with_fields=False) if event_paths else first
        nc.setncatts(first.attributes | tracked.attributes | dict(provenance))
        for position, year in enumerate(years):
            counted = read_counts(mask_paths[year], with_fields=False)
            _check_same(first, counted, mask_paths[year])
            nc["steps"][position] = counted.steps
            nc["expected_steps"][position] = counted.expected_steps
            _copy(mask_paths[year], of_masks, nc, position, counted.steps)
            if event_paths:
                tracked = read_counts(event_paths[year], with_fields=False)
                _check_same(counted, tracked, event_paths[year], of_events=True)
                _copy(event_paths[year], of_events, nc, position, counted.steps)


#: Variable in the counts of events -> what it is called beside those of masks.
EVENT_VARIABLES = {"count": "event_count", "genesis": "genesis", "termination": "termination"}


def _copy(
    path: Path,
    names: Mapping[str, str],
    nc: netCDF4.Dataset,
    position: int,
    steps: NDArray[np.int64],
) -> None:
    """Copy one year's fields, month by month; a month without steps stays zero."""
    with netCDF4.Dataset(path) as counts:
        counts.set_auto_mask(False)
        for source, name in names.items():
            for month in np.flatnonzero(steps):
                nc[name][position, month] = counts[source][month]


def _members(counts: Counts) -> int:
    """Return how many networks looked together."""
    return int(counts.attributes.get("members", 1))


def _create(
    nc: netCDF4.Dataset, first: Counts, years: Sequence[int], variables: Sequence[str]
) -> None:
    nc.createDimension("year", len(years))
    nc.createVariable("year", "i4", ("year",))[:] = years
    write_axes(nc, first.grid, first.features)
    for name in ("steps", "expected_steps"):
        write_steps(nc, name, ("year", "month"))
    for name in variables:
        add_count(nc, name, ("year", "month", "class", "lat", "lon"))


def _by_year(paths: Sequence[Path | str]) -> dict[int, Path]:
    """Map the year each file says it holds to its path."""
    found: dict[int, Path] = {}
    for path in map(Path, paths):
        with netCDF4.Dataset(path) as nc:
            if "year" not in nc.ncattrs():
                raise BadInput(f"{path} is not a file of counts: it has no attribute 'year'")
            year = int(nc.getncattr("year"))
        if year in found:
            raise BadInput(f"{found[year]} and {path} both hold counts of {year}: keep one")
        found[year] = path
    return found


def _check_same(first: Counts, other: Counts, path: Path, of_events: bool = False) -> None:
    """Refuse to join counts of different grids, classes, experiments or (of events) steps."""
    pairs: list[tuple[str, object, object]] = [
        ("grid shape", first.grid.shape, other.grid.shape),
        ("classes", first.features, other.features),
    ]
    if of_events:
        pairs.append(("steps of each month", first.steps.tolist(), other.steps.tolist()))
    else:
        names = [counts.attributes.get("experiment") for counts in (first, other)]
        pairs.append(("experiment", names[0], names[1]))
        pairs.append(("number of members", _members(first), _members(other)))
    for what, expected, found in pairs:
        if expected != found:
            raise BadInput(f"{path}: expected the {what} {expected}, found {found}")
    for name in ("lat", "lon"):
        if not np.allclose(getattr(first.grid, name), getattr(other.grid, name), atol=1e-6):
            raise BadInput(f"{path}: its {name} is not that of the other years")
