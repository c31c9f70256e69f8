"""What the report shows, as `write_report.py` gets it: experiments, and where their files lie."""

from pathlib import Path
from typing import Any

from stormtrace.attribution.extremes import above
from stormtrace.blocks import dump
from stormtrace.classes import Classes
from stormtrace.detect.recipes import recipe_in_words
from stormtrace.learn.recipe import Published
from stormtrace.study.definition import Study
from stormtrace.study.merging import Entry
from stormtrace.study.resolved import known_of


def report_of(study: Study) -> Entry:
    """Return the block of JSON that `write_report.py` documents, for everything a study runs."""
    at = study.at
    return {
        "title": study.config.title,
        "description": study.config.description,
        "of": study.counted_from,
        "experiments": [_experiment(study, name) for name in study.shown],
        "comparisons": [_comparison(study, name) for name in study.comparisons],
        "agreements": [
            {
                "name": name,
                "title": one.title or name,
                "file": at.agreement(name, "json"),
                "maps": at.agreement(name, "nc"),
                "figures": at.agreement_figures(name),
                "titles": {member: study.title(member) for member in one.members}
                | {each: study.config.catalogues[each].title or each for each in one.catalogues},
            }
            for name, one in study.agreements.items()
        ],
        "models": [_model(study, name) for name in study.models],
        "samples": {
            name: [at.samples(name, grid, year) for year in years]
            for name, (grid, years) in _run_on(study).items()
        },
        "labels": [at.labels(name) for name in study.datasets if study.is_labelled(name)],
        "sensitivity": at.sensitivity,
        "regions": dump(study.config.regions),
        "coasts": dump(study.config.coasts),
        "classes": dump(study.config.classes),
        "configuration": {
            "experiments": {name: dump(study.experiments[name]) for name in study.shown},
            "models": dump(study.models),
            "detectors": dump(study.detectors),
            "datasets": dump(study.datasets),
        },
    }


def _run_on(study: Study) -> dict[str, tuple[str, list[str]]]:
    """Return dataset -> (grid, years) of the first experiment that is run on it."""
    run_on: dict[str, tuple[str, list[str]]] = {}
    for name in filter(study.sees_samples, study.shown):
        entry = study.experiments[name]
        run_on.setdefault(entry.dataset, (entry.grid, study.years(name)))
    return run_on


def _experiment(study: Study, name: str) -> dict[str, Any]:
    entry, at = study.experiments[name], study.at
    films = study.films(name)
    shown: dict[str, Any] = {"animation": films[0]} if films else {}
    if brought := [field for one, field in study.attributed if one == name]:
        shown["attribution"] = [_attribution(study, name, field) for field in brought]
    if name in study.verified:
        shown["verification"] = _verification(study, name)
    return shown | {
        "name": name,
        "title": study.title(name),
        "model": next(iter(study.models_of(name)), ""),
        "detector": entry.detector or "",
        "dataset": entry.dataset,
        "grid": entry.grid,
        "statistics": "" if entry.detector else entry.statistics,
        "model_source": _source_of(study, name),
        "regridding": _regridding(study, name),
        "weighting": study.weighting(name),
        "tracking": dump(entry.tracking),
        "frequency": at.frequency(name),
        "events": at.events(name),
        "figures": at.experiment_figures(name),
        "images": _images(study, name),
        "landfall": at.landfall(name),
    }


def _verification(study: Study, name: str) -> dict[str, Any]:
    """Return where numbers and maps of observed storms are; pictures of the densities of tracks."""
    at = study.at
    folder = at.verification_figures(name)
    classes = study.classes_of(name) or Classes(())
    stems = [
        f"{folder}/{one.key}-tracks"
        for one in classes.features
        if one.basins == "tropical cyclones"
    ]
    return {
        "file": at.verification(name, "json"),
        "maps": at.verification(name, "nc"),
        "figures": folder,
        "images": [f"{stem}-{kind}.png" for stem in stems for kind in ("both", "difference")],
    }


