"""Blank and nearly blank masks are told, in frequency.nc, in the log and at the page's head."""

from types import SimpleNamespace

import netCDF4
import numpy as np
import pytest

from make_reports import TEMPLATES, experiment
from make_results import CLASSES, MINI, write_frequency
from stormtrace.climate.frequency import open_frequency
from stormtrace.climate.near_blank import Record
from stormtrace.grids import make_grid
from stormtrace.report.page import write_page


def counts_of(rows, value):
    """Rivers (the second class) in `value` of 100 steps of each month over the first rows."""
    counts = np.zeros((12, 2, *MINI.shape), np.int16)
    counts[:, 1, rows] = value
    return {2001: counts}


# Zones of 10°: of 19 rows the ones at 0° and ±10° have (sin 15° - sin -15°) / 2 = 25.88 % of the
# sphere; in 2 of 100 steps that is .518 % of the globe at a time, in 40 it is 10.4 %. Those from
# 30°S to 30°N have sin 35° = 57.4 %; in 70 of 100 steps that is 40.2 %.
@pytest.mark.parametrize(
    ("rows", "value", "told"),
    [
        (slice(8, 11), 2, "rivers cover 0.52 % of the globe"),
        (slice(8, 11), 40, ""),
        (slice(8, 11), 0, "no mask has atmospheric rivers, which"),
        (slice(6, 13), 70, ""),
        (slice(6, 13), 100, "rivers cover 57.4 % of the globe"),
    ],
)
def test_masks_with_hardly_a_river_or_nothing_else_are_doubted(tmp_path, caplog, rows, value, told):
    path = write_frequency(tmp_path / "f.nc", counts_of(rows, value))
    with open_frequency(path) as frequency:
        doubts = frequency.attributes["doubts"]
    assert told in doubts and told in caplog.text
    assert bool(doubts) is bool(told)


def test_more_cyclones_than_there_can_be_are_doubted():
    record = Record(CLASSES)
    counts = np.zeros((12, 2, *MINI.shape), np.int16)
    counts[:, 0, 8:11] = 80  # 25.88 % of the sphere, as above, in 80 of 100 steps: 20.7 %
    counts[:, 1, 8:11] = 40
    made = {"attributes": {}, "classes": CLASSES, "steps": np.full(12, 100)}
    record.add(SimpleNamespace(grid=MINI, fields={"count": counts}, **made))
    (doubt,) = record.doubts()
    assert doubt.startswith("tropical cyclones cover 20.7 % of the globe at a time, where one")


@pytest.mark.parametrize("value", [0, 2, 90])
@pytest.mark.parametrize(
    "entry", [{"projection": "south-polar", "cells": 24}, {"box": [180, 255, 20, 65], "step": 5}]
)
def test_a_part_of_the_globe_may_have_none(entry, value):
    """Nor is the frequency of a part held against that of the globe."""
    grid = make_grid(entry)
    record = Record(CLASSES)
    for _ in range(2):
        counts = np.full((12, 2, *grid.shape), value, np.int16)
        made = {"attributes": {}, "classes": CLASSES, "steps": np.full(12, 100)}
        record.add(SimpleNamespace(grid=grid, fields={"count": counts}, **made))
    assert list(record.doubts()) == []


def test_blank_masks_are_counted_over_all_years(tmp_path, monkeypatch):
    """2 years x 12 months x 100 steps; 700 of the 1,200 of each year are blank, 58 %."""
    import make_results

    made = make_results.Counts
    monkeypatch.setattr(
        make_results,
        "Counts",
        lambda *args: made(*args[:6], args[6] | {"blank_steps": 700, "doubts": "a\nb"}, *args[7:]),
    )
    zero = counts_of(slice(8, 11), 40)[2001]
    path = write_frequency(tmp_path / "f.nc", {2001: zero, 2002: zero})
    with netCDF4.Dataset(path) as nc:
        assert nc.blank_steps == 1400
        first, second, third = nc.doubts.split("\n")
    assert (first, second) == ("a", "b")
    assert third.startswith("1400 of 2400 masks are blank")


def test_doubts_stand_at_the_head_of_the_page(tmp_path):
    one = experiment(tmp_path, "faint", factor=0.01, events=None)
    two = experiment(tmp_path, "plain", events=None)
    report = {"title": "T", "experiments": [two, one]}
    page = write_page(report, TEMPLATES, tmp_path)
    head = page[: page.index('id="answers"')]
    assert "masks are nearly blank" in head and "The &lt;faint&gt;" in head
    assert "The &lt;plain&gt;" not in head
    alone = write_page({"title": "T", "experiments": [two]}, TEMPLATES, tmp_path)
    assert "Before you trust" not in alone
