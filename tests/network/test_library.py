"""Networks of segmentation_models_pytorch: behind our padding, through the whole pipeline."""

import sys

import netCDF4
import numpy as np
import pytest
import torch

from labelled_factory import FIELDS, MEAN, STD, write_labelled, write_samples
from stormtrace.detect.detection import Choice, Request, detect
from stormtrace.errors import BadInput
from stormtrace.formats.labelled import list_labelled
from stormtrace.formats.samples import open_folder
from stormtrace.learn.evaluation import evaluate
from stormtrace.learn.importance import permutation_importance
from stormtrace.learn.model_config import make_config
from stormtrace.learn.processes import Processes
from stormtrace.learn.recipe import Recipe
from stormtrace.learn.training import train
from stormtrace.network.architectures import make_network
from stormtrace.network.library import FAMILIES, MARGIN, MULTIPLE, LibraryNetwork, neighbours
from stormtrace.network.model_files import load_model, write_model
from stormtrace.network.normalization import Normalization
from stormtrace.network.predictor import load_predictor

CPU = torch.device("cpu")
SHAPE = (48, 64)
NORMALIZATION = Normalization(FIELDS, tuple(MEAN.values()), tuple(STD.values()))
RECIPE = Recipe(
    name="m",
    fields=list(FIELDS),
    dataset="made-up",
    grid="tiny",
    epochs=2,
    batch_size=2,
    validation=0.4,
)


def replace(recipe, **changes):
    return recipe.model_copy(update=changes)


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def library():
    """The package, or a skip with the reason."""
    try:
        make_network("unet", 1, 2, "sphere")
    except BadInput as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def labels(tmp_path_factory):
    return write_labelled(tmp_path_factory.mktemp("labels"), 4, shape=SHAPE)


@pytest.mark.parametrize("size", range(48, 200, 7))
def test_neighbours_fill_up_to_a_multiple_with_a_margin_on_both_sides(size):
    before, after = neighbours(size)
    assert min(before, after) >= MARGIN and (before + size + after) % MULTIPLE == 0
    assert before + after < 2 * MARGIN + MULTIPLE


def test_a_map_too_small_is_refused():
    with pytest.raises(BadInput, match="40 cells along an axis are too few"):
        LibraryNetwork(torch.nn.Identity(), "sphere")(torch.zeros(1, 1, 64, 40))


@pytest.mark.parametrize("padding", ["sphere", "circular", "replicate"])
def test_cells_stay_in_place_behind_the_padding(padding):
    x = torch.randn(2, 3, 45 + 8, 73)
    assert torch.equal(LibraryNetwork(torch.nn.Identity(), padding)(x), x)


def test_a_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "segmentation_models_pytorch", None)
    with pytest.raises(BadInput, match="pip install segmentation-models-pytorch"):
        make_network("deeplabv3plus", 4, 3, "circular")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_goes_through_the_whole_pipeline(library, labels, tmp_path, family):
    """Trained, scored, explained; and detection sees in both runtimes what the network says."""
    recipe = replace(RECIPE, architecture=family, epochs=1)
    trained = learn(recipe, labels, tmp_path)
    model = tmp_path / "model"
    write_model(model, make_config(recipe, NORMALIZATION, {}), trained.state)
    config, network = load_model(model)
    assert config.architecture == family

    predictor, files = load_predictor(model, "cpu"), list_labelled(labels)
    assert 0 < evaluate(predictor, files, "m")["mean_iou"] < 1
    importance = permutation_importance(predictor, files[:2], repeats=1)["importance"]
    assert importance.keys() == set(FIELDS)

    samples = write_samples(tmp_path / "2001", 2, shape=SHAPE)
    values = open_folder(samples, dict.fromkeys(FIELDS)).read(sorted(samples.glob("*.nc"))).values
    with torch.inference_mode():
        expected = network(torch.from_numpy(NORMALIZATION.apply(values))).argmax(1).numpy()
    for runtime in ("torch", "openvino"):
        choice = Choice(CPU, runtime)
        detect(Request([model], samples, tmp_path / "masks.nc", 2001, choice, attributes={}))
        with netCDF4.Dataset(tmp_path / "masks.nc") as dataset:
            assert dataset.runtime == runtime
            np.testing.assert_array_equal(dataset["mask"][:], expected)


def test_dropout_is_drawn_alike_after_a_stop(library, labels, tmp_path):
    """DeepLabv3+ drops half of its features at random in every step."""
    recipe = replace(RECIPE, architecture="deeplabv3plus")
    whole = learn(recipe, labels, tmp_path / "whole")
    learn(recipe, labels, tmp_path / "parts", time_budget=0)
    torch.manual_seed(99)  # what another process would have drawn in between
    part = learn(recipe, labels, tmp_path / "parts")
    assert len(part.history) == 2
    assert all(torch.equal(whole.state[name], one) for name, one in part.state.items())


def test_a_batch_of_one_is_too_small_for_deeplab(library, labels, tmp_path):
    with pytest.raises(BadInput, match=r"deeplabv3plus on 1 process.* needs at least 2"):
        learn(replace(RECIPE, architecture="deeplabv3plus", batch_size=1), labels, tmp_path)


def learn(recipe, labels, checkpoints, **options):
    return train(
        recipe,
        list_labelled(labels),
        NORMALIZATION,
        device=CPU,
        processes=Processes(),
        checkpoints=checkpoints,
        **options,
    )
