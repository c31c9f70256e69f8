"""Files of tracking: CF-clean, readable elsewhere, complete also where there is nothing in them."""

import gc
import shutil
import subprocess

import netCDF4
import numpy as np
import pyarrow.parquet
import pytest

from cf_compliance import cf_findings
from script_runs import run_forked
from stormtrace.classes import Classes
from stormtrace.errors import BadInput
from stormtrace.formats.axes import write_grid
from stormtrace.formats.event_maps import event_map_file
from stormtrace.formats.masks import open_masks
from stormtrace.formats.objects import COLUMNS, ObjectsWriter, read_objects
from stormtrace.formats.tables import read_in_parts, read_table, write_tables
from stormtrace.formats.tracks import write_geojson, write_trajectories
from stormtrace.grids import make_grid
from stormtrace.provenance import provenance
from stormtrace.track.events import event_table, object_table, sightings
from stormtrace.track.intensity import measure_fields
from stormtrace.track.labelling import Labeller
from stormtrace.track.object_finding import ObjectTables
from track_files import random_masks, tracked, write_masks

GRIDS = {
    "global": make_grid({"nlat": 24, "nlon": 40}),
    "gaussian": make_grid({"gaussian": 12, "nlon": 40}),
    "polar": make_grid({"projection": "north-polar", "cells": 30}),
    "regional": make_grid({"box": [180, 240, 20, 60], "step": 2.0}),
}
ALL = {"minimum_area_km2": 0, "minimum_hours": 0}
TWO = Classes.of_flags([1, 2], "tropical_cyclone atmospheric_river")


def write_all(folder, masks, grid=None, fields=()):
    """Track `masks` and write every file that tracking has; return their paths."""
    write_masks(folder / "mask.nc", masks, grid=grid)
    file = open_masks(folder / "mask.nc")
    labeller, tables = Labeller(file.grid), ObjectTables(file.grid)
    with ObjectsWriter(
        folder / "with-fields.nc", file, {"year": 2000} | provenance(), fields
    ) as objects:
        for mask in np.asarray(masks, np.int8):
            step = labeller.step(mask)
            sample = {name: np.ones(file.grid.shape, "f4") for name in fields}
            objects.append(
                tables.block([step], measure_fields([step], iter([sample]), file.grid.area))
            )
    record, assignment = tracked(folder, masks, ALL, grid=grid)
    objects = object_table(record, assignment)
    events, seen = event_table(record, assignment, objects), sightings(objects, record.grid)
    time = {"units": record.time_units, "calendar": record.calendar}
    write_tables(folder, "events", events, record.classes, {})
    write_tables(folder, "objects", objects, record.classes, {})
    write_geojson(folder / "tracks.geojson", events, seen, record.classes)
    write_trajectories(folder / "trajectories.nc", events, seen, record.classes, time, provenance())
    about = {"long_name": "identifier of the event"}
    attributes = {"title": "Events"} | provenance()
    with event_map_file(folder / "painted.nc", file, "event", "i4", about, attributes) as variable:
        for step in range(len(masks)):
            variable[step] = masks[step]
    return {name: folder / f"{name}.nc" for name in ("with-fields", "trajectories", "painted")}


@pytest.mark.parametrize("name", GRIDS)
def test_the_checker_of_cf_finds_nothing(tmp_path, name):
    grid = GRIDS[name]
    files = write_all(tmp_path, random_masks(3, (6, *grid.shape)), grid, ["TMQ"])
    for path in files.values():
        assert cf_findings(path) == [], path.name
    for group in COLUMNS:  # the checker does not go into groups
        assert cf_findings(alone(files["with-fields"], group)) == [], group


