"""Counterfactual experiments: an input field of one dataset with the climatology of another."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from stormtrace.detect.recipes import AdoptedMasks, ThresholdRecipe
from stormtrace.formats.latitude_bands import Match, band_of, uncovered
from stormtrace.grids import make_grid
from stormtrace.grids.specification import GridSpecification
from stormtrace.prepare.dataset import Dataset
from stormtrace.study.entries import Adjustment, Comparison, Experiment
from stormtrace.study.periods import common, months_of
from stormtrace.study.resolved import Tables, known_of
from stormtrace.study.study_files import Keys, Origins

#: What masks follow from besides dataset, grid and period.
DETECTION = (
    *("model", "detector", "statistics", "weighting", "neutral", "adjust"),
    *("precision", "regrid_to_learned"),
)


class ZonalOf(NamedTuple):
    """A climatology by month and latitude of a field of a dataset's samples on a grid."""

    dataset: str
    grid: str
    field: str
    match: Match


class AdjustedField(NamedTuple):
    """A field of an experiment, its own climatology, and the one it is adjusted to."""

    field: str
    own: ZonalOf
    to: ZonalOf


def adjusted_fields(experiment: Experiment) -> list[AdjustedField]:
    """Return what an experiment adjusts, in order of the fields' names."""
    return [
        AdjustedField(
            field,
            ZonalOf(experiment.dataset, experiment.grid, field, how.match),
            ZonalOf(how.to, how.grid or experiment.grid, field, how.match),
        )
        for field, how in sorted(experiment.adjust.items())
    ]


def counterfactual_name(experiment: str, field: str, other: str) -> str:
    """Return what an experiment with one field of another experiment's world is called."""
    return f"{experiment}.{field}-of-{other}"


def counterfactuals(
    comparisons: Iterable[Comparison], table: Mapping[str, Experiment]
) -> dict[str, Experiment]:
    """Return the experiments that comparisons to be decomposed need, by name."""
    found: dict[str, Experiment] = {}
    for one in comparisons:
        for field in one.decompose:
            for side, other in ((one.first, one.second), (one.second, one.first)):
                made = _counterfactual(table[side], field, table[other], one.match)
                found[made.name] = made
    return found


def _counterfactual(entry: Experiment, field: str, other: Experiment, match: Match) -> Experiment:
    grid = None if other.grid == entry.grid else other.grid
    how = Adjustment(to=other.dataset, grid=grid, match=match)
    return entry.model_copy(
        update={
            "name": counterfactual_name(entry.name, field, other.name),
            "title": f"{entry.title or entry.name}, {field} of {other.title or other.name}",
            "adjust": {**entry.adjust, field: how},
            "measure": (),
        }
    )


