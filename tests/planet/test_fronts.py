"""The planet's fronts: known changes across a moving line, and a network that finds them."""

import numpy as np
import pytest
from scipy import ndimage

from planet_learning import found_and_true, iou
from stormtrace.classes import BACKGROUND
from stormtrace.formats.labelled_writing import write_labelled
from stormtrace.formats.masks import open_masks
from stormtrace.grids import make_grid
from stormtrace.planet.climatenet_files import derive_fields
from stormtrace.planet.climates import HISTORICAL
from stormtrace.planet.feature_codes import RIVER
from stormtrace.planet.front_files import FIELDS, surface_fields, write_fronts
from stormtrace.planet.fronts import AIR_MASS, CHANGE, COLD, WARM, Front, front_mask
from stormtrace.planet.globe import Globe, draw_mask
from stormtrace.planet.settings import Settings
from stormtrace.planet.sky import SHALLOW, VORTEX, Sky
from stormtrace.planet.smooth_fields import Points
from stormtrace.planet.storms import VISIBLE, Life, Path


def meridional(label, lat):
    """A front along the meridian 180°, equatorward from `lat`, that moves 0.5° east an hour."""
    track = Path(180.0 - 25.0, lat, 0.5, 0.0)
    return Front(Life(0.0, 100.0), track, 0.0, -np.sign(lat) * 20.0, 0.0, 12.0, 10.0, 700.0, label)


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("label", [COLD, WARM])
def test_across_a_front_all_changes_as_it_should(label, side):
    """At half its life, at its middle: ± ΔT/2 · tanh(d / 1.6°) · exp(−(d / 9°)²), d degrees ahead.

    East is ahead of a line that trails equatorward. Moisture follows warmth by 6 % a kelvin; behind
    the line the wind blows eastward, ahead of it poleward; the trough is deepest on the line.
    """
    front = meridional(label, side * 50.0)
    east = np.array([-4.0, -1.0, 0.0, 1.0, 4.0])
    lat = np.full(5, side * 40.0)
    sky = Sky.calm(Points(180.0 + east, lat))
    sky.moisture[SHALLOW] = 20.0
    front.write(sky, 50.0)
    ahead = np.degrees(np.arcsin(np.cos(np.radians(40)) * np.sin(np.radians(east))))
    sign = 1 if label == COLD else -1
    air = np.exp(-((ahead / AIR_MASS) ** 2))
    warmth = sign * 6.0 * np.tanh(ahead / CHANGE) * air
    np.testing.assert_allclose(sky.kelvin - 288.0, warmth, atol=1e-6)
    np.testing.assert_allclose(sky.moisture[SHALLOW], 20.0 * np.exp(0.06 * warmth), rtol=1e-6)
    u, v = sky.wind[VORTEX]
    # Four degrees aside the meridian is turned by 4° · sin 40°: 0.45 m/s of 10 change axes.
    np.testing.assert_allclose(u, 5.0 * (1 - np.tanh(ahead / CHANGE)) * air, atol=0.46)
    np.testing.assert_allclose(side * v, 5.0 * (1 + np.tanh(ahead / CHANGE)) * air, atol=0.46)
    assert sky.psl[2] == pytest.approx(101300.0 - 700.0) and sky.psl.argmin() == 2


def test_fields_of_fronts_are_those_that_climatenet_has_of_the_same_sky():
    planet = Globe.create(HISTORICAL, [1], 48, 0, with_fronts=True)
    sky = planet.sky(Points.of(make_grid({"nlat": 19, "nlon": 36})), 20.0)
    of_climatenet, of_fronts = derive_fields(sky), surface_fields(sky)
    assert tuple(of_fronts) == FIELDS
    for name, values in of_fronts.items():
        assert np.array_equal(values, of_climatenet[name])


def test_the_truth_moves_as_fast_as_its_low():
    grid = make_grid({"nlat": 91, "nlon": 360})
    points, front = Points.of(grid), meridional(COLD, 50.0)
    centres = []
    for hour in (40.0, 60.0):
        mask = front_mask([front], points, hour).reshape(grid.shape)
        row = np.flatnonzero(mask[np.abs(grid.lat - 40.0).argmin()])
        centres.append(row.mean())
        # 2.4° to either side at 40° N, where a degree of longitude is 0.766 of one: 3.13 cells.
        assert row.size == 7
    assert np.diff(centres) == 10.0


def test_the_fields_tell_cold_fronts_from_warm_ones():
    """Of the whole planet, weather and all: which way warmth changes across a line, and wind blows.

    Four degrees to either side of the middle of a front it is warmer ahead if it is a cold one, and
    colder if it is a warm one; the wind behind blows towards the line more than that ahead of it.
    A coin would be right for half; nothing but noise of the weather may be wrong. Lows that came
    too near to one another laid warm sectors over cold air: a sixth of the fronts were wrong.
    """
    right = []
    for day in range(10):
        planet = Globe.create(HISTORICAL, [3, day], hours=24, first_day=36 * day, with_fronts=True)
        for front in planet.fronts:
            if front.label == BACKGROUND or front.life.vigour(12.0) < VISIBLE:
                continue
            ahead, behind = sides(planet, front, degrees=4.0)
            warmer, towards = ahead[0] - behind[0], behind[1] - ahead[1]
            right.append((warmer > 0) == (front.label == COLD) and towards > 0)
    assert len(right) > 50 and np.mean(right) > 0.93


