"""Lat/lon grids: CESM's own definition of the target, and areas that are the sphere's."""

import netCDF4
import numpy as np
import pytest

from real_data import real_data
from stormtrace.grids import EARTH_RADIUS_KM, Grid, make_grid


def test_cells_of_a_global_grid_are_the_whole_sphere():
    for spec in ({"nlat": 768, "nlon": 1152}, {"nlat": 361, "nlon": 576, "first_lon": -180}):
        grid = make_grid(spec)
        assert grid.is_global
        total = grid.row_area.sum() * grid.shape[1]
        assert total == pytest.approx(4 * np.pi * EARTH_RADIUS_KM**2, rel=1e-12)


def test_a_pole_row_is_a_cap():
    # The row at the pole of a grid with step d reaches d/2 from it; a cap of angle a has the area
    # 2πR²(1 − cos a).
    grid = make_grid({"nlat": 181, "nlon": 360})
    cap = 2 * np.pi * EARTH_RADIUS_KM**2 * (1 - np.cos(np.radians(0.5)))
    assert grid.row_area[-1] * 360 == pytest.approx(cap, rel=1e-9)


def test_a_regional_grid_is_not_global_and_its_areas_are_its_own():
    grid = Grid(np.arange(25.0, 66.0), np.arange(180.0, 256.0))
    assert not grid.is_global
    south, north = np.radians([24.5, 65.5])
    box = EARTH_RADIUS_KM**2 * np.radians(76.0) * (np.sin(north) - np.sin(south))
    assert grid.row_area.sum() * 76 == pytest.approx(box, rel=1e-12)


def test_the_quarter_degree_grid_is_cesms():
    file = real_data("grids/SCRIPgrid_0.23x0.31_nomask_c110308.nc")
    grid = make_grid({"nlat": 768, "nlon": 1152})
    with netCDF4.Dataset(file) as dataset:
        lat = dataset["grid_center_lat"][:].reshape(768, 1152)
        lon = dataset["grid_center_lon"][:].reshape(768, 1152)
    np.testing.assert_allclose(grid.lat, lat[:, 0], atol=1e-10)
    np.testing.assert_allclose(grid.lon, lon[0], atol=1e-10)
