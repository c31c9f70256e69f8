"""The `tracking` block of an experiment, and the defaults of each rule."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from stormtrace.blocks import Block, dump, exclusive, read_block
from stormtrace.classes import Classes, FeatureClass
from stormtrace.errors import BadInput
from stormtrace.grids.boxes import in_box_order

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

Threshold = Annotated[float, Field(ge=0)]
#: One number for all classes, or one for each of some.
ByClass = Threshold | Annotated[dict[str, Threshold], Field(min_length=1)]


class Region(Block):
    """Keeps only the events that have to do with a region.

    Events are found on the whole grid first and kept whole, with cells outside.
    """

    name: str | None = Field(
        None,
        description="One of the study's `regions`, or western North America (180-255E 25-65N), "
        "west coast of North America (230-255E 32-55N), CONUS (235-292E 26-50N).",
    )
    box: Annotated[tuple[float, float, float, float] | None, BeforeValidator(in_box_order)] = Field(
        None,
        description="[west, east, south, north] in degrees; west may be greater than east across "
        "the date line.",
    )
    shapefile: str | None = Field(
        None,
        description="A shapefile of polygons in degrees; cells count whose centre lies inside any.",
    )
    mask: str | None = Field(
        None,
        description="A netCDF file with one variable (lat, lon) on the experiment's grid; cells "
        "count where it is above zero.",
    )
    select: Literal["touch", "start", "end"] = Field(
        "touch",
        description="touch: any cell of the event at any time lies in the region. start, end: the "
        "centroid of its first, last step does.",
    )

    @model_validator(mode="after")
    def _is_one_thing(self) -> "Region":
        kinds = ("name", "box", "shapefile", "mask")
        said = [kind for kind in kinds if getattr(self, kind) is not None]
        if not said:
            raise ValueError(f"it needs one of {', '.join(kinds)}")
        if len(said) > 1:
            raise exclusive(said)
        return self


class TrackingBlock(Block):
    """How the objects of an experiment's masks become events.

    Defaults depend on the rule. Only connectivity and pole_wrap concern the objects; a change of
    any other key reruns one short job.
    """

    rule: Literal["graph", "climatenet", "components"] = Field(
        "graph",
        description="graph: an event is a main branch of the graph of overlaps; what splits off or "
        "merges in is an event of its own if it lasts, else a fragment of the event it touches; "
        "parents and children are recorded. climatenet: the published tracker, ID for ID (any "
        "overlap; at a merge the first cell in raster order decides; pieces of a split share the "
        "ID). components: StitchBlobs' rule (all that ever touches is one event). The rule alone "
        "changes the climatology.",
    )
    minimum_area_km2: ByClass | None = Field(
        None,
        description="Objects smaller than this are left out, km²: one number for all classes, or "
        "one by name or short name of some ({AR: 300000}). Default 200000 (graph, components: 250 "
        "cells of 0.23° x 0.31° at 28° latitude), 0 (climatenet; classes that are lines).",
    )
    minimum_pixels: ByClass | None = Field(
        None,
        description="Objects of fewer cells are left out. What it means depends on grid and "
        "latitude: prefer minimum_area_km2. Default 1 (graph, components; classes that are lines), "
        "250 (climatenet).",
    )
    minimum_hours: ByClass | None = Field(
        None,
        description="Events shorter than this, from first to last sighting, are left out; hours. "
        "Default 12, which is five 3-hourly steps (climatenet counts sightings, as published).",
    )
    minimum_overlap: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Two objects are linked if the area both have is at least this fraction of the "
        "smaller one's. Default 0.1 (graph), 0: one cell is enough (climatenet, components).",
    )
    gap_hours: float | None = Field(
        None,
        ge=0,
        description="Longest time from one sighting to the next, hours. Bridges missing steps and, "
        "by rule graph, steps at which an object is not found or is too small. Consecutive steps "
        "are always near enough. Default 6: one 3-hourly step may be missing.",
    )
    connectivity: Literal[4, 8] | None = Field(
        None,
        description="Whether cells that touch by a corner belong together (8) or not (4). "
        "Default 8.",
    )
    pole_wrap: bool | None = Field(
        None,
        description="Whether the northernmost row touches the southernmost one, as in the "
        "published tracker; on a grid that reaches both poles. Default true (climatenet), false "
        "(graph, components).",
    )
    region: Region | None = Field(
        None, description="Keeps only the events that have to do with a region; all by default."
    )


@dataclass(frozen=True)
class Tracking:
    """A `tracking` block in full. Thresholds are by class code; index 0 (background) is unused."""

    rule: str
    minimum_area_km2: tuple[float, ...]
    minimum_pixels: tuple[float, ...]
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
    rule, given = _checked(block)
    thresholds = {
        key: _by_class(key, given.pop(key, {}), DEFAULTS[rule][key], classes) for key in BY_CLASS
    }
    return Tracking(rule, **DEFAULTS[rule] | given | thresholds)


def labelling_keys(block: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the part of a `tracking` block that objects depend on, defaults written out.

    Handing only this part to ``find_objects.py`` lets another rule or threshold rerun only
    ``link_events.py``.

    Raises:
        BadInput: a key is unknown, or a value is not allowed.

    """
    rule, given = _checked(block)
    return {key: (DEFAULTS[rule] | given)[key] for key in ("connectivity", "pole_wrap")}


def _checked(block: Mapping[str, Any] | None) -> tuple[str, dict[str, Any]]:
    """Return the rule of a block and the other keys that it gives."""
    given = dump(read_block(TrackingBlock, block or {}, "tracking"))
    return given.pop("rule"), given


def _by_class(key: str, value: Any, default: Any, classes: Classes) -> tuple[Any, ...]:
    """Return a threshold by class code, from one number or from ``{name: number}``.

    Names may be short (AR). Classes that are not named have the default; for lines (fronts) that
    is no smallest size.
    """
    numbers = value if isinstance(value, Mapping) else dict.fromkeys(classes.flags, value)
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
