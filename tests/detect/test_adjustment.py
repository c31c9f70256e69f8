"""Counterfactual inputs: the maps of moments and of quantiles, and that nothing is nothing."""

import json

import netCDF4
import numpy as np
import pytest

from detection_runs import OWN, SHAPE, look, make_model
from labelled_factory import write_map_file, write_samples
from stormtrace.blocks import read_block
from stormtrace.detect.adjustment import adjusted
from stormtrace.detect.reading_ahead import Look, Pieces, of_one, read_ahead
from stormtrace.detect.reading_processes import read_in_processes
from stormtrace.detect.recipes import ThresholdRecipe
from stormtrace.detect.thresholds import detect_by_thresholds
from stormtrace.errors import BadInput
from stormtrace.formats.masks import open_masks
from stormtrace.formats.samples import open_folder
from stormtrace.grids import make_grid
from zonal_files import write_climatology_of

GLOBE = make_grid({"nlat": 46, "nlon": 90})
POLAR = make_grid({"projection": "south-polar", "cells": 40})


def write(folder, grid, values, month=1, units=None):
    path = folder / f"world.2001-{month:02d}-01-00000.nc"
    time = f"hours since 2001-{month:02d}-01"
    write_map_file(path, {"TMQ": np.asarray(values, np.float32)}, grid=grid, units=time)
    if units:
        with netCDF4.Dataset(path, "a") as nc:
            nc["TMQ"].units = units
    return folder


def odd_values(grid, seed=2):
    """Values of many sizes and both signs, zeros of both signs among them."""
    generator = np.random.default_rng(seed)
    values = generator.normal(size=grid.shape) * 10.0 ** generator.integers(-30, 5, grid.shape)
    values[::3, ::5], values[1::3, ::7] = 0.0, -0.0
    return values.astype(np.float32)


def bits(values):
    return np.ascontiguousarray(values).view(np.uint32)


def read(folder, own, to, field="TMQ", dataset="world"):
    opened = adjusted(open_folder(folder, {field: None}), [(field, own, to)], dataset)
    return opened.read(opened.paths).values[:, 0]


@pytest.mark.parametrize("match", ["moments", "quantiles"])
@pytest.mark.parametrize("grid", [GLOBE, POLAR], ids=["globe", "polar"])
def test_adjusted_to_oneself_nothing_changes_bit_by_bit(tmp_path, match, grid):
    folder = write(tmp_path / "2001", grid, odd_values(grid))
    own = write_climatology_of(tmp_path / "own.nc", folder, "TMQ", match)
    np.testing.assert_array_equal(bits(read(folder, own, own)[0]), bits(odd_values(grid)))


@pytest.mark.parametrize("grid", [GLOBE, POLAR], ids=["globe", "polar"])
def test_moments_undo_scale_and_shift(tmp_path, grid):
    """y = 1.07 x + 3 has the mean 1.07 μ + 3 and the deviation 1.07 σ everywhere, so x becomes y."""
    values = 20 + 5 * np.random.default_rng(3).normal(size=grid.shape) + grid.points[0] / 10
    own = write_climatology_of(
        tmp_path / "a.nc", folder := write(tmp_path / "a", grid, values), "TMQ"
    )
    to = write_climatology_of(tmp_path / "b.nc", write(tmp_path / "b", grid, 1.07 * values + 3), "TMQ")  # fmt: skip
    np.testing.assert_allclose(read(folder, own, to)[0], 1.07 * values + 3, atol=1e-5)


def test_moments_are_interpolated_between_the_middles_of_bands(tmp_path):
    """One world is 0 ± 1, the other φ ± 1: at 6° the shift is 2 + (6 − 2) · (6 − 2.5) / 5.

    Rows are 4° apart, so the bands centred on 2.5° and 7.5° have one each, at 2° and 6°.
    """
    noise = np.where(np.arange(GLOBE.shape[1]) % 2, 1.0, -1.0) * np.ones(GLOBE.shape)
    folder = write(tmp_path / "a", GLOBE, noise)
    other = write(tmp_path / "b", GLOBE, noise + GLOBE.points[0])
    own = write_climatology_of(tmp_path / "a.nc", folder, "TMQ")
    to = write_climatology_of(tmp_path / "b.nc", other, "TMQ")
    found = read(folder, own, to)[0]
    for lat, shift in ((6, 4.8), (2, 1.6)):
        assert found[GLOBE.lat == lat].mean() == pytest.approx(shift, rel=1e-6)
    assert 86 < found[-1].mean() < 88  # beyond the last middle the shift of its band, 86° and 90°


