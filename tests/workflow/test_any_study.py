"""Other labels on another grid, for real: from raw files to training, masks, events and the report."""

import json

import netCDF4
import numpy as np
import pandas
import pytest

from workflow_runs import snakemake

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("any_study")]

#: The river first, with names and looks of the study's own, on the globe and on a polar square.
OVERLAY = {
    "run": ["globe", "arctic"],
    "compare": ["squeezed"],
    "explain": [],
    "animate": {},
    "snapshots": {"arctic": ["2001-01-01 12:00"]},
    "composites": {"arctic": ["TMQ"]},
    "device": "cpu",
    "planet": {
        "ne": 4,
        "levels": 8,
        "days": 4,
        "merra2_days": 2,
        "train_files": 12,
        "test_files": 2,
    },
    "grids": {
        "mini": {"nlat": 48, "nlon": 72},
        "square": {"projection": "north-polar", "boundary_lat": 5, "cells": 72},
    },
    "classes": {"atmospheric river": {"short": "River", "colours": ["#c02020"]}},
    "datasets": {
        "mini-historical": {
            "parts": [
                {
                    "period": ["2000-12-30", "2001-01-03"],
                    "files": "{results}/planet/historical/*.cam.h?.{variable}.{year}*.nc",
                    "stamps": "end",
                }
            ]
        }
    },
    "models": {
        "swapped": {
            "like": "four-fields",
            "labels": ["Background", "Atmospheric_River", "tropical cyclone"],
            "padding": "replicate",
            "epochs": 12,
            "validation": 0.0,
        }
    },
    "experiments": {
        "globe": {
            "model": "swapped",
            "dataset": "mini-historical",
            "grid": "mini",
            "tracking": {"minimum_area_km2": {"River": 0, "TC": 0}, "minimum_hours": 0},
        },
        "arctic": {"like": "globe", "grid": "square"},
    },
    "comparisons": {"squeezed": {"first": "globe", "second": "arctic"}},
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("any_study")
    snakemake(folder, "all", "artmip", overlay=OVERLAY)
    return folder / "results"


@pytest.mark.parametrize("experiment", ["globe", "arctic"])
def test_masks_tags_and_tracks_follow_the_names(results, experiment):
    """Code 1 is the river here: cells, tags and events of code 1 bear its name."""
    tagged = detected = 0
    for tag_file in sorted((results / "artmip" / experiment).glob("*.nc")):
        year = tag_file.name.split("hr.")[1][:4]
        with netCDF4.Dataset(results / f"masks/{experiment}/{year}.nc") as nc:
            assert nc["mask"].flag_meanings == "background atmospheric_river tropical_cyclone"
            river = nc["mask"][:] == 1
            detected += int((nc["mask"][:] > 0).sum())
        with netCDF4.Dataset(tag_file) as nc:
            tag = nc["ar_binary_tag"][:] == 1
        assert (tag == river).all()  # nothing is too small or too short
        tagged += int(tag.sum())
    # On cells it did not learn on, so short a training finds the cyclones alone.
    assert detected > 0 and (tagged > 0 or experiment == "arctic")
    events = pandas.read_csv(results / f"events/{experiment}/events.csv")
    assert dict(zip(events["class"], events["feature"], strict=True)).items() <= {
        (1, "River"),
        (2, "TC"),
    }
    tracks = json.loads((results / f"events/{experiment}/tracks.geojson").read_text())["features"]
    assert {one["properties"]["feature"] for one in tracks} == set(events["feature"])


def test_the_square_is_a_square_to_the_end(results):
    with netCDF4.Dataset(results / "frequency/arctic/frequency.nc") as nc:
        assert nc["count"].dimensions[-2:] == ("y", "x") and nc["count"].grid_mapping == "crs"
        assert "River" in nc["class"].flag_short_names.split()
    with netCDF4.Dataset(results / "comparisons/squeezed.nc") as nc:
        assert np.isfinite(np.ma.filled(nc["difference"][:], np.nan)).any()


def test_the_report_names_the_river(results):
    page = (results / "report.html").read_text(encoding="utf-8")
    assert "Atmospheric river" in page and "River" in page
    assert "undefined" not in page.split("<script", 1)[0]
    assert list((results / "figures/experiments/arctic").glob("river-*.png"))
