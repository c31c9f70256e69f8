"""Objects of one step: against scipy's labels, and shapes whose measures are known."""

import numpy as np
import pytest
from scipy import ndimage

from stormtrace.constants import EARTH_RADIUS_KM
from stormtrace.errors import BadInput
from stormtrace.formats.masks import open_masks
from stormtrace.grids import Grid
from stormtrace.track.labelling import Labeller
from stormtrace.track.object_finding import ObjectTables, find_objects
from track_files import disc, global_grid, random_masks

SHAPES = [(10, 16), (7, 13), (2, 9), (9, 2), (24, 40)]


def labels_of(step, shape):
    """Return the array of object numbers, 1 …, from a step's runs."""
    array = np.zeros(shape, int)
    number = np.repeat(np.arange(step.measures.runs.size), step.measures.runs) + 1
    for k, row, start, stop in zip(number, step.row, step.start, step.stop, strict=True):
        assert (array[row, start:stop] == 0).all()
        array[row, start:stop] = k
    return array


def scipy_labels(mask, connectivity, seam, pole_wrap):
    """Label a map by tiling it, so that what wraps is connected; number in raster order."""
    structure = ndimage.generate_binary_structure(2, 2 if connectivity == 8 else 1)
    nlat, nlon = mask.shape
    down, right = (3 if pole_wrap else 1), (3 if seam else 1)
    joined = np.zeros(mask.shape, int)
    for code in (1, 2):
        # a label of the tiled map per tile; tiles' labels of one cell mean one object
        tiled, _ = ndimage.label(np.tile(mask == code, (down, right)), structure)
        tiles = tiled.reshape(down, nlat, right, nlon).transpose(0, 2, 1, 3).reshape(-1, nlat, nlon)
        parent = np.arange(tiled.max() + 1)
        changed = True
        while changed:
            least = parent[tiles].min(axis=0)
            lower = parent.copy()
            for tile in tiles:
                np.minimum.at(lower, tile, least)
            lower = lower[lower]
            changed = not np.array_equal(lower, parent)
            parent = lower
        joined = np.where(mask == code, parent[tiles].min(axis=0) + code * 10**6, joined)
    flat = joined[mask > 0]
    _, first, inverse = np.unique(flat, return_index=True, return_inverse=True)
    rank = np.empty(first.size, int)
    rank[np.argsort(first)] = np.arange(1, first.size + 1)
    joined[mask > 0] = rank[inverse]
    return joined


