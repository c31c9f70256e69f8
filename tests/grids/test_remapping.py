"""Conservative remapping between grids of every kind: integrals, constants, analytic fields."""

import numpy as np
import pytest

from real_data import real_data
from stormtrace.grids import Grid, make_grid
from stormtrace.grids.polygon_overlaps import polygon_overlaps
from stormtrace.grids.polygons import polygon_areas
from stormtrace.grids.remapping import area_mean, conservative, on_grid, overlap_areas
from stormtrace.land import is_land, land_fraction

FINE = make_grid({"nlat": 91, "nlon": 144})
COARSE = make_grid({"nlat": 46, "nlon": 60, "first_lon": -180})
POLAR = make_grid({"projection": "north-polar", "cells": 60})
SOUTH = make_grid({"projection": "south-polar", "cells": 40, "central_lon": 13})
BOX = make_grid({"box": [350, 30, 35, 70], "step": 1})
ARCTIC = "polar_grids/CORDEX_ARC-44_tas_BCCR-WRF331_20010101.nc"


def heights(south, north):
    return np.sin(np.radians(north)) - np.sin(np.radians(south))


def smooth(grid: Grid):
    lat, lon = (np.radians(points) for points in grid.points)
    return 2 + np.cos(lat) ** 2 * np.cos(2 * lon) + np.sin(lat)


def test_integrals_are_kept_in_both_directions():
    values = np.random.default_rng(0).uniform(0, 100, FINE.shape)
    for target in (COARSE, make_grid({"nlat": 200, "nlon": 301, "first_lon": 0.3}),
                   make_grid({"gaussian": 20})):  # fmt: skip
        regridded = conservative(values, FINE, target)
        assert area_mean(regridded, target) == pytest.approx(area_mean(values, FINE), rel=1e-12)


@pytest.mark.parametrize("polar", [POLAR, SOUTH])
def test_what_lies_inside_a_polar_square_keeps_its_integral(polar):
    """A random field, zero outside 62°, the latitude that both squares hold whole."""
    values = np.random.default_rng(1).uniform(0, 100, FINE.shape)
    values *= (FINE.lat * np.sign(polar.lat[20, 20]) > 62)[:, None]
    there = conservative(values, FINE, polar)
    integral = (values * FINE.area).sum() / FINE.radius_km**2
    assert np.isfinite(there).all()
    assert (there * polar.area).sum() / polar.radius_km**2 == pytest.approx(integral, rel=1e-11)
    # And back: the cells of the globe that the square covers have it again.
    back = np.nan_to_num(conservative(there, polar, FINE))
    assert (back * FINE.area).sum() / FINE.radius_km**2 == pytest.approx(integral, rel=1e-11)


@pytest.mark.parametrize("target", [POLAR, SOUTH, BOX, COARSE], ids=["N", "S", "box", "globe"])
def test_a_smooth_field_stays_what_it_is(target):
    # Cell means differ from centres by about (Δ²/24)·f″, of cells of up to 6°: below 0.02.
    expected, there = smooth(target), conservative(smooth(FINE), FINE, target)
    np.testing.assert_allclose(there, expected, atol=0.02)
    np.testing.assert_allclose(conservative(np.ones(FINE.shape), FINE, target), 1.0, rtol=1e-12)


def test_between_two_projected_grids_areas_are_the_cells_own():
    other = make_grid({"projection": "north-polar", "cells": 70, "boundary_lat": 20})
    areas = overlap_areas(POLAR, other)  # `other` holds POLAR whole, with cells of other sizes
    own = POLAR.area.ravel() / POLAR.radius_km**2
    np.testing.assert_allclose(np.asarray(areas.sum(axis=0)).ravel(), own, rtol=1e-10)
    values = np.random.default_rng(2).uniform(0, 1, POLAR.shape)
    there = np.nan_to_num(areas @ values.ravel())
    assert there.sum() == pytest.approx((values.ravel() * own).sum(), rel=1e-11)
    np.testing.assert_allclose(conservative(smooth(other), other, POLAR), smooth(POLAR), atol=0.01)


