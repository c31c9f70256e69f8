"""Warnings of the plan: experiments that run a network on a grid it does not know."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stormtrace.blocks import dump
from stormtrace.grids import make_grid
from stormtrace.grids.spacing import Spacing, spacing_of
from stormtrace.learn.recipe import Recipe
from stormtrace.network.trained_grid import TRAINED_ON, unknown_grid
from stormtrace.study.definition import Study


def grid_warnings(study: Study) -> list[str]:
    """Return a sentence for each model and grid that do not know each other, as far as is known.

    Grids that stand in files are left to the detection, which opens them.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for name, entry in study.experiments.items():
        if entry.model and not entry.regrid_to_learned and name not in study.counterfactuals:
            found.setdefault((entry.model, entry.grid), []).append(name)
    return [
        f"{', '.join(names)}: {sentence}"
        for (_, grid), names in found.items()
        if (given := _spacing(study, grid))
        for model in study.models_of(names[0])[:1]
        for sentence in unknown_grid(_content(study, model), model, given)
    ]


def _spacing(study: Study, grid: str | None) -> Spacing | None:
    specification = study.config.grids.get(grid or "")
    if specification is None or specification.file is not None:
        return None
    return spacing_of(make_grid(specification))


def _content(study: Study, model: str) -> Mapping[str, Any]:
    """Return what config.json says, or will say, of the grid a model was trained on."""
    entry = study.models[model]
    if isinstance(entry, Recipe):
        learned = _spacing(study, entry.grid)
        said = {TRAINED_ON: {"lat": learned.lat, "lon": learned.lon}} if learned else {}
        return {"labels": ["Background"], **said}
    try:
        content = json.loads((Path(entry.weights) / "config.json").read_text(encoding="utf-8"))
        own = dict(content)
    except (OSError, ValueError, TypeError):
        own = {"labels": ["Background"]}  # an error of the job that adopts it
    return own | ({TRAINED_ON: dump(entry.trained_on)} if entry.trained_on else {})
