"""Times by table or pattern, pixels on cells, and which class wins."""

import numpy as np
import pytest

from annotation_files import AR, TC, imported, labels, write_table
from stormtrace.errors import BadInput
from stormtrace.grids import make_grid
from stormtrace.labels.annotation_blocks import LabelTimes
from stormtrace.labels.label_times import Timer
from stormtrace.labels.placing import place_picture

GRID = make_grid({"nlat": 12, "nlon": 20, "poles": False})


@pytest.mark.parametrize(
    ("pattern", "name", "time", "who"),
    [
        ("data-{year}-{month}-{day}-01-{step}", "data-2000-01-31-01-3.jpg", "2000-01-31 06:00:00", ""),
        ("data-{year}-{month}-{day}-01-{step:1}*", "x/data-2000-01-31-01-3155.xml", "2000-01-31 06:00:00", ""),
        ("*data-{year}-{month}-{day}-{seconds}", "/up/ab-data-2000-01-31-10800.png?v=1", "2000-01-31 03:00:00", ""),
        ("{annotator}/{year}{month:2}{day:2}T{hour:2}{minute:2}", "/c/ben/20000131T0930.png", "2000-01-31 09:30:00", "ben"),
    ],
)  # fmt: skip
def test_patterns_tell_times_and_annotators(pattern, name, time, who):
    assert Timer(LabelTimes(pattern=pattern, step_hours=3)).find(name, "x") == (time, who)


@pytest.mark.parametrize(
    ("pattern", "step_hours", "message"),
    [
        ("data-{year}-{month}", 3, "tells no time"),
        ("data-{year}-{month}-{day}", 3, "tells no time.*or step_hours: 24"),
        ("{year}-{month}-{day}-{step}-{run}", 3, "has {run}; known are {year}"),
        ("{year}-{month}-{day}-{day}", 24, "has {day} twice"),
    ],
)
def test_patterns_without_a_time_are_refused(pattern, step_hours, message):
    with pytest.raises(BadInput, match=message):
        Timer(LabelTimes(pattern=pattern, step_hours=step_hours))


def test_names_that_do_not_fit_are_refused():
    timer = Timer(LabelTimes(pattern="data-{year}-{month}-{day}-01-{step}", step_hours=3))
    with pytest.raises(BadInput, match="called 'data-2000-01-31', which does not fit the pattern"):
        timer.find("data-2000-01-31.png", "a.xml")
    with pytest.raises(BadInput, match="is 27 hours into its day"):
        timer.find("data-2000-01-31-01-10.png", "a.xml")


def test_tables_name_pictures_or_count_lines(tmp_path):
    named = write_table(tmp_path / "a.csv", {"one.png": "2000-01-31 22:30", "two": "2000-02-01"})
    timer = Timer(LabelTimes(table=named))
    assert timer.find("/x/one.png", "a")[0] == "2000-01-31 22:30"
    assert timer.find("/x/two.png", "a")[0] == "2000-02-01"
    with pytest.raises(BadInput, match=r"a\.csv has no picture 'three\.png'; it has one\.png, two"):
        timer.find("three.png", "a")
    (tmp_path / "b.csv").write_text("picture,time\na,2000-01-01\n")
    with pytest.raises(BadInput, match="must have the columns name and time"):
        Timer(LabelTimes(table=str(tmp_path / "b.csv")))


def test_a_larger_picture_gives_each_cell_the_pixel_at_its_centre():
    """Three pixels a cell: the middle one. North up, and from the date line to the east."""
    place = place_picture((36, 60), GRID, "north", -180.0, GRID)
    assert place.rows.tolist() == list(range(34, 0, -3))
    assert place.columns.tolist() == [(3 * (c + 10) + 1) % 60 for c in range(20)]
    south = place_picture((36, 60), GRID, "south", None, GRID)
    assert south.rows.tolist() == list(range(1, 36, 3))
    assert south.columns.tolist() == list(range(1, 60, 3))


def test_pictures_of_another_shape_or_place_are_refused():
    with pytest.raises(
        BadInput, match="a picture of 30 rows and 60 columns does not show the grid"
    ):
        place_picture((30, 60), GRID, "north", None, GRID)
    box = make_grid({"box": [180, 240, 20, 60], "step": 2})
    with pytest.raises(BadInput, match=r"first column of the pictures is at -90°.* begins at 181°"):
        place_picture(box.shape, box, "north", -90.0, box)


