"""Tracks that other programs read: the same points, times and IDs, whatever the calendar.

Readers: TempestExtremes' rules for node files and their CSV, written down here independently; and
the package huracanpy, where a python has it (STORMTRACE_HURACANPY: a python of an environment of
its own, `python -m venv hp && hp/bin/pip install huracanpy`).
"""

import csv
import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from real_data import real_data
from stormtrace.formats.track_texts import node_columns, write_nodes, write_tracks_csv
from stormtrace.formats.tracks import write_trajectories
from stormtrace.grids import make_grid
from stormtrace.track.events import event_table, object_table, sightings
from stormtrace.track.track_points import track_points
from track_files import disc, random_masks, tracked

CALENDARS = ("standard", "noleap", "360_day")
MEASURED = {"PSL_max": "Pa", "PSL_mean": "Pa", "PSL_min": "Pa"}


def points_of(folder, calendar="standard", hours=None, first_hour=1400.0):
    """Return events and points of some tracks; hour 1400 is 28 February, late, in every calendar."""
    masks = random_masks(4, (20, 10, 16))
    hours = first_hour + 3.0 * np.arange(len(masks)) if hours is None else hours
    record, assignment = tracked(
        folder, masks, {"minimum_area_km2": 0, "minimum_hours": 6}, calendar=calendar, hours=hours
    )
    objects = object_table(record, assignment)
    rng = np.random.default_rng(0)
    for name in MEASURED:  # floats that no short decimal is
        objects[name] = 1e5 + rng.normal(size=objects["event"].size)
    events = event_table(record, assignment, objects)
    seen = sightings(objects, record.grid)
    return record, events, track_points(objects, seen, record.grid, record.classes)


def write_all(folder, record, events, points):
    time = {"units": record.time_units, "calendar": record.calendar}
    classes = record.classes
    write_trajectories(folder / "trajectories.nc", events, points, classes, time, {}, MEASURED)
    write_tracks_csv(folder / "tracks.csv", points, classes)
    write_nodes(folder / "nodes.txt", points, classes)


def read_nodes(path, in_fmt, dimensions=2):
    """Read a node file as TempestExtremes does.

    A header has exactly six words; a line has the indices, one word for each name of `--in_fmt`,
    and four words of time; an hour of five characters is seconds of the day.
    """
    tracks, lines = [], iter(path.read_text().splitlines())
    for line in lines:
        start, count, *began = line.split()
        assert start == "start" and len(began) == 4
        track = []
        for _ in range(int(count)):
            words = next(lines).split()
            assert len(words) == dimensions + len(in_fmt) + 4
            year, month, day, hour = words[-4:]
            seconds = int(hour) if len(hour) == 5 else 3600 * int(hour)
            values = dict(zip(in_fmt, words[dimensions:-4], strict=True))
            index = tuple(map(int, words[:dimensions]))
            track.append(((int(year), int(month), int(day), seconds), index, values))
        assert [int(one) for one in began[:3]] == list(track[0][0][:3])
        tracks.append(track)
    return tracks


def seconds_of(time):
    return (
        *(int(part) for part in time[:10].split("-")),
        3600 * int(time[11:13]) + 60 * int(time[14:16]) + int(time[17:19]),
    )


@pytest.mark.parametrize("calendar", CALENDARS)
def test_node_files_hold_the_same_points_times_and_events(tmp_path, calendar):
    record, events, points = points_of(tmp_path, calendar)
    write_all(tmp_path, record, events, points)
    in_fmt = node_columns(points)
    assert in_fmt[:4] == ["lon", "lat", "event", "class"] and "PSL_min" in in_fmt
    tracks = read_nodes(tmp_path / "nodes.txt", in_fmt)
    assert [len(track) for track in tracks] == events["steps"].tolist()
    read = [point for track in tracks for point in track]
    assert [time for time, _, _ in read] == [seconds_of(time) for time in points["time"]]
    for name in ("lon", "lat", "event", "area_km2", "PSL_min"):
        assert [float(values[name]) for *_, values in read] == points[name].tolist(), name
    lat, lon = record.grid.lat, record.grid.lon
    for _, (i, j), values in read:  # the cell holds the point
        assert abs(lat[j] - float(values["lat"])) <= (lat[1] - lat[0]) / 2 + 1e-9
        assert abs((lon[i] - float(values["lon"]) + 180) % 360 - 180) <= 360 / lon.size / 2 + 1e-9


def test_the_csv_is_that_of_stitchnodes(tmp_path):
    """Its header and order are those of a real file; its reader splits at commas, unquoted."""
    record, events, points = points_of(tmp_path)
    write_all(tmp_path, record, events, points)
    rows = [line.split(",") for line in (tmp_path / "tracks.csv").read_text().splitlines()]
    head = rows[0]
    assert head[:9] == ["track_id", "year", "month", "day", "hour", "i", "j", "lon", "lat"]
    assert {len(row) for row in rows} == {len(head)} and '"' not in "".join(head)
    for name in ("track_id", "year", "month", "day", "hour", "i", "j"):
        assert all(row[head.index(name)].lstrip("-").isdigit() for row in rows[1:])
    column = {name: [row[k] for row in rows[1:]] for k, name in enumerate(head)}
    assert list(map(int, column["track_id"])) == points["event"].tolist()
    assert list(map(float, column["lat"])) == points["lat"].tolist()
    assert column["time"] == points["time"].tolist()
    assert set(column["feature"]) == {"TC", "AR"}
    with real_data("tracks/sample.csv").open() as stream:
        theirs = [name.strip() for name in next(csv.reader(stream))]
    assert theirs[:9] == head[:9]