def test_a_wind_is_measured_from_its_components_and_units_are_stated(tmp_path):
    """Wind (3, 4) in one cell of the object and (0, 1) in the others: at most 5 m/s."""
    grid = GRIDS["global"]
    masks = np.zeros((1, *grid.shape), np.int8)
    masks[0, 12, 5:8] = 1
    write_masks(tmp_path / "mask.nc", masks, grid=grid)
    east, north = np.zeros(grid.shape, "f4"), np.ones(grid.shape, "f4")
    east[12, 6], north[12, 6] = 3, 4
    east[0], north[0] = 30, 40  # outside
    fields = {"U850": (east, "m s-1"), "V850": (north, "m s-1"), "PSL": (1e5 + east, "Pa")}
    (tmp_path / "samples").mkdir()
    sample_with(tmp_path / "samples/cesm.2000-01-01-00000.nc", grid, fields)
    command = ["--mask", tmp_path / "mask.nc", "--samples", tmp_path / "samples", "--output"]
    command += [tmp_path / "objects.nc", "--fields", "PSL", "WIND850"]
    run_forked("find_objects", *command)
    found = read_objects(tmp_path / "objects.nc")
    assert found.objects["WIND850_max"].tolist() == [5.0]
    assert found.objects["PSL_min"].tolist() == [1e5]
    assert {found.field_units[f"PSL_{kind}"] for kind in ("max", "mean", "min")} == {"Pa"}
    assert found.field_units["WIND850_max"] == "m s-1"
    table = {"event": np.array([1]), "class": np.array([1]), "lat": np.array([0.0])}
    table["WIND850_max"] = found.objects["WIND850_max"]
    write_tables(tmp_path, "objects", table, found.classes, {}, found.field_units)
    schema = pyarrow.parquet.read_schema(tmp_path / "objects.parquet")
    units = {one.name: (one.metadata or {}).get(b"units") for one in schema}
    assert units == {"event": None, "class": None, "lat": b"degrees_north", "WIND850_max": b"m s-1"}


def sample_with(path, grid, fields):
    """Write a sample of 2000-01-01 00:00; fields: name -> values, units."""
    with netCDF4.Dataset(path, "w") as nc:
        write_grid(nc, grid)
        nc.createDimension("time", 1)
        time = nc.createVariable("time", "f8", ("time",))
        time.setncatts({"units": "days since 2000-01-01", "calendar": "noleap"})
        time[:], nc.step_hours = 0.0, 3.0
        for name, (values, units) in fields.items():
            variable = nc.createVariable(name, "f4", ("time", *grid.dims))
            variable.units, variable[0] = units, values


def alone(path, group):
    """Return a copy of a group as a file of its own."""
    copy = path.with_name(f"{group}.nc")
    with netCDF4.Dataset(path) as nc, netCDF4.Dataset(copy, "w") as other:
        other.setncatts({name: nc.getncattr(name) for name in nc.ncattrs()})
        other.createDimension(group, nc[group].dimensions[group].size)
        for name, variable in nc[group].variables.items():
            target = other.createVariable(name, variable.dtype, (group,), fill_value=False)
            target.setncatts({key: variable.getncattr(key) for key in variable.ncattrs()})
            target[:] = variable[:]
    return copy


