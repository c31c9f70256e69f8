"""Compiled networks are kept beside their model, and never taken for another one."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from stormtrace.grids import make_grid
from stormtrace.network import kept_networks
from stormtrace.network.cgnet import CGNet
from stormtrace.network.kept_networks import identity
from stormtrace.network.normalization import Normalization
from stormtrace.network.padding import suit_grid
from stormtrace.network.runtimes import Segmenter, make_runtime

pytest.importorskip("openvino")


class Few(nn.Module):
    """One convolution: a network that compiles in no time."""

    def __init__(self, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.layer = nn.Conv2d(1, 3, 3, padding=1)

    def forward(self, x):
        return self.layer(x)


SHAPE = (16, 24)
OWN = Normalization(("TMQ",), (20.0,), (10.0,))
VALUES = np.random.default_rng(0).normal(20, 10, (1, 1, *SHAPE)).astype("f4")


def runtime(folder, network):
    return make_runtime(
        "openvino",
        Segmenter([network]),
        OWN,
        SHAPE,
        device=torch.device("cpu"),
        precision="float32",
        threads=1,
        kept=folder,
    )


def masks(folder, network):
    return runtime(folder, network)(VALUES)["mask"]


def test_the_second_job_compiles_nothing_and_makes_the_same_masks(tmp_path, monkeypatch):
    first = masks(tmp_path / "kept", Few())
    assert len(np.unique(first)) > 1
    monkeypatch.setattr(torch.jit, "trace", lambda *_, **__: pytest.fail("compiled again"))
    np.testing.assert_array_equal(masks(tmp_path / "kept", Few()), first)


def test_a_damaged_file_is_made_again(tmp_path, caplog):
    first = masks(tmp_path, Few())
    (path,) = tmp_path.iterdir()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with caplog.at_level("INFO"):
        np.testing.assert_array_equal(masks(tmp_path, Few()), first)
    assert "made again" in caplog.text
    assert path.read_bytes() != content


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(tmp_path):
    (tmp_path / "file").touch()
    np.testing.assert_array_equal(masks(tmp_path / "file", Few()), masks(None, Few()))


def test_other_weights_have_another_file_and_only_some_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(kept_networks, "KEPT", 2)
    found = {masks(tmp_path, Few(seed)).tobytes() for seed in range(3)}
    assert len(found) == 3
    assert len(list(tmp_path.iterdir())) == 2


def test_an_identity_is_that_of_all_that_the_network_is_made_for():
    """Weights, their dtype and names alone do not say how the edges are padded."""
    networks = {}
    for kind, poles in (("sphere", True), ("sphere", False), ("circular", True)):
        torch.manual_seed(0)
        networks[kind, poles] = CGNet(3, 1, kind)
        grid = make_grid({"nlat": 40, "nlon": 40, "poles": poles})
        suit_grid(networks[kind, poles], grid)
    facts = {"shape": (40, 40)}
    different = {identity(Segmenter([one]), facts) for one in networks.values()}
    some = networks["sphere", True]
    different |= {
        identity(Segmenter([some], probabilities=True), facts),
        identity(Segmenter([some, some]), facts),
        identity(Segmenter([some]), facts | {"config": {"INFERENCE_NUM_THREADS": 2}}),
    }
    assert len(different) == 6
    assert identity(Segmenter([some]), facts) in different


STOPPED_AFTERWARDS = """
import pathlib, signal, sys
from test_kept_networks import Few, runtime

folder = pathlib.Path(sys.argv[1])
first, second = runtime(folder, Few()), runtime(folder, Few(1))
del first
del second
signal.signal(signal.SIGTERM, lambda *_: print("stopped", flush=True))
signal.raise_signal(signal.SIGTERM)
"""


def test_a_process_can_still_be_stopped_after_two_networks_are_gone(tmp_path):
    """Fails by a segmentation fault with a core a network, on processors that have AMX."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", STOPPED_AFTERWARDS, tmp_path]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "stopped\n"), done.stderr


TOLD = """
import stormtrace.network.openvino_core
import openvino.tools.ovc.telemetry_utils as used
print(used.tm.__name__)
"""


def test_nobody_is_told(tmp_path):
    """By itself OpenVINO keeps a number for whoever runs it in a folder of his, to be known by."""
    environment = os.environ | {"HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", TOLD], env=environment, capture_output=True)
    assert done.stdout == b"openvino.tools.ovc.telemetry_stub\n", done.stderr
    assert not list(tmp_path.iterdir())
