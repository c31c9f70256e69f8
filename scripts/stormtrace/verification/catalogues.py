"""Event catalogues that others published as tables.

A row is one event at one time: a position, perhaps the points of its axis, perhaps where it makes
landfall.
"""

import datetime
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cftime
import numpy as np
import pyarrow
import pyarrow.csv
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.formats.file_kinds import CLASSIC, HDF5
from stormtrace.prepare.raw.calendar_time import DAY, Calendar
from stormtrace.verification.catalogue_entry import Catalogue

log = logging.getLogger("stormtrace")

Floats = NDArray[np.float64]
#: Seconds; an event that is there again after a longer time is another one of the same name.
LONGEST_GAP = 10 * DAY

#: Kinds of points of a catalogue, each with a latitude and a longitude column.
KINDS = ("position", "axis", "landfall")

#: What stands for no value, in lower case.
NO_VALUES = ("", "nan", "na", "<na>", "n/a", "nat", "none", "null")

#: How a file of Parquet begins.
PARQUET = b"PAR1"

#: A column of the numbers of rows, beside those of the file.
ROW = "row of the file"


@dataclass(frozen=True, eq=False)
class Points:
    """Points of one kind, sorted by time: seconds, event (an index into names), lat, lon; (n,)."""

    seconds: NDArray[np.int64]
    event: NDArray[np.int64]
    lat: Floats
    lon: Floats


@dataclass(frozen=True, eq=False)
class Table:
    """A catalogue: the names of its events, and points by kind (those kinds that it has)."""

    name: str
    names: list[str]
    points: Mapping[str, Points]


def read_catalogue(name: str, catalogue: Catalogue, calendar: str) -> Table:
    """Read a catalogue; times are dates of `calendar`.

    Raises:
        BadInput: the file or a column is missing, or a value is none.

    """
    path, columns = Path(catalogue.file), catalogue.columns
    used = {key: value for key, value in vars(columns).items() if value is not None}
    for kind in ("axis", "landfall"):
        if len({f"{kind}_lat", f"{kind}_lon"} & set(used)) == 1:
            raise BadInput(f"catalogues.{name}: {kind}_lat and {kind}_lon belong together")
    text = _read_text(path, used)
    if nameless := [row for row, event in zip(text["row"], text["event"], strict=True)
                    if event.strip().lower() in NO_VALUES]:  # fmt: skip
        raise BadInput(
            f"{path}, row {nameless[0]}: no {columns.event}, and so in {len(nameless)} rows: name "
            "the event of each row, or leave it out"
        )
    seconds, there = _seconds(path, columns.time, text, catalogue.time_format, calendar)
    text = {key: values[there] for key, values in text.items()}
    names, event = _events(name, text["event"], seconds)
    points = {"position": _points(path, used, text, ("lat", "lon"), seconds, event)}
    for kind in ("axis", "landfall"):
        if f"{kind}_lat" in used:
            pair = (f"{kind}_lat", f"{kind}_lon")
            points[kind] = _points(path, used, text, pair, seconds, event)
    if not points["position"].seconds.size:
        raise BadInput(f"{path}: no row has a {columns.lat} and {columns.lon}: correct `columns`")
    return Table(name, names, points)


def _events(
    name: str, text: NDArray[np.str_], seconds: NDArray[np.int64]
) -> tuple[list[str], NDArray[np.int64]]:
    """Return the names of events, and which each row is of.

    Numbers that begin again each year are told apart by the time between their rows.
    """
    known, event = np.unique(text, return_inverse=True)
    order = np.lexsort([seconds, event])
    later = np.diff(seconds[order]) > LONGEST_GAP
    again = np.append(False, later & (np.diff(event[order]) == 0))
    if again.any():
        log.warning(
            "catalogues.%s: %d times an event comes again after more than %d days: counted as"
            " another", name, again.sum(), LONGEST_GAP // DAY,
        )  # fmt: skip
    part = np.zeros(event.size, np.int64)
    part[order] = np.cumsum(again)
    pairs, of = np.unique(np.stack([event, part]), axis=1, return_inverse=True)
    return known[pairs[0]].tolist(), of.ravel()


