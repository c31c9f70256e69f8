"""Counts, lines, coasts and comparisons on regional and polar grids."""

import numpy as np
import pytest

from make_results import dates_between, write_frequency, write_masks
from stormtrace import results
from stormtrace.classes import CLIMATENET_LABELS, Classes
from stormtrace.climate.comparison import compare_files
from stormtrace.climate.composites import compose_fields, read_composites
from stormtrace.climate.counting import count_masks
from stormtrace.climate.frequency import open_frequency
from stormtrace.climate.hovmoller import coast_mask, hovmoller
from stormtrace.climate.landfall import Coast, Landfalls, _reached
from stormtrace.climate.series import by_year, seasonal_cycle
from stormtrace.grids import make_grid
from stormtrace.grids.remapping import area_mean
from stormtrace.track.pixels import EventRuns

POLAR = make_grid({"projection": "north-polar", "cells": 120})
REGION = make_grid({"box": [225, 255, 30, 55], "step": 0.5})
GLOBAL = make_grid({"nlat": 91, "nlon": 180})
GAUSSIAN = make_grid({"gaussian": 24})


def always(grid, where):
    """Counts in which the river is at all of 100 steps where `where` is, the cyclone nowhere."""
    counts = np.zeros((12, 2, *grid.shape), np.int16)
    counts[:, 1] = 100 * where
    return counts


def test_the_area_of_a_cap_on_a_polar_grid(tmp_path):
    """North of 60°: 2πR²(1 − sin 60°) of the grid's own area, in every month and year."""
    cap = POLAR.points[0] > 60
    path = write_frequency(tmp_path / "f.nc", {2000: always(POLAR, cap)}, grid=POLAR)
    truth = 100 * 2 * np.pi * POLAR.radius_km**2 * (1 - np.sin(np.radians(60))) / POLAR.area.sum()
    with open_frequency(path) as frequency:
        years, means = by_year(frequency, "AR")
        cycle = seasonal_cycle(frequency, "AR")
    assert years == [2000]
    assert means[0] == pytest.approx(truth, rel=0.01)
    assert cycle["north"][0] == pytest.approx(truth, rel=0.01)
    assert cycle["south"] == [None] * 12
    opened = results.open_frequency(path)
    assert opened.frequency.dims[-2:] == ("y", "x")
    mean = opened.frequency.sel(period="annual", feature="AR").weighted(opened.cell_area).mean()
    assert float(mean) == pytest.approx(means[0])


@pytest.mark.parametrize(
    "grid", [GLOBAL, GAUSSIAN, REGION, POLAR], ids=["global", "gauss", "box", "polar"]
)
def test_masks_on_any_grid_are_counted_and_composed(tmp_path, grid):
    from make_results import write_samples

    dates = dates_between((2001, 4, 1), (2001, 4, 3), "noleap")

    def mask_of(step, _date):
        mask = np.zeros(grid.shape, np.int8)
        mask[-1, -1] = mask[0, 0] = 2 * (step % 2)
        return mask

    masks = write_masks(tmp_path / "m.nc", 2001, dates, mask_of, grid)
    counts = count_masks(masks)
    assert counts.grid.same_as(grid)
    assert counts.fields["count"][3, 1, -1, -1] == 8
    assert counts.fields["count"].sum() == 16
    samples = write_samples(
        tmp_path / "s", dates, lambda s, _: {"TMQ": np.full(grid.shape, s, np.float32)}, grid
    )
    compose_fields(masks, samples, ["TMQ"], tmp_path / "c.nc", {})
    composite = read_composites([tmp_path / "c.nc"], "TMQ")
    assert composite.mean("atmospheric_river")[0, 0] == 8  # of the steps 1, 3, … 15
    assert composite.mean("all")[0, 0] == 7.5


def test_a_coast_on_a_polar_grid_goes_by_latitude(tmp_path):
    """Norway, 30 % of all steps north of 65° alone: bands are a degree or more wide."""
    coast = coast_mask(POLAR, [5, 30, 58, 71])
    counts = (0.3 * always(POLAR, POLAR.points[0] > 65)).astype(np.int16)
    path = write_frequency(tmp_path / "f.nc", {2000: counts}, grid=POLAR)
    with open_frequency(path) as frequency:
        lat, values = hovmoller(frequency, "AR", coast)
    width = np.diff(lat).min()
    assert width >= 1
    assert (np.diff(lat) > 0).all()
    np.testing.assert_allclose(values[lat - width / 2 >= 65], 30)
    assert (values[lat + width / 2 <= 65] == 0).all()
    assert len(values) > 5


def test_landfall_on_a_polar_grid_is_by_the_latitude_of_the_cells():
    """A row of cells straight through the pole crosses many latitudes."""
    coast = np.zeros(POLAR.shape, bool)
    coast[60, 70:75] = True
    one = np.array([1])
    runs = EventRuns(
        step=one, row=np.array([60]), start=np.array([40]), stop=np.array([73]),
        event=np.array([7]), code=np.array([2]), genesis=one > 0, termination=one > 0,
    )  # fmt: skip
    reached = _reached(runs, coast)
    assert reached[:, 0].tolist() == [7, 7, 7]
    lat = POLAR.lat[60, 70:73]
    np.testing.assert_array_equal(np.sort(POLAR.lat.ravel()[reached[:, 2]]), np.sort(lat))
    one = Coast.of(POLAR, coast, 2.5)
    found = Landfalls(
        Classes.of_labels(CLIMATENET_LABELS), {"one": one}, {"one": one.reached(runs)}
    )
    centres, counts = one.centres, found.counts("one")
    assert counts[2].sum() == np.unique(np.floor(lat / 2.5)).size
    assert counts[1].sum() == 0
    assert np.abs(centres[counts[2] > 0] - lat.mean()).max() < 5


def test_a_polar_and_a_global_experiment_are_compared_where_both_have_cells(tmp_path):
    """The same cap on both: no difference inside, nothing beyond the polar grid."""
    paths = []
    for name, grid in (("a", POLAR), ("b", GLOBAL)):
        counts = always(grid, grid.points[0] > 50)
        paths.append(write_frequency(tmp_path / f"{name}.nc", {2000: counts}, grid=grid))
    comparison = compare_files(*paths, tmp_path / "c.nc", {})
    coarser = max((POLAR, GLOBAL), key=lambda grid: grid.area.mean())
    assert comparison.grid.same_as(coarser)
    difference = comparison.get("difference", "AR", "annual")
    lat = comparison.grid.points[0]
    assert np.nanmax(np.abs(difference[(lat > 54) | ((lat < 46) & (lat > 40))])) < 1e-3
    assert np.isnan(difference[lat < 10]).all()


def test_on_a_gaussian_grid_a_hemisphere_is_half(tmp_path):
    path = write_frequency(
        tmp_path / "f.nc", {2000: always(GAUSSIAN, GAUSSIAN.points[0] > 0)}, grid=GAUSSIAN
    )
    with open_frequency(path) as frequency:
        assert area_mean(frequency.per_cent("AR"), frequency.grid) == pytest.approx(50)
        assert frequency.grid.same_as(GAUSSIAN)
