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
    split_by_time,
)
from stormtrace.grids import Grid

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
