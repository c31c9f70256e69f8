"""A dataset of the study: the block of YAML as the prepare stage and Snakemake's plan see it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field, ValidationInfo, field_validator
from pydantic.json_schema import SkipJsonSchema

from stormtrace.blocks import Block, did_you_mean, dump, in_order, read_block
from stormtrace.prepare.clock import Clock, Moment
from stormtrace.prepare.derivations import Fields, default_fields
from stormtrace.prepare.raw.calendar_time import DAY, HOUR
from stormtrace.prepare.sources import Vocabulary, layouts, vocabulary
from stormtrace.prepare.verbs import Derivation, Patterns, Sampling, Stamps, Within

RawSource = Literal["cesm", "merra2", "era5", "cmip6", "e3sm", "mpas", "icon"]
RegridMethod = Literal["bilinear", "conservative", "spectral"]
Maker = Literal["stormtrace", "esmpy", "xesmf"]


class Names(Block):
    """What variables are called in the raw files: by default what the source calls them."""

    surface_pressure: str = Field(
        "PS",
        description="Surface pressure (Pa or hPa), or its logarithm (lnsp), for hybrid levels and "
        "integrals over pressure levels. Where absent, the name in the files' own `formula_terms` "
        "(ps, aps), else the source's (PS, ps, sp) or a usual name that is there.",
    )
    pressure: str = Field(
        "PL", description="Pressure of levels (Pa), where it is a variable (MERRA-2's Nv)."
    )
    thickness: str = Field("DELP", description="Thickness of levels (Pa), likewise.")
    lat: str | None = Field(None, description="Latitudes; found by name or units where absent.")
    lon: str | None = Field(None, description="Longitudes, likewise.")


class Vertical(Block):
    """How `interpolate` works."""

    method: Literal["log", "linear"] = Field(
        "log",
        description="Linear in the logarithm of pressure, or in pressure (as CAM's own U850).",
    )
    below: Literal["lowest", "linear", "nan"] = Field(
        "lowest",
        description="Where the pressure lies below the lowest level: the value of the lowest level "
        "(as the published study and CAM), the last two levels extended, or missing (then `holes` "
        "decides).",
    )
    coefficients: str | None = Field(
        None,
        description="Hybrid coefficients, where the raw files have none: a netCDF file with hyam, "
        "hybm, hyai, hybi and P0 (or CMOR's ap, b, ap_bnds, b_bnds); a text file of ECMWF's half "
        "levels (a line each: number from 0, a in Pa, b); or L137, ECMWF's 137 levels of ERA5.",
    )
    first_level: Literal["top", "ground"] | None = Field(
        None,
        description="Where the first of the model's levels lies in files without a coordinate of "
        "levels, whose order nothing else says: at the top, or next to the ground.",
    )
    levels: Literal["hPa", "Pa"] | None = Field(
        None,
        description="The level coordinate holds constant pressures in this unit, whatever the "
        "files say of it.",
    )


class Regrid(Block):
    """How the regridding matrix of a grid is made."""

    method: RegridMethod = Field(
        "bilinear",
        description="bilinear; conservative (first order; a mesh that is not rectilinear needs "
        "`mesh`); spectral, the model's own polynomials on CAM-SE's points, far more exact for "
        "smooth fields, but it overshoots.",
    )
    maker: Maker = Field(
        "stormtrace",
        description="Our own makers; or ESMF's, bilinear and conservative, through esmpy or, from "
        "rectilinear meshes, xesmf (conda, envs/regrid.yaml).",
    )


#: Sources whose days have the weather of those days.
REANALYSES = ("merra2", "era5")

REMAPPING: tuple[str, ...] = get_args(RegridMethod)
MAKERS: tuple[str, ...] = get_args(Maker)


@dataclass(frozen=True)
class Source:
    """One raw variable, the patterns of the files that hold it, and what is said of its times.

    stamps: what they mark; None: the files say. interval: seconds that a record is of where the
    files have no bounds; None: from record to record. sampling: how records closer than a step
    become one. within: likewise, where the derivation says; such a one takes all records.
    """

    variable: str
    files: tuple[str, ...]
    stamps: Stamps | None = None
    interval: int | None = None
    sampling: Sampling = "mean"
    within: Within | None = None

    @property
    def named(self) -> bool:
        """Whether the files' names contain the variable: then each that matches must hold it."""
        return any("{variable}" in pattern for pattern in self.files)


