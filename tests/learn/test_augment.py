"""Augmentation: a changed sample must still be possible weather."""

import numpy as np
import pytest

from stormtrace.errors import BadInput
from stormtrace.grids import Grid
from stormtrace.learn.augment import make_augmentation, mirror

LAT = np.linspace(-90, 90, 25)
GLOBE = Grid(LAT, np.arange(48) * 7.5)


def test_a_mirrored_cyclone_still_is_one():
    """Relative vorticity changes sign with the hemisphere: u and v of a vortex, mirrored with the
    sign of v, turn the other way at the mirrored place."""
    lat, lon = np.meshgrid(LAT, np.arange(48) * 7.5, indexing="ij")
    north, east = lat - 30, lon - 180
    strength = np.exp(-(north**2 + east**2) / 400)
    u, v = -north * strength, east * strength  # anticlockwise: a cyclone at 30N

    def vorticity(u, v):
        return np.gradient(v, 7.5, axis=1) - np.gradient(u, 7.5, axis=0)

    mirrored = mirror(np.stack([u, v]).astype(np.float32), (False, True))
    np.testing.assert_allclose(
        vorticity(*mirrored), -vorticity(u, v)[::-1], atol=1e-5 * abs(vorticity(u, v)).max()
    )


def test_what_points_north_or_turns_changes_its_sign():
    """CESM's, MERRA-2's, ERA5's and ARTMIP's names; speeds, heights and water stay as they are."""
    odd = ["V850", "V", "v", "VBOT", "V10M", "V2M", "VQ", "TAUY", "IVTy", "VORT850", "vo", "PV"]
    odd += ["VA850", "va", "VLML", "VFLXQV", "TAUV"]
    even = ["TMQ", "U850", "PSL", "UBOT", "U10M", "IVT", "IWV", "VAPOR", "OMEGA500", "Z200", "TAUX"]
    even += ["TAUU", "UFLXQV", "ULML", "VTHBND", "VAR"]
    augmentation = make_augmentation({"flip": True}, odd + even, GLOBE)
    assert augmentation.odd == (True,) * len(odd) + (False,) * len(even)


def test_labels_move_with_the_weather():
    values = np.arange(25 * 48, dtype=np.float32).reshape(1, 25, 48)
    votes = (values.astype(int) % 7 == 0).astype(np.uint8)
    augmentation = make_augmentation({"roll": True, "flip": True}, ["TMQ"], GLOBE)
    seen = set()
    for seed in range(20):
        moved, moved_votes = augmentation.apply(values, votes, np.random.default_rng(seed))
        np.testing.assert_array_equal(moved.astype(int) % 7 == 0, moved_votes == 1)
        seen.add(moved[0, 0, 0])
    assert len(seen) > 15


def test_nothing_chosen_changes_nothing():
    values, votes = np.ones((1, 25, 48), np.float32), np.ones((3, 25, 48), np.uint8)
    augmentation = make_augmentation({}, ["TMQ"], GLOBE)
    same = augmentation.apply(values, votes, np.random.default_rng(0))
    assert same[0] is values and same[1] is votes


def test_a_region_is_neither_turned_nor_mirrored():
    region = Grid(np.linspace(10, 70, 20), np.arange(189.0, 330.0))
    with pytest.raises(BadInput, match="latitudes run from 10 to 70: set flip: false"):
        make_augmentation({"flip": True}, ["TMQ"], region)
    with pytest.raises(BadInput, match="longitudes run from 189 to 329 only: set roll: false"):
        make_augmentation({"roll": True}, ["TMQ"], region)
    assert not make_augmentation({"roll": False, "flip": False}, ["TMQ"], region).roll
