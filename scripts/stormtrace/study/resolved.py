"""The tables of a study: from YAML to one typed entry a name."""

import glob
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from stormtrace.blocks import Fault, at, check_block, did_you_mean, plain
from stormtrace.classes import CLIMATENET_LABELS
from stormtrace.detect.recipes import AdoptedMasks, Detector, ThresholdRecipe
from stormtrace.labels.annotation_blocks import AnnotatedDataset
from stormtrace.labels.campaigns.campaign_block import Campaign
from stormtrace.learn.recipe import Published, Recipe
from stormtrace.prepare.dataset import Dataset, LabelledDataset
from stormtrace.prepare.sources import SOURCES
from stormtrace.study.annotated import labelled_of
from stormtrace.study.entries import Comparison, Experiment
from stormtrace.study.merging import Entry, drop_nulls, lineage, resolve
from stormtrace.study.study_files import Origins, read_yaml

AnyDataset = Dataset | LabelledDataset
AnyModel = Recipe | Published

#: Keys of the study whose entries may be like each other.
TABLES = ("datasets", "models", "detectors", "experiments", "comparisons", "campaigns")

#: Tables whose entries are all of one kind.
ONE_KIND: dict[str, type[BaseModel]] = {
    "experiments": Experiment,
    "comparisons": Comparison,
    "campaigns": Campaign,
}


#: Detectors that every study has.
SHIPPED = Path(__file__).resolve().parents[1] / "data" / "detectors.yaml"


@dataclass(frozen=True)
class Tables:
    """Every entry of the tables, resolved and checked one by one.

    annotated: datasets of annotations; in `datasets` the labelled samples they become.
    """

    datasets: dict[str, AnyDataset]
    annotated: dict[str, AnnotatedDataset]
    models: dict[str, AnyModel]
    detectors: dict[str, Detector]
    experiments: dict[str, Experiment]
    comparisons: dict[str, Comparison]
    campaigns: dict[str, Campaign]


def drop_nulls_of_study(config: Mapping[str, Any]) -> Entry:
    """Return the study without what is set to null in it, and with text instead of dates.

    Only within an entry of a table a null is kept: it removes what the entry would inherit.
    """
    kept = {key: value for key, value in plain(config).items() if value is not None}
    for key, value in kept.items():
        if key in TABLES and isinstance(value, Mapping):
            kept[key] = {name: entry for name, entry in value.items() if entry is not None}
        else:
            kept[key] = drop_nulls(value)
    return kept


def read_tables(config: Mapping[str, Any], folders: Mapping[str, str], origins: Origins) -> Tables:
    """Return the tables of a study; `folders` are what {data} and {results} stand for."""
    config = {**config, "detectors": {**shipped_detectors(), **(config.get("detectors") or {})}}
    entries = {kind: _read_table(config, kind, folders, origins) for kind in TABLES}
    annotated = {
        name: entry
        for name, entry in entries["datasets"].items()
        if isinstance(entry, AnnotatedDataset)
    }
    for name, entry in annotated.items():
        entries["datasets"][name] = labelled_of(
            entry, entries["datasets"], folders["results"], origins
        )
    return Tables(annotated=annotated, **entries)


def shipped_detectors() -> dict[str, Any]:
    """Return the entries of the table of detectors that every study has."""
    return read_yaml(SHIPPED)


def _read_table(
    config: Mapping[str, Any], kind: str, folders: Mapping[str, str], origins: Origins
) -> dict[str, Any]:
    table = config.get(kind) or {}
    read = {}
    for name, entry in table.items():
        origins.check_name(name, kind)
        if isinstance(entry, Mapping) and entry.get("like") is not None:
            origins.one_of(str(entry["like"]), table, (kind, name, "like"))
        merged = placed(resolve(table, name, kind), folders)
        made = _check_entry(kind, merged)
        if isinstance(made, Fault):
            ancestors = lineage(table, name, kind)
            said_by = (one for one in ancestors if at(table[one], made.path) is not None)
            origins.refuse([kind, next(said_by, name), *made.path], made.text)
        read[name] = made.model_copy(update={"name": name})
    return read


def _check_entry(kind: str, entry: Entry) -> BaseModel | Fault:
    model = _model_of(kind, entry)
    if isinstance(model, Fault):
        return model
    if "name" in entry:  # known to the model, but no key of the YAML
        return Fault(("name",), "is an unknown key: the name of an entry is its key in the table")
    return check_block(model, entry)


def _model_of(kind: str, entry: Entry) -> type[BaseModel] | Fault:
    """Return the model of an entry, by what it says it is."""
    if kind == "models":
        return Published if "weights" in entry else Recipe
    if kind == "detectors":
        of_masks = AdoptedMasks.model_fields.keys() - ThresholdRecipe.model_fields.keys()
        return AdoptedMasks if of_masks & entry.keys() else ThresholdRecipe
    if kind in ONE_KIND:
        return ONE_KIND[kind]
    source = entry.get("source")
    if source == "annotations":
        return AnnotatedDataset
    if source is not None and not (isinstance(source, str) and source in SOURCES):
        known = [*SOURCES, "annotations"]
        hint = did_you_mean(str(source), known)
        allowed = ", ".join(known)
        return Fault(("source",), f"is {json.dumps(source)}{hint}; allowed: {allowed}")
    return LabelledDataset if source == "climatenet" else Dataset


def placed(value: Any, folders: Mapping[str, str]) -> Any:
    """Return `value` with {data} and {results} in every string replaced by the folders.

    ~/ at the start of a string is the home folder. Raw files (`files`) are patterns: a bracket or a
    star in a folder's name is literal.
    """
    folders = {"~": os.environ.get("HOME", "~"), **folders}
    if isinstance(value, str):
        value = f"{{~}}{value[1:]}" if value.startswith("~/") else value
        for name, folder in folders.items():
            value = value.replace(f"{{{name}}}", folder)
        return value
    if isinstance(value, Mapping):
        literal = {name: glob.escape(folder) for name, folder in folders.items()}
        return {
            key: placed(inner, literal if key == "files" else folders)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [placed(inner, folders) for inner in value]
    return value


def members_of(model: AnyModel) -> dict[str, AnyModel]:
    """Return name -> entry of a model, or of the members of an ensemble, one a seed."""
    if isinstance(model, Published) or model.seeds is None:
        return {model.name: model}
    names = {seed: f"{model.name}.seed{seed}" for seed in model.seeds}
    return {
        name: model.model_copy(update={"name": name, "seed": seed, "seeds": None})
        for seed, name in names.items()
    }


def labels_of_all(tables: Tables) -> list[list[str]] | None:
    """Return the labels of all models, detectors and annotations; None if some are unknown."""
    read = [known_of(model, "labels") for model in tables.models.values()]
    others = (tables.detectors, tables.annotated, tables.campaigns)
    said = [list(entry.labels) for table in others for entry in table.values()]
    known = [labels for labels in read if labels is not None]
    return [*known, *said] if len(known) == len(read) else None


def known_of(model: AnyModel, key: str) -> list[str] | None:
    """Return `fields` or `labels` of a model; of a published one only where it can be read."""
    if isinstance(model, Recipe):
        return list(getattr(model, key))
    try:
        config = json.loads((Path(model.weights) / "config.json").read_text(encoding="utf-8"))
        return list(map(str, {"labels": CLIMATENET_LABELS, **config}[key]))
    except (OSError, ValueError, KeyError, TypeError):
        return None  # not here, or not a model: an error of the job that adopts it
