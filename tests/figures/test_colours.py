import numpy as np
import pytest

from stormtrace.class_table import KNOWN
from stormtrace.classes import Classes
from stormtrace.climate.series import nice_step
from stormtrace.figures.colours import (
    DIVERGING,
    DIVERGING_DARK,
    blend,
    diverging,
    ramp,
    scale_of,
    sequential,
)

RIVER, CYCLONE = (
    Classes.of_labels(["Background", name])[name]
    for name in ("Atmospheric River", "Tropical Cyclone")
)
RAMPS = [
    ramp(feature, dark)
    for feature in Classes.of_labels(["Background", *KNOWN, "Something Else"]).features
    for dark in (False, True)
]


def lightness(colours):
    """CIE L* from sRGB."""
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    return np.where(luminance > 0.008856, 116 * np.cbrt(luminance) - 16, 903.3 * luminance)


def deuteranope(colours):
    """What is left without green cones (Machado, Oliveira and Fernandes 2009, severity 1)."""
    matrix = [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]
    return np.clip(colours @ np.array(matrix).T, 0, 1)


@pytest.mark.parametrize("anchors", RAMPS)
def test_sequential_scales_are_ordered_by_lightness_alone(anchors):
    """So they also read in grey and without colour vision."""
    for seen in (blend(anchors, 9), deuteranope(blend(anchors, 9))):
        steps = np.diff(lightness(seen))
        assert (np.sign(steps) == np.sign(steps[0])).all()
        assert np.abs(steps).min() > 3


@pytest.mark.parametrize("anchors", [DIVERGING, DIVERGING_DARK])
def test_the_sides_of_a_diverging_scale_differ_without_green(anchors):
    seen = deuteranope(blend(anchors, 11))
    distance = np.abs(seen - seen[::-1]).max(axis=1)
    assert distance[[0, 1, 2, 3, 7, 8, 9, 10]].min() > 0.15
    steps = np.diff(lightness(blend(anchors, 11)))
    assert len(set(np.sign(steps[:5]))) == len(set(np.sign(steps[5:]))) == 1


def test_levels_are_round_and_cover_the_maximum():
    scale = sequential(27.1, RIVER, "%")
    assert scale.levels.tolist() == [5, 10, 15, 20, 25, 30]
    assert len(scale.colours) == len(scale.levels) + 1
    both = diverging(7.3, "%")
    np.testing.assert_array_equal(both.levels, -both.levels[::-1])
    assert both.levels.max() >= 7.3
    assert sequential(0.0, CYCLONE, "%").levels[0] > 0


def test_values_get_the_colour_of_their_step():
    scale = sequential(10, RIVER, "%")  # 2, 4 … 10
    painted = scale.paint(np.array([0.0, 1.99, 2.0, 3.0, 99.0, np.nan]))
    assert painted[:, 3].tolist() == [0, 0, 1, 1, 1, 0]
    np.testing.assert_array_equal(painted[2], painted[3])
    np.testing.assert_allclose(painted[4, :3], scale.colours[-1])


@pytest.mark.parametrize(("raw", "nice"), [(0.3, 0.5), (1.0, 1.0), (2.1, 2.5), (7, 10), (0, 1)])
def test_nice_steps(raw, nice):
    assert nice_step(raw) == pytest.approx(nice)


def test_an_empty_map_of_per_cent_has_the_scale_of_all_per_cent():
    """Its largest value, 0, says nothing of a scale; densities have no most either."""
    empty = sequential(0.0, RIVER, "% of time steps")
    assert (empty.least, empty.most) == (0.0, 100.0) and empty.levels[-1] < 100
    assert diverging(0.0, "percentage points").most == 100.0
    assert sequential(0.0, RIVER, "events a year").most is None


def test_maps_of_either_sign_have_a_scale_of_either_sign():
    """Transport to the south was as clear as none; a share of 210 % ended at 100 without a word."""
    south, north = np.full((2, 3), -10.7), np.array([[0.0, 1e-9, 4.0]])
    both = scale_of([south, north], RIVER, "kg m-1 s-1")
    assert both.levels.min() < 0 < both.levels.max() and both.least is None
    assert (both.paint(south)[..., 3] > 0).all()
    alone = scale_of([north, -1e-7 * north], RIVER, "kg m-1 s-1")
    assert alone.levels.min() > 0 and alone.least == 0
    assert scale_of([np.array([0.0, 61.0])], RIVER, "%").most is None
    assert scale_of([np.array([0.0, 100.0])], RIVER, "%").most == 100
    beyond = np.concatenate([np.zeros(10_000), [210.0]])
    assert scale_of([beyond], RIVER, "%").most is None
    assert scale_of([beyond, -0.3 * beyond], RIVER, "%").most is None
    assert scale_of([np.full(3, np.nan)], RIVER, "%").most == 100
