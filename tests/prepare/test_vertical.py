import numpy as np
import pytest

from mock_raw import LEVELS
from stormtrace.prepare.vertical import (
    GRAVITY,
    HybridLevels,
    bracket_hybrid,
    bracket_levels,
    bracket_pressures,
    integrate_layers,
)

RNG = np.random.default_rng(0)
PS = 52000 + 50000 * RNG.random(500)  # from the Tibetan plateau to a deep high
TARGET = 85000.0


def interpolate(values, ps, method="log", below="lowest", target=TARGET, levels=LEVELS):
    bracket = bracket_hybrid(levels, ps, target, method, below)
    return bracket.apply(np.ascontiguousarray(values[bracket.first : bracket.last])), bracket


def by_numpy(values, pressure, target, law=np.log):
    """Column by column with np.interp: constant below the lowest level."""
    return np.array(
        [np.interp(law(target), law(p), v) for p, v in zip(pressure.T, values.T, strict=True)]
    )


def test_integral_of_a_constant_is_the_mass_of_the_air():
    # Σ dp telescopes: p(surface) − p(top) = ps − hyai[0]·p0, whatever the levels.
    expected = 0.01 * (PS - LEVELS.a_interface[0] * 1e5) / GRAVITY
    np.testing.assert_allclose(LEVELS.integrate(np.full((10, 500), 0.01), PS), expected, rtol=1e-13)


def test_two_contractions_are_the_plain_sum():
    values = RNG.random((10, 500))
    plain = (values * np.diff(LEVELS.interface_pressure(PS), axis=0)).sum(axis=0) / GRAVITY
    np.testing.assert_allclose(LEVELS.integrate(values, PS), plain, rtol=1e-12)
    single = LEVELS.integrate(values.astype("f4"), PS.astype("f4"))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, plain, rtol=1e-6)
    np.testing.assert_allclose(
        integrate_layers(values, LEVELS.layer_mass(PS) * GRAVITY), plain, rtol=1e-6
    )


@pytest.mark.parametrize(("method", "law"), [("log", np.log), ("linear", lambda p: p)])
@pytest.mark.parametrize("target", [85000.0, 50000.0, 20000.0])
def test_interpolation_is_exact_where_the_field_is_linear(method, law, target):
    pressure = LEVELS.mid_pressure(PS)
    values, bracket = interpolate(law(pressure), PS, method, "linear", target)
    np.testing.assert_allclose(values, law(target), rtol=1e-12)  # extended below the ground, too
    assert bracket.below_ground == (pressure[-1] < target).sum()


@pytest.mark.parametrize(("method", "law"), [("log", np.log), ("linear", lambda p: p)])
def test_interpolation_is_numpys(method, law):
    pressure, values = LEVELS.mid_pressure(PS), RNG.standard_normal((10, 500))
    found, _ = interpolate(values, PS, method)
    np.testing.assert_allclose(
        found, by_numpy(values, pressure, TARGET, law), rtol=1e-10, atol=1e-12
    )


def test_below_the_ground():
    pressure, values = LEVELS.mid_pressure(PS), RNG.standard_normal((10, 500))
    under = pressure[-1] < TARGET
    assert 0 < under.sum() < 500
    lowest, _ = interpolate(values, PS, below="lowest")
    np.testing.assert_array_equal(lowest[under], values[-1, under])
    missing, _ = interpolate(values, PS, below="nan")
    np.testing.assert_array_equal(np.isnan(missing), under)
    np.testing.assert_array_equal(missing[~under], lowest[~under])
    # Linear in log p through the last two levels: e.g. value + slope · ln(p / p_lowest).
    extended, _ = interpolate(values, PS, below="linear")
    slope = (values[-1] - values[-2]) / np.log(pressure[-1] / pressure[-2])
    expected = values[-1] + slope * np.log(TARGET / pressure[-1])
    np.testing.assert_allclose(extended[under], expected[under], rtol=1e-10)


@pytest.mark.parametrize("below", ["lowest", "linear", "nan"])
@pytest.mark.parametrize("level", [9, 8, 6])
def test_pressure_exactly_on_a_level(level, below):
    # ps such that this level's pressure is the target, to the last bit the formula allows.
    ps = np.full(3, (TARGET - LEVELS.a_mid[level] * 1e5) / LEVELS.b_mid[level])
    target = float(LEVELS.mid_pressure(ps)[level, 0])
    values = RNG.standard_normal((10, 3))
    found, bracket = interpolate(values, ps, below=below, target=target)
    np.testing.assert_allclose(found, values[level], rtol=1e-12)
    assert bracket.below_ground == 0


def test_above_the_top_there_is_no_value():
    found, _ = interpolate(RNG.standard_normal((10, 500)), PS, target=1000.0)
    assert np.isnan(found).all()


def test_only_levels_that_can_bracket_are_asked_for():
    for low, high in ((98000, 103000), (52000, 103000), (70000, 71000)):
        ps = np.linspace(low, high, 4000)
        pressure = LEVELS.mid_pressure(ps)
        _, bracket = interpolate(RNG.standard_normal((10, 4000)), ps)
        above = np.clip((pressure <= TARGET).sum(axis=0) - 1, 0, 8)
        assert (bracket.first, bracket.last) == (above.min(), above.max() + 2)
    assert bracket.last - bracket.first < 10


def test_field_of_pressure_is_hybrid_without_the_formula():
    pressure, values = LEVELS.mid_pressure(PS), RNG.standard_normal((10, 500))
    for below in ("lowest", "linear"):
        bracket = bracket_pressures(pressure, TARGET, "log", below)
        own = np.ascontiguousarray(values[bracket.first : bracket.last])
        np.testing.assert_allclose(
            bracket.apply(own), interpolate(values, PS, below=below)[0], rtol=1e-9
        )


def test_pressure_levels():
    levels = np.array([10000.0, 50000, 70000, 85000, 100000])
    assert bracket_levels(levels, 85000.0, "log") in [(2, 1.0), (3, 0.0)]
    upper, share = bracket_levels(levels, 60000.0, "linear")
    assert (upper, share) == (1, 0.5)
    upper, share = bracket_levels(levels, 60000.0, "log")
    assert share == pytest.approx(np.log(6 / 5) / np.log(7 / 5))
    assert bracket_levels(np.array([85000.0]), 85000.0, "log") == (0, 0.0)
    assert np.isnan(bracket_levels(np.array([85000.0]), 50000.0, "log")[1])


def test_without_interfaces_there_is_no_integral():
    with pytest.raises(ValueError, match="no interfaces"):
        HybridLevels(LEVELS.a_mid, LEVELS.b_mid).integrate(np.ones((10, 1)), np.ones(1))
