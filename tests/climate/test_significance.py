import resource

import numpy as np
import pytest
import scipy.stats

from stormtrace.climate.significance import bootstrap, drawn_years, false_discovery, interval
from stormtrace.climate.year_maps import YearMaps
from stormtrace.errors import BadInput

SHAPE = (4, 5)


def of(counts, steps=None):
    """Counts of years of a thousand steps each."""
    maps = YearMaps(counts.shape[1:], np.full(len(counts), 1000) if steps is None else steps)
    for year, values in enumerate(counts):
        maps.add(year, values)
    return maps


def years(mean, seed, spread=20.0):
    """Counts of 12 years round `mean`."""
    rng = np.random.default_rng(seed)
    return mean + spread * rng.standard_normal((12, *SHAPE))


def test_a_thing_compared_with_itself_is_never_significant():
    same = years(100, 0)
    assert (bootstrap(of(same), of(same)) > 0.5).all()
    nothing = np.zeros((12, *SHAPE))
    assert np.isnan(bootstrap(of(nothing), of(nothing))).all()  # nothing to test


def test_a_shift_of_many_standard_errors_is():
    # Standard error of a mean of 12 years: 20/√12 = 5.8; a shift of 60 is seven of both sides'.
    p = bootstrap(of(years(100, 1)), of(years(160, 2)))
    assert (p < 0.01).all()
    assert false_discovery(p).all()


@pytest.mark.parametrize("number", [6, 15, 30])
def test_without_a_difference_five_per_cent_seem_significant_and_none_survives(number):
    """Whatever the number of years: uncorrected, six years a side would call 10 % significant."""
    rng = np.random.default_rng(3)
    first, second = (100 + 20 * rng.standard_normal((number, 80, 80)) for _ in range(2))
    p = bootstrap(of(first), of(second))
    # 6400 cells give a share of 5 % a standard error of 0.3 %, the draws they share another.
    assert 0.04 < (p < 0.05).mean() < 0.067
    assert not false_discovery(p).any()


@pytest.mark.parametrize("numbers", [(40, 5), (5, 30), (10, 40)])
def test_nor_where_one_record_is_much_longer(numbers):
    """The difference hangs on the few years: with 43 degrees of freedom, 9.6 % with 40 and 5."""
    rng = np.random.default_rng(4)
    first, second = (100 + 20 * rng.standard_normal((n, 80, 80)) for n in numbers)
    p = bootstrap(of(first), of(second))
    assert 0.035 < (p < 0.05).mean() < 0.067
    assert not false_discovery(p).any()


@pytest.mark.parametrize("numbers", [(6, 7), (5, 6), (10, 30), (15, 35), (30, 40)])
def test_nothing_is_no_difference_however_many_years(numbers):
    """The same counts in all years: sums of six years and of seven are ties, whatever is rounded."""
    counts = np.arange(1.0, 2920.0)
    first, second = (of(np.tile(counts, (n, 1)), np.full(n, 2920)) for n in numbers)
    np.testing.assert_allclose(bootstrap(first, second), 1, rtol=1e-6)


@pytest.mark.parametrize("numbers", [(5,), (12,), (5, 5), (40, 5), (5, 40)])
def test_intervals_hold_the_truth_19_times_in_20(numbers):
    """Plain percentiles of five years hold it 83 times in 100, of 40 and 5 with 43 degrees 91.

    Of 4000 records a share of 95 % has a standard error of 0.35 %.
    """
    rng = np.random.default_rng(6)
    drawn = [drawn_years(n, 500, 1, rng) / n for n in numbers]
    held = 0
    for _ in range(4000):
        sides = [rng.normal(0, 1, n) for n in numbers]
        means = [float(one.mean()) for one in sides]
        draws = [weights @ one for weights, one in zip(drawn, sides, strict=True)]
        low, high = interval(means[-1] - sum(means[:-1]), draws[-1] - sum(draws[:-1]), numbers)
        held += low <= 0 <= high
    assert 0.935 < held / 4000 < 0.97


def test_p_values_are_those_of_students_t():
    """Ten years a side of normal noise with a shift: the t-test is right, and ours is near it."""
    rng = np.random.default_rng(5)
    first, second = (rng.normal(mean, 20, (10, 30, 30)) for mean in (100, 115))
    ours = bootstrap(of(first), of(second), replicates=4000)
    truth = scipy.stats.ttest_ind(first, second).pvalue
    middle = truth > 0.02
    assert np.abs(ours - truth)[middle].mean() < 0.02


def test_few_years_say_nothing():
    few = years(100, 0)[:3]
    assert np.isnan(bootstrap(of(few), of(years(0, 1)))).all()
    assert not false_discovery(np.full(SHAPE, np.nan)).any()


def test_blocks_of_years_know_slow_variations():
    """Ten years high, ten years low: drawn one by one the difference of two such records seems
    surer than drawn in blocks of ten."""
    slow = np.repeat([80.0, 120.0], 10)[:, None, None] * np.ones(SHAPE)
    other = slow + 15
    single = bootstrap(of(slow), of(other))
    thrice = (of(np.tile(one, (3, 1, 1))) for one in (slow, other))
    blocks = bootstrap(*thrice, block_years=10)
    assert (single < 0.05).all()
    assert (blocks > single).all()


def test_false_discovery_by_hand():
    """Four tests at 10 %: limits 0.025, 0.05, 0.075, 0.1; 0.06 fails its own but 0.07 passes."""
    p = np.array([0.01, 0.06, 0.07, 0.9])
    assert false_discovery(p).tolist() == [True, True, True, False]


def test_a_year_that_a_full_disk_took_in_part_is_refused():
    """The last map written in part, of which the system says nothing, was zeros in what is tested."""
    maps = YearMaps((20, 30), np.ones(2))
    maps.add(0, np.ones((20, 30)))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4 * 1000, limits[1]))  # of 1200 values
    try:
        with pytest.raises(BadInput, match=r"temporary folder /.* is full .* set TMPDIR"):
            maps.add(1, np.ones((20, 30)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    maps.add(1, np.full((20, 30), 2.0))


def test_equal_sums_of_a_rare_class_are_ties():
    """Of six years a side one, or two, have a day of the class: p of the draws in whole numbers."""
    rng = np.random.default_rng(1)
    first, second = (rng.integers(0, 2, (6, 8, 9)) * 8 for _ in range(2))
    draws = np.random.default_rng(0)
    sums = [
        np.tensordot(drawn_years(6, 1000, 1, draws).astype(int), side, 1)
        for side in (first, second)
    ]
    below, above = ((sums[1] <= sums[0]).sum(axis=0), (sums[1] >= sums[0]).sum(axis=0))
    shares = np.clip(2 * np.minimum(below, above) / 1000, 1 / 1000, 1)
    shrunk = scipy.stats.norm.ppf(shares / 2) * np.sqrt(5 / 6)
    expected = 2 * scipy.stats.t.cdf(shrunk, 10)
    steps = np.full(6, 2920 / 3)  # of which a hundredth is no number of float32's
    found = bootstrap(of(first, steps), of(second, steps))
    ever = (first.sum(axis=0) + second.sum(axis=0)) > 0
    np.testing.assert_allclose(found[ever], expected[ever], rtol=1e-5)
