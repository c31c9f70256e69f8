"""The plan warns of networks on grids unlike those they were trained on."""

import json
import os

import pytest

from stormtrace.grids import make_grid
from stormtrace.grids.spacing import Spacing, spacing_of
from stormtrace.network.trained_grid import unknown_grid
from stormtrace.study.jobs import failures_in, warnings_in
from stormtrace.study.known_grids import grid_warnings
from stormtrace.study.loading import load_study

GRIDS = {
    "learned": {"nlat": 768, "nlon": 1152},
    "quarter": {"nlat": 721, "nlon": 1440},
    "one": {"nlat": 181, "nlon": 360},
}
LABELS = ["Background", "Tropical Cyclone", "Atmospheric River"]


def study(tmp_path, grid, content, **model):
    (tmp_path / "net").mkdir(exist_ok=True)
    config = {"fields": {"TMQ": {"mean": 20, "std": 16}}} | content
    (tmp_path / "net" / "config.json").write_text(json.dumps(config))
    said = {
        "base": "none",
        "title": "T",
        "run": ["mine"],
        "grids": GRIDS,
        "datasets": {
            "d": {
                "source": "merra2",
                "parts": [{"period": ["2000-01-01", "2001-01-01"], "files": "x.nc"}],
                "fields": {"TMQ": {"take": "TQV"}},
            }
        },
        "models": {"net": {"weights": str(tmp_path / "net"), **model}},
        "experiments": {"mine": {"model": "net", "dataset": "d", "grid": grid}},
    }
    return load_study(tmp_path, said)


@pytest.mark.parametrize(("grid", "told"), [("learned", 0), ("quarter", 0), ("one", 1)])
@pytest.mark.parametrize("content", [{}, {"labels": LABELS}])
def test_published_weights_know_climatenets_grid(tmp_path, grid, told, content):
    """180°/767 × 360°/1152; 0.25° is like it, 1° is not."""
    warnings = grid_warnings(study(tmp_path, grid, content))
    assert len(warnings) == told
    assert all("trained on 0.235° × 0.312°" in one and "runs on 1° × 1°" in one for one in warnings)


def test_what_a_model_or_the_study_says_of_its_training_counts(tmp_path):
    own = {"labels": LABELS, "trained_on": {"lat": 1.0, "lon": 1.0}}
    assert not grid_warnings(study(tmp_path, "one", own))
    assert len(grid_warnings(study(tmp_path, "learned", own))) == 1
    said = {"trained_on": {"lat": 1.0, "lon": 1.25}}
    assert not grid_warnings(study(tmp_path, "one", {"labels": LABELS}, **said))
    assert not grid_warnings(study(tmp_path, "one", {"labels": ["Background", "Front"]}))


def test_spacing_of_cells_in_a_plane_is_that_of_latitude():
    """50 km cells are 50 / 111.2 = 0.45° wide, whatever their longitude."""
    polar = make_grid({"projection": "north-polar", "cells": 180, "boundary_lat": 50.0})
    side = spacing_of(polar)
    assert side.lat == side.lon
    assert side.lat * 111.2 == pytest.approx(float(polar.area[90, 90]) ** 0.5, rel=0.1)


def test_a_sentence_names_both_grids():
    (told,) = unknown_grid({"trained_on": {"lat": 2, "lon": 2}}, "net", Spacing(1, 1))
    assert told.startswith("model net was trained on 2° × 2°, but runs on 1° × 1°")
    assert (
        unknown_grid({"trained_on": {"lat": 0, "lon": 2}, "labels": ["x"]}, "n", Spacing(1, 1))
        == []
    )


def test_warnings_of_logs_are_told_once_a_kind(tmp_path):
    logs = [f"logs/detect/mine/{year}.log" for year in (2000, 2001)] + ["logs/none.log"]
    (tmp_path / "logs/detect/mine").mkdir(parents=True)
    for year, log in zip((2000, 2001), logs, strict=False):
        (tmp_path / log).write_text(
            f"10:00:01 torch on cpu\n10:00:02 warning: {year - 1990} of 40 masks are blank\n"
            "10:00:03 warning: other units\n"
        )
    told = warnings_in(tmp_path, logs)
    assert [one.split("\n")[0] for one in told] == ["10 of 40 masks are blank", "other units"]
    assert all(one.endswith("see logs/detect/mine/2000.log, and 1 more like it") for one in told)


def test_failures_of_this_run_are_told_once_a_kind(tmp_path):
    """Twenty years without a variable are one sentence; what failed before this run is none."""
    folder = tmp_path / "logs/make_samples/d"
    folder.mkdir(parents=True)
    for year in (1995, 1996):
        (folder / f"{year}.log").write_text(
            f"10:00:01 reading\nerror: {year}.nc has no variable Q\n"
        )
    (folder / "1997.log").write_text("10:00:01 done\n")
    (folder / "1990.log").write_text("error: another study\n")
    os.utime(folder / "1990.log", (1, 1))
    (told,) = failures_in(tmp_path, "logs", since=2)
    assert told.startswith(
        "1995.nc has no variable Q\n    see logs/make_samples/d/1995.log, and 1 m"
    )


def test_logs_of_results_elsewhere_are_told_by_their_path(tmp_path):
    """As on a cluster, whose results lie on scratch: `results` is not below the Snakefile."""
    here, scratch = tmp_path / "here", tmp_path / "scratch/logs"
    here.mkdir()
    (scratch / "detect").mkdir(parents=True)
    (scratch / "detect/2000.log").write_text("error: no water\n")
    assert failures_in(here, str(scratch), 0) == [f"no water\n    see {scratch}/detect/2000.log"]