class Part(Block):
    """A stretch of raw files."""

    period: Annotated[tuple[Moment, Moment], AfterValidator(in_order)] = Field(
        description="[first moment, first moment no longer in it], YYYY-MM-DD or "
        '"YYYY-MM-DD HH:MM" in the files\' own calendar.'
    )
    files: Patterns = Field(
        description="Where the files are: one pattern or several, with * ? [] as in a shell, ** "
        "for any depth, and {variable} and {year}. Without {year} every file that matches is "
        "opened; without {variable} those that lack the variable are passed over (other history "
        "tapes)."
    )
    stamps: Stamps | None = Field(
        None,
        description="What a raw time stamp marks of its interval. Where it is absent the file's "
        "time bounds and cell_methods decide, else half-hourly stamps of hourly means (MERRA-2), "
        "else it is an instant. Files that say otherwise are an error; only `instant` overrides "
        "bounds, unless cell_methods speak of means, for CAM writes bounds with instantaneous "
        "fields, too. Without bounds, intervals follow each other without gaps.",
    )

    @property
    def begin(self) -> str:
        """The first moment."""
        return self.period[0]

    @property
    def end(self) -> str:
        """The first moment no longer in it."""
        return self.period[1]

    def touches(self, year: int) -> bool:
        """Whether there may be steps in a year."""
        return int(self.begin[:4]) <= year <= int(self.end[:4])


class Entry(Block):
    """What every entry of the table of datasets may have; `name`, its key there, is filled in."""

    like: str | None = Field(
        None,
        description="Name of the dataset this one takes everything from that it does not say "
        "itself.",
    )
    title: str | None = Field(
        None, description="A few words for maps and the report; the name where absent."
    )
    name: SkipJsonSchema[str] = ""


def _divides_a_day(hours: float) -> float:
    if DAY % (round(hours * HOUR) or 7):
        raise ValueError(
            "it does not divide a day, so steps would start at other hours every day; choose 1, 2, "
            "3, 4, 6, 8, 12 or 24"
        )
    return hours


def _vocabulary(read: Mapping[str, Any]) -> Vocabulary:
    """Return the vocabulary of the source and layout read so far; empty where they are wrong."""
    source, layout = read.get("source"), read.get("layout")
    return vocabulary(source, layout) if source and "layout" in read else Vocabulary({})


def _default_fields(read: dict[str, Any]) -> dict[str, Any]:
    return default_fields(_vocabulary(read))


