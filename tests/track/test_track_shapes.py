"""Shapes of objects: against ellipses that are known, and against scikit-image in the plane."""

import numpy as np
import pyproj
import pytest
from skimage.measure import regionprops

from stormtrace.constants import EARTH_RADIUS_KM
from stormtrace.grids import make_grid
from stormtrace.track.labelling import Labeller
from stormtrace.track.object_finding import ObjectTables
from track_files import global_grid

GRIDS = {
    "global": global_grid(361, 720),
    "polar": make_grid({"projection": "north-polar", "cells": 300}),
}
CENTRES = [(0.0, 200.0), (45.0, 359.0), (70.0, 10.0), (84.0, 100.0)]


def plane(lat, lon):
    """Return the equal-area plane round a point: lon, lat in degrees -> km east and north of it."""
    sphere = f"+R={EARTH_RADIUS_KM * 1000}"
    crs = f"+proj=laea +lat_0={lat} +lon_0={lon} {sphere} +units=km"
    return pyproj.Transformer.from_crs(f"+proj=longlat {sphere}", crs, always_xy=True).transform


def ellipse(length, width, orientation):
    """Return the function of x, y in km that is true inside an ellipse."""
    turn = np.radians(orientation)

    def inside(x, y):
        along = x * np.cos(turn) + y * np.sin(turn)
        across = y * np.cos(turn) - x * np.sin(turn)
        return (along / (length / 2)) ** 2 + (across / (width / 2)) ** 2 <= 1

    return inside


def river(x, y):
    """A bent band, 2,400 km long, thinner towards one end: no ellipse."""
    return (np.abs(x) < 1200) & (np.abs(y - 300 * (x / 1200) ** 2) < 150 + 80 * x / 1200)


def on_grid(grid, shape, lat, lon):
    """Return the shapes of the objects that `shape` makes on a grid."""
    x, y = (np.where(np.isfinite(part), part, 1e6) for part in plane(lat, lon)(*grid.points[::-1]))
    mask = shape(x, y).astype(np.int8)
    return ObjectTables(grid).objects([Labeller(grid).step(mask)])


def by_scikit_image(shape, cell=5.0):
    """Return length, width (km) and orientation of a shape drawn on a plane of square cells."""
    x, y = np.meshgrid(np.arange(-2000, 2000, cell), np.arange(-2000, 2000, cell))
    (region,) = regionprops(shape(x, y).astype(int))
    # scikit-image counts angles from the rows' axis (y), towards the columns' axis
    angle = 90.0 - np.degrees(region.orientation)
    return region.axis_major_length * cell, region.axis_minor_length * cell, angle


def turned(one, other):
    """Return the angle between two axes, degrees."""
    return abs((one - other + 90.0) % 180.0 - 90.0)


def east_of_plane(lat, lon, found):
    """Return the angle at which east at an object's centroid lies in the plane round a point."""
    to_plane = plane(lat, lon)
    lats = np.repeat(found["lat"], 2)
    x, y = to_plane(found["lon"] + np.array([-0.01, 0.01]), lats)
    return np.degrees(np.arctan2(np.diff(y), np.diff(x)))[0]


def with_cells(axis, found):
    """Return the axis of a shape drawn with whole cells: their own moments, s²/12, are added."""
    return np.sqrt(axis**2 + 16 * found["area_km2"][0] / found["pixels"][0] / 12)


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize(("lat", "lon"), CENTRES)
def test_shapes_are_those_of_scikit_image_in_the_equal_area_plane(name, lat, lon):
    """Cells of 55 km and less: edges are ragged by a half of one, and thin ends may be missed."""
    if name == "polar" and lat < 45:
        pytest.skip("outside the polar grid")
    grid = GRIDS[name]
    for shape in (ellipse(2000, 700, 30), ellipse(1500, 500, -60), ellipse(2500, 600, 0), river):
        length, width, orientation = by_scikit_image(shape)
        found = on_grid(grid, shape, lat, lon)
        assert found["length_km"].size == 1
        assert found["length_km"][0] == pytest.approx(with_cells(length, found), rel=0.03)
        assert found["width_km"][0] == pytest.approx(with_cells(width, found), rel=0.03)
        east = east_of_plane(lat, lon, found)
        assert turned(found["orientation"][0], orientation - east) < 1.5


def test_an_ellipse_has_its_own_axes():
    grid = global_grid(721, 1440)
    for length, width, orientation in ((3000, 800, 20), (2000, 1000, -45), (1600, 400, 90)):
        found = on_grid(grid, ellipse(length, width, orientation), 30.0, 180.0)
        assert found["length_km"][0] == pytest.approx(with_cells(length, found), rel=0.01)
        assert found["width_km"][0] == pytest.approx(with_cells(width, found), rel=0.02)
        assert turned(found["orientation"][0], orientation) < 0.5


@pytest.mark.parametrize("half", [20.0, 35.0, 50.0])
def test_long_rivers_are_not_shortened_by_the_sphere(half):
    """A thin ellipse along the equator, up to 11,000 km long: width ∝ √(1 − (λ/half)²)."""
    grid = global_grid(1441, 2880)
    lon = (grid.lon - 180.0)[None, :]
    lat = grid.lat[:, None]
    mask = ((lon / half) ** 2 + (lat / 3.0) ** 2 <= 1).astype(np.int8)
    found = ObjectTables(grid).objects([Labeller(grid).step(mask)])
    length = 2 * np.radians(half) * EARTH_RADIUS_KM
    assert found["length_km"][0] == pytest.approx(length, rel=0.01)
    assert turned(found["orientation"][0], 0.0) < 1e-6


def test_a_single_cell_is_as_long_and_as_wide_as_its_square():
    """A square of side s has the moments s²/12 each, and the axes 4 s / √12."""
    grid = global_grid(181, 360)
    mask = np.zeros(grid.shape, np.int8)
    mask[90, 10] = 1
    found = ObjectTables(grid).objects([Labeller(grid).step(mask)])
    side = np.sqrt(grid.row_area[90])
    assert found["length_km"] == pytest.approx([4 * side / np.sqrt(12)], rel=1e-3)
    assert found["width_km"] == pytest.approx(found["length_km"], rel=1e-3)


def test_a_ring_and_a_full_map_have_finite_shapes():
    grid = global_grid(91, 180)
    for mask in (np.ones(grid.shape), (np.abs(grid.lat) < 3)[:, None] * np.ones(grid.shape)):
        found = ObjectTables(grid).objects([Labeller(grid).step(mask.astype(np.int8))])
        for name in ("length_km", "width_km", "orientation"):
            assert np.isfinite(found[name]).all()
