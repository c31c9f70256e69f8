"""Blocks of the study's YAML that say where annotations are and how they become labels."""

import glob
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from stormtrace.blocks import Block, in_order
from stormtrace.classes import CLIMATENET_LABELS
from stormtrace.grids.boxes import in_box_order
from stormtrace.labels.importers.outlines_to_cells import Fill
from stormtrace.prepare.clock import Moment
from stormtrace.prepare.dataset import Entry
from stormtrace.prepare.verbs import Patterns

Format = Literal[
    "climatecontours", "label-studio", "webknossos", "climatenetlarge", "coco", "pixels", "codsus",
    "front-masks",
]  # fmt: skip

#: Formats whose files have times of their own.
TIMED = ("climatenetlarge", "codsus", "front-masks")

#: [west, east, south, north] of the published labels of fronts.
CODSUS_BOX = (-171.5, -30.5, 9.5, 77.5)

#: Words of fronts in the order in which the published labels give a cell to one of several.
FRONT_PRIORITY = ("warm", "ocfnt", "occluded", "stnry", "stationary", "cold")
Share = Annotated[float, Field(ge=0, le=1)]


class LabelTimes(Block):
    """When the pictures are: by a table or by their names, never by their order in a folder."""

    table: str | None = Field(
        None,
        description="A CSV file with the columns name (of the picture, or its number from 0) and "
        "time (YYYY-MM-DD HH:MM, in the dataset's calendar); or a text file of one time a line, "
        "the line's number from 0 being the picture's.",
    )
    pattern: str | None = Field(
        None,
        description="The picture's name without ending, such as data-{year}-{month}-{day}-01-"
        "{step}. Known are {year} {month} {day} {hour} {minute} {seconds} (of the day), {step} "
        "(of the day, from 1), {annotator}, and * for anything; {step:1} is one digit. With a / "
        "it is compared with the end of the path.",
    )
    step_hours: float | None = Field(
        None, gt=0, le=24, description="Hours from one {step} to the next; 24: one a day, at 00:00."
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.table is None) == (self.pattern is None):
            raise ValueError("say either `table` or `pattern`")
        if "{step" in (self.pattern or "") and self.step_hours is None:
            raise ValueError("{step} needs step_hours")
        return self


class PictureMap(Block):
    """Where the pixels of the pictures are on Earth."""

    grid: str | None = Field(
        None,
        description="Name of the grid the pictures show: a pixel a cell, or as many pixels as the "
        "picture is larger. The dataset's `grid` where absent; another one is sampled at the "
        "centre of each cell. Files with latitudes and longitudes need none.",
    )
    top: Literal["north", "south"] = Field(
        "north", description="Whether the first row of a picture is the northernmost."
    )
    left: float | None = Field(
        None,
        ge=-360,
        le=360,
        description="Longitude of the first column; the grid's own first where absent, in "
        "ClimateContours -180.",
    )


