"""The `tracking` block of an experiment: what may stand in it, and what stands for the rest.

Described for users in ``workflow/schemas/tracking.schema.yaml``; a test keeps the two the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stormtrace.classes import FEATURES
from stormtrace.errors import BadInput

_COMMON: dict[str, Any] = {
    "minimum_area_km2": 0.0,
    "minimum_pixels": 1,
    "minimum_hours": 12.0,
    "minimum_overlap": 0.0,
    "gap_hours": 6.0,
    "connectivity": 8,
    "pole_wrap": False,
    "region": None,
}
DEFAULTS: dict[str, dict[str, Any]] = {
    "graph": _COMMON | {"minimum_area_km2": 200_000.0, "minimum_overlap": 0.1},
    "climatenet": _COMMON | {"minimum_pixels": 250, "pole_wrap": True},
    "components": _COMMON | {"minimum_area_km2": 200_000.0},
}
"""Rule -> every key's default. 200,000 km² are 250 cells of 0.23° × 0.31° at 28° latitude."""

NAMED_REGIONS = {
    "western North America": [180.0, 255.0, 25.0, 65.0],
    "west coast of North America": [230.0, 255.0, 32.0, 55.0],
    "CONUS": [235.0, 292.0, 26.0, 50.0],
}
"""west, east, south, north in degrees; the first is ARTMIP's. A study may name more."""


@dataclass(frozen=True)
class Tracking:
    """A `tracking` block in full. Thresholds are by class code; index 0 (background) is unused."""

    rule: str
    minimum_area_km2: tuple[float, ...]
    minimum_pixels: tuple[int, ...]
    minimum_hours: tuple[float, ...]
    minimum_overlap: float
    gap_hours: float
    connectivity: int
    pole_wrap: bool
    region: Mapping[str, Any] | None


def read_tracking(block: Mapping[str, Any] | None) -> Tracking:
    """Return `block` with the defaults of its rule. Raises BadInput for what it cannot mean."""
    block = dict(block or {})
    rule = block.pop("rule", "graph")
    if rule not in DEFAULTS:
        raise BadInput(f"tracking: rule must be one of {list(DEFAULTS)}; found {rule!r}")
    unknown = sorted(set(block) - set(DEFAULTS[rule]))
    if unknown:
        raise BadInput(f"tracking: unknown keys {unknown}; known are {list(DEFAULTS[rule])}")
    values = DEFAULTS[rule] | block
    if values["connectivity"] not in (4, 8):
        raise BadInput(f"tracking: connectivity must be 4 or 8; found {values['connectivity']!r}")
    if not 0 <= values["minimum_overlap"] <= 1:
        raise BadInput(
            "tracking: minimum_overlap is a fraction from 0 to 1 (of the smaller object); "
            f"found {values['minimum_overlap']!r}"
        )
    for key in ("minimum_area_km2", "minimum_pixels", "minimum_hours"):
        values[key] = _by_class(key, values[key], DEFAULTS[rule][key])
    return Tracking(rule, **values)


def labelling_keys(block: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the part of a `tracking` block that objects depend on, defaults written out.

    Handing only this part to ``find_objects.py`` lets another rule or threshold rerun only
    ``link_events.py``.
    """
    tracking = read_tracking(block)
    return {"connectivity": tracking.connectivity, "pole_wrap": tracking.pole_wrap}


def _by_class(key: str, value: Any, default: Any) -> tuple[Any, ...]:
    """Return one number for all classes, or ``{TC: …, AR: …}``, as a tuple by class code."""
    if not isinstance(value, Mapping):
        value = dict.fromkeys(FEATURES, value)
    wrong = sorted(set(value) - set(FEATURES))
    if wrong or not all(
        isinstance(number, int | float) and number >= 0 for number in value.values()
    ):
        raise BadInput(
            f"tracking: {key} is a number ≥ 0, or one for each of {list(FEATURES)}; found {value}"
        )
    by_code = [0] * (max(FEATURES.values()) + 1)
    for name, code in FEATURES.items():
        by_code[code] = value.get(name, default)
    return tuple(by_code)
