"""The checksum of a model: the same weights, however saved, and whatever else makes the masks."""

import json

import pytest
import torch

from detection_runs import as_published, make_model
from stormtrace.network.identity import model_checksum
from stormtrace.network.model_files import load_model, write_model


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return make_model(tmp_path_factory.mktemp("models") / "m", 3)


def checksum(folder):
    return model_checksum(*load_model(folder))


def altered(model, folder, change=lambda state: None, **keys):
    """A copy of a model with changed tensors or keys of its config.json."""
    config, network = load_model(model)
    state = network.state_dict()
    change(state)
    write_model(folder, dict(config.content) | keys, state)
    return folder


def test_saving_again_changes_the_file_and_not_the_checksum(model, tmp_path):
    first = altered(model, tmp_path / "first")
    state = torch.load(first / "weights.pth", weights_only=True)
    # As some other training saved them: another order, another format, wrapped.
    wrapped = {f"module.{name}": state[name] for name in reversed(state)}
    second = as_published(altered(model, tmp_path / "second"))
    torch.save({"state_dict": wrapped}, second / "weights.pth")
    files = {(one / "weights.pth").read_bytes() for one in (model, first, second)}
    assert len(files) > 1
    assert checksum(model) == checksum(first) == checksum(second)
    assert checksum(model).startswith("sha256:") and len(checksum(model)) == 7 + 64


def test_spelling_and_words_are_not_the_model(model, tmp_path):
    labels = ["background", "TROPICAL_CYCLONE", "Atmospheric  River"]
    other = altered(model, tmp_path / "other", labels=labels, description="another", name="other")
    assert checksum(other) == checksum(model)


def nudge(state):
    weights = state["level1_0.conv.weight"]
    weights[0, 0, 0, 0] = torch.nextafter(weights[0, 0, 0, 0], torch.tensor(1e9))


@pytest.mark.parametrize(
    ("change", "keys"),
    [
        (nudge, {}),
        (lambda state: state["bn_prelu_3.bn.running_mean"].add_(1e-3), {}),
        (lambda state: None, {"padding": "replicate"}),
        (lambda state: None, {"labels": ["Background", "Atmospheric River", "Tropical Cyclone"]}),
    ],
    ids=["the last bit of a weight", "a running mean", "padding", "order of the labels"],
)
def test_whatever_changes_masks_changes_the_checksum(model, tmp_path, change, keys):
    assert checksum(altered(model, tmp_path / "other", change, **keys)) != checksum(model)


def test_the_order_of_the_fields_is_the_model_s(model, tmp_path):
    fields = json.loads((model / "config.json").read_text())["fields"]
    turned = {name: fields[name] for name in reversed(fields)}
    assert checksum(altered(model, tmp_path / "other", fields=turned)) != checksum(model)
