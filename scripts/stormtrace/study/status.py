"""How far a study is: what its figures need, stage by stage, and what of it is there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from stormtrace.study.merging import merge
from stormtrace.study.study import Study

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


@dataclass(frozen=True, order=True)
class Target:
    """An output that is counted, as the rules write it, and the log of the job that makes it."""

    path: str
    log: str


def load_study(
    root: Path, overlays: Iterable[Path], changes: Mapping[str, Any] | None = None
) -> Study:
    """Return the study that the Snakefile in `root` runs.

    overlays: files laid over its tables (`--configfile`); changes: keys of `--config`.
    """
    files = list(overlays)
    laid_over: dict[str, Any] = {}
    for file in files:
        laid_over = merge(laid_over, _yaml(file))
    laid_over = merge(laid_over, dict(changes or {}))
    base = laid_over.get("base", "config")
    tables = [] if base == "none" else [root / base / f"{table}.yaml" for table in TABLES]
    config: dict[str, Any] = {}
    for file in tables:
        config = merge(config, _yaml(file))
    return Study(merge(config, laid_over), [*tables, *files])


def targets(study: Study, experiment: str) -> dict[str, list[Target]]:
    """Return what an experiment's figures need, by stage."""
    entry = study.experiments[experiment]
    samples = f"{entry['dataset']}/{entry['grid']}"
    masks, objects = study.masks_of(experiment), study.objects_of(experiment)
    chosen = study.statistics_of(experiment)
    years = study.years(experiment)
    # Stage -> pairs of what stands for the wildcards in the log's name, and the output.
    made = {
        "samples": [(f"{samples}/{year}", f"samples/{samples}/{year}") for year in years],
        "statistics": [(f"{'/'.join(chosen)}", f"statistics/{'/'.join(chosen)}.json")]
        if chosen
        else [],
        "model": [(model, f"models/{model}/config.json") for model in study.models_of(experiment)],
        "masks": [(f"{masks}/{year}", f"masks/{masks}/{year}.nc") for year in years],
        "objects": [(f"{objects}/{year}", f"events/{objects}/objects/{year}.nc") for year in years],
        "events": [(experiment, f"events/{experiment}/events.parquet")],
        "counts": [
            (f"{experiment}/{year}", f"frequency/{experiment}/events/{year}.nc") for year in years
        ],
        "frequency": [(experiment, f"frequency/{experiment}/frequency.nc")],
        "figures": [(experiment, f"figures/experiments/{experiment}")],
    }
    return {
        stage: [
            Target(f"{study.results}/{path}", f"logs/{_rule(study, stage, name)}/{name}.log")
            for name, path in made[stage]
        ]
        for stage in STAGES
    }


def _rule(study: Study, stage: str, name: str) -> str:
    """Return the rule that makes what a column counts: a published model is not trained."""
    return "adopt_model" if stage == "model" and name in study.published else STAGES[stage]


def mean_seconds(folder: Path, rule: str) -> float | None:
    """Return how long jobs of a rule took on average, from their benchmark files."""
    times = []
    for file in (folder / "logs" / "benchmarks" / rule).rglob("*.tsv"):
        rows = file.read_text().splitlines()
        times += [float(row.split("\t")[0]) for row in rows[1:] if row.strip()]
    return sum(times) / len(times) if times else None


def _yaml(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    return content
