"""What a training step costs on this machine's CPU, and how well each loss and network learns.

    nice python benchmarks/bench_learn.py [--peers CLIMATENET] [--train FOLDER --test FOLDER]

Writes benchmarks/learn.md; with --options only its last part, the options of a recipe against our
default (learn_options.py), as `--options --seeds "[0, 1, 2]"`. Steps are timed at two sizes of map,
beside those of --peers, a checkout of github.com/andregraubner/ClimateNet (its network and loss;
without it our own in its way). Losses and networks learn from labelled folders, by default the mini
planet's, for the same number of epochs, and are scored on held-out labels; networks besides CGNet
where their library is installed.
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import netCDF4
import numpy as np
import torch

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from stormtrace.errors import BadInput  # noqa: E402
from stormtrace.formats.labelled import list_labelled  # noqa: E402
from stormtrace.learn.evaluation import evaluate  # noqa: E402
from stormtrace.learn.losses import LOSSES  # noqa: E402
from stormtrace.learn.model_config import make_config  # noqa: E402
from stormtrace.learn.processes import Processes  # noqa: E402
from stormtrace.learn.recipe import Recipe  # noqa: E402
from stormtrace.learn.training import train  # noqa: E402
from stormtrace.network.architectures import ARCHITECTURES, make_network  # noqa: E402
from stormtrace.network.devices import prepare_device  # noqa: E402
from stormtrace.network.model_files import parse_config  # noqa: E402
from stormtrace.network.normalization import Normalization  # noqa: E402
from stormtrace.network.predictor import Predictor  # noqa: E402

LABELS = ROOT / "results" / "planet" / "climatenet"
FIELDS = ["TMQ", "U850", "V850", "PSL"]
OPTIONS_TITLE = "## Options of a recipe, against our default, after {} epochs"
CPU = torch.device("cpu")
PUBLISHED = {
    "loss": "published-double-softmax",
    "padding": "circular",
    "optimizer": "adam",
    "schedule": "constant",
    "warmup": 0.0,
    "lr": 0.001,
    "augment": {},
}
RECIPES = {
    "as published": PUBLISHED,
    "published, one softmax": PUBLISHED | {"loss": "jaccard"},
    "ours": {"lr": 0.005},
    "ours, cross-entropy": {"lr": 0.005, "loss": "cross-entropy"},
    "ours, circular padding": {"lr": 0.005, "padding": "circular"},
    "ours, no augmentation": {"lr": 0.005, "augment": {}},
    "ours, deeplabv3plus": {"lr": 0.001, "architecture": "deeplabv3plus"},
    "ours, unet": {"lr": 0.001, "architecture": "unet"},
    "ours, segformer": {"lr": 0.001, "architecture": "segformer"},
}
STEPS = (  # network, map, batch, channels-last, bfloat16
    ("published", (96, 144), 4, False, False),
    ("cgnet", (96, 144), 4, False, False),
    ("cgnet", (96, 144), 4, True, False),
    ("cgnet", (96, 144), 4, False, True),
    ("published", (384, 576), 1, False, False),
    ("cgnet", (384, 576), 1, False, False),
    ("cgnet", (384, 576), 1, True, False),
    ("cgnet", (384, 576), 1, False, True),
    ("deeplabv3plus", (384, 576), 2, False, False),
    ("unet", (384, 576), 1, False, False),
    ("segformer", (384, 576), 1, False, False),
)


def main():
    """Measure and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=Path, default=LABELS / "train", help="labelled samples")
    parser.add_argument("--test", type=Path, default=LABELS / "test", help="labelled samples")
    parser.add_argument("--peers", type=Path, help="a checkout of ClimateNet")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seeds", type=json.loads, default=[0], help="JSON")
    parser.add_argument("--options", action="store_true", help="measure the options alone")
    parser.add_argument("--only", type=json.loads, help="names of options, JSON")
    parser.add_argument(
        "--keep", type=Path, default=Path("learn_options.json"), help="what is measured already"
    )
    parser.add_argument("--step", type=json.loads, help=argparse.SUPPRESS)
    flags = parser.parse_args()
    prepare_device(CPU, flags.threads)
    if flags.step is not None:
        print(json.dumps(step_cost(flags.peers, *flags.step)))
        return
    if flags.options:
        from learn_options import options

        title = OPTIONS_TITLE.format(flags.epochs)
        write([title, "", *options(flags, FIELDS, moments)])
        return
    there = [name for name in ARCHITECTURES if is_there(name)]
    lines = ["# Learning, measured on a CPU", "", *steps(flags, there)]
    if flags.train.is_dir() and flags.test.is_dir():
        lines += ["", *losses(flags, there)]
    write(lines)


def write(lines):
    """Write one section of the page, which its first line names, and keep the others."""
    path = ROOT / "benchmarks" / "learn.md"
    sections = re.split(r"\n(?=## )", path.read_text(encoding="utf-8"))
    page = {one.partition("\n")[0]: one.strip() for one in sections}
    page[lines[0]] = "\n".join(lines).strip()
    print(page[lines[0]])
    path.write_text("\n\n".join(page.values()) + "\n", encoding="utf-8")


def is_there(architecture):
    """Whether a network's library is installed."""
    try:
        make_network(architecture, 1, 2, "sphere")
    except BadInput:
        return False
    return True


