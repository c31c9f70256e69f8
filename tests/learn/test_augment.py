"""Augmentation: a changed sample must still be possible weather."""

import numpy as np
import pytest

from stormtrace.errors import BadInput
from stormtrace.grids import Grid, make_grid
from stormtrace.learn.augment import make_augmentation, mirror
from stormtrace.learn.recipe import Augment

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
    odd += ["VA850", "va", "VLML", "VFLXQV", "TAUV", "VRT850", "v_component_of_wind_850", "VIWVN"]
    odd += ["northward_wind", "viwvn", "TVQ", "V_at_850hPa", "umeridional_850hPa", "v10", "VAR_10V"]
    odd += [
        "VT",
        "VU",
        "VZ",
        "VGRD850",
        "TAUGWY",
        "IVTN",
        "psi_850",
        "helicity",
        "RELV500",
        "V_WIND",
    ]
    even = ["TMQ", "U850", "PSL", "UBOT", "U10M", "IVT", "IWV", "VAPOR", "OMEGA500", "Z200", "TAUX"]
    even += ["TAUU", "UFLXQV", "ULML", "UBOT", "QREFHT", "PS", "T200", "T500", "PRECT", "TS"]
    even += ["TREFHT", "Z1000", "tcwv", "msl", "u_component_of_wind_850", "viwve", "uzonal_850hPa"]
    even += ["UT", "VV", "UU", "UGRD850", "TAUGWX", "IVTE", "DIV850", "chi", "VAR_10U", "u850_hPa"]
    augmentation = make_augmentation(Augment(roll=False, flip=True), odd + even, GLOBE, {})
    assert augmentation.odd == (True,) * len(odd) + (False,) * len(even)


def odd_by(fields, attributes, **said):
    return make_augmentation(Augment(mirror=said), fields, GLOBE, attributes).odd


def test_the_samples_know_better_than_the_names():
    """The derivation's own attribute, then CF's standard name; the recipe before both."""
    about = {
        "A": {"mirror": "odd", "standard_name": "air_temperature"},
        "U850": {"standard_name": "northward_wind"},
        "V850": {"standard_name": "square_of_northward_wind"},
        "B": {"standard_name": "unknown"},
    }
    assert odd_by(["A", "U850", "V850"], about) == (True, True, False)
    assert odd_by(["A", "B"], about, A="even", B="odd") == (False, True)


@pytest.mark.parametrize(
    ("name", "odd"),
    [
        ("atmosphere_horizontal_streamfunction", True),
        ("atmosphere_horizontal_velocity_potential", False),
        ("surface_downward_y_stress", True),
        ("sea_water_y_velocity", True),
        ("divergence_of_wind", False),
        ("product_of_northward_wind_and_air_temperature", True),
        ("square_of_northward_wind", False),
        ("tendency_of_northward_wind", True),
        ("ertel_potential_vorticity", True),
        ("x_wind", False),
    ],
)
def test_standard_names_of_vectors_and_rotations(name, odd):
    assert odd_by(["X"], {"X": {"standard_name": name}}) == (odd,)


def test_a_field_of_which_nothing_is_known_is_asked_about():
    """The advice followed works: mirror, or no flips."""
    wind_from = {"X": {"standard_name": "wind_from_direction"}}
    slope = {"X": {"standard_name": "y_derivative_of_air_temperature"}}
    unknown = [(["VTHBND"], {}), (["UV850"], {}), (["TMQ", "X"], wind_from), (["TMQ", "X"], slope)]
    for fields, about in unknown:
        with pytest.raises(BadInput, match=rf"whether {fields[-1]} changes its sign .*mirror: "):
            odd_by(fields, about)
        assert odd_by(fields, about, **{fields[-1]: "odd"})[-1]
        make_augmentation(Augment(flip=False), fields, GLOBE, about)
    with pytest.raises(BadInput, match=r"names VRT, which is no field .*; its fields: TMQ"):
        odd_by(["TMQ"], {}, VRT="odd")


