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
            "probability": [0.002, None, *[0.5] * 7, 0.98],
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
    "basins": {
        "Tropical Cyclone": {
            "North Indian and Asia": {"iou": 0.3, "iou_interval": [0.2, 0.4]},
            "West Pacific": {"iou": None, "iou_interval": [None, None]},
        }
    },
    "confidence": {
        "0.8 to 1": {
            "dates": 4,
            "cells": 9,
            "recall": {"Tropical Cyclone": 0.7},
            "recall_interval": {"Tropical Cyclone": [0.6, 0.8]},
            "objects": {
                "Tropical Cyclone": {
                    "iou_0.3": {
                        "true": 5,
                        "probability_of_detection": 0.8,
                        "probability_of_detection_interval": [0.5, 1.0],
                    }
                }
            },
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
    reliability, seasons, basins, confidence, objects = skill_charts(SCORES, SHOWN)
    tips = re.findall(r"<title>(.*?)</title>", reliability.svg)
    assert "Cyclones, 98 %: 90 % observed" in tips and "Perfect, 100 %: 100 % observed" in tips
    # 0.2 % is at the left end, x 46 of 46 … 304: 46 + 258 × 0.002, not in the middle of its bin.
    assert '<circle class="class-0" cx="46.5"' in reliability.svg
    assert "Cyclones: from 1 (0.2 %) to 90 (98 %) % observed" in reliability.svg
    assert len([tip for tip in tips if tip.startswith("Cyclones")]) == 9  # a bin without cells
    assert ("class-0", "Cyclones") in reliability.legend
    assert re.findall(r"<title>(.*?)</title>", seasons.svg) == [
        "Background, DJF (9): 0.99 (0.98 to 1) IoU"
    ]
    assert re.findall(r"<title>(.*?)</title>", basins.svg) == [
        "Cyclones, NIA: 0.3 (0.2 to 0.4) IoU"  # none where the basin has no such cell
    ]
    assert (basins.title, basins.note) == (
        "Skill by basin: cyclones",
        "NIA North Indian and Asia, WP West Pacific",
    )
    assert re.findall(r"<title>(.*?)</title>", confidence.svg) == [
        "Cyclones, 0.8 to 1 (4): 0.7 (0.6 to 0.8) recall"
    ]
    assert re.findall(r"<title>(.*?)</title>", objects.svg) == [
        "Cyclones, 0.8 to 1: 0.8 (0.5 to 1) POD"
    ]
    assert list(skill_charts({}, {})) == []