def test_a_region_takes_its_part_of_a_global_picture_and_off_the_map_is_counted(tmp_path):
    """Cells of 2° in a box, pictures of 18° × 15°: each cell has that of its pixel, on an edge of the northern."""
    box = make_grid({"box": [181, 241, 21, 59], "step": 2})
    codes = np.zeros((12, 20), np.uint8)
    codes[2:4, 11:12] = 1  # 60 N … 30 N, 189 E … 207 E; the first column is centred at 0
    codes[10, 1] = 2  # elsewhere
    np.save(tmp_path / "data-2000-01-01-00000.npy", codes)
    own = {
        "format": "pixels",
        "files": str(tmp_path / "*.npy"),
        "classes": {"1": TC, "2": AR},
        "times": {"pattern": "data-{year}-{month}-{day}-{seconds}"},
        "map": {"grid": "globe"},
    }
    globe = {"nlat": 12, "nlon": 20, "poles": False}
    store = imported(box, own, grids={"globe": globe})
    lat, lon = box.points
    expected = (lat >= 30) & (lat < 60) & (lon > 189) & (lon < 207)
    np.testing.assert_array_equal(labels(store) == 1, expected)
    assert store.record.dropped == {"off the map": 1}


def test_pictures_of_a_polar_grid_have_their_last_row_on_top(tmp_path):
    """Rows of such a grid go up the plane; a picture shows the uppermost first."""
    square = {"projection": "north-polar", "cells": 8}
    codes = np.zeros((8, 8), np.uint8)
    codes[0, 2] = codes[7, 5] = 1
    np.save(tmp_path / "data-2000-01-01-00000.npy", codes)
    own = {
        "format": "pixels",
        "files": str(tmp_path / "*.npy"),
        "classes": {"1": AR},
        "times": {"pattern": "data-{year}-{month}-{day}-{seconds}"},
    }
    found = labels(imported(make_grid(square), own))
    assert np.argwhere(found).tolist() == [[0, 5], [7, 2]]
    with pytest.raises(BadInput, match="whose latitude and longitude are no axes, both must be"):
        imported(GRID, {**own, "map": {"grid": "p"}}, grids={"p": square})


def test_times_that_are_none_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.eye(12, 20, dtype=np.uint8))
    table = write_table(tmp_path / "t.csv", {"a": "noon"})
    own = {"format": "pixels", "files": str(tmp_path / "*.npy"), "classes": {"1": AR},
           "times": {"table": table}}  # fmt: skip
    with pytest.raises(BadInput, match=r"a\.npy: its time is 'noon', expected YYYY-MM-DD HH:MM"):
        imported(GRID, own)


def test_words_that_occur_nowhere_are_warned_of(tmp_path, caplog):
    np.save(tmp_path / "data-2000-01-01-00000.npy", np.eye(12, 20, dtype=np.uint8))
    own = {
        "format": "pixels",
        "files": str(tmp_path / "*.npy"),
        "classes": {"1": TC, "ar": AR},
        "times": {"pattern": "data-{year}-{month}-{day}-{seconds}"},
    }
    imported(GRID, own)
    assert "'ar' of `classes` occurs in no shape" in caplog.text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"times": None}, "lacks `times`"),
        ({"times": {"table": "a", "pattern": "b"}}, "say either `table` or `pattern`"),
        ({"times": {"pattern": "{year}{step}"}}, "{step} needs step_hours"),
        ({"format": "webknossos"}, "`times` must be a table"),
        ({"axes": ["time", "lat", "lat"]}, "time, lat and lon in some order"),
        ({"files": "nowhere/*.xml"}, "there are no files nowhere"),
    ],
)
def test_blocks_that_cannot_be_are_refused(changes, message):
    own = {
        "format": "pixels",
        "files": "*.none",
        "classes": {"1": TC},
        "times": {"pattern": "data-{year}-{month}-{day}-{seconds}"},
    }
    with pytest.raises(BadInput, match=message):
        imported(GRID, {key: value for key, value in {**own, **changes}.items() if value})
