"""Scores: the published numbers, and what must not be invented."""

import numpy as np
import pytest

from stormtrace.network import scores

# trained_cgnet.040523 on ClimateNet's 61 test files, as published with the IoUs below.
PUBLISHED = np.array(
    [[49207437, 168608, 1278257], [124893, 169291, 2410], [1291919, 15389, 1710692]]
)


def test_published_confusion_matrix_gives_the_published_iou():
    assert PUBLISHED.sum() == 61 * 768 * 1152
    np.testing.assert_allclose(scores.iou(PUBLISHED), [0.94500, 0.35226, 0.39796], atol=5e-6)
    assert float(scores.mean_iou(PUBLISHED)) == pytest.approx(0.56507, abs=5e-6)
    assert scores.area_ratio(PUBLISHED)[1] == pytest.approx(353288 / 296594)


def test_confusion_matrix_counts_every_cell_once():
    truth = np.array([[0, 1, 2], [0, 0, 2]])
    prediction = np.array([[0, 1, 1], [0, 2, 2]])
    matrix = scores.confusion_matrix(truth, prediction, 3)
    np.testing.assert_array_equal(matrix, [[2, 0, 1], [0, 1, 0], [0, 1, 1]])
    areas = np.array([[10.0, 10.0, 10.0], [0.5, 1.0, 2.0]])
    weighted = scores.confusion_matrix(truth, prediction, 3, areas)
    np.testing.assert_array_equal(weighted, [[10.5, 0, 1.0], [0, 10, 0], [0, 10, 2.0]])


def test_measures_by_hand():
    matrix = np.array([[6, 2], [1, 3]])
    np.testing.assert_allclose(scores.precision(matrix), [6 / 7, 3 / 5])
    np.testing.assert_allclose(scores.recall(matrix), [6 / 8, 3 / 4])
    np.testing.assert_allclose(scores.dice(matrix), [12 / 15, 6 / 9])
    np.testing.assert_allclose(scores.iou(matrix), [6 / 9, 3 / 6])


def test_a_class_that_is_nowhere_has_no_score_and_lifts_no_mean():
    matrix = np.array([[6, 2, 0], [1, 3, 0], [0, 0, 0]])
    assert np.isnan(scores.iou(matrix)[2])
    assert float(scores.mean_iou(matrix)) == pytest.approx((6 / 9 + 3 / 6) / 2)
    assert scores.by_label(scores.iou(matrix), ["a", "b", "c"])["c"] is None


def test_a_class_predicted_but_never_true_scores_zero():
    matrix = np.array([[6, 2], [0, 0]])
    assert scores.iou(matrix)[1] == 0
    assert np.isnan(scores.recall(matrix)[1])


def test_bootstrap_interval_covers_the_truth_as_often_as_it_says():
    """Recall of class 1 is a mean of 40 dates; its 90 % interval should miss about 10 of 100."""
    generator = np.random.default_rng(0)
    missed = 0
    for trial in range(100):
        hits = generator.binomial(50, generator.beta(6, 4, size=40))  # dates differ: not binomial
        confusions = np.zeros((40, 2, 2))
        confusions[:, 1, 1], confusions[:, 1, 0] = hits, 50 - hits
        low, high = scores.bootstrap_intervals(
            confusions, scores.recall, resamples=300, level=0.9, seed=trial
        )
        missed += not low[1] <= 0.6 <= high[1]
    assert 3 <= missed <= 20


def test_bootstrap_of_one_date_has_no_width():
    low, high = scores.bootstrap_intervals(PUBLISHED[None], scores.mean_iou, resamples=50)
    assert low == high == pytest.approx(0.56507, abs=5e-6)
