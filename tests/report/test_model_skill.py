"""Objects, reliability and seasons of a model on its page, from a file of scores."""

import re

from stormtrace.report.model_skill import object_rows, skill_charts

LABELS = ["Background", "Tropical Cyclone"]
SCORES = {
    "objects": {
        "Tropical Cyclone": {
            "iou_0.3": {
                "probability_of_detection": 0.5,
                "probability_of_detection_interval": [0.4, 0.6],
                "false_alarm_ratio": None,
                "false_alarm_ratio_interval": [None, None],
            }
        }
    },
    "reliability": {
        "Tropical Cyclone": {
            "observed": [0.01, None, *[0.5] * 7, 0.9],
            "expected_calibration_error": 0.02,
            "expected_calibration_error_interval": [0.01, 0.03],
        }
    },
    "seasons": {
        "DJF": {
            "dates": 9,
            "iou": {"Background": 0.99, "Tropical Cyclone": 0.4},
            "iou_interval": {"Background": [0.98, 1], "Tropical Cyclone": [None, None]},
        }
    },
}
SHOWN = {"Background": ("Background", "neutral"), "Tropical Cyclone": ("Cyclones", "class-0")}


def test_rows_have_a_value_and_an_interval_a_label():
    detection, false, calibration = object_rows(SCORES, LABELS)
    assert detection.title == "Objects found (POD), IoU ≥ 0.3"
    assert (detection.values, detection.intervals) == ([None, 0.5], [None, (0.4, 0.6)])
    assert (false.values, false.intervals) == ([None, None], [None, None])
    assert calibration.values[1] == 0.02
    assert list(object_rows({}, LABELS)) == []  # scores of an earlier version


def test_reliability_is_drawn_against_the_diagonal():
    reliability, seasons = skill_charts(SCORES, SHOWN)
    tips = re.findall(r"<title>(.*?)</title>", reliability.svg)
    assert "Cyclones, 95: 90 % observed" in tips and "Perfect, 95: 95 % observed" in tips
    assert len([tip for tip in tips if tip.startswith("Cyclones")]) == 9  # a bin without cells
    assert ("class-0", "Cyclones") in reliability.legend
    assert re.findall(r"<title>(.*?)</title>", seasons.svg) == [
        "Background, DJF (9): 0.99 (0.98 to 1) IoU"
    ]
    assert list(skill_charts({}, {})) == []
