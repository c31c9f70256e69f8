"""The published models on the real MERRA-2 field: exact, and rivers where there were rivers."""

import netCDF4
import numpy as np
import pytest
import torch

from cgnet_reference import Reference
from real_data import real_data
from stormtrace.grids import Grid
from stormtrace.grids.remapping import conservative
from stormtrace.network.learned_grid import make_learned_grid, on_learned_grid
from stormtrace.network.model_files import load_model
from stormtrace.network.runtimes import Segmenter, make_runtime

FOUR, ONE = "cgnet_weights/trained_cgnet.040523", "cgnet_weights/trained_cgnet.092023_TMQ"


@pytest.fixture(scope="module")
def water():
    """IWV of 2017-02-28 00Z, kg m⁻², (361, 576), longitudes from 0."""
    with netCDF4.Dataset(real_data("merra2/IWV_IVT_MERRA_20170228_00.nc")) as dataset:
        return np.roll(np.asarray(dataset["IWV"][0], np.float32), 288, axis=1)


@pytest.fixture(scope="module")
def quarter_degree(water):
    """The same on ClimateNet's 768 × 1152, bilinear; both grids have the poles as rows."""
    rows, columns = np.arange(768) * 360 / 767, np.arange(1152) / 2
    south, west = np.minimum(rows.astype(int), 359), columns.astype(int)
    north_share, east_share = (rows - south)[:, None], columns - west
    wide = np.concatenate([water, water[:, :1]], axis=1)
    tall = wide[south] * (1 - north_share) + wide[south + 1] * north_share
    return (tall[:, west] * (1 - east_share) + tall[:, west + 1] * east_share).astype(np.float32)


@pytest.fixture(scope="module")
def rivers(quarter_degree):
    """Classes the published TMQ-only model sees, (768, 1152), in torch and float32."""
    config, network = load_model(real_data(ONE))
    values = torch.from_numpy(config.normalization.apply(quarter_degree[None, None]))
    with torch.inference_mode():
        return network(values).argmax(dim=1)[0].numpy().astype(np.int8)


@pytest.mark.parametrize(("folder", "weights"), [(FOUR, 494_232), (ONE, 488_166)])
def test_published_models_load_strictly(folder, weights):
    config, network = load_model(real_data(folder))
    assert sum(one.numel() for one in network.parameters()) == weights
    assert config.labels == ("Background", "Tropical Cyclone", "Atmospheric River")
    assert config.normalization.mean[0] == 19.218494415283203


@pytest.mark.parametrize("folder", [FOUR, ONE])
def test_logits_agree_with_the_formulas(folder, water):
    """A piece of the real field; winds and pressure of the 4-field model are made from it."""
    config, network = load_model(real_data(folder))
    piece = water[150:278, 200:392]
    slope = np.gradient(piece)
    fields = np.stack([piece, 4 * slope[0], -4 * slope[1], 101_000 - 20 * piece])
    values = config.normalization.apply(fields[: len(config.fields)][None])
    with torch.inference_mode():
        ours = network(torch.from_numpy(values))[0].numpy()
    reference = Reference(network.state_dict()).logits(values[0].astype(np.float64))
    np.testing.assert_allclose(ours, reference, atol=1e-4, rtol=0)


def test_rivers_of_a_real_day(rivers):
    """Regression, and sense: rivers in mid-latitudes of both hemispheres, none in the tropics.

    On 2017-02-28 rivers reached southern Chile (74W) and lay off Iberia's west and east of Japan:
    looked at on a map of the field.
    """
    lat, lon = np.linspace(-90, 90, 768), np.arange(1152) * 0.3125
    share = np.bincount(rivers.ravel(), minlength=3) / rivers.size
    np.testing.assert_allclose(share, [0.92854, 0, 0.07146], atol=2e-4)
    assert not rivers[abs(lat) < 10].any() and not rivers[abs(lat) > 75].any()
    for south, north, west, east in ((-55, -30, 275, 290), (30, 55, 310, 335), (25, 55, 160, 180)):
        box = rivers[np.ix_((lat > south) & (lat < north), (lon > west) & (lon < east))]
        assert (box == 2).mean() > 0.15


def test_on_its_learned_spacing_it_sees_as_much_of_merra2s_own_grid(water, rivers):
    """On MERRA-2's cells the network is blind; regridded to those it knows, it finds what it finds
    there, and the masks come back to 361 × 576."""
    config, network = load_model(real_data(ONE))
    merra2 = Grid(np.linspace(-90, 90, 361), np.arange(576) * 0.625)
    learned = make_learned_grid(config.content, ONE, merra2)
    assert learned.shape == (768, 1152)
    masks = []
    for shape in (merra2.shape, learned.shape):
        runtime = make_runtime(
            "torch",
            Segmenter([network]),
            config.normalization,
            shape,
            device=torch.device("cpu"),
            precision="float32",
            threads=1,
        )
        if shape != merra2.shape:
            runtime = on_learned_grid(runtime, learned, merra2)
        masks.append(runtime(water[None, None])["mask"][0])
    blind, seeing = ((mask == 2).mean() for mask in masks)
    assert blind < 0.005
    assert seeing == pytest.approx((rivers == 2).mean(), rel=0.02)
    there = conservative((rivers == 2).astype(float), learned, merra2) > 0.5
    assert (there == (masks[1] == 2)).mean() > 0.999


def test_openvino_sees_exactly_the_same(quarter_degree, rivers):
    pytest.importorskip("openvino")
    config, network = load_model(real_data(ONE))
    runtime = make_runtime(
        "openvino",
        Segmenter([network]),
        config.normalization,
        (768, 1152),
        device=torch.device("cpu"),
        precision="float32",
        threads=1,
    )
    mask = runtime(quarter_degree[None, None])["mask"][0]
    assert (mask != rivers).sum() == 0


def test_one_missing_value_blanks_the_map_without_our_check(quarter_degree):
    """Why incomplete samples are refused: the published failure, reproduced."""
    config, network = load_model(real_data(ONE))
    spoilt = quarter_degree.copy()
    spoilt[530, 203] = np.nan
    values = torch.from_numpy(config.normalization.apply(spoilt[None, None]))
    with torch.inference_mode():
        assert not network(values).argmax(dim=1).any()
