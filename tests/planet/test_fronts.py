"""The planet's fronts: known changes across a moving line, and a network that finds them."""

import numpy as np
import pytest
from scipy import ndimage

from planet_learning import found_and_true, iou
from stormtrace.formats.labelled_writing import write_labelled
from stormtrace.formats.masks import open_masks
from stormtrace.grids import make_grid
from stormtrace.planet.climates import HISTORICAL
from stormtrace.planet.feature_codes import RIVER
from stormtrace.planet.front_files import FIELDS, write_fronts
from stormtrace.planet.fronts import AIR_MASS, CHANGE, COLD, WARM, Front, front_mask
from stormtrace.planet.globe import Globe, draw_mask
from stormtrace.planet.settings import Settings
from stormtrace.planet.sky import SHALLOW, VORTEX, Sky
from stormtrace.planet.smooth_fields import Points
from stormtrace.planet.storms import Life, Path


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


def test_the_truth_moves_as_fast_as_its_low():
    grid = make_grid({"nlat": 91, "nlon": 360})
    lon, lat = np.meshgrid(grid.lon, grid.lat)
    points, front = Points(lon.ravel(), lat.ravel()), meridional(COLD, 50.0)
    centres = []
    for hour in (40.0, 60.0):
        mask = front_mask([front], points, hour).reshape(grid.shape)
        row = np.flatnonzero(mask[np.abs(grid.lat - 40.0).argmin()])
        centres.append(row.mean())
        # 2.4° to either side at 40° N, where a degree of longitude is 0.766 of one: 3.13 cells.
        assert row.size == 7
    assert np.diff(centres) == 10.0


def tolerant_f1(found, truth, cells=1):
    """F1 of a class: hits and false alarms against the widened truth, misses against it as it is.

    found, truth: (maps, lat, lon).
    """
    wide = ndimage.binary_dilation(truth, np.ones((1, 2 * cells + 1, 2 * cells + 1)))
    hits, false, missed = (found & wide).sum(), (found & ~wide).sum(), (truth & ~found).sum()
    return 2 * hits / (2 * hits + false + missed)


def test_a_network_finds_fronts_of_both_kinds(tmp_path):
    """What chance gives, the same masks have when they are turned by a third of the globe.

    The F1 has a tolerance of a cell, 300 to 450 km. Measured: IoU .15 and .12 (by chance .03 and
    less), F1 .55 and .42 (by chance .18 and .04), of cold and of warm fronts.
    """
    settings = Settings(grid={"nlat": 60, "nlon": 90}, train_files=28, test_files=8,
                        front_days=2, ne=4, levels=8)  # fmt: skip
    write_fronts(tmp_path, settings)
    labels = ["Background", "Cold Front", "Warm Front"]
    found, true = found_and_true(tmp_path, FIELDS, labels, epochs=10, batch_size=2, lr=0.005)
    for code in (COLD, WARM):
        assert iou(found == code, true == code) > 0.08
        assert tolerant_f1(found == code, true == code) > 0.3
        turned = np.roll(found, 30, axis=2)
        assert iou(found == code, true == code) > 2.5 * iou(turned == code, true == code)
        by_chance = tolerant_f1(turned == code, true == code)
        assert tolerant_f1(found == code, true == code) > 1.8 * by_chance
    masks = open_masks(tmp_path / "truth" / "masks.nc")
    assert masks.classes.flags == ("cold_front", "warm_front") and masks.time.size == 16


def test_rivers_are_learned_on_the_antarctic_square(tmp_path):
    """Two classes on a square that has edges: padding replicates, nothing is rolled or flipped.

    The same masks, turned by a quarter of the globe, show what chance gives.
    """
    grid = make_grid({"projection": "south-polar", "cells": 72})
    lat, lon = grid.points
    points = Points(lon.ravel(), lat.ravel())
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
