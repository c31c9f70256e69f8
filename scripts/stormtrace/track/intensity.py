"""Intensity of objects: maximum, area-weighted mean and minimum of fields inside them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import cftime
import numpy as np
from numpy.typing import NDArray

from stormtrace.compiled import compiled
from stormtrace.errors import BadInput
from stormtrace.formats.masks import MaskFile
from stormtrace.formats.netcdf import variable
from stormtrace.formats.samples import (
    NETCDF,
    opening_sample,
    read_fields,
    samples_by_time,
    time_stamp,
)
from stormtrace.track.labelling import Step
from stormtrace.track.measured import components


def measure_fields(
    steps: Sequence[Step],
    samples: Iterator[dict[str, NDArray[np.float32]]],
    area: NDArray[np.float64],
) -> dict[str, NDArray[np.float64]]:
    """Return the columns ``{FIELD}_max``, ``_mean``, ``_min`` of the objects of `steps`.

    samples: the fields of each step in the same order, ``{FIELD: (ny, nx)}``; area: of the cells,
    (ny, nx). Missing values are left out; an object without any other value gets NaN.
    """
    parts: dict[str, list[NDArray[np.float64]]] = {}
    for step, sample in zip(steps, samples, strict=False):
        for name, field in sample.items():
            values = _field_in_objects(
                field, step.row, step.start, step.stop, step.measures.runs, area
            )
            for column, part in zip(("max", "mean", "min"), values, strict=True):
                parts.setdefault(f"{name}_{column}", []).append(part)
    return {name: np.concatenate(columns) for name, columns in parts.items()}


@compiled
def _field_in_objects(field, row, start, stop, lengths, cell_area):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    highest = np.full(lengths.size, np.nan)
    mean, lowest = highest.copy(), highest.copy()
    run = 0
    for k in range(lengths.size):
        area, total = 0.0, 0.0
        for _ in range(lengths[k]):
            for column in range(start[run], stop[run]):
                value = np.float64(field[row[run], column])
                if np.isnan(value):
                    continue
                if area == 0.0:
                    highest[k] = lowest[k] = value
                highest[k], lowest[k] = max(highest[k], value), min(lowest[k], value)
                area += cell_area[row[run], column]
                total += cell_area[row[run], column] * value
            run += 1
        if area > 0.0:
            mean[k] = total / area
    return highest, mean, lowest


def read_samples(
    folder: Path, names: Sequence[str], masks: MaskFile
) -> Iterator[dict[str, NDArray[np.float32]]]:
    """Yield what `names` stand for (`track.measured`) at each step of `masks`, in order.

    Raises:
        BadInput: a step has no sample, or its sample lacks a field or is on another grid.

    """
    samples = samples_by_time(folder)
    sources = _sources(next(iter(samples.values())), names)
    fields = list(dict.fromkeys(field for source in sources.values() for field in source))
    for date in cftime.num2date(masks.time, masks.time_units, masks.calendar):
        if (stamp := time_stamp(date)) not in samples:
            raise BadInput(
                f"{folder} has no sample of {stamp}, a step of {masks.path}: make the samples "
                "again (scripts/make_samples.py), or the masks"
            )
        values = read_fields(samples[stamp], fields, masks.grid)
        yield {
            name: np.hypot(*(values[one] for one in source)) if len(source) > 1 else values[name]
            for name, source in sources.items()
        }


def units_of(folder: Path, names: Sequence[str]) -> dict[str, str]:
    """Return the units of each of `names` in the first sample of a folder.

    Raises:
        BadInput: it lacks a field, or the components of a wind have different units.

    """
    first = next(iter(samples_by_time(folder).values()))
    sources, found = _sources(first, names), {}
    with NETCDF, opening_sample(first) as nc:
        for name, source in sources.items():
            units = [str(getattr(variable(nc, field), "units", "")) for field in source]
            if len(set(units)) > 1:
                raise BadInput(
                    f"{first}: {name} is a speed, but the units of {' and '.join(source)} are "
                    f"{units}: give both the same `units` in the dataset"
                )
            found[name] = units[0]
    return found


def _sources(sample: Path, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return name -> the fields of the samples that it stands for."""
    with NETCDF, opening_sample(sample) as nc:
        there = set(nc.variables)
    parts = {name: components(name) for name in names}
    return {
        name: (name,) if name in there or part is None else part for name, part in parts.items()
    }
