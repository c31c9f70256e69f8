"""Options of learning against our default (`bench_learn.py --options`), with intervals by date.

Every option sees as many samples as the default. The difference of mean IoU is that of the same
dates, meant over seeds, with its 95 % interval when dates are drawn anew. Averages over mirror
images and over the seeds (an ensemble) need no training of their own.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from stormtrace.formats.labelled import (
    attributes_of,
    by_time,
    grid_of,
    list_labelled,
    read_labelled,
)
from stormtrace.learn import losses, reliability
from stormtrace.learn.augment import odd_fields
from stormtrace.learn.processes import Processes
from stormtrace.learn.recipe import Recipe
from stormtrace.learn.training import train
from stormtrace.network import scores
from stormtrace.network.architectures import make_network
from stormtrace.network.mirror_average import MirrorAverage, suit_normalization
from stormtrace.network.padding import suit_grid

CPU = torch.device("cpu")
CLASSES = 3
BASE = "ours"
#: Name -> what differs from the default.
OPTIONS = {
    BASE: {},
    "soft labels, Jaccard metric loss": {"labellings": "soft"},
    "soft labels, votes counted": {"labellings": "soft", "count_votes": True},
    "soft labels, the loss of before": {"labellings": "soft", "loss": "soft-jaccard"},
    "absent classes count": {"loss": "jaccard-of-all"},
    "moving average of weights": {"weight_average": 0.9},
    "batches of 8": {"batch_size": 8},
    "batches of 8, lr doubled": {"batch_size": 8, "lr": 0.01},
}


def soft_jaccard(logits, target, total, weight=None):
    """Σ p·t / Σ (p + t − p·t) of the classes present: what `jaccard` was for soft labels, too."""
    p = logits.float().softmax(dim=1)
    hits, predicted, true = (one.sum(dim=(0, 2, 3)) for one in (p * target, p, target))
    return 1 - (hits / (predicted + true - hits))[true > 0].mean()


def jaccard_of_all(logits, target, total, weight=None):
    """The Jaccard metric loss of all classes; an absent one is best where none is predicted."""
    p = logits.float().softmax(dim=1)
    both = torch.minimum(p, target).sum(dim=(0, 2, 3))
    either = torch.maximum(p, target).sum(dim=(0, 2, 3))
    return 1 - ((both + 1) / (either + 1)).mean()


losses.LOSSES |= {"soft-jaccard": soft_jaccard, "jaccard-of-all": jaccard_of_all}


def options(flags, fields, moments):
    """Return the lines of the table; results of single trainings are kept in `flags.keep`."""
    files, test = list_labelled(flags.train), list_labelled(flags.test)
    normalization, began = moments(files), time.process_time()
    kept = json.loads(flags.keep.read_text()) if flags.keep.is_file() else {}
    networks = {}
    for name in flags.only or OPTIONS:
        for seed in flags.seeds:
            key = f"{name}/{seed}/{flags.epochs}"
            if key in kept and name != BASE:
                continue
            network = learn(flags, files, normalization, fields, name, seed)
            networks[name, seed] = network  # of the default: members of an ensemble
            kept[key] = counts([network], test, normalization, fields)
            if name == BASE:
                mirrored = mirror(network, files, fields, normalization)
                kept[f"mean with the mirror image/{seed}/{flags.epochs}"] = counts(
                    [mirrored], test, normalization, fields
                )
            flags.keep.write_text(json.dumps(kept))
            print(
                name, seed, f"{time.process_time() - began:.0f} CPU s", file=sys.stderr, flush=True
            )
    members = [networks[BASE, seed] for seed in flags.seeds if (BASE, seed) in networks]
    if len(members) > 1:
        together = counts(members, test, normalization, fields)
        kept |= {
            f"ensemble of {len(members)}/{seed}/{flags.epochs}": together for seed in flags.seeds
        }
        flags.keep.write_text(json.dumps(kept))
    return table(kept, flags, files, test)


def learn(flags, files, normalization, fields, name, seed):
    """Return the network that an option learns from one seed, seeing as many samples."""
    choice = {"lr": 0.005} | OPTIONS[name]
    soft = choice.get("labellings") == "soft"
    samples = len(by_time(files)) if soft else len(files)
    epochs = round(flags.epochs * len(files) / samples)
    recipe = Recipe(
        name="bench", fields=list(fields), dataset="bench", grid="bench", epochs=epochs, seed=seed
    ).model_copy(update=choice)
    with tempfile.TemporaryDirectory() as folder:
        trained = train(
            recipe,
            files,
            normalization,
            device=CPU,
            processes=Processes(),
            checkpoints=Path(folder),
        )
    network = make_network(recipe.architecture, len(fields), CLASSES, recipe.padding)
    network.load_state_dict(trained.state)
    return network.eval()


def mirror(network, files, fields, normalization):
    """Return a network that looks at mirror images, too."""
    from stormtrace.learn.recipe import Augment

    odd = odd_fields(Augment(), fields, grid_of(files), attributes_of(files[0].path, fields))
    averaged = MirrorAverage(network, tuple(field in odd for field in fields))
    suit_normalization(averaged, normalization)
    return averaged.eval()


@torch.inference_mode()
def counts(networks, test, normalization, fields):
    """Return date -> confusion matrix, and the counts of probabilities, of the mean of networks."""
    grid = grid_of(test)
    for network in networks:
        suit_grid(network, grid)
    confusions, probabilities = {}, np.zeros((CLASSES, reliability.BINS, 3))
    for file in test:
        sample = read_labelled(file.path, fields, CLASSES, grid)
        x = torch.from_numpy(normalization.apply(sample.values[None]))
        mean = torch.stack([one(x).softmax(dim=1) for one in networks]).mean(dim=0)[0]
        matrix = scores.confusion_matrix(sample.labels, mean.argmax(dim=0).numpy(), CLASSES)
        confusions[file.date] = confusions.get(file.date, 0) + matrix
        probabilities += reliability.count_probabilities(mean.numpy(), sample.labels)
    return {
        "confusions": {date: one.tolist() for date, one in confusions.items()},
        "calibration": reliability.calibration_error(probabilities).tolist(),
    }


def table(kept, flags, files, test):
    """Return the table of what there is, options that lack a seed left out."""
    names = list(dict.fromkeys(key.rsplit("/", 2)[0] for key in kept))
    lines = [
        f"{len(files)} training and {len(test)} test files of {len({file.date for file in test})} "
        f"dates, {flags.epochs} epochs of the default (the others as many samples), seeds "
        f"{flags.seeds}: test IoU, the difference of mean IoU and its 95 % interval over dates, "
        "the lowest and highest of the seeds' differences, calibration error.",
        "",
        "| option | TC | AR | mean | difference | interval | seeds | error TC | error AR |",
        "|---|---|---|---|---|---|---|---|---|",
    ]

    def stacked(name):
        each = [kept.get(f"{name}/{seed}/{flags.epochs}") for seed in flags.seeds]
        return None if None in each else each

    def confusions(each):
        dates = sorted(each[0]["confusions"])
        return np.stack([[one["confusions"][date] for one in each] for date in dates])

    base = confusions(stacked(BASE))
    for name in names:
        each = stacked(name)
        if each is None:
            continue
        own = confusions(each)
        both = np.stack([base, own], axis=1)  # (dates, 2, seeds, classes, classes)

        def difference(summed):
            means = scores.mean_iou(summed)
            return (means[..., 1, :] - means[..., 0, :]).mean(axis=-1)

        low, high = scores.bootstrap_intervals(both, difference)
        ious = scores.iou(own.sum(axis=0)).mean(axis=0)
        by_seed = scores.mean_iou(own.sum(axis=0)) - scores.mean_iou(base.sum(axis=0))
        error = np.mean([one["calibration"] for one in each], axis=0)
        shown = [f"{ious[1]:.3f}", f"{ious[2]:.3f}", f"{ious.mean():.3f}"]
        if name == BASE:
            shown += ["", "", ""]
        else:
            shown += [
                f"{float(difference(both.sum(axis=0))):+.3f}",
                f"{float(low):+.3f} … {float(high):+.3f}",
                f"{by_seed.min():+.3f} … {by_seed.max():+.3f}",
            ]
        shown += [f"{error[1]:.4f}", f"{error[2]:.4f}"]
        lines.append("| " + " | ".join([name, *shown]) + " |")
    missing = [name for name in [*OPTIONS, "ensemble"] if not any(name in one for one in lines)]
    return [*lines, "", f"Not measured: {'; '.join(missing)}."] if missing else lines