@dataclass(frozen=True)
class AdjustmentChecks:
    """Whether what is adjusted is there and can be."""

    grids: Mapping[str, GridSpecification]
    tables: Tables
    origins: Origins

    def decomposed(self, name: str, comparison: Comparison) -> None:
        """Both sides differ in nothing but their dataset, grid and period, and can be adjusted."""
        if not comparison.decompose:
            return
        path = ("comparisons", name, "decompose")
        table = self.tables.experiments
        first, second = table[comparison.first], table[comparison.second]
        if (first.dataset, first.grid) == (second.dataset, second.grid):
            self.origins.refuse(
                path,
                f"asks for the inputs' part in a difference, but both experiments are of"
                f" {first.dataset!r} on {first.grid!r}: decompose a comparison of two datasets",
            )
        for key in DETECTION:
            one, other = getattr(first, key), getattr(second, key)
            if one != other:
                self.origins.refuse(
                    path,
                    f"needs experiments that differ in their datasets alone, but {key} is {one!r}"
                    f" in {first.name!r} and {other!r} in {second.name!r}",
                )
        if first.tracking != second.tracking and comparison.of != "masks":
            self.origins.refuse(
                path,
                f"counts tracked events, but {first.name!r} and {second.name!r} track differently:"
                " say `of: masks` in the comparison, or give both the same `tracking`",
            )
        self._one_normalization(path, first)
        for field in comparison.decompose:
            if field in first.adjust:
                self.origins.refuse(path, f"lists {field}, which both experiments adjust already")
        made = counterfactuals([comparison], table)
        for called, experiment in made.items():
            if called in table:
                self.origins.refuse(
                    path, f"makes an experiment {called!r}, but the table has one of that name"
                )
            self.adjusted(path, experiment)

    def _one_normalization(self, path: Keys, experiment: Experiment) -> None:
        """The detector itself does not follow the dataset."""
        if experiment.statistics == "inference":
            self.origins.refuse(
                path,
                "needs statistics: training, since with inference each side is normalized by"
                " itself, a difference that is no field's",
            )
        detector = self.tables.detectors.get(experiment.detector or "")
        if isinstance(detector, ThresholdRecipe) and any(
            one.percentile is not None and one.percentile.dataset is None
            for one in detector.conditions
        ):
            self.origins.refuse(
                path,
                f"needs thresholds that are the same on both sides, but {detector.name!r} takes"
                " percentiles of each dataset: give its percentile a `dataset`",
            )

    def adjusted(self, path: Keys, experiment: Experiment) -> None:
        """Each field is an input and has a climatology to be adjusted to."""
        datasets = self.tables.datasets
        raw = {name: one for name, one in datasets.items() if isinstance(one, Dataset)}
        for field, how in experiment.adjust.items():
            self._is_read(path, field, experiment)
            self.origins.one_of(how.to, raw, path)
            to = raw[how.to]
            if field not in to.fields:
                self.origins.refuse(
                    path,
                    f"adjusts {field} to {how.to!r}, which does not derive it; it derives: "
                    f"{', '.join(to.fields)}",
                )
            if how.grid is not None:
                self.origins.one_of(how.grid, self.grids, path)
            self._months(path, field, experiment, raw[experiment.dataset], to)
            self._latitudes(path, field, experiment.grid, how)

    def _is_read(self, path: Keys, field: str, experiment: Experiment) -> None:
        detector = self.tables.detectors.get(experiment.detector or "")
        if isinstance(detector, AdoptedMasks):
            self.origins.refuse(
                path, f"adjusts {field}, but the masks of {detector.name!r} were made elsewhere"
            )
        fields: Sequence[str] | None = (
            detector.fields
            if detector is not None
            else known_of(self.tables.models[str(experiment.model)], "fields")
        )
        if fields is not None and (field not in fields or field in experiment.neutral):
            kind, called = experiment.found_by
            read = [one for one in fields if one not in experiment.neutral]
            self.origins.refuse(
                path,
                f"adjusts {field}, which the {kind} {called!r} does not read; it reads: "
                f"{', '.join(read)}",
            )

    def _months(
        self, path: Keys, field: str, experiment: Experiment, own: Dataset, to: Dataset
    ) -> None:
        """The other dataset has each month that the experiment is run on."""
        parts = [list(part.period) for part in own.parts]
        if experiment.period is not None:
            parts = [both for part in parts if (both := common(part, experiment.period))]
        there = months_of([part.period for part in to.parts])
        if lacking := sorted(months_of(parts) - there):
            spans = ", ".join(f"{part.period[0]} to {part.period[1]}" for part in to.parts)
            self.origins.refuse(
                path,
                f"adjusts {field} to {to.name!r}, which has no samples of the months "
                f"{', '.join(map(str, lacking))} (it has {spans}): choose a dataset that covers"
                " them, or a shorter period",
            )

    def _latitudes(self, path: Keys, field: str, grid: str, how: Adjustment) -> None:
        """The other grid reaches as far north and south."""
        if how.grid in (None, grid):
            return
        own, to = self.grids[grid], self.grids[str(how.grid)]
        if own.file is not None or to.file is not None:
            return  # for the job, which opens them
        beyond = uncovered(make_grid(own).lat, band_of(make_grid(to).lat))
        if beyond.size:
            self.origins.refuse(
                path,
                f"adjusts {field} on {grid!r} to a climatology on {how.grid!r}, which has no cells"
                f" near {beyond.flat[0]:g}° latitude: choose a grid that covers as much",
            )
