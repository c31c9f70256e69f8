"""Small maps that a CPU runs several at once: what is said of one depends on no other."""

import numpy as np
import pytest
import torch

from stormtrace.grids import make_grid
from stormtrace.network.cgnet import CGNet
from stormtrace.network.normalization import Normalization
from stormtrace.network.padding import suit_grid
from stormtrace.network.runtimes import (
    LOGIT_SUM,
    MAPS_AT_ONCE,
    Segmenter,
    make_runtime,
    maps_at_once,
)

FIELDS = ("TMQ", "U850", "V850", "PSL")
GRID = make_grid({"nlat": 96, "nlon": 144})


@pytest.fixture(scope="module")
def runtime():
    torch.manual_seed(0)
    network = CGNet(len(FIELDS), 3, "sphere")
    with torch.no_grad():
        for _ in range(3):  # batch norms of a network that has learned
            network(torch.randn(2, len(FIELDS), 64, 96))
    suit_grid(network, GRID)
    own = Normalization(FIELDS, (0.0,) * 4, (1.0,) * 4)
    return make_runtime(
        "torch",
        Segmenter([network], probabilities=True),
        own,
        GRID.shape,
        device=torch.device("cpu"),
        precision="float32",
        threads=1,
    )


def test_a_map_has_the_same_mask_bit_by_bit_whatever_it_is_run_with(runtime):
    values = np.random.default_rng(1).normal(size=(6, len(FIELDS), *GRID.shape)).astype("f4")
    whole = runtime.run(values)
    assert len(np.unique(whole["probability"])) > 10
    assert len(whole["mask"]) == len(values)
    for places in ([3], [5, 1], [0, 1, 2, 3, 4], [4, 4, 4, 4, 4, 2, 0, 1, 3]):
        some = runtime.run(values[places])
        for name in ("mask", "probability", LOGIT_SUM):
            assert np.array_equal(some[name], whole[name][places])


def test_large_maps_are_run_one_by_one_and_the_smallest_not_by_the_hundred():
    assert maps_at_once(768 * 1152) == maps_at_once(361 * 576) == 1
    assert maps_at_once(96 * 144) == 4
    assert maps_at_once(40 * 40) == MAPS_AT_ONCE
