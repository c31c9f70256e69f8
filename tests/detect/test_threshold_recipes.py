"""Threshold recipes against shapes on the sphere whose areas and lengths are known."""

import netCDF4
import numpy as np
import pytest

from labelled_factory import write_map_file
from stormtrace.blocks import read_block
from stormtrace.constants import EARTH_RADIUS_KM
from stormtrace.detect.axis_length import AxisLengths
from stormtrace.detect.conditions import RecipeOnGrid
from stormtrace.detect.recipes import ThresholdRecipe, recipe_in_words
from stormtrace.detect.thresholds import detect_by_thresholds
from stormtrace.errors import BadInput
from stormtrace.formats.masks import open_masks
from stormtrace.formats.percentile_maps import read_percentiles, write_percentiles
from stormtrace.grids import make_grid
from stormtrace.prepare.percentile_fitting import fit_percentiles
from stormtrace.sphere import unit_vectors
from stormtrace.track.labelling import Labeller

GLOBE = make_grid({"nlat": 361, "nlon": 720})
COARSE = make_grid({"nlat": 91, "nlon": 180})
POLAR = make_grid({"projection": "south-polar", "cells": 320})


def recipe(**classes):
    return read_block(ThresholdRecipe, {"classes": classes}, "recipe")


def river(**keys):
    return recipe(**{"Atmospheric River": {"where": [{"field": "IVT", "at_least": 250}], **keys}})


def apart(grid, lat, lon):
    """Great-circle distance of every cell to a point, km."""
    dot = np.tensordot(
        unit_vectors(np.float64(lat), np.float64(lon)), unit_vectors(*grid.points), 1
    )
    return EARTH_RADIUS_KM * np.arccos(np.clip(dot, -1, 1))


def band(grid, start, end, half_width):
    """Cells within `half_width` km of the great-circle arc between two points."""
    a, b = (unit_vectors(np.float64(lat), np.float64(lon)) for lat, lon in (start, end))
    pole = np.cross(a, b) / np.linalg.norm(np.cross(a, b))
    points = unit_vectors(*grid.points)
    off = np.abs(np.arcsin(np.clip(np.tensordot(pole, points, 1), -1, 1))) * EARTH_RADIUS_KM
    middle = (a + b) / np.linalg.norm(a + b)
    along = np.tensordot(middle, points, 1) >= np.dot(middle, a)
    length = np.arccos(np.dot(a, b)) * EARTH_RADIUS_KM
    return (off <= half_width) & along, length


BANDS = [
    ((20, 170), (50, 215)),  # over the date line
    ((-35, 350), (-60, 40)),  # over the prime meridian
    ((0, 10), (0, 60)),
    ((-70, 100), (-75, 200)),
    ((30, 200), (64, 201)),
]


@pytest.mark.parametrize(("start", "end"), BANDS)
def test_the_axis_of_a_band_is_as_long_as_its_great_circle(start, end):
    """Ways over cells are up to 5 % too long; the corners of a band add half its width."""
    for grid in (GLOBE, POLAR) if start[0] < -50 else (GLOBE,):
        cells, length = band(grid, start, end, 150.0)
        step = Labeller(grid).step(cells.astype(np.int8))
        assert step.measures.area.size == 1
        axes = AxisLengths(grid)
        found = axes.of(step.row, step.start, step.stop)
        assert length * 0.985 < found < np.hypot(length, 300.0) * 1.05
        assert axes.at_least(step.row, step.start, step.stop) <= found * (1 + 1e-7)
        assert axes.of(step.row, step.start, step.stop) == found  # nothing is left behind


def test_the_axis_follows_a_bend():
    """Three quarters of a ring: between its ends it is 4.2 times as long as the way across."""
    distance = apart(GLOBE, 40.0, 0.0)
    ring = (distance > 1400) & (distance < 1600)
    south_east = (GLOBE.points[0] < 40) & (GLOBE.points[1] < 180)
    step = Labeller(GLOBE).step((ring & ~south_east).astype(np.int8))
    found = AxisLengths(GLOBE).of(step.row, step.start, step.stop)
    radius = EARTH_RADIUS_KM * np.sin(1400 / EARTH_RADIUS_KM)  # the inner edge is the shorter way
    assert 0.9 * 1.5 * np.pi * radius < found < 1.1 * 1.5 * np.pi * radius


