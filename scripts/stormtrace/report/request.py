"""What a report is asked to show: the JSON of `write_report.py`, checked once at the door."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stormtrace.class_specification import ClassSpecification
from stormtrace.errors import BadInput

Box = Annotated[list[float], Field(min_length=4, max_length=4)]
Name = Annotated[str, Field(min_length=1)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AttributionFiles(_Entry):
    """What features bring of a field: shares or their change, and its figures.

    extremes_of: title of another experiment, whose percentiles say what is extreme.
    """

    field: Name
    file: str
    extremes_of: str = ""
    figures: str | None = None
    images: list[str] = []


class VerificationFiles(_Entry):
    """Tropical cyclones held against observed storms: numbers, maps, and figures of these."""

    file: str
    maps: str | None = None
    figures: str | None = None
    images: list[str] = []


class ExperimentFiles(_Entry):
    """An experiment: how it is called, what it is of, and where its results are."""

    name: Name
    title: str = ""
    description: str = ""
    model: str = ""
    detector: str = ""
    dataset: str = ""
    grid: str = ""
    statistics: str = ""
    model_source: str = ""
    regridding: str = ""
    weighting: str = "none"
    tracking: dict[str, Any] = {}
    frequency: str
    events: str | None = None
    figures: str | None = None
    images: list[str] = []
    landfall: str | None = None
    animation: str | None = None
    verification: VerificationFiles | None = None
    attribution: list[AttributionFiles] = []


class ComparisonFiles(_Entry):
    """A comparison of two of the experiments: second minus first."""

    name: Name
    title: str = ""
    description: str = ""
    of: Literal["masks", "events"] = "masks"
    first: str
    second: str
    file: str
    table: str | None = None
    figures: str | None = None
    decomposition: str | None = None
    contributions: str | None = None
    attribution: list[AttributionFiles] = []


class AgreementFiles(_Entry):
    """Experiments held against each other; titles: of its experiments."""

    name: Name
    title: str = ""
    file: str
    maps: str | None = None
    figures: str | None = None
    titles: dict[str, str] = {}


class ModelFiles(_Entry):
    """A model, and where its scores, history and figures are."""

    name: Name
    title: str = ""
    description: str = ""
    fields: list[str] = []
    scores: str | None = None
    history: str | None = None
    importance: str | None = None
    figures: list[str] = []
    images: list[str] = []


class Request(_Entry):
    """Everything a report is made from."""

    title: Name
    description: str = ""
    of: Literal["masks", "events"] = "masks"
    experiments: Annotated[list[ExperimentFiles], Field(min_length=1)]
    comparisons: list[ComparisonFiles] = []
    agreements: list[AgreementFiles] = []
    models: list[ModelFiles] = []
    labels: list[str] = []
    sensitivity: str | None = None
    regions: dict[str, Box] = {}
    coasts: dict[str, Box] = {}
    classes: dict[str, ClassSpecification] = {}
    configuration: dict[str, Any] = {}
    samples: dict[str, list[str]] = {}


def read_request(report: Mapping[str, Any]) -> Request:
    """Return a checked request.

    Raises:
        BadInput: a key is missing, unknown, or has a value of the wrong kind; or a comparison is
            of an experiment that the report has not.

    """
    try:
        request = Request.model_validate(report)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise BadInput(
            f"--report: {key}: {first['msg']}; found {first['input']!r:.80} "
            "(scripts/write_report.py --help has an example of all keys)"
        ) from None
    names = {experiment.name for experiment in request.experiments}
    for comparison in request.comparisons:
        if missing := {comparison.first, comparison.second} - names:
            raise BadInput(
                f"--report: comparison {comparison.name!r} is of {sorted(missing)}, but the "
                f"report has the experiments {sorted(names)}: add them, or drop the comparison"
            )
    return request
