"""Model folders: ours and ClimateNet's load; hostile, damaged and absurd ones do not."""

import contextlib
import json
import os
import pickle

import numpy as np
import pytest
import torch

from detection_runs import as_published
from labelled_factory import MEAN, STD
from stormtrace.errors import BadInput
from stormtrace.network.cgnet import CGNet
from stormtrace.network.model_files import load_model, read_config, read_weights, write_model

CLIMATENET = {
    "architecture": "cgnet",
    "fields": {"TMQ": {"mean": 19.2, "std": 15.8}},
    "labels": ["Background", "Tropical Cyclone", "Atmospheric River"],
    "lr": 0.001,
}


@pytest.fixture
def model(tmp_path):
    write_model(tmp_path / "model", CLIMATENET, CGNet(1, 3).state_dict(), "epoch\n1\n")
    return as_published(tmp_path / "model")


def change(model, **keys):
    path = model / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | keys))


def test_what_was_written_is_read(model):
    config, network = load_model(model)
    assert config.fields == ("TMQ",) and config.padding == "circular"
    assert (config.normalization.mean, config.normalization.std) == ((19.2,), (15.8,))
    again = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    write_model(model, config.content, again)
    _, second = load_model(model)
    assert all(torch.equal(again[name], one) for name, one in second.state_dict().items())
    assert not network.training


@pytest.mark.parametrize("name", ["config.json", "weights.pth"])
def test_a_model_of_ours_is_as_it_was_written(tmp_path, name):
    write_model(tmp_path, CLIMATENET, CGNet(1, 3).state_dict())
    load_model(tmp_path)
    path = tmp_path / name
    content = bytearray(path.read_bytes())
    content[content.index(b"9.2") if name == "config.json" else -5] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadInput, match=rf"{name} is damaged .*remove .*digest`"):
        load_model(tmp_path)
    load_model(as_published(tmp_path))  # as the message advises


def test_weights_are_written_for_old_torch_too(model):
    """torch 1.2 reads only the format that is not a zip archive."""
    assert not (model / "weights.pth").read_bytes().startswith(b"PK")


class Hostile:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_hostile_pickle_is_refused_and_does_nothing(model, tmp_path):
    trap = tmp_path / "harm"
    with (model / "weights.pth").open("wb") as stream:
        pickle.dump(Hostile(trap), stream, protocol=2)
    with pytest.raises(BadInput, match=r"weights\.pth holds more than tensors"):
        load_model(model)
    torch.save({"a": Hostile(trap)}, model / "weights.pth")
    with pytest.raises(BadInput, match=r"weights\.pth holds more than tensors"):
        load_model(model)
    assert not trap.exists()


def test_damaged_and_foreign_weights_are_refused(model):
    path = model / "weights.pth"
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(BadInput, match="damaged"):
        read_weights(path)
    torch.save([1, 2], path)
    with pytest.raises(BadInput, match="not a state dict"):
        read_weights(path)
    torch.save({"a": torch.tensor([1.0, float("nan")])}, path)
    with pytest.raises(BadInput, match="a has values that are not finite"):
        read_weights(path)
    path.unlink()
    with pytest.raises(BadInput, match="is missing"):
        read_weights(path)


def test_whatever_a_damaged_file_makes_torch_say_is_one_sentence(model):
    """Pickles cut short or changed raise whatever they meet: IndexError, AssertionError, …"""
    path = model / "weights.pth"
    whole = path.read_bytes()
    generator = np.random.default_rng(0)
    for _ in range(300):
        damaged = np.frombuffer(whole, np.uint8).copy()
        places = generator.integers(min(1000, damaged.size), size=2)
        damaged[places] = generator.integers(256, size=2)
        path.write_bytes(damaged.tobytes())
        with contextlib.suppress(BadInput):
            read_weights(path)


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda state: {f"module.{name}": one for name, one in state.items()},
        lambda state: {f"module._orig_mod.{name}": one for name, one in state.items()},
        lambda state: {"state_dict": state, "epoch": 3, "optimizer": {"lr": 0.1}},
        lambda state: {name: one.double() for name, one in state.items()},
    ],
    ids=["DataParallel", "compiled, DDP", "a checkpoint", "float64"],
)
def test_weights_are_found_however_a_training_saved_them(model, wrapped):
    _, network = load_model(model)
    state = network.state_dict()
    torch.save(wrapped(state), model / "weights.pth")
    _, again = load_model(model)
    assert all(torch.equal(state[name], one) for name, one in again.state_dict().items())


def test_a_tensor_that_repeats_a_value_for_ever_is_refused(model):
    """A stored scalar may claim a trillion values: looking at them would take all memory."""
    torch.save({"x": torch.ones(1).expand(10**12)}, model / "weights.pth")
    with pytest.raises(BadInput, match="claims more values than it holds"):
        read_weights(model / "weights.pth")


def test_weights_of_another_network_are_refused_in_one_sentence(model):
    change(model, fields={name: {"mean": MEAN[name], "std": STD[name]} for name in MEAN})
    with pytest.raises(BadInput, match=r"level1_0.conv.weight is \(32, 1, 3, 3\) instead of"):
        load_model(model)
    torch.save({"x": torch.ones(1)}, model / "weights.pth")
    with pytest.raises(BadInput, match=r"weights are missing .* 1 weights are unknown \(x"):
        load_model(model)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"fields": {f"F{i}": {"mean": 0, "std": 1} for i in range(100_000 // 40)}}, "2500 fields"),
        ({"fields": {}}, "0 fields"),
        ({"fields": ["TMQ"]}, "must map each field"),
        ({"fields": {"TMQ": {"mean": 1}}}, "TMQ has no number 'std'"),
        ({"fields": {"TMQ": {"mean": 1, "std": 0}}}, "standard deviation 0.0"),
        ({"fields": {"TMQ": {"mean": float("nan"), "std": 1}}}, "mean nan"),
        ({"fields": {"TMQ": {"mean": 10**400, "std": 1}}}, "TMQ has no number 'mean'"),
        ({"fields": {"TMQ": {"mean": None, "std": 1}}}, "TMQ has no number 'mean'"),
        ({"labels": [f"c{i}" for i in range(65)]}, "65 labels; a model has 2 to 64"),
        ({"labels": ["Background"]}, "1 labels"),
        ({"labels": ["Background", "a", "a"]}, "twice"),
        ({"labels": ["Background", "Blocking  High", "blocking_high"]}, "twice"),
        ({"labels": ["Background", " "]}, "an empty one"),
        ({"labels": ["Front", "Background"]}, "the first must be Background"),
        ({"labels": 3}, "must be a list"),
        ({"architecture": "resnet"}, "architecture 'resnet' is unknown"),
        ({"padding": "zeros"}, "padding 'zeros' is unknown"),
    ],
)
def test_absurd_configurations_are_refused(model, keys, message):
    change(model, **keys)
    with pytest.raises(BadInput, match=message):
        load_model(model)


def test_configurations_that_are_none_are_refused(model):
    path = model / "config.json"
    deep = "[" * 500_000
    for text, message in (
        ("[1]", "one JSON object"),
        ("{", "not JSON"),
        (deep, "not JSON"),
        (" " * 2**21, "bytes"),
    ):
        path.write_text(text)
        with pytest.raises(BadInput, match=message):
            read_config(model)
    path.unlink()
    with pytest.raises(BadInput, match=r"has no config\.json"):
        read_config(model)
