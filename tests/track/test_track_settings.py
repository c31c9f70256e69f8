"""The tracking block: defaults by rule, thresholds by class, and what is refused."""

import pytest

from stormtrace.errors import BadInput
from stormtrace.track.tracking import DEFAULTS, labelling_keys, read_tracking
from track_files import CLASSES


@pytest.mark.parametrize("rule", DEFAULTS)
def test_defaults_written_out_are_valid_and_mean_the_same(rule):
    block = {"rule": rule, **DEFAULTS[rule]}
    del block["region"]  # none
    assert read_tracking(block, CLASSES) == read_tracking({"rule": rule}, CLASSES)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"rule": "graf"}, "tracking: rule is \"graf\", did you mean 'graph'"),
        ({"minimum_hour": 5}, "minimum_hour is 5: an unknown key, did you mean 'minimum_hours'"),
        ({"connectivity": 6}, "connectivity is 6; allowed: 4, 8"),
        ({"minimum_overlap": 1.5}, "minimum_overlap is 1.5: must be less than or equal to 1"),
        (
            {"minimum_area_km2": {"TCs": 5}},
            "minimum_area_km2: there is no class 'TCs'; there are: Tropical Cyclone, Atmospheric",
        ),
        ({"minimum_hours": {"AR": 6, "atmospheric river": 9}}, "names Atmospheric River twice"),
        ({"minimum_hours": -1}, "minimum_hours is -1: must be greater than or equal to 0"),
        ({"minimum_hours": {"AR": -1}}, "minimum_hours.AR is -1: must be greater than"),
        ({"minimum_pixels": {}}, "minimum_pixels is {}"),
        ({"gap_hours": "6"}, 'gap_hours is "6": must be a number'),
        ({"region": {"select": "start"}}, "region is .* needs one of name, box, shapefile, mask"),
        (
            {"region": {"name": "CONUS", "mask": "m.nc"}},
            "region is .* exclude each other .name, mask",
        ),
    ],
)
def test_mistakes_are_named(block, message):
    with pytest.raises(BadInput, match=message):
        read_tracking(block, CLASSES)


def test_a_threshold_for_one_class_leaves_the_other_its_default():
    tracking = read_tracking({"minimum_area_km2": {"AR": 300_000}, "minimum_hours": 24}, CLASSES)
    assert tracking.minimum_area_km2[1:] == (200_000.0, 300_000)
    assert tracking.minimum_hours[1:] == (24, 24)


def test_objects_depend_on_two_keys_only():
    assert labelling_keys({}) == {"connectivity": 8, "pole_wrap": False}
    assert labelling_keys({"rule": "climatenet", "minimum_pixels": 9})["pole_wrap"] is True