def _source_of(study: Study, experiment: str) -> str:
    """Return where an experiment's model comes from, or what its detector does, in words."""
    if (detector := study.detector_of(experiment)) is not None:
        return recipe_in_words(detector)
    models = study.models_of(experiment)
    entry = study.models[models[0]]
    if isinstance(entry, Published):
        return f"published weights, {Path(entry.weights).name}"
    members = f", {len(models)} members" if len(models) > 1 else ""
    return f"{entry.architecture} trained on {entry.dataset}, {entry.epochs} epochs{members}"


def _regridding(study: Study, experiment: str) -> str:
    """Return how an experiment's samples came onto their grid, in words."""
    if not study.sees_samples(experiment):
        return ""
    dataset = study.raw(study.experiments[experiment].dataset)
    if dataset.regridding_matrix:
        return f"the matrix {Path(dataset.regridding_matrix).name}"
    return f"{dataset.regrid.method} interpolation ({dataset.regrid.maker})".replace(
        "conservative interpolation", "conservative remapping"
    )


def _images(study: Study, name: str) -> list[str]:
    """Return snapshots, composites, and the changes of composites up to this experiment."""
    at = study.at
    kinds = [
        (at.composite_figures(name, field), field, "composite")
        for field in study.config.composites.get(name, ())
    ]
    for comparison, entry in study.comparisons.items():
        if entry.second == name:
            kinds += [
                (at.composite_change(comparison, field), field, "split")
                for field in study.composed(comparison)
            ]
    classes = study.classes_of(name) or Classes(())
    return [f"{folder}/fields.png" for folder in study.snapshots(name)] + [
        f"{folder}/{feature.key}-{field}-{kind}.png"
        for folder, field, kind in kinds
        for feature in classes.features
    ]


def _attribution(study: Study, name: str, field: str) -> dict[str, Any]:
    """Return where what features bring of a field is; pictures of its total and top extremes."""
    percentiles = study.attributed[name, field].percentiles
    shown = [field, *(above(field, one) for one in percentiles[-1:])]
    folder = study.at.attribution_figures(name, field)
    return {
        "field": field,
        "file": study.at.attribution(name, field, "shares.json"),
        "extremes_of": study.extremes_of(name, field),
        "figures": folder,
        "images": [
            f"{folder}/{feature.key}-{one}-share.png"
            for feature in (study.classes_of(name) or Classes(())).features
            for one in shown
        ],
    }


def _attributed_change(study: Study, name: str, field: str) -> dict[str, Any]:
    found = {
        "field": field,
        "file": study.at.attribution_change(name, field),
        "extremes_of": study.extremes_of_change(name, field),
    }
    if (name, field) not in study.attribution_change_maps():
        return found
    folder = study.at.attribution_figures(f"change.{name}", field)
    classes = study.classes_of(study.comparisons[name].second) or Classes(())
    images = [f"{folder}/{feature.key}-{field}-split.png" for feature in classes.features]
    return found | {"figures": folder, "images": images}


def _comparison(study: Study, name: str) -> dict[str, Any]:
    entry, at = study.comparisons[name], study.at
    shown: dict[str, Any] = {}
    if entry.decompose:
        shown["decomposition"] = at.decomposition(name, "csv")
        shown["contributions"] = at.decomposition_figures(name)
    if changes := [field for one, field in study.attribution_changes() if one == name]:
        shown["attribution"] = [_attributed_change(study, name, one) for one in changes]
    return shown | {
        "name": name,
        "title": study.comparison_title(name),
        "of": entry.of,
        "first": entry.first,
        "second": entry.second,
        "file": at.comparison(name),
        "table": at.comparison(name, "csv"),
        "figures": at.comparison_figures(name),
    }


def _model(study: Study, name: str) -> dict[str, Any]:
    entry, at = study.models[name], study.at
    figures, images = [], []
    shown: dict[str, Any] = {
        "name": name,
        "title": study.model_title(name),
        "fields": known_of(entry, "fields") or [],
    }
    if name in study.trained:
        shown["history"] = at.model(name, "history.csv")
        figures.append(f"{at.model_figure(name, 'training')}.png")
    if name in study.explained:
        shown["importance"] = at.importance(name)
        figures.append(f"{at.model_figure(name, 'importance')}.png")
    if name in study.scored:
        shown["scores"] = at.scores(name)
        images.append(f"{at.model_figure(name, 'labels')}.png")
    return shown | {"figures": figures, "images": images}
