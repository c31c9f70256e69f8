"""How a model comes about: a `models:` entry of the study, trained here or published elsewhere."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from stormtrace.blocks import Block, read_block
from stormtrace.classes import CLIMATENET_LABELS
from stormtrace.prepare.verbs import FieldName, Mirror

Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]


def _distinct(names: list[Any]) -> list[Any]:
    """Return a list in which nothing stands twice; ValueError otherwise."""
    if twice := [name for i, name in enumerate(names) if name in names[:i]]:
        raise ValueError(f"{twice[0]!r} stands twice")
    return names


Tolerance = Annotated[float, Field(gt=0, le=5000)]
FieldNames = Annotated[list[FieldName], AfterValidator(_distinct)]


class Augment(Block):
    """What may be done to a sample each time it is seen."""

    roll: bool = Field(True, description="Turn the globe by any number of columns.")
    flip: bool = Field(
        True,
        description="Mirror at the equator, winds to the north and vorticities with changed sign.",
    )
    mirror: dict[FieldName, Mirror] = Field(
        default_factory=dict,
        description="Field -> odd, if it changes its sign in that mirror, or even; needed where "
        "neither the samples (attributes mirror and standard_name) nor the field's name say.",
    )


class ModelEntry(Block):
    """What every entry of the table of models may have; `name`, its key there, is filled in."""

    like: str | None = Field(
        None,
        description="Name of the model this one takes everything from that it does not say itself.",
    )
    title: str | None = Field(
        None, description="A few words for maps and the report; the name where absent."
    )
    name: SkipJsonSchema[str] = ""
    tolerance_km: Annotated[list[Tolerance], AfterValidator(_distinct)] = Field(
        [],
        max_length=10,
        description="Score it also with these tolerances, km, as fronts are: a found cell is right "
        "if a true one of its class is so near.",
    )
    description: str = Field("", description="Free text for the model's config.json.")


class Recipe(ModelEntry):
    """A model that is trained here: what from (fields, dataset, grid), and how."""

    fields: FieldNames = Field(
        min_length=1,
        max_length=64,
        description="The network's input, in the order of its channels.",
    )
    dataset: str = Field(
        description="A labelled dataset; its train folder is learned from, its test folder scored "
        "on."
    )
    grid: str = Field(
        description="Name of the grid the labelled samples are on (which is checked)."
    )
    labels: Annotated[list[str], AfterValidator(_distinct)] = Field(
        list(CLIMATENET_LABELS),
        min_length=2,
        max_length=64,
        description="Names of the classes in the order of their codes, background first.",
    )
    architecture: Literal["cgnet", "deeplabv3plus", "unet", "segformer"] = Field(
        "cgnet",
        description="The network. All but cgnet need the package segmentation_models_pytorch, and "
        "learn best with lr near 0.001 (docs/decisions/second-architecture.md).",
    )
    padding: Literal["circular", "sphere", "replicate"] = Field(
        "sphere",
        description="What lies beyond the map's edges. sphere: longitude goes round, beyond a pole "
        "lies the other side of the pole. circular: both axes go round, the poles into each other, "
        "as published. replicate: the edge itself again, for labels of a region.",
    )
    loss: Literal["jaccard", "cross-entropy", "published-double-softmax"] = Field(
        "jaccard",
        description="jaccard: 1 - IoU of the classes present, as the Jaccard metric loss, which is "
        "right for shares of votes, too. cross-entropy: weighted by the "
        "inverse square root of a class's share. published-double-softmax: ClimateNet's own, a bug "
        "kept for reproduction.",
    )
    optimizer: Literal["adamw", "adam"] = Field("adamw", description="adam is the published one.")
    lr: float = Field(0.001, ge=1e-8, le=10, description="Highest learning rate.")
    weight_decay: float = Field(
        0.01, ge=0, le=1, description="Of adamw, on convolutions and matrices only."
    )
    schedule: Literal["cosine", "plateau", "constant"] = Field(
        "cosine",
        description="How the learning rate falls: along half a cosine to zero; by 0.3 after every "
        "3 epochs without a better validation score; or not at all (the published way).",
    )
    warmup: float = Field(
        0.1,
        ge=0,
        le=0.9,
        description="Share of the training in which the learning rate rises from zero.",
    )
    epochs: int = Field(20, ge=1, le=10_000, description="Passes over the training samples.")
    batch_size: int = Field(
        4, ge=1, le=4096, description="Samples a step, of all processes together."
    )
    weight_average: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="Validate and keep an exponential moving average of the weights with this "
        "decay a step, such as 0.99. Absent: the weights themselves.",
    )
    mirror_average: bool | None = Field(
        None,
        description="Let the finished model look at every map and at its mirror image at the "
        "equator, and mean the probabilities: twice the time of detection.",
    )
    seed: Seed = Field(42, description="Of first weights, order and augmentation.")
    seeds: Annotated[list[Seed], AfterValidator(_distinct)] | None = Field(
        None,
        min_length=2,
        max_length=100,
        description="Train one member for each of these seeds; experiments then run all of them, "
        "and mask files and maps show where they agree.",
    )
    weighting: Literal["none", "area", "mean"] = Field(
        "none",
        description="Statistics unweighted, weighted by cos(lat), or only the mean weighted (the "
        "published convention).",
    )
    validation: float = Field(
        0.1,
        ge=0,
        le=0.9,
        description="Share of the labelled dates (the last ones, all labellings of a date "
        "together) that is held out to choose the best epoch. 0: none, the last epoch is taken.",
    )
    early_stopping: int = Field(
        0,
        ge=0,
        le=10_000,
        description="Stop after this many epochs without a better validation score; 0 never stops "
        "early.",
    )
    augment: Augment = Augment()
    labellings: Literal["separate", "soft"] = Field(
        "separate",
        description="Several experts' labels of one time as samples of their own, or as shares of "
        "votes.",
    )
    count_votes: bool | None = Field(
        None,
        description="With labellings: soft, let a time count in the loss as often as experts "
        "labelled it, instead of once.",
    )
    confidence: bool | None = Field(
        None,
        description="Let a label count in the loss as much as its annotator was sure of it: for "
        "labelled samples with a map CONFIDENCE (0 to 1).",
    )
    precision: Literal["float32", "bfloat16"] = Field(
        "float32", description="Arithmetic of training; bfloat16 pays on GPUs."
    )
    compile: bool = Field(
        False,
        description="Let torch.compile fuse the network, which takes some minutes before the first "
        "step is done.",
    )

    @model_validator(mode="after")
    def _validates_what_it_goes_by(self) -> "Recipe":
        if not self.validation and (self.early_stopping or self.schedule == "plateau"):
            raise ValueError(
                "early_stopping and schedule: plateau go by scores of validation, which is 0: give "
                "it a share, such as 0.1"
            )
        return self

    @model_validator(mode="after")
    def _weighs_what_it_can(self) -> "Recipe":
        if self.count_votes and self.labellings != "soft":
            raise ValueError(
                "count_votes counts the votes of labellings: soft; with separate ones each of them "
                "is a sample already: say labellings: soft, or leave count_votes out"
            )
        if self.loss == "published-double-softmax" and (self.count_votes or self.confidence):
            raise ValueError(
                "count_votes and confidence weigh cells, which the published loss cannot: "
                "say loss: jaccard or cross-entropy"
            )
        return self


class TrainedOn(Block):
    """How far apart the cells were that a published model was trained on."""

    lat: float = Field(gt=0, le=90, description="Degrees between rows.")
    lon: float = Field(gt=0, le=180, description="Degrees between columns.")


class Published(ModelEntry):
    """A published model, used as it is: fields, labels and recipe are in its config.json."""

    weights: str = Field(
        description="Folder of a published model (ClimateNet's config.json and weights.pth)."
    )
    dataset: str | None = Field(
        None, description="A labelled dataset to score it on, the samples in its test folder."
    )
    grid: str | None = Field(
        None, description="Name of the grid the labelled samples are on, with `dataset`."
    )
    trained_on: TrainedOn | None = Field(
        None,
        description="Spacing of the grid the model was trained on, where its config.json does not "
        "say (ClimateNet's own: lat 0.235, lon 0.3125); the plan warns of grids unlike it.",
    )


def read_recipe(block: Mapping[str, Any]) -> Recipe:
    """Return the recipe that a resolved `models:` entry describes.

    Raises:
        BadInput: a key is unknown or missing, or a value is not allowed.

    """
    return read_block(Recipe, block, f"model {block.get('name', '')}".rstrip())
