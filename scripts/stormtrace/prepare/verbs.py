"""What can be done with raw variables to make a field of them: one class for each verb.

A derivation states the raw variables it needs and what it needs of their levels; how each is
computed is in `prepare.columns` (levels), `prepare.vorticity` and `prepare.fields` (time).
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from stormtrace.blocks import Block

FieldName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
Name = Annotated[str, Field(min_length=1)]
Pressure = Annotated[float, Field(gt=0, le=1100)]

#: What a derivation needs of its variables' levels: that there are none, that the whole column is
#: there (a sum over model levels, or over pressure levels above the ground), or one pressure.
Levels = Literal["none", "column", "pressure"]
#: How records closer than a step become the step, where the derivation says; else by the files'
#: own method in time: means and instants by their mean, sums by their sum.
Within = Literal["sum", "maximum", "minimum"]
Mirror = Literal["even", "odd"]
#: What a raw time stamp marks of its interval, and how records closer than a step become one.
Stamps = Literal["start", "end", "middle", "instant"]
Sampling = Literal["mean", "instant"]


def _listed(value: Any) -> Any:
    """Return a text on its own as the only one of its tuple; ValueError if it is no list either."""
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list | tuple) or not value:
        raise ValueError("must be text, or a list of texts: [ … ]")
    return tuple(value)


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    if len({*names}) < len(names):
        raise ValueError("a variable stands in it twice")
    return names


#: One file pattern or several.
Patterns = Annotated[
    tuple[Name, ...],
    Field(min_length=1),
    BeforeValidator(_listed, json_schema_input_type=Name | list[Name]),
]

#: One raw variable or several, each once.
Names = Annotated[
    tuple[Name, ...],
    Field(min_length=1),
    BeforeValidator(_listed, json_schema_input_type=Name | list[Name]),
    AfterValidator(_each_once),
]


#: The components of a vector, to the east and to the north.
Components = Annotated[
    tuple[Name, Name], BeforeValidator(_listed, json_schema_input_type=tuple[Name, Name])
]


class Anomaly(Block):
    """What a field is the departure from: a smooth climatology of the day of the year."""

    dataset: Name = Field(
        description="A dataset of the study over all of whose samples, on the same grid, the "
        "climatology is fitted: another one than this."
    )
    field: FieldName = Field(description="The field of that dataset that this one is less.")
    harmonics: int = Field(
        4, ge=0, le=12, description="Harmonics of the year that are fitted beside the mean."
    )


class Derivation(Block):
    """What every derivation may have; each has a verb of its own besides."""

    within: ClassVar[Within | None] = None

    files: Patterns | None = Field(
        None,
        description="Patterns of the field's own files, for all parts, if it lies in others than "
        "the rest does (its surface pressure is looked for there, too).",
    )
    stamps: Stamps | None = Field(
        None,
        description="What the stamps of the field's own records mark, where it is other than in "
        "the rest of the part (ERA5's accumulations, stamped at the end of their hour, beside "
        "instants); by default the part's, and for ERA5's amounts `end`.",
    )
    sampling: Sampling | None = Field(
        None,
        description="How the field's records closer than step_hours become steps, where it is "
        "other than in the rest of the dataset: hourly means of rain beside instants of wind.",
    )
    interval_hours: float | None = Field(
        None,
        gt=0,
        description="Hours that a record of the field is of, where its files have no time bounds; "
        "by default from record to record, and 1 for ERA5's amounts (3 in its ensemble: say so).",
    )
    units: Name | None = Field(
        None,
        description="Units that the field is to have, e.g. hPa or mm/day; by default those of its "
        "name (TMQ kg m-2, PSL Pa, U850 m s-1, Z500 m), else the file's.",
    )
    anomaly: Anomaly | None = Field(
        None,
        description="Makes the field an anomaly: its departure from the mean and the first "
        "harmonics of the year, fitted to a field of another dataset, cell by cell.",
    )
    mirror: Mirror | None = Field(
        None,
        description="Whether the field keeps its sign in a mirror at the equator (even) or changes "
        "it (odd, as winds to the north and vorticities do); by default what the derivation, the "
        "file's standard_name or the names say.",
    )

    @model_validator(mode="after")
    def _takes_all_records(self) -> "Derivation":
        if self.within is not None and self.sampling == "instant":
            raise ValueError(
                f"a {self.within} is of all records within a step, but sampling: instant keeps one"
                " of them: leave it out"
            )
        return self

    @property
    def variables(self) -> tuple[str, ...]:
        """The raw variables, the first of which stands for all in messages."""
        raise NotImplementedError

    @property
    def variable(self) -> str:
        """The first raw variable."""
        return self.variables[0]

    @property
    def levels(self) -> Levels:
        """What it needs of the levels of its variables."""
        return "none"

    def quantity_name(self, name: str) -> str:
        """Return the name that says what a field called `name` is; an anomaly's is its field's."""
        return self.anomaly.field if self.anomaly else name

    @property
    def level(self) -> float:
        """Pressure in Pa, where it needs one."""
        return 100.0 * (getattr(self, "to", None) or 0.0)


class Take(Derivation):
    """A raw variable without levels, as it is."""

    take: Name = Field(description="Raw variable without levels; the field is it, as it is.")

    @property
    def variables(self) -> tuple[str, ...]:
        """The raw variable."""
        return (self.take,)


class Sum(Derivation):
    """The sum of amounts over a step: precipitation accumulated hour by hour."""

    within: ClassVar[Within | None] = "sum"
    sum: Names = Field(
        description="Raw variable without levels that is an amount a record (ERA5's tp), or "
        "several that are added up (NCAR's [LSP, CP]); the field is the sum over the step."
    )

    @property
    def variables(self) -> tuple[str, ...]:
        """The raw variables."""
        return self.sum


class Maximum(Derivation):
    """The greatest value within a step."""

    within: ClassVar[Within | None] = "maximum"
    maximum: Name = Field(
        description="Raw variable without levels; the field is its greatest record within the step."
    )

    @property
    def variables(self) -> tuple[str, ...]:
        """The raw variable."""
        return (self.maximum,)


class Minimum(Derivation):
    """The least value within a step."""

    within: ClassVar[Within | None] = "minimum"
    minimum: Name = Field(
        description="Raw variable without levels; the field is its least record within the step."
    )

    @property
    def variables(self) -> tuple[str, ...]:
        """The raw variable."""
        return (self.minimum,)


class Integrate(Derivation):
    """Σ x dp / g over a column."""

    integrate: Name = Field(
        description="Raw variable on model levels, or on pressure levels with surface pressure; "
        "the field is the sum of it times dp/g (g = 9.80616 m s-2) from the top level down.",
    )

    @property
    def variables(self) -> tuple[str, ...]:
        """The raw variable."""
        return (self.integrate,)

    @property
    def levels(self) -> Levels:
        """Whole columns."""
        return "column"


class Interpolate(Derivation):
    """The value at a pressure."""

    interpolate: Name = Field(
        description="Raw variable on model or pressure levels; the field is its value at `to`.",
    )
    to: Pressure | None = Field(None, description="Pressure in hPa.")

    @model_validator(mode="after")
    def _has_pressure(self) -> "Interpolate":
        if self.to is None:
            raise ValueError("interpolate goes with `to`, the pressure in hPa")
        return self

    @property
    def variables(self) -> tuple[str, ...]:
        """The raw variable."""
        return (self.interpolate,)

    @property
    def levels(self) -> Levels:
        """One pressure."""
        return "pressure"


class Transport(Derivation):
    """Transport of water vapour through a column: IVT and its components.

    (Σ u q dp/g, Σ v q dp/g), and its magnitude √((Σ u q dp/g)² + (Σ v q dp/g)²).
    """

    transport: Annotated[
        tuple[Name, Name, Name],
        BeforeValidator(_listed, json_schema_input_type=tuple[Name, Name, Name]),
    ] = Field(
        description="Raw variables [humidity, wind to the east, wind to the north] on the levels "
        "of `integrate`; the field is the vertically integrated transport of water vapour (IVT)."
    )
    component: Literal["magnitude", "eastward", "northward"] = Field(
        "magnitude", description="Of transport: its magnitude, or one of its components."
    )

    @property
    def variables(self) -> tuple[str, ...]:
        """Humidity and the winds that are needed."""
        humidity, east, north = self.transport
        if self.component == "magnitude":
            return self.transport
        return (humidity, east if self.component == "eastward" else north)

    @property
    def levels(self) -> Levels:
        """Whole columns."""
        return "column"


class _OfTwo(Derivation):
    """A derivation from the two components of a vector, at a pressure or without levels."""

    to: Pressure | None = Field(
        None, description="Pressure in hPa, where the components have levels."
    )

    @property
    def levels(self) -> Levels:
        """One pressure, or none."""
        return "none" if self.to is None else "pressure"


class Magnitude(_OfTwo):
    """√(u² + v²), record by record: the speed of a mean wind is not the mean of the speed."""

    magnitude: Components = Field(
        description="Raw variables [to the east, to the north]; the field is the magnitude of the "
        "vector: wind speed, or IVT from its components."
    )

    @property
    def variables(self) -> tuple[str, ...]:
        """Both components."""
        return self.magnitude


class Vorticity(_OfTwo):
    """Relative vorticity, s⁻¹, computed on the mesh of the raw files (`prepare.vorticity`)."""

    vorticity: Components = Field(
        description="Raw variables [wind to the east, wind to the north]; the field is the "
        "relative vorticity."
    )

    @property
    def variables(self) -> tuple[str, ...]:
        """Both components."""
        return self.vorticity
