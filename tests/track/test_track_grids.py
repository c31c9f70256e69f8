"""Objects and events on grids of every kind: polar, curvilinear, regional."""

import numpy as np
import pytest

from stormtrace.constants import EARTH_RADIUS_KM
from stormtrace.errors import BadInput
from stormtrace.formats.axes import write_grid
from stormtrace.formats.objects import ObjectsWriter, read_objects
from stormtrace.grids import Grid, make_grid
from stormtrace.track.events import event_table, object_table
from stormtrace.track.extents import cell_extents
from stormtrace.track.intensity import measure_fields
from stormtrace.track.labelling import Labeller
from stormtrace.track.object_finding import ObjectTables
from stormtrace.track.regions import events_in_region, region_cells
from stormtrace.track.shared_cells import overlaps_of
from track_files import disc, global_grid, painted, random_masks, tracked, write_masks

POLAR = make_grid({"projection": "north-polar", "cells": 201})  # a cell of 66 km on the pole
EVEN = make_grid({"projection": "south-polar", "cells": 160})  # four cells meet at the pole
REGION = make_grid({"box": [200, 260, 20, 60], "step": 1.0})
CURVED = Grid(*REGION.points)  # the same cells, known by their centres only


def columns_of(mask, grid, labeller=None):
    return ObjectTables(grid).objects([(labeller or Labeller(grid)).step(mask)])


def over_the_pole(first, step, steps, lon=30.0):
    """Return places on the meridian `lon`, from latitude `first` northwards and down beyond."""
    lat = first + step * np.arange(steps)
    return [(one, lon) if one <= 90 else (180.0 - one, lon + 180.0) for one in lat]


def test_a_disc_over_the_pole_is_the_same_event_on_a_polar_and_on_a_lat_lon_grid(tmp_path):
    """14 steps of 1.5° along a great circle through the pole: 13 · 1.5° · R in 39 hours.

    A disc of 800 km has the area 2πR²(1 − cos r); its edge is ragged by 40 to 70 km.
    """
    length = 13 * np.radians(1.5) * EARTH_RADIUS_KM
    cap = 2 * np.pi * EARTH_RADIUS_KM**2 * (1 - np.cos(800.0 / EARTH_RADIUS_KM))
    for grid in (POLAR, global_grid(361, 720)):
        masks = np.stack([disc(grid, *place, 800.0) for place in over_the_pole(80.0, 1.5, 14)])
        record, assignment = tracked(tmp_path, masks, {}, cuts=[5], grid=grid)
        events = event_table(record, assignment, object_table(record, assignment))
        assert events["event"].size == 1
        assert events["track_km"] == pytest.approx([length], rel=0.01)
        assert events["mean_area_km2"] == pytest.approx([cap], rel=0.01)
        assert events["max_area_km2"] == pytest.approx([cap], rel=0.02)
        assert events["genesis_lat"] == pytest.approx([80.0], abs=0.1)
        assert events["termination_lat"] == pytest.approx([80.5], abs=0.1)
        assert events["genesis_lon"] == pytest.approx([30.0], abs=0.5)
        assert events["termination_lon"] == pytest.approx([210.0], abs=0.5)
        assert events["mean_length_km"] == pytest.approx([1600.0], rel=0.02)
        assert events["mean_width_km"] == pytest.approx([1600.0], rel=0.02)


def test_cells_known_by_centres_alone_give_the_objects_of_the_axes():
    """One region twice: 1° cells by axes, and as (ny, nx) coordinates, another way to the areas.

    Edges along parallels are great circles here, and the outermost corners are extrapolated: both
    change a cell's area by less than 3 in 10,000.
    """
    axes, curved = Labeller(REGION), Labeller(CURVED)
    one, other = ObjectTables(REGION), ObjectTables(CURVED)
    for mask in random_masks(3, (8, *REGION.shape), 0.3):
        expected = one.block([axes.step(mask)], {})
        found = other.block([curved.step(mask)], {})
        for name in ("row", "start", "length"):
            assert np.array_equal(found["runs"][name], expected["runs"][name])
        for name in ("earlier", "later", "pixels", "first_cell"):
            assert np.array_equal(found["links"][name], expected["links"][name])
        assert found["links"]["area_km2"] == pytest.approx(expected["links"]["area_km2"], rel=3e-4)
        objects, truth = found["objects"], expected["objects"]
        for name in ("class", "pixels", "first_row", "last_row", "first_column", "last_column"):
            assert np.array_equal(objects[name], truth[name])
        assert objects["area_km2"] == pytest.approx(truth["area_km2"], rel=3e-4)
        for name, near in (("lat", 1e-3), ("lon", 1e-3), ("length_km", 1), ("width_km", 1)):
            assert objects[name] == pytest.approx(truth[name], abs=near), name
        for name in ("south", "north", "west", "east"):
            assert objects[name] == pytest.approx(truth[name], abs=0.01), name


