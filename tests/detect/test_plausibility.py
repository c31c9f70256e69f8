"""What a model was trained on and what it is given are compared; the model is obeyed."""

import json

import netCDF4
import numpy as np
import pytest

from detection_runs import SHAPE, look, make_model
from labelled_factory import FIELDS, write_samples
from real_data import real_data
from stormtrace.detect.plausibility import impossible_means, other_statistics, unlike_samples
from stormtrace.formats.samples import open_folder
from stormtrace.network.model_files import read_config
from stormtrace.network.normalization import Normalization


def test_a_published_model_has_the_statistics_of_another_field():
    """Of two of TMQ one has the mean 176.3 of IVT; 21.6 is right."""
    for name in ("062024_TMQ", "112024_TMQ"):
        config = read_config(real_data(f"polar_ar/trained_cgnet.{name}"))
        doubts = impossible_means(config.normalization, "config.json")
        wrong = config.normalization.mean[0] > 100
        assert len(doubts) == wrong
    assert wrong and "the mean of tmq is 176" in doubts[0]


def test_published_statistics_of_weather_are_possible():
    """ClimateNet's own and CESM's (domain facts), and lower case."""
    for means in ((19.2185, 1.553, 0.25413, 100814.08), (26.00806, 1.88917, 0.18509, 100820.219)):
        fields = ("TMQ", "U850", "V850", "PSL")
        assert impossible_means(Normalization(fields, means, (1.0,) * 4), "x") == []
    for field, mean in (("psl", 1008.1), ("Z500", 55000.0), ("T500", -20.0), ("Q700", 4.0)):
        (doubt,) = impossible_means(Normalization((field,), (mean,), (1.0,)), "x")
        assert f"the mean of {field} is {mean:g}" in doubt


@pytest.mark.parametrize("change", ["none", "hPa", "offset"])
def test_samples_are_compared_with_the_normalization(tmp_path, change):
    folder = open_folder(write_samples(tmp_path / "2001", 2, shape=SHAPE), dict.fromkeys(FIELDS))
    values = folder.read(folder.paths[:1]).values[0].reshape(len(FIELDS), -1)
    mean, std = values.mean(axis=1), values.std(axis=1)
    if change == "hPa":
        mean[0], std[0] = mean[0] / 100, std[0] / 100
    if change == "offset":
        mean[0] += 4 * std[0]
    given = Normalization(tuple(FIELDS), tuple(map(float, mean)), tuple(map(float, std)))
    doubts = unlike_samples(given, folder, ())
    assert len(doubts) == (change != "none")
    assert all(f"{FIELDS[0]} has the mean" in doubt for doubt in doubts)
    assert unlike_samples(given, folder, (FIELDS[0],)) == []


def test_detection_warns_and_obeys(tmp_path, caplog):
    """TMQ with the published statistics of IVT."""
    model = make_model(tmp_path / "m", 3)
    samples = write_samples(tmp_path / "2001", 2, shape=SHAPE)
    config = read_config(model)
    field = config.fields[0]
    shifted = Normalization(
        config.fields,
        (176.3, *config.normalization.mean[1:]),
        (148.2, *config.normalization.std[1:]),
    )
    masks, attributes = look(model, samples, tmp_path / "a.nc", normalization=shifted)
    assert f"the mean of {field}" in caplog.text and f"{field} has the mean" in caplog.text
    assert json.loads(attributes["statistics"])[field][0] == shifted.mean[0]
    with netCDF4.Dataset(tmp_path / "a.nc") as nc:
        assert field in nc.doubts
    assert np.isin(masks["mask"], (0, 1, 2)).all()


def test_statistics_of_another_dataset(tmp_path):
    path = tmp_path / "s.json"
    path.write_text(json.dumps({"dataset": "a", "grid": "g", "fields": {}}))
    assert other_statistics(path, "a", "g", {}) == []
    assert other_statistics(path, "b", "g", {"dataset": "a", "grid": "g"}) == []  # as trained
    (doubt,) = other_statistics(path, "b", "g", {"dataset": "a", "grid": "h"})
    assert "statistics of a on g, but samples are of b on g" in doubt