class AnnotationFiles(Block):
    """Files of one labelling tool."""

    format: Format = Field(
        description="climatecontours (LabelMe's XML), label-studio (JSON), webknossos (annotations "
        "as zip), climatenetlarge (netCDF, label(annotator, latitude, longitude)), coco (JSON), "
        "pixels (PNG or NPY, a code a pixel), codsus (coded surface bulletins of the WPC: fronts), "
        "front-masks (netCDF, fronts(time, front, lat, lon), as published)."
    )
    files: Patterns = Field(description="Where the files are: one pattern or several.")
    classes: dict[str, str | None] = Field(
        min_length=1,
        description="The tool's word -> a class of `labels`; null leaves it out, as does a word "
        'that is not here (counted in the check of labels). Words: ar, tc; names; codes ("1"); '
        'layers, or "layer/segment"; "*" is any other.',
    )
    times: LabelTimes | None = Field(
        None, description="When the pictures are; not for files with a time of their own."
    )
    annotator: str | None = Field(
        None, description="Who drew, where the files do not say or for all of them."
    )
    confidence: dict[str, Share] = Field(
        {"Low": 0.33, "Medium": 0.67, "High": 1.0},
        description="The tool's words for how sure an annotator was -> 0 … 1; numbers from 0 to 1 "
        "are kept. Label Studio: a choice or rating of each region called `confidence`.",
    )
    map: PictureMap = PictureMap()
    images: str | None = Field(
        None,
        description="Folder of the pictures, whose sizes count where old exports of Label Studio "
        "do not say them.",
    )
    fill: Fill | None = Field(
        None,
        description="Which pixels belong to a polygon: `outline` (Pillow's polygon with its "
        "outline, the published rule of ClimateContours and its default) or `centres` (those whose "
        "centre lies inside, the default elsewhere).",
    )
    brush_threshold: int = Field(
        128, ge=1, le=255, description="Least alpha of a brush, soft at its rim, that counts."
    )
    minimum_area_km2: float = Field(
        0.0, ge=0, description="Connected pieces that are smaller are left out, and counted."
    )
    box: Annotated[tuple[float, float, float, float] | None, BeforeValidator(in_box_order)] = Field(
        None,
        description="[west, east, south, north] in degrees, where the annotators looked: cells "
        "outside are ignored in training and scores. Bulletins: -171.5, -30.5, 9.5, 77.5, as the "
        "published labels, where absent.",
    )
    width_degrees: float = Field(
        1.0,
        gt=0,
        le=30,
        description="Width of the lines of a bulletin: a cell is on a line if its centre is at "
        "most half of it away, in degrees of latitude and longitude.",
    )
    year: int | None = Field(
        None,
        ge=1900,
        le=2100,
        description="Of bulletins whose heads do not say it; of front-masks, to be checked.",
    )
    end_mark: bool = Field(
        True,
        description="Whether every bulletin must end with $$ or NNNN, without which it is cut "
        "off; false for archives that leave these marks out.",
    )
    axes: tuple[Literal["time", "lat", "lon"], ...] = Field(
        ("time", "lat", "lon"),
        min_length=3,
        max_length=3,
        description="What x, y and z of WEBKNOSSOS' voxels are.",
    )
    planes: Literal["boxes", "labelled", "all"] = Field(
        "boxes",
        description="Which times of a WEBKNOSSOS annotation were looked at, so that those without "
        "voxels are empty labels: those in its bounding boxes, those with voxels, or all of the "
        "table.",
    )

    @model_validator(mode="after")
    def _times_said(self) -> Self:
        if self.times is None and self.format not in TIMED:
            raise ValueError("lacks `times`: a table or a pattern")
        if self.format == "webknossos" and (self.times is None or self.times.table is None):
            raise ValueError("voxels have no names: `times` must be a table")
        if set(self.axes) != {"time", "lat", "lon"}:
            raise ValueError("axes must be time, lat and lon in some order")
        return self

    @property
    def looked_at(self) -> tuple[float, float, float, float] | None:
        """The box in which the annotators looked; None: everywhere that the files show."""
        return CODSUS_BOX if self.box is None and self.format == "codsus" else self.box

    def found(self) -> list[str]:
        """Return the files that are there, in order of name."""
        found: set[str] = set()
        for pattern in self.files:  # may be absolute and hold wildcards anywhere
            found.update(glob.glob(pattern, recursive=True))  # noqa: PTH207
        return sorted(found)


class AnnotatedDataset(Entry):
    """Labelled samples made from annotations: the drawings of a tool, the fields of a dataset."""

    source: Literal["annotations"] = Field(
        description="annotations: labels that somebody drew in a labelling tool."
    )
    annotations: tuple[AnnotationFiles, ...] = Field(
        min_length=1, description="Files of one tool or of several, which are put together."
    )
    dataset: str = Field(description="The dataset of raw files that the fields are taken from.")
    grid: str = Field(description="The grid of the labelled samples.")
    labels: tuple[str, ...] = Field(
        CLIMATENET_LABELS,
        min_length=2,
        description="Classes in the order of their codes, the background first; a model that "
        "learns from them has the same.",
    )
    overlap: tuple[str, ...] = Field(
        (),
        description="Which class a cell has that several are drawn on: the first of these; classes "
        "not named follow in the order of `labels`. Fronts, where absent, as published: warm, "
        "occluded, stationary, cold.",
    )
    test_period: Annotated[tuple[Moment, Moment], AfterValidator(in_order)] = Field(
        description="[first day, first day no longer in it]: these labels are for tests, all "
        "others for training."
    )
    missing_steps: Literal["refuse", "skip"] = Field(
        "refuse",
        description="Labelled times at which the dataset has no step: an error, or left out and "
        "counted.",
    )
    exclude: tuple[str, ...] = Field((), description="Names of labelled samples to leave out.")

    @property
    def priority(self) -> tuple[str, ...]:
        """Classes in the order in which they win a cell, the first over all others."""
        if self.overlap:
            return self.overlap
        said = [
            {word.lower(): name for word, name in block.classes.items()}
            for block in self.annotations
            if block.format in ("codsus", "front-masks")
        ]
        names = [block.get(word) for word in FRONT_PRIORITY for block in said]
        return tuple(dict.fromkeys(name for name in names if name))
