"""Scores with a tolerance in km: counted by hand, and against a plain dilation on the sphere."""

import json

import numpy as np
import pytest
import torch

from labelled_factory import FIELDS, MEAN, STD, write_labelled
from stormtrace.classes import IGNORED
from stormtrace.constants import EARTH_RADIUS_KM
from stormtrace.formats.labelled import list_labelled
from stormtrace.grids import Grid, make_grid
from stormtrace.learn.evaluation import evaluate
from stormtrace.learn.tolerant_scores import MEASURES, count_tolerant
from stormtrace.network.model_files import parse_config
from stormtrace.network.predictor import Predictor
from stormtrace.report.model_skill import object_rows


def test_by_hand():
    """On the equator a column is 111.19 km wide, at 60° N half of it: in km, not in cells.

    The truth is column 0 in both rows, columns 1 and 2 are found: within 112 km column 1 on the
    equator (column 2 is 222.4 km away), and both at 60° N (55.6 and 111.2 km). So three hits, a
    false alarm; and both true cells are misses, for they are not found themselves.
    """
    grid = Grid(np.array([0.0, 60.0]), np.arange(5.0))
    truth, prediction = np.zeros((2, 2, 5), np.uint8)
    truth[:, 0], prediction[:, 1:3] = 1, 1
    counts = count_tolerant(truth, prediction, [[1]], grid, [112, 50])
    assert counts.tolist() == [[[3, 1, 2], [0, 4, 2]]]
    found = {measure.__name__: float(measure(counts[0, 0])) for measure in MEASURES}
    assert found == {
        "precision": pytest.approx(3 / 4),
        "recall": pytest.approx(3 / 5),
        "f1": pytest.approx(6 / 9),
        "csi": pytest.approx(3 / 6),
    }
    # At exactly the distance it is a hit; nobody looked at a cell: neither hit nor false alarm.
    edge = EARTH_RADIUS_KM * np.radians(1)
    assert count_tolerant(truth, prediction, [[1]], grid, [edge])[0, 0, 0] == 3
    truth[0, 2] = IGNORED
    assert count_tolerant(truth, prediction, [[1]], grid, [112]).tolist() == [[[3, 0, 2]]]


def test_a_class_that_is_not_there():
    """Of class 2 nothing is true, of 3 nothing is found: no number where there is none."""
    grid = Grid(np.array([0.0, 60.0]), np.arange(5.0))
    truth, prediction = np.zeros((2, 2, 5), np.uint8)
    truth[0, 0], prediction[0, :2] = 3, 2
    counts = count_tolerant(truth, prediction, [[1], [2], [3], [4]], grid, [300])[:, 0]
    assert counts.tolist() == [[0, 0, 0], [0, 2, 0], [0, 0, 1], [0, 0, 0]]
    precision, recall, f1, csi = (measure(counts) for measure in MEASURES)
    np.testing.assert_array_equal(precision, [np.nan, 0, np.nan, np.nan])
    np.testing.assert_array_equal(recall, [np.nan, np.nan, 0, np.nan])
    np.testing.assert_array_equal(f1, [np.nan, 0, 0, np.nan])
    np.testing.assert_array_equal(csi, f1)


@pytest.mark.parametrize(
    "of", [{"nlat": 24, "nlon": 36}, {"projection": "north-polar", "cells": 30}]
)
def test_it_is_a_dilation_on_the_sphere(of):
    """The angle between every pair of cells by the law of cosines; over the date line and poles."""
    grid, generator = make_grid(of), np.random.default_rng(1)
    truth, prediction = generator.choice(
        np.array([0, 1, 2, IGNORED], np.uint8), (2, *grid.shape), p=[0.94, 0.02, 0.02, 0.02]
    )
    prediction[prediction == IGNORED] = 1
    lat, lon = (np.radians(one.ravel()) for one in grid.points)
    cosine = np.sin(lat) * np.sin(lat[:, None])
    cosine += np.cos(lat) * np.cos(lat[:, None]) * np.cos(lon - lon[:, None])
    km = EARTH_RADIUS_KM * np.arccos(np.clip(cosine, -1, 1))
    seen = truth != IGNORED
    for place, tolerance in enumerate((700.0, 1500.0)):
        counts = count_tolerant(truth, prediction, [[1], [2], [1, 2]], grid, (700.0, 1500.0))
        for group, true in enumerate((truth == 1, truth == 2, (truth == 1) | (truth == 2))):
            dilated = (km[true.ravel()] <= tolerance).any(axis=0).reshape(grid.shape)
            found = ((prediction == 1, prediction == 2, prediction > 0)[group]) & seen
            expected = [found & dilated, found & ~dilated, true & ~found]
            assert counts[group, place].tolist() == [one.sum() for one in expected]


def test_a_tolerance_below_a_cell_gives_the_plain_scores(tmp_path):
    """And the scores of a model have both, with intervals by date, and rows on the page."""

    class Moist(torch.nn.Module):
        def forward(self, x):
            moist = (x[:, 0] - 1.5) * 5
            return torch.stack([torch.zeros_like(moist), moist - 50, moist], dim=1)

    labels = ["Background", "Tropical Cyclone", "Atmospheric River"]
    content = {"fields": {f: {"mean": MEAN[f], "std": STD[f]} for f in FIELDS}, "labels": labels}
    predictor = Predictor(parse_config(content, "test"), Moist(), torch.device("cpu"))
    files = list_labelled(write_labelled(tmp_path, 4, labellings=2))
    assert "tolerant" not in evaluate(predictor, files, "m")
    result = evaluate(predictor, files, "m", tolerance_km=[1, 1000])
    plain, near = (result["tolerant"]["Atmospheric River"][key] for key in ("1_km", "1000_km"))
    for key, of_cells in (("precision", "precision"), ("recall", "recall"), ("f1", "dice")):
        assert plain[key] == pytest.approx(result[of_cells]["Atmospheric River"])
        assert near[key] >= plain[key]
    assert plain["csi"] == pytest.approx(result["iou"]["Atmospheric River"])
    assert plain["csi_interval"] == pytest.approx(result["intervals"]["iou"]["Atmospheric River"])
    assert near["hits"] + near["false_alarms"] == plain["hits"] + plain["false_alarms"]
    assert near["misses"] == plain["misses"] > 0 == near["false_alarms"]
    assert result["tolerant"]["Tropical Cyclone"]["1_km"]["precision"] is None
    rows = {row.title: row.values for row in object_rows(result, labels)}
    assert rows["F1 within 1000 km"][2] == near["f1"]
    json.dumps(result, allow_nan=False)

    # The union of both is what is found at all: only rivers are.
    table = {"Storm": {"union_of": ["Tropical Cyclone", "Atmospheric River"]}}
    both = evaluate(predictor, files, "m", table, tolerance_km=[1])
    confusion = np.array(both["confusion"])
    hits, misses = confusion[1:, 1:].sum(), confusion[1:, 0].sum()
    false_alarms = confusion[0, 1:].sum()
    assert both["iou"]["Storm"] == pytest.approx(hits / (hits + misses + false_alarms))
    assert both["area_ratio"]["Storm"] == pytest.approx((hits + false_alarms) / (hits + misses))
    low, high = both["intervals"]["iou"]["Storm"]
    assert low <= both["iou"]["Storm"] <= high
    assert both["tolerant"]["Storm"]["1_km"]["recall"] == pytest.approx(both["recall"]["Storm"])
    assert both["iou"].pop("Storm") and both["iou"] == result["iou"]
    assert both["mean_iou"] == result["mean_iou"] and both["labels"] == labels
