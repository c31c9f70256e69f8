"""Labelled samples: file by file, whole dates together, nothing incomplete."""

import netCDF4
import numpy as np
import pytest

from labelled_factory import FIELDS, coordinates, weather, write_labelled, write_map_file
from stormtrace.errors import BadInput
from stormtrace.formats.labelled import (
    by_time,
    grid_of,
    list_labelled,
    read_labelled,
    read_text_time,
    split_by_time,
)
from stormtrace.grids import Grid, make_grid

GRID = Grid(*coordinates((40, 64)))


@pytest.fixture
def folder(tmp_path):
    return write_labelled(tmp_path / "train", 6, labellings=3)


def spoil(path, name, place, value):
    with netCDF4.Dataset(path, "a") as dataset:
        dataset[name][place] = value


def test_every_file_is_one_labelling(folder):
    files = list_labelled(folder)
    assert len(files) == 18
    assert [len(group) for group in by_time(files).values()] == [3] * 6
    assert files[0].date == "2000-01-01"
    assert [file.labelling for file in files[:4]] == [1, 2, 3, 1]


def test_what_else_lies_in_the_folder_is_no_labelling(folder, caplog):
    """A Mac leaves ``._….nc`` beside every file it copies."""
    for name in ("._data-2000-01-01-01-1.nc", "readme.txt", "mean.nc"):
        (folder / name).write_text("not netCDF")
    assert len(list_labelled(folder)) == 18
    assert "1 files are not named as labelled samples" in caplog.text and "mean.nc" in caplog.text
    assert len(list_labelled(folder, ["mean.nc"])) == 18  # nothing wrong with naming it


def test_split_keeps_all_labellings_of_a_date_together(folder):
    training, validation = split_by_time(list_labelled(folder), 0.3)
    assert {file.date for file in validation} == {"2000-01-05", "2000-01-06"}
    assert len(validation) == 6 and len(training) == 12
    assert not {file.date for file in training} & {file.date for file in validation}


def test_split_without_validation_keeps_all(folder):
    files = list_labelled(folder)
    assert split_by_time(files, 0) == (files, [])


def test_split_must_leave_something_to_learn_from(tmp_path):
    files = list_labelled(write_labelled(tmp_path, 1))
    with pytest.raises(BadInput, match="leaves no date to train on"):
        split_by_time(files, 0.5)


def test_excluded_files_are_left_out_and_must_exist(folder):
    assert len(list_labelled(folder, ["data-2000-01-01-01-1.nc"])) == 17
    with pytest.raises(BadInput, match=r"no data-1999\.nc, named under `exclude`"):
        list_labelled(folder, ["data-1999.nc"])


def test_something_must_be_left_when_files_are_excluded(folder):
    names = [file.path.name for file in list_labelled(folder)]
    with pytest.raises(BadInput, match=f"`exclude` names all {len(names)}"):
        list_labelled(folder, names)


def test_a_file_from_north_to_south_is_refused_whatever_the_others_are(tmp_path):
    lat, lon = coordinates((40, 64))
    values, labels = weather(0)
    write_map_file(tmp_path / "data-2000-01-01-01-1.nc", values, lat[::-1], lon, labels=labels)
    with pytest.raises(BadInput, match=r"-1\.nc: lat of a grid must ascend"):
        grid_of(list_labelled(tmp_path))


def test_reads_fields_in_the_order_asked(folder):
    path = list_labelled(folder)[0].path
    sample = read_labelled(path, ["PSL", "TMQ"], 3, GRID)
    assert sample.values.dtype == np.float32 and sample.values.shape == (2, 40, 64)
    assert sample.values[0].mean() > 90_000 > sample.values[1].mean()
    assert set(np.unique(sample.labels)) == {0, 1, 2}


@pytest.mark.parametrize(
    ("name", "place", "value", "message"),
    [
        ("V850", (0, 3, 5), np.nan, r"V850 has 1 missing or non-finite values, .* lon 28\.125"),
        ("TMQ", (0, slice(2), 0), 1e15, r"TMQ has 2 missing .* lat -90, lon 0;"),
        ("LABELS", (1, 1), 3, r"LABELS has the codes \[3\], outside 0 … 2"),
        ("LABELS", (1, 1), -1, r"LABELS has the codes \[-1\]"),
        ("LABELS", (1, 1), 255, r"LABELS has the codes \[255\]"),
    ],
)
def test_incomplete_or_impossible_values_are_refused_by_name(folder, name, place, value, message):
    path = list_labelled(folder)[0].path
    spoil(path, name, place, value)
    with pytest.raises(BadInput, match=message):
        read_labelled(path, FIELDS, 3, GRID)


@pytest.mark.parametrize("code", [np.nan, 0.5])
def test_labels_between_the_codes_are_refused(tmp_path, code):
    lat, lon = coordinates((40, 64))
    fields, labels = weather(0)
    path = tmp_path / "data-2000-01-01-01-1.nc"
    write_map_file(path, fields, lat, lon, labels=labels)
    labels = labels.astype(float)
    labels[3, 3] = code
    with netCDF4.Dataset(path, "a") as dataset:
        dataset.renameVariable("LABELS", "INTEGERS")
        dataset.createVariable("LABELS", "f8", ("lat", "lon"))[:] = labels
    with pytest.raises(BadInput, match=rf"LABELS has the codes \[{code}\]"):
        read_labelled(path, FIELDS, 3, GRID)


