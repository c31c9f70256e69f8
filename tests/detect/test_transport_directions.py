"""Objects by where their transport goes, against directions that pyproj and plain sums give."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from pyproj import Geod
from test_threshold_recipes import BANDS, band

import stormtrace
from stormtrace.blocks import read_block
from stormtrace.detect.conditions import RecipeOnGrid, check_units
from stormtrace.detect.recipes import ThresholdRecipe, recipe_in_words
from stormtrace.errors import BadInput
from stormtrace.grids import make_grid

GRIDS = {"globe": {"nlat": 181, "nlon": 360}, "square": {"projection": "south-polar", "cells": 160}}

#: The ends of rivers by (lat, lon): two of each hemisphere, over the date line and towards a pole.
RIVERS = [("globe", BANDS[0]), ("globe", BANDS[1]), ("globe", BANDS[4]), ("square", BANDS[1])]


def kept(grid, cells, u, v, **transport):
    """Whether the one object of some cells stays, with a transport of (u, v)."""
    components = {"eastward": "U", "northward": "V", **transport}
    classes = {"AR": {"where": [{"field": "IVT", "at_least": 1}], "transport": components}}
    on_grid = RecipeOnGrid(read_block(ThresholdRecipe, {"classes": classes}, "r"), grid, "d")
    fields = {"IVT": cells, "U": u * np.ones(grid.shape), "V": v * np.ones(grid.shape)}
    mask = on_grid.mask({name: one.astype(np.float32) for name, one in fields.items()}, 1)
    assert mask.any() in (False, (mask == cells).all())
    return bool(mask.any())


@pytest.mark.parametrize(("name", "ends"), RIVERS)
def test_transport_is_held_against_the_axis_at_its_middle(name, ends):
    """The direction of the great circle at its middle is pyproj's; 5° are left for a band's corners."""
    (south, west), (north, east) = ends
    grid = make_grid(GRIDS[name])
    cells, _ = band(grid, *ends, 200.0)
    geod = Geod(a=6_371_000, b=6_371_000)
    lon, lat = geod.npts(west, south, east, north, 1)[0]
    axis, _, _ = geod.inv(lon, lat, east, north)  # clockwise from north
    for off in (-140, -130, -90, -50, -40, 0, 40, 50, 90, 130, 140, 180):
        angle = np.radians(axis + off)
        u, v = 300 * np.sin(angle), 300 * np.cos(angle)
        along = min(abs(off), 180 - abs(off)) <= 45
        assert kept(grid, cells, u, v, from_axis_degrees=45) == along
        poleward = v * np.sign(lat) >= 50
        assert kept(grid, cells, u, v, poleward=50) == poleward
        assert kept(grid, cells, u, v, poleward=50, from_axis_degrees=45) == (along and poleward)
    assert not kept(grid, cells, 0.0, 0.0, from_axis_degrees=45)
    alone = np.zeros_like(cells)
    alone[tuple(np.argwhere(cells)[0])] = True  # a single cell has no axis
    assert not kept(grid, alone, 300.0, 300.0, from_axis_degrees=45)
    assert kept(grid, alone, 300.0, 0.0, from_mean_degrees=45)


@pytest.mark.parametrize(("name", "ends"), RIVERS[2:])
def test_half_of_the_object_goes_the_way_of_its_mean(name, ends):
    """Noise of growing strength: the share of the area within 45° by plain sums."""
    grid = make_grid(GRIDS[name])
    cells, _ = band(grid, *ends, 200.0)
    area = np.broadcast_to(grid.area, grid.shape)[cells]
    seen = set()
    for strength in np.linspace(0.5, 6, 12):
        noise = np.random.default_rng(4).normal(size=(2, *grid.shape)) * strength
        u, v = (np.float32(1.0) + noise).astype(np.float32)
        mean = np.arctan2((area * v[cells]).sum(), (area * u[cells]).sum())
        off = (np.degrees(np.arctan2(v, u)[cells] - mean) + 180) % 360 - 180
        share = area[np.abs(off) <= 45].sum() / area.sum()
        seen.add(share >= 0.5)
        assert kept(grid, cells, u, v, from_mean_degrees=45) == (share >= 0.5)
    assert seen == {True, False}


def test_the_published_recipe_is_shipped():
    """Guan and Waliser (2015): poleward by 50 kg m⁻¹ s⁻¹, 45° from axis and mean, 2000 km, 2 : 1."""
    shipped = yaml.safe_load(
        (Path(stormtrace.__file__).parent / "data" / "detectors.yaml").read_text()
    )
    (own,) = shipped["guan-waliser"]["classes"].values()
    (base,) = shipped[shipped["guan-waliser"]["like"]]["classes"].values()
    recipe = read_block(ThresholdRecipe, {"classes": {"Atmospheric River": base | own}}, "r")
    assert recipe.fields == ["IVT", "IVTU", "IVTV"]
    words = recipe_in_words(recipe)
    assert "mean transport poleward by at least 50 kg m-1 s-1" in words
    assert (
        "within 45° of the axis" in words and "half of the object within 45° of its mean" in words
    )
    with pytest.raises(BadInput, match="IVTV is in 'g m-1 s-1', but the numbers"):
        check_units(recipe, {"IVTV": "g m-1 s-1"}, Path("a.nc"))
    with pytest.raises(BadInput, match="it needs one of poleward, from_axis_degrees"):
        read_block(
            ThresholdRecipe,
            {"classes": {"AR": base | {"transport": {"eastward": "U", "northward": "V"}}}},
            "r",
        )
