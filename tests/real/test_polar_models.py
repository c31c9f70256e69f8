"""A published two-class network for polar rivers: adopted, and run on polar and global maps.

It finds no river on this day, on any grid (nor does the other published one), so the probabilities
are compared, which come close to one half on the polar square.
"""

import subprocess
import sys
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import torch
from scipy import ndimage

from cf_compliance import cf_findings
from labelled_factory import write_map_file
from real_data import real_data
from stormtrace.detect.detection import Choice, detect
from stormtrace.formats.masks import open_masks
from stormtrace.grids import make_grid
from stormtrace.network.model_files import load_model

SCRIPTS = Path(__file__).parents[2] / "scripts"
GRIDS = {
    "polar square": {"projection": "north-polar", "cells": 384},
    "region": {"box": [180, 260, 30, 80], "step": 1},
    "globe": {"nlat": 181, "nlon": 360},
}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "polar"
    weights = real_data("polar_ar/trained_cgnet.112024_TMQ")
    line = [sys.executable, str(SCRIPTS / "adopt_model.py"), "--weights", str(weights)]
    subprocess.run([*line, "--output", str(folder)], check=True, capture_output=True)
    return folder


def water(grid):
    """IWV of 2017-02-28 00Z, kg m⁻², bilinear from MERRA-2's 361 × 576, longitudes from −180."""
    with netCDF4.Dataset(real_data("merra2/IWV_IVT_MERRA_20170228_00.nc")) as nc:
        values = np.asarray(nc["IWV"][0], np.float32)
    lat, lon = grid.points
    places = [(lat + 90) * 2, (lon + 180) % 360 / 0.625]
    wide = np.pad(values, ((0, 0), (0, 1)), mode="wrap")
    return ndimage.map_coordinates(wide, places, order=1, mode="nearest").astype(np.float32)


def test_labels_have_the_names_of_the_study(model):
    config, network = load_model(model)
    assert config.labels == ("Background", "Atmospheric River")
    assert config.fields == ("tmq",) and config.padding == "circular"
    assert sum(one.numel() for one in network.classifier.parameters()) == 2 * 256


@pytest.mark.parametrize("name", GRIDS)
def test_it_runs_on_any_grid_with_rivers_under_their_name(model, tmp_path, caplog, name):
    grid = make_grid(GRIDS[name])
    fields = {"tmq": water(grid)}
    write_map_file(tmp_path / "samples" / "m.2000-01-01-00000.nc", fields, grid=grid)
    detect(
        [model],
        tmp_path / "samples",
        tmp_path / "masks.nc",
        year=2000,
        normalization=None,
        neutral=(),
        choice=Choice(torch.device("cpu"), "torch", probabilities=True),
        attributes={"history": "test"},
    )
    masks = open_masks(tmp_path / "masks.nc")
    assert [one.short for one in masks.classes.features] == ["AR"]
    assert masks.grid.same_as(grid)
    assert all("recommended order" in one for one in cf_findings(tmp_path / "masks.nc"))
    (mask,) = next(masks.blocks())
    config, network = load_model(model)
    values = torch.from_numpy(config.normalization.apply(fields["tmq"][None, None]))
    with torch.inference_mode():
        expected = network(values).softmax(1)[0].numpy()
    np.testing.assert_array_equal(mask, expected.argmax(0))
    with netCDF4.Dataset(tmp_path / "masks.nc") as nc:
        np.testing.assert_allclose(nc["probability"][0], expected, atol=0.0021)  # of 1/250
    assert (0.4 < expected[1].max() < 0.5) or name != "polar square"
    assert ("joins opposite edges" in caplog.text) is (name != "globe")