def _read_text(path: Path, used: Mapping[str, str]) -> dict[str, NDArray[np.str_]]:
    """Return the columns in use as text, and the number of each row; rows that come again once."""
    if not path.is_file():
        raise BadInput(f"there is no catalogue {path}: copy it there, or correct `catalogues`")
    with path.open("rb") as stream:
        magic = stream.read(len(HDF5))
    if magic.startswith((HDF5, CLASSIC)):
        raise BadInput(
            f"{path} is netCDF, but a catalogue is a table (CSV), a row an event and time: masks,"
            " such as PIKART's eulerian ar_mask, are a detector ({files: …, variable: ar_mask, tag:"
            " Atmospheric River})"
        )
    if magic.startswith(PARQUET):
        raise BadInput(
            f"{path} is Parquet, but a catalogue is CSV: write it as one"
            " (pandas.read_parquet(…).to_csv(…, index=False))"
        )
    # Lists of numbers, as numpy prints them, go over several lines of a cell.
    lines = pyarrow.csv.ParseOptions(newlines_in_values=True)
    try:
        head = pyarrow.csv.open_csv(path, parse_options=lines).schema.names
        _check_head(path, head, used)
        table = pyarrow.csv.read_csv(
            path,
            parse_options=lines,
            convert_options=pyarrow.csv.ConvertOptions(
                include_columns=list(dict.fromkeys(used.values())),
                column_types=dict.fromkeys(used.values(), pyarrow.string()),
                strings_can_be_null=False,
            ),
        )
    except (OSError, UnicodeDecodeError, pyarrow.ArrowInvalid) as error:
        raise BadInput(f"{path} is no CSV that can be read: {error}") from None
    if not len(table):
        raise BadInput(f"{path} has no rows")
    numbered = table.append_column(ROW, pyarrow.array(np.arange(len(table)) + 2))
    alone = numbered.group_by(table.column_names).aggregate([(ROW, "min")]).sort_by(f"{ROW}_min")
    if again := len(table) - len(alone):
        log.warning("%s: %d rows are there more than once: each counts once", path, again)
    text = {key: alone[name].to_numpy().astype(str) for key, name in used.items()}
    return text | {"row": alone[f"{ROW}_min"].to_numpy().astype(str)}


def _check_head(path: Path, head: Sequence[str], used: Mapping[str, str]) -> None:
    """Refuse (BadInput) a file without the columns in use, or with two of a name."""
    if missing := [column for column in used.values() if column not in head]:
        other = next(
            (mark for mark in (";", "\t", "|") if len(head) == 1 and mark in head[0]), None
        )
        raise BadInput(
            f"{path} has no columns {', '.join(missing)}; it has {', '.join(map(repr, head))}: "
            + (f"separate them by commas, not {other!r} (and let numbers have points)" if other
               else "correct `columns` of the catalogue")
        )  # fmt: skip
    if twice := [column for column in used.values() if head.count(column) > 1]:
        raise BadInput(f"{path} has two columns {twice[0]}: leave one out, or name it otherwise")


