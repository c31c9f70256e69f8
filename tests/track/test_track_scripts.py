"""The four scripts, run as the workflow runs them: flags, files, errors."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import netCDF4
import numpy as np
import pyarrow.parquet
import pytest

from cf_compliance import cf_findings
from script_runs import run_forked
from stormtrace.climate.event_counting import TrackedEvents
from stormtrace.formats.axes import write_grid
from stormtrace.formats.tables import doubts_of_table
from track_files import global_grid, random_masks, write_masks

SCRIPTS = Path(__file__).parents[2] / "scripts"
MASKS = random_masks(6, (40, 12, 20))
GRID = global_grid(12, 20)
TRACKING = json.dumps({"minimum_area_km2": 0, "minimum_hours": 6})


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A year of masks and samples, tracked by the scripts."""
    folder = tmp_path_factory.mktemp("results")
    mask = write_masks(folder / "2000.nc", MASKS)
    (folder / "samples").mkdir()
    random = np.random.default_rng(0)
    fields = {name: random.normal(50, 10, MASKS.shape).astype("f4") for name in ("TMQ", "PSL")}
    fields["TMQ"][:, :3] = np.nan
    for step in range(len(MASKS)):
        day, seconds = divmod(step * 10800, 86400)
        name = f"cesm.2000-01-{day + 1:02d}-{seconds:05d}.nc"
        with netCDF4.Dataset(folder / "samples" / name, "w") as file:
            file.createDimension("time", 1)
            write_grid(file, GRID)
            for field, values in fields.items():
                file.createVariable(field, "f4", ("time", "lat", "lon"))[0] = values[step]
    objects, samples = folder / "events/objects/2000.nc", folder / "samples"
    run_forked(
        "find_objects.py", "--mask", mask, "--output", objects,
        "--samples", samples, "--fields", "TMQ", "PSL", "--tracking", TRACKING,
    )  # fmt: skip
    run_forked(
        "link_events.py", "--objects", objects, "--tracking", TRACKING,
        "--experiment", "control", "--output", folder / "events",
    )  # fmt: skip
    return folder, fields


