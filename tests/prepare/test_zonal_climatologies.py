"""Climatologies by month and latitude band against numpy, distributions and grids of any kind."""

import numpy as np
import pytest

from labelled_factory import write_map_file
from stormtrace.errors import BadInput
from stormtrace.formats.latitude_bands import BAND_EDGES, band_of
from stormtrace.formats.zonal_climatologies import PROBABILITIES, read_zonal
from stormtrace.grids import make_grid
from stormtrace.prepare.zonal_fitting import BINS, fit_zonal
from zonal_files import write_climatology_of

GRIDS = {
    "both poles": {"nlat": 61, "nlon": 90},
    "polar": {"projection": "south-polar", "cells": 60},
    "coarse": {"nlat": 19, "nlon": 36},
}


def write(folder, grid, maps, field="PSL", month=1):
    for i, values in enumerate(maps):
        day, hour = divmod(3 * i, 24)
        write_map_file(
            folder / f"world.2001-{month:02d}-{1 + day:02d}-{3600 * hour:05d}.nc",
            {field: values.astype(np.float32)},
            grid=grid,
            time=3.0 * i,
            units=f"hours since 2001-{month:02d}-01",
        )
    return folder


@pytest.mark.parametrize("name", GRIDS)
def test_moments_are_those_of_all_cells_by_area(tmp_path, name):
    """Pressure, whose spread is a thousandth of its mean, on grids with 1-D and 2-D latitudes."""
    grid = make_grid(GRIDS[name])
    generator = np.random.default_rng(1)
    maps = 100_000 + 50 * generator.normal(size=(5, *grid.shape)) + 9 * grid.points[0]
    maps = maps.astype(np.float32)
    write(tmp_path / "2001", grid, maps[:3])
    write(tmp_path / "2002", grid, maps[3:])
    found, steps = fit_zonal([tmp_path / "2001", tmp_path / "2002"], "PSL", "moments")
    assert steps.tolist() == [5, *[0] * 11]
    bands = band_of(grid.points[0])
    for band in range(BAND_EDGES.size - 1):
        inside = bands == band
        if not inside.any():
            assert np.isnan(found["mean"][0, band])
            continue
        cells = maps[:, inside].astype(np.float64)
        weights = np.broadcast_to(grid.area[inside], cells.shape)
        mean = np.average(cells, weights=weights)
        std = np.sqrt(np.average((cells - mean) ** 2, weights=weights))
        np.testing.assert_allclose(found["mean"][0, band], mean, rtol=1e-12)
        np.testing.assert_allclose(found["std"][0, band], std, rtol=1e-9)
    assert np.isnan(found["mean"][1:]).all()


def test_quantiles_are_wrong_by_less_than_a_bin(tmp_path):
    """Of values spread evenly over 0 … 10 the quantile at p is 10 p, whatever the latitude."""
    grid = make_grid({"nlat": 36, "nlon": 500})
    values = np.broadcast_to(np.linspace(0, 10, 500), grid.shape)
    path = write_climatology_of(
        tmp_path / "q.nc", write(tmp_path / "2001", grid, [values], month=7), "PSL", "quantiles"
    )
    read = read_zonal(path)
    assert read.known[6].all() and not read.known[[0, 5, 7, 11]].any()
    off = np.abs(read.values["quantile"][6] - 10 * PROBABILITIES)
    # A bin of the counting, and half the distance of the 500 values.
    assert off.max() <= 10 / BINS + 10 / 499


@pytest.mark.parametrize("match", ["moments", "quantiles"])
def test_the_number_of_processes_changes_nothing(tmp_path, match):
    """Of three years in two processes, each year of another month and spread, bit by bit."""
    grid, generator = make_grid({"nlat": 19, "nlon": 36}), np.random.default_rng(2)
    years = [
        write(tmp_path / f"{k}", grid, generator.gamma(k, size=(3, *grid.shape)), month=k)
        for k in (1, 2, 3)
    ]
    one, two = (fit_zonal(years, "PSL", match, processes=number) for number in (1, 2))
    assert one[1].tolist() == two[1].tolist() == [3, 3, 3, *[0] * 9]
    for name, values in one[0].items():
        np.testing.assert_array_equal(values, two[0][name])


def test_area_counts_at_the_edge_of_a_band(tmp_path):
    """Rows at 80°, 80.5° … 82° are 0, 82.5° … 84.5° are 1: the mean is the area's share of ones."""
    grid = make_grid({"nlat": 361, "nlon": 8})
    values = np.where(grid.points[0] < 82.4, 0.0, 1.0)
    found, _ = fit_zonal([write(tmp_path / "2001", grid, [values])], "PSL", "moments")
    edges = np.sin(np.radians([79.75, 82.25, 84.75]))
    share = (edges[2] - edges[1]) / (edges[2] - edges[0])
    np.testing.assert_allclose(found["mean"][0, 34], share, rtol=1e-6)
    np.testing.assert_allclose(found["std"][0, 34], np.sqrt(share * (1 - share)), rtol=1e-6)


def test_no_samples_and_two_grids_are_refused(tmp_path):
    with pytest.raises(BadInput, match="no samples to make a climatology of"):
        fit_zonal([], "PSL", "moments")
    for name, nlat in (("2001", 19), ("2002", 37)):
        grid = make_grid({"nlat": nlat, "nlon": 36})
        write(tmp_path / name, grid, [np.zeros(grid.shape)])
    with pytest.raises(BadInput, match=r"2002 is on 37 × 36.* not on 19 × 36"):
        fit_zonal([tmp_path / "2001", tmp_path / "2002"], "PSL", "quantiles", processes=2)
