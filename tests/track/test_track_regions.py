"""Regions choose events; the events themselves stay whole."""

import netCDF4
import numpy as np
import pytest
import shapefile

from stormtrace.errors import BadInput
from stormtrace.track.events import event_table, object_table
from stormtrace.track.regions import events_in_region, region_cells
from track_files import disc, global_grid, tracked

GRID = global_grid(91, 180)


def test_boxes_over_the_date_line_and_over_greenwich():
    for grid in (GRID, global_grid(91, 180, -180.0)):
        for west, east in ((170.0, -170.0), (170.0, 190.0), (-190.0, -170.0)):
            cells = region_cells(grid, {"box": [west, east, 10, 20]})
            lon = np.sort(grid.lon[cells.any(axis=0)] % 360)
            assert lon.tolist() == list(range(170, 192, 2))
            assert grid.lat[cells.any(axis=1)].tolist() == [10, 12, 14, 16, 18, 20]
        lon = grid.lon[region_cells(grid, {"box": [-4, 4, 0, 2]}).any(axis=0)] % 360
        assert sorted(lon) == [0, 2, 4, 356, 358]
        assert region_cells(grid, {"box": [0, 360, -90, 90]}).all()


def test_named_regions_are_the_published_boxes():
    cells = region_cells(GRID, {"name": "western North America"})
    assert (GRID.lon[cells.any(axis=0)].min(), GRID.lon[cells.any(axis=0)].max()) == (180, 254)
    assert (GRID.lat[cells.any(axis=1)].min(), GRID.lat[cells.any(axis=1)].max()) == (26, 64)


@pytest.mark.parametrize("first_lon", [0.0, -180.0])
def test_a_shapefile_in_either_longitudes(tmp_path, first_lon):
    """A triangle (211, 11) (231, 11) (211, 31), written once as −149 … and once as 211 …"""
    grid = global_grid(91, 180, first_lon)
    lon, lat = np.meshgrid(grid.lon % 360, grid.lat)
    expected = (lon > 211) & (lat > 11) & (lon - 211 + lat - 11 < 20)
    for turn in (0, 360):
        corners = [(-149 + turn, 11), (-149 + turn, 31), (-129 + turn, 11), (-149 + turn, 11)]
        with shapefile.Writer(str(tmp_path / f"t{turn}")) as writer:
            writer.field("name")
            writer.poly([corners])
            writer.record("triangle")
        cells = region_cells(grid, {"shapefile": str(tmp_path / f"t{turn}.shp")})
        assert np.array_equal(cells, expected)


def test_a_mask_file(tmp_path):
    path = tmp_path / "coast.nc"
    chosen = disc(GRID, 40.0, 230.0, 1000.0)
    with netCDF4.Dataset(path, "w") as file:
        for name, values in (("lat", GRID.lat), ("lon", GRID.lon)):
            file.createDimension(name, values.size)
            file.createVariable(name, "f8", (name,))[:] = values
        file.createVariable("coast", "f4", ("lat", "lon"), fill_value=-999.0)[:] = (
            np.ma.masked_equal(chosen, 0)
        )
    assert np.array_equal(region_cells(GRID, {"mask": str(path)}), chosen > 0)
    with pytest.raises(BadInput, match=r"of the masks' shape \(46, 90\)"):
        region_cells(global_grid(46, 90), {"mask": str(path)})
    with pytest.raises(BadInput, match="on another grid"):
        region_cells(global_grid(91, 180, -180.0), {"mask": str(path)})


@pytest.mark.parametrize(
    ("region", "message"),
    [
        ({}, "exactly one"),
        ({"box": [0, 1, 2, 3], "name": "CONUS"}, "exactly one"),
        ({"name": "Atlantis"}, "unknown name"),
        ({"box": [0, 10, 20, 10]}, "west, east, south, north"),
        ({"box": [0.5, 1.5, 0.5, 1.5]}, "no cell"),
        ({"shapefile": "nowhere.shp"}, "no shapefile"),
        ({"mask": "nowhere.nc"}, "no mask"),
    ],
)
def test_regions_that_cannot_be_meant(region, message):
    with pytest.raises(BadInput, match=message):
        region_cells(GRID, region)


def test_events_that_touch_start_and_end_in_a_region(tmp_path):
    """Four storms over 10 steps of 2° eastwards, and the box 0–20N 100–110E."""
    starts = {"in": 104.0, "out": 84.0, "through": 95.0, "past": 130.0}
    lats = {"in": 4.0, "out": 16.0, "through": -16.0, "past": -4.0}
    masks = np.zeros((10, *GRID.shape), np.int8)
    for name, lon in starts.items():
        for step in range(10):
            masks[step] |= disc(GRID, lats[name], lon + 2 * step, 350.0)
    record, assignment = tracked(tmp_path, masks, {}, cuts=[5])
    events = event_table(record, assignment, object_table(record, assignment))
    names = {
        event: min(lats, key=lambda name: abs(lats[name] - lat))
        for event, lat in zip(events["event"].tolist(), events["genesis_lat"], strict=True)
    }

    def chosen(select):
        region = {"box": [100, 110, -20, 20], "select": select}
        found = events_in_region(record, assignment.event, events, region)
        return {names[event] for event in found.tolist()}

    assert chosen("touch") == {"in", "out", "through"}
    assert chosen("start") == {"in"}
    assert chosen("end") == {"out"}
    with pytest.raises(BadInput, match="touch, start or end"):
        chosen("pass")
