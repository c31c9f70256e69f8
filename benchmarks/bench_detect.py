"""What detection costs on this machine's CPU, beside the published way, on the same maps.

    nice python benchmarks/bench_detect.py [--model FOLDER] [--threads 1] [--samples 24]

Writes benchmarks/detect.md. Each row is a process of its own, so its peak memory is its own. The
published way is our torch network run as ClimateNet does: eager, batches of 8 or 16, softmax,
int64 masks kept for the whole period.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import netCDF4
import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

FIELDS = {"TMQ": (19.2, 15.8), "U850": (1.55, 8.3), "V850": (0.25, 6.2), "PSL": (100814.0, 1461.0)}
SHAPE = (768, 1152)
ROWS = (  # what runs, precision, samples at once
    ("published", "float32", 1),
    ("published", "float32", 8),
    ("published", "float32", 16),
    ("torch", "float32", 1),
    ("torch", "float32", 8),
    ("openvino", "float32", 1),
    ("openvino", "float32", 8),
    ("openvino", "bfloat16", 1),
    ("job", "float32", 1),
    ("job", "bfloat16", 1),
)


def main():
    """Measure every row in a process of its own and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, help="a 4-field model (default: random weights)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--samples", type=int, default=24, help="maps a row")
    parser.add_argument("--row", type=json.loads, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    flags = parser.parse_args()
    if flags.row is not None:
        print(json.dumps(measure(flags)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_samples(folder / "2001", flags.samples)
        flags.model = flags.model or write_model(folder / "model")
        rows = [run_row(flags, folder, row) for row in ROWS]
    text = table(flags, rows)
    print(text)
    (ROOT / "benchmarks" / "detect.md").write_text(text, encoding="utf-8")


def run_row(flags, folder, row):
    """Run one row in a fresh process; return what it measured."""
    line = [sys.executable, __file__, "--row", json.dumps(row), "--folder", str(folder)]
    line += ["--model", str(flags.model), "--samples", str(flags.samples)]
    line += ["--threads", str(flags.threads)]
    environment = os.environ | {"OMP_NUM_THREADS": str(flags.threads)}
    done = subprocess.run(line, check=True, capture_output=True, text=True, env=environment)
    print(row, done.stdout.strip(), file=sys.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def measure(flags):
    """Run one row: CPU seconds a map (after the first), peak memory, masks."""
    what, precision, batch = flags.row
    run = {"published": published, "job": job}.get(what, ours)
    cpu, start_up, masks = run(flags, what, precision, batch)
    reference = flags.folder / "reference.npy"
    if not reference.exists():
        np.save(reference, masks)
    expected = np.load(reference)
    return {
        "cpu": cpu,
        "start_up": start_up,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "differ": int((masks != expected).sum()),
        "equal": float((masks == expected).mean()),
        "iou": [iou(masks == code, expected == code) for code in (1, 2)],
    }


def published(flags, what, precision, batch):
    """As ClimateNet predicts: nothing fused, nothing kept, int64."""
    import torch

    from stormtrace.learn.model_folder import load_model

    config, network = load_model(flags.model)
    maps = read(flags)
    masks, seconds = [], []
    for start in range(0, len(maps), batch):
        began = time.process_time()
        with torch.no_grad():
            values = torch.tensor(config.normalization.apply(maps[start : start + batch]))
            outputs = torch.softmax(network(values), 1)
            masks.append(torch.max(outputs, 1)[1].numpy())
        seconds.append((time.process_time() - began) / len(masks[-1]))
    return float(np.median(seconds)), 0.0, np.concatenate(masks)


def ours(flags, what, precision, batch):
    """One of our runtimes, maps in memory."""
    import torch

    from stormtrace.detect.detection import load_segmenter
    from stormtrace.detect.devices import prepare_device
    from stormtrace.detect.runtimes import make_runtime

    device = torch.device("cpu")
    prepare_device(device, flags.threads)
    config, segmenter = load_segmenter([flags.model])
    began = time.process_time()
    runtime = make_runtime(
        what,
        segmenter,
        config.normalization,
        SHAPE,
        device=device,
        precision=precision,
        batch=batch,
        threads=flags.threads,
    )
    start_up = time.process_time() - began
    maps = read(flags)
    masks, seconds = [], []
    for start in range(0, len(maps), batch):
        began = time.process_time()
        masks.append(runtime(maps[start : start + batch])["mask"])
        seconds.append((time.process_time() - began) / len(masks[-1]))
    return float(np.median(seconds)), start_up, np.concatenate(masks)


def job(flags, what, precision, batch):
    """The whole job, files to file: reading, network, checks, writing."""
    import torch

    from stormtrace.detect.detection import Choice, detect
    from stormtrace.detect.devices import prepare_device

    device = torch.device("cpu")
    prepare_device(device, flags.threads)
    output = flags.folder / f"{precision}.nc"
    began = time.process_time()
    detect(
        [flags.model],
        flags.folder / "2001",
        output,
        year=2001,
        normalization=None,
        neutral=(),
        choice=Choice(device, "openvino", precision, batch, flags.threads),
        attributes={},
    )
    cpu = (time.process_time() - began) / flags.samples
    with netCDF4.Dataset(output) as dataset:
        return cpu, 0.0, np.asarray(dataset["mask"][:])


def table(flags, rows):
    """Return the measurements as Markdown."""
    base = rows[1]["cpu"]
    lines = [
        "# Detection, measured on a CPU",
        "",
        f"`python benchmarks/bench_detect.py --threads {flags.threads} --samples {flags.samples}`: "
        f"CPU seconds a map of 4 × {SHAPE[0]} × {SHAPE[1]} (median; for whole jobs the mean, start "
        "included), peak memory of the process, and masks against the first row's. Trust ratios.",
        "",
        "| what | precision | batch | CPU s a map | × published, 8 | peak GB | cells that differ | "
        "IoU TC, AR |",
        "|---|---|---|---|---|---|---|---|",
    ]
    names = {
        "published": "published way (eager torch)",
        "torch": "torch, freed memory kept",
        "openvino": "OpenVINO",
        "job": "whole job with OpenVINO",
    }
    for (what, precision, batch), row in zip(ROWS, rows, strict=True):
        scores = ", ".join("–" if one is None else f"{one:.4f}" for one in row["iou"])
        differ = f"{row['differ']} ({100 * (1 - row['equal']):.4f} %)"
        lines.append(
            f"| {names[what]} | {precision} | {batch} | {row['cpu']:.3f} | "
            f"{base / row['cpu']:.1f} | {row['memory']:.2f} | {differ} | {scores} |"
        )
    converting = max(row["start_up"] for row in rows)
    lines += ["", f"Converting the network to OpenVINO takes {converting:.1f} CPU s, once a job."]
    return "\n".join(lines) + "\n"


def iou(one, other):
    """Intersection over union of two masks, or None."""
    union = (one | other).sum()
    return None if union == 0 else float((one & other).sum() / union)


def read(flags):
    """All maps, (samples, 4, 768, 1152)."""
    from stormtrace.detect.reading import open_folder

    folder = open_folder(flags.folder / "2001", dict.fromkeys(FIELDS))
    return folder.read(folder.paths).values


def write_samples(folder, count):
    """Write smooth made-up maps: random waves, each field with its usual mean and spread."""
    folder.mkdir()
    lat, lon = np.linspace(-90, 90, SHAPE[0]), np.arange(SHAPE[1]) * 0.3125
    generator = np.random.default_rng(0)
    for step in range(count):
        day, hour = divmod(3 * step, 24)
        path = folder / f"waves.2001-01-{1 + day:02d}-{3600 * hour:05d}.nc"
        with netCDF4.Dataset(path, "w") as dataset:
            for name, values in (("lat", lat), ("lon", lon), ("time", [3.0 * step])):
                dataset.createDimension(name, len(values))
                dataset.createVariable(name, "f8", (name,))[:] = values
            dataset["time"].units, dataset["time"].calendar = "hours since 2001-01-01", "noleap"
            for name, (mean, std) in FIELDS.items():
                variable = dataset.createVariable(name, "f4", ("time", "lat", "lon"))
                variable[:] = mean + std * waves(generator)


def waves(generator):
    """A random field with the spectrum of weather (power falls as k⁻³), mean 0, spread 1."""
    rows, columns = SHAPE
    wave = np.hypot(np.fft.fftfreq(rows, 1 / rows)[:, None], np.fft.rfftfreq(columns, 1 / columns))
    spectrum = generator.normal(size=wave.shape) + 1j * generator.normal(size=wave.shape)
    field = np.fft.irfft2(spectrum * np.maximum(wave, 3) ** -2.0, SHAPE)
    return (field - field.mean()) / field.std()


def write_model(folder):
    """A 4-field CGNet with random weights, for machines without a published one."""
    from stormtrace.learn.cgnet import CGNet
    from stormtrace.learn.model_folder import write_model as write

    fields = {name: {"mean": mean, "std": std} for name, (mean, std) in FIELDS.items()}
    write(folder, {"fields": fields}, CGNet(4, 3).state_dict())
    return folder


if __name__ == "__main__":
    main()
