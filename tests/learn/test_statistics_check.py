"""Statistics are of what is trained on, or refused."""

import json

import pytest

from labelled_factory import FIELDS, statistics
from stormtrace.errors import BadInput
from stormtrace.formats.labelled import LabelledFile
from stormtrace.learn.recipe import Recipe
from stormtrace.learn.statistics_check import check_statistics
from stormtrace.prepare.statistics import excluded_from

RECIPE = Recipe(name="m", fields=list(FIELDS), dataset="made-up", grid="tiny")


def check(tmp_path, exclude=(), files=3, **about):
    path = tmp_path / "s.json"
    path.write_text(json.dumps(statistics(steps=3) | about))
    there = [
        LabelledFile(f"2000-01-0{i}-01", 1, tmp_path / "train" / f"{i}.nc") for i in range(files)
    ]
    check_statistics(path, RECIPE, there, list(exclude))


def test_statistics_of_what_is_trained_on_pass(tmp_path):
    check(tmp_path)
    check(tmp_path, exclude=["a.nc"])  # made before statistics said what they leave out
    check(tmp_path, exclude=["a.nc", "b.nc"], excluded=["b.nc", "a.nc"])


@pytest.mark.parametrize(
    ("exclude", "about", "message"),
    [
        ([], {"dataset": "other"}, "`dataset` is 'other', but model m learns from 'made-up'"),
        ([], {"grid": "fine"}, "`grid` is 'fine', but model m learns from 'tiny'"),
        (["a.nc"], {"steps": 4}, r"of 4 samples, but .* from 3 in .*train \(1 excluded\)"),
        (["a.nc"], {"excluded": ["b.nc"]}, "statistics with a.nc, but model m learns without it"),
        ([], {"excluded": ["b.nc"]}, "statistics without b.nc, but model m learns with it"),
    ],
)
def test_others_are_refused(tmp_path, exclude, about, message):
    with pytest.raises(BadInput, match=message):
        check(tmp_path, exclude, **about)


def test_merged_statistics_keep_what_their_pieces_leave_out():
    pieces = [{"provenance": {"excluded": '["b.nc"]'}}, {"provenance": {"excluded": "[]"}}, {}]
    assert excluded_from(pieces) == {"excluded": ["b.nc"]}
    assert excluded_from(pieces[1:]) == {}
