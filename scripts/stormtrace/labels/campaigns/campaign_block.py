"""A labelling campaign, as a block of the study's YAML."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from stormtrace.blocks import Block, in_order
from stormtrace.classes import CLIMATENET_LABELS
from stormtrace.prepare.clock import Moment

#: Where Label Studio serves files of its own machine; see the README of a campaign.
LOCAL_FILES = "/data/local-files/?d={campaign}/pictures/"


def _ascending(ends: tuple[float, float]) -> tuple[float, float]:
    if ends[0] >= ends[1]:
        raise ValueError("it must ascend: [lowest, highest]")
    return ends


class FieldPicture(Block):
    """How a field is drawn."""

    range: Annotated[tuple[float, float], AfterValidator(_ascending)] | None = Field(
        None,
        description="[lowest, highest] value of the colours, in the field's units; what lies "
        "beyond has the colour of the end. Known for TMQ, IVT, PSL, winds, "
        "vorticity, Z500 and the like.",
    )
    colours: str | None = Field(
        None, description="A colour map of matplotlib, such as viridis or RdBu_r."
    )


class Assistance(Block):
    """A segmentation network that turns boxes or points into masks: a Segment Anything of yours."""

    encoder: str = Field(
        description="ONNX file: a picture, float32 (1, 3, S, S), to its embeddings."
    )
    decoder: str = Field(
        description="ONNX file: embeddings, point_coords and point_labels to masks, as Segment "
        "Anything is exported."
    )
    prompt: Literal["box", "point"] = Field(
        "box",
        description="What the network gets of each detected object: its bounding box, or the cell "
        "of it that lies farthest within.",
    )
    field: str | None = Field(
        None, description="Whose picture the network sees; the first field where absent."
    )


class Campaign(Block):
    """Times of a dataset to be labelled by people, as a project of Label Studio."""

    like: str | None = Field(
        None,
        description="Name of the campaign this one takes everything from that it does not say "
        "itself.",
    )
    title: str | None = Field(
        None, description="A few words for the instructions; the name where absent."
    )
    name: SkipJsonSchema[str] = ""
    dataset: str = Field(description="The dataset of raw files whose times are labelled.")
    grid: str = Field(description="The grid of the pictures, a pixel a cell.")
    period: Annotated[tuple[Moment, Moment], AfterValidator(in_order)] | None = Field(
        None,
        description="[first moment, first moment no longer in it]; all of the dataset if absent.",
    )
    times: int = Field(ge=1, le=100_000, description="How many times are labelled.")
    choose: Literal["random", "stratified", "disagreement"] = Field(
        "random",
        description="random; stratified: as many of each season, and of times at which features "
        "lie mostly north and mostly south of the equator, where `annotate` says so; "
        "disagreement: those at which the members of `ensemble` disagree over the largest area.",
    )
    ensemble: str | None = Field(
        None, description="For `disagreement`: an experiment whose model has `seeds`."
    )
    seed: int = Field(0, ge=0, description="Of the random choice.")
    apart_hours: float = Field(
        24.0,
        ge=0,
        description="Hours between chosen times at least: neighbouring hours of one storm teach "
        "little that is new.",
    )
    labelled: tuple[str, ...] = Field(
        (),
        description="Labelled datasets, of whose days no time is chosen: they have labels already.",
    )
    fields: dict[str, FieldPicture] = Field(
        {},
        description="The dataset's fields to draw, in the order of the pages that an expert turns, "
        "and how; all of the dataset's where absent.",
    )
    coasts: bool = Field(True, description="Whether cells along coasts are drawn shaded.")
    annotate: str | None = Field(
        None,
        description="An experiment on the same dataset and grid whose detections are shown to "
        "correct.",
    )
    labels: tuple[str, ...] = Field(
        CLIMATENET_LABELS,
        min_length=2,
        description="Classes to draw, in the order of their codes, the background first.",
    )
    confidence: tuple[str, ...] = Field(
        ("Low", "Medium", "High"),
        description="Words for how sure an annotator is of a region; none: it is not asked.",
    )
    address: str = Field(
        LOCAL_FILES,
        description="What stands before the name of a picture in Label Studio's tasks: by default "
        "its local files, below the folder of all campaigns; or https://…/ or s3://…/. {campaign} "
        "is the campaign's name.",
    )
    assist: Assistance | None = Field(
        None, description="A network of yours that draws the pre-annotations from boxes or points."
    )

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if (self.choose == "disagreement") != (self.ensemble is not None):
            raise ValueError(
                "`choose: disagreement` needs an `ensemble`, which is of no use otherwise"
            )
        if self.assist is not None and self.annotate is None:
            raise ValueError("`assist` draws around detections: say whose, in `annotate`")
        return self

    @property
    def experiments(self) -> tuple[str, ...]:
        """The experiments whose masks it needs."""
        return tuple(dict.fromkeys(one for one in (self.annotate, self.ensemble) if one))