def test_limits_keep_what_is_long_narrow_and_large_enough():
    """Two rivers of 5,000 and 1,500 km, and a blob of 1,200 km: only limits tell them apart."""
    long, length = band(GLOBE, *BANDS[0], 150.0)
    short, _ = band(GLOBE, (-40, 100), (-40, 117), 150.0)
    blob = apart(GLOBE, 0, 300) < 1200
    ivt = np.where(long | short | blob, np.float32(300), np.float32(100))

    def kept(**keys):
        mask = RecipeOnGrid(river(**keys), GLOBE, "d").mask({"IVT": ivt}, 1).astype(bool)
        return [bool((mask & part).any()) for part in (long, short, blob)]

    assert kept() == [True, True, True]
    assert kept(length_km={"at_least": 2000}) == [True, False, True]
    assert kept(length_km={"at_least": 2000}, length_to_width={"at_least": 2}) == [
        True,
        False,
        False,
    ]
    assert kept(length_km={"at_most": length * 0.95}) == [False, True, True]
    assert kept(width_km={"at_most": 600}) == [True, True, False]
    assert kept(area_km2={"at_least": 2e6}) == [False, False, True]
    assert kept(latitudes=[[-90, -20], [20, 90]]) == [True, True, False]


def test_limits_decide_by_the_axis_itself_where_the_quick_bound_does_not():
    """Cells in a spiral: 2,000 km across, but more than 5,000 km along."""
    distance = apart(GLOBE, 40.0, 0.0)
    ring = (distance > 900) & (distance < 1000) & ~((GLOBE.points[0] < 40) & (GLOBE.points[1] < 5))
    ivt = np.where(ring, np.float32(300), np.float32(0))
    on_grid = RecipeOnGrid(river(length_km={"at_least": 4000}), GLOBE, "d")
    assert on_grid.mask({"IVT": ivt}, 1).sum() == ring.sum()
    on_grid = RecipeOnGrid(river(length_km={"at_least": 6500}), GLOBE, "d")
    assert not on_grid.mask({"IVT": ivt}, 1).any()


def low(grid, lat, lon, depth, scale):
    """A Gaussian low: p = −depth · exp(−(r / scale)²), Pa."""
    return (-depth * np.exp(-((apart(grid, lat, lon) / scale) ** 2))).astype(np.float32)


@pytest.mark.parametrize(("lat", "lon"), [(35, 179.9), (-60, 0), (0, 90), (89.5, 20)])
def test_a_closed_contour_encloses_the_cap_that_is_known(lat, lon):
    """p = minimum + rise at r = scale · √(−ln(1 − rise/depth)), a cap of 2πR²(1 − cos(r/R))."""
    psl = (
        101000 + low(GLOBE, lat, lon, 2000.0, 500.0) + low(GLOBE, lat - 40, lon + 90, 150.0, 500.0)
    )
    contour = {"rise": 200, "within_km": 610}
    cyclones = {"where": [{"field": "PSL", "closed_contour": contour}]}
    mask = RecipeOnGrid(recipe(Cyclone=cyclones), GLOBE, "d").mask({"PSL": psl}, 1)
    radius = 500.0 * np.sqrt(-np.log(1 - 200 / 2000))
    cap = 2 * np.pi * EARTH_RADIUS_KM**2 * (1 - np.cos(radius / EARTH_RADIUS_KM))
    assert (mask * GLOBE.area).sum() == pytest.approx(cap, rel=0.1)
    assert apart(GLOBE, lat, lon)[mask > 0].max() <= radius + 40  # half a cell more
    open_one = {"where": [{"field": "PSL", "closed_contour": {"rise": 2100, "within_km": 610}}]}
    assert not RecipeOnGrid(recipe(Cyclone=open_one), GLOBE, "d").mask({"PSL": psl}, 1).any()


def test_a_contour_goes_on_beyond_the_pole():
    """A low 2.5° from the pole on a grid without a row there; a trough on the other side of the pole.

    The trough alone reaches 1,900 km from the low, so its contour does not close within 1,200 km;
    without the trough the low's own cells, up to 10° on either side of the pole, are enclosed.
    """
    grid = make_grid({"nlat": 36, "nlon": 72, "poles": False})
    psl = np.full(grid.shape, 100000, np.float32)
    psl[34:, [9, 10, 11, 45, 46, 47]], psl[35, 10] = 99100, 99000
    cyclones = {"where": [{"field": "PSL", "closed_contour": {"rise": 200, "within_km": 1200}}]}
    on_grid = RecipeOnGrid(recipe(Cyclone=cyclones), grid, "d")
    assert on_grid.mask({"PSL": psl}, 1).sum() == 12
    psl[20:34, 46] = 99100
    assert not on_grid.mask({"PSL": psl}, 1).any()


