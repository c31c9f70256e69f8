"""Progress of a study: what its figures need, stage by stage."""

from dataclasses import dataclass
from pathlib import Path

from stormtrace.detect.recipes import AdoptedMasks
from stormtrace.study.definition import Study

#: Column of the table -> the rule whose outputs it counts.
STAGES = {
    "samples": "make_samples",
    "statistics": "merge_statistics",
    "model": "train",
    "masks": "detect",
    "objects": "find_objects",
    "events": "link_events",
    "frequency": "compute_frequency",
    "figures": "draw_experiment",
}


@dataclass(frozen=True, order=True)
class Target:
    """An output that is counted, as the rules write it, and the job that makes it with its log.

    job: the rule and its wildcards, joined by /.
    """

    path: str
    job: str
    log: str


def targets(study: Study, experiment: str) -> dict[str, list[Target]]:
    """Return what an experiment's figures need, by stage."""
    entry, at = study.experiments[experiment], study.at
    dataset, grid = entry.dataset, entry.grid
    masks, objects = study.masks_of(experiment), study.objects_of(experiment)
    chosen = study.statistics_of(experiment)
    years = study.years(experiment)
    # Of temporary samples there stays where they came from.
    made_at = at.samples_origins if study.config.samples == "temporary" else at.samples
    by_year = [(f"{dataset}/{grid}/{year}", made_at(dataset, grid, year)) for year in years]
    # Stage -> pairs of what stands for the wildcards in the log's name, and the output.
    made = {
        "samples": by_year if study.sees_samples(experiment) else [],
        "statistics": [("/".join(chosen), at.statistics(*chosen))] if chosen else [],
        "model": [(model, at.model(model, "config.json")) for model in study.models_of(experiment)],
        "masks": [(f"{masks}/{year}", at.masks(masks, year)) for year in years],
        "objects": [(f"{objects}/{year}", at.objects(objects, year)) for year in years],
        "events": [(experiment, at.events(experiment, "events.parquet"))],
        "frequency": [(experiment, at.frequency(experiment))],
        "figures": [(experiment, at.experiment_figures(experiment))],
    }
    return {
        stage: [
            Target(path, job, at.log(job))
            for name, path in made[stage]
            for job in [f"{_rule(study, stage, name, masks)}/{name}"]
        ]
        for stage in STAGES
    }


def logs_of(study: Study) -> list[str]:
    """Return the logs of the jobs whose warnings are told: all that a study's results come from."""
    labelled = [name for name in study.datasets if study.is_labelled(name)]
    made = [targets(study, name).values() for name in study.shown]
    logs = [target.log for by_stage in made for of_stage in by_stage for target in of_stage]
    first = [f"import_labels/{name}" for name in study.annotated]
    first += [f"check_labels/{name}" for name in labelled]
    first += [f"make_campaign/{name}" for name in study.campaigns]
    last = [f"evaluate/{name}" for name in study.models]
    last += [f"{rule}/{name}" for name in study.comparisons for rule in ("compare", "decompose")]
    last += [f"verify/{name}" for name in study.verified]
    last += [f"agree/{name}" for name in study.agreements]
    last.append("write_report")
    return [*map(study.at.log, first), *dict.fromkeys(logs), *map(study.at.log, last)]


def _rule(study: Study, stage: str, name: str, experiment: str) -> str:
    """Return the rule that makes what a column counts: a published model is not trained."""
    if stage == "masks" and (detector := study.detector_of(experiment)):
        return "adopt_masks" if isinstance(detector, AdoptedMasks) else "apply_thresholds"
    return "adopt_model" if stage == "model" and name in study.published else STAGES[stage]


def mean_seconds(logs: Path, rule: str) -> float | None:
    """Return how long jobs of a rule took on average, from the benchmark files among the logs."""
    times = []
    for file in (logs / "benchmarks" / rule).rglob("*.tsv"):
        rows = file.read_text().splitlines()
        times += [float(row.split("\t")[0]) for row in rows[1:] if row.strip()]
    return sum(times) / len(times) if times else None
