"""Masks that somebody else made become mask files of ours: grid, calendar and times checked."""

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stormtrace.blocks import flag
from stormtrace.class_table import ClassTable
from stormtrace.classes import Classes
from stormtrace.commandline import progress
from stormtrace.detect.expected_steps import count_absent
from stormtrace.detect.foreign_masks import foreign_masks
from stormtrace.detect.recipes import AdoptedMasks
from stormtrace.errors import BadInput
from stormtrace.formats.masks import mask_file
from stormtrace.formats.samples import samples_by_time, time_stamp
from stormtrace.grids import Grid
from stormtrace.prepare.dataset import Source
from stormtrace.prepare.raw.calendar_time import HOUR, Calendar
from stormtrace.prepare.raw.found_files import files_near
from stormtrace.prepare.raw.raw_formats import open_raw_file
from stormtrace.prepare.raw.time_axis import settled
from stormtrace.provenance import checksums

log = logging.getLogger("stormtrace")


def adopt_masks(
    adopted: AdoptedMasks,
    grid: Grid,
    output: Path,
    *,
    year: int,
    periods: Sequence[Sequence[str]],
    step_hours: float,
    samples: Path | None = None,
    attributes: Mapping[str, Any],
    table: ClassTable | None = None,
) -> None:
    """Write the masks of a year.

    periods: [first moment, first no longer in it] of the stretches of the year; step_hours: of the
    dataset; samples: the folder of the year's samples, where the experiment also uses those: each
    mask must have one.

    Raises:
        BadInput: files, variable or times are missing; grid or calendar is another; the masks are
            not of their layout.

    """
    paths = files_near(Source(adopted.variable, adopted.files), year)
    if not paths:
        raise BadInput(
            f"there are no masks of {year}: looked for {', '.join(adopted.files)}; correct `files` "
            f"of the detector {adopted.name}, or the experiment's period"
        )
    classes = Classes.of_labels(adopted.labels, table)
    step = round(step_hours * HOUR)
    places, calendar = _places(paths, adopted, classes, grid, periods, step)
    if samples is not None:
        _check_samples(samples, places, calendar)
    moments = sorted(places)
    blank, kept = 0, []
    start = calendar.seconds(f"{year:04d}-01-01")
    time = {"units": f"hours since {year:04d}-01-01 00:00:00", "calendar": calendar.name}
    missing = {moment for moment, mask in _read(places, adopted, classes, grid) if mask is None}
    there = np.array([one for one in moments if one not in missing], np.int64)
    if not there.size:
        raise BadInput(f"{paths[0]} …: all {len(moments)} masks of {year} are missing values")
    where = (", ".join(adopted.files), "masks")
    remedies = (
        "give the dataset the step_hours of the masks, or leave those masks out",
        "Correct the experiment's `period`, or say `missing_steps: skip` of the detector",
    )
    absent = count_absent(where, calendar, there, step, periods, adopted.missing_steps, remedies)
    with mask_file(output, grid, classes, time, steps=there.size) as writer:
        for moment, mask in progress(_read(places, adopted, classes, grid), "steps", len(places)):
            if mask is None:
                continue
            blank += not mask.any()
            kept.append(moment)
            writer.write([(moment - start) / HOUR], {"mask": mask[None]})
        inputs = checksums(sorted({path for path, _ in places.values()}))
        writer.describe(
            year=year,
            period=f"{periods[0][0]}/{periods[-1][1]}",
            detector_checksum=_checksum(adopted, inputs),
            recipe=flag(adopted),
            step_hours=float(step_hours),
            missing_steps=absent,
            blank_steps=blank,
            **{**attributes, "inputs": json.dumps(inputs)},
        )
    if absent:
        log.warning("%s: %d expected steps have no mask", ", ".join(adopted.files), absent)


def _places(
    paths: Sequence[str],
    adopted: AdoptedMasks,
    classes: Classes,
    grid: Grid,
    periods: Sequence[Sequence[str]],
    step: int,
) -> tuple[dict[int, tuple[str, int]], Calendar]:
    """Return the seconds of each mask in the periods -> file and record; and the calendar.

    Raises:
        BadInput: files differ in calendar, two masks have one time, or none is in the periods.

    """
    places: dict[int, tuple[str, int]] = {}
    calendar, spans = None, []
    for path in paths:
        with open_raw_file(path) as opened:
            axis = foreign_masks(opened, adopted, classes, grid).axis
        if axis.span is None:  # a single record, whose interval only the step tells
            axis = settled(axis, step)
        if calendar is not None and axis.calendar != calendar:
            raise BadInput(
                f"{path} is in the {axis.calendar.name} calendar, but {paths[0]} in the "
                f"{calendar.name} one: leave one of them out"
            )
        calendar = axis.calendar
        spans.append((calendar.text(axis.start[0]), calendar.text(axis.start[-1])))
        edges = [(calendar.seconds(start), calendar.seconds(end)) for start, end in periods]
        for second, record in zip(axis.start.tolist(), axis.records.tolist(), strict=True):
            if not any(start <= second < end for start, end in edges):
                continue
            if second in places:
                raise BadInput(
                    f"{path} and {places[second][0]} both have a mask of {calendar.text(second)}: "
                    "leave one out"
                )
            places[second] = (path, record)
    if calendar is None or not places:
        raise BadInput(
            f"{paths[0]}: no mask lies in {periods[0][0]} to before {periods[-1][1]}; the files "
            f"have {spans[0][0]} to {spans[-1][1]}: correct the experiment's period, or `stamps`"
        )
    return places, calendar


def _read(
    places: Mapping[int, tuple[str, int]], adopted: AdoptedMasks, classes: Classes, grid: Grid
) -> Iterator[tuple[int, Any]]:
    """Yield seconds and mask of each place in order of time; None for a mask of fill values."""
    opened, masks, current = None, None, ""
    try:
        for moment in sorted(places):
            path, record = places[moment]
            if path != current or opened is None or masks is None:
                if opened is not None:
                    opened.close()
                opened, current = open_raw_file(path), path
                masks = foreign_masks(opened, adopted, classes, grid)
            yield moment, masks.read(record)
    finally:
        if opened is not None:
            opened.close()


def _check_samples(samples: Path, places: Mapping[int, Any], calendar: Calendar) -> None:
    """Refuse (BadInput) masks of times of which there is no sample, such as of another calendar."""
    stamps = samples_by_time(samples)
    dates = {time_stamp(date) for date in calendar.dates(sorted(places))}
    if others := sorted(dates - set(stamps)):
        raise BadInput(
            f"{len(others)} masks ({others[0]} … {others[-1]}, calendar {calendar.name}) have no "
            f"sample in {samples} ({next(iter(stamps))} …): masks and dataset differ in calendar, "
            "steps or `stamps`"
        )


def _checksum(adopted: AdoptedMasks, inputs: Mapping[str, str]) -> str:
    """Return a digest of what was adopted: the layout, and the contents of the files.

    inputs: file -> checksum.
    """
    said = adopted.model_dump(include={"variable", "tag", "codes", "layers", "stamps"})
    text = repr(sorted(said.items())) + repr(sorted(inputs.values()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
