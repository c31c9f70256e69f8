"""Counting how often tracked events cover each cell, and where they begin and end."""

from collections.abc import Sequence
from pathlib import Path

import cftime
import netCDF4
import numpy as np
from numpy.typing import NDArray

from stormtrace.climate.counting import check_dates, read_dates, step_hours
from stormtrace.climate.seasons import expected_steps
from stormtrace.errors import BadInput
from stormtrace.formats.counts import Counts, Features, experiment_attributes, read_features
from stormtrace.track.pixels import EventPixels, EventRuns, cover


def count_events(
    mask: Path | str, objects: Path | str, events: Path | str, period: Sequence[str] | None = None
) -> Counts:
    """Count one year's tracked events by month, class and cell.

    mask: the masks that were tracked (their steps are what frequencies are per cent of); objects:
    their objects; events: the folder with `objects.parquet`. Of the cells a first and a last
    object cover, `genesis` and `termination` count one each.
    """
    pixels = EventPixels(objects, events)
    with netCDF4.Dataset(mask) as nc:
        dates = read_dates(nc)
        year = int(nc.getncattr("year")) if "year" in nc.ncattrs() else dates[0].year
        check_dates(dates, year, mask)
        features, calendar = read_features(nc, "mask"), nc["time"].calendar
        expected = expected_steps(year, calendar, step_hours(nc), period)
        attributes = experiment_attributes(nc) | {"calendar": calendar}
    _check_times(dates, pixels, mask, objects)
    months = np.array([date.month for date in dates])
    return Counts(
        year=year,
        grid=pixels.grid,
        features=features,
        steps=np.bincount(months, minlength=13)[1:],
        expected_steps=expected,
        fields=_count(pixels, months, features),
        attributes=attributes | {"experiment": Path(events).name},
    )


def _check_times(
    dates: NDArray[np.object_], pixels: EventPixels, mask: Path | str, objects: Path | str
) -> None:
    """Refuse objects that were not found in these masks."""
    found = cftime.num2date(pixels.time, pixels.time_units, pixels.calendar)
    if not np.array_equal(dates, found):
        raise BadInput(
            f"{objects} has {found.size} times and {mask} has {dates.size}, or others: find the "
            "objects of these masks again (find_objects.py)"
        )


def _count(
    pixels: EventPixels, months: NDArray[np.int64], features: Features
) -> dict[str, NDArray[np.int16]]:
    """Return count, genesis and termination, (12, class, lat, lon) each."""
    shape = (12, len(features.codes), *pixels.grid.shape)
    fields = {name: np.zeros(shape, np.int16) for name in ("count", "genesis", "termination")}
    for month in np.unique(months):
        steps = np.flatnonzero(months == month)
        runs = pixels.runs(int(steps[0]), int(steps[-1]) + 1)
        for position, code in enumerate(features.codes):
            for name, chosen in _chosen(runs.where(runs.code == code)).items():
                fields[name][month - 1, position] = cover(chosen, pixels.grid.shape)
    return fields


def _chosen(runs: EventRuns) -> dict[str, EventRuns]:
    return {
        "count": runs,
        "genesis": runs.where(runs.genesis),
        "termination": runs.where(runs.termination),
    }