class Dataset(Entry):
    """Raw files of one source, in one place on disk; what a script gets of it is this block."""

    source: RawSource = Field(
        description="Whose conventions the files follow; gives the defaults of `fields` and "
        "`names`."
    )
    layout: str | None = Field(
        None,
        description="Which of the source's ways to name variables, where there are several: era5 "
        "has cds (tcwv, u; the default), ncar (TCWV, U; d633000 on glade) and arco "
        "(u_component_of_wind; also WeatherBench 2); e3sm has eam (the default) and scream.",
    )
    parts: tuple[Part, ...] = Field(
        min_length=1, description="Stretches of raw files. Their periods may not overlap."
    )
    fields: Fields = Field(
        default_factory=_default_fields,
        description="How each canonical field comes about; by default TMQ, U850, V850 and PSL as "
        "the source has them: for cesm TMQ {integrate: Q}, U850 {interpolate: U, to: 850}, V850 "
        "{interpolate: V, to: 850}, PSL {take: PSL}; for merra2 {take: TQV}, {take: U850}, {take: "
        "V850}, {take: SLP}. Any name will do (U300, Z500).",
    )
    vertical: Vertical = Vertical()
    holes: Literal["refuse", "nearest"] = Field(
        "refuse",
        description="Missing values in a field: an error that names file, time, place and count, "
        "or filled from the nearest valid point and counted (MERRA-2's winds below the ground).",
    )
    sampling: Sampling = Field(
        "mean",
        description="How records closer than step_hours become steps, by their mean (minimum of "
        "minima, sum of sums …) or by the one that starts the step. A field may say its own; sums "
        "and extremes within a step always take all records.",
    )
    step_hours: Annotated[float, AfterValidator(_divides_a_day)] = Field(
        3.0,
        gt=0,
        le=24,
        description="Hours from one sample to the next; they must divide a day. Steps start at the "
        "hours of the files, 03, 09, 15, 21 as well as 00, 06, 12, 18.",
    )
    missing_steps: Literal["refuse", "skip"] = Field(
        "refuse",
        description="Steps of the period that are not in the files: an error that lists them, or "
        "left out and counted.",
    )
    dates_in_names: Literal["check", "ignore"] = Field(
        "check",
        description="Whether dates in the names of files must agree with the times inside, where "
        "names have first and last date, CESM's first record or MERRA-2's day.",
    )
    weather: Literal["observed", "own"] | None = Field(
        None,
        description="Whether a day has the weather of that day, as in a reanalysis, or its own, as "
        "in a climate model that runs freely; merra2 and era5 are observed where this is absent.",
    )
    time: Clock | None = Field(
        None,
        description="For files without a time coordinate (ARTMIP's MERRA-2). Those that have one "
        "keep to it.",
    )
    names: Names = Field(Names(), validate_default=True)
    select: dict[str, str | int | float] = Field(
        default_factory=dict,
        description="Which value of a further dimension is meant, by the dimension's name: "
        "{number: 0}, {expver: 1}, {member: r1i1p1f1}.",
    )
    mesh: str | None = Field(
        None,
        description="A file of the raw files' mesh (SCRIP, ESMF, UGRID, MPAS, or CF with bounds): "
        "its points, where the files have no lat and lon; its cells, for a conservative regridding "
        "matrix, where the files have no bounds.",
    )
    other_points: Literal["interpolate"] | None = Field(
        None,
        description="Variables on other points than the first field's, as on staggered meshes "
        "(HadGEM3, UKESM1, ACCESS), are interpolated bilinearly to those, and where they are the "
        "same points in another order, put in order. An error where this is absent.",
    )
    regrid: Regrid = Regrid()
    regridding_matrix: str | None = Field(
        None,
        description="An ESMF or SCRIP regridding matrix (weights file) of your own; it is checked "
        "against mesh and grid, and adopted.",
    )

    @field_validator("names")
    @classmethod
    def _names_of_source(cls, names: Names, read: ValidationInfo) -> Names:
        """Fill in what the source calls surface pressure and the like."""
        said = {key: getattr(names, key) for key in names.model_fields_set}
        usual = {**Names().model_dump(), **_vocabulary(read.data).names}
        return Names.model_construct(names.model_fields_set, **{**usual, **said})

    @field_validator("layout")
    @classmethod
    def _layout_of_source(cls, layout: str | None, read: ValidationInfo) -> str | None:
        known = layouts(read.data.get("source"))
        if layout is not None and known and layout not in known:
            raise ValueError(
                f"{read.data['source']} has no such layout{did_you_mean(layout, known)}; allowed: "
                + ", ".join(known)
            )
        return layout

    @property
    def has_observed_weather(self) -> bool:
        """Whether a day of it can be held against the observations of that day."""
        return (self.weather or ("observed" if self.source in REANALYSES else "own")) == "observed"

    @property
    def step(self) -> int:
        """Seconds from one sample to the next."""
        return round(self.step_hours * HOUR)

    @property
    def raw_variables(self) -> tuple[str, ...]:
        """Every raw variable that a field may need."""
        own = (name for derivation in self.fields.values() for name in derivation.variables)
        beside = (self.names.surface_pressure, self.names.pressure, self.names.thickness)
        return tuple(dict.fromkeys((*own, *beside)))

    def where(self, part: Part, derivation: Derivation, variable: str) -> Source:
        """Return where `variable`, needed by a derivation, is to be looked for."""
        stamps, hours = derivation.stamps or part.stamps, derivation.interval_hours
        known = vocabulary(self.source, self.layout).amounts.get(variable)
        if known is not None:
            hours = hours or known.hours
            asked = derivation.within == "sum" and derivation.stamps is None
            stamps = known.stamps if asked and stamps in (None, "instant") else stamps
        return Source(
            variable,
            derivation.files or part.files,
            stamps,
            None if hours is None else round(hours * HOUR),
            derivation.sampling or self.sampling,
            derivation.within,
        )


class LabelledDataset(Entry):
    """Labelled samples, ready to learn from (ClimateNet's format)."""

    source: Literal["climatenet"] = Field(description="climatenet: a set of labelled samples.")
    fields: Fields = Field(
        default_factory=lambda: default_fields(vocabulary("climatenet", None)),
        description="Fields in the samples, each {take: NAME}; by default TMQ, U850, V850 and PSL, "
        "as far as the samples have them.",
    )
    train: str = Field(description="Folder of labelled samples to learn from.")
    test: str = Field(description="Folder of labelled samples to score on.")
    exclude: tuple[str, ...] = Field((), description="Names of labelled samples to leave out.")

    @field_validator("fields")
    @classmethod
    def _as_they_are(cls, fields: dict[str, Any]) -> dict[str, Any]:
        for name, derivation in fields.items():
            if dump(derivation) != {"take": name}:
                raise ValueError(
                    f"labelled samples have their fields already: {name} can only be {{take:"
                    f" {name}}} (how it is mirrored is said with augment: {{mirror: …}} of a model)"
                )
        return fields


def make_dataset(block: Mapping[str, Any]) -> Dataset:
    """Return the dataset of raw files that a resolved `datasets:` entry describes.

    Raises:
        BadInput: a key is unknown or missing, or a value is not allowed.

    """
    return read_block(Dataset, block, f"dataset {block.get('name', '')}".rstrip())
