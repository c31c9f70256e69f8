"""Event catalogues that others published as tables, held against the members of an agreement.

A row is one event at one time: a position, perhaps the points of its axis, perhaps where it makes
landfall. A point is found if the member marks a cell whose centre lies at most a radius away.
"""

import datetime
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.csv
from numpy.typing import NDArray

from stormtrace.constants import EARTH_RADIUS_KM
from stormtrace.errors import BadInput
from stormtrace.formats.file_kinds import CLASSIC, HDF5
from stormtrace.grids import Grid
from stormtrace.prepare.raw.calendar_time import DAY, Calendar
from stormtrace.sphere import unit_vectors
from stormtrace.verification.catalogue_entry import Catalogue
from stormtrace.verification.together import Step

log = logging.getLogger("stormtrace")

Floats = NDArray[np.float64]
#: Seconds; an event that is there again after a longer time is another one of the same name.
LONGEST_GAP = 10 * DAY

#: Kinds of points of a catalogue, each with a latitude and a longitude column.
KINDS = ("position", "axis", "landfall")


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
    seconds = _seconds(path, columns.time, text["time"], catalogue.time_format, calendar)
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
    # Lists of numbers, as numpy prints them, go over several lines of a cell.
    lines = pyarrow.csv.ParseOptions(newlines_in_values=True)
    try:
        head = pyarrow.csv.open_csv(path, parse_options=lines).schema.names
        if missing := [column for column in used.values() if column not in head]:
            raise BadInput(
                f"{path} has no columns {', '.join(missing)}; it has {', '.join(head)}: correct "
                "`columns` of the catalogue"
            )
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
    return {key: table[name].to_numpy().astype(str) for key, name in used.items()}


def _seconds(
    path: Path, column: str, text: NDArray[np.str_], form: str | None, calendar: str
) -> NDArray[np.int64]:
    """Return times as seconds since year 1 of a calendar."""
    named = Calendar(calendar)
    known, place = np.unique(text, return_inverse=True)
    found = []
    for time in known.tolist():
        try:
            written = time.strip()
            if form is not None:
                written = datetime.datetime.strptime(written, form).isoformat(" ")
            found.append(named.seconds(written))
        except (ValueError, BadInput) as error:
            row = int(np.flatnonzero(text == time)[0]) + 2
            raise BadInput(
                f"{path}, row {row}: {column} is {time!r}, expected "
                f"{form or 'a date such as 2000-01-01 03:00'} ({error}); say `time_format`"
            ) from None
    return np.array(found, np.int64)[place]


def _points(
    path: Path,
    used: Mapping[str, str],
    text: Mapping[str, NDArray[np.str_]],
    pair: tuple[str, str],
    seconds: NDArray[np.int64],
    event: NDArray[np.int64],
) -> Points:
    """Return the points of two columns, whose cells may be empty or lists; in order of time."""
    rows, places = [], []
    for row, cells in enumerate(zip(*(text[name] for name in pair), strict=True)):
        lat, lon = (_numbers(path, row, used[name], cell) for name, cell in
                    zip(pair, cells, strict=True))  # fmt: skip
        if len(lat) != len(lon):
            raise BadInput(
                f"{path}, row {row + 2}: {len(lat)} values of {used[pair[0]]}, {len(lon)} of "
                f"{used[pair[1]]}; expected as many"
            )
        rows += [row] * len(lat)
        places += list(zip(lat, lon, strict=True))
    at = np.array(places, float).reshape(-1, 2)
    if wrong := np.flatnonzero(~((np.abs(at[:, 0]) <= 90) & (np.abs(at[:, 1]) <= 360))).tolist():
        lat, lon = at[wrong[0]]
        raise BadInput(
            f"{path}, row {rows[wrong[0]] + 2}: {used[pair[0]]} {lat:g}, {used[pair[1]]} {lon:g} "
            "is no place on Earth, in degrees: correct it, or `columns`"
        )
    order = np.argsort(seconds[rows], kind="stable") if rows else np.empty(0, int)
    chosen = np.array(rows, int)[order]
    return Points(seconds[chosen], event[chosen], at[order, 0], at[order, 1])


def _numbers(path: Path, row: int, column: str, cell: str) -> list[float]:
    """Return the numbers of a cell: none, one, or a list; empty and NaN are none."""
    words = cell.strip().strip("[]()").replace(";", " ").replace(",", " ").split()
    try:
        values = [float(word) for word in words]
    except ValueError:
        raise BadInput(
            f"{path}, row {row + 2}: {column} is {str(cell)!r}, expected a number"
        ) from None
    return [value for value in values if not np.isnan(value)]


# --- against a member ---------------------------------------------------------------------------