@pytest.mark.skipif(not shutil.which("cdo"), reason="CDO is not installed")
@pytest.mark.parametrize("name", GRIDS)
def test_cdo_reads_painted_events(tmp_path, name):
    grid = GRIDS[name]
    masks = random_masks(3, (6, *grid.shape))
    files = write_all(tmp_path, masks, grid)
    command = ["cdo", "-s", "outputf,%.10g", "-fldsum", "-timsum", str(files["painted"])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert float(done.stdout.split()[-1]) == masks.sum()
    about = subprocess.run(
        ["cdo", "-s", "griddes", str(files["painted"])], capture_output=True, text=True, check=True
    ).stdout
    kind = {"polar": "projection", "gaussian": "gaussian"}.get(name, "lonlat")
    assert kind in about


def test_zero_is_a_value_and_not_a_missing_one(tmp_path):
    files = write_all(tmp_path, random_masks(3, (6, 24, 40)))
    for path in files.values():
        with netCDF4.Dataset(path) as nc:
            for group in (nc, *nc.groups.values()):
                for variable in group.variables.values():
                    assert "_FillValue" not in variable.ncattrs(), (path, variable.name)
    with netCDF4.Dataset(files["painted"]) as nc:
        assert not np.ma.is_masked(nc["event"][:])


def test_columns_are_those_that_are_described(tmp_path):
    files = write_all(tmp_path, random_masks(3, (6, 24, 40)), fields=["TMQ", "PSL"])
    objects = read_objects(files["with-fields"]).objects
    measured = [f"{name}_{kind}" for name in ("TMQ", "PSL") for kind in ("max", "mean", "min")]
    assert list(objects) == [*COLUMNS["objects"], *measured]
    sizes = {column.size for column in objects.values()}
    assert len(sizes) == 1


@pytest.mark.parametrize(
    "masks",
    [np.zeros((0, 24, 40)), np.zeros((3, 24, 40)), np.ones((1, 24, 40)), np.ones((3, 24, 40))],
    ids=["no step", "no object", "one map", "one class"],
)
def test_tables_have_all_columns_and_types_whatever_is_in_them(tmp_path, masks):
    (tmp_path / "full").mkdir()
    (tmp_path / "bare").mkdir()
    write_all(tmp_path / "full", random_masks(3, (6, 24, 40)), fields=["TMQ"])
    files = write_all(tmp_path / "bare", masks, fields=["TMQ"])
    for name in ("events", "objects"):
        expected, found = (
            pyarrow.parquet.read_schema(tmp_path / folder / f"{name}.parquet")
            for folder in ("full", "bare")
        )
        assert found.equals(expected)
        headers = [
            (tmp_path / folder / f"{name}.csv").read_text().splitlines()[0]
            for folder in ("full", "bare")
        ]
        assert headers[0] == headers[1]
    events = read_table(tmp_path / "bare/events.parquet")
    if len(masks) == 1:
        assert events["lifetime_h"].tolist() == [0.0]
        assert events["track_km"].tolist() == [0.0]
        assert np.isnan(events["speed_km_h"]).all()
    columns = read_objects(files["with-fields"]).objects
    assert "TMQ_mean" in columns
    for path in files.values():
        assert cf_findings(path) == [], path.name


def test_columns_that_are_not_there_are_asked_for(tmp_path):
    write_all(tmp_path, random_masks(3, (6, 24, 40)))
    table = read_table(tmp_path / "objects.parquet", ["event", "class"], year=2000)
    assert list(table) == ["event", "class"] and table["event"].size
    assert read_table(tmp_path / "objects.parquet", ["event"], year=1999)["event"].size == 0
    with pytest.raises(BadInput, match=r"lacks the columns \['depth'\]"):
        read_table(tmp_path / "events.parquet", ["event", "depth"])
    with pytest.raises(BadInput, match="link the events first"):
        read_table(tmp_path / "nothing.parquet")


def test_objects_of_an_older_version_are_named(tmp_path):
    with netCDF4.Dataset(tmp_path / "o.nc", "w") as nc:
        nc.format = "stormtrace objects 1"
    with pytest.raises(BadInput, match=r"expected .*objects 2', found 'stormtrace objects 1'"):
        read_objects(tmp_path / "o.nc")


def test_reading_a_year_leaves_nothing_to_be_collected(tmp_path):
    """A footer that waits for the collector is 20 MB for each of a thousand years."""
    table = {"year": np.repeat(np.arange(2000, 2040), 3), "class": np.ones(120, np.int8)}
    write_tables(tmp_path, "objects", table, TWO, {})
    path = tmp_path / "objects.parquet"
    assert read_table(path, ["class"], year=2039)["class"].size == 3
    gc.collect()
    gc.disable()
    try:
        read_table(path, ["class"], year=2001)
        list(read_in_parts(path, ["class"]))
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_a_table_in_parts_is_the_table(tmp_path, monkeypatch):
    """Also of no rows, where its types are told; and what is written anew is read anew."""
    path = tmp_path / "events.parquet"
    for rows in (0, 9):
        table = {"class": np.ones(rows, np.int8), "start": np.array(["x"] * rows, object)}
        write_tables(tmp_path, "events", table, TWO, {})
        monkeypatch.setattr("stormtrace.formats.tables.ROWS_AT_ONCE", 4)
        parts = list(read_in_parts(path, ["start", "class"]))
        assert [part["class"].size for part in parts] == [0, *([4, 4, 1] if rows else [])]
        for name, values in table.items():
            made = np.concatenate([part[name] for part in parts])
            assert made.dtype == values.dtype and made.tolist() == values.tolist()
