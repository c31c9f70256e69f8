"""The tracking block: defaults, thresholds by class, and the schema that tells users of them."""

from pathlib import Path

import jsonschema
import pytest
import yaml

from stormtrace.errors import BadInput
from stormtrace.track.tracking import DEFAULTS, NAMED_REGIONS, labelling_keys, read_tracking
from track_files import CLASSES

SCHEMA = yaml.safe_load(
    (Path(__file__).parents[2] / "workflow/schemas/tracking.schema.yaml").read_text("utf-8")
)


def test_the_schema_has_the_keys_of_the_code_and_tells_their_defaults():
    assert SCHEMA["properties"]["rule"]["enum"] == list(DEFAULTS)
    for rule, defaults in DEFAULTS.items():
        assert set(SCHEMA["properties"]) == {"rule", *defaults}, rule
        for key, value in defaults.items():
            if value is not None:
                shown = str(value).lower() if isinstance(value, bool) else f"{value:g}"
                shown = "200000" if value == 200_000 else shown
                assert shown in SCHEMA["properties"][key]["description"], (rule, key)
    told = SCHEMA["properties"]["region"]["properties"]["name"]["description"]
    assert all(name in told for name in NAMED_REGIONS)


@pytest.mark.parametrize("rule", DEFAULTS)
def test_defaults_written_out_are_valid_and_mean_the_same(rule):
    block = {"rule": rule, **DEFAULTS[rule]}
    del block["region"]  # none
    jsonschema.validate(block, SCHEMA)
    assert read_tracking(block, CLASSES) == read_tracking({"rule": rule}, CLASSES)


@pytest.mark.parametrize(
    "block",
    [
        {"rule": "graf"},
        {"minimum_hour": 5},
        {"connectivity": 6},
        {"minimum_overlap": 1.5},
        {"minimum_hours": -1},
    ],
)
def test_what_the_schema_refuses_the_code_refuses(block):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(block, SCHEMA)
    with pytest.raises(BadInput):
        read_tracking(block, CLASSES)


def test_a_threshold_for_one_class_leaves_the_other_its_default():
    tracking = read_tracking({"minimum_area_km2": {"AR": 300_000}, "minimum_hours": 24}, CLASSES)
    assert tracking.minimum_area_km2[1:] == (200_000.0, 300_000)
    assert tracking.minimum_hours[1:] == (24, 24)


def test_objects_depend_on_two_keys_only():
    assert labelling_keys({}) == {"connectivity": 8, "pole_wrap": False}
    assert labelling_keys({"rule": "climatenet", "minimum_pixels": 9})["pole_wrap"] is True
