"""What the page shows: everything its template may ask for, typed, none of it optional by absence.

A value that may be missing is None and typed so; the template says what stands there instead.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from stormtrace.climate.time_coverage import TimeCoverage
from stormtrace.grids import Grid
from stormtrace.grids.common_area import cover_alike
from stormtrace.report.shown_classes import ShownClass

#: (name, target) of each link.
Links = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Chart:
    """A small SVG; legend: (style-sheet class, name) of each line."""

    title: str
    svg: Markup
    note: str
    legend: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Image:
    """A figure inside the page; source: a data URL; title: what it shows, in words."""

    source: str
    title: str
    width: int
    height: int


@dataclass(frozen=True)
class MapFigure:
    """A map the page's script draws; kind: map or difference; seen: what it shows, in words."""

    key: str
    caption: str
    seen: str
    kind: str = "map"


@dataclass(frozen=True)
class Headline:
    """One class of one experiment in numbers.

    mean, maximum: per cent of time steps, over the area of the grid; None without any step.
    place: where the maximum is. means: variable of `frequency.nc` -> its area mean.
    count: tracked events; None where nothing could be tracked. events: that count, or the rate a
    year of a record of whole years (`TimeCoverage.per`). lifetime_days: their mean, if any.
    """

    mean: float | None
    maximum: float | None
    place: str
    means: Mapping[str, float]
    count: int | None
    events: float | None
    lifetime_days: float | None


@dataclass(frozen=True)
class Region:
    """A region; means: class -> (mean, maximum), per cent; None where the grid has no cell.

    crossings: line -> mean crossing rate, crossings a week.
    """

    name: str
    means: Mapping[str, tuple[float | None, float | None]]
    crossings: Mapping[str, float | None]


@dataclass(frozen=True)
class BasinTable:
    """Events of one class by the basin they begin in."""

    title: str
    counts: Mapping[str, float]


@dataclass(frozen=True)
class Provenance:
    """Attributes of a result, and the checksums of what it was made from."""

    facts: Mapping[str, str]
    inputs: Mapping[str, str]


@dataclass(frozen=True)
class Experiment:
    """One experiment: a row of the first table, and a section.

    methods: a paragraph to copy.
    headlines: class -> numbers, for the classes it has. missing_content: why something a reader
    may look for is not there. doubts: what its numbers are doubted for, told at the page's head.
    """

    name: str
    grid: Grid
    title: str
    description: str
    subtitle: str
    facts: Sequence[tuple[str, str]]
    methods: str
    record: TimeCoverage
    headlines: Mapping[str, Headline]
    maps: Sequence[MapFigure]
    regions: Sequence[Region]
    charts: Sequence[Chart]
    basins: Sequence[BasinTable]
    missing_content: Sequence[str]
    doubts: Sequence[str]
    animation: str | None
    images: Sequence[Image]
    figures: Links
    files: Links
    provenance: Provenance

    def covers_as(self, other: "Experiment") -> bool:
        """Whether both grids cover the same part of the Earth."""
        return cover_alike(self.grid, other.grid)


@dataclass(frozen=True)
class Finding:
    """One class of a comparison: area means and events of both sides, with the change.

    Means are over the area that both grids cover. events_change: empty where they cover others.
    """

    feature: ShownClass
    before: float | None
    after: float | None
    cover_change: str
    events: str
    events_change: str


@dataclass(frozen=True)
class Interval:
    """A value and the ends of its interval; None where there is none."""

    value: float | None
    ends: tuple[float, float] | None


@dataclass(frozen=True)
class RegionalChange:
    """What a comparison finds of a class in a region; quantity: what, with units."""

    region: str
    feature: str
    quantity: str
    first: float
    second: float
    difference: Interval


@dataclass(frozen=True)
class Comparison:
    """A comparison, second minus first.

    caution: that the records have unlike seasons, or empty. is_tested: for significance; untested:
    periods that are not, where others are; is_empty: neither side has anything to test.
    """

    name: str
    title: str
    description: str
    variable: str
    first: Experiment
    second: Experiment
    caution: str
    findings: Sequence[Finding]
    maps: Sequence[MapFigure]
    regional: Sequence[RegionalChange]
    is_tested: bool
    untested: Sequence[str]
    is_empty: bool
    links: Links
    figures: Links


@dataclass(frozen=True)
class SkillRow:
    """Detections against observed points of one basin, season …; per cent and km.

    group: what kind of label it is; empty for all points.
    """

    label: str
    group: str
    points: int
    storms: int
    storms_found: int
    detection: Interval
    false_alarms: Interval
    error_km: Interval


@dataclass(frozen=True)
class Verification:
    """An experiment held against observed storms; rows: none where no day can be compared."""

    name: str
    title: str
    sentence: str
    note: str
    rows: Sequence[SkillRow]
    charts: Sequence[Chart]
    images: Sequence[Image]
    links: Links


@dataclass(frozen=True)
class AgreementRow:
    """A pair of members, in all steps or in one season or region; per cent.

    by_chance: of the first inside the second. events: of the first found by the second, and the
    other way round, in words; none in a region.
    """

    label: str
    group: str
    iou: Interval
    first_in_second: Interval
    by_chance: float | None
    second_in_first: Interval
    difference: Interval
    events: Sequence[str]


@dataclass(frozen=True)
class CatalogueRow:
    """A catalogue and a member: points and landfalls found, and events it lacks; in words."""

    label: str
    events: str
    found: Interval
    landfalls: str
    lacking: str


