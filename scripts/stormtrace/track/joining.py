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

    table: the study's `classes:`.

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
    first_object = np.cumsum([0] + [year.count for year in years])
    first_step = np.cumsum([0] + [year.time.size for year in years])
    record = Record(
        years=years,
        first_object=first_object,
        first_step=first_step,
        seconds=_seconds(years),
        step=np.concatenate(
            [year.objects["step"] + first for year, first in zip(years, first_step, strict=False)]
        ).astype(np.int64),
        objects=_join_columns([year.objects for year in years], years),
        links=_links_within(years, first_object),
    )
    over_new_year = [link_over_new_year(record, k) for k in range(1, len(years))]
    return replace(record, links=record.links.concat(*over_new_year))


def _read_alike(paths: Sequence[Path | str], table: ClassTable | None) -> Iterator[YearObjects]:
    """Yield the objects of each file; they share one grid in memory."""
    first = read_objects(paths[0], table)
    yield first
    for path in paths[1:]:
        year = read_objects(path, table)
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


def check_labelling(record: Record, tracking: Tracking) -> None:
    """Check that the objects were labelled as `tracking` asks.

    Raises:
        BadInput: connectivity or pole_wrap was another.

    """
    expected = {"connectivity": tracking.connectivity, "pole_wrap": tracking.pole_wrap}
    found = json.loads(str(record.years[0].attributes.get("labelling", "{}")))
    if found != expected:
        raise BadInput(
            f"{record.years[0].path} was made with {found}, but rule {tracking.rule} asks for "
            f"{expected}: give find_objects.py the same --tracking, or say so in the block"
        )


def _start(year: YearObjects) -> float:
    if not year.time.size:
        return 0.0
    date = cftime.num2date(year.time[0], year.time_units, year.calendar)
    return float(cftime.date2num(date, "seconds since 0001-01-01", year.calendar))


def _seconds(years: Sequence[YearObjects]) -> Indices:
    """Return the time of every step; raises BadInput unless they ascend from file to file."""
    units = f"seconds since {first_year(years[0]):04d}-01-01"
    parts = [
        np.rint(cftime.date2num(_dates(year), units, year.calendar)).astype(np.int64)
        if year.time.size
        else np.empty(0, np.int64)
        for year in years
    ]
    for (year, part), (following, later) in pairwise(zip(years, parts, strict=True)):
        if later.size and part.size and later[0] <= part[-1]:
            raise BadInput(
                f"{following.path} begins ({_dates(following)[0]}) before {year.path} has ended "
                f"({_dates(year)[-1]}): give each time once"
            )
    return np.concatenate(parts)


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


def _join_columns(tables: Sequence[Columns], years: Sequence[YearObjects]) -> Columns:
    names = set(tables[0])
    for table, year in zip(tables, years, strict=True):
        if set(table) != names and year.count:
            raise BadInput(
                f"{years[0].path} and {year.path} differ in the columns of their objects: "
                f"{sorted(names ^ set(table))}; make both with the same --fields"
            )
    return {
        name: np.concatenate([table[name] for table in tables if name in table])
        for name in tables[0]
    }


def _links_within(years: Sequence[YearObjects], first_object: Indices) -> Links:
    tables = [year.links() for year in years]
    offsets = np.repeat(first_object[:-1], [table["later"].size for table in tables])
    columns = {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}
    return Links(
        columns["earlier"] + offsets,
        columns["later"] + offsets,
        columns["pixels"].astype(np.int64),
        columns["area_km2"],
        columns["first_cell"],
    )