def sides(planet, front, degrees, hours=12.0):
    """(K, wind in m/s in the direction that is ahead) on either side of a front's middle."""
    spine = front.spine(hours)
    middle, along = spine[12], spine[13] - spine[11]
    ahead = np.sign(front.path.lat) * np.cross(middle, along / np.linalg.norm(along))
    found = []
    for side in (1, -1):
        angle = np.radians(side * degrees)
        x, y, z = middle * np.cos(angle) + ahead * np.sin(angle)
        points = Points([np.degrees(np.arctan2(y, x))], [np.degrees(np.arcsin(z))])
        sky = planet.sky(points, hours)
        fields = surface_fields(sky)
        wind = fields["UBOT"] * points.east[0] + fields["VBOT"] * points.north[0]
        found.append((sky.kelvin[0], wind @ (ahead * np.cos(angle) - middle * np.sin(angle))))
    return found


def widened(truth, cells=1):
    """The truth, and what is at most so many cells from it, (maps, lat, lon)."""
    return ndimage.binary_dilation(truth, np.ones((1, 2 * cells + 1, 2 * cells + 1)))


def agreement(found, truth, wide):
    """IoU, and F1 whose hits and false alarms are of the widened truth, misses of the truth.

    All are chances of a class in cells, (…); where they are 0 and 1 it is what was found.
    """
    hits, wide_hits = (found * truth).sum(), (found * wide).sum()
    missed, false = (truth * (1 - found)).sum(), (found * (1 - wide)).sum()
    iou = hits / (found.sum() + truth.sum() - hits)
    return iou, 2 * wide_hits / (2 * wide_hits + false + missed)


def climatological(found, truth):
    """The agreement of guesses that know but how often fronts are at each latitude.

    Of one as frequent there as what was found, and independent of the truth: every cell's expected
    hits are the product of the two frequencies of its latitude. And of the best there is: each
    latitude is marked as a whole or not, by what is more than a share of the truth.
    """
    at_latitudes = [one.mean(axis=(0, 2)) for one in (truth, widened(truth))]
    marked = [at_latitudes[0] >= least for least in np.unique(at_latitudes[0])]
    guesses = [found.mean(axis=(0, 2)), *(one.astype(float) for one in marked)]
    iou, f1 = zip(*(agreement(guess, *at_latitudes) for guess in guesses), strict=True)
    return (iou[0], f1[0]), (max(iou), max(f1))


@pytest.mark.usefixtures("small_network")
def test_a_network_finds_fronts_and_tells_cold_ones_from_warm_ones(tmp_path):
    """On 1.5° × 3° of the northern middle latitudes, from 28 times; the F1 with a cell's tolerance.

    Chance is a guess with the frequency at each latitude, derived in `climatological`: IoU .02, F1
    .07 (cold) and .10 (warm). Marking whole latitudes is the best that can be done without looking
    (IoU .04 and .05, F1 .14 and .18) and must be beaten clearly, too. A network that cannot tell
    them apart would name as large a share of the warm fronts cold as of the cold ones: of one class
    at least it would name no more cells rightly than wrongly. Measured: IoU .21 and .25, F1 .58 and
    .60; of the cells of cold fronts that it finds 89 % named cold, of warm ones 95 % warm.
    """
    settings = Settings(grid={"box": [0, 360, 20, 80], "step": [3, 1.5]}, train_files=28,
                        test_files=8, front_days=2, ne=4, levels=8)  # fmt: skip
    write_fronts(tmp_path, settings)
    labels = ["Background", "Cold Front", "Warm Front"]
    region = {"padding": "replicate", "augment": {"flip": False}}
    options = {"epochs": 8, "batch_size": 2, "lr": 0.005, **region}
    found, true = found_and_true(tmp_path, FIELDS, labels, **options)
    for code, other in ((COLD, WARM), (WARM, COLD)):
        one, truth = found == code, true == code
        scores = agreement(one, truth, widened(truth))
        by_chance, best_blind = climatological(one, truth)
        for score, chance, blind in zip(scores, by_chance, best_blind, strict=True):
            assert score > 3 * chance and score > 2 * blind
        named, confused = (one & truth).sum(), ((found == other) & truth).sum()
        assert named > 4 * confused
    masks = open_masks(tmp_path / "truth" / "masks.nc")
    assert masks.classes.flags == ("cold_front", "warm_front") and masks.time.size == 16


@pytest.mark.usefixtures("small_network")
def test_rivers_are_learned_on_the_antarctic_square(tmp_path):
    """Two classes on a square that has edges: padding replicates, nothing is rolled or flipped.

    The same masks, turned by a quarter of the globe, show what chance gives.
    """
    grid = make_grid({"projection": "south-polar", "cells": 72})
    points = Points.of(grid)
    for split, year, days in (("train", 1996, 16), ("test", 2011, 4)):
        (tmp_path / split).mkdir()
        for day in range(1, days + 1):
            planet = Globe.create(HISTORICAL, [42, year, day], hours=24, first_day=10 * day)
            tmq = planet.sky(points, 12.0)
            fields = {"TMQ": tmq.precipitable_water(tmq.ps)}
            labels = (draw_mask(planet.events, points, 12.0) == RIVER).astype(np.int64)
            name = f"data-{year}-01-{day:02d}-05-1.nc"
            write_labelled(
                tmp_path / split / name, grid, name, fields, {"TMQ": {"units": "kg/m2"}}, labels, {}
            )
    still = {"padding": "replicate", "augment": {"roll": False, "flip": False}}
    found, true = found_and_true(
        tmp_path, ("TMQ",), ["Background", "Atmospheric River"], epochs=8, lr=0.005, **still
    )
    assert found.shape == (4, 72, 72) and 0 < true.mean() < 0.15
    turned = np.rot90(found, axes=(1, 2))  # as by chance
    assert iou(found == 1, true == 1) > max(0.15, 2 * iou(turned == 1, true == 1))
