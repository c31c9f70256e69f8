"""The tables of a study resolved and checked: what is made, and what that depends on."""

from collections.abc import Iterable, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

from stormtrace.detect.recipes import Detector, ThresholdRecipe
from stormtrace.labels.campaigns.campaign_block import Campaign
from stormtrace.prepare.dataset import Dataset, LabelledDataset
from stormtrace.study import consistency
from stormtrace.study.config import Config
from stormtrace.study.counterfactuals import (
    AdjustedField,
    ZonalOf,
    adjusted_fields,
    counterfactuals,
)
from stormtrace.study.entries import Experiment
from stormtrace.study.folders import expanded
from stormtrace.study.layout import Layout
from stormtrace.study.resolved import (
    AnyDataset,
    drop_nulls_of_study,
    labels_of_all,
    members_of,
    placed,
    read_tables,
)
from stormtrace.study.sharing import Sharing
from stormtrace.study.study_files import ELSEWHERE, Origins
from stormtrace.track.measured import INTENSITY, measured


class PercentileOf(NamedTuple):
    """A percentile of a field of a dataset's samples on a grid."""

    dataset: str
    grid: str
    field: str
    percentile: float


class ResolvedStudy:
    """The merged configuration of one run of the workflow.

    config: what Snakemake has merged from all files and the command line.
    files: the YAML files it came from, in the order they were read (for errors); `elsewhere` says
        where a value comes from that none of them has.

    `datasets`, `models`, `experiments` and `comparisons` hold resolved entries (``like`` applied,
    defaults filled in) of what is run and of everything that depends on; all other entries of the
    tables have been checked too. `shown` names what the report shows: what is run, and what is
    compared.

    Raises:
        BadInput: the first fault, with the file and the keys that lead to it.

    """

    def __init__(
        self,
        config: Mapping[str, Any],
        files: Iterable[Path | str] = (),
        elsewhere: str = ELSEWHERE,
    ) -> None:
        origins = Origins(files, config, elsewhere)
        said = drop_nulls_of_study(config)
        self.config = origins.read(Config, said, ())
        self.results = expanded(self.config.results, "results", origins)
        self.data = expanded(self.config.data, "data", origins)
        self.at = Layout(self.results)

        folders = {"data": self.data, "results": self.results}
        grids = {
            name: grid.model_copy(update={"file": placed(grid.file, folders)})
            for name, grid in self.config.grids.items()
        }
        self.config = self.config.model_copy(update={"grids": grids})
        tables = read_tables(said, folders, origins)
        consistency.check(self.config, tables, origins)
        self._measured_intensity = [
            name for name, entry in tables.experiments.items() if INTENSITY in entry.measure
        ]
        #: Labels of all models, detectors and annotations, run or not; None: not all are known.
        self.all_labels = labels_of_all(tables)
        self._table = {
            name: self._named(entry, list(tables.datasets[entry.dataset].fields))
            for name, entry in tables.experiments.items()
        }
        likes = {name: entry.get("like") for name, entry in said["experiments"].items()}
        sharing = Sharing(self._table, likes)
        # Asked for each job.
        self.masks_of, self.objects_of = cache(sharing.masks_of), cache(sharing.objects_of)
        self.labelling = cache(sharing.labelling)
        self.comparisons = {name: tables.comparisons[name] for name in self.config.compare}
        self.shown = self._shown_experiments()
        self.counterfactuals = counterfactuals(self.comparisons.values(), self._table)
        self._table |= self.counterfactuals
        for name, entry in self.comparisons.items():
            if entry.of is None:
                sides = {self.masks_of(entry.first), self.masks_of(entry.second)}
                of = "events" if len(sides) == 1 else self.counted_from
                self.comparisons[name] = entry.model_copy(update={"of": of})
        self.experiments = {name: self._table[name] for name in self._needed_experiments()}
        models = {entry.model for entry in self.experiments.values() if entry.model}
        detectors = {entry.detector for entry in self.experiments.values() if entry.detector}
        self.detectors = {name: tables.detectors[name] for name in sorted(detectors)}
        self._members = {name: members_of(tables.models[name]) for name in sorted(models)}
        self.models = {name: one for some in self._members.values() for name, one in some.items()}
        self.campaigns, self.waiting_campaigns = self._split_campaigns(tables.campaigns)
        self._annotated = tables.annotated
        needed = self._needed_datasets(tables.datasets)
        self.datasets = {name: tables.datasets[name] for name in sorted(needed)}
        already = {name for entry in self.campaigns.values() for name in entry.labelled}
        #: Labelled datasets of whose days campaigns choose no time.
        self.labelled_already = {
            name: one
            for name, one in tables.datasets.items()
            if name in already and isinstance(one, LabelledDataset)
        }
        made_here = (needed | already) & {*tables.annotated}
        self.annotated = {name: tables.annotated[name] for name in sorted(made_here)}

    def _shown_experiments(self) -> list[str]:
        """Return what is run and what is compared; in that order."""
        ends = (side for one in self.comparisons.values() for side in (one.first, one.second))
        return list(dict.fromkeys([*self.config.run, *ends]))

    def _split_campaigns(
        self, table: Mapping[str, Campaign]
    ) -> tuple[dict[str, Campaign], dict[str, Campaign]]:
        """Return the campaigns whose experiments are carried out, and the others."""
        ready = {n: one for n, one in table.items() if {*one.experiments} <= {*self.experiments}}
        return ready, {name: one for name, one in table.items() if name not in ready}

    @property
    def counted_from(self) -> str:
        """What maps and tables of all experiments count: masks, or events where tracking differs.

        Maps of every detection would be the same for experiments that differ in tracking, and of
        the whole grid for one of a region.
        """
        trackings = [self._table[name].tracking for name in self.shown]
        differ = any(one != trackings[0] or one.region is not None for one in trackings)
        return "events" if differ else "masks"

    def _needed_experiments(self) -> list[str]:
        """Return what is shown or counterfactual, and whose masks those track; in that order."""
        wanted = [*self.shown, *self.counterfactuals]
        owners = (owner(name) for name in wanted for owner in (self.masks_of, self.objects_of))
        return list(dict.fromkeys([*wanted, *owners]))

    def _needed_datasets(self, table: Mapping[str, AnyDataset]) -> set[str]:
        """Return what is run on and learned from, and what anomalies of those depart from."""
        used = {entry.dataset for entry in self.experiments.values()}
        used |= {of.dataset for of in self.percentiles} | {of.dataset for of in self.zonal}
        used |= {entry.dataset for entry in self.models.values() if entry.dataset}
        used |= {entry.dataset for entry in self.campaigns.values()}
        labelled = used | {one for entry in self.campaigns.values() for one in entry.labelled}
        used |= {self._annotated[name].dataset for name in labelled if name in self._annotated}
        fields = (each for name in sorted(used) for each in table[name].fields.values())
        return used | {each.anomaly.dataset for each in fields if each.anomaly is not None}

    def _named(self, experiment: Experiment, fields: list[str]) -> Experiment:
        """Return an experiment with a region of the study's own name as its box.

        What it measures are names that `fields`, the dataset's, can give.
        """
        named = measured(experiment.measure, fields)
        experiment = experiment.model_copy(update={"measure": named})
        region = experiment.tracking.region
        if region is None or region.name not in self.config.regions:
            return experiment
        box = {"name": None, "box": self.config.regions[region.name]}
        tracking = experiment.tracking.model_copy(update={"region": region.model_copy(update=box)})
        return experiment.model_copy(update={"tracking": tracking})

    def is_labelled(self, dataset: str) -> bool:
        """Whether the dataset is a folder of labelled samples instead of raw files."""
        return isinstance(self.datasets[dataset], LabelledDataset)

    def raw(self, dataset: str) -> Dataset:
        """Return a dataset of raw files."""
        entry = self.datasets[dataset]
        assert isinstance(entry, Dataset), f"{dataset} has no raw files"
        return entry

    def labelled(self, dataset: str) -> LabelledDataset:
        """Return a dataset of labelled samples."""
        entry = self.datasets[dataset]
        assert isinstance(entry, LabelledDataset), f"{dataset} has no labels"
        return entry

    def models_of(self, experiment: str) -> list[str]:
        """Return the models of an experiment: one, or an ensemble's members; none of a detector."""
        model = self.experiments[experiment].model
        return list(self._members[model]) if model else []

    def detector_of(self, experiment: str) -> Detector | None:
        """Return the recipe or the adopted masks of an experiment; None if a model detects."""
        name = self.experiments[experiment].detector
        return self.detectors[name] if name else None

    def detected_by(self, kind: type) -> list[str]:
        """Return the experiments whose detector is of a kind; of NoneType, those of models."""
        return [name for name in self.experiments if isinstance(self.detector_of(name), kind)]

    @cached_property
    def percentiles(self) -> list[PercentileOf]:
        """The percentiles of samples that recipes compare with, each once."""
        every = (one for name in self.experiments for one in self.percentiles_of(name))
        return list(dict.fromkeys(every))

    def percentiles_of(self, experiment: str) -> list[PercentileOf]:
        """Return the percentiles that an experiment's recipe compares with."""
        recipe, entry = self.detector_of(experiment), self.experiments[experiment]
        if not isinstance(recipe, ThresholdRecipe):
            return []
        found = (
            PercentileOf(one.dataset or entry.dataset, entry.grid, condition.field, one.percentile)
            for condition in recipe.conditions
            if (one := condition.percentile)
        )
        return list(dict.fromkeys(found))

    @cached_property
    def zonal(self) -> list[ZonalOf]:
        """The climatologies by month and latitude that experiments adjust from and to, once."""
        every = (one for name in self.experiments for one in self.adjusted(name))
        return list(dict.fromkeys(of for one in every for of in (one.own, one.to)))

    def adjusted(self, experiment: str) -> list[AdjustedField]:
        """Return the input fields that an experiment adjusts."""
        return adjusted_fields(self.experiments[experiment])