def test_a_contour_that_meets_the_edge_of_a_region_is_not_closed():
    region = make_grid({"box": [0, 40, 20, 60], "step": 0.5})
    psl = 101000 + low(region, 40, 0.5, 2000.0, 400.0) + low(region, 40, 30, 2000.0, 400.0)
    cyclones = {"where": [{"field": "PSL", "closed_contour": {"rise": 200, "within_km": 610}}]}
    mask = RecipeOnGrid(recipe(Cyclone=cyclones), region, "d").mask({"PSL": psl}, 1)
    assert mask.any() and (region.points[1][mask > 0] > 20).all()


def test_where_classes_overlap_the_first_has_the_cell():
    both = recipe(
        Strong={"where": [{"field": "IVT", "at_least": 500}]},
        Weak={"where": [{"field": "IVT", "at_least": 250}, {"field": "TMQ", "at_most": 20}]},
    )
    ivt = np.full(COARSE.shape, 600, np.float32)
    ivt[:, :90], ivt[:, :10] = 300, 0
    tmq = np.where(np.arange(180) < 50, 10, 30).astype(np.float32) + np.zeros_like(ivt)
    mask = RecipeOnGrid(both, COARSE, "d").mask({"IVT": ivt, "TMQ": tmq}, 1)
    assert both.labels == ["Background", "Strong", "Weak"] and both.fields == ["IVT", "TMQ"]
    np.testing.assert_array_equal(mask[5], np.repeat([0, 2, 0, 1], [10, 40, 40, 90]))


# --- percentiles and whole years ----------------------------------------------------------------


