"""Averages: of weights over steps, and of a map with its mirror image."""

import numpy as np
import pytest
import torch
from torch import nn

from detection_runs import OWN, SHAPE, make_model
from labelled_factory import FIELDS, MEAN, STD, coordinates, weather, write_labelled
from stormtrace.errors import BadInput
from stormtrace.formats.labelled import list_labelled
from stormtrace.grids import Grid
from stormtrace.learn.augment import odd_fields
from stormtrace.learn.processes import Processes
from stormtrace.learn.recipe import Augment, Recipe
from stormtrace.learn.training import train
from stormtrace.learn.weight_average import WeightAverage
from stormtrace.network.mirror_average import MirrorAverage, suit_normalization
from stormtrace.network.model_files import load_model, write_model
from stormtrace.network.normalization import Normalization
from stormtrace.network.padding import suit_grid
from stormtrace.network.predictor import Predictor

pytestmark = pytest.mark.usefixtures("small_network")
CPU = torch.device("cpu")
GRID = Grid(*coordinates(SHAPE))


def test_an_average_of_weights_by_hand():
    """Weights 0, then 1, 2, 3: with 2/11, 3/12 and ¼ (the decay asked for) kept of the old."""
    network = nn.Linear(1, 1, bias=False)
    network.weight.data.zero_()
    average = WeightAverage(network, 0.25)
    expected = 0.0
    for step, keep in ((1.0, 2 / 11), (2.0, 3 / 12), (3.0, 1 / 4)):
        network.weight.data.fill_(step)
        average.update(network)
        expected = keep * expected + (1 - keep) * step
    assert average.network.weight.item() == pytest.approx(expected)


def test_running_statistics_are_averaged_and_counters_copied():
    network = nn.BatchNorm2d(2)
    average = WeightAverage(network, 0.9)
    network(torch.randn(4, 2, 5, 5) + 3)
    average.update(network)
    assert average.network.num_batches_tracked == 1
    kept = 2 / 11
    torch.testing.assert_close(average.network.running_mean, (1 - kept) * network.running_mean)


def test_a_stopped_training_goes_on_with_its_average(tmp_path):
    torch.set_num_threads(1)
    folder = write_labelled(tmp_path / "train", 4)
    recipe = Recipe(name="m", fields=list(FIELDS), dataset="d", grid="g", epochs=2, lr=0.003)

    def learn(checkpoints, recipe=recipe, **options):
        moments = Normalization(FIELDS, tuple(MEAN.values()), tuple(STD.values()))
        files = list_labelled(folder)
        options |= {"device": CPU, "processes": Processes(), "checkpoints": checkpoints}
        return train(recipe, files, moments, **options)

    averaged = recipe.model_copy(update={"weight_average": 0.9})
    whole = learn(tmp_path / "whole", averaged)
    for _ in range(2):
        part = learn(tmp_path / "parts", averaged, time_budget=0)
    assert all(torch.equal(whole.state[name], one) for name, one in part.state.items())
    plain = learn(tmp_path / "plain")
    assert plain.history[0]["train_loss"] == whole.history[0]["train_loss"]  # the same steps
    assert plain.history[0]["validation_loss"] != whole.history[0]["validation_loss"]


def mirrored_model(tmp_path, odd):
    """A model with random weights that means maps and their mirror images."""
    config, network = load_model(make_model(tmp_path / "m", 3))
    content = dict(config.content) | {"mirror_average": odd}
    write_model(tmp_path / "m", content, network.state_dict())
    return load_model(tmp_path / "m")


def test_mirrored_weather_gives_the_mirrored_answer(tmp_path):
    """With V850 changing sign, whatever the weights; without the mean it does not."""
    values = np.stack([weather(0, SHAPE)[0][name] for name in FIELDS])[None]
    mirrored = values[:, :, ::-1].copy()
    mirrored[:, 2] *= -1
    config, network = mirrored_model(tmp_path, ["V850"])
    predictor = Predictor(config, network, CPU).on(GRID)
    (codes, probabilities), (other, others) = predictor.look(values), predictor.look(mirrored)
    np.testing.assert_allclose(others[:, :, ::-1], probabilities, atol=1e-5)  # float32
    assert (other[:, ::-1] == codes).mean() > 0.9999
    alone = Predictor(config, network.network, CPU).on(GRID)
    assert abs(alone.look(mirrored)[1][:, :, ::-1] - alone.look(values)[1]).max() > 0.01
    np.testing.assert_allclose(
        probabilities, (alone.look(values)[1] + alone.look(mirrored)[1][:, :, ::-1]) / 2, atol=1e-6
    )


def test_the_normalization_of_an_experiment_moves_the_mirror_with_it():
    """Raw −v is (−v − m) / s = −x − 2 m / s, for whichever mean m and deviation s are in use."""
    network = MirrorAverage(nn.Identity(), (False, False, True, False))
    other = Normalization(FIELDS, OWN.mean, tuple(2 * one for one in OWN.std))
    for normalization in (OWN, other):
        suit_normalization(network, normalization)
        raw = np.ones((4, 3, 5), np.float32)
        flipped = raw * np.array([1, 1, -1, 1], np.float32)[:, None, None]
        x = torch.from_numpy(normalization.apply(raw))
        np.testing.assert_allclose(
            x * network.signs + network.offsets, normalization.apply(flipped), rtol=1e-4
        )


def test_a_mirror_needs_a_symmetric_grid_and_known_fields(tmp_path):
    _, network = mirrored_model(tmp_path, ["V850"])
    with pytest.raises(BadInput, match=r"latitudes run from -30 to 60: run the model on a grid"):
        suit_grid(network, Grid(np.arange(-30.0, 61.0), np.arange(0.0, 360.0)))
    with pytest.raises(BadInput, match=r"mirror_average` is .'W'., but must list"):
        mirrored_model(tmp_path, ["W"])
    assert odd_fields(Augment(flip=False), ["TMQ", "V850"], GRID, {}) == ["V850"]
