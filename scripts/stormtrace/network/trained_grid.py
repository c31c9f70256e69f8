"""The grid a model was trained on, held against the one it is run on."""

from collections.abc import Mapping
from typing import Any

from stormtrace.class_table import flag_name
from stormtrace.classes import CLIMATENET_LABELS
from stormtrace.grids.spacing import Spacing

#: Key of config.json: degrees between rows and columns of the samples it was trained on.
TRAINED_ON = "trained_on"

#: Of ClimateNet's labels (768 × 1152), hence of every network published with them.
CLIMATENET = Spacing(180 / 767, 0.3125)


def unknown_grid(content: Mapping[str, Any], model: str, given: Spacing) -> list[str]:
    """Return a sentence if a model is run on a grid unlike that of its training.

    content: of its config.json; a model of ClimateNet's classes that does not say where it was
    trained was most likely trained on ClimateNet's labels. given: of the grid it is run on.
    """
    said, trained = read_spacing(content), learned_spacing(content)
    if trained is None or not given.is_unlike(trained):
        return []
    doubt = "" if said else ", as ClimateNet's published networks were (else say `trained_on:`)"
    return [
        f"model {model} was trained on {trained}{doubt}, but runs on {given}: on cells of another"
        " size a network may find next to nothing; say regrid_to_learned: true in the experiment,"
        " or train on this grid"
    ]


def learned_spacing(content: Mapping[str, Any]) -> Spacing | None:
    """Return the spacing a model learned on, as its config.json says or its classes suggest."""
    return read_spacing(content) or (CLIMATENET if _has_climatenets_classes(content) else None)


def read_spacing(content: Mapping[str, Any]) -> Spacing | None:
    """Return what a config.json says the model was trained on, if it does."""
    said = content.get(TRAINED_ON)
    try:
        spacing = Spacing(float(said["lat"]), float(said["lon"])) if said else None
    except (KeyError, TypeError, ValueError):
        return None
    return spacing if spacing and min(spacing.lat, spacing.lon) > 0 else None


def _has_climatenets_classes(content: Mapping[str, Any]) -> bool:
    labels = content.get("labels", CLIMATENET_LABELS)
    return [flag_name(str(one)) for one in labels] == [flag_name(one) for one in CLIMATENET_LABELS]