GRID = make_grid({"nlat": 6, "nlon": 12})


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """40 samples of January and 12 of March 2000, noleap, 3-hourly; the fields as one array."""
    folder = tmp_path_factory.mktemp("samples") / "2000"
    hours = [*range(0, 120, 3), *range(59 * 24, 59 * 24 + 36, 3)]
    values = (
        np.random.default_rng(3).gamma(2.0, 100.0, (len(hours), *GRID.shape)).astype(np.float32)
    )
    for hour, field in zip(hours, values, strict=True):
        month, day = ("01", hour // 24 + 1) if hour < 744 else ("03", hour // 24 - 58)
        name = f"d.2000-{month}-{day:02d}-{hour % 24 * 3600:05d}.nc"
        write_map_file(folder / name, {"IVT": field}, grid=GRID, time=float(hour))
    return folder, values


@pytest.fixture(scope="module")
def percentiles(samples, tmp_path_factory):
    path = tmp_path_factory.mktemp("percentiles") / "IVT-85.nc"
    grid, maps = fit_percentiles([samples[0]], "d", "IVT", 85.0)
    write_percentiles(path, maps, grid, "kg m-1 s-1", {})
    return path


def test_percentiles_are_those_of_each_cell_and_month(samples, percentiles):
    """Independently: the sorted samples of a cell, interpolated at rank 0.85 (n − 1)."""
    maps = read_percentiles(percentiles, GRID)
    assert maps.steps.tolist() == [40, 0, 12, *[0] * 9]
    for month, part in ((0, samples[1][:40]), (2, samples[1][40:])):
        ordered = np.sort(part.astype(np.float64), axis=0)
        rank = 0.85 * (len(part) - 1)
        below = int(rank)
        expected = ordered[below] + (rank - below) * (ordered[below + 1] - ordered[below])
        np.testing.assert_allclose(maps.values[month], expected, rtol=1e-6)
    assert np.isnan(maps.values[1]).all()


def test_percentiles_of_a_month_larger_than_memory_are_the_same(samples, percentiles, monkeypatch):
    monkeypatch.setattr("stormtrace.prepare.cell_percentiles.BLOCK_BYTES", 5000)
    exact = read_percentiles(percentiles, GRID).values
    _, in_parts = fit_percentiles([samples[0]], "d", "IVT", 85.0)
    np.testing.assert_array_equal(in_parts.values, exact)
    _, counted = fit_percentiles([samples[0]], "d", "IVT", 85.0, memory=0)
    np.testing.assert_allclose(counted.values, exact, rtol=2e-3)


def relative(**keys):
    where = [{"field": "IVT", "at_least": {"percentile": 85, **keys}}]
    return recipe(**{"Atmospheric River": {"where": where}})


def run(recipe, samples, tmp_path, percentiles=(), periods=(), **more):
    detect_by_thresholds(
        recipe,
        samples,
        tmp_path / "masks.nc",
        dataset="d",
        year=2000,
        periods=periods,
        missing_steps="skip" if periods else None,
        percentiles=percentiles,
        attributes={"experiment": "x", "detector": "ivt-85"},
        **more,
    )
    return open_masks(tmp_path / "masks.nc")


def test_masks_of_a_relative_recipe(samples, percentiles, tmp_path):
    """15 per cent of the samples of each cell, give or take one of 40."""
    masks = run(relative(minimum_steps=10), samples[0], tmp_path, [percentiles])
    found = np.concatenate(list(masks.blocks()))
    expected = samples[1] >= read_percentiles(percentiles, GRID).values[[0] * 40 + [2] * 12]
    np.testing.assert_array_equal(found, expected)
    assert (found[:40].sum(axis=0) == 6).all()
    assert masks.attributes["detector"] == "ivt-85" and masks.step_hours == 3.0
    with netCDF4.Dataset(tmp_path / "masks.nc") as nc:
        assert len(nc.detector_checksum) == 16 and '"percentile":85' in nc.recipe
        assert nc["mask"].flag_meanings == "background atmospheric_river"


def test_percentiles_in_other_units_are_refused(samples, percentiles, tmp_path):
    """Of samples in g m-1 s-1; those that say nothing are believed, as above."""
    folder = tmp_path / "grams"
    folder.mkdir()
    for hour in range(0, 36, 3):
        write_map_file(
            folder / f"d.2000-01-{hour // 24 + 1:02d}-{hour % 24 * 3600:05d}.nc",
            {"IVT": 1000 * samples[1][hour // 3]}, grid=GRID, time=float(hour),
        )  # fmt: skip
    for path in folder.glob("*.nc"):
        with netCDF4.Dataset(path, "a") as nc:
            nc["IVT"].units = "g m-1 s-1"
    with pytest.raises(BadInput, match=r"IVT is in 'g m-1 s-1', but its percentiles .* 'kg m-1 s"):
        run(relative(minimum_steps=10), folder, tmp_path, [percentiles])


def test_a_percentile_of_too_few_steps_is_refused(samples, percentiles, tmp_path):
    with pytest.raises(BadInput, match=r"month 3 would be that of 12 samples of d, but minimum_st"):
        run(relative(minimum_steps=20), samples[0], tmp_path, [percentiles])
    assert not (tmp_path / "masks.nc").exists()


def test_the_percentile_of_another_dataset_is_not_taken_for_its_own(samples, percentiles, tmp_path):
    with pytest.raises(BadInput, match="needs the 85th percentile of IVT in the samples of today"):
        run(relative(dataset="today"), samples[0], tmp_path, [percentiles])


def test_a_recipe_that_names_a_field_the_samples_lack_is_refused(samples, tmp_path):
    blocks = recipe(Blocking={"where": [{"field": "Z500A", "at_least": 150}]})
    with pytest.raises(BadInput, match=r"has no field Z500A; it has .*IVT"):
        run(blocks, samples[0], tmp_path)


def test_steps_that_are_missing_are_counted(samples, tmp_path):
    period = [["2000-01-01", "2000-01-07"]]
    run(river(), samples[0], tmp_path, periods=period)
    with netCDF4.Dataset(tmp_path / "masks.nc") as nc:
        assert nc.missing_steps == 8 and nc["mask"].shape[0] == 40


def test_numbers_in_other_units_than_the_samples_are_refused(tmp_path):
    path = tmp_path / "samples" / "d.2000-01-01-00000.nc"
    write_map_file(path, {"Z500A": np.zeros(GRID.shape, np.float32)}, grid=GRID)
    blocks = recipe(Blocking={"where": [{"field": "Z500A", "at_least": 150, "units": "m"}]})
    for units, good in (("gpm", True), ("m2 s-2", False), ("km", False)):
        with netCDF4.Dataset(path, "a") as nc:
            nc["Z500A"].units = units
        if good:
            run(blocks, path.parent, tmp_path)
        else:
            with pytest.raises(
                BadInput, match=f"Z500A is in '{units}', but the numbers of the rec"
            ):
                run(blocks, path.parent, tmp_path)


def test_a_recipe_in_words():
    words = recipe_in_words(
        river(latitudes=[[20, 60]], length_km={"at_least": 2000}, width_km={"at_most": 900})
    )
    assert words == (
        "Atmospheric River: IVT ≥ 250, latitude 20° to 60°, length ≥ 2000 km, width ≤ 900 km"
    )