def test_quantiles_are_a_monotone_map_onto_the_other_distribution(tmp_path):
    """Of e^x for x the map is e^x itself, to the distance of neighbouring quantiles."""
    generator = np.random.default_rng(4)
    grid = make_grid({"nlat": 46, "nlon": 1000})
    values = generator.normal(size=grid.shape)
    folder = write(tmp_path / "a", grid, values)
    own = write_climatology_of(tmp_path / "a.nc", folder, "TMQ", "quantiles")
    to = write_climatology_of(tmp_path / "b.nc", write(tmp_path / "b", grid, np.exp(values)), "TMQ", "quantiles")  # fmt: skip
    found = read(folder, own, to)[0]
    inner = np.abs(values) < 2
    np.testing.assert_allclose(found[inner], np.exp(values[inner]), rtol=0.03)
    row = np.argsort(values[10])
    assert (np.diff(found[10][row]) >= 0).all()
    assert found.min() > 0 and found.max() <= np.exp(values.max()) * (1 + 1e-6)


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    folder = tmp_path_factory.mktemp("worlds")
    samples = write_samples(folder / "2001", 4, shape=SHAPE)
    wetter = write_samples(folder / "wetter" / "2001", 4, shape=SHAPE)
    for path in wetter.glob("*.nc"):
        with netCDF4.Dataset(path, "a") as nc:
            nc["TMQ"][:] = 1.25 * nc["TMQ"][:]
    own, to = (
        write_climatology_of(folder / f"{name}.nc", one, "TMQ", dataset=name)
        for name, one in (("", samples), ("wetter", wetter))
    )
    return make_model(folder / "m", 3), samples, wetter, own, to


def test_a_network_sees_the_other_worlds_water_vapour(network, tmp_path):
    """With nothing but TMQ scaled, the masks are those of the other world; with none, the same."""
    model, samples, wetter, own, to = network
    plain, about = look(model, samples, tmp_path / "plain.nc")
    same, _ = look(model, samples, tmp_path / "same.nc", adjust=[("TMQ", own, own)])
    other, _ = look(model, wetter, tmp_path / "wetter.nc")
    made, said = look(model, samples, tmp_path / "made.nc", adjust=[("TMQ", own, to)])
    np.testing.assert_array_equal(same["mask"], plain["mask"])
    assert (plain["mask"] != other["mask"]).any()
    assert (made["mask"] != other["mask"]).mean() < 1e-3  # rounding of the input
    facts = json.loads(said["adjusted"])["TMQ"]
    assert (facts["to"], facts["match"]) == ("wetter", "moments") and "adjusted" not in about
    assert facts["own_checksum"] != facts["to_checksum"]


def test_processes_and_threads_adjust_alike(network):
    _, samples, _, own, to = network
    folder = adjusted(open_folder(samples, dict.fromkeys(OWN.fields)), [("TMQ", own, to)], "")
    plain = open_folder(samples, dict.fromkeys(OWN.fields)).read(folder.paths).values
    pieces = Pieces.of([Look(folder, folder.paths)], 3)
    in_thread = np.concatenate([one.values for one in of_one(read_ahead(pieces))])
    in_processes = np.concatenate([one.values for one in of_one(read_in_processes(pieces, 1))])
    np.testing.assert_array_equal(bits(in_thread), bits(in_processes))
    np.testing.assert_allclose(in_thread[:, 0], 1.25 * plain[:, 0], rtol=1e-5)
    np.testing.assert_array_equal(bits(in_thread[:, 1:]), bits(plain[:, 1:]))


def test_thresholds_read_the_same_field(network, tmp_path):
    _, samples, wetter, own, to = network
    river = {"classes": {"Atmospheric River": {"where": [{"field": "TMQ", "at_least": 40}]}}}
    recipe = read_block(ThresholdRecipe, river, "recipe")
    counts = []
    for folder, adjust in ((samples, []), (samples, [("TMQ", own, to)]), (wetter, [])):
        path = tmp_path / f"{len(counts)}.nc"
        about = {"attributes": {}, "dataset": "", "year": 2001}
        detect_by_thresholds(recipe, folder, path, adjust=adjust, **about)
        counts.append(sum(int((block == 1).sum()) for block in open_masks(path).blocks()))
    assert counts[0] < counts[1] and abs(counts[1] - counts[2]) <= 2


def test_what_cannot_be_adjusted_is_refused_by_name(tmp_path):
    values = np.random.default_rng(5).uniform(1, 9, GLOBE.shape)
    folder = write(tmp_path / "a", GLOBE, values, units="kg m-2")
    own = write_climatology_of(tmp_path / "own.nc", folder, "TMQ")

    def other(name, grid=GLOBE, match="moments", **how):
        drawn = np.ones(grid.shape) + np.arange(grid.shape[1])
        made = write(tmp_path / name, grid, drawn, **{"units": "kg m-2", **how})
        return write_climatology_of(tmp_path / f"{name}.nc", made, "TMQ", match, name)

    for to, message in (
        (other("july", month=7), r"july has no samples of the months 1, to whose"),
        (other("grams", units="g m-2"), r"in kg m-2 in .*own\.nc, but in g m-2"),
        (other("polar", POLAR), r"polar on g has no TMQ near .*° latitude, where"),
        (other("quantiles", match="quantiles"), r"own\.nc has moments, but .* quantiles"),
        (folder / "world.2001-01-01-00000.nc", "no climatology by month and latitude"),
    ):
        with pytest.raises(BadInput, match=message):
            read(folder, own, to)
    with pytest.raises(BadInput, match="is of world, but the samples are of elsewhere"):
        read(folder, own, own, dataset="elsewhere")
    with pytest.raises(BadInput, match="PSL is not read by the detector, which reads TMQ"):
        adjusted(open_folder(folder, {"TMQ": None}), [("PSL", own, own)], "world")
