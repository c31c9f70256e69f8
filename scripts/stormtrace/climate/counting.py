"""Counting how often each class covers each cell: streamed, exact, one year at a time."""

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import cftime
import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.climate.seasons import expected_steps
from stormtrace.errors import BadInput
from stormtrace.formats.counts import (
    Counts,
    Features,
    experiment_attributes,
    read_features,
    read_grid,
)

BLOCK_STEPS = 32
"""Steps read at once: 28 MB of 768 × 1152, and few enough to add up in 8 bits."""


def count_masks(path: Path | str, period: Sequence[str] | None = None) -> Counts:
    """Count the masks of one year by month, class and cell.

    period: ``[start, end)`` of the experiment as ISO dates; with it, `expected_steps` knows that
    a year begins late or ends early. Refuses codes the file does not declare, duplicate times,
    and times of another year.
    """
    with netCDF4.Dataset(path) as nc:
        nc.set_auto_mask(False)
        if "mask" not in nc.variables:
            raise BadInput(f"{path} has no variable 'mask': give a file that detect.py wrote")
        features = read_features(nc, "mask")
        dates = read_dates(nc)
        year = int(nc.getncattr("year")) if "year" in nc.ncattrs() else dates[0].year
        check_dates(dates, year, path)
        months = np.array([date.month for date in dates])
        calendar = nc["time"].calendar
        fields = {"count": _count(nc["mask"], months, features, path)}
        if "agreement" in nc.variables:
            fields["votes"] = _count_votes(nc, months, features)
        return Counts(
            year=year,
            grid=read_grid(nc),
            features=features,
            steps=np.bincount(months, minlength=13)[1:],
            expected_steps=expected_steps(year, calendar, step_hours(nc), period),
            fields=fields,
            attributes=experiment_attributes(nc) | {"calendar": calendar},
        )


def read_dates(nc: netCDF4.Dataset) -> NDArray[np.object_]:
    """Read the times of an open mask file as dates of its own calendar, (time,)."""
    time = nc["time"]
    return np.atleast_1d(cftime.num2date(time[:], time.units, time.calendar))


def check_dates(dates: NDArray[np.object_], year: int, path: Path | str) -> None:
    """Refuse an empty file, times out of order or twice, and times of another year."""
    if dates.size == 0:
        raise BadInput(f"{path} holds no time step: detect year {year} again")
    for earlier, later in itertools.pairwise(dates):
        if later <= earlier:
            raise BadInput(f"{path}: times must ascend, but {later} follows {earlier}")
    for date in (dates[0], dates[-1]):
        if date.year != year:
            raise BadInput(f"{path} should hold times of {year}, but holds {date}")


def step_hours(nc: netCDF4.Dataset) -> float:
    """Return hours between steps: the file's attribute, or else the shortest step in it."""
    if "step_hours" in nc.ncattrs():
        return float(nc.getncattr("step_hours"))
    gaps = [later - earlier for earlier, later in itertools.pairwise(read_dates(nc))]
    return min(gaps).total_seconds() / 3600 if gaps else 24.0


def _count(
    mask: netCDF4.Variable, months: NDArray[np.int64], features: Features, path: Path | str
) -> NDArray[np.int16]:
    """Return (12, class, lat, lon)."""
    counts = np.zeros((12, len(features.codes), *mask.shape[1:]), np.int16)
    for first, last in blocks(months):
        block = mask[first:last]
        _check_codes(block, features, path, first)
        for total, code in zip(counts[months[first] - 1], features.codes, strict=True):
            total += (block == code).view(np.uint8).sum(axis=0, dtype=np.uint8)
    return counts


def _count_votes(
    nc: netCDF4.Dataset, months: NDArray[np.int64], features: Features
) -> NDArray[np.int16]:
    """Return (12, class, lat, lon): members of an ensemble that see what its mask has."""
    mask, agreement = nc["mask"], nc["agreement"]
    votes = np.zeros((12, len(features.codes), *mask.shape[1:]), np.int16)
    for first, last in blocks(months):
        block, agreeing = mask[first:last], agreement[first:last]
        for total, code in zip(votes[months[first] - 1], features.codes, strict=True):
            total += np.where(block == code, agreeing, 0).sum(axis=0, dtype=np.int16)
    return votes


def blocks(months: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Yield ``(first, last)`` index ranges of at most `BLOCK_STEPS` steps within one month."""
    edges = [0, *(np.flatnonzero(np.diff(months)) + 1), months.size]
    for start, stop in itertools.pairwise(edges):
        for first in range(start, stop, BLOCK_STEPS):
            yield int(first), int(min(first + BLOCK_STEPS, stop))


def _check_codes(block: NDArray[np.int8], features: Features, path: Path | str, first: int) -> None:
    """Refuse codes that the file's flags do not declare (a fill value, most likely)."""
    if block.view(np.uint8).max() <= max(features.codes):
        return
    known = np.isin(block, [0, *features.codes])
    step = first + int(np.flatnonzero(~known.all(axis=(1, 2)))[0]) if not known.all() else None
    if step is not None:
        wrong = np.unique(block[~known]).tolist()
        raise BadInput(
            f"{path}: codes must be among {[0, *features.codes]}, but step {step} (of "
            f"{int((~known).sum())} cells near it) holds {wrong}: detect this year again"
        )
