"""A small network trained on labelled samples, and what it finds in those it has not seen."""

import netCDF4
import numpy as np
import torch

from stormtrace.formats.labelled import list_labelled
from stormtrace.learn.processes import Processes
from stormtrace.learn.recipe import Recipe
from stormtrace.learn.training import train
from stormtrace.network.cgnet import CGNet
from stormtrace.network.normalization import Normalization


def read(path, fields):
    """Fields (field, lat, lon) and labels (lat, lon) of a labelled sample."""
    with netCDF4.Dataset(path) as nc:
        values = np.array([nc[name][:].squeeze() for name in fields], np.float32)
        return values, nc["LABELS"][:].squeeze()


def found_and_true(folder, fields, labels, **options):
    """Train on `folder`/train; return classes found and true in `folder`/test, (maps, y, x) each.

    options: keys of a model's recipe.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # sums depend on the number of threads in the last bit
    files = {split: list_labelled(folder / split) for split in ("train", "test")}
    maps = {split: [read(file.path, fields) for file in of] for split, of in files.items()}
    values = np.array([one for one, _ in maps["train"]], np.float64)
    mean, std = values.mean(axis=(0, 2, 3)), values.std(axis=(0, 2, 3))
    names = {"name": "small", "dataset": "planet", "grid": "mini", "fields": list(fields)}
    recipe = Recipe(**names, labels=labels, validation=0, **options)
    trained = train(
        recipe, files["train"], Normalization(fields, tuple(mean.tolist()), tuple(std.tolist())),
        device=torch.device("cpu"), processes=Processes(), checkpoints=folder / "kept",
    )  # fmt: skip
    network = CGNet(len(fields), len(labels), padding=recipe.padding)
    network.load_state_dict(trained.state)
    network.eval()
    unseen = np.array([one for one, _ in maps["test"]]) - mean[:, None, None]
    with torch.no_grad():
        scores = network(torch.tensor(unseen / std[:, None, None], dtype=torch.float32))
    torch.set_num_threads(threads)
    return scores.argmax(dim=1).numpy(), np.array([labels for _, labels in maps["test"]])


def iou(found, true):
    """Intersection over union of two masks."""
    return (found & true).sum() / (found | true).sum()
