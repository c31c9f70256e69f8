"""How far a study is, from what lies on disk: results, Snakemake's notes, the Casper profile's.

Nothing here asks the scheduler: what PBS said last is in the profile's own file, at most as old as
Snakemake's last question.
"""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from stormtrace.study.study import Study
from stormtrace.study.tables import merge

TABLES = ("config", "datasets", "models", "experiments")

STAGES = {
    "samples": "make_samples",
    "statistics": "merge_statistics",
    "model": "train",
    "masks": "detect",
    "objects": "find_objects",
    "events": "link_events",
    "counts": "count_events",
    "frequency": "merge_counts",
    "figures": "draw_experiment",
}
"""Column of the table -> the rule whose outputs it counts."""


@dataclass
class Jobs:
    """What is being done: outputs (as Snakemake names them) of jobs, by what they are up to."""

    running: dict[str, Path | None] = field(default_factory=dict)  # output -> log, where known
    queued: set[str] = field(default_factory=set)
    failed: dict[str, Path | None] = field(default_factory=dict)


def load_study(root: Path, overlays: Iterable[Path]) -> Study:
    """Return the study that the Snakefile in `root` runs with these files laid over its tables."""
    files = list(overlays)
    laid_over: dict[str, Any] = {}
    for file in files:
        laid_over = merge(laid_over, _yaml(file))
    base = laid_over.get("base", "config")
    tables = [] if base == "none" else [root / base / f"{table}.yaml" for table in TABLES]
    config: dict[str, Any] = {}
    for file in tables:
        config = merge(config, _yaml(file))
    return Study(merge(config, laid_over), [*tables, *files])


def outputs(study: Study, experiment: str) -> dict[str, list[str]]:
    """Return what an experiment's figures need, by stage: paths as the rules write them."""
    entry = study.experiments[experiment]
    dataset, grid, model = entry["dataset"], entry["grid"], entry["model"]
    masks, objects = study.masks_of(experiment), study.objects_of(experiment)
    chosen = study.statistics_of(experiment)
    years = study.years(experiment)
    paths = {
        "samples": [f"samples/{dataset}/{grid}/{year}" for year in years],
        "statistics": [f"statistics/{chosen[0]}/{chosen[1]}.json"] if chosen else [],
        "model": [f"models/{model}/config.json"],
        "masks": [f"masks/{masks}/{year}.nc" for year in years],
        "objects": [f"events/{objects}/objects/{year}.nc" for year in years],
        "events": [f"events/{experiment}/events.parquet"],
        "counts": [f"frequency/{experiment}/events/{year}.nc" for year in years],
        "frequency": [f"frequency/{experiment}/frequency.nc"],
        "figures": [f"figures/experiments/{experiment}"],
    }
    return {stage: [f"{study.results}/{path}" for path in paths[stage]] for stage in STAGES}


def jobs_in(folder: Path) -> Jobs:
    """Return what is at work in the folder that Snakemake runs in."""
    jobs = Jobs()
    notes = folder / ".snakemake"
    # Snakemake's own: outputs begun, and neither finished nor cleaned up after a failure.
    for note in _files(notes / "incomplete"):
        jobs.running[base64.b64decode(note.name.encode()).decode()] = None
    told = _json(notes / "pbs" / "qstat.json").get("jobs", {})
    for record in map(_json, _files(notes / "pbs" / "submitted")):
        _add(jobs, record, notes / "pbs" / "ended", told)
    return jobs


def _add(jobs: Jobs, record: Mapping[str, Any], ended: Path, told: Mapping[str, Any]) -> None:
    """Sort one job of the Casper profile into `jobs`."""
    job, made = record.get("job", ""), record.get("output") or []
    log = Path(record["log"][0]) if record.get("log") else None
    marker = ended / job
    state = told.get(job, {}).get("state")
    if marker.is_file() or state == "F":
        for path in made:
            jobs.running.pop(path, None)
            if not marker.is_file() or marker.read_text().strip() != "0":
                jobs.failed[path] = log
    elif state in (None, "Q", "H", "W"):
        jobs.queued.update(path for path in made if path not in jobs.running)
        jobs.running.update((path, log) for path in made if path in jobs.running)
    else:
        jobs.running.update((path, log) for path in made)


def mean_seconds(folder: Path, rule: str) -> float | None:
    """Return how long jobs of a rule took on average, from their benchmark files."""
    times = []
    for file in (folder / "logs" / "benchmarks" / rule).rglob("*.tsv"):
        rows = file.read_text().splitlines()
        times += [float(row.split("\t")[0]) for row in rows[1:] if row.strip()]
    return sum(times) / len(times) if times else None


def last_word(log: Path | None) -> str:
    """Return the last line that a running job wrote about its progress, or nothing."""
    if log is None or not log.is_file():
        return ""
    lines = log.read_text(errors="replace").splitlines()
    words = (line for line in reversed(lines) if re.search(r"\d+ of \d+|epoch", line))
    return re.sub(r"^\d\d:\d\d:\d\d ", "", next(words, ""))


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else iter(())


def _json(file: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content


def _yaml(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    return content