def _seconds(
    path: Path, column: str, text: Mapping[str, NDArray[np.str_]], form: str | None, calendar: str
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return times as seconds since year 1 of a calendar, and which rows they are of.

    Rows of dates that the calendar lacks (29 February) have none: no member has such a step.
    """
    known, place = np.unique(text["time"], return_inverse=True)
    found, lacking = np.zeros(known.size, np.int64), np.zeros(known.size, bool)
    for number, time in enumerate(known.tolist()):
        written = time.strip()
        try:
            found[number] = _moment(written, form, Calendar(calendar))
        except (ValueError, KeyError, BadInput) as error:
            if _is_date(written, form):
                lacking[number] = True
                continue
            row = text["row"][text["time"] == time][0]
            remedy = (
                "each row needs its time: add it, or leave the row out"
                if written.lower() in NO_VALUES
                else "correct `time_format` (%z is +0100; names of zones stand in it as they are)"
                if form
                else "say `time_format`"
            )
            raise BadInput(
                f"{path}, row {row}: {column} is {time!r}, expected "
                f"{form or 'a date such as 2000-01-01 03:00'} ({error}): {remedy}"
            ) from None
    there = ~lacking[place]
    if lacking.any():
        log.warning(
            "%s: %d rows are left out, of dates that the %s calendar of the members lacks (%s)",
            path, (~there).sum(), calendar, known[lacking][0],
        )  # fmt: skip
    return found[place][there], there


def _moment(written: str, form: str | None, calendar: Calendar) -> int:
    """Return the seconds of a time, which is in UTC unless it says otherwise."""
    if form is not None and "%z" in form:
        written = datetime.datetime.strptime(written, form).isoformat(" ")
    elif form is not None:
        written = cftime.datetime.strptime(written, form, calendar=calendar.name).isoformat(" ")
    return calendar.seconds(written)


def _is_date(written: str, form: str | None) -> bool:
    """Whether a time is one, in the calendar of observations."""
    try:
        _moment(written, form, Calendar("standard"))
    except (ValueError, KeyError, BadInput):
        return False
    return True


def _points(
    path: Path,
    used: Mapping[str, str],
    text: Mapping[str, NDArray[np.str_]],
    pair: tuple[str, str],
    seconds: NDArray[np.int64],
    event: NDArray[np.int64],
) -> Points:
    """Return the points of two columns, in order of time.

    Cells may be empty, and those of an axis or a landfall lists.
    """
    rows, places = [], []
    for row, cells in enumerate(zip(*(text[name] for name in pair), strict=True)):
        where = f"{path}, row {text['row'][row]}"
        lat, lon = (_numbers(f"{where}: {used[name]}", cell) for name, cell in
                    zip(pair, cells, strict=True))  # fmt: skip
        if len(lat) != len(lon):
            raise BadInput(
                f"{where}: {len(lat)} values of {used[pair[0]]}, {len(lon)} of "
                f"{used[pair[1]]}; expected as many"
            )
        if pair[0] == "lat" and len(lat) > 1:
            raise BadInput(
                f"{where}: {used['lat']} is {str(cells[0])!r}, expected one number, with a decimal "
                "point (lists are for an axis)"
            )
        rows += [row] * len(lat)
        places += list(zip(lat, lon, strict=True))
    at = np.array(places, float).reshape(-1, 2)
    if wrong := np.flatnonzero(~((np.abs(at[:, 0]) <= 90) & (np.abs(at[:, 1]) <= 360))).tolist():
        lat, lon = at[wrong[0]]
        raise BadInput(
            f"{path}, row {text['row'][rows[wrong[0]]]}: {used[pair[0]]} {lat:g}, "
            f"{used[pair[1]]} {lon:g} is no place on Earth, in degrees: correct it, or `columns`"
        )
    order = np.argsort(seconds[rows], kind="stable") if rows else np.empty(0, int)
    chosen = np.array(rows, int)[order]
    return Points(seconds[chosen], event[chosen], at[order, 0], at[order, 1])


def _numbers(where: str, cell: str) -> list[float]:
    """Return the numbers of a cell: none, one, or a list; empty and NaN are none."""
    if cell.strip().lower() in NO_VALUES:
        return []
    words = cell.strip().strip("[]()").replace(";", " ").replace(",", " ").split()
    try:
        values = [float(word) for word in words]
    except ValueError:
        raise BadInput(f"{where} is {str(cell)!r}, expected a number") from None
    return [value for value in values if not np.isnan(value)]
