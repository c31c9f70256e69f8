import numpy as np
import pytest

from stormtrace.errors import BadInput
from stormtrace.grids import Grid, make_grid
from stormtrace.grids.remapping import area_mean, conservative, on_grid
from stormtrace.land import is_land, land_fraction

FINE = make_grid({"nlat": 91, "nlon": 144})
COARSE = make_grid({"nlat": 46, "nlon": 60, "first_lon": -180})


def smooth(grid: Grid):
    lat, lon = np.radians(grid.lat)[:, None], np.radians(grid.lon)[None, :]
    return 2 + np.cos(lat) ** 2 * np.cos(2 * lon) + np.sin(lat)


def test_integrals_are_kept_in_both_directions():
    values = np.random.default_rng(0).uniform(0, 100, FINE.shape)
    for target in (COARSE, make_grid({"nlat": 200, "nlon": 301, "first_lon": 0.3})):
        regridded = conservative(values, FINE, target)
        assert area_mean(regridded, target) == pytest.approx(area_mean(values, FINE), rel=1e-12)


def test_a_constant_stays_and_longitudes_may_start_anywhere():
    np.testing.assert_allclose(conservative(np.full(FINE.shape, 7.0), FINE, COARSE), 7.0)
    # A field smooth at 6° differs from its cell means by about (Δ²/24)·f'' ≈ 0.2 %·4.
    np.testing.assert_allclose(conservative(smooth(FINE), FINE, COARSE), smooth(COARSE), atol=0.02)


def test_one_cell_by_hand():
    """Two cells of 180° from two of 90° each: plain means, since rows are the same."""
    source = Grid(np.array([-45.0, 45.0]), np.array([45.0, 135.0, 225.0, 315.0]))
    target = Grid(np.array([-45.0, 45.0]), np.array([90.0, 270.0]))
    values = np.array([[1.0, 3.0, 5.0, 7.0], [0.0, 0.0, 0.0, 8.0]])
    np.testing.assert_allclose(conservative(values, source, target), [[2.0, 6.0], [0.0, 4.0]])


def test_the_same_grid_is_left_alone_and_a_region_is_refused():
    values = smooth(FINE)
    assert on_grid(values, FINE, make_grid({"nlat": 91, "nlon": 144})) is values
    region = Grid(FINE.lat, FINE.lon[:40])
    with pytest.raises(BadInput, match="globally first"):
        conservative(values[:, :40], region, COARSE)


def test_land_is_where_it_is():
    """29.2 % of the globe is land; some places everyone knows."""
    assert area_mean(land_fraction(FINE), FINE) == pytest.approx(0.292, abs=0.006)
    lat = np.array([40.0, 0.0, -25.0, -85.0, 40.0, 72.0, 42.0])
    lon = np.array([-100.0, -150.0, 135.0, 0.0, -40.0, 320.0, 50.5])
    truth = [True, False, True, True, False, True, False]  # the last: the Caspian Sea
    assert is_land(lat, lon).tolist() == truth
