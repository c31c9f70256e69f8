"""Detectors that are no networks, as entries of the study: threshold recipes, adopted masks."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from stormtrace.blocks import Block, exclusive
from stormtrace.class_table import flag_name
from stormtrace.numerals import ordinal
from stormtrace.prepare.verbs import FieldName, Patterns, Stamps

#: What cells of no feature are called, as in the labels of a model.
BACKGROUND_NAME = "Background"


class Percentile(Block):
    """A percentile of the field's own samples, by cell and month."""

    percentile: float = Field(gt=0, lt=100, description="Per cent, such as 85.")
    dataset: str | None = Field(
        None,
        description="The dataset of whose samples it is the percentile; the experiment's own where "
        "absent. A warmer climate held against today's: name today's.",
    )
    minimum_steps: int = Field(
        100,
        ge=2,
        description="Fewest samples that a month must have, of all years together.",
    )


class ClosedContour(Block):
    """Cells that a closed contour around a minimum encloses."""

    rise: float = Field(
        gt=0,
        description="How much above the minimum the contour lies, in the field's units (Pa).",
    )
    within_km: float = Field(
        gt=0,
        description="The contour closes within this great-circle distance of the minimum.",
    )


class Condition(Block):
    """A condition on one field."""

    field: FieldName = Field(description="A field of the experiment's dataset.")
    units: str | None = Field(
        None,
        description="Units that the numbers are in; samples in other units are refused.",
    )
    at_least: float | Percentile | None = Field(
        None, description="A number, or a percentile: {percentile: 85}."
    )
    at_most: float | Percentile | None = Field(None, description="Likewise.")
    closed_contour: ClosedContour | None = Field(
        None,
        description="The cells around a minimum of the field in which it is less than `rise` above "
        "the minimum, if they all lie within `within_km` of it.",
    )

    @model_validator(mode="after")
    def _is_one_thing(self) -> "Condition":
        kinds = ("at_least", "at_most", "closed_contour")
        said = [kind for kind in kinds if getattr(self, kind) is not None]
        if not said:
            raise ValueError(f"it needs one of {', '.join(kinds)}")
        if len(said) > 1:
            raise exclusive(said)
        return self

    @property
    def percentile(self) -> Percentile | None:
        """The percentile it compares with, if it does."""
        limits = (self.at_least, self.at_most)
        return next((one for one in limits if isinstance(one, Percentile)), None)


class Limits(Block):
    """From … to …, both included."""

    at_least: float | None = Field(None, ge=0, description="Least value, itself included.")
    at_most: float | None = Field(None, ge=0, description="Greatest value, itself included.")

    @model_validator(mode="after")
    def _says_something(self) -> "Limits":
        if self.at_least is None and self.at_most is None:
            raise ValueError("it needs at_least, at_most or both")
        if None not in (self.at_least, self.at_most) and self.at_least > self.at_most:  # type: ignore[operator]
            raise ValueError("at_least is greater than at_most")
        return self


Latitude = Annotated[float, Field(ge=-90, le=90)]


def _south_first(band: tuple[float, float]) -> tuple[float, float]:
    if band[0] >= band[1]:
        raise ValueError("it is empty; give [south, north]")
    return band


Band = Annotated[tuple[Latitude, Latitude], AfterValidator(_south_first)]


class TransportDirection(Block):
    """Where the transport in an object goes; means are weighted by area."""

    eastward: FieldName = Field(
        description="The dataset's field of the eastward component: {transport: [Q, U, V], "
        "component: eastward}."
    )
    northward: FieldName = Field(description="Likewise northward.")
    units: str | None = Field(
        None, description="Units of `poleward`; samples in other units are refused."
    )
    poleward: float | None = Field(
        None, description="Least poleward component of the object's mean transport."
    )
    from_axis_degrees: float | None = Field(
        None,
        gt=0,
        le=90,
        description="Greatest angle between the mean transport and the object's axis: the great "
        "circle through its two ends, at its middle, whichever way along.",
    )
    from_mean_degrees: float | None = Field(
        None,
        gt=0,
        le=180,
        description="In at least half of the object the transport is within this angle of its "
        "mean.",
    )

    @model_validator(mode="after")
    def _says_something(self) -> "TransportDirection":
        if {self.poleward, self.from_axis_degrees, self.from_mean_degrees} == {None}:
            raise ValueError("it needs one of poleward, from_axis_degrees, from_mean_degrees")
        if self.eastward == self.northward:
            raise ValueError(f"{self.eastward} cannot be both components")
        return self