class Meeting:
    """What of a catalogue one member finds, step by step, and the other way round."""

    def __init__(self, table: Table, grid: Grid, radius_km: float, events: int) -> None:
        self._table, self._radius = table, radius_km
        self._vectors = unit_vectors(*grid.points).reshape(3, -1)
        self._seen = {kind: np.zeros(one.seconds.size, bool) for kind, one in table.points.items()}
        self._found = {kind: np.zeros_like(seen) for kind, seen in self._seen.items()}
        #: Events of the member in a step of the catalogue's time, and those that a point is near.
        self.seen, self.near = np.zeros(events + 1, bool), np.zeros(events + 1, bool)
        # The catalogue looks every so often: at its own times, also those at which it has nothing.
        times = np.unique(table.points["position"].seconds)
        self._span = (int(times[0]), int(times[-1]))
        self._every = _usual(np.diff(times)) or 1
        self._phase = _usual(times % self._every)

    def add(self, seconds: int, cells: NDArray[np.bool_], events: NDArray[np.int32]) -> None:
        """Add one step: what the member marks, and its events (0: none)."""
        first, last = self._span
        if not first <= seconds <= last or seconds % self._every != self._phase:
            return
        marked = np.flatnonzero(cells)
        numbers = events.ravel()[marked]
        self.seen[numbers] = True
        # On a chord of the unit sphere; a dot product is enough to compare with.
        least = np.cos(self._radius / EARTH_RADIUS_KM)
        for kind, points in self._table.points.items():
            first, last = np.searchsorted(points.seconds, [seconds, seconds + 1])
            self._seen[kind][first:last] = True
            if first == last or not marked.size:
                continue
            there = unit_vectors(points.lat[first:last], points.lon[first:last])
            within = self._vectors[:, marked].T @ there >= least - 1e-12
            self._found[kind][first:last] = within.any(axis=0)
            if kind != "landfall":
                self.near[numbers[within.any(axis=1)]] = True

    def sums(self) -> dict[str, NDArray[np.bool_]]:
        """Return what has been found so far, by name."""
        return {
            "seen": self.seen,
            "near": self.near,
            **{f"{kind}_seen": seen for kind, seen in self._seen.items()},
            **{f"{kind}_found": found for kind, found in self._found.items()},
        }

    def add_sums(self, sums: Mapping[str, NDArray[Any]]) -> None:
        """Add what another one has found, at other times."""
        for name, own in self.sums().items():
            own |= sums[name].astype(bool)

    def scores(self, rng: np.random.Generator) -> dict[str, Any]:
        """Return points and events found, and events of the member that the catalogue lacks."""
        made: dict[str, Any] = {}
        for kind, points in self._table.points.items():
            seen, found = self._seen[kind], self._found[kind]
            by_event = _sums(points.event[seen], np.ones(int(seen.sum())), found[seen])
            made[kind] = {
                "points": int(seen.sum()),
                "left_out": int((~seen).sum()),
                "found": int(found[seen].sum()),
                "share": float(found[seen].mean()) if seen.any() else None,
                "interval": _interval(by_event, rng),
                "events": len(by_event),
                "events_found": int((by_event[:, 1] > 0).sum()),
            }
        ours, near = self.seen[1:], self.near[1:]
        lacking = int((ours & ~near).sum())
        count = int(ours.sum())
        return made | {
            "member_events": count,
            "not_in_catalogue": lacking,
            "false_alarm_ratio": lacking / count if count else None,
        }


def _usual(values: NDArray[np.int64]) -> int:
    """Return the value that is there most often, the least of several; 0 of none."""
    known, counts = np.unique(values, return_counts=True)
    return int(known[counts.argmax()]) if known.size else 0


def _sums(group: NDArray[np.int64], *columns: NDArray[Any]) -> Floats:
    """Return sums of columns over the rows of each group, (groups, columns)."""
    if not group.size:
        return np.empty((0, len(columns)))
    _, of = np.unique(group, return_inverse=True)
    return np.stack([np.bincount(of, np.asarray(one, float)) for one in columns], axis=1)


def _interval(by_event: Floats, rng: np.random.Generator) -> list[float] | None:
    """Return the 95 % interval of the share of points found, whole events drawn again."""
    count = len(by_event)
    if count < 5:
        return None
    drawn = rng.multinomial(count, np.full(count, 1 / count), 1000) @ by_event
    return [float(q) for q in np.quantile(drawn[:, 1] / drawn[:, 0], (0.025, 0.975))]


def meeting(steps: Iterable[Step], meetings: Sequence[tuple[int, Meeting]]) -> Iterator[Step]:
    """Yield `steps`, each added to the meetings of each member's number; one may come again."""
    for step in steps:
        bits = step.bits[:, : step.events.shape[-1]]
        for number, one in meetings:
            one.add(step.seconds, (bits >> number & 1).astype(bool), step.events[number])
        yield step
