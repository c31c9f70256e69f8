"""What the tests of detection share: a network with random weights, and a run of it."""

import json
from pathlib import Path

import netCDF4
import numpy as np
import torch

from labelled_factory import FIELDS, MEAN, STD, weather
from stormtrace.detect.detection import Request, detect
from stormtrace.detect.network_run import Choice
from stormtrace.network.cgnet import CGNet
from stormtrace.network.model_files import write_model
from stormtrace.network.normalization import Normalization

SHAPE = (45, 72)
SCRIPTS = Path(__file__).parents[1] / "scripts"
OWN = Normalization(FIELDS, tuple(MEAN.values()), tuple(STD.values()))


def make_model(folder, seed, padding="sphere"):
    """A network with random weights whose logits have no mean, so its masks have all classes."""
    torch.manual_seed(seed)
    network = CGNet(4, 3, padding).eval()
    features = []
    network.bn_prelu_3.register_forward_hook(lambda *hooked: features.append(hooked[-1]))
    fields, _ = weather(0, SHAPE)
    with torch.inference_mode():
        network(torch.from_numpy(OWN.apply(np.stack([fields[f] for f in FIELDS])[None])))
    mean = features[0].mean((0, 2, 3))
    kernel = network.classifier[0].conv.weight.data
    kernel -= (kernel[:, :, 0, 0] @ mean / (mean @ mean))[:, None, None, None] * mean[:, None, None]
    content = {
        "architecture": "cgnet",
        "padding": padding,
        "fields": {name: {"mean": MEAN[name], "std": STD[name]} for name in FIELDS},
        "labels": ["Background", "Tropical Cyclone", "Atmospheric River"],
    }
    write_model(folder, content, network.state_dict())
    return folder


def look(
    models,
    samples,
    output,
    *,
    normalization=None,
    neutral=(),
    year=2001,
    periods=(),
    missing_steps=None,
    adjust=(),
    blank="allow",  # networks with random weights are
    **choice,
):
    request = Request(
        [models] if isinstance(models, Path) else models,
        samples,
        output,
        year=year,
        periods=periods,
        missing_steps=missing_steps,
        normalization=normalization,
        neutral=neutral,
        adjust=adjust,
        choice=Choice(torch.device("cpu"), blank=blank, **choice),
        attributes={"experiment": "test"},
    )
    detect(request)
    with netCDF4.Dataset(output) as dataset:
        dataset.set_auto_maskandscale(False)
        variables = {name: dataset[name][:] for name in dataset.variables}
        return variables, {name: dataset.getncattr(name) for name in dataset.ncattrs()}


def as_published(folder):
    """Take the digests out of a model's config.json, which other people's models do not have."""
    path = folder / "config.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps({k: v for k, v in content.items() if "digest" not in k}))
    return folder
