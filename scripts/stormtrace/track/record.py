"""The tables of all years side by side: one record of objects, steps and links.

Objects are numbered through the whole record in order of time, and so are steps. A step is a
time that has a mask; one that is missing has no number, only its neighbours are farther apart.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import cftime
import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.grids import Grid
from stormtrace.track.compiled import compiled
from stormtrace.track.objects import Columns, YearObjects, read_objects
from stormtrace.track.settings import Tracking

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Links:
    """Pairs of objects of one class that share cells, ``earlier < later``.

    pixels, area: what both have. first_cell: the lowest row · nlon + column both have.
    """

    earlier: Indices
    later: Indices
    pixels: Indices
    area: NDArray[np.float64]
    first_cell: Indices

    def where(self, chosen: NDArray[np.bool_]) -> "Links":
        """Return the links for which `chosen` is true."""
        return Links(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))

    def and_also(self, *others: "Links") -> "Links":
        """Return these links and `others` in one table."""
        columns = zip(*((vars(links).values()) for links in (self, *others)), strict=True)
        return Links(*(np.concatenate(column) for column in columns))


@dataclass(frozen=True, eq=False)
class Record:
    """All objects of an experiment, and the links between consecutive steps.

    years: the files, in order of time. first_object, first_step (years + 1): where each begins.
    seconds (steps,): since 1 January of the first year. step (objects,): the step of each.
    objects: their columns, as in the files.
    """

    years: Sequence[YearObjects]
    first_object: Indices
    first_step: Indices
    seconds: Indices
    step: Indices
    objects: Columns
    links: Links

    @property
    def count(self) -> int:
        """How many objects there are."""
        return self.step.size

    @property
    def grid(self) -> Grid:
        """The grid of all masks."""
        return self.years[0].grid

    @property
    def calendar(self) -> str:
        """The calendar of all years."""
        return self.years[0].calendar

    @property
    def step_hours(self) -> float:
        """Hours from one step to the next where none is missing."""
        return self.years[0].step_hours

    @cached_property
    def time_units(self) -> str:
        """CF units of `hours`."""
        return f"hours since {_first_year(self.years[0]):04d}-01-01 00:00:00"

    @cached_property
    def dates(self) -> NDArray[np.object_]:
        """(steps,) cftime dates."""
        units = self.time_units.replace("hours", "seconds")
        return np.asarray(cftime.num2date(self.seconds, units, self.calendar))

    @cached_property
    def times(self) -> NDArray[np.object_]:
        """(steps,) ISO strings in the record's calendar."""
        return np.array([date.strftime("%Y-%m-%dT%H:%M:%S") for date in self.dates], object)

    @cached_property
    def hours(self) -> NDArray[np.float64]:
        """(objects,) hours since the first year's start."""
        return self.seconds[self.step] / 3600.0


def read_record(paths: Sequence[Path | str]) -> Record:
    """Read the objects files of all years and link each year's last step to the next one's first.

    Raises BadInput if the files are not of one kind or hold one time twice.
    """
    if not paths:
        raise BadInput("no objects file was given: give one of each year (find_objects.py)")
    years = [read_objects(path) for path in paths]
    for year in years[1:]:
        _check_alike(years[0], year)
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
    over_new_year = [_link_over_new_year(record, k) for k in range(1, len(years))]
    return replace(record, links=record.links.and_also(*over_new_year))


def _check_distinct(years: Sequence[YearObjects]) -> None:
    """Raise BadInput if two files are of one year: `year` tells whose an object is."""
    numbers = [int(year.attributes.get("year", 0)) for year in years]
    for number, count in Counter(numbers).items():
        if count > 1:
            paths = [
                str(year.path) for year, of in zip(years, numbers, strict=True) if of == number
            ]
            raise BadInput(f"{' and '.join(paths)} are all of year {number}: one file a year")


def check_labelling(record: Record, tracking: Tracking) -> None:
    """Raise BadInput unless the objects were labelled as `tracking` wants them."""
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


def _first_year(year: YearObjects) -> int:
    if not year.time.size:
        return int(year.attributes.get("year", 1))
    return int(cftime.num2date(year.time[0], year.time_units, year.calendar).year)


def _seconds(years: Sequence[YearObjects]) -> Indices:
    """Return the time of every step; raises BadInput unless they ascend from file to file."""
    units = f"seconds since {_first_year(years[0]):04d}-01-01"
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
    facts: dict[str, list[Any]] = {
        "grid": [(year.grid.lat.tolist(), year.grid.lon.tolist()) for year in (first, other)],
        "calendar": [year.calendar for year in (first, other)],
        "step_hours": [year.step_hours for year in (first, other)],
        "labelling": [year.attributes.get("labelling") for year in (first, other)],
        "model_checksum": [year.attributes.get("model_checksum") for year in (first, other)],
    }
    for what, (expected, found) in facts.items():
        if expected != found:
            shown = "" if what == "grid" else f": {expected!r} and {found!r}"
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


