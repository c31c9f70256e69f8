"""Objects files of all years -> one record, after checking that they belong together."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import cftime
import numpy as np
from numpy.typing import NDArray

from stormtrace.class_table import ClassTable
from stormtrace.errors import BadInput
from stormtrace.formats.objects import Columns, YearObjects, read_objects
from stormtrace.grids import Grid
from stormtrace.track.bridging import link_over_new_year
from stormtrace.track.record import Indices, Links, Record, first_year
from stormtrace.track.tracking import Tracking


def read_record(paths: Sequence[Path | str], table: ClassTable | None = None) -> Record:
    """Read the objects files of all years and link each year's last step to the next one's first.

    All of it is in memory at once: `linking.Linking` goes from year to year. table: the study's
    `classes:`.

    Raises:
        BadInput: the files are not of one kind, or hold a time or a year twice.

    """
    headers = ordered_years(paths, table)
    years = [read_year(header, headers[0], table) for header in headers]
    first_object = np.cumsum([0] + [year.count for year in years])
    first_step = np.cumsum([0] + [year.time.size for year in years])
    since = first_year(years[0])
    record = Record(
        years=years,
        since=since,
        first_step=first_step,
        seconds=np.concatenate([seconds_of(year, since) for year in years]),
        step=np.concatenate(
            [year.objects["step"] + first for year, first in zip(years, first_step, strict=False)]
        ).astype(np.int64),
        year=np.repeat(np.arange(len(years)), np.diff(first_object)),
        number=np.concatenate([np.arange(year.count) for year in years]),
        objects=join_columns([year.objects for year in years]),
        links=_links_within(years, first_object),
    )
    over_new_year = [link_over_new_year(record, k) for k in range(1, len(years))]
    return replace(record, links=record.links.concat(*over_new_year))


def ordered_years(
    paths: Sequence[Path | str], table: ClassTable | None = None
) -> list[YearObjects]:
    """Return the headers of all objects files with steps (or one of none), in order of time.

    They share one grid in memory, and hold no columns.

    Raises:
        BadInput: the files are not of one kind, or hold a time or a year twice.

    """
    if not paths:
        raise BadInput("no objects file was given: give one of each year (find_objects.py)")
    years = list(_read_alike(paths, table))
    years = sorted(
        [year for year in years if year.time.size] or years[:1], key=lambda year: _start(year)
    )
    _check_distinct(years)
    _check_ascending(years)
    return years


def read_year(
    header: YearObjects, first: YearObjects, table: ClassTable | None = None
) -> YearObjects:
    """Return a year with its objects.

    Raises:
        BadInput: their columns are not those of the first year.

    """
    year = replace(read_objects(header.path, table), grid=header.grid)
    if set(year.column_names) != set(first.column_names) and year.count:
        raise BadInput(
            f"{first.path} and {year.path} differ in the columns of their objects: "
            f"{sorted(set(first.column_names) ^ set(year.column_names))}; make both with the same "
            "--fields"
        )
    return year


def _read_alike(paths: Sequence[Path | str], table: ClassTable | None) -> Iterator[YearObjects]:
    """Yield the objects of each file; they share one grid in memory."""
    first = read_objects(paths[0], table, header=True)
    yield first
    for path in paths[1:]:
        year = read_objects(path, table, header=True)
        _check_alike(first, year)
        yield replace(year, grid=first.grid)


def _check_distinct(years: Sequence[YearObjects]) -> None:
    """Raise BadInput if two files are of one year: tables refer to objects by `year`."""
    numbers = [int(year.attributes.get("year", 0)) for year in years]
    for number, count in Counter(numbers).items():
        if count > 1:
            paths = [
                str(year.path) for year, of in zip(years, numbers, strict=True) if of == number
            ]
            raise BadInput(f"{' and '.join(paths)} are all of year {number}: one file a year")


def check_labelling(first: YearObjects, tracking: Tracking) -> None:
    """Check that the objects of the first file were labelled as `tracking` asks.

    Raises:
        BadInput: connectivity or pole_wrap was another.

    """
    expected = {"connectivity": tracking.connectivity, "pole_wrap": tracking.pole_wrap}
    found = json.loads(str(first.attributes.get("labelling", "{}")))
    if found != expected:
        raise BadInput(
            f"{first.path} was made with {found}, but rule {tracking.rule} asks for "
            f"{expected}: give find_objects.py the same --tracking, or say so in the block"
        )


def _start(year: YearObjects, step: int = 0) -> float:
    """Return the time of a step (by default of the first), in seconds since the year 1."""
    if not year.time.size:
        return 0.0
    date = cftime.num2date(year.time[step], year.time_units, year.calendar)
    return float(cftime.date2num(date, "seconds since 0001-01-01", year.calendar))


def seconds_of(year: YearObjects, since: int) -> Indices:
    """Return the times of a year's steps in seconds since 1 January of the year `since`."""
    if not year.time.size:
        return np.empty(0, np.int64)
    seconds = cftime.date2num(_dates(year), f"seconds since {since:04d}-01-01", year.calendar)
    return np.rint(seconds).astype(np.int64)


def _check_ascending(years: Sequence[YearObjects]) -> None:
    """Raise BadInput unless times ascend from file to file."""
    for year, following in pairwise(years):
        if _start(following) <= _start(year, -1):
            raise BadInput(
                f"{following.path} begins ({_dates(following)[0]}) before {year.path} has ended "
                f"({_dates(year)[-1]}): give each time once"
            )


def _dates(year: YearObjects) -> NDArray[np.object_]:
    return np.asarray(cftime.num2date(year.time, year.time_units, year.calendar), object)


def _check_alike(first: YearObjects, other: YearObjects) -> None:
    known = first.field_units
    common_units = {name: other.field_units.get(name, known[name]) for name in known}
    facts: dict[str, list[Any]] = {
        "grid": [first.grid, first.grid if first.grid.same_as(other.grid) else other.grid],
        "classes": [year.classes.flag_attributes()["flag_meanings"] for year in (first, other)],
        "codes of classes": [year.classes.codes for year in (first, other)],
        "calendar": [year.calendar for year in (first, other)],
        "step_hours": [year.step_hours for year in (first, other)],
        "labelling": [year.attributes.get("labelling") for year in (first, other)],
        "model_checksum": [year.attributes.get("model_checksum") for year in (first, other)],
        "units of measured fields": [first.field_units, common_units],
        "adjusted": [year.attributes.get("adjusted") for year in (first, other)],
    }
    for what, (expected, found) in facts.items():
        if expected != found:
            if isinstance(found, Grid):
                expected, found = (year.grid.describe() for year in (first, other))
            shown = f": {expected!r} and {found!r}"
            raise BadInput(
                f"{first.path} and {other.path} differ in {what}{shown}; "
                "events can only be linked through files of one kind"
            )


def join_columns(tables: Sequence[Columns]) -> Columns:
    """Return tables one below the other (one without objects may lack columns)."""
    return {
        name: np.concatenate([table[name] for table in tables if name in table])
        for name in tables[0]
    }


def links_of_year(year: YearObjects, first_object: int = 0) -> Links:
    """Return the links within a file, whose first object has this number."""
    table = year.links()
    return Links(
        table["earlier"].astype(np.int64) + first_object,
        table["later"].astype(np.int64) + first_object,
        table["pixels"].astype(np.int64),
        table["area_km2"],
        table["first_cell"],
    )


def _links_within(years: Sequence[YearObjects], first_object: Indices) -> Links:
    parts = [
        links_of_year(year, int(first)) for year, first in zip(years, first_object, strict=False)
    ]
    return parts[0].concat(*parts[1:])
