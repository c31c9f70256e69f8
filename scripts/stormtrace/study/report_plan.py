"""What the report shows, told to `write_report.py`: experiments, and where their files lie."""

from typing import Any

from stormtrace.classes import FEATURES
from stormtrace.study.merging import Entry
from stormtrace.study.study import Study


def report_of(study: Study) -> Entry:
    """Return the block of JSON that `write_report.py` documents, for everything a study runs."""
    return {
        "title": study.config["title"],
        "description": study.config["description"],
        "experiments": [_experiment(study, name) for name in study.shown],
        "comparisons": [_comparison(study, name) for name in study.comparisons],
        "models": [_model(study, name) for name in study.models],
        "samples": {
            name: [f"{study.results}/samples/{name}/{grid}/{year}" for year in study.pieces(name)]
            for name, grid in _looked_at(study)
        },
        "labels": [
            f"{study.results}/labels/{name}.json"
            for name in study.datasets
            if study.is_labelled(name)
        ],
        "sensitivity": f"{study.results}/figures/sensitivity",
        "regions": study.config["regions"],
        "coasts": study.config["coasts"],
        "configuration": {
            "experiments": {name: study.experiments[name] for name in study.shown},
            "models": study.models,
            "datasets": study.datasets,
        },
    }


def _looked_at(study: Study) -> list[tuple[str, str]]:
    """Return (dataset, grid) of every dataset that is looked at, each once."""
    seen = {
        study.experiments[name]["dataset"]: study.experiments[name]["grid"]
        for name in reversed(study.shown)
    }
    return list(seen.items())


def _experiment(study: Study, name: str) -> dict[str, Any]:
    entry = study.experiments[name]
    films = study.films(name)
    shown = {"animation": films[0]} if films else {}
    return shown | {
        "name": name,
        "title": study.title(name),
        "model": study.models_of(name)[0],
        "dataset": entry["dataset"],
        "grid": entry["grid"],
        "statistics": entry["statistics"],
        "weighting": study.weighting(name),
        "tracking": entry["tracking"],
        "frequency": f"{study.results}/frequency/{name}/frequency.nc",
        "events": f"{study.results}/events/{name}",
        "figures": f"{study.results}/figures/experiments/{name}",
        "images": _images(study, name),
        "landfall": f"{study.results}/landfall/{name}.csv",
    }


def _images(study: Study, name: str) -> list[str]:
    """Return snapshots, composites, and the changes of composites up to this experiment."""
    composites = f"{study.results}/figures/composites"
    kinds = [(name, field, "composite") for field in study.config["composites"].get(name, [])]
    for comparison, entry in study.comparisons.items():
        if entry["second"] == name:
            changed = study.composed(comparison)
            kinds += [(f"change.{comparison}", field, "split") for field in changed]
    return [f"{folder}/fields.png" for folder in study.snapshots(name)] + [
        f"{composites}/{of}.{field}/{feature.lower()}-{field}-{kind}.png"
        for of, field, kind in kinds
        for feature in FEATURES
    ]


def _comparison(study: Study, name: str) -> dict[str, Any]:
    entry = study.comparisons[name]
    return {
        "name": name,
        "title": entry.get("title", name),
        "of": entry["of"],
        "first": entry["first"],
        "second": entry["second"],
        "file": f"{study.results}/comparisons/{name}.nc",
        "figures": f"{study.results}/figures/comparisons/{name}",
    }


def _model(study: Study, name: str) -> dict[str, Any]:
    entry = study.models[name]
    told = {"name": name, "title": entry.get("title", name), "fields": entry.get("fields", [])}
    stem, figures, images = f"{study.results}/figures/models/{name}", [], []
    if name in study.trained:
        told["history"] = f"{study.results}/models/{name}/history.csv"
        figures.append(f"{stem}-training.png")
    if name in study.explained:
        told["importance"] = f"{study.results}/models/{name}/importance.json"
    if name in study.scored:
        told["scores"] = f"{study.results}/models/{name}/scores.json"
        images.append(f"{stem}-labels.png")
    return told | {"figures": figures, "images": images}
