"""An experiment's period inside a year is kept to from the samples to frequency, for real."""

import netCDF4
import numpy as np
import pytest

from workflow_runs import planned, snakemake

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("workflow")]

#: Two days of the four that the smallest planet has round New Year.
OVERLAY = {
    "run": ["short"],
    "compare": [],
    "explain": [],
    "animate": {},
    "snapshots": {},
    "composites": {"short": ["TMQ"]},
    "device": "cpu",
    "planet": {
        "ne": 4,
        "levels": 8,
        "days": 4,
        "merra2_days": 2,
        "train_files": 4,
        "test_files": 2,
    },
    "grids": {"mini": {"nlat": 48, "nlon": 72}},
    "datasets": {
        "mini-historical": {
            "parts": [
                {
                    "period": ["2000-12-30", "2001-01-03"],
                    "files": "{results}/planet/historical/*.cam.h?.{variable}.{year}*.nc",
                    "stamps": "end",
                }
            ]
        }
    },
    "models": {"four-fields": {"epochs": 1, "validation": 0.0}},
    "experiments": {
        "short": {"like": "control", "period": ["2000-12-31", "2001-01-02"], "blank": "allow"}
    },
}
GOALS = ["results/frequency/short/frequency.nc", "results/composites/short/2000.nc"]


def times(nc):
    time = nc["time"]
    return [date.isoformat() for date in netCDF4.num2date(time[:], time.units, time.calendar)]


def test_only_the_days_of_the_period_are_run_on(tmp_path):
    snakemake(tmp_path, *GOALS, overlay=OVERLAY)
    days = {"2000": "2000-12-31", "2001": "2001-01-01"}
    for year, day in days.items():
        samples = list((tmp_path / f"results/samples/mini-historical/mini/{year}").glob("*.nc"))
        assert len(samples) == 16  # the dataset's two days of the year, for all experiments
        with netCDF4.Dataset(tmp_path / f"results/masks/short/{year}.nc") as nc:
            assert times(nc) == [f"{day}T{hour:02d}:00:00" for hour in range(0, 24, 3)]
    with netCDF4.Dataset(tmp_path / "results/frequency/short/frequency.nc") as nc:
        for name in ("steps", "expected_steps"):  # December of the first year, then January
            found = np.ma.filled(nc[name][:], 0)
            assert found[11] == found[12] == 8 and found.sum() == 16, name
    with netCDF4.Dataset(tmp_path / "results/composites/short/2000.nc") as nc:
        everything = np.ma.filled(nc["TMQ_steps"][:, 0], 0)  # part 0: all steps
        assert (everything.sum(axis=0) == 8).all()

    short = OVERLAY["experiments"]["short"]
    longer = {"experiments": {"short": {**short, "period": ["2000-12-31", "2001-01-03"]}}}
    jobs = planned(tmp_path, "--until", "compute_frequency", overlay=OVERLAY | longer)
    assert jobs["detect"] == 1 and "make_samples" not in jobs and "train" not in jobs