def test_a_quarter_of_an_octant_by_hand():
    """Two triangles of the sphere: the octant, and its half west of 45° E: π/2 and π/4."""
    x, y, z = np.eye(3)
    half = np.array([1.0, 1.0, 0.0]) / np.sqrt(2)
    octant, western = np.array([[x, y, z, z]]), np.array([[x, half, z]])
    np.testing.assert_allclose(polygon_areas(octant), np.pi / 2)
    np.testing.assert_allclose(polygon_overlaps(octant, western).toarray(), [[np.pi / 4]])
    np.testing.assert_allclose(polygon_overlaps(western, octant).toarray(), [[np.pi / 4]])
    beyond = np.array([[y, -x, z]])
    assert polygon_overlaps(octant, beyond).nnz == 0  # an edge in common, no area


def test_a_real_arctic_grid_without_projection_and_a_polar_square():
    known = make_grid({"file": str(real_data(ARCTIC))})
    alone = Grid(known.lat, known.lon)
    there = conservative(smooth(alone), alone, POLAR)
    inside = np.isfinite(there)
    np.testing.assert_allclose(there[inside], smooth(POLAR)[inside], atol=0.01)
    covered = POLAR.area[inside].sum()
    assert covered == pytest.approx(known.area.sum(), rel=0.02)
    globe = conservative(np.ones(alone.shape), alone, FINE)
    assert (np.isfinite(globe) * FINE.area).sum() == pytest.approx(known.area.sum(), rel=0.02)


def test_cells_outside_a_regional_source_are_missing():
    values = np.ones(BOX.shape)
    on_globe = conservative(values, BOX, FINE)
    inside = (FINE.lat[:, None] > 35) & (FINE.lat[:, None] < 70)
    inside = inside & ((FINE.lon + 10) % 360 < 40)[None]
    np.testing.assert_array_equal(np.isfinite(on_globe)[inside], True)
    assert np.nanmax(on_globe) == np.nanmin(on_globe) == 1
    # Columns of FINE are centred on both of the box's 40° wide sides, its last row on 70° N: half
    # covered, so counted, but for two corners of a quarter.
    wide = BOX.area.sum() * 42.5 / 40 * heights(35, 71) / heights(35, 70)
    corners = 2 * FINE.row_area[FINE.lat == 70][0]
    assert (np.isfinite(on_globe) * FINE.area).sum() == pytest.approx(wide - corners)
    on_polar = conservative(values, BOX, POLAR)
    assert (np.isfinite(on_polar) * POLAR.area).sum() == pytest.approx(BOX.area.sum(), rel=0.06)
    assert np.isnan(conservative(values, BOX, SOUTH)).all()
    assert area_mean(on_globe, FINE) == area_mean(on_polar, POLAR) == 1.0


def test_one_cell_by_hand():
    """Two cells of 180° from two of 90° each: plain means, since rows are the same."""
    source = Grid(np.array([-45.0, 45.0]), np.array([45.0, 135.0, 225.0, 315.0]))
    target = Grid(np.array([-45.0, 45.0]), np.array([90.0, 270.0]))
    values = np.array([[1.0, 3.0, 5.0, 7.0], [0.0, 0.0, 0.0, 8.0]])
    np.testing.assert_allclose(conservative(values, source, target), [[2.0, 6.0], [0.0, 4.0]])


def test_the_same_grid_is_left_alone():
    values = smooth(FINE)
    assert on_grid(values, FINE, make_grid({"nlat": 91, "nlon": 144})) is values
    stack = np.stack([values, 2 * values])
    polar = on_grid(stack, FINE, POLAR)
    assert polar.shape == (2, 60, 60)
    np.testing.assert_allclose(polar[1], 2 * polar[0])


def test_land_is_where_it_is():
    """29.2 % of the globe is land; some places everyone knows."""
    assert area_mean(land_fraction(FINE), FINE) == pytest.approx(0.292, abs=0.006)
    lat = np.array([40.0, 0.0, -25.0, -85.0, 40.0, 72.0, 42.0])
    lon = np.array([-100.0, -150.0, 135.0, 0.0, -40.0, 320.0, 50.5])
    truth = [True, False, True, True, False, True, False]  # the last: the Caspian Sea
    assert is_land(lat, lon).tolist() == truth


def test_land_of_a_polar_square_is_that_of_the_globe_inside():
    share = land_fraction(SOUTH)
    there = (land_fraction(FINE) * FINE.area)[FINE.lat < -60].sum() / FINE.radius_km**2
    south = SOUTH.lat < -60
    assert (share * SOUTH.area)[south].sum() / SOUTH.radius_km**2 == pytest.approx(there, rel=0.02)
    row, column = SOUTH.cells(np.array([-90.0]), np.array([0.0]))
    assert share[row, column] == pytest.approx(1.0, abs=1e-3)