def test_labels_move_with_the_weather():
    values = np.arange(25 * 48, dtype=np.float32).reshape(1, 25, 48)
    votes = (values.astype(int) % 7 == 0).astype(np.uint8)
    augmentation = make_augmentation(Augment(roll=True, flip=True), ["TMQ"], GLOBE, {})
    seen = set()
    for seed in range(20):
        moved, moved_votes = augmentation.apply(values, votes, np.random.default_rng(seed))
        np.testing.assert_array_equal(moved.astype(int) % 7 == 0, moved_votes == 1)
        seen.add(moved[0, 0, 0])
    assert len(seen) > 15


def test_nothing_chosen_changes_nothing():
    values, votes = np.ones((1, 25, 48), np.float32), np.ones((3, 25, 48), np.uint8)
    augmentation = make_augmentation(Augment(roll=False, flip=False), ["TMQ"], GLOBE, {})
    same = augmentation.apply(values, votes, np.random.default_rng(0))
    assert same[0] is values and same[1] is votes


def test_a_region_is_neither_turned_nor_mirrored():
    region = Grid(np.linspace(10, 70, 20), np.arange(189.0, 330.0))
    with pytest.raises(BadInput, match="latitudes run from 10 to 70: set flip: false"):
        make_augmentation(Augment(roll=False, flip=True), ["TMQ"], region, {})
    with pytest.raises(BadInput, match=r"neither go round it .* set roll: false"):
        make_augmentation(Augment(roll=True, flip=False), ["TMQ"], region, {})
    assert not make_augmentation(Augment(roll=False, flip=False), ["TMQ"], region, {}).roll


def test_a_belt_round_the_globe_is_turned_and_a_symmetric_one_mirrored():
    belt = Grid(np.arange(-30.0, 31.0, 2.5), np.arange(0.0, 360.0, 2.5))
    augmentation = make_augmentation(Augment(roll=True, flip=True), ["TMQ"], belt, {})
    assert (augmentation.roll, augmentation.flip, augmentation.quarters) == (True, True, False)


@pytest.mark.parametrize("projection", ["north-polar", "south-polar"])
def test_a_polar_square_is_turned_by_quarters_about_its_pole(projection):
    """A field of latitude and of longitude minus the turn is the same field on a turned globe."""
    grid = make_grid({"projection": projection, "cells": 24})
    lat, lon = (np.radians(one) for one in grid.points)
    augmentation = make_augmentation(Augment(roll=True, flip=False), ["TMQ"], grid, {})
    field = (np.sin(lat) + np.cos(lat) ** 2 * np.cos(lon)).astype(np.float32)[None]
    votes = (field > 0.5).astype(np.uint8)
    seen = set()
    for seed in range(20):
        turned, turned_votes = augmentation.apply(field, votes, np.random.default_rng(seed))
        np.testing.assert_array_equal(turned > 0.5, turned_votes == 1)
        errors = [
            abs(turned[0] - np.sin(lat) - np.cos(lat) ** 2 * np.cos(lon - turn)).max()
            for turn in np.arange(4) * np.pi / 2
        ]
        assert min(errors) < 1e-6
        seen.add(int(np.argmin(errors)))
    assert seen == {0, 1, 2, 3}
    with pytest.raises(BadInput, match="mirrors at the equator"):
        make_augmentation(Augment(roll=True, flip=True), ["TMQ"], grid, {})


@pytest.mark.parametrize("name", ["x_wind", "grid_northward_wind", "surface_downward_y_stress"])
def test_a_component_along_the_grid_is_not_turned_by_quarters(name):
    """A quarter of a turn makes x into y; eastward and northward stay what they are."""
    grid = make_grid({"projection": "north-polar", "cells": 24})
    with pytest.raises(BadInput, match=rf"W \({name}\) is a component .* set roll: false"):
        make_augmentation(Augment(flip=False), ["W"], grid, {"W": {"standard_name": name}})
    make_augmentation(Augment(flip=False, roll=False), ["W"], grid, {"W": {"standard_name": name}})
    eastward = {"W": {"standard_name": "eastward_wind"}}
    assert make_augmentation(Augment(flip=False), ["W"], grid, eastward).quarters


def test_a_square_that_is_not_centred_on_a_pole_is_not_turned():
    lat, lon = np.meshgrid(np.arange(30.0, 60.0), np.arange(30.0), indexing="ij")
    with pytest.raises(BadInput, match="set roll: false"):
        make_augmentation(Augment(roll=True, flip=False), ["TMQ"], Grid(lat, lon), {})
