"""Time and memory of the rules' jobs at 768 × 1152 that no other benchmark measures.

    nice python benchmarks/bench_jobs.py [--samples 16]

Makes samples, labels and counts of that size and runs the scripts on them. What grows is measured
twice, with half and with all of the files: the slope is what a further file costs, whatever the
start costs. Writes benchmarks/jobs.md, which docs/resources.md refers to.
"""

import argparse
import datetime
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests"), str(ROOT / "benchmarks")]

from bench_map import run  # noqa: E402
from labelled_factory import FIELDS, statistics, write_labelled, write_samples  # noqa: E402
from make_results import write_events, write_frequency  # noqa: E402
from stormtrace.grids import make_grid  # noqa: E402

SHAPE = (768, 1152)
GRID = {"nlat": SHAPE[0], "nlon": SHAPE[1]}
MODEL = {
    "name": "bench",
    "fields": FIELDS,
    "dataset": "made-up",
    "grid": "bench",
    "epochs": 1,
    "validation": 0.0,
}
HEAD = "| job | files | CPU s | CPU s a further file | peak MB |\n|---|---|---|---|---|"


def main() -> None:
    """Measure and write the table."""
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--samples", type=int, default=16)
    args = flags.parse_args()
    lines = [
        "# Jobs at 768 × 1152, measured on a CPU",
        "",
        f"`python benchmarks/bench_jobs.py --samples {args.samples}`, one core, "
        f"{datetime.date.today():%Y-%m-%d}. CPU seconds and peak memory of whole processes.",
        "",
        HEAD,
    ]
    with tempfile.TemporaryDirectory() as name:
        for line in measure(Path(name), args.samples):
            print(line, flush=True)
            lines.append(line)
    (ROOT / "benchmarks" / "jobs.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def measure(folder: Path, count: int) -> Iterator[str]:
    """Yield the lines of the table."""
    half = count // 2
    samples = {n: write_samples(folder / f"samples-{n}", n, shape=SHAPE) for n in (half, count)}
    labels = {n: write_labelled(folder / f"labels-{n}", n, shape=SHAPE) for n in (half, count)}
    told = folder / "statistics.json"
    told.write_text(json.dumps(statistics()))
    yield twice("compute_statistics", samples, "--fields", *FIELDS, "--output", folder / "s.json")
    yield from networks(folder, samples, labels, told)
    yield from maps(folder)


def networks(
    folder: Path, samples: dict[int, Path], labels: dict[int, Path], told: Path
) -> Iterator[str]:
    """Yield the lines of what runs a network."""
    model = folder / "model"
    flags = ["--statistics", told, "--model", json.dumps(MODEL), "--device", "cpu"]
    flags += ["--threads", "1", "--output", model, "--checkpoints"]
    yield twice("train", labels, *flags, fresh=folder / "checkpoints")
    for script, more in {
        "evaluate": ["--output", folder / "scores.json"],
        "draw_labels": ["--output", folder / "labels"],
    }.items():
        yield twice(script, labels, "--model", model, *more, "--device", "cpu")
    flags = ["--output", folder / "importance.json", "--figure", folder / "importance"]
    flags += ["--model", model, "--device", "cpu", "--repeats", "1"]
    yield twice("explain", labels, *flags, title="explain, 1 repeat")
    yield twice("check_labels", labels, "--output", folder / "labels.json")
    flags = ["--model", model, "--device", "cpu", "--experiment", "e", "--dataset", "d"]
    flags += ["--grid", "g", "--year", "2001", "--output", folder / "masks.nc"]
    run("detect", "--samples", samples[max(samples)], *flags)  # measured by bench_detect.py
    flags = ["--mask", folder / "masks.nc", "--fields", "TMQ", "--output", folder / "composite.nc"]
    yield once("compose_fields", "--samples", samples[max(samples)], *flags)
    sample = next(iter(sorted(samples[max(samples)].glob("*.nc"))))
    flags = ["--sample", sample, "--mask", folder / "masks.nc", "--fields", *FIELDS]
    yield once("draw_fields", *flags, "--title", "T", "--output", folder / "fields")
    flags = ["--composites", folder / "composite.nc", "--field", "TMQ", "--title", "T"]
    yield once("draw_composite", *flags, "--output", folder / "composites")


def maps(folder: Path) -> Iterator[str]:
    """Yield the lines of what draws maps."""
    random = np.random.default_rng(0)
    counts = {2000 + y: random.integers(0, 60, (12, 2, *SHAPE), np.int16) for y in range(4)}
    frequency = write_frequency(
        folder / "frequency.nc", counts, steps=240, grid=make_grid(GRID), events=True
    )
    write_events(folder / "events")
    compared = folder / "compared.nc"
    flags = ["--first", frequency, "--second", frequency, "--name", "c", "--output", compared]
    yield once("compare", *flags, title="compare, 4 years")
    flags = ["--comparison", compared, "--title", "T", "--output", folder / "figures"]
    yield once("draw_comparison", *flags)
    titles = json.dumps([f"Experiment {n}" for n in range(15)])
    flags = ["--frequency", *[frequency] * 15, "--titles", titles]
    yield once("draw_sensitivity", *flags, "--output", folder / "all", title="draw_sensitivity, 15")
    experiments = [
        {"name": f"e{n}", "frequency": str(frequency), "events": str(folder / "events")}
        for n in range(15)
    ]
    comparisons = [
        {"name": f"c{n}", "title": "c", "first": "e0", "second": "e1", "file": str(compared)}
        for n in range(13)
    ]
    report = {"title": "T", "experiments": experiments, "comparisons": comparisons}
    (folder / "report.json").write_text(json.dumps(report))
    flags = ["--report", f"@{folder / 'report.json'}", "--output", folder / "report.html"]
    yield once("write_report", *flags, title="write_report, 15 experiments, 13 comparisons")


def twice(
    script: str,
    folders: dict[int, Path],
    *flags: object,
    title: str = "",
    fresh: Path | None = None,
) -> str:
    """Run a script on few and on many files; return its line. `fresh`: a folder, new each time."""
    (few, many), costs = sorted(folders), []
    for count in (few, many):
        more = [f"{fresh}-{count}"] if fresh else []
        costs.append(run(script, "--samples", folders[count], *flags, *more))
    slope = (costs[1][0] - costs[0][0]) / (many - few)
    seconds, memory = costs[1]
    return f"| {title or script} | {many} | {seconds:.1f} | {slope:.3f} | {memory:.0f} |"


def once(script: str, *flags: object, title: str = "") -> str:
    """Run a script; return its line."""
    seconds, memory = run(script, *flags)
    return f"| {title or script} | | {seconds:.1f} | | {memory:.0f} |"


if __name__ == "__main__":
    main()
