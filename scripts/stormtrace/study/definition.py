"""The study: every table resolved and checked, ready for the rules to look things up in."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from stormtrace.blocks import dump, flag
from stormtrace.classes import Classes
from stormtrace.detect.recipes import AdoptedMasks, Detector, ThresholdRecipe
from stormtrace.formats.sample_names import stamp
from stormtrace.grids.specification import GridSpecification
from stormtrace.labels.campaigns.campaign_block import Campaign
from stormtrace.learn.recipe import Published, Recipe
from stormtrace.prepare.dataset import Dataset, LabelledDataset
from stormtrace.prepare.verbs import Anomaly
from stormtrace.study import consistency
from stormtrace.study.config import Config
from stormtrace.study.counterfactuals import (
    AdjustedField,
    ZonalOf,
    adjusted_fields,
    counterfactual_name,
    counterfactuals,
)
from stormtrace.study.entries import Agreement, Attribution, Experiment, Verification
from stormtrace.study.folders import expanded
from stormtrace.study.layout import Layout
from stormtrace.study.merging import Entry
from stormtrace.study.periods import clip, common, years_of
from stormtrace.study.resolved import (
    AnyDataset,
    drop_nulls_of_study,
    known_of,
    members_of,
    placed,
    read_tables,
)
from stormtrace.study.sharing import Sharing
from stormtrace.study.study_files import ELSEWHERE, Origins
from stormtrace.track.measured import INTENSITY, intensity_of, measured

#: The piece of a labelled dataset that its statistics are computed from.
LABELLED = "train"


class PercentileOf(NamedTuple):
    """A percentile of a field of a dataset's samples on a grid."""

    dataset: str
    grid: str
    field: str
    percentile: float