class ClassRecipe(Block):
    """Where a class is: conditions on fields, then on the objects that are left."""

    where: tuple[Condition, ...] = Field(
        min_length=1, max_length=16, description="Conditions on fields; a cell fulfils all of them."
    )
    latitudes: tuple[Band, ...] | None = Field(
        None,
        min_length=1,
        description="Bands [south, north] in degrees outside of which no cell counts; all where "
        "absent.",
    )
    area_km2: Limits | None = Field(None, description="Area of an object.")
    length_km: Limits | None = Field(
        None,
        description="Length of an object along its axis: the shortest way within the object "
        "between its two ends (centres of cells).",
    )
    width_km: Limits | None = Field(None, description="Width of an object: area / length.")
    length_to_width: Limits | None = Field(None, description="Length / width of an object.")
    transport: TransportDirection | None = Field(
        None, description="Where the transport in an object goes."
    )


class DetectorEntry(Block):
    """What every entry of the table of detectors may have; `name`, its key there, is filled in."""

    like: str | None = Field(
        None,
        description="Name of the detector this one takes everything from that it does not say "
        "itself.",
    )
    title: str | None = Field(
        None, description="A few words for maps and the report; the name where absent."
    )
    name: SkipJsonSchema[str] = ""
    description: str = Field("", description="Free text.")


def _named_once(names: dict[str, Any]) -> dict[str, Any]:
    flags = [flag_name(name) for name in names]
    if twice := [name for name, flag in zip(names, flags, strict=True) if flags.count(flag) > 1]:
        raise ValueError(f"{' and '.join(map(repr, twice))} are the same class")
    if flag_name(BACKGROUND_NAME) in flags:
        raise ValueError(f"{BACKGROUND_NAME} is what is left: it has no recipe")
    return names


class ThresholdRecipe(DetectorEntry):
    """A detector by thresholds: where a field is large or small, in objects of a certain shape."""

    ordered: ClassVar[tuple[str, ...]] = ("classes",)

    classes: Annotated[dict[str, ClassRecipe], AfterValidator(_named_once)] = Field(
        min_length=1,
        max_length=64,
        description="Name of a class -> its recipe. Codes follow the order; where two classes "
        "overlap, the first has the cell.",
    )

    @property
    def labels(self) -> list[str]:
        """Names of the classes by code, the background first."""
        return [BACKGROUND_NAME, *self.classes]

    @property
    def conditions(self) -> list[Condition]:
        """All conditions of all classes."""
        return [one for recipe in self.classes.values() for one in recipe.where]

    @property
    def fields(self) -> list[str]:
        """Every field that is needed, each once."""
        directions = [one.transport for one in self.classes.values() if one.transport]
        components = [name for one in directions for name in (one.eastward, one.northward)]
        return list(dict.fromkeys([*(one.field for one in self.conditions), *components]))

    @property
    def units(self) -> list[tuple[str, str]]:
        """(field, units that the recipe's numbers on it are in), where it says any."""
        said = [(one.field, one.units) for one in self.conditions]
        for recipe in self.classes.values():
            if (one := recipe.transport) is not None:
                said += [(one.eastward, one.units), (one.northward, one.units)]
        return [(field, units) for field, units in said if units]


