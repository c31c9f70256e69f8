"""Samples of a period are chosen by the times in their names, without opening them."""

import cftime
import numpy as np
import pytest

from stormtrace.errors import BadInput
from stormtrace.formats.sample_writing import SampleField, SampleTime, write_sample
from stormtrace.formats.samples import open_folder
from stormtrace.grids import make_grid

GRID = make_grid({"nlat": 12, "nlon": 16})
NAMES = [f"d.2000-12-{day}-{second:05d}.nc" for day in (30, 31) for second in (0, 43200)]


@pytest.fixture
def samples(tmp_path):
    for name in NAMES:
        time = SampleTime(
            cftime.DatetimeNoLeap(2000, 12, int(name[10:12]), int(name[13:18]) // 3600)
        )
        field = SampleField("TMQ", np.ones(GRID.shape, "f4"), {})
        write_sample(tmp_path / name, GRID, time, [field], {"step_hours": 12.0})
    (tmp_path / "notes.nc").write_text("no sample")
    return tmp_path


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        (("2000-12-30", "2001-01-01"), NAMES),
        (("2000-12-30 12:00", "2000-12-31"), NAMES[1:2]),  # the start is in it, the end is not
        (("2000-12-30T00:00", "2000-12-30T12:00:00"), NAMES[:1]),
        (("2000-12-30", "2000-12-31 12:00:01"), NAMES),
        (("1999-01-01", "2000-12-31"), NAMES[:2]),
    ],
)
def test_the_start_is_included_and_the_end_is_not(samples, period, expected):
    folder = open_folder(samples, {"TMQ": None}, period)
    assert [path.name for path in folder.paths] == expected


def test_a_period_without_samples_is_refused(samples):
    with pytest.raises(BadInput, match=r"has no samples from 1850-01-01 to before 1850-02-01"):
        open_folder(samples, {"TMQ": None}, ("1850-01-01", "1850-02-01"))


def test_a_period_must_be_of_the_calendar_of_the_samples(samples):
    with pytest.raises(BadInput, match="2001-02-30 is no date of the samples' calendar, noleap"):
        open_folder(samples, {"TMQ": None}, ("2000-12-30", "2001-02-30"))
