"""A matrix without points is proved by applying it to the places of the mesh."""

import netCDF4
import numpy as np
import pytest
from scipy import sparse
from scipy.spatial import cKDTree

from stormtrace.errors import BadInput
from stormtrace.grids import make_grid
from stormtrace.prepare.mesh import camse
from stormtrace.prepare.mesh.meshes import Mesh, mesh_of_axes, mesh_of_grid
from stormtrace.prepare.regridding.bilinear import element_bilinear, element_spectral
from stormtrace.prepare.regridding.makers import own_matrix
from stormtrace.prepare.regridding.matrix_files import read_matrix

LAT, LON = np.linspace(-90, 90, 37), np.arange(0.0, 360, 5)
MESH = mesh_of_axes(LAT, LON)
CUBE = camse.columns(4)
CLOUD = Mesh(CUBE.lat, CUBE.lon, (CUBE.ncol,))
GRID = make_grid({"nlat": 46, "nlon": 72})
GRIDS = {
    "global": GRID,
    "gaussian": make_grid({"gaussian": 16}),
    "north": make_grid({"projection": "north-polar", "cells": 40}),
    "box": make_grid({"box": [10, 50, 20, 60], "step": 1}),
}


def bare(path, shares):
    """A matrix as esmpy writes it: S, row and col alone."""
    links = sparse.coo_matrix(shares)
    with netCDF4.Dataset(path, "w") as nc:
        nc.createDimension("n_s", links.nnz)
        nc.createVariable("S", "f8", ("n_s",))[:] = links.data
        nc.createVariable("row", "i4", ("n_s",))[:] = links.row + 1
        nc.createVariable("col", "i4", ("n_s",))[:] = links.col + 1
    return path


def nearest(mesh, grid):
    points = mesh_of_grid(grid)
    _, col = cKDTree(mesh.xyz).query(points.xyz)
    ones = np.ones(points.size)
    return sparse.csr_matrix((ones, (np.arange(points.size), col)), (points.size, mesh.size))


@pytest.mark.parametrize("name", GRIDS)
def test_right_matrices_of_every_method_pass(tmp_path, name):
    grid = GRIDS[name]
    matrices = [
        (MESH, own_matrix(MESH, grid)[0].shares),
        (MESH, own_matrix(MESH, grid, "conservative")[0].shares),
        (MESH, nearest(MESH, grid)),
        (CLOUD, element_bilinear(CUBE, grid).shares),
        (CLOUD, element_spectral(CUBE, grid).shares),
        (CLOUD, nearest(CLOUD, grid)),
    ]
    for mesh, shares in matrices:
        assert read_matrix(bare(tmp_path / "m.nc", shares), mesh, grid).shares.nnz == shares.nnz


ORDERS = {
    "rows from the north": np.arange(MESH.size).reshape(37, 72)[::-1],
    "columns from 180 W": np.roll(np.arange(MESH.size).reshape(37, 72), 36, axis=1),
    "columns from the east": np.arange(MESH.size).reshape(37, 72)[:, ::-1],
    "longitude first": np.arange(MESH.size).reshape(72, 37).T,
    "a column further": np.roll(np.arange(MESH.size).reshape(37, 72), 1, axis=1),
    "a row further": np.roll(np.arange(MESH.size).reshape(37, 72), 1, axis=0),
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
@pytest.mark.parametrize("method", ["bilinear", "conservative", "nearest"])
def test_matrices_of_another_order_are_refused(tmp_path, order, method):
    """Every size and sum is right; fields would come out upside down, or turned."""
    grid = make_grid({"nlat": 45, "nlon": 72, "poles": False})
    shares = (
        nearest(MESH, grid) if method == "nearest" else own_matrix(MESH, grid, method)[0].shares
    )
    turned = shares[:, order.ravel()]
    with pytest.raises(BadInput, match=r"made for another order of rows, columns or cells\. Make"):
        read_matrix(bare(tmp_path / "m.nc", turned), MESH, grid)


def test_other_orders_of_a_cloud_and_of_the_grid_are_refused(tmp_path):
    shares = element_bilinear(CUBE, GRID).shares
    other = np.random.default_rng(0).permutation(CUBE.ncol)
    for turned in (shares[:, other], shares[np.arange(GRID.size).reshape(46, 72)[::-1].ravel()]):
        with pytest.raises(BadInput, match=r"point \d+ of the grid, .* would get values from"):
            read_matrix(bare(tmp_path / "m.nc", turned), CLOUD, GRID)
