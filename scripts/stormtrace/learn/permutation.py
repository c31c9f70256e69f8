"""Permutation importance of anything that predicts, by any score: what is lost by shuffling.

A column of a table, or a field of maps, keeps its values but loses its connection with the others
and with the truth (Breiman 2001, doi 10.1023/A:1010933404324). Whoever predicts is not asked how: a
score of the samples with a column taken from other samples is all that is needed.

Members that were learned from should be left out: a predictor that has learned them by heart relies
on whatever it learned them by.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.commandline import progress

Indices = NDArray[np.int64]
Floats = NDArray[np.floating]

#: Score of all samples, one column of which comes from the samples at the indices; (None, None): of
#: the samples as they are. Any array of numbers.
Score = Callable[[str | None, Indices | None], NDArray[Any]]


def derangement(count: int, generator: np.random.Generator) -> Indices:
    """Return a permutation that leaves nothing in its place: one random cycle through all."""
    order = generator.permutation(count)
    following = np.empty(count, np.int64)
    following[order] = np.roll(order, 1)
    return following


def permuted_scores(
    score: Score, columns: Sequence[str], count: int, repeats: int, seed: int = 0
) -> tuple[NDArray[Any], dict[str, NDArray[Any]]]:
    """Return the score of the samples as they are, and of each column shuffled, (repeats, …).

    count: of samples, at least two. Each shuffle gives every sample the value of another.
    """
    generator = np.random.default_rng(seed)
    base = score(None, None)
    found: dict[str, list[NDArray[Any]]] = {column: [] for column in columns}
    jobs = [column for column in columns for _ in range(repeats)]
    for column in progress(jobs, "shuffling", len(jobs)):
        found[column].append(score(column, derangement(count, generator)))
    return base, {column: np.stack(each) for column, each in found.items()}


def table_importance(
    predict: Callable[[Floats], Floats],
    inputs: Floats,
    truth: Floats,
    columns: Sequence[str],
    repeats: int = 20,
    seed: int = 0,
) -> tuple[Floats, dict[str, Floats]]:
    """Return r² of a table's predictions, and how much of it each column is worth on average.

    predict: (n, columns) → (n, targets). inputs (n, columns), truth (n, targets). r² of each
    target, and its losses, (targets,).
    """

    def score(column: str | None, sources: Indices | None) -> Floats:
        given = inputs.copy()
        if column is not None and sources is not None:
            at = list(columns).index(column)
            given[:, at] = inputs[sources, at]
        return r_squared(truth, predict(given))

    base, shuffled = permuted_scores(score, columns, len(inputs), repeats, seed)
    return base, {column: base - each.mean(axis=0) for column, each in shuffled.items()}


def r_squared(truth: Floats, predicted: Floats) -> Floats:
    """Return 1 − Σ(truth − predicted)² / Σ(truth − mean)² of each column of (n, targets)."""
    residual = ((truth - predicted) ** 2).sum(axis=0)
    return np.asarray(1 - residual / ((truth - truth.mean(axis=0)) ** 2).sum(axis=0))