@pytest.mark.parametrize("connectivity", [4, 8])
@pytest.mark.parametrize("pole_wrap", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_objects_are_the_components_that_scipy_finds(shape, connectivity, pole_wrap):
    labeller = Labeller(global_grid(*shape), connectivity, pole_wrap)
    for density in (0.1, 0.5, 0.9):
        for mask in random_masks(int(10 * density), (8, *shape), density):
            found = labels_of(labeller.step(mask), shape)
            expected = scipy_labels(mask, connectivity, True, pole_wrap)
            assert np.array_equal(found, expected)


def test_a_regional_grid_has_no_seam():
    grid = Grid(np.arange(25.0, 35.0), np.arange(180.0, 196.0))
    labeller = Labeller(grid)
    mask = random_masks(3)[0]
    assert np.array_equal(
        labels_of(labeller.step(mask), mask.shape), scipy_labels(mask, 8, False, False)
    )


def test_links_are_the_cells_two_steps_share():
    """Against a table of label pairs counted cell by cell."""
    shape = (24, 40)
    grid = global_grid(*shape)
    labeller = Labeller(grid)
    area = np.broadcast_to(grid.row_area[:, None], shape)
    before = None
    for mask in random_masks(5, (20, *shape), 0.4):
        step = labeller.step(mask)
        labels = labels_of(step, shape)
        if before is not None:
            shared = (mask > 0) & (mask == before[0])
            pairs, inverse, counts = np.unique(
                np.stack([before[1][shared], labels[shared]]), axis=1, return_inverse=True,
                return_counts=True,
            )  # fmt: skip
            first = [np.flatnonzero(shared)[inverse == k][0] for k in range(counts.size)]
            order = np.argsort(first)
            links = step.links
            assert np.array_equal(np.stack([links.earlier, links.later]) + 1, pairs[:, order])
            assert np.array_equal(links.pixels, counts[order])
            assert np.array_equal(links.first_cell, np.sort(first))
            expected = np.bincount(inverse, area[shared])[order]
            assert links.area == pytest.approx(expected, rel=1e-12)
        before = mask, labels


def test_the_first_step_has_no_links():
    step = Labeller(global_grid(10, 16)).step(np.ones((10, 16), np.int8))
    assert step.links.later.size == 0


def columns_of(mask, grid):
    return ObjectTables(grid).objects([Labeller(grid).step(mask)])


@pytest.mark.parametrize(("lat", "lon"), [(0.0, 100.0), (40.0, 0.0), (-65.0, 359.9), (90.0, 0.0)])
def test_a_spherical_cap(lat, lon):
    """A cap of angular radius r has the area 2πR²(1 − cos r) and its own centre as centroid.

    Around the pole a radius of 9.125° ends where rows of cells do, and the area is exact;
    elsewhere the edge is ragged, 230 cells of 4,000, each half in and half out at random.
    """
    grid, radius = global_grid(721, 1440), EARTH_RADIUS_KM * np.radians(9.125)
    columns = columns_of(disc(grid, lat, lon, radius), grid)
    expected = 2 * np.pi * EARTH_RADIUS_KM**2 * (1 - np.cos(radius / EARTH_RADIUS_KM))
    assert columns["area_km2"] == pytest.approx([expected], rel=1e-9 if lat == 90 else 5e-3)
    assert columns["lat"] == pytest.approx([lat], abs=0.02)
    if lat < 90:
        assert (columns["lon"] - lon + 180) % 360 - 180 == pytest.approx([0], abs=0.05)
    # the mean of the unit vectors of a cap along its axis is (1 + cos r) / 2
    half = (1 + np.cos(radius / EARTH_RADIUS_KM)) / 2
    assert columns["resultant"] == pytest.approx([half], abs=1e-4)


def test_a_full_map_is_the_whole_earth():
    grid = global_grid(96, 144)
    columns = columns_of(np.full(grid.shape, 2, np.int8), grid)
    assert columns["area_km2"] == pytest.approx([4 * np.pi * EARTH_RADIUS_KM**2], rel=1e-12)
    assert columns["pixels"].tolist() == [96 * 144]
    assert (columns["lat"][0], columns["lon"][0]) == (0.0, 0.0)
    assert columns["east"] - columns["west"] == pytest.approx([360.0])


def test_a_filament_round_the_globe_is_one_object_centred_on_the_pole():
    """A ring has no centre on itself: its mean vector points to the pole it encircles."""
    grid = global_grid(91, 180)
    mask = np.zeros(grid.shape, np.int8)
    mask[70:73] = 2  # 50N to 54N
    columns = columns_of(mask, grid)
    assert columns["lat"] == pytest.approx([90.0])
    assert columns["lon"].tolist() == [0.0]
    assert columns["resultant"] == pytest.approx([np.sin(np.radians(52.0))], abs=2e-3)
    assert columns["east"] - columns["west"] == pytest.approx([360.0])
    mask[:] = 0
    mask[45] = 2  # the equator: no direction at all
    columns = columns_of(mask, grid)
    assert (columns["lat"][0], columns["lon"][0]) == (0.0, 0.0)


def test_an_object_on_the_last_row():
    grid = global_grid(91, 180)
    mask = np.zeros(grid.shape, np.int8)
    mask[-1, 40:50] = 1
    columns = columns_of(mask, grid)
    # a tenth and a half of the polar cap north of 89N: 10 of its 180 cells
    cap = 2 * np.pi * EARTH_RADIUS_KM**2 * (1 - np.sin(np.radians(89.0)))
    assert columns["area_km2"] == pytest.approx([cap * 10 / 180], rel=1e-9)
    assert (columns["south"][0], columns["north"][0]) == (89.0, 90.0)


@pytest.mark.parametrize("first_lon", [0.0, -180.0])
def test_bounding_boxes_and_centroids_go_on_over_the_seam(first_lon):
    grid = global_grid(91, 180, first_lon)
    mask = np.zeros(grid.shape, np.int8)
    mask[40:43, [178, 179, 0, 1, 2]] = 2  # centres from −4° to +4° of the seam
    columns = columns_of(mask, grid)
    assert columns["west"] == pytest.approx([first_lon + 355.0])
    assert columns["east"] == pytest.approx([first_lon + 365.0])
    assert columns["lon"] == pytest.approx([first_lon])
    assert columns["lon"] >= first_lon  # −1e-16 % 360 is 360
    mask[40, 100] = 0
    mask[40, 90:180] = 2  # now from 90 to 2: the widest empty stretch is 3 … 89
    columns = columns_of(mask, grid)
    assert columns["west"] == pytest.approx([first_lon + 179.0])
    assert columns["east"] == pytest.approx([first_lon + 365.0])


@pytest.mark.parametrize("bad", [-1, 3])
def test_a_class_that_is_none_is_refused(tmp_path, bad):
    from track_files import write_masks

    masks = np.zeros((5, 10, 16), np.int8)
    masks[3, 2, 2] = bad
    file = open_masks(write_masks(tmp_path / "mask.nc", masks))
    with pytest.raises(BadInput, match=rf"step 3 holds \[{bad}\].*Tropical Cyclone"):
        list(find_objects(file, 8, False))
