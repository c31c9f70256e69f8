"""The steps that a dataset promises against the samples in a folder: by names, in any calendar."""

from pathlib import Path

import pytest

from stormtrace.detect.expected_steps import count_missing
from stormtrace.errors import BadInput
from stormtrace.formats.samples import SampleFolder
from stormtrace.grids import make_grid


def folder(stamps, calendar="noleap", step_hours=3.0):
    paths = [Path("samples") / f"made.{stamp}.nc" for stamp in stamps]
    return SampleFolder(paths, {}, GRID, "days since 2000-01-01", calendar, step_hours)


def days(*days, month=2, first=0):
    """Names of all eight steps of some days of a month of 2000."""
    return [
        f"2000-{month:02d}-{day:02d}-{seconds:05d}"
        for day in days
        for seconds in range(first, 86400, 10800)
    ]


GRID = make_grid({"nlat": 4, "nlon": 8})


@pytest.mark.parametrize(
    ("calendar", "last"), [("noleap", 28), ("standard", 29), ("all_leap", 29), ("360_day", 30)]
)
def test_february_has_the_days_of_its_calendar(calendar, last):
    whole = folder(days(*range(1, last + 1)), calendar)
    assert count_missing(whole, [["2000-02-01", "2000-03-01"]], "refuse") == 0
    less = folder(days(*range(1, last)), calendar)
    assert count_missing(less, [["2000-02-01", "2000-03-01"]], "skip") == 8


def test_one_missing_step_of_eighty_is_refused_and_may_be_skipped():
    there = days(*range(1, 11))
    del there[13]  # 2 February, 15 h
    period = [["2000-02-01", "2000-02-11"]]
    with pytest.raises(
        BadInput,
        match=r"^samples: of 80 steps expected 1 have no sample \(2000-02-02 15:00\)\. Delete the",
    ):
        count_missing(folder(there), period, "refuse")
    assert count_missing(folder(there), period, "skip") == 1


@pytest.mark.parametrize("missing_steps", ["refuse", "skip"])
def test_a_sample_that_is_none_of_the_steps_is_refused(missing_steps):
    there = sorted([*days(1, 2), "2000-02-01-03600", "2000-02-03-00000"])
    with pytest.raises(
        BadInput, match=r"2 samples \(2000-02-01 01:00 … 2000-02-03 00:00\) are none of the 16"
    ):
        count_missing(folder(there), [["2000-02-01", "2000-02-03"]], missing_steps)


def test_between_two_stretches_nothing_is_expected():
    stretches = [["2000-02-01", "2000-02-03"], ["2000-02-10 12:00", "2000-02-12"]]
    there = [*days(1, 2), *days(10)[4:], *days(11)]
    assert count_missing(folder(there), stretches, "refuse") == 0


def test_steps_may_begin_at_other_hours_than_midnight():
    """Instants every 6 h at 03, 09, 15 and 21 h: four a day, as many as from midnight on."""
    there = [stamp for stamp in days(1, 2) if int(stamp[-5:]) % 21600 == 10800]
    period = [["2000-02-01", "2000-02-03"]]
    assert len(there) == 8 and count_missing(folder(there, step_hours=6.0), period, "refuse") == 0
    assert count_missing(folder(there[1:], step_hours=6.0), period, "skip") == 1
