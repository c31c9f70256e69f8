"""The study: every table resolved and checked, ready for the rules to look things up in."""

from functools import cached_property
from pathlib import Path

from stormtrace.blocks import dump, flag
from stormtrace.classes import Classes
from stormtrace.detect.recipes import AdoptedMasks
from stormtrace.formats.sample_names import stamp
from stormtrace.grids.specification import GridSpecification
from stormtrace.learn.recipe import Published, Recipe
from stormtrace.prepare.dataset import Dataset, LabelledDataset
from stormtrace.prepare.verbs import Anomaly
from stormtrace.study.compared import ComparedStudy
from stormtrace.study.labelled_headers import first_header
from stormtrace.study.merging import Entry
from stormtrace.study.periods import clip, years_of
from stormtrace.study.resolved import AnyDataset, known_of
from stormtrace.track.measured import intensity_of

#: The piece of a labelled dataset that its statistics are computed from.
LABELLED = "train"


class Study(ComparedStudy):
    """A study as the rules see it: lists of what to make, and flags of how."""

    def given_datasets(self) -> list[AnyDataset]:
        """Return the datasets whose files are there before any job: not what annotations become."""
        given = (one for name, one in self.datasets.items() if name not in self.annotated)
        return [
            one.model_copy(update={"fields": {n: one.fields[n] for n in self.fields_of(one.name)}})
            if isinstance(one, LabelledDataset)
            else one
            for one in given
        ]

    def fields_of(self, dataset: str) -> list[str]:
        """Return the fields of a dataset's samples.

        Labelled samples need only have those that their dataset's entry names or a model learns
        from: of the others, which are there by default, those that the samples have.
        """
        entry = self.datasets[dataset]
        fields = list(entry.fields)
        if not isinstance(entry, LabelledDataset) or "fields" in entry.model_fields_set:
            return fields
        needed = self.learned_fields(dataset).keys()
        first = None if needed >= entry.fields.keys() else first_header(entry, "train")
        if first is None:
            return fields
        return [one for one in fields if one in needed or one in first.variables] or fields

    def learned_fields(self, dataset: str) -> dict[str, str]:
        """Return field -> a model that reads it from a labelled dataset."""
        models = {name: one for name, one in self.models.items() if one.dataset == dataset}
        return {
            field: name for name, one in models.items() for field in known_of(one, "fields") or ()
        }

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

    def sees_samples(self, experiment: str) -> bool:
        """Whether an experiment needs its dataset's samples: for masks, measures or pictures."""
        config = self.config
        drawn = (config.animate, config.snapshots, config.composites, config.attribute)
        return (
            not isinstance(self.detector_of(experiment), AdoptedMasks)
            or bool(self.experiments[experiment].measure)
            or any(table.get(experiment) for table in drawn)
        )

    def intensity_missing(self) -> dict[str, list[str]]:
        """Return what experiments with `measure: intensity` cannot measure, for want of fields."""
        found = {}
        for name in self._measured_intensity:
            if name in self.experiments:
                fields = list(self.raw(self.experiments[name].dataset).fields)
                found[name] = [what for what, have in intensity_of(fields).items() if not have]
        return {name: lacking for name, lacking in found.items() if lacking}

    def missing_steps(self, experiment: str) -> str:
        """Return whether steps of an experiment may have no sample: refuse or skip."""
        return self.raw(self.experiments[experiment].dataset).missing_steps

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

    def films(self, experiment: str) -> list[str]:
        """Return the films to make of an experiment."""
        return [
            self.at.film(experiment, month) for month in self.config.animate.get(experiment, ())
        ]

    def film_field(self, experiment: str) -> str:
        """Return the field that an experiment is filmed over: water vapour, or else its first."""
        fields = list(self.raw(self.experiments[experiment].dataset).fields)
        return next((name for name in fields if name.upper() == "TMQ"), fields[0])

    def snapshots(self, experiment: str) -> list[str]:
        """Return the folders of the figures of single times of an experiment."""
        times = self.config.snapshots.get(experiment, ())
        return [self.at.snapshot(experiment, stamp(time)) for time in times]

    def statistics_of(self, experiment: str) -> tuple[str, str] | None:
        """Return (dataset, grid) whose statistics normalize the input; None: the model's own."""
        entry = self.experiments[experiment]
        if entry.detector:
            return None
        if entry.statistics == "inference":
            return entry.dataset, entry.grid
        model = self.models[self.models_of(experiment)[0]]
        return (model.dataset, model.grid) if isinstance(model, Recipe) else None

    def model_title(self, name: str) -> str:
        """Return a model's title, by default its name."""
        return self.models[name].title or name