class AdoptedMasks(DetectorEntry):
    """Masks that somebody else made, in any of three layouts: tag, codes or layers."""

    files: Patterns = Field(
        description="Where the files are: one pattern or several, with * ? [] as in a shell, ** "
        "for any depth, and {year}."
    )
    variable: str = Field(
        description="The variable of the masks (ar_binary_tag, object_id, class_masks, fronts)."
    )
    tag: str | None = Field(
        None,
        description="The class of all cells that are above 0: ARTMIP's binary tags, object IDs of "
        "StitchBlobs. (time, lat, lon)",
    )
    codes: dict[str, str] | None = Field(
        None,
        min_length=1,
        description="Code -> class, such as {1: Tropical Cyclone, 2: Atmospheric River} "
        "(ClimateNet's class_masks); 0 is the background unless it is named. (time, lat, lon)",
    )
    layers: dict[str, str] | None = Field(
        None,
        min_length=1,
        description="Layer -> class of a variable with a layer of zeros and ones for each class: "
        "{cold: Cold Front, …, none: Background} (DL-FRONT). Layers bear the values of their "
        "coordinate (front_type), or numbers from 0. One dimension besides time, lat and lon.",
    )
    stamps: Stamps | None = Field(
        None,
        description="What a time stamp marks of its step, as in a dataset's `parts`; the time of a "
        "mask is the start of its step (DL-FRONT: end).",
    )
    missing_steps: Literal["refuse", "skip"] = Field(
        "refuse",
        description="Steps of the experiment's period that the files lack (or hold nothing but "
        "fill values at): an error, or left out and counted.",
    )

    @model_validator(mode="after")
    def _has_one_layout(self) -> "AdoptedMasks":
        kinds = ("tag", "codes", "layers")
        said = [kind for kind in kinds if getattr(self, kind) is not None]
        if not said:
            raise ValueError(f"it needs one of {', '.join(kinds)}")
        if len(said) > 1:
            raise exclusive(said)
        if all(flag_name(name) == "background" for name in self._named):
            raise ValueError(f"{said[0]} names no class besides the background")
        for code in self.codes or {}:
            if not code.lstrip("-").isdecimal():
                raise ValueError(f"codes has the key {code!r}, which is no whole number")
        return self

    @property
    def _named(self) -> list[str]:
        given = self.codes or self.layers
        return [str(self.tag)] if given is None else list(given.values())

    @property
    def labels(self) -> list[str]:
        """Names of the classes by code, the background first; several codes may be of one class."""
        names = {flag_name(name): name for name in reversed(self._named)}
        names.pop(flag_name(BACKGROUND_NAME), None)
        return [BACKGROUND_NAME, *reversed(names.values())]


Detector = ThresholdRecipe | AdoptedMasks


def recipe_in_words(detector: Detector) -> str:
    """Return what a detector does, for the methods of the report."""
    if isinstance(detector, AdoptedMasks):
        return f"masks made elsewhere, {detector.variable} of {', '.join(detector.files)}"
    return "; ".join(f"{name}: {_class_in_words(one)}" for name, one in detector.classes.items())


def _class_in_words(recipe: ClassRecipe) -> str:
    words = [_condition_in_words(one) for one in recipe.where]
    if recipe.latitudes:
        bands = (f"{south:g}° to {north:g}°" for south, north in recipe.latitudes)
        words.append("latitude " + " or ".join(bands))
    for key, name, unit in (
        ("area_km2", "area", " km²"),
        ("length_km", "length", " km"),
        ("width_km", "width", " km"),
        ("length_to_width", "length / width", ""),
    ):
        limits = getattr(recipe, key) or Limits(at_least=0)
        for sign, limit in (("≥", limits.at_least or None), ("≤", limits.at_most)):
            words += [] if limit is None else [f"{name} {sign} {limit:g}{unit}"]
    return ", ".join(words + ([] if recipe.transport is None else _direction_in_words(recipe)))


def _direction_in_words(recipe: ClassRecipe) -> list[str]:
    said = recipe.transport
    assert said is not None
    units = f" {said.units}" if said.units else ""
    words = {
        f"mean transport poleward by at least {said.poleward or 0:g}{units}": said.poleward,
        f"within {said.from_axis_degrees or 0:g}° of the axis": said.from_axis_degrees,
        f"transport of half of the object within {said.from_mean_degrees or 0:g}° of its mean": (
            said.from_mean_degrees
        ),
    }
    return [text for text, limit in words.items() if limit is not None]


def _condition_in_words(condition: Condition) -> str:
    units = f" {condition.units}" if condition.units else ""
    if (contour := condition.closed_contour) is not None:
        return (
            f"{condition.field} less than {contour.rise:g}{units} above a minimum, closed within "
            f"{contour.within_km:g} km"
        )
    least, most = condition.at_least, condition.at_most
    sign, limit = ("≥", least) if most is None else ("≤", most)
    if isinstance(limit, Percentile):
        of = f" of {limit.dataset}" if limit.dataset else ""
        said = f"its {ordinal(limit.percentile)} percentile{of} by cell and month"
        return f"{condition.field} {sign} {said}"
    return f"{condition.field} {sign} {limit:g}{units}"