class Study:
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

        tables = read_tables(said, {"data": self.data, "results": self.results}, origins)
        consistency.check(self.config, tables, origins)
        self._measured_intensity = [
            name for name, entry in tables.experiments.items() if INTENSITY in entry.measure
        ]
        self._table = {
            name: self._named(entry, list(tables.datasets[entry.dataset].fields))
            for name, entry in tables.experiments.items()
        }
        likes = {name: entry.get("like") for name, entry in said["experiments"].items()}
        sharing = Sharing(self._table, likes)
        self.masks_of, self.objects_of = sharing.masks_of, sharing.objects_of
        self.labelling = sharing.labelling
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

    # --- datasets -------------------------------------------------------------------------------

    def is_labelled(self, dataset: str) -> bool:
        """Whether the dataset is a folder of labelled samples instead of raw files."""
        return isinstance(self.datasets[dataset], LabelledDataset)

    def given_datasets(self) -> list[AnyDataset]:
        """Return the datasets whose files are there before any job: not what annotations become."""
        return [one for name, one in self.datasets.items() if name not in self.annotated]

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

    def pieces(self, dataset: str) -> list[str]:
        """Return what statistics are merged from: the years, or `LABELLED`."""
        if self.is_labelled(dataset):
            return [LABELLED]
        return years_of([part.period for part in self.raw(dataset).parts])

    def dataset_in(self, dataset: str, year: str | None = None) -> Dataset:
        """Return what preparing one year (by default the first) depends on, and nothing else.

        Years that are added to a dataset later must not make the older ones out of date.
        """
        entry = self.raw(dataset)
        year = year or self.pieces(dataset)[0]
        parts = tuple(
            part.model_copy(update={"period": tuple(period)})
            for part in entry.parts
            if (period := clip(part.period, year)) is not None
        )
        return entry.model_copy(update={"parts": parts, "title": None, "weather": None})

    def anomalies(self, dataset: str) -> dict[str, Anomaly]:
        """Return the fields of a dataset of raw files that are anomalies, and from what."""
        fields = self.raw(dataset).fields.items()
        return {name: each.anomaly for name, each in fields if each.anomaly is not None}

    def climatology_fields(self, dataset: str, harmonics: int) -> list[str]:
        """Return the fields of a dataset of which the study needs a climatology."""
        asked = {
            anomaly.field
            for name in self.datasets
            if not self.is_labelled(name)
            for anomaly in self.anomalies(name).values()
            if (anomaly.dataset, anomaly.harmonics) == (dataset, harmonics)
        }
        return sorted(asked)

    def grids_of_datasets(self) -> dict[str, list[GridSpecification]]:
        """Return the grids on which experiments want the samples of each dataset of raw files."""
        wanted = dict.fromkeys(
            (entry.dataset, entry.grid)
            for entry in self.experiments.values()
            if not self.is_labelled(entry.dataset)
        )
        wanted |= dict.fromkeys((of.dataset, of.grid) for of in self.percentiles)
        wanted |= dict.fromkeys((of.dataset, of.grid) for of in self.zonal)
        wanted |= {(entry.dataset, entry.grid): None for entry in self.annotated.values()}
        wanted |= {(entry.dataset, entry.grid): None for entry in self.campaigns.values()}
        for dataset, grid in list(wanted):
            wanted |= {(of.dataset, grid): None for of in self.anomalies(dataset).values()}
        found: dict[str, list[GridSpecification]] = {}
        for dataset, grid in wanted:
            found.setdefault(dataset, []).append(self.config.grids[grid])
        return found

    def excluded(self, dataset: str, split: str) -> list[str]:
        """Return the labelled samples of a folder, `train` or `test`, that are to be left out."""
        entry = self.labelled(dataset)
        return [name for name in entry.exclude if (Path(getattr(entry, split)) / name).exists()]

    def labels_made(self, dataset: str, split: str) -> str | None:
        """Return what is made here and holds labels: annotations', the mini planet's, or None."""
        if dataset in self.annotated:
            return self.at.labelled(dataset)
        return self.at.planet_part(str(getattr(self.labelled(dataset), split)))

    def fields_from(self, dataset: str) -> str:
        """Return the dataset of raw files that fields come from: of annotations, another one."""
        return self.annotated[dataset].dataset if dataset in self.annotated else dataset

    # --- models ---------------------------------------------------------------------------------

    def models_of(self, experiment: str) -> list[str]:
        """Return the models of an experiment: one, or an ensemble's members; none of a detector."""
        model = self.experiments[experiment].model
        return list(self._members[model]) if model else []

    def trained_on(self, model: str) -> list[str]:
        """Return the flag with a published model's `trained_on`, if the study says it."""
        entry = self.models[model]
        said = entry.trained_on if isinstance(entry, Published) else None
        return ["--trained-on", flag(dump(said))] if said else []

    def training(self, model: str) -> Entry:
        """Return what a training depends on."""
        free = ("title", "tolerance_km")
        return {key: value for key, value in dump(self.models[model]).items() if key not in free}

    def labels_of(self, dataset: str) -> list[str]:
        """Return the classes of a labelled dataset, as a model that learns from it names them."""
        if dataset in self.annotated:
            return list(self.annotated[dataset].labels)
        users = (known_of(one, "labels") for one in self.models.values() if one.dataset == dataset)
        return next((labels for labels in users if labels), [])

    def classes_of(self, experiment: str) -> Classes | None:
        """Return the classes of an experiment's masks; None if its model cannot be read yet."""
        detector = self.detector_of(experiment)
        labels = (
            detector.labels
            if detector
            else known_of(self.models[self.models_of(experiment)[0]], "labels")
        )
        return None if labels is None else Classes.of_labels(labels, self.config.classes)

    @cached_property
    def trained(self) -> list[str]:
        """Names of the models that are trained here."""
        return [name for name, entry in self.models.items() if isinstance(entry, Recipe)]

    @cached_property
    def published(self) -> list[str]:
        """Names of the models whose weights are given."""
        return [name for name, entry in self.models.items() if isinstance(entry, Published)]

    @cached_property
    def scored(self) -> list[str]:
        """Names of the models that have labels to be tested on."""
        return [name for name, entry in self.models.items() if entry.dataset]

    @cached_property
    def explained(self) -> list[str]:
        """Names of the models whose fields' importance is measured."""
        asked = {one for name in self.config.explain for one in self._members.get(name, ())}
        return [name for name in self.scored if name in asked]

    # --- detectors that are no networks ---------------------------------------------------------

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

    @cached_property
    def decomposed(self) -> list[str]:
        """Names of the comparisons that are shared out among input fields."""
        return [name for name, entry in self.comparisons.items() if entry.decompose]

    def counterfactuals_of(self, comparison: str, side: str) -> list[str]:
        """Return the experiments of a side, `first` or `second`, with each field of the other."""
        entry = self.comparisons[comparison]
        one, other = entry.first, entry.second
        if side == "second":
            one, other = other, one
        return [counterfactual_name(one, field, other) for field in entry.decompose]

    def sees_samples(self, experiment: str) -> bool:
        """Whether an experiment needs its dataset's samples: for masks, measures or pictures."""
        config = self.config
        drawn = (config.animate, config.snapshots, config.composites, config.attribute)
        return (
            not isinstance(self.detector_of(experiment), AdoptedMasks)
            or bool(self.experiments[experiment].measure)
            or any(table.get(experiment) for table in drawn)
        )

    # --- experiments ----------------------------------------------------------------------------

    def intensity_missing(self) -> dict[str, list[str]]:
        """Return what experiments with `measure: intensity` cannot measure, for want of fields."""
        found = {}
        for name in self._measured_intensity:
            if name in self.experiments:
                fields = list(self.raw(self.experiments[name].dataset).fields)
                found[name] = [what for what, have in intensity_of(fields).items() if not have]
        return {name: lacking for name, lacking in found.items() if lacking}

    def years(self, experiment: str) -> list[str]:
        """Return the years an experiment is run on, four digits each."""
        return years_of(self._stretches(experiment))

    def period(self, experiment: str, year: str) -> list[str]:
        """Return the first moment of `year` an experiment is run on, and the first no longer."""
        there = self.periods(experiment, year)
        return [there[0][0], max(end for _, end in there)]

    def periods(self, experiment: str, year: str) -> list[list[str]]:
        """Return the stretches of `year` an experiment is run on, in order of time."""
        clipped = (clip(one, year) for one in self._stretches(experiment))
        return sorted(one for one in clipped if one)

    def missing_steps(self, experiment: str) -> str:
        """Return whether steps of an experiment may have no sample: refuse or skip."""
        return self.raw(self.experiments[experiment].dataset).missing_steps

    def _stretches(self, experiment: str) -> list[list[str]]:
        """Return what of the dataset's parts lies in the experiment's period."""
        entry = self.experiments[experiment]
        parts = [list(part.period) for part in self.raw(entry.dataset).parts]
        if entry.period is None:
            return parts
        return [both for part in parts if (both := common(part, entry.period))]

    def step_hours(self, experiment: str) -> float:
        """Return the hours from one sample of an experiment to the next."""
        return self.raw(self.experiments[experiment].dataset).step_hours

    def weighting(self, experiment: str) -> str:
        """Return how an experiment's statistics are weighted: its own word or its model's."""
        if self.experiments[experiment].detector:
            return "none"
        model = self.models[self.models_of(experiment)[0]]
        own = model.weighting if isinstance(model, Recipe) else "none"
        return str(self.experiments[experiment].weighting or own)

    @cached_property
    def verified(self) -> dict[str, Verification]:
        """What is shown and held against observed storms, and how."""
        found = {}
        for name, entry in self.config.verify.items():
            if name in self.shown:
                observed = self.raw(self.experiments[name].dataset).has_observed_weather
                match = entry.match or ("time" if observed else "climatology")
                storms = placed(entry.storms, {"data": self.data, "results": self.results})
                found[name] = entry.model_copy(update={"match": match, "storms": storms})
        return found

    @cached_property
    def agreements(self) -> dict[str, Agreement]:
        """What is held against each other: all members are shown."""
        table = self.config.agree.items()
        return {name: one for name, one in table if set(one.members) <= set(self.shown)}

    def catalogues_of(self, agreement: str) -> dict[str, Any]:
        """Return the catalogues of an agreement, their files in their places."""
        folders = {"data": self.data, "results": self.results}
        return {
            name: dump(one) | {"file": placed(one.file, folders)}
            for name, one in self.config.catalogues.items()
            if name in self.agreements[agreement].catalogues
        }

    def names_in_agreement(self, name: str) -> list[str]:
        """Return what members are called: their experiment and, where these differ, the class."""
        pairs = self.agreements[name].pairs
        alike = len({named.lower() for _, named in pairs}) == 1
        return [self.title(one) + ("" if alike else f", {named}") for one, named in pairs]

    def members_of_agreement(self, name: str) -> list[dict[str, Any]]:
        """Return experiment, class and files of each member, as `agree.py` takes them."""
        at = self.at
        return [
            {
                "experiment": one,
                "class": named,
                "masks": [at.masks(self.masks_of(one), year) for year in self.years(one)],
                "objects": [at.objects(self.objects_of(one), year) for year in self.years(one)],
                "events": at.events(one),
            }
            for one, named in self.agreements[name].pairs
        ]

    @cached_property
    def attributed(self) -> dict[tuple[str, str], Attribution]:
        """(experiment, field) of what is shown -> how its features' share is computed."""
        table = self.config.attribute
        return {
            (name, field): how for name in self.shown for field, how in table.get(name, {}).items()
        }

    def attribution_changes(self) -> list[tuple[str, str]]:
        """(comparison, field) of what both experiments are attributed alike."""
        return [
            (name, field)
            for name, entry in self.comparisons.items()
            for (experiment, field), how in self.attributed.items()
            if experiment == entry.first and (other := self.attributed.get((entry.second, field)))
            if how.is_like(other)
        ]

    def attribution_change_maps(self) -> list[tuple[str, str]]:
        """Those of `attribution_changes` whose experiments are on one grid, so have maps."""
        grids = {name: entry.grid for name, entry in self.experiments.items()}
        return [
            (name, field)
            for name, field in self.attribution_changes()
            if grids[self.comparisons[name].first] == grids[self.comparisons[name].second]
        ]

    def films(self, experiment: str) -> list[str]:
        """Return the films to make of an experiment."""
        return [
            self.at.film(experiment, month) for month in self.config.animate.get(experiment, ())
        ]

    def snapshots(self, experiment: str) -> list[str]:
        """Return the folders of the figures of single times of an experiment."""
        times = self.config.snapshots.get(experiment, ())
        return [self.at.snapshot(experiment, stamp(time)) for time in times]

    def composed(self, comparison: str) -> list[str]:
        """Return the fields that both experiments of a comparison have composites of."""
        entry, composites = self.comparisons[comparison], self.config.composites
        second = composites.get(entry.second, ())
        return [field for field in composites.get(entry.first, ()) if field in second]

    def statistics_of(self, experiment: str) -> tuple[str, str] | None:
        """Return (dataset, grid) whose statistics normalize the input; None: the model's own."""
        entry = self.experiments[experiment]
        if entry.detector:
            return None
        if entry.statistics == "inference":
            return entry.dataset, entry.grid
        model = self.models[self.models_of(experiment)[0]]
        return (model.dataset, model.grid) if isinstance(model, Recipe) else None

    def title(self, name: str) -> str:
        """Return an experiment's title, by default its name."""
        return self.experiments[name].title or name

    def model_title(self, name: str) -> str:
        """Return a model's title, by default its name."""
        return self.models[name].title or name

    def comparison_title(self, name: str) -> str:
        """Return a comparison's title, by default its name."""
        return self.comparisons[name].title or name

    def titles_of_sides(self, comparison: str) -> dict[str, str]:
        """Return the titles of a comparison's experiments by its sides, first and second."""
        compared = self.comparisons[comparison]
        return {"first": self.title(compared.first), "second": self.title(compared.second)}