def test_a_missing_field_is_named(tmp_path):
    path = list_labelled(write_labelled(tmp_path, 1, fields=("TMQ",)))[0].path
    with pytest.raises(BadInput, match="has no field U850; it has"):
        read_labelled(path, FIELDS, 3, GRID)


def test_a_truncated_file_is_refused(folder):
    path = list_labelled(folder)[0].path
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(BadInput, match="truncated or damaged; copy it again from where it came"):
        read_labelled(path, FIELDS, 3, GRID)


@pytest.mark.parametrize("names", [[], ["sample.nc"]])
def test_folders_without_usable_names_are_refused(tmp_path, names):
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(BadInput, match="YYYY-MM-DD-NN-K"):
        list_labelled(tmp_path)


def renamed(folder, names, texts=None, weathers=None):
    """Write one labelled sample a name; texts: the times inside, weathers: seeds of the fields.

    The grid has bounds of its rows, as Gaussian ones have: they are no weather.
    """
    grid = make_grid({"gaussian": 2, "nlon": 8})
    for i, name in enumerate(names):
        values = np.full((4, 8), (weathers or range(len(names)))[i], np.float32)
        labels = np.zeros((4, 8), np.int64)
        write_map_file(folder / name, {"TMQ": values}, grid=grid, labels=labels)
        with netCDF4.Dataset(folder / name, "a") as nc:
            nc["time"][0] = (texts or names)[i]
    return [(file.path.name, file.time, file.labelling) for file in list_labelled(folder)]


def test_names_as_climatenet_was_released(tmp_path):
    """Two labellings of a step, and a step that has one without _K: it is the first."""
    names = ["data-2001-05-14-00-2.nc", "data-2001-05-14-00-2_1.nc", "data-2013-09-27-01-1_0.nc"]
    assert renamed(tmp_path, names) == [
        (names[0], "2001-05-14-00-2", 0),
        (names[1], "2001-05-14-00-2", 1),
        (names[2], "2013-09-27-01-1", 0),
    ]


def test_steps_without_a_labelling_are_no_labellings_of_one_time(tmp_path):
    """data-2000-01-01-01-1.nc … -3.nc: the text and the weather inside differ, so do the times."""
    names = [f"data-2000-01-01-01-{step}.nc" for step in (1, 2, 3)]
    found = renamed(tmp_path, names)
    assert found == [(name, f"2000-01-01-01-{i}", 0) for i, name in enumerate(names, 1)]


def test_a_date_inside_says_nothing_of_steps(tmp_path):
    """All steps of a day share it: the weather decides."""
    names, texts = [f"data-2000-01-01-01-{step}.nc" for step in (1, 2)], ["2000-01-01"] * 2
    assert [time[-1] for _, time, _ in renamed(tmp_path, names, texts)] == ["1", "2"]
    assert [one[2] for one in renamed(tmp_path, names, texts, [5, 5])] == [1, 2]


@pytest.mark.parametrize("texts", [["data-2000-01-01-01-1.nc"] * 3, None])
def test_labellings_of_one_time_share_its_text_or_its_weather(tmp_path, texts):
    names = [f"data-2000-01-01-01-{labelling}.nc" for labelling in (1, 2, 3)]
    weathers = [5, 5, 5] if texts is None else None
    found = renamed(tmp_path, names, texts, weathers)
    assert found == [(name, "2000-01-01-01", i) for i, name in enumerate(names, 1)]


def test_one_labelling_twice_is_refused(tmp_path):
    names = ["data-2001-05-14-00-2.nc", "data-2001-05-14-00-2_0.nc"]
    with pytest.raises(BadInput, match=r"-2\.nc and .*-2_0\.nc are the same labelling of one time"):
        renamed(tmp_path, names)
    assert len(list_labelled(tmp_path, [names[0]])) == 1  # as the message says


def test_an_axis_of_one_time_makes_no_other_labels(folder, tmp_path):
    """LABELS(time=1, lat, lon), and time as single characters, as some tools write both."""
    path = tmp_path / "data-2000-01-01-01-1_0.nc"
    lat, lon = coordinates((40, 64))
    fields, labels = weather(0)
    write_map_file(path, fields, lat, lon, labels=labels)
    with netCDF4.Dataset(path, "a") as nc:
        nc.renameVariable("LABELS", "MAP")
        nc.createVariable("LABELS", "i8", ("time", "lat", "lon"))[:] = labels[None]
        nc.renameVariable("time", "text")
        nc.createDimension("letters", 20)
        text = np.frombuffer(b"data-2000-01-01-01-1", "S1")
        nc.createVariable("time", "S1", ("time", "letters"))[:] = text[None]
        assert read_text_time(nc) == "data-2000-01-01-01-1"
    np.testing.assert_array_equal(read_labelled(path, FIELDS, 3, GRID).labels, labels)


def test_confidence_is_read_where_there_is_one_and_must_be_a_share(folder):
    path = list_labelled(folder)[0].path
    assert read_labelled(path, FIELDS, 3, GRID).confidence is None
    with netCDF4.Dataset(path, "a") as nc:
        nc.createVariable("CONFIDENCE", "f4", ("lat", "lon"))[:] = 0.5
    assert (read_labelled(path, FIELDS, 3, GRID).confidence == 0.5).all()
    spoil(path, "CONFIDENCE", (1, 1), 2.0)
    with pytest.raises(BadInput, match=r"CONFIDENCE .* goes from 0\.5 to 2; expected 0 … 1"):
        read_labelled(path, FIELDS, 3, GRID)
