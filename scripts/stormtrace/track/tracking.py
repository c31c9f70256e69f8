"""The `tracking` block of an experiment: its keys, their checks and the defaults of each rule.

Described for users in ``workflow/schemas/tracking.schema.yaml``; a test keeps the two the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stormtrace.classes import Classes, FeatureClass
from stormtrace.errors import BadInput

#: Thresholds that may differ from class to class.
BY_CLASS = ("minimum_area_km2", "minimum_pixels", "minimum_hours")

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
#: Rule -> every key's default. 200,000 km² are 250 cells of 0.23° × 0.31° at 28° latitude.
DEFAULTS: dict[str, dict[str, Any]] = {
    "graph": _COMMON | {"minimum_area_km2": 200_000.0, "minimum_overlap": 0.1},
    "climatenet": _COMMON | {"minimum_pixels": 250, "pole_wrap": True},
    "components": _COMMON | {"minimum_area_km2": 200_000.0},
}

#: west, east, south, north in degrees; the first is ARTMIP's. A study may name more.
NAMED_REGIONS = {
    "western North America": [180.0, 255.0, 25.0, 65.0],
    "west coast of North America": [230.0, 255.0, 32.0, 55.0],
    "CONUS": [235.0, 292.0, 26.0, 50.0],
}


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


def read_tracking(block: Mapping[str, Any] | None, classes: Classes) -> Tracking:
    """Return `block` with the defaults of its rule, thresholds by code of `classes`.

    Raises:
        BadInput: a key or a class is unknown, or a value is not allowed.

    """
    values = _values(block)
    for key in BY_CLASS:
        given = (block or {}).get(key, {})
        values[key] = _by_class(key, given, DEFAULTS[values["rule"]][key], classes)
    return Tracking(**values)


def _values(block: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return all keys of a block, defaults filled in; raises BadInput for wrong ones."""
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
    return {"rule": rule} | values


def labelling_keys(block: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the part of a `tracking` block that objects depend on, defaults written out.

    Handing only this part to ``find_objects.py`` lets another rule or threshold rerun only
    ``link_events.py``.
    """
    values = _values(block)
    return {key: values[key] for key in ("connectivity", "pole_wrap")}


def _by_class(key: str, value: Any, default: Any, classes: Classes) -> tuple[Any, ...]:
    """Return a threshold by class code, from one number or from ``{name: number}``.

    Names may be short (AR). Classes that are not named have the default; for lines (fronts) that
    is no smallest size.
    """
    numbers = value if isinstance(value, Mapping) else dict.fromkeys(classes.flags, value)
    if not all(isinstance(number, int | float) and number >= 0 for number in numbers.values()):
        raise BadInput(
            f"tracking: {key} is a number ≥ 0, or one for each of {list(classes.labels[1:])}; "
            f"found {value}"
        )
    given: dict[int, Any] = {}
    for name, number in numbers.items():
        feature = _class_of(key, name, classes)
        if feature.code in given:
            raise BadInput(f"tracking: {key} names {feature.name} twice: {value}; keep one")
        given[feature.code] = number
    by_code = [0] * (max(classes.codes, default=0) + 1)
    for feature in classes.features:
        is_line = feature.kind == "line" and key != "minimum_hours"
        usual = 0 if is_line else default
        by_code[feature.code] = given.get(feature.code, usual)
    return tuple(by_code)


def _class_of(key: str, name: str, classes: Classes) -> FeatureClass:
    try:
        return classes[name]
    except BadInput as error:
        raise BadInput(f"tracking: {key}: {error}") from None
