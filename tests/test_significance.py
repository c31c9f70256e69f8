import numpy as np

from stormtrace.map.significance import bootstrap, false_discovery

SHAPE = (4, 5)
STEPS = np.full(12, 1000)


def years(mean, seed, spread=20.0):
    """Counts of 12 years round `mean`."""
    rng = np.random.default_rng(seed)
    return mean + spread * rng.standard_normal((12, *SHAPE))


def test_a_thing_compared_with_itself_is_never_significant():
    same = years(100, 0)
    assert (bootstrap((same, STEPS), (same, STEPS)) > 0.5).all()
    nothing = np.zeros((12, *SHAPE))
    assert (bootstrap((nothing, STEPS), (nothing, STEPS)) == 1).all()


def test_a_shift_of_many_standard_errors_is():
    # Standard error of a mean of 12 years: 20/√12 = 5.8; a shift of 60 is ten of them.
    p = bootstrap((years(100, 1), STEPS), (years(160, 2), STEPS))
    assert (p == 0.001).all()
    assert false_discovery(p).all()


def test_p_values_of_no_difference_are_about_uniform():
    rng = np.random.default_rng(3)
    first, second = (100 + 20 * rng.standard_normal((30, 40, 40)) for _ in range(2))
    p = bootstrap((first, np.full(30, 1000)), (second, np.full(30, 1000)))
    # The percentile bootstrap of 30 years is a little liberal: 5 % becomes about 6 %.
    assert 0.03 < (p < 0.05).mean() < 0.09
    assert not false_discovery(p).mean() > 0.01


def test_few_years_say_nothing():
    few = years(100, 0)[:3]
    assert np.isnan(bootstrap((few, STEPS[:3]), (years(0, 1), STEPS))).all()
    assert not false_discovery(np.full(SHAPE, np.nan)).any()


def test_blocks_of_years_know_slow_variations():
    """Ten years high, ten years low: drawn one by one the difference of two such records seems
    surer than drawn in blocks of ten."""
    slow = np.repeat([80.0, 120.0], 10)[:, None, None] * np.ones(SHAPE)
    other = slow + 15
    steps = np.full(20, 1000)
    single = bootstrap((slow, steps), (other, steps))
    blocks = bootstrap(
        (np.tile(slow, (3, 1, 1)), np.tile(steps, 3)),
        (np.tile(other, (3, 1, 1)), np.tile(steps, 3)),
        block_years=10,
    )
    assert (single < 0.05).all()
    assert (blocks > single).all()


def test_false_discovery_by_hand():
    """Four tests at 10 %: limits 0.025, 0.05, 0.075, 0.1; 0.06 fails its own but 0.07 passes."""
    p = np.array([0.01, 0.06, 0.07, 0.9])
    assert false_discovery(p).tolist() == [True, True, True, False]
