"""The main job, for real: raw files of a smaller planet to the report, and what must be true of it."""

import json

import netCDF4
import numpy as np
import pandas
import pytest

from smaller_planet import OVERLAY
from stormtrace import results
from stormtrace.planet.feature_codes import CYCLONE, RIVER
from workflow_runs import planned

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("demo")]


def test_one_worker_runs_the_planet_for_all(request, worker_id):
    """pytest 9.2 silently ignores the groups of xdist 3.8: each worker would run it anew."""
    assert worker_id == "master" or request.node.nodeid.endswith("@demo")


def scores(demo, model):
    return json.loads((demo / "results" / "models" / model / "scores.json").read_text())


def test_it_ends_in_a_report_and_leaves_nothing_half_made(demo):
    page = (demo / "results" / "report.html").read_text()
    assert "A smaller planet" in page and "Control" in page
    assert "Before you trust" not in page, "true masks are doubted"
    assert not [*demo.rglob("*.partial*")]
    assert planned(demo, overlay=OVERLAY) == {}


def test_four_fields_learn_what_water_vapour_alone_cannot_show(demo):
    four, one = scores(demo, "four-fields"), scores(demo, "one-field")
    all_background = four["iou"]["Background"] / 3  # at most: nothing else is ever found
    assert four["mean_iou"] > all_background + 0.15
    # The planet's look-alikes hold as much water as its cyclones: the winds tell them apart.
    assert four["iou"]["Tropical Cyclone"] > one["iou"]["Tropical Cyclone"] + 0.15


def test_what_is_found_lies_where_the_truth_is(demo):
    with netCDF4.Dataset(demo / "results/planet/historical/truth/masks.nc") as truth_file:
        truth = {
            date.isoformat(): mask
            for date, mask in zip(dates(truth_file), truth_file["mask"][:], strict=True)
        }
    hits, either = {CYCLONE: 0, RIVER: 0}, {CYCLONE: 0, RIVER: 0}
    steps = 0
    for year in (2000, 2001):
        with netCDF4.Dataset(demo / f"results/masks/control/{year}.nc") as found_file:
            for date, found in zip(dates(found_file), found_file["mask"][:], strict=True):
                true = truth[date.isoformat()]
                steps += 1
                for code in (CYCLONE, RIVER):
                    hits[code] += np.sum((found == code) & (true == code))
                    either[code] += np.sum((found == code) | (true == code))
    assert steps == 80  # ten days of three-hourly steps, none lost at New Year
    assert hits[CYCLONE] / either[CYCLONE] > 0.25
    assert hits[RIVER] / either[RIVER] > 0.4


def dates(dataset):
    time = dataset["time"]
    return netCDF4.num2date(time[:], time.units, time.calendar)


def test_new_year_cuts_no_event(demo):
    events = pandas.read_parquet(demo / "results/events/control/events.parquet")
    across = events[(events.start < "2001") & (events.end > "2001")]
    assert set(across["class"]) == {CYCLONE, RIVER}
    assert (across.lifetime_h >= 12).all()


def test_frequency_is_the_plain_share_of_steps(demo):
    """The report's numbers by hand: the mean over all masks, and its maximum, class by class."""
    masks = []
    for year in (2000, 2001):
        with netCDF4.Dataset(demo / f"results/masks/control/{year}.nc") as dataset:
            masks.append(dataset["mask"][:].data)
    frequency = results.open_frequency(demo / "results/frequency/control/frequency.nc")
    for code, name in ((CYCLONE, "TC"), (RIVER, "AR")):
        by_hand = 100 * (np.concatenate(masks) == code).mean(axis=0)
        counted = frequency["frequency"].sel(period="annual", feature=name)
        np.testing.assert_allclose(counted, by_hand, rtol=1e-12)
        assert float(counted.max()) == pytest.approx(by_hand.max())


def test_fields_are_measured_in_objects(demo):
    objects = pandas.read_parquet(demo / "results/events/control/objects.parquet")
    column = next(name for name in objects.columns if "TMQ" in name and "max" in name)
    assert objects[column].between(5, 100).all()  # kg m-2


def test_every_netcdf_file_says_where_it_comes_from(demo):
    files = [file for file in (demo / "results").rglob("*.nc") if "planet" not in file.parts]
    assert len(files) > 80
    for file in files:
        with netCDF4.Dataset(file) as dataset:
            missing = {"history", "stormtrace_version"} - set(dataset.ncattrs())
            assert not missing, f"{file} lacks {missing}"