def test_a_full_disk_leaves_no_part_of_the_events(results, tmp_path):
    """A limit of a file's size stands for the disk's; objects.parquet, the first, is below it."""
    folder = results[0] / "events"
    sizes = {path.name: path.stat().st_size for path in folder.glob("*.*")}
    limit = max(sizes.values()) - 1
    assert sizes["objects.parquet"] < limit and len(sizes) == 8
    command = [
        sys.executable, SCRIPTS / "link_events.py", "--objects", folder / "objects/2000.nc",
        "--tracking", TRACKING, "--experiment", "control", "--output", tmp_path / "events",
    ]  # fmt: skip
    limits = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))  # noqa: E731
    done = subprocess.run(
        command, preexec_fn=limits, capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 1 and "File too large" in done.stderr, done.stderr
    assert list((tmp_path / "events").iterdir()) == []


def painted_events(folder):
    output = folder / "painted.nc"
    run_forked(
        "paint_events.py", "--mask", folder / "2000.nc", "--objects",
        folder / "events/objects/2000.nc", "--events", folder / "events", "--output", output,
    )  # fmt: skip
    assert cf_findings(output) == []
    with netCDF4.Dataset(output) as file:
        file.set_auto_mask(False)
        assert file["event"].dtype == np.int32
        assert file["time"].calendar == "noleap"
        return file["event"][:]


def test_all_files_are_there_and_say_where_they_come_from(results):
    folder, _ = results
    names = {path.name for path in (folder / "events").iterdir()}
    tables = {f"{name}.{kind}" for name in ("events", "objects") for kind in ("parquet", "csv")}
    tracks = {"tracks.geojson", "trajectories.nc", "tracks.csv", "nodes.txt"}
    assert names == tables | tracks | {"objects"}
    metadata = pyarrow.parquet.read_schema(folder / "events/events.parquet").metadata
    assert b"link_events.py" in metadata[b"history"]
    assert "2000.nc" in json.loads(metadata[b"inputs"]).popitem()[0]
    for name in ("objects/2000.nc", "trajectories.nc"):
        assert cf_findings(folder / "events" / name) == []
    with netCDF4.Dataset(folder / "events/objects/2000.nc") as file:
        assert file.experiment == "control"
        assert json.loads(file.labelling) == {"connectivity": 8, "pole_wrap": False}


def test_intensities_are_those_of_the_cells(results):
    """Maximum, area-weighted mean and minimum of each event over its cells, in plain numpy."""
    folder, fields = results
    cells = painted_events(folder)
    table = pyarrow.parquet.read_table(folder / "events/events.parquet").to_pylist()
    area = np.broadcast_to(GRID.row_area[:, None], cells.shape)
    assert len(table) > 5
    for row in table:
        inside = cells == row["event"]
        for name, field in fields.items():
            seen = inside & np.isfinite(field)
            if seen.any():
                assert row[f"{name}_max"] == field[seen].max()
                assert row[f"{name}_min"] == field[seen].min()
            else:  # only missing values
                assert np.isnan(row[f"{name}_max"]) and np.isnan(row[f"{name}_mean"])
    objects = pyarrow.parquet.read_table(folder / "events/objects.parquet").to_pylist()
    for row in objects[::7]:
        others = [
            other for other in objects
            if (other["step"], other["event"]) == (row["step"], row["event"])
        ]  # fmt: skip
        seen = (cells[row["step"]] == row["event"]) & np.isfinite(fields["TMQ"][row["step"]])
        if len(others) == 1 and seen.any():
            mean = np.average(fields["TMQ"][row["step"]][seen], weights=area[0][seen])
            assert row["TMQ_mean"] == pytest.approx(mean, rel=1e-6)


@pytest.mark.parametrize("everything", [False, True])
def test_artmip_tags_are_the_rivers(results, everything):
    folder, _ = results
    output = folder / "CESM.ar_tag.Stormtrace.3hr.20000101-20001231.nc"
    run_forked(
        "export_artmip.py", "--mask", folder / "2000.nc", "--objects",
        folder / "events/objects/2000.nc", "--events", folder / "events", "--output", output,
        *(["--all"] if everything else []),
    )  # fmt: skip
    expected = MASKS == 2
    if not everything:
        expected &= painted_events(folder) > 0
    assert cf_findings(output) == []
    with netCDF4.Dataset(output) as file:
        tag = file["ar_binary_tag"]
        tag.set_auto_mask(False)
        assert (tag.dtype, tag.dimensions) == (np.int8, ("time", "lat", "lon"))
        assert np.array_equal(tag[:], expected)
        assert file.algorithm == "Stormtrace"


def test_a_region_keeps_events_whole(results):
    folder, _ = results
    block = json.loads(TRACKING) | {"region": {"box": [0, 90, 0, 90]}}
    run_forked(
        "link_events.py", "--objects", folder / "events/objects/2000.nc", "--tracking",
        json.dumps(block), "--experiment", "control", "--output", folder / "regional",
    )  # fmt: skip
    everywhere, here = (
        pyarrow.parquet.read_table(folder / name / "events.parquet").to_pylist()
        for name in ("events", "regional")
    )
    assert 0 < len(here) < len(everywhere)
    assert all(row in everywhere for row in here)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--mask", "nowhere.nc"], "there is no mask file nowhere.nc"),
        (["--mask", "{folder}/2000.nc", "--fields", "TMQ"], "belong together"),
        (
            ["--mask", "{folder}/2000.nc", "--fields", "TMQ", "--samples", "{folder}/events"],
            "has no samples",
        ),
        (
            ["--mask", "{folder}/2000.nc", "--fields", "U850", "--samples", "{folder}/samples"],
            "has no variable U850",
        ),
        (
            ["--mask", "{folder}/2000.nc", "--tracking", '{"rule": "graf"}'],
            "allowed: graph, climatenet, components",
        ),
    ],
)
def test_mistakes_of_a_user_are_one_sentence(results, tmp_path, flags, message):
    folder, _ = results
    output = tmp_path / "out/2000.nc"
    given = [flag.format(folder=folder) if "folder" in flag else flag for flag in flags]
    error = run_forked("find_objects.py", *given, "--output", output, status=1)
    assert message in error
    assert "Traceback" not in error
    assert not output.parent.exists() or not list(output.parent.iterdir())


def test_a_filter_that_leaves_nothing_is_told_and_kept_with_the_events(results, tmp_path):
    folder, _ = results
    said = run_forked(
        "link_events.py", "--objects", folder / "events/objects/2000.nc", "--tracking",
        json.dumps({"minimum_area_km2": 0, "minimum_hours": 9999}),
        "--experiment", "none", "--output", tmp_path,
    )  # fmt: skip
    assert "warning: tracking leaves out" in said and "minimum_hours: 9999" in said
    assert "minimum_hours: 9999" in doubts_of_table(tmp_path / "events.parquet")
    events = TrackedEvents([folder / "events/objects/2000.nc"], tmp_path)
    assert "minimum_hours: 9999" in events.attributes["doubts"]
