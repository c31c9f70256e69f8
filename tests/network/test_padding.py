"""Padding: what lies beyond the edges, from the geometry of the sphere."""

import numpy as np
import pytest
import torch

from stormtrace.errors import BadInput
from stormtrace.grids import Grid, make_grid
from stormtrace.network.cgnet import CGNet
from stormtrace.network.padding import (
    PADDINGS,
    Padding,
    check_padding,
    false_neighbours,
    suit_grid,
    widen,
)


@pytest.mark.parametrize("poles", [(0, 0), (1, 1)], ids=["poles are rows", "poles are edges"])
@pytest.mark.parametrize("width", [1, 2, 4])
def test_sphere_continues_a_function_over_the_poles(width, poles):
    """sin and cos of latitudes beyond 90° give the point on the other side: x and y change sign.

    So any polynomial in (x, y, z), evaluated on an extended lat/lon grid, is the truth.
    """

    def field(lat, lon):
        phi, lam = np.radians(lat)[:, None], np.radians(lon)
        x, y, z = np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)
        return 1 + x - 2 * y + 3 * z + x * y - z * x

    step = 180 / 24
    rows, first = (25, -90.0) if poles == (0, 0) else (24, -90.0 + step / 2)
    lat, lon = first + np.arange(rows) * step, np.arange(48) * step
    beyond = first + np.arange(-width, rows + width) * step
    around = np.arange(-width, 48 + width) * step
    inside = torch.from_numpy(field(lat, lon))[None, None]
    padding = Padding(width, "sphere")
    suit_grid(padding, Grid(lat, lon))
    assert padding.poles == poles
    widened = padding(inside)[0, 0].numpy()
    np.testing.assert_allclose(widened, field(beyond, around), atol=1e-12)


@pytest.mark.parametrize("side", ["south", "north"])
@pytest.mark.parametrize("width", [1, 2, 4])
def test_sphere_knows_a_grid_that_leaves_out_one_pole(width, side):
    """Rows of 3.75° from one pole to a row before the other, as ERA5's 720: what points along x
    and y on the unit sphere stays exact; along z the left-out pole has its neighbours', sin 86.25°.
    """
    lat = -90 + 3.75 * (np.arange(48) + (side == "north"))
    lon, step = np.arange(96) * 3.75, 3.75
    beyond = lat[0] + np.arange(-width, 48 + width) * step
    around = np.arange(-width, 96 + width) * step

    def axes(lat, lon):
        phi, lam = np.radians(lat)[:, None], np.radians(lon)
        ones = np.ones_like(lam)
        return np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi) * ones])

    padding = Padding(width, "sphere")
    suit_grid(padding, Grid(lat, lon))
    assert padding.poles == ((0, 2) if side == "south" else (2, 0))
    widened = padding(torch.from_numpy(axes(lat, lon))[None])[0].numpy()
    error = abs(widened - axes(beyond, around)).max(axis=(1, 2))
    np.testing.assert_allclose(error, [0, 0, 1 - np.sin(np.radians(86.25))], atol=1e-12)


@pytest.mark.parametrize("width", [1, 4])
def test_circular_is_a_torus(width):
    x = torch.randn(2, 3, 10, 12)
    widened = Padding(width, "circular")(x)
    expected = np.pad(x.numpy(), ((0, 0), (0, 0), (width, width), (width, width)), mode="wrap")
    np.testing.assert_array_equal(widened.numpy(), expected)


def test_replicate_repeats_the_edge():
    x = torch.randn(1, 1, 10, 12)
    expected = np.pad(x[0, 0].numpy(), 2, mode="edge")
    np.testing.assert_array_equal(Padding(2, "replicate")(x)[0, 0].numpy(), expected)


@pytest.mark.parametrize("kind", PADDINGS)
def test_each_side_is_widened_by_what_it_was_told(kind):
    """Rows and columns before and after the map: the same as the inner part of a wider padding."""
    x = torch.randn(1, 1, 10, 12)
    wide = widen(x, (3, 3), (3, 3), kind)
    torch.testing.assert_close(widen(x, (1, 3), (0, 2), kind), wide[..., 2:, 3:-1])


@pytest.mark.parametrize("kind", ["circular", "sphere"])
def test_maps_too_small_are_refused(kind):
    with pytest.raises(BadInput, match=r"4 × 9 cells .* too small for 4 neighbours"):
        Padding(4, kind)(torch.ones(1, 1, 4, 9))