def test_times_between_the_hours_are_seconds_of_the_day(tmp_path):
    hours = 0.5 + 3.0 * np.arange(20)
    record, events, points = points_of(tmp_path, hours=hours)
    write_all(tmp_path, record, events, points)
    tracks = read_nodes(tmp_path / "nodes.txt", node_columns(points))
    read = [point for track in tracks for point in track]
    assert [time for time, *_ in read] == [seconds_of(time) for time in points["time"]]
    assert {time[3] % 3600 for time, *_ in read} == {1800}


def test_the_readers_rules_hold_for_a_real_file():
    """The rules above, on a file that StitchNodes wrote: three tracks, of 33 points the first."""
    path = real_data("tracks/TempestExtremes-sample.txt")
    tracks = read_nodes(path, ["lon", "lat", "psl", "wind"])
    assert len(tracks[0]) == 33
    assert tracks[0][0][:2] == ((1999, 9, 10, 0), (605, 36))


def test_points_have_basin_and_the_shape_of_the_main_object(tmp_path):
    """A river of 3,000 km and, split off it, a fragment; a cyclone of the West Pacific.

    The shape is the main object's though the fragment, for two steps, is there too; area is of
    both. PSL is lowest in the fragment: measured over the whole event.
    """
    grid = make_grid({"nlat": 91, "nlon": 180})
    river = np.maximum(disc(grid, 40, 200, 700, 2), disc(grid, 40, 212, 700, 2))
    both = np.maximum(river, disc(grid, 20, 206, 500, 2))
    joined = np.maximum(both, disc(grid, 30, 206, 700, 2))
    storm = disc(grid, 15, 140, 500, 1)
    steps = [river, river, joined, both, both, river, river, river]
    masks = np.array([np.maximum(one, storm) for one in steps])
    record, assignment = tracked(tmp_path, masks, {"minimum_hours": 12}, grid=grid)
    objects = object_table(record, assignment)
    fragment = ~objects["main"]
    assert fragment.sum() == 2
    objects["PSL_min"] = np.where(fragment, 95000.0, 100000.0)
    seen = sightings(objects, grid)
    points = track_points(objects, seen, grid, record.classes)
    assert set(points["basin"][points["class"] == 1]) == {"West Pacific"}
    assert set(points["basin"][points["class"] == 2]) == {"North Pacific"}
    mine = points["class"] == 2
    alone, split = points["length_km"][mine][0], points["length_km"][mine][3]
    assert split == alone
    assert points["area_km2"][mine][3] > points["area_km2"][mine][0]
    assert points["PSL_min"][mine].tolist() == [1e5] * 3 + [95e3] * 2 + [1e5] * 3
    events = event_table(record, assignment, objects)
    assert sorted(events["basin"]) == ["North Pacific", "West Pacific"]


def test_no_event_is_no_line(tmp_path):
    masks = np.zeros((3, 10, 16), np.int8)
    record, assignment = tracked(tmp_path, masks)
    objects = object_table(record, assignment)
    events = event_table(record, assignment, objects)
    points = track_points(objects, sightings(objects, record.grid), record.grid, record.classes)
    write_all(tmp_path, record, events, points)
    assert (tmp_path / "nodes.txt").read_text() == ""
    assert (tmp_path / "tracks.csv").read_text().startswith("track_id,year")
    assert (tmp_path / "tracks.csv").read_text().count("\n") == 1


# --- huracanpy ----------------------------------------------------------------------------------

LOAD = """
import json, sys
import huracanpy
folder, calendar, names = sys.argv[1], sys.argv[2], sys.argv[3].split(",")
given = {} if calendar == "standard" else {"track_calendar": calendar}
tracks = {
    "nc": huracanpy.load(f"{folder}/trajectories.nc"),
    "csv": huracanpy.load(f"{folder}/tracks.csv", **given),
}
if calendar != "360_day":
    tracks["nodes"] = huracanpy.load(f"{folder}/nodes.txt", source="te", variable_names=names[2:])
def text(time):
    return str(time)[:19].replace(" ", "T")
found = {}
for kind, one in tracks.items():
    ids = one["event"] if kind != "csv" else one["track_id"]
    found[kind] = {
        "id": ids.values.tolist(), "time": [text(time) for time in one["time"].values],
        "lat": one["lat"].values.tolist(), "lon": one["lon"].values.tolist(),
        "psl": one["PSL_min" if kind == "nc" else "psl_min"].values.tolist(),
    }
found["units"] = tracks["nc"]["PSL_min"].attrs["units"]
json.dump(found, sys.stdout)
"""


def python_with_huracanpy():
    if named := os.environ.get("STORMTRACE_HURACANPY"):
        return named
    if importlib.util.find_spec("huracanpy"):
        return sys.executable
    pytest.skip("needs a python with huracanpy: name one in STORMTRACE_HURACANPY")


@pytest.mark.parametrize("calendar", CALENDARS)
def test_huracanpy_reads_the_same_points_times_and_ids(tmp_path, calendar):
    python = python_with_huracanpy()
    record, events, points = points_of(tmp_path, calendar)
    write_all(tmp_path, record, events, points)
    assert ("2000-02-30T02:00:00" in points["time"].tolist()) == (calendar == "360_day")
    columns = ",".join(node_columns(points))
    done = subprocess.run(
        [python, "-c", LOAD, str(tmp_path), calendar, columns], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found.pop("units") == "Pa"
    assert set(found) == {"nc", "csv"} | ({"nodes"} if calendar != "360_day" else set())
    for kind, read in found.items():
        assert read["id"] == points["event"].tolist(), kind
        assert read["time"] == points["time"].tolist(), kind
        for name in ("lat", "lon"):
            assert read[name] == points[name].tolist(), kind
        assert read["psl"] == points["PSL_min"].tolist(), kind
