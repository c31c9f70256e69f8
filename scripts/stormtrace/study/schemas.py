"""JSON schemas of the study's YAML, generated from its typed models."""

from typing import Any

import yaml
from pydantic import TypeAdapter

from stormtrace.detect.recipes import AdoptedMasks, ThresholdRecipe
from stormtrace.labels.annotation_blocks import AnnotatedDataset
from stormtrace.labels.campaigns.campaign_block import Campaign
from stormtrace.learn.recipe import Published, Recipe
from stormtrace.prepare.dataset import Dataset, LabelledDataset
from stormtrace.study.config import Config
from stormtrace.study.entries import Comparison, Experiment
from stormtrace.track.tracking import TrackingBlock

DIALECT = "https://json-schema.org/draft/2020-12/schema"
HEAD = (
    "# Generated from the models of scripts/stormtrace by scripts/write_schemas.py: do not edit.\n"
)

#: File in workflow/schemas -> title and model(s).
SCHEMAS: dict[str, tuple[str, Any]] = {
    "config": ("The study", Config),
    "datasets": (
        "A dataset: raw files, labelled samples, or annotations that become those",
        Dataset | LabelledDataset | AnnotatedDataset,
    ),
    "models": ("A model: trained here, or published", Recipe | Published),
    "detectors": (
        "A detector that is no network: a threshold recipe, or masks made elsewhere",
        ThresholdRecipe | AdoptedMasks,
    ),
    "experiments": ("An experiment", Experiment),
    "comparisons": ("A comparison", Comparison),
    "campaigns": ("A labelling campaign", Campaign),
    "tracking": ("Tracking", TrackingBlock),
}


def schema_text(name: str) -> str:
    """Return the content of `workflow/schemas/{name}.schema.yaml`."""
    title, model = SCHEMAS[name]
    schema = _tidy(TypeAdapter(model).json_schema())
    content = {"$schema": DIALECT, "title": title, **schema}
    text: str = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
    return HEAD + text


def _tidy(schema: Any) -> Any:
    """Return a schema without titles and without null, which in the YAML removes a key."""
    if isinstance(schema, list):
        return [_tidy(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kept: dict[str, Any] = {
        key: _each(value) if key in ("properties", "$defs") else _tidy(value)
        for key, value in schema.items()
        if key != "title" and not (key == "default" and value is None)
    }
    kinds = [kind for kind in kept.get("anyOf", []) if kind != {"type": "null"}]
    if "anyOf" in kept and len(kinds) == 1:
        del kept["anyOf"]
        kept = {**kinds[0], **kept}
    elif "anyOf" in kept:
        kept["anyOf"] = kinds
    if "description" in kept:
        kept = {"description": " ".join(kept.pop("description").split()), **kept}
    if "$ref" in kept:
        kept.pop("default", None)  # the defaults of its keys
    return kept


def _each(schemas: dict[str, Any]) -> dict[str, Any]:
    return {name: _tidy(schema) for name, schema in schemas.items()}