def steps(flags, there):
    """Time training steps, each in a process of its own: forward, loss, backward, optimizer."""
    peers = "ClimateNet's own code" if flags.peers else "our network in ClimateNet's way"
    lines = [
        f"A training step (4 fields, Jaccard, AdamW), {flags.threads} thread(s); published: "
        f"{peers}, its loss and Adam. CPU seconds a sample and peak memory; trust ratios.",
        "",
        "| network | parameters | map | batch | channels-last | bfloat16 | s a sample | peak GB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, shape, batch, *marks in STEPS:
        if name not in (*there, "published"):
            continue
        line = [sys.executable, __file__, "--threads", str(flags.threads)]
        line += ["--step", json.dumps([name, shape, batch, *marks])]
        line += ["--peers", str(flags.peers)] if flags.peers else []
        environment = os.environ | {"OMP_NUM_THREADS": str(flags.threads)}
        done = subprocess.run(line, check=True, stdout=subprocess.PIPE, text=True, env=environment)
        seconds, memory, parameters = json.loads(done.stdout.splitlines()[-1])
        told = " | ".join("yes" if one else "" for one in marks)
        lines.append(
            f"| {name} | {parameters / 1e6:.1f} M | {shape[0]} × {shape[1]} | {batch} | {told} | "
            f"{seconds:.3f} | {memory:.2f} |"
        )
        print(lines[-1], file=sys.stderr)
    return lines


def step_cost(peers, name, shape, batch, channels_last, reduced):
    """Median CPU seconds a sample of one step, peak memory in GB, number of parameters."""
    torch.manual_seed(0)
    network, loss = published(peers) if name == "published" else ours(name)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    network = network.to(memory_format=layout).train()
    family = torch.optim.Adam if name == "published" else torch.optim.AdamW
    optimizer = family(network.parameters(), fused=name != "published")
    values = torch.randn(batch, 4, *shape).contiguous(memory_format=layout)
    codes = torch.randint(0, 3, (batch, *shape))
    seconds = []
    for _ in range(6):
        began = time.process_time()
        with torch.autocast("cpu", torch.bfloat16, enabled=reduced):
            logits = network(values)
        loss(logits, codes).backward()
        optimizer.step()
        optimizer.zero_grad()
        seconds.append((time.process_time() - began) / batch)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    parameters = sum(one.numel() for one in network.parameters())
    return float(np.median(seconds[1:])), memory, parameters


def ours(name):
    """One of our networks and the Jaccard loss of class codes."""
    return make_network(name, 4, 3, "sphere"), lambda logits, codes: LOSSES["jaccard"](
        logits, one_hot(codes), lambda x: x
    )


def published(peers):
    """ClimateNet's network and loss, from its checkout or as ours reproduces them."""
    if peers is None:
        return make_network("cgnet", 4, 3, "circular"), lambda logits, codes: LOSSES[
            "published-double-softmax"
        ](logits, one_hot(codes), lambda x: x)
    sys.path.insert(0, str(peers))
    from climatenet.models import CGNetModule
    from climatenet.utils.losses import jaccard_loss

    network = CGNetModule(classes=3, channels=4)
    return network, lambda logits, codes: jaccard_loss(torch.softmax(logits, 1), codes)


def one_hot(codes):
    """Codes (b, h, w) → (b, 3, h, w) float32."""
    return torch.nn.functional.one_hot(codes, 3).permute(0, 3, 1, 2).float()


def losses(flags, there):
    """Train each recipe for the same number of epochs and score it on the test labels."""
    files, test = list_labelled(flags.train), list_labelled(flags.test)
    normalization = moments(files)
    lines = [
        f"{len(files)} training and {len(test)} test files, {flags.epochs} epochs, mean over seeds "
        f"{flags.seeds}: test IoU, predicted over true area, CPU seconds a sample of training.",
        "",
        "| recipe | background | TC | AR | mean | area TC | area AR | s a sample |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, choice in RECIPES.items():
        if choice.get("architecture", "cgnet") not in there:
            continue
        scores = []
        for seed in flags.seeds:
            recipe = Recipe(
                name="bench",
                fields=list(FIELDS),
                dataset="bench",
                grid="bench",
                epochs=flags.epochs,
                seed=seed,
            )
            recipe = recipe.model_copy(update=choice)
            scores.append(score(recipe, files, test, normalization))
            print(name, seed, scores[-1], file=sys.stderr)
        lines.append(
            "| " + " | ".join([name, *(f"{one:.3f}" for one in np.mean(scores, 0))]) + " |"
        )
    return lines


def score(recipe, files, test, normalization):
    """Test IoU of each class, their mean, area ratios of the features, CPU seconds a sample."""
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        trained = train(
            recipe,
            files,
            normalization,
            device=CPU,
            processes=Processes(),
            checkpoints=Path(folder),
        )
    seconds = (time.process_time() - began) / (recipe.epochs * len(files))
    network = make_network(recipe.architecture, len(FIELDS), 3, recipe.padding)
    network.load_state_dict(trained.state)
    config = parse_config(make_config(recipe, normalization, {}), "bench")
    result = evaluate(Predictor(config, network.eval(), CPU), test, "bench")
    areas = list(result["area_ratio"].values())[1:]
    return [*result["iou"].values(), result["mean_iou"], *areas, seconds]


def moments(files):
    """Mean and standard deviation of each field over the training files."""
    values = {name: [] for name in FIELDS}
    for file in files:
        with netCDF4.Dataset(file.path) as dataset:
            for name in FIELDS:
                values[name].append(np.asarray(dataset[name][:], np.float64))
    stacked = {name: np.stack(each) for name, each in values.items()}
    return Normalization(
        tuple(FIELDS),
        tuple(float(one.mean()) for one in stacked.values()),
        tuple(float(one.std()) for one in stacked.values()),
    )


if __name__ == "__main__":
    main()