@pytest.mark.parametrize("grid", [REGION, CURVED, POLAR])
def test_nothing_wraps_where_ends_do_not_meet(grid):
    """Cells in the first and the last column, and in the first and the last row, stay apart."""
    mask = np.zeros(grid.shape, np.int8)
    mask[10, [0, -1]] = 1
    mask[[0, -1], 20] = 2
    columns = columns_of(mask, grid, Labeller(grid, pole_wrap=True))
    assert columns["pixels"].tolist() == [1, 1, 1, 1]
    width = columns["east"] - columns["west"]
    assert width.max() < 3.0


def test_a_regional_event_keeps_its_place_at_the_western_edge(tmp_path):
    mask = np.zeros(REGION.shape, np.int8)
    mask[10:16, 0] = 1
    columns = columns_of(mask, REGION)
    assert columns["lon"] == pytest.approx([200.5])
    assert (columns["west"][0], columns["east"][0]) == (200.0, 201.0)


@pytest.mark.parametrize("grid", [POLAR, EVEN])
def test_boxes_in_degrees_hold_the_pole_the_date_line_and_nothing_else(grid):
    """Against the corners of the cells: their extremes, and the widest gap between longitudes."""
    side = 1 if grid is POLAR else -1
    places = [
        (90 * side, 0),
        (88 * side, 90),
        (70 * side, 179.5),
        (60 * side, 0.0),
        (50 * side, 77),
    ]
    for place in places:
        mask = disc(grid, *place, 500.0)
        columns = columns_of(mask, grid)
        assert columns["pixels"].size == 1
        inside = mask > 0
        lat, lon = (cells_corners(part, inside) for part in grid.corners)
        if abs(place[0]) > 85:
            pole = columns["north" if side > 0 else "south"]
            assert pole == pytest.approx([90.0 * side])
            assert columns["east"] - columns["west"] == pytest.approx([360.0])
            other = lat.min() if side > 0 else lat.max()
            assert columns["south" if side > 0 else "north"] == pytest.approx([other])
            continue
        assert (columns["south"][0], columns["north"][0]) == pytest.approx((lat.min(), lat.max()))
        away = (lon - place[1] + 180.0) % 360.0 - 180.0
        assert (columns["west"] - place[1] + 180.0) % 360.0 - 180.0 == pytest.approx([away.min()])
        assert columns["east"] - columns["west"] == pytest.approx([np.ptp(away)])
        assert 0 <= columns["west"][0] < 360


def cells_corners(corners, inside):
    ny, nx = inside.shape
    return np.concatenate([corners[j : j + ny, i : i + nx][inside] for j in (0, 1) for i in (0, 1)])


def test_a_ring_round_the_pole_goes_all_the_way_but_not_to_the_pole():
    mask = disc(POLAR, 90.0, 0.0, 2000.0) - disc(POLAR, 90.0, 0.0, 1500.0)
    columns = columns_of(mask, POLAR)
    assert columns["lat"] == pytest.approx([90.0])
    assert columns["east"] - columns["west"] == pytest.approx([360.0])
    assert columns["north"][0] == pytest.approx(90.0 - np.degrees(1500.0 / 6371.0), abs=0.5)


def test_only_the_cell_round_the_pole_is_all_the_way_round():
    for grid, widest in ((POLAR, [360.0]), (EVEN, [90.0] * 4)):
        south, north, _, width = cell_extents(grid)
        order = np.sort(width.ravel())[::-1]
        assert order[: len(widest)] == pytest.approx(widest)
        assert order[len(widest)] < 120.0
        assert max(north.max(), -south.min()) == pytest.approx(90.0)


