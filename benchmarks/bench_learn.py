"""What a training step costs on this machine's CPU, and how fast each loss learns.

    nice python benchmarks/bench_learn.py [--train FOLDER --test FOLDER] [--threads 1] [--epochs 8]

Writes benchmarks/learn.md. Steps are timed at two sizes of map. With labelled folders (such as the
mini planet's, results/planet/climatenet/{train,test}) the losses are trained for the same number of
steps and scored.
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import netCDF4
import numpy as np
import torch

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from stormtrace.detect.devices import peak_memory, prepare_device  # noqa: E402
from stormtrace.detect.normalization import Normalization  # noqa: E402
from stormtrace.learn.cgnet import CGNet  # noqa: E402
from stormtrace.learn.evaluation import evaluate  # noqa: E402
from stormtrace.learn.labelled import list_labelled  # noqa: E402
from stormtrace.learn.losses import LOSSES  # noqa: E402
from stormtrace.learn.model_folder import make_config, parse_config  # noqa: E402
from stormtrace.learn.predictor import Predictor  # noqa: E402
from stormtrace.learn.processes import Processes  # noqa: E402
from stormtrace.learn.recipe import Recipe  # noqa: E402
from stormtrace.learn.training import train  # noqa: E402

FIELDS = ["TMQ", "U850", "V850", "PSL"]
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
}


def main():
    """Measure and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=Path, help="folder of labelled samples")
    parser.add_argument("--test", type=Path, help="folder of labelled samples")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seeds", type=json.loads, default=[0], help="JSON")
    flags = parser.parse_args()
    prepare_device(CPU, flags.threads)
    lines = ["# Learning, measured on a CPU", "", *steps(flags.threads)]
    if flags.train and flags.test:
        lines += ["", *losses(flags)]
    text = "\n".join(lines) + "\n"
    print(text)
    (ROOT / "benchmarks" / "learn.md").write_text(text, encoding="utf-8")


def steps(threads):
    """Time training steps: forward, loss, backward, optimizer."""
    lines = [
        f"A training step (4 fields, Jaccard, AdamW), CPU seconds a sample, {threads} thread(s):",
        "",
        "| map | batch | channels-last | bfloat16 | s a sample |",
        "|---|---|---|---|---|",
    ]
    for shape, batch in (((96, 144), 4), ((384, 576), 1)):
        for last, reduced in ((False, False), (True, False), (False, True)):
            seconds = step_seconds(shape, batch, last, reduced)
            size = f"{shape[0]} × {shape[1]}"
            marks = " | ".join("yes" if one else "" for one in (last, reduced))
            lines.append(f"| {size} | {batch} | {marks} | {seconds:.3f} |")
    return [*lines, "", f"Peak memory {peak_memory(CPU) / 1e9:.2f} GB."]


def step_seconds(shape, batch, channels_last, reduced):
    """Median CPU seconds a sample of one step."""
    torch.manual_seed(0)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    network = CGNet(4, 3, "sphere").to(memory_format=layout).train()
    optimizer = torch.optim.AdamW(network.parameters(), fused=True)
    values = torch.randn(batch, 4, *shape).contiguous(memory_format=layout)
    target = torch.nn.functional.one_hot(torch.randint(0, 3, (batch, *shape)), 3)
    target = target.permute(0, 3, 1, 2).float()
    seconds = []
    for _ in range(6):
        began = time.process_time()
        with torch.autocast("cpu", torch.bfloat16, enabled=reduced):
            logits = network(values)
        LOSSES["jaccard"](logits, target, lambda x: x).backward()
        optimizer.step()
        optimizer.zero_grad()
        seconds.append((time.process_time() - began) / batch)
    return float(np.median(seconds[1:]))


def losses(flags):
    """Train each recipe for the same number of epochs and score it on the test labels."""
    files, test = list_labelled(flags.train), list_labelled(flags.test)
    normalization = moments(files)
    lines = [
        f"{len(files)} training and {len(test)} test files, {flags.epochs} epochs, mean over seeds "
        f"{flags.seeds}: test IoU, and predicted over true area.",
        "",
        "| recipe | background | TC | AR | mean | area TC | area AR |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, choice in RECIPES.items():
        scores = []
        for seed in flags.seeds:
            recipe = Recipe("bench", FIELDS, "bench", "bench", epochs=flags.epochs, seed=seed)
            recipe = replace(recipe, **choice)
            scores.append(score(recipe, files, test, normalization))
            print(name, seed, scores[-1], file=sys.stderr)
        lines.append(
            "| " + " | ".join([name, *(f"{one:.3f}" for one in np.mean(scores, 0))]) + " |"
        )
    return lines


def score(recipe, files, test, normalization):
    """Test IoU of each class, their mean, and area ratios of the features."""
    with tempfile.TemporaryDirectory() as folder:
        trained = train(
            recipe,
            files,
            normalization,
            device=CPU,
            processes=Processes(),
            checkpoints=Path(folder),
        )
    network = CGNet(len(FIELDS), 3, recipe.padding)
    network.load_state_dict(trained.state)
    config = parse_config(make_config(recipe, normalization, {}), "bench")
    result = evaluate(Predictor(config, network.eval(), CPU), test, "bench")
    areas = list(result["area_ratio"].values())[1:]
    return [*result["iou"].values(), result["mean_iou"], *areas]


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