def test_no_width_changes_nothing():
    x = torch.randn(1, 1, 3, 4)
    assert Padding(0, "sphere")(x) is x


AROUND = np.arange(0.0, 360.0, 5.0)
GAUSSIAN = np.degrees(np.arcsin(np.polynomial.legendre.leggauss(64)[0]))  # ends at 87.9
POLES, MIDDLES, TROPICS = np.linspace(-90, 90, 37), np.arange(-87.5, 90, 5), np.arange(-30.0, 31, 5)


@pytest.mark.parametrize("lat", [POLES, MIDDLES, GAUSSIAN])
def test_the_whole_globe_has_no_false_neighbours(lat):
    grid = Grid(lat, AROUND)
    assert [false_neighbours(kind, grid) for kind in PADDINGS] == ["", "", ""]
    check_padding("sphere", grid)


@pytest.mark.parametrize(("lat", "lon"), [(TROPICS, AROUND), (POLES, AROUND[:20])])
def test_a_part_of_the_globe_has_false_neighbours_but_by_replicate(lat, lon):
    told = {kind: false_neighbours(kind, Grid(lat, lon)) for kind in PADDINGS}
    assert told["replicate"] == ""
    assert "padding is circular" in told["circular"]
    assert "padding is sphere" in told["sphere"]
    with pytest.raises(BadInput, match="use padding: replicate"):
        check_padding("sphere", Grid(lat, lon))


def test_a_projected_grid_has_false_neighbours_by_name_of_its_latitudes():
    grid = make_grid({"projection": "north-polar", "cells": 24})
    told = false_neighbours("circular", grid)
    assert "24 by 24 cells, 19.59" in told and told.isascii()  # an attribute of classic netCDF
    assert false_neighbours("replicate", grid) == ""
    with pytest.raises(BadInput, match=r"24 by 24 cells, .* use padding: replicate"):
        check_padding("sphere", grid)


@pytest.mark.parametrize(
    ("lat", "poles"),
    [(POLES, (0, 0)), (MIDDLES, (1, 1)), (GAUSSIAN, (1, 1)), (POLES[:-1], (0, 2))],
)
def test_a_network_learns_from_its_grid_which_rows_are_poles(lat, poles):
    network = CGNet(1, 2, "sphere")
    suit_grid(network, Grid(lat, AROUND))
    paddings = [one for one in network.modules() if isinstance(one, Padding)]
    assert len(paddings) > 20 and all(one.poles == poles for one in paddings)


@pytest.mark.parametrize(
    ("kind", "poles"),
    [("circular", (0, 0)), ("sphere", (0, 0)), ("sphere", (0, 1)), ("sphere", (1, 1))],
)
@pytest.mark.parametrize("shape", [(5, 5), (10, 14), (25, 48)])
@pytest.mark.parametrize("sides", [((4, 4), (4, 4)), ((1, 3), (0, 2))])
def test_a_gradient_returns_to_the_cell_that_was_repeated(kind, poles, shape, sides):
    """Each widened cell is one cell of the map, so a cell's gradient is the sum over its copies.

    The map of cell numbers, widened, tells which. Small maps have edges that overlap.
    """
    numbers = torch.arange(shape[0] * shape[1], dtype=torch.float64).reshape(1, 1, *shape)
    copies = widen(numbers, *sides, kind, poles)[0, 0].long()
    x = torch.randn(2, 3, *shape, dtype=torch.float64)
    x = x.contiguous(memory_format=torch.channels_last).requires_grad_()
    gradient = torch.randn(2, 3, *copies.shape, dtype=torch.float64)
    widen(x, *sides, kind, poles).backward(gradient)
    expected = torch.zeros(2, 3, shape[0] * shape[1], dtype=torch.float64)
    expected.index_add_(2, copies.ravel(), gradient.reshape(2, 3, -1))
    assert x.grad is not None
    torch.testing.assert_close(x.grad.reshape(2, 3, -1), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", ["circular", "sphere"])
@pytest.mark.parametrize("shape", [(5, 5), (25, 48)])
def test_channels_stay_last(kind, shape):
    x = torch.randn(2, 3, *shape).contiguous(memory_format=torch.channels_last)
    widened = widen(x, (4, 4), (4, 4), kind)
    assert widened.is_contiguous(memory_format=torch.channels_last)
