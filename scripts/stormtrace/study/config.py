"""The study's own keys, those outside of its tables."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from stormtrace.blocks import Block
from stormtrace.class_specification import ClassSpecification
from stormtrace.grids.boxes import in_box_order
from stormtrace.grids.specification import GridSpecification
from stormtrace.planet.settings import Planet
from stormtrace.prepare.verbs import FieldName
from stormtrace.study.entries import Agreement, Attribution, Names, Verification
from stormtrace.verification.catalogue_entry import Catalogue

Longitude = Annotated[float, Field(ge=-180, le=360)]
Latitude = Annotated[float, Field(ge=-90, le=90)]

#: west, east, south, north in degrees.
Box = Annotated[tuple[Longitude, Longitude, Latitude, Latitude], BeforeValidator(in_box_order)]

PlaceName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]*$")]
GridName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Month = Annotated[str, Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")]
Moment = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}$")]
#: Entries as they are written, `like` and all; each table has a model of its own.
Table = dict[str, dict[str, Any]]


def _png_first(formats: tuple[str, ...]) -> tuple[str, ...]:
    """Return formats in one order, so that another order draws nothing again."""
    if "png" not in formats:
        raise ValueError("png must be among the formats: the report shows it")
    return tuple(sorted(set(formats), reverse=True))


class Figures(Block):
    """How figures are saved."""

    formats: Annotated[tuple[Literal["png", "pdf"], ...], AfterValidator(_png_first)] = Field(
        ("png", "pdf"),
        description="Formats of each figure: PNG, which the report shows, and PDF for print, which "
        "takes half as long again.",
    )
    dots_per_inch: int = Field(
        170,
        ge=50,
        le=1200,
        description="Resolution of PNG, and of maps within PDF; journals ask for 300.",
    )
    titles: bool = Field(
        True, description="Titles within figures; `false` leaves them to the captions of a paper."
    )


class Config(Block):
    """What to run and where. Every table is closed, so a misspelt key is an error."""

    title: str = Field(description="Title of the report.")
    description: str = Field(
        "Features of the weather, detected, tracked and counted.",
        description="A sentence or two below the title.",
    )
    base: str = Field(
        "config",
        description="Folder (seen from the Snakefile) of the tables this file is laid over, key by "
        "key; none if it is a whole study by itself.",
    )
    run: Names = Field(
        min_length=1,
        description="Names of the experiments to carry out, in the order of the report; the first "
        "is the one that others are compared with.",
    )
    compare: Names = Field((), description="Names of the comparisons to draw.")
    results: str = Field(
        "results",
        description="Folder for everything the workflow makes; ${NAME} of the environment and ~ "
        "are expanded.",
    )
    data: str = Field(
        "data",
        description="Folder of the raw data; stands for {data} in the paths of the other tables. "
        "${NAME} is expanded, and ~ in every path.",
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(
        "auto",
        description="Where networks run. `cuda` also makes training and detection ask the "
        "scheduler for a GPU.",
    )
    gpus: int = Field(
        1,
        ge=1,
        le=64,
        description="GPUs of one node that a training is shared among, a process each, with "
        "`device` cuda.",
    )
    compression: Literal["none", "zlib"] = Field(
        "none",
        description="Compression of samples, those of imported labels too. zlib (level 1, shuffle) "
        "halves them and makes writing about ten times slower.",
    )
    samples: Literal["keep", "temporary"] = Field(
        "keep",
        description="Whether samples stay. temporary: a year's samples are removed when all that "
        "reads them is done, no more years exist at once than the profile's `sample_years`, and "
        "what is computed over all years is computed from the raw files, which takes longer.",
    )
    explain: Names = Field(
        (),
        description="Models to measure the importance of each field of, by shuffling it among the "
        "test labels.",
    )
    animate: dict[str, tuple[Month, ...]] = Field(
        {},
        description="Films of detections over the water vapour (TMQ), or else the dataset's first "
        "field, experiment -> months.",
    )
    snapshots: dict[str, tuple[Moment, ...]] = Field(
        {},
        description="Figures of the input fields with the detections outlined, experiment -> "
        "times.",
    )
    composites: dict[str, Names] = Field(
        {},
        description="Means of fields while a class is present, and its share of their total, "
        "experiment -> fields of its dataset.",
    )
    verify: dict[str, Verification] = Field(
        {},
        description="Experiments whose tropical cyclones are held against observed storms, "
        "experiment -> how.",
    )
    agree: dict[PlaceName, Agreement] = Field(
        {},
        description="Experiments held against each other, by cell and by event: whether methods "
        "agree, or features go together; name -> how. Those whose members are all shown are made.",
    )
    catalogues: dict[PlaceName, Catalogue] = Field(
        {},
        description="Tables of events that others made, which `agree` holds against experiments.",
    )
    attribute: dict[str, dict[FieldName, Attribution]] = Field(
        {},
        description="What features bring: the share of fields, and of their extremes, that falls "
        "in or near each class, experiment -> field of its dataset -> how.",
    )
    figures: Figures = Figures()
    planet: Planet = Planet()
    grids: dict[GridName, GridSpecification] = Field(description="Grids by name.")
    classes: dict[str, ClassSpecification] = Field(
        {},
        description="How classes are shown: short names, colours, basins, laid over those of the "
        "classes Stormtrace knows; name -> what is different.",
    )
    regions: dict[PlaceName, Box] = Field(
        {},
        description="Boxes that maps zoom into and events are counted in, [west, east, south, "
        "north] in degrees; west may be greater than east across the date line.",
    )
    coasts: dict[PlaceName, Box] = Field(
        {"western North America": (230, 255, 32, 55)},
        description="Coasts along which frequency is followed by month (Hovmöller) and landfalls "
        "are counted by latitude: boxes as in `regions`; the cells in them that are partly land.",
    )
    datasets: Table = Field(description="See datasets.schema.yaml.")
    models: Table = Field({}, description="See models.schema.yaml.")
    detectors: Table = Field(
        {}, description="Detectors that are no networks. See detectors.schema.yaml."
    )
    experiments: Table = Field(description="See experiments.schema.yaml.")
    comparisons: Table = Field({}, description="See comparisons.schema.yaml.")
    campaigns: Table = Field(
        {}, description="What `snakemake campaign` makes. See campaigns.schema.yaml."
    )