def test_shared_cells_of_any_two_objects_on_a_polar_grid(tmp_path):
    """Overlaps from runs, of the pairs whose boxes meet, against a count cell by cell."""
    grid = make_grid({"projection": "north-polar", "cells": 40})
    masks = random_masks(2, (6, *grid.shape), 0.3)
    record, _ = tracked(tmp_path, masks, {"minimum_hours": 0}, grid=grid)
    assert record.grid.same_as(grid)
    number = painted(record, np.arange(1, record.count + 1))
    first, second = number[0], number[3]
    pairs = np.unique(np.stack([first, second])[:, (first > 0) & (second > 0)], axis=1) - 1
    a, b = (
        part.ravel() for part in np.meshgrid(*(np.unique(x[x > 0]) - 1 for x in (first, second)))
    )
    links = overlaps_of(record, a, b)
    assert set(zip(links.earlier, links.later, strict=True)) == set(zip(*pairs, strict=True))
    for one, other, pixels, area in zip(
        links.earlier, links.later, links.pixels, links.area, strict=True
    ):
        both = (first == one + 1) & (second == other + 1)
        assert pixels == both.sum()
        assert area == pytest.approx(grid.area[both].sum(), rel=1e-9)


def test_fields_in_objects_are_weighted_by_the_area_of_their_cells():
    mask = disc(POLAR, 60.0, 20.0, 700.0)
    field = np.random.default_rng(0).normal(size=POLAR.shape).astype("f4")
    step = Labeller(POLAR).step(mask)
    found = measure_fields([step], iter([{"TMQ": field}]), POLAR.area)
    inside = mask > 0
    mean = np.average(field[inside].astype(float), weights=POLAR.area[inside])
    assert found["TMQ_mean"] == pytest.approx([mean], rel=1e-9)
    assert found["TMQ_max"].tolist() == [field[inside].max()]


def test_regions_on_a_polar_grid(tmp_path):
    """A storm that starts at 70N 0E and ends at 70N 60E; boxes at both ends and one off."""
    import netCDF4

    lons = np.linspace(0.0, 60.0, 12)
    masks = np.stack([disc(POLAR, 70.0, lon, 500.0) for lon in lons])
    record, assignment = tracked(tmp_path, masks, {}, grid=POLAR)
    events = event_table(record, assignment, object_table(record, assignment))
    assert events["event"].size == 1
    boxes = {"first": [-5, 5, 65, 75], "last": [55, 65, 65, 75], "off": [170, 190, 65, 75]}
    found = {
        (name, select): events_in_region(
            record, assignment.event, events, {"box": box, "select": select}
        ).size
        for name, box in boxes.items()
        for select in ("start", "end", "touch")
    }
    chosen = {("first", "start"), ("first", "touch"), ("last", "end"), ("last", "touch")}
    assert {key for key, count in found.items() if count} == chosen
    with netCDF4.Dataset(tmp_path / "region.nc", "w") as nc:
        write_grid(nc, POLAR)
        nc.createVariable("region", "i1", POLAR.dims)[:] = masks[0]
    mask = region_cells(POLAR, {"mask": str(tmp_path / "region.nc")})
    assert np.array_equal(mask, masks[0] > 0)
    other = make_grid({"projection": "south-polar", "cells": 201})
    with pytest.raises(BadInput, match=r"on another grid \(201 × 201.*regrid it"):
        region_cells(other, {"mask": str(tmp_path / "region.nc")})


@pytest.mark.parametrize("grid", [POLAR, CURVED, REGION, make_grid({"gaussian": 16})])
def test_an_objects_file_has_the_grid_of_its_masks(tmp_path, grid):
    from stormtrace.formats.masks import open_masks

    masks = open_masks(write_masks(tmp_path / "m.nc", np.zeros((1, *grid.shape)), grid=grid))
    with ObjectsWriter(tmp_path / "o.nc", masks, {}):
        pass
    found = read_objects(tmp_path / "o.nc").grid
    assert found.same_as(grid)
    assert found.wraps == grid.wraps
    assert np.allclose(found.area, grid.area, rtol=1e-9)
