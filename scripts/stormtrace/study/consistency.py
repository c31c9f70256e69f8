"""What no schema can say: whether the entries of the tables fit each other."""

from collections.abc import Mapping
from typing import Any

from stormtrace.errors import BadInput
from stormtrace.study.periods import years_of
from stormtrace.study.tables import Entry
from stormtrace.study.validation import Origins, one_of

Tables = Mapping[str, Mapping[str, Entry]]


def check(config: Mapping[str, Any], tables: Tables, origins: Origins) -> None:
    """Raise BadInput for the first entry that asks for something that is not there."""
    for kind, table in (("run", "experiments"), ("compare", "comparisons"), ("animate", "experiments")):
        for name in config[kind]:
            one_of(name, tables[table], (kind,), origins)
    for name, dataset in tables["datasets"].items():
        _check_periods(name, dataset, origins)
    for name, model in tables["models"].items():
        _check_model(name, model, config, tables, origins)
    for name, experiment in tables["experiments"].items():
        _check_experiment(name, experiment, config, tables, origins)
    for name, comparison in tables["comparisons"].items():
        for side in ("first", "second"):
            one_of(comparison[side], tables["experiments"], ("comparisons", name, side), origins)


def _check_periods(name: str, dataset: Entry, origins: Origins) -> None:
    for index, part in enumerate(dataset.get("parts", [])):
        start, end = part["period"]
        if start >= end:
            path = ("datasets", name, "parts", index, "period")
            raise BadInput(
                f"{origins.of(path)}: datasets.{name}.parts.{index}.period is [{start}, {end}], "
                "which ends before it starts; give [first day, first day no longer in it]"
            )


def _check_model(
    name: str, model: Entry, config: Mapping[str, Any], tables: Tables, origins: Origins
) -> None:
    path = ("models", name)
    if "dataset" in model:
        one_of(model["dataset"], tables["datasets"], (*path, "dataset"), origins)
        dataset = tables["datasets"][model["dataset"]]
        if dataset["source"] != "climatenet":
            labelled = [key for key, entry in tables["datasets"].items() if entry["source"] == "climatenet"]
            raise BadInput(
                f"{origins.of((*path, 'dataset'))}: models.{name}.dataset is {model['dataset']!r}, "
                f"which has no labels to learn from; labelled datasets: {', '.join(labelled) or 'none'}"
            )
        _check_fields(path, model, model["dataset"], dataset, origins)
    if "grid" in model:
        one_of(model["grid"], config["grids"], (*path, "grid"), origins)


def _check_experiment(
    name: str, experiment: Entry, config: Mapping[str, Any], tables: Tables, origins: Origins
) -> None:
    path = ("experiments", name)
    one_of(experiment["model"], tables["models"], (*path, "model"), origins)
    one_of(experiment["dataset"], tables["datasets"], (*path, "dataset"), origins)
    one_of(experiment["grid"], config["grids"], (*path, "grid"), origins)
    model = tables["models"][experiment["model"]]
    dataset = tables["datasets"][experiment["dataset"]]
    if dataset["source"] == "climatenet":
        raise BadInput(
            f"{origins.of((*path, 'dataset'))}: experiments.{name}.dataset is "
            f"{experiment['dataset']!r}, a set of single labelled times that has no years to detect "
            "and track in; its test labels are scored with every model that learned from it"
        )
    _check_fields(path, model, experiment["dataset"], dataset, origins, f"model {experiment['model']!r}")
    _check_statistics(name, experiment, model, origins)
    if "period" in experiment:
        _check_years(name, experiment, dataset, origins)


def _check_fields(
    path: tuple[str, str], model: Entry, name: str, dataset: Entry, origins: Origins, who: str = "it"
) -> None:
    have = list(dataset["fields"])
    missing = [field for field in model.get("fields", []) if field not in have]
    if missing:
        raise BadInput(
            f"{origins.of((*path, 'dataset'))}: {'.'.join(path)}.dataset is {name!r}, which does not "
            f"derive {', '.join(missing)} that {who} looks at; it derives: {', '.join(have)}"
        )


def _check_statistics(name: str, experiment: Entry, model: Entry, origins: Origins) -> None:
    """Training statistics of a published model are what its config.json says, weighted or not."""
    asked = experiment.get("weighting")
    if experiment["statistics"] == "training" and "weights" in model and asked:
        path = ("experiments", name, "weighting")
        raise BadInput(
            f"{origins.of(path)}: experiments.{name}.weighting is {asked!r}, but the training "
            f"statistics of the published model {experiment['model']!r} are fixed in its config.json; "
            "leave weighting out, or choose statistics: inference"
        )


def _check_years(name: str, experiment: Entry, dataset: Entry, origins: Origins) -> None:
    there = years_of([part["period"] for part in dataset["parts"]])
    wanted = years_of([experiment["period"]])
    missing = [year for year in wanted if year not in there]
    if missing or not wanted:
        path = ("experiments", name, "period")
        raise BadInput(
            f"{origins.of(path)}: experiments.{name}.period is {experiment['period']}, but "
            f"{experiment['dataset']} has the years {', '.join(there)}"
        )
