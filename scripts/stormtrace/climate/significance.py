"""Significance of a difference of two frequencies: a bootstrap by year."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stormtrace.climate.year_maps import YearMaps

#: With fewer years a side, resampling them says nothing: no significance is given.
MINIMUM_YEARS = 5

#: Keeps 1000 draws of both sides (32 MB) in the processor's cache.
CELLS_AT_ONCE = 4_000

#: Relative error of a sum of counts that was brought to other amounts in float32, and more.
ROUNDING = np.float32(4e-7)


def bootstrap(
    first: YearMaps,
    second: YearMaps,
    replicates: int = 1000,
    block_years: int = 1,
    seed: int = 0,
) -> NDArray[np.float32]:
    """Return two-sided p-values, shape of a map, that the frequencies do not differ.

    Years, or circular blocks of `block_years` consecutive ones, are drawn with replacement on each
    side; each draw gives 100·Σcount/Σsteps second minus first; twice the smaller share of draws on
    either side of zero (draws of exactly zero count for both), at least 1/replicates, is then
    corrected for few years (`_expand`). An experiment compared with itself is never significant.
    NaN where a side is not known or neither ever has the class, and with fewer than `MINIMUM_YEARS`
    years (or blocks) a side; replicates: 0 tests nothing.
    """
    sides = first, second
    p_values = np.full(first.total.size, np.nan, np.float32)
    sizes = [len(side.amounts) // block_years for side in sides]
    if not replicates or min(sizes) < MINIMUM_YEARS:
        return p_values.reshape(first.total.shape)
    rng = np.random.default_rng(seed)
    drawn = [drawn_years(len(side.amounts), replicates, block_years, rng) for side in sides]
    amounts = [weights @ side.amounts for weights, side in zip(drawn, sides, strict=True)]
    # Whole numbers are added up exactly, so that equal sums of a rare class are ties; the first
    # side's are then brought to the second's amounts, and are ties within what that rounds off.
    whole = [weights.astype(np.float32) for weights in drawn]
    scale = (amounts[1] / amounts[0]).astype(np.float32)[:, None]
    both = first.total + second.total
    ever = np.flatnonzero(np.isfinite(both) & (both > 0))
    drawn_sums = np.empty((2, replicates * CELLS_AT_ONCE), np.float32)  # reused: pages are dear
    for start in range(0, ever.size, CELLS_AT_ONCE):
        cells = ever[start : start + CELLS_AT_ONCE]
        sums = drawn_sums[:, : replicates * cells.size].reshape(2, replicates, -1)
        for weights, side, found in zip(whole, sides, sums, strict=True):
            np.matmul(weights, side.at(cells), out=found)
        if (scale != 1).any():
            sums[0] *= scale * (1 + ROUNDING)
        below = _count_rows(sums[1] <= sums[0])
        if (scale != 1).any():
            sums[0] *= (1 - ROUNDING) / (1 + ROUNDING)
        above = _count_rows(sums[1] >= sums[0])
        shares = np.clip(2 * np.minimum(below, above) / replicates, 1 / replicates, 1)
        p_values[cells] = _expand(shares, sizes)
    return p_values.reshape(first.total.shape)


def are_enough(years: Sequence[int], block_years: int) -> bool:
    """Whether records of so many calendar years, one a side, are tested (`MINIMUM_YEARS`)."""
    return min(years) // block_years >= MINIMUM_YEARS


def widening(sizes: Sequence[int], confidence: float = 0.95) -> float:
    """Return how much wider a percentile interval of few years must be: √(n/(n−1))·t/z, `_expand`.

    sizes: years (or blocks) of each side, or of the only one.
    """
    import scipy.special

    tail = (1 + confidence) / 2
    n = min(sizes)
    t, z = scipy.special.stdtrit(_freedom(sizes), tail), scipy.special.ndtri(tail)
    return float(np.sqrt(n / (n - 1)) * t / z)


def interval(
    estimate: float,
    drawn: NDArray[np.floating],
    sizes: Sequence[int],
    confidence: float = 0.95,
    within: tuple[float, float] = (-np.inf, np.inf),
) -> tuple[float, float]:
    """Return the ends of an interval of percentiles of draws, wider where years are few.

    drawn: the estimate of each draw of years, (replicate,). sizes: as in `widening`. within: what
    an estimate can be.
    """
    tails = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    low, high = np.clip(estimate + widening(sizes, confidence) * (tails - estimate), *within)
    return float(low), float(high)


def _expand(p_values: NDArray[np.floating], sizes: list[int]) -> NDArray[np.floating]:
    """Return percentile-bootstrap p-values corrected for small samples.

    Resampling n years gives (n − 1)/n of the true variance and the thin tails of a normal
    distribution, so that with six years a side 10 % of null differences seem significant at the
    5 % level. Hesterberg (2015, The American Statistician 69, 371) therefore widens percentile
    intervals by √(n/(n−1))·t/z. Here the inverse is applied to p-values, with the smaller n and
    Welch's degrees of freedom.
    """
    import scipy.special  # slow to import; with few years nothing is tested

    n = min(sizes)
    z = scipy.special.ndtri(p_values / 2) * np.sqrt((n - 1) / n)
    return 2 * scipy.special.stdtr(_freedom(sizes), z)


def _freedom(sizes: Sequence[int]) -> float:
    """Return Welch's degrees of freedom for years that vary alike on all sides.

    (Σ 1/n)² / Σ 1/(n² (n − 1)): n₁ + n₂ − 2 where both have as many years, and little more than
    those of the shorter one where it has far fewer, whose few years the difference hangs on.
    """
    n = np.array(sizes, float)
    return float((1 / n).sum() ** 2 / (1 / (n**2 * (n - 1))).sum())


def _count_rows(flags: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the number of true rows in each column; sums of bytes are much the fastest."""
    total = np.zeros(flags.shape[1], np.int64)
    for start in range(0, len(flags), 255):
        total += flags[start : start + 255].view(np.uint8).sum(axis=0, dtype=np.uint8)
    return total


def year_weights(years: int, replicates: int = 1000, seed: int = 0) -> NDArray[np.float64]:
    """Return how often each of `years` is drawn, with replacement, (replicate, year)."""
    return drawn_years(years, replicates, 1, np.random.default_rng(seed))


def drawn_years(
    years: int, replicates: int, block_years: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return how often each year is drawn, (replicate, year); rows sum to at least `years`."""
    blocks = -(-years // block_years)
    starts = rng.integers(0, years, (replicates, blocks, 1))
    picked = ((starts + np.arange(block_years)) % years).reshape(replicates, -1)
    weights = np.zeros((replicates, years))
    np.add.at(weights, (np.arange(replicates)[:, None], picked), 1.0)
    return weights


def false_discovery(p_values: NDArray[np.floating], rate: float = 0.10) -> NDArray[np.bool_]:
    """Return which p-values are significant, the false discovery rate of all held at `rate`.

    Benjamini and Hochberg; Wilks (2016) advises twice the wanted level where neighbours are
    correlated, hence 0.10 for the usual 5 %.
    """
    known = np.isfinite(p_values)
    significant = np.zeros(p_values.shape, bool)
    if known.any():
        import scipy.stats  # slow to import; with few years nothing is tested

        tested = p_values[known].astype(np.float64)
        significant[known] = scipy.stats.false_discovery_control(tested, method="bh") <= rate
    return significant
