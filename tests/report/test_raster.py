"""Maps of any grid on the page's raster, against fields known in closed form."""

import numpy as np
import pytest

from make_results import MINI
from stormtrace.climate.event_tables import density
from stormtrace.grids import Grid, make_grid
from stormtrace.report.raster import MOST_CELLS, choose_view, on_raster, polar_view


def smooth(lat, lon):
    """A field whose mean over a small cell is nearly its value at the centre."""
    return np.sin(np.radians(lat)) + 0.3 * np.cos(np.radians(lat)) * np.cos(np.radians(lon - 40))


@pytest.mark.parametrize("pole", [1, -1])
def test_a_polar_grid_is_seen_from_above_its_pole(pole):
    """Within the square the raster has the field's values; its corners' outside is missing."""
    kind = "north-polar" if pole > 0 else "south-polar"
    grid = make_grid({"projection": kind, "cells": 200})
    view = choose_view([grid], 20)
    assert (view.projection, view.pole, view.central_lon) == ("polar", pole, 180.0)
    assert view.grid.size <= 1.1 * MOST_CELLS and view.grid.wraps
    values = on_raster(smooth(*grid.points), grid, view)
    expected = smooth(*view.grid.points)
    inside = np.isfinite(values)
    np.testing.assert_allclose(values[inside], expected[inside], atol=0.02)
    side = {1: 35.0, -1: -20.0}[pole]  # latitude in the middle of the sides
    within = pole * view.grid.points[0] > pole * side + 2
    assert inside[within].all() and not inside.all()


def test_a_region_across_the_date_line_is_one_rectangle():
    grid = make_grid({"box": [160, -120, 20, 60], "step": 2})
    view = choose_view([grid], 20)
    assert view.projection == "rectangle" and view.grid is grid
    west, east, south, north = view.box
    assert (east - west, south, north) == (80, 20, 60)
    assert west % 360 == 160


def test_regions_of_two_grids_share_the_smallest_box_around_both():
    """15° E to 35° E and 5° W to 25° E: from 355° E on, 40° wide; not the 320° the other way."""
    grids = [
        make_grid({"box": [15, 35, 40, 60], "step": 1}),
        make_grid({"box": [-5, 25, 30, 50], "step": 0.5}),
    ]
    view = choose_view(grids, 20)
    west, east, south, north = view.box
    assert (west % 360, east - west, south, north) == pytest.approx((355, 40, 30, 60))
    values = on_raster(smooth(*grids[0].points), grids[0], view)
    inside = np.isfinite(values)
    np.testing.assert_allclose(values[inside], smooth(*view.grid.points)[inside], atol=0.02)
    assert inside.mean() == pytest.approx(20 * 20 / (40 * 30), abs=0.05)


def test_a_curvilinear_grid_keeps_the_mean_of_its_area():
    """A grid turned by 30° in longitude as it goes north, known by its cells' centres alone."""
    row, column = np.meshgrid(np.arange(60), np.arange(80), indexing="ij")
    grid = Grid(20 + 0.5 * row, 200 + 0.5 * column + 0.5 * row)
    view = choose_view([grid], 20)
    values = on_raster(smooth(*grid.points), grid, view)
    inside = np.isfinite(values)
    ours = np.average(values[inside], weights=view.grid.area[inside])
    assert ours == pytest.approx(np.average(smooth(*grid.points), weights=grid.area), abs=0.005)


def test_a_fine_grid_is_averaged_not_picked():
    """Alternate cells of 0 and 100 on half the raster's step: every raster cell has the mean, 50."""
    fine = make_grid({"box": [0, 40, 0, 40], "step": 0.1})
    view = choose_view([fine], 1000)
    assert view.grid.size < fine.size / 30
    chess = 100.0 * (np.indices(fine.shape).sum(axis=0) % 2)
    values = on_raster(chess, fine, view)
    assert values.mean() == pytest.approx(50, abs=1)
    assert values.std() < 20


def test_the_globe_keeps_every_integral():
    fine = make_grid({"nlat": 90, "nlon": 180, "poles": False})
    view = choose_view([fine, MINI], 10_000)
    assert view.projection == "equal-earth"
    field = np.random.default_rng(0).uniform(0, 100, fine.shape)
    ours = np.average(on_raster(field, fine, view), weights=view.grid.area)
    assert ours == pytest.approx(np.average(field, weights=fine.area), rel=1e-9)


def test_on_a_page_of_the_globe_a_square_round_the_pole_is_seen_from_above():
    globe, square = make_grid({"nlat": 19, "nlon": 36}), make_grid({"projection": "south-polar"})
    page = choose_view([globe, square], 4)
    seen = polar_view(square, page)
    assert (page.projection, seen["pole"], seen["central_lon"]) == ("equal-earth", -1, 180)
    assert seen["limit"] == pytest.approx(-square.corners[0].max())
    assert polar_view(globe, page) is None
    assert polar_view(make_grid({"box": [0, 40, 20, 70], "step": 1}), page) is None
    assert polar_view(square, choose_view([square], 4)) is None  # the page itself is polar


@pytest.mark.parametrize("shape", [(37, 72), (72, 108), (181, 288)])
@pytest.mark.parametrize("place", [(22.5, 12.5), (-41.3, 301.7)])
def test_a_density_is_as_high_on_coarse_grids(shape, place):
    """Twelve events at one place, spread over σ = 400 km: 12 / (2π σ²) events per km² there.

    Shared out among cells of 5° they are spread more: the peak was 6.0 instead of 11.9.
    """
    view = choose_view([make_grid({"nlat": shape[0], "nlon": shape[1]})], 20)
    lat, lon = (np.full(12, one) for one in place)
    peak = density(lat, lon, view.density_grid).max()
    assert peak == pytest.approx(12 / (2 * np.pi * 0.4**2), rel=0.1)
