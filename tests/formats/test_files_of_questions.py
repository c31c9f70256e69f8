"""Files of decompositions, percentiles and zonal climatologies: CF, and read as they were written."""

import numpy as np
import pytest

from cf_compliance import cf_findings
from make_results import CLASSES, MINI
from stormtrace.formats.comparison_maps import SEASONS
from stormtrace.formats.decomposition_maps import (
    DecompositionMaps,
    read_decomposition,
    variables,
    write_decomposition,
)
from stormtrace.formats.extreme_thresholds import Thresholds, read_thresholds, write_thresholds
from stormtrace.formats.latitude_bands import band_centres
from stormtrace.formats.zonal_climatologies import (
    NAMES,
    PROBABILITIES,
    ZonalClimatology,
    read_zonal,
    write_zonal,
)

ABOUT = {"history": "made by a test"}


def test_a_decomposition(tmp_path):
    shape = (len(SEASONS), 2, *MINI.shape)
    rng = np.random.default_rng(0)
    maps = {name: rng.random(shape, np.float32) for name in variables(["TMQ"])}
    path = tmp_path / "d.nc"
    write_decomposition(path, DecompositionMaps(MINI, CLASSES, ["TMQ"], maps, ABOUT))
    assert cf_findings(path) == []
    found = read_decomposition(path).maps
    assert all(np.array_equal(found[name], maps[name]) for name in maps)


def test_percentiles(tmp_path):
    values = np.random.default_rng(1).random((2, 1, *MINI.shape), np.float32)
    counts = np.full((1, *MINI.shape), 500, np.int32)
    path = tmp_path / "t.nc"
    thresholds = Thresholds(
        "PRECT", "mm/day", "wet steps", 1.0, 3.0, [95.0, 99.0], ["annual"], values, values, counts
    )
    write_thresholds(path, thresholds, MINI, ABOUT)
    assert cf_findings(path) == []
    assert np.array_equal(read_thresholds(path, MINI).values, values)


@pytest.mark.parametrize("match", NAMES)
def test_a_zonal_climatology(tmp_path, match):
    shape = (12, band_centres().size, *([PROBABILITIES.size] if match == "quantiles" else []))
    rng = np.random.default_rng(2)
    values = {name: rng.random(shape) for name in NAMES[match]}
    path = tmp_path / "z.nc"
    steps = np.arange(12)
    write_zonal(path, ZonalClimatology("TMQ", "d", "g", match, "kg m-2", values, steps), ABOUT)
    assert cf_findings(path) == []
    found = read_zonal(path).values
    assert all(np.array_equal(found[name], values[name]) for name in values)
