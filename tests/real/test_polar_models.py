"""Published two-class networks for polar rivers: adopted, and run on polar and global maps.

On other grids than its own the one that is adopted here finds no river on this day, so the
probabilities are compared. On the published southern square both find what their makers' do.
"""

import netCDF4
import numpy as np
import pytest
import torch
from scipy import ndimage

from cf_compliance import cf_findings
from labelled_factory import write_map_file
from real_data import real_data
from script_runs import run_forked
from stormtrace.detect.detection import Choice, Request, detect
from stormtrace.formats.masks import open_masks
from stormtrace.grids import make_grid
from stormtrace.network.model_files import load_model

GRIDS = {
    "polar square": {"projection": "north-polar", "cells": 384},
    "region": {"box": [180, 260, 30, 80], "step": 1},
    "globe": {"nlat": 181, "nlon": 360},
}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "polar"
    weights = real_data("polar_ar/trained_cgnet.112024_TMQ")
    run_forked("adopt_model", "--weights", weights, "--output", folder)
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
    request = Request(
        [model],
        tmp_path / "samples",
        tmp_path / "masks.nc",
        year=2000,
        choice=Choice(torch.device("cpu"), "torch", probabilities=True, blank="allow"),
        attributes={"history": "test"},
    )
    detect(request)
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


SOUTH, NORTH = (make_grid({"projection": name}) for name in ("south-polar", "north-polar"))
#: Mean and standard deviation of TMQ, kg m⁻².
RIGHT = 21.6, 13.6


@pytest.mark.parametrize(
    ("grid", "half_width_m", "cell_m", "million_km2"),
    [(SOUTH, 8_922_040.25, 15_489.65, 193.984), (NORTH, 6_633_062.23, 11_515.73, 129.720)],
    ids=["antarctic", "arctic"],
)
def test_the_grids_are_the_published_ones(grid, half_width_m, cell_m, million_km2):
    edges = grid.projection.edges()[0]
    assert grid.shape == (1152, 1152) and grid.radius_km == 6370.997
    assert edges[[0, -1]] == pytest.approx([-half_width_m, half_width_m], abs=0.01)
    assert np.diff(edges) == pytest.approx(cell_m, abs=0.01)
    assert grid.area.sum() / 1e6 == pytest.approx(million_km2, abs=0.001)


@pytest.fixture(scope="module")
def vapour():
    real_data("merra2/IWV_IVT_MERRA_20170228_00.nc")
    return water(SOUTH)


def marked(name, vapour, statistics=None):
    """Per cent of the area of the southern square that a published network calls a river."""
    config, network = load_model(real_data(f"polar_ar/trained_cgnet.{name}"))
    normal = config.normalization
    mean, std = (normal.mean[0], normal.std[0]) if statistics is None else statistics
    values = torch.from_numpy(((vapour - mean) / std).astype(np.float32))[None, None]
    with torch.inference_mode():
        mask = network(values)[0].argmax(0).numpy() == 1
    return 100 * (mask * SOUTH.area).sum() / SOUTH.area.sum()


@pytest.mark.parametrize(
    ("name", "statistics", "expected"),
    [("062024_TMQ", None, 5.0), ("112024_TMQ", None, 9.2), ("112024_TMQ", RIGHT, 0.0)],
    ids=["right statistics", "as published, by another field's", "that one by the right ones"],
)
def test_rivers_of_the_southern_square(vapour, name, statistics, expected):
    """Per cent of its area on 28 February 2017, 00 UTC, give or take half a point."""
    assert marked(name, vapour, statistics) == pytest.approx(expected, abs=0.5)
