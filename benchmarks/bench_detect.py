"""What detection costs on this machine's CPU, beside the published code, on the same maps.

    nice python benchmarks/bench_detect.py [--model FOLDER] [--peers CLIMATENET] [--threads 1]

Writes benchmarks/detect.md. Each row is a process of its own, so its peak memory is its own. Whole
jobs run twice, on few and on many maps: the difference is what a map costs, the rest the start.
--peers is a checkout of github.com/andregraubner/ClimateNet, run as it is, but on the CPU; without
it our own network, run in the published way, stands for its network.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import netCDF4
import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

FIELDS = {"TMQ": (19.2, 15.8), "U850": (1.55, 8.3), "V850": (0.25, 6.2), "PSL": (100814.0, 1461.0)}
SHAPE = (768, 1152)
DISTINCT = 8
"""Different maps; further ones are these, turned."""
NETWORKS = (  # what runs, precision, samples at once
    ("published", "float32", 1),
    ("published", "float32", 8),
    ("published", "float32", 16),
    ("torch", "float32", 1),
    ("torch", "float32", 8),
    ("openvino", "float32", 1),
    ("openvino", "float32", 8),
    ("openvino", "float32", 16),
    ("openvino", "bfloat16", 1),
)
JOBS = (  # the same, files to file
    ("job", "float32", 1),
    ("job", "float32", 8),
    ("job", "bfloat16", 1),
)
NAMES = {
    "published": "published network (eager torch)",
    "torch": "torch, freed memory kept",
    "openvino": "OpenVINO",
    "job": "our job",
    "published-job": "ClimateNet's `predict`, saved",
}


def main():
    """Measure every row in a process of its own and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, help="a 4-field model (default: random weights)")
    parser.add_argument("--peers", type=Path, help="a checkout of ClimateNet")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--samples", type=int, default=16, help="maps of a network's row")
    parser.add_argument("--few", type=int, default=24, help="maps of a short job")
    parser.add_argument("--many", type=int, default=120, help="maps of a long job")
    parser.add_argument("--row", type=json.loads, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    flags = parser.parse_args()
    if flags.row is not None:
        print(json.dumps(measure(flags)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_samples(folder / "many", flags.many)
        for part, count in (("few", flags.few), ("samples", flags.samples)):
            (folder / part).mkdir()
            for path in sorted((folder / "many").iterdir())[:count]:
                (folder / part / path.name).symlink_to(path)
        flags.model = flags.model or write_model(folder / "model")
        networks = [(*row, run_row(flags, folder, [*row, "samples"])) for row in NETWORKS]
        jobs = [
            (*row, *(run_row(flags, folder, [*row, part]) for part in ("few", "many")))
            for row in (*JOBS, *([("published-job", "float32", 8)] if flags.peers else []))
        ]
    text = "\n".join([*head(flags), *network_table(networks), "", *job_table(flags, jobs)]) + "\n"
    print(text)
    (ROOT / "benchmarks" / "detect.md").write_text(text, encoding="utf-8")


def run_row(flags, folder, row):
    """Run one row in a fresh process; return what it measured."""
    line = [sys.executable, __file__, "--row", json.dumps(row), "--folder", str(folder)]
    line += ["--model", str(flags.model), "--threads", str(flags.threads)]
    line += ["--peers", str(flags.peers)] if flags.peers else []
    environment = os.environ | {"OMP_NUM_THREADS": str(flags.threads)}
    done = subprocess.run(line, capture_output=True, text=True, env=environment)
    if done.returncode:
        sys.exit(done.stderr)
    print(row, done.stdout.strip(), file=sys.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def measure(flags):
    """Run one row: CPU seconds a map or of the whole job, peak memory, masks against torch's."""
    what, precision, batch, part = flags.row
    run = {"published": published, "job": job, "published-job": published_job}.get(what, ours)
    cpu, masks = run(flags, what, precision, batch, flags.folder / part)
    reference = flags.folder / "reference.npy"
    if not reference.exists():
        np.save(reference, masks)
    expected = np.load(reference)
    masks = masks[: len(expected)]
    who = resource.RUSAGE_CHILDREN if what == "job" else resource.RUSAGE_SELF
    return {
        "cpu": cpu,
        "memory": resource.getrusage(who).ru_maxrss / 1e6,
        "differ": int((masks != expected).sum()),
        "equal": float((masks == expected).mean()),
        "iou": [iou(masks == code, expected == code) for code in (1, 2)],
    }


def published(flags, what, precision, batch, folder):
    """As ClimateNet predicts: nothing fused, nothing kept, int64."""
    import torch

    from stormtrace.network.model_files import load_model

    config, network = load_model(flags.model)
    if flags.peers:
        network = climatenet(flags).CGNet(model_path=str(flags.model)).network.eval()
    maps = read(folder)
    masks, seconds = [], []
    for start in range(0, len(maps), batch):
        began = time.process_time()
        with torch.no_grad():
            values = torch.tensor(config.normalization.apply(maps[start : start + batch]))
            outputs = torch.softmax(network(values), 1)
            masks.append(torch.max(outputs, 1)[1].numpy())
        seconds.append((time.process_time() - began) / len(masks[-1]))
    return float(np.median(seconds)), np.concatenate(masks)


def published_job(flags, what, precision, batch, folder):
    """ClimateNet's own loader, loop and masks, from files to file."""
    models = climatenet(flags)
    from climatenet.utils.data import ClimateDataset
    from climatenet.utils.utils import Config

    config = Config(str(flags.model / "config.json"))
    model = models.CGNet(model_path=str(flags.model))
    model.config.pred_batch_size = batch
    masks = model.predict(ClimateDataset(str(folder), config))
    masks.to_netcdf(flags.folder / "published.nc")
    return time.process_time(), masks.values  # since the process began: imports too


def climatenet(flags):
    """ClimateNet's module of models, on a CPU."""
    import torch

    torch.Tensor.cuda = torch.nn.Module.cuda = lambda self, *more: self
    torch.load = partial(torch.load, map_location="cpu")
    sys.path.insert(0, str(flags.peers))
    import climatenet.models

    return climatenet.models


def ours(flags, what, precision, batch, folder):
    """One of our runtimes, maps in memory."""
    import torch

    from stormtrace.detect.network_run import load_members, make_segmenter
    from stormtrace.network.devices import prepare_device
    from stormtrace.network.runtimes import make_runtime

    device = torch.device("cpu")
    prepare_device(device, flags.threads)
    members = load_members([flags.model])
    config, segmenter = members[0][0], make_segmenter(members)
    runtime = make_runtime(
        what,
        segmenter,
        config.normalization,
        SHAPE,
        device=device,
        precision=precision,
        threads=flags.threads,
    )
    maps = read(folder)
    masks, seconds = [], []
    for start in range(0, len(maps), batch):
        began = time.process_time()
        masks.append(runtime(maps[start : start + batch])["mask"])
        seconds.append((time.process_time() - began) / len(masks[-1]))
    return float(np.median(seconds)), np.concatenate(masks)


def job(flags, what, precision, batch, folder):
    """The whole job in the process a rule starts: imports, reading, network, checks, writing."""
    output = flags.folder / f"{precision}.nc"
    line = [sys.executable, str(ROOT / "scripts" / "detect.py"), "--year", "2001"]
    line += ["--model", str(flags.model), "--samples", str(folder), "--output", str(output)]
    line += ["--experiment", "bench", "--dataset", "waves", "--grid", "bench", "--device", "cpu"]
    line += ["--runtime", "openvino", "--precision", precision, "--batch", str(batch)]
    line += ["--threads", str(flags.threads)]
    done = subprocess.run(line, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    with netCDF4.Dataset(output) as dataset:
        masks = np.asarray(dataset["mask"][:])
    return used.ru_utime + used.ru_stime, masks


def head(flags):
    """Return the title and what was run."""
    peers = "ClimateNet's own code" if flags.peers else "our network in ClimateNet's way"
    return [
        "# Detection, measured on a CPU",
        "",
        f"`make bench-detect`: maps of 4 × {SHAPE[0]} × {SHAPE[1]}, {flags.threads} thread(s); "
        f"published: {peers}. Trust ratios.",
        "",
    ]


def network_table(rows):
    """The networks alone: median CPU seconds a map."""
    base = next(row["cpu"] for what, _, batch, row in rows if (what, batch) == ("published", 8))
    lines = [
        "The network alone, maps in memory: median CPU seconds a map, and the masks held against "
        "those of the first row.",
        "",
        "| what | precision | batch | CPU s a map | × published, 8 | peak GB | cells that differ | "
        "IoU TC, AR |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for what, precision, batch, row in rows:
        lines.append(
            f"| {NAMES[what]} | {precision} | {batch} | {row['cpu']:.3f} | "
            f"{base / row['cpu']:.1f} | {row['memory']:.2f} | {agreement(row)} |"
        )
    return lines


def job_table(flags, rows):
    """Whole jobs: what every map costs, and what the start does."""
    lines = [
        f"Whole jobs, files to file, {flags.few} and {flags.many} maps: CPU seconds of each map "
        "(the slope between the two), of the start (imports, loading, converting), and of a map "
        f"all in all in the longer job.",
        "",
        "| what | precision | batch | s a map | start, s | s a map of all | peak GB | "
        "cells that differ | IoU TC, AR |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for what, precision, batch, few, many in rows:
        slope = (many["cpu"] - few["cpu"]) / (flags.many - flags.few)
        start = few["cpu"] - slope * flags.few
        lines.append(
            f"| {NAMES[what]} | {precision} | {batch} | {slope:.3f} | {start:.1f} | "
            f"{many['cpu'] / flags.many:.3f} | {many['memory']:.2f} | {agreement(many)} |"
        )
    return lines


def agreement(row):
    """Cells that differ and IoU of the classes, as two cells of a table."""
    scores = ", ".join("–" if one is None else f"{one:.4f}" for one in row["iou"])
    return f"{row['differ']} ({100 * (1 - row['equal']):.4f} %) | {scores}"


def iou(one, other):
    """Intersection over union of two masks, or None."""
    union = (one | other).sum()
    return None if union == 0 else float((one & other).sum() / union)


def read(folder):
    """All maps of a folder, (samples, 4, 768, 1152)."""
    from stormtrace.formats.samples import open_folder

    opened = open_folder(folder, dict.fromkeys(FIELDS))
    return opened.read(opened.paths).values


def write_samples(folder, count):
    """Write smooth made-up maps: random waves, each field with its usual mean and spread."""
    folder.mkdir()
    generator = np.random.default_rng(0)
    maps = [{name: waves(generator) for name in FIELDS} for _ in range(min(count, DISTINCT))]
    for step in range(count):
        turn, which = divmod(step, DISTINCT)
        day, hour = divmod(3 * step, 24)
        path = folder / f"waves.2001-01-{1 + day:02d}-{3600 * hour:05d}.nc"
        with netCDF4.Dataset(path, "w") as dataset:
            coordinates(dataset, SHAPE)
            dataset.createDimension("time", 1)
            dataset.createVariable("time", "f8", ("time",))[:] = 3.0 * step
            dataset.step_hours = 3.0
            dataset["time"].units, dataset["time"].calendar = "hours since 2001-01-01", "noleap"
            turned = {name: np.roll(one, 37 * turn, axis=1) for name, one in maps[which].items()}
            write_fields(dataset, turned)


def coordinates(dataset, shape):
    """Latitudes with both poles, longitudes from 0."""
    lat, lon = np.linspace(-90, 90, shape[0]), np.arange(shape[1]) * 360 / shape[1]
    for name, values in (("lat", lat), ("lon", lon)):
        dataset.createDimension(name, len(values))
        dataset.createVariable(name, "f8", (name,))[:] = values


def write_fields(dataset, maps):
    """Write maps of mean 0 and spread 1 as fields with their usual mean and spread."""
    for name, (mean, std) in FIELDS.items():
        variable = dataset.createVariable(name, "f4", ("time", "lat", "lon"))
        variable[:] = mean + std * maps[name]


def waves(generator, shape=SHAPE):
    """A random field with the spectrum of weather (power falls as k⁻³), mean 0, spread 1."""
    rows, columns = shape
    wave = np.hypot(np.fft.fftfreq(rows, 1 / rows)[:, None], np.fft.rfftfreq(columns, 1 / columns))
    spectrum = generator.normal(size=wave.shape) + 1j * generator.normal(size=wave.shape)
    field = np.fft.irfft2(spectrum * np.maximum(wave, 3) ** -2.0, shape)
    return (field - field.mean()) / field.std()


def write_model(folder):
    """A 4-field CGNet with random weights, for machines without a published one."""
    from stormtrace.network.cgnet import CGNet
    from stormtrace.network.model_files import write_model as write

    fields = {name: {"mean": mean, "std": std} for name, (mean, std) in FIELDS.items()}
    content = {"architecture": "cgnet", "fields": fields, "description": "random weights"}
    content |= {"lr": 0.001, "seed": 0, "train_batch_size": 4, "pred_batch_size": 8, "epochs": 1}
    content["labels"] = ["Background", "Tropical Cyclone", "Atmospheric River"]
    write(folder, content, CGNet(4, 3).state_dict())
    return folder


if __name__ == "__main__":
    main()
