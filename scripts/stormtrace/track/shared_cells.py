"""Cells that two objects share, however many steps lie between them, from their runs."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stormtrace.compiled import compiled
from stormtrace.formats.objects import YearObjects
from stormtrace.track.measures import cell_areas, run_area
from stormtrace.track.record import Indices, Links, Record


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
    return Links(nothing, nothing, nothing, np.empty(0), nothing).concat(*parts)


def _boxes_meet(record: Record, earlier: Indices, later: Indices) -> NDArray[np.bool_]:
    """Return which pairs share rows and columns of their bounding boxes."""
    nlon = record.grid.shape[1]
    turns = (-nlon, 0, nlon) if record.grid.wraps else (0,)
    columns = [_spans_meet(record, "column", earlier, later, turn) for turn in turns]
    return _spans_meet(record, "row", earlier, later) & np.logical_or.reduce(columns)


def _spans_meet(
    record: Record, axis: str, earlier: Indices, later: Indices, shift: int = 0
) -> NDArray[np.bool_]:
    """Return which pairs share rows or columns if the later object is moved by `shift`."""
    first, last = record.objects[f"first_{axis}"], record.objects[f"last_{axis}"]
    return (first[earlier] <= last[later] + shift) & (first[later] + shift <= last[earlier])


def _by_years(
    record: Record, earlier: Indices, later: Indices
) -> Iterator[tuple[tuple[int, int], NDArray[np.bool_]]]:
    year = [record.year[pair] for pair in (earlier, later)]
    key = year[0] * len(record.years) + year[1]
    for value in np.unique(key):
        yield divmod(int(value), len(record.years)), key == value


def _overlaps_of_years(
    record: Record, earlier: Indices, later: Indices, years: tuple[int, int]
) -> Links:
    """Compute the overlaps of pairs that span these two files, reading only the runs required."""
    one, other = record.number[earlier], record.number[later]
    if years[0] == years[1]:  # one read
        both = _run_table(record.years[years[0]], np.concatenate([one, other]))
        a, b = both.part(slice(one.size)), both.part(slice(one.size, None))
    else:
        a, b = (
            _run_table(record.years[k], part) for part, k in zip((one, other), years, strict=True)
        )
    areas = cell_areas(record.grid)
    pixels, area, first_cell = _shared_cells(a, b, areas, record.grid.shape[1])
    found = pixels > 0
    return Links(earlier[found], later[found], pixels[found], area[found], first_cell[found])


class _RunTable(NamedTuple):
    """Runs of some objects of a file; those of object number `k` are ``first[k] … last[k] − 1``."""

    row: NDArray[np.int32]
    start: NDArray[np.int32]
    stop: NDArray[np.int32]
    first: Indices
    last: Indices

    def part(self, objects: slice) -> "_RunTable":
        """Return the table of some of the objects."""
        return self._replace(first=self.first[objects], last=self.last[objects])


def _run_table(year: YearObjects, objects: Indices) -> _RunTable:
    low, high = int(objects.min()), int(objects.max()) + 1
    runs = year.runs(low, high)
    first = year.first_run - year.first_run[low]
    stop = runs["start"] + runs["length"]
    return _RunTable(runs["row"], runs["start"], stop, first[objects], first[objects + 1])


@compiled
def _shared_cells(a, b, areas, nlon):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Return number, area and first of the shared cells of each pair of tables `a` and `b`."""
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
                area[pair] += run_area(areas, a.row[i], low, high)
            if a.row[i] < b.row[j] or (a.row[i] == b.row[j] and a.stop[i] <= b.stop[j]):
                i += 1
            else:
                j += 1
    return pixels, area, first_cell