@dataclass(frozen=True)
class Agreement:
    """Experiments held against each other, by cell and by event, and against catalogues."""

    name: str
    title: str
    sentence: str
    note: str
    rows: Sequence[AgreementRow]
    catalogues: Sequence[CatalogueRow]
    charts: Sequence[Chart]
    links: Links


@dataclass(frozen=True)
class Contribution:
    """A class in a season or region: each part of the difference, percentage points."""

    feature: str
    where: str
    parts: Sequence[Interval]


@dataclass(frozen=True)
class Decomposition:
    """A difference shared out among input fields; parts: the columns of the rows."""

    name: str
    title: str
    sentences: Sequence[str]
    parts: Sequence[str]
    rows: Sequence[Contribution]
    charts: Sequence[Chart]
    has_intervals: bool
    links: Links
    figures: Links


@dataclass(frozen=True)
class ShareRow:
    """Shares of one region or season, one a column; per cent. group: what kind of label it is."""

    label: str
    group: str
    shares: Sequence[Interval]


@dataclass(frozen=True)
class Attribution:
    """What features bring of a field of an experiment. columns: class and what it is a share of."""

    key: str
    title: str
    sentence: str
    note: str
    columns: Sequence[tuple[str, str]]
    rows: Sequence[ShareRow]
    charts: Sequence[Chart]
    images: Sequence[Image]
    links: Links
    figures: Links


@dataclass(frozen=True)
class AttributedChange:
    """Why that differs between two experiments.

    note: whose percentiles say what is extreme; empty of totals alone. intervals: what they are.
    rows: class, of what, and first, second, change, its parts by frequency, intensity, both.
    """

    key: str
    title: str
    units: str
    sentence: str
    note: str
    intervals: str
    rows: Sequence[tuple[str, str, Sequence[Interval]]]
    images: Sequence[Image]
    links: Links
    figures: Links


@dataclass(frozen=True)
class ScoreRow:
    """One measure: a value a label (None: undefined), intervals, and the mean."""

    title: str
    values: Sequence[float | None]
    intervals: Sequence[tuple[float, float] | None]
    mean: float | None


@dataclass(frozen=True)
class Scores:
    """Skill of a model on labelled samples; mean_iou and iou for the headline."""

    title: str
    labels: Sequence[str]
    rows: Sequence[ScoreRow]
    iou: Mapping[str, float | None]
    mean_iou: float | None


@dataclass(frozen=True)
class Model:
    """A model: what it was given, how it was trained, what it can."""

    name: str
    title: str
    description: str
    fields: Sequence[str]
    scores: Scores | None
    charts: Sequence[Chart]
    images: Sequence[Image]
    links: Links


@dataclass(frozen=True)
class LabelFolder:
    """A folder of labelled samples; shares, experts: class -> per cent of area, IoU.

    doubts: what makes training or scores doubtful, told at the page's head; problems: file by file.
    """

    title: str
    files: int
    times: int
    span: str
    shares: Mapping[str, float | None]
    experts: Mapping[str, float | None]
    doubts: Sequence[str]
    problems: Sequence[str]


@dataclass(frozen=True)
class Page:
    """The whole page. data: what its script reads. sources: dataset -> {raw file: checksum}.

    is_overview: of so many experiments that tables have no maps and scroll by themselves. of: what
    maps and tables count, masks or events. maps_seen: key of each map -> what it shows, in words.
    """

    title: str
    description: str
    version: str
    command: str
    classes: Mapping[str, ShownClass]
    experiments: Sequence[Experiment]
    comparisons: Sequence[Comparison]
    decompositions: Sequence[Decomposition]
    verifications: Sequence[Verification]
    agreements: Sequence[Agreement]
    attributions: Sequence[Attribution]
    attributed_changes: Sequence[AttributedChange]
    models: Sequence[Model]
    is_overview: bool
    of: str
    labels: Sequence[LabelFolder]
    sensitivity: Links
    maps_seen: Mapping[str, str]
    sources: Mapping[str, Mapping[str, str]]
    configuration: str
    projection: str
    data: Mapping[str, Any] = field(repr=False)

    @property
    def reference(self) -> Experiment:
        """The experiment that the others are compared with."""
        return self.experiments[0]

    @property
    def doubts(self) -> list[tuple[str, str]]:
        """Each doubt about results once, with the titles of what it concerns."""
        titles: dict[str, list[str]] = {}
        for one in self.experiments:
            for doubt in one.doubts:
                titles.setdefault(doubt, []).append(one.title)
        for folder in self.labels:
            for doubt in folder.doubts:
                titles.setdefault(doubt, []).append(f"Labels of {folder.title}")
        return [(", ".join(names), doubt) for doubt, names in titles.items()]

    @property
    def is_any_compared(self) -> bool:
        """Whether any experiment covers what the reference covers, so that percentages compare."""
        return any(one.covers_as(self.reference) for one in self.experiments[1:])

    def first_with(self, flag: str) -> Experiment:
        """Return the first experiment that has a class."""
        return next(one for one in self.experiments if flag in one.headlines)

    @property
    def skill(self) -> Model | None:
        """The first model whose skill is known."""
        scored = (one for one in self.models if one.scores and one.scores.mean_iou is not None)
        return next(scored, None)

    @property
    def label_classes(self) -> list[str]:
        """Classes of all folders of labels."""
        return list(dict.fromkeys(name for folder in self.labels for name in folder.shares))
