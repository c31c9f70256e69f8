"""Permutation importance of tables, worked out."""

import numpy as np
import pytest

from stormtrace.learn.permutation import derangement, permuted_scores, r_squared, table_importance


def test_derangement_leaves_nothing_in_its_place():
    for seed in range(20):
        moved = derangement(7, np.random.default_rng(seed))
        assert sorted(moved) == list(range(7))
        assert (moved != np.arange(7)).all()


def test_the_loss_of_a_linear_predictor():
    """y = 3a + b with independent a, b of variance 1: r² is 1, and shuffling a makes it −.8.

    The residual is 3(a − a′), of variance 18; that of y is 10: r² = 1 − 1.8. Of b: 1 − 2/10. A
    column that is not used costs nothing.
    """
    inputs = np.random.default_rng(0).standard_normal((20_000, 3))

    def predict(given):
        return given[:, :1] * 3 + given[:, 1:2]

    base, lost = table_importance(predict, inputs, predict(inputs), ["a", "b", "c"], repeats=5)
    assert base.tolist() == [1.0]
    assert lost["a"] == pytest.approx(1.8, abs=0.03)
    assert lost["b"] == pytest.approx(0.2, abs=0.01)
    assert lost["c"] == 0


def test_r_squared_of_the_mean_is_nothing():
    truth = np.array([[1.0, 5.0], [3.0, 5.5]])
    np.testing.assert_allclose(r_squared(truth, np.tile(truth.mean(axis=0), (2, 1))), 0)


def test_each_shuffle_is_another_and_repeatable():
    def score(column, sources):
        return np.zeros(6, int) if sources is None else sources

    (_, first), (_, again) = (permuted_scores(score, "ab", 6, 3, seed=1) for _ in range(2))
    assert first["a"].shape == (3, 6)
    for column in "ab":
        np.testing.assert_array_equal(first[column], again[column])
    assert len({tuple(one) for column in "ab" for one in first[column]}) > 3
