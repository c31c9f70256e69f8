"""Skill by objects, reliability and parts of the test set, from cases counted by hand."""

import numpy as np
import pytest

from labelled_factory import coordinates
from stormtrace.grids import Grid
from stormtrace.learn.object_scores import (
    count_objects,
    false_alarm_ratio,
    match,
    pieces,
    probability_of_detection,
)
from stormtrace.learn.reliability import (
    calibration_error,
    count_probabilities,
    mean_probability,
    observed,
)
from stormtrace.learn.skill_parts import (
    basin_maps,
    by_basin,
    by_confidence,
    by_season,
    count_basins,
    count_confidence,
    count_confident_objects,
    season_of,
)

LABELS = ["Background", "Tropical Cyclone", "Atmospheric River"]
GLOBE = Grid(np.arange(-88.0, 90.0, 4.0), np.arange(0.0, 360.0, 5.0))  # 45 × 72


def blank():
    return np.zeros(GLOBE.shape, np.uint8)


def test_pieces_join_over_the_date_line_and_at_corners():
    mask = blank().astype(bool)
    mask[10, 70:] = mask[11, :2] = True  # touch at a corner, over the ends of the map
    mask[20, 5] = mask[21, 6] = True
    mask[30, 0] = True
    assert pieces(mask, wraps=True).max() == 3
    assert pieces(mask, wraps=False).max() == 4
    numbers = pieces(mask, wraps=True)
    assert numbers[10, 71] == numbers[11, 0] != numbers[20, 5] == numbers[21, 6]
    assert pieces(blank() > 0, wraps=True).max() == 0


def test_chains_of_pieces_over_the_date_line_are_one():
    """A comb: three teeth in the last column, joined by one column on the other side."""
    mask = blank().astype(bool)
    mask[5:16, 0] = True
    mask[5, 60:] = mask[10, 60:] = mask[15, 60:] = True
    assert pieces(mask, wraps=False).max() == 4
    assert pieces(mask, wraps=True).max() == 1


def test_objects_are_found_or_false_by_their_overlap():
    """Cyclones of 4 cells in one row, so of equal areas: shifted by 1 the IoU is 3/5, by 2 it is
    2/6, by 3 it is 1/7. Of four true ones (one without any) .5 finds one, .3 two; of five found
    (two without any) the others are false."""
    truth, prediction = blank(), blank()
    for column, shift in ((0, 1), (15, 2), (30, 3)):
        truth[20, column : column + 4] = 1
        prediction[20, column + shift : column + shift + 4] = 1
    truth[20, 45:49] = 1
    prediction[30, 45:49] = prediction[20, 60:64] = 1
    counts = count_objects(truth, prediction, 3, GLOBE)
    assert counts[0].tolist() == [[4, 5, 2], [4, 5, 1]]
    assert counts[1].tolist() == [[0, 0, 0]] * 2
    np.testing.assert_allclose(probability_of_detection(counts[0]), [2 / 4, 1 / 4])
    np.testing.assert_allclose(false_alarm_ratio(counts[0]), [3 / 5, 4 / 5])
    assert np.isnan(probability_of_detection(counts[1])).all()


def test_overlap_is_of_areas():
    """A true cell at 80° and one at 60°, of areas cos 80° : cos 60° = .174 : .5; found is the
    second alone: IoU .5 / .674 = .74 (of cells it would be one half)."""
    grid = Grid(np.arange(-80.0, 81.0, 20.0), np.arange(0.0, 360.0, 20.0))
    truth, prediction = np.zeros((2, *grid.shape), np.uint8)
    truth[7:, 3], prediction[7, 3] = 1, 1
    counts = count_objects(truth, prediction, 2, grid)
    assert counts[0, :, 2].tolist() == [1, 1]


def test_each_object_is_in_one_pair():
    """One found object over two true ones is the better's alone, and none twice."""
    ious = [(0.35, 1, 1), (0.45, 2, 1), (0.31, 2, 2)]
    assert match(ious, 0.3) == [(2, 1)]
    assert match(ious, 0.5) == []
    assert match([(0.35, 1, 1), (0.45, 2, 1), (0.32, 1, 2)], 0.3) == [(2, 1), (1, 2)]


def test_calibration_error_by_hand():
    """Two cells of .95, both of the class, and four of .25, one of the class: gaps .05 and 0;
    (2 · .05 + 4 · 0) / 6. The other class has the complements."""
    given = np.array([[0.95, 0.95, 0.25, 0.25, 0.25, 0.25]], np.float32)
    counts = count_probabilities(np.stack([1 - given, given]), np.array([[1, 1, 1, 0, 0, 0]]))
    assert calibration_error(counts) == pytest.approx([0.1 / 6, 0.1 / 6])
    np.testing.assert_allclose(mean_probability(counts)[1, [2, 9]], [0.25, 0.95], rtol=1e-6)
    np.testing.assert_allclose(observed(counts)[1, [2, 9]], [0.25, 1.0])
    assert np.isnan(observed(counts)[1, 5]) and counts[..., 0].sum() == 12
    certain = count_probabilities(np.array([[[1.0, 0.0]]], np.float32), np.array([[0, 1]]))
    assert certain[0, :, 0].tolist() == [1, *[0] * 8, 1]


