"""Years side by side: what may be read together, and how times become one axis."""

import numpy as np
import pytest

from stormtrace.errors import BadInput
from stormtrace.grids import Grid
from stormtrace.track.joining import check_labelling, read_record
from stormtrace.track.shared_cells import pairs_of_equal
from stormtrace.track.tracking import read_tracking
from track_files import CLASSES, random_masks, record_of, write_masks, write_objects

MASKS = random_masks(1)


def test_years_are_sorted_by_time_whatever_their_units(tmp_path):
    later = {"first_hour": 0.0, "units": "hours since 2000-01-03", "year": 2001}
    earlier = {"hours": np.arange(12) / 8, "units": "days since 2000-01-01 12:00", "year": 2000}
    record = record_of(tmp_path, [(MASKS, later), (MASKS, earlier)])
    assert record.seconds.tolist() == [
        *(43200 + 10800 * np.arange(12)).tolist(),
        *(2 * 86400 + 10800 * np.arange(12)).tolist(),
    ]
    assert record.times[12] == "2000-01-03T00:00:00"
    assert record.time_units == "hours since 2000-01-01 00:00:00"


@pytest.mark.parametrize(
    ("other", "what"),
    [
        ({"calendar": "standard"}, "calendar"),
        ({"step_hours": 6.0}, "step_hours"),
        ({"grid": Grid(np.linspace(-90, 90, 10), np.arange(16) * 22.5 - 180)}, "grid"),
        ({"model_checksum": "sha256:1"}, "model_checksum"),
    ],
)
def test_years_of_another_kind_are_refused(tmp_path, other, what):
    with pytest.raises(BadInput, match=f"differ in {what}"):
        record_of(tmp_path, [(MASKS, {}), (MASKS, {"first_hour": 36.0} | other)])


def test_a_time_given_twice_is_refused(tmp_path):
    """The historical stamps are at the end: 2006-01-01 00:00 would come with both years."""
    with pytest.raises(BadInput, match=r"mask|objects1.nc begins \(2000-01-02 09:00:00\) before"):
        record_of(tmp_path, [(MASKS, {}), (MASKS, {"first_hour": 33.0})])


def test_nothing_given_and_nothing_there_are_said(tmp_path):
    with pytest.raises(BadInput, match="no objects file was given"):
        read_record([])
    with pytest.raises(BadInput, match="there is no objects file"):
        read_record([tmp_path / "2000.nc"])
    with pytest.raises(BadInput, match="is not an objects file"):
        read_record([write_masks(tmp_path / "mask.nc", MASKS)])


def test_objects_labelled_in_another_way_are_refused(tmp_path):
    write_masks(tmp_path / "mask.nc", MASKS)
    record = read_record(
        [write_objects(tmp_path / "o.nc", tmp_path / "mask.nc", {"connectivity": 4})]
    )
    check_labelling(record.years[0], read_tracking({"connectivity": 4}, CLASSES))
    with pytest.raises(BadInput, match=r"'connectivity': 4.*asks for.*'connectivity': 8"):
        check_labelling(record.years[0], read_tracking({}, CLASSES))
    with pytest.raises(BadInput, match="rule climatenet asks for"):
        check_labelling(
            record.years[0], read_tracking({"rule": "climatenet", "connectivity": 4}, CLASSES)
        )


def test_years_without_steps_do_no_harm(tmp_path):
    record = record_of(tmp_path, [(MASKS[:0], {}), (MASKS, {}), (MASKS[:0], {})])
    assert record.seconds.size == 12
    assert len(record.years) == 1


def test_pairs_of_equal_are_all_pairs():
    random = np.random.default_rng(0)
    left, right = random.integers(0, 5, 30), random.integers(0, 7, 20)
    found = set(zip(*(part.tolist() for part in pairs_of_equal(left, right)), strict=True))
    assert found == {(i, j) for i in range(30) for j in range(20) if left[i] == right[j]}


def test_two_files_of_one_year_are_refused(tmp_path):
    with pytest.raises(BadInput, match=r"objects0.nc and .*objects1.nc are all of year 2000"):
        record_of(tmp_path, [(MASKS, {}), (MASKS, {"first_hour": 36.0, "year": 2000})])