def _link_over_new_year(record: Record, k: int) -> Links:
    """Return the links of the last step of file ``k − 1`` with the first step of file `k`."""
    step = record.first_step[k]
    last, first, end = np.searchsorted(record.step, [step - 1, step, step + 1])
    earlier, later = pairs_of_equal(
        record.objects["class"][last:first], record.objects["class"][first:end]
    )
    return overlaps_of(record, last + earlier, first + later)


def pairs_of_equal(left: NDArray[Any], right: NDArray[Any]) -> tuple[Indices, Indices]:
    """Return all index pairs (i, j) with ``left[i] == right[j]``, ordered by i."""
    order = np.argsort(right, kind="stable")
    low = np.searchsorted(right[order], left, "left")
    many = np.searchsorted(right[order], left, "right") - low
    i = np.repeat(np.arange(left.size), many)
    within = np.arange(i.size) - np.repeat(np.cumsum(many) - many, many)
    return i, order[low[i] + within]


def overlaps_of(record: Record, earlier: Indices, later: Indices) -> Links:
    """Return the links among the given pairs of objects that share a cell, whatever their steps."""
    near = _boxes_meet(record, earlier, later)
    earlier, later = earlier[near], later[near]
    parts = [
        _overlaps_of_years(record, earlier[chosen], later[chosen], years)
        for years, chosen in _by_years(record, earlier, later)
    ]
    nothing = np.empty(0, np.int64)
    return Links(nothing, nothing, nothing, np.empty(0), nothing).and_also(*parts)


def _boxes_meet(record: Record, earlier: Indices, later: Indices) -> NDArray[np.bool_]:
    """Return which pairs share latitudes and longitudes of their bounding boxes."""
    column = record.objects
    south = np.maximum(column["south"][earlier], column["south"][later])
    north = np.minimum(column["north"][earlier], column["north"][later])
    width = column["east"] - column["west"]
    ahead = (column["west"][later] - column["west"][earlier]) % 360.0
    return (south < north) & (
        (ahead < width[earlier]) | (360.0 - ahead < width[later]) | (ahead == 0)
    )


def _by_years(
    record: Record, earlier: Indices, later: Indices
) -> Iterator[tuple[tuple[int, int], NDArray[np.bool_]]]:
    year = [np.searchsorted(record.first_object, pair, "right") - 1 for pair in (earlier, later)]
    key = year[0] * len(record.years) + year[1]
    for value in np.unique(key):
        yield divmod(int(value), len(record.years)), key == value


def _overlaps_of_years(
    record: Record, earlier: Indices, later: Indices, years: tuple[int, int]
) -> Links:
    """Overlap pairs whose objects lie in these two files; of which only what is needed is read."""
    tables = [
        _run_table(record.years[k], objects - record.first_object[k])
        for objects, k in zip((earlier, later), years, strict=True)
    ]
    row_area = np.ascontiguousarray(record.grid.row_area)
    pixels, area, first_cell = _shared_cells(*tables, row_area, record.grid.lon.size)
    found = pixels > 0
    return Links(earlier[found], later[found], pixels[found], area[found], first_cell[found])


class _RunTable(NamedTuple):
    """Runs of some objects of a file; those of object number `k` are ``first[k] … last[k] − 1``."""

    row: NDArray[np.int32]
    start: NDArray[np.int32]
    stop: NDArray[np.int32]
    first: Indices
    last: Indices


def _run_table(year: YearObjects, objects: Indices) -> _RunTable:
    low, high = int(objects.min()), int(objects.max()) + 1
    runs = year.runs(low, high)
    first = year.first_run - year.first_run[low]
    stop = runs["start"] + runs["length"]
    return _RunTable(runs["row"], runs["start"], stop, first[objects], first[objects + 1])


@compiled
def _shared_cells(a, b, row_area, nlon):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Return pixels, area and first cell both have, of each pair of a table `a` and a table `b`."""
    pairs = a.first.size
    pixels, area = np.zeros(pairs, np.int64), np.zeros(pairs)
    first_cell = np.zeros(pairs, np.int64)
    for pair in range(pairs):
        i, j = a.first[pair], b.first[pair]
        while i < a.last[pair] and j < b.last[pair]:
            low, high = max(a.start[i], b.start[j]), min(a.stop[i], b.stop[j])
            if a.row[i] == b.row[j] and low < high:
                if pixels[pair] == 0:
                    first_cell[pair] = np.int64(a.row[i]) * nlon + low
                pixels[pair] += high - low
                area[pair] += (high - low) * row_area[a.row[i]]
            if a.row[i] < b.row[j] or (a.row[i] == b.row[j] and a.stop[i] <= b.stop[j]):
                i += 1
            else:
                j += 1
    return pixels, area, first_cell
