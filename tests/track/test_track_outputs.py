"""What the files hold is what the tables hold, in the form its readers expect."""

import csv
import json

import netCDF4
import numpy as np
import pyarrow.parquet
import pytest

from stormtrace.formats.tables import write_tables
from stormtrace.formats.tracks import track_geometry, write_geojson, write_trajectories
from stormtrace.track.events import event_table, object_table, sightings
from track_files import random_masks, tracked


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    masks = random_masks(4, (60, 10, 16))
    record, assignment = tracked(
        folder, masks, {"minimum_area_km2": 0, "minimum_hours": 6}, cuts=[30]
    )
    objects = object_table(record, assignment)
    events = event_table(record, assignment, objects)
    assert sum(map(len, events["parents"])) > 5
    return record, objects, events, sightings(objects, record.grid)


def test_parquet_and_csv_hold_the_same(tmp_path, tables):
    record, objects, events, _ = tables
    for name, table in (("objects", objects), ("events", events)):
        write_tables(tmp_path, name, table, record.classes, {"experiment": "control"})
        stored = pyarrow.parquet.read_table(tmp_path / f"{name}.parquet")
        assert stored.schema.metadata[b"experiment"] == b"control"
        assert stored.column_names == list(table)
        for column, values in table.items():
            assert stored[column].to_pylist() == list(values)
        with (tmp_path / f"{name}.csv").open() as file:
            rows = list(csv.DictReader(file))
        assert [int(row["event"]) for row in rows] == stored["event"].to_pylist()
        assert [float(row["class"]) for row in rows] == stored["class"].to_pylist()
    assert [row["parents"] for row in rows] == [" ".join(map(str, p)) for p in events["parents"]]


def test_each_year_of_objects_can_be_read_alone(tmp_path, tables):
    record, objects, _, _ = tables
    write_tables(tmp_path, "objects", objects, record.classes, {})
    file = pyarrow.parquet.ParquetFile(tmp_path / "objects.parquet")
    years = [set(file.read_row_group(k)["year"].to_pylist()) for k in range(file.num_row_groups)]
    assert years == [{2000}, {2001}]


def test_relatives_are_mutual_and_of_one_class(tables):
    _, _, events, _ = tables
    row = {event: k for k, event in enumerate(events["event"].tolist())}
    for k, (event, parents) in enumerate(zip(row, events["parents"], strict=True)):
        for parent in parents:
            assert event in events["children"][row[parent]]
            assert events["class"][row[parent]] == events["class"][k]
            assert events["start_h"][row[parent]] < events["end_h"][k]
    pairs = [sum(map(len, events[name])) for name in ("parents", "children")]
    assert pairs[0] == pairs[1]


def test_geojson_has_a_track_for_each_event(tmp_path, tables):
    record, _, events, seen = tables
    write_geojson(tmp_path / "tracks.geojson", events, seen, record.classes)
    collection = json.loads((tmp_path / "tracks.geojson").read_text())
    assert [f["properties"]["event"] for f in collection["features"]] == events["event"].tolist()
    for k, feature in enumerate(collection["features"]):
        assert len(feature["properties"]["times"]) == events["steps"][k]
        assert feature["properties"]["feature"] in ("TC", "AR")
        for line in feature["geometry"]["coordinates"]:
            lon = np.array(line)[:, 0]
            assert np.abs(lon).max() <= 180
            assert np.abs(np.diff(lon)).max(initial=0) <= 180


def test_a_track_over_the_date_line_is_cut_on_it():
    """From 178E 10N to 176W (184E) 13N: a third of the way to the meridian, at 11N."""
    track = track_geometry(np.array([178.0, 184.0, 186.0]), np.array([10.0, 13.0, 14.0]))
    assert track["coordinates"] == [
        [[178.0, 10.0], [180.0, 11.0]],
        [[-180.0, 11.0], [-176.0, 13.0], [-174.0, 14.0]],
    ]
    back = track_geometry(np.array([184.0, 178.0]), np.array([13.0, 10.0]))
    assert back["coordinates"] == [[[-176.0, 13.0], [-180.0, 11.0]], [[180.0, 11.0], [178.0, 10.0]]]


def test_an_event_of_one_step_is_a_point():
    assert track_geometry(np.array([200.0]), np.array([5.0])) == {
        "type": "Point",
        "coordinates": [-160.0, 5.0],
    }


def test_trajectories_follow_cf(tmp_path, tables):
    """Contiguous ragged array: row_size counts, obs follow one another."""
    record, _, events, seen = tables
    time = {"units": record.time_units, "calendar": record.calendar}
    write_trajectories(
        tmp_path / "t.nc", events, seen, record.classes, time, {"experiment": "control"}
    )
    with netCDF4.Dataset(tmp_path / "t.nc") as file:
        assert file.featureType == "trajectory"
        assert file["row_size"].sample_dimension == "obs"
        assert file["event"].cf_role == "trajectory_id"
        assert file["row_size"][:].sum() == file.dimensions["obs"].size
        first = np.cumsum(file["row_size"][:]) - file["row_size"][:]
        time = file["time"]
        stamps = netCDF4.num2date(time[:][first], time.units, time.calendar)
        assert [date.isoformat() for date in stamps] == events["start"].tolist()
        assert np.array_equal(file["lat"][:][first], events["genesis_lat"])