def test_reliable_probabilities_have_a_small_error():
    """Cells drawn with the probability they are given: error of sampling alone."""
    generator = np.random.default_rng(0)
    given = generator.random((100, 200)).astype(np.float32)
    truth = (generator.random((100, 200)) < given).astype(np.uint8)
    good = calibration_error(count_probabilities(np.stack([1 - given, given]), truth))
    sure = (given > 0.5).astype(np.float32)
    bad = calibration_error(count_probabilities(np.stack([1 - sure, sure]), truth))
    assert good.max() < 0.02 < 0.24 < bad.min() < 0.26  # mean of min(p, 1 − p) is a quarter


def test_seasons_are_of_their_own_dates():
    seasons = [season_of(f"2000-{month:02d}-01") for month in (12, 2, 3, 8, 11)]
    assert seasons == ["DJF", "DJF", "MAM", "JJA", "SON"]
    winter, summer = np.array([[8, 0], [0, 2]]), np.array([[8, 2], [0, 0]])
    result = by_season({"2000-01-01": winter, "2000-07-01": summer, "2001-12-01": winter}, "ab")
    assert list(result) == ["DJF", "JJA"]
    assert result["DJF"]["iou"] == {"a": 1, "b": 1} and result["DJF"]["dates"] == 2
    assert result["JJA"]["iou"]["b"] == 0 and result["DJF"]["iou_interval"]["b"] == [1, 1]


def test_basins_are_where_the_cells_are():
    """A cyclone found in the West Pacific (20° N, 140° E) and one missed in the Atlantic (300°)."""
    lat, lon = np.searchsorted(GLOBE.lat, 20), np.searchsorted(GLOBE.lon, [140, 300])
    truth, prediction = blank(), blank()
    truth[lat, lon] = 1
    prediction[lat, lon[0]] = 1
    basins = basin_maps(LABELS, None, GLOBE)
    counts = count_basins(truth, prediction, LABELS, basins)
    assert all(one.sum() == GLOBE.size for one in counts.values())
    result = by_basin([counts], basins)["Tropical Cyclone"]
    assert (result["West Pacific"]["iou"], result["North Atlantic"]["recall"]) == (1, 0)
    assert result["North Indian"]["iou"] is None
    assert list(result) == list(basins["Tropical Cyclone"][0])


def test_confidence_is_of_labelled_cells_and_objects():
    """Cyclones in one row, so that cells have equal areas, on three dates:

    date  confidence  cells  found
    1     1           8      all, and 2 cells beside it: IoU .8
    1     .33         6      none
    2     .33         12     all
    3     .33, 1      5, 1   the last: IoU 1/6; a mean confidence of .44

    Low: 23 cells, 12 found; of 2 objects 1 is found. High: 9 cells, all found; 1 object, found.
    Medium: no cell, though an object, which is not found. 95 % of the draws of three dates are
    those of all but the rarest: 1/27 = .037 of draws are date 1 alone (low: none is found), as many
    are date 2 alone (all are). Both lie beyond 2.5 %, so the interval of low is [0, 1].
    """
    days = [[blank(), blank(), np.ones(GLOBE.shape, np.float32)] for _ in range(3)]
    (truth, prediction, sure), second, third = days
    truth[10, :8] = prediction[10, :10] = 1
    truth[10, 20:26], sure[10, 20:26] = 1, 0.33
    second[0][10, 20:32] = second[1][10, 20:32] = 1
    second[2][10, 20:32] = 0.33
    third[0][10, 20:26], third[2][10, 20:25], third[1][10, 25] = 1, 0.33, 1
    cells = [count_confidence(*day, 3) for day in days]
    result = by_confidence(cells, [count_confident_objects(*day, 3, GLOBE) for day in days], LABELS)
    low, medium, high = result.values()
    assert (low["cells"], low["dates"], high["cells"], high["dates"]) == (23, 3, 9, 2)
    assert low["recall"]["Tropical Cyclone"] == pytest.approx(12 / 23)
    assert low["recall_interval"]["Tropical Cyclone"] == [0, 1]
    assert high["recall"] == dict.fromkeys(LABELS[::2]) | {"Tropical Cyclone": 1}
    key = "probability_of_detection"
    for threshold in ("iou_0.3", "iou_0.5"):
        of_low, of_high = (one["objects"]["Tropical Cyclone"][threshold] for one in (low, high))
        assert of_low == {"true": 2, key: 0.5, f"{key}_interval": [0, 1]}
        assert of_high == {"true": 1, key: 1, f"{key}_interval": [1, 1]}
    assert low["objects"]["Atmospheric River"]["iou_0.3"][key] is None
    assert (medium["dates"], medium["cells"], medium["recall"]["Tropical Cyclone"]) == (1, 0, None)
    of_medium = medium["objects"]["Tropical Cyclone"]["iou_0.3"]
    assert of_medium == {"true": 1, key: 0, f"{key}_interval": [0, 0]}


def test_only_classes_with_basins_have_them():
    lat, lon = coordinates((40, 64))
    assert set(basin_maps(LABELS, None, Grid(lat, lon))) == set(LABELS[1:])
    assert basin_maps(["Background", "Dry Line"], None, GLOBE) == {}
