"""Whether the entries of the tables fit each other: checks that concern more than one entry."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from stormtrace.blocks import did_you_mean
from stormtrace.class_table import check_table
from stormtrace.classes import Classes
from stormtrace.errors import BadInput
from stormtrace.grids.specification import cell_count
from stormtrace.learn.recipe import Published, Recipe
from stormtrace.prepare.dataset import Dataset, LabelledDataset
from stormtrace.study.annotated import check_annotated, check_learner
from stormtrace.study.attribution_checks import check_attributions
from stormtrace.study.campaign_checks import check_campaign
from stormtrace.study.config import Config
from stormtrace.study.counterfactuals import AdjustmentChecks
from stormtrace.study.detector_checks import check_detector, check_use
from stormtrace.study.entries import Agreement, Comparison, Experiment, Verification
from stormtrace.study.folders import check_folder
from stormtrace.study.periods import common, has_month, has_time, years_of
from stormtrace.study.resolved import AnyDataset, AnyModel, Tables, known_of
from stormtrace.study.study_files import Keys, Origins
from stormtrace.study.training_grids import check_augmentation
from stormtrace.track.measured import can_be_measured, measured
from stormtrace.track.tracking import NAMED_REGIONS


def check(config: Config, tables: Tables, origins: Origins) -> None:
    """Check what no entry can know by itself.

    Raises:
        BadInput: the first entry that asks for something that is not there, or cannot be.

    """
    checker = _Checker(config, tables, origins)
    checker.lists()
    checker.classes()
    checker.grids()
    for name, dataset in tables.datasets.items():
        if isinstance(dataset, LabelledDataset):
            checker.labels(name, dataset)
            checker.excluded(name, dataset)
        else:
            checker.anomalies(name, dataset)
    for entry in tables.annotated.values():
        check_annotated(entry, config.grids, origins)
    for name, model in tables.models.items():
        if isinstance(model, Published):
            check_folder(model.weights, ("models", name, "weights"), origins)
        checker.model(name, model)
    for name, detector in tables.detectors.items():
        check_detector(name, detector, config, origins)
    for name, experiment in tables.experiments.items():
        checker.experiment(name, experiment)
    checker.shown()
    for name, verification in config.verify.items():
        checker.verified(name, verification)
    for name, agreement in config.agree.items():
        checker.agreement(name, agreement)
    adjustments = AdjustmentChecks(config.grids, tables, origins)
    for name, experiment in tables.experiments.items():
        adjustments.adjusted(("experiments", name, "adjust"), experiment)
    check_attributions(config, tables, origins)
    for name, comparison in tables.comparisons.items():
        checker.comparison(name, comparison)
        adjustments.decomposed(name, comparison)
    for campaign in tables.campaigns.values():
        check_campaign(campaign, config, tables, origins)


@dataclass(frozen=True)
class _Checker:
    config: Config
    tables: Tables
    origins: Origins

    def lists(self) -> None:
        """`run`, `compare` and `explain` name entries of the tables."""
        lists: dict[str, Iterable[str]] = {
            "run": self.tables.experiments,
            "compare": self.tables.comparisons,
            "explain": self.tables.models,
        }
        for key, table in lists.items():
            for name in getattr(self.config, key):
                self.origins.one_of(name, table, (key,))

    def classes(self) -> None:
        """No class is there twice, under two spellings."""
        try:
            check_table(self.config.classes)
        except BadInput as error:
            raise BadInput(f"{self.origins.of(('classes',))}: {error}") from None

    def grids(self) -> None:
        """Grids can be made; those in files are opened by the jobs."""
        for name, entry in self.config.grids.items():
            try:
                cell_count(entry)
            except BadInput as error:
                self.origins.refuse(("grids", name), f"cannot be made: {error}")

    def labels(self, name: str, dataset: LabelledDataset) -> None:
        """Labels are in folders, as far as they are there."""
        for split in ("train", "test"):
            check_folder(getattr(dataset, split), ("datasets", name, split), self.origins)

    def excluded(self, name: str, dataset: LabelledDataset) -> None:
        """What is left out is there, as far as the folders are."""
        folders = [Path(folder) for folder in (dataset.train, dataset.test)]
        if not all(folder.is_dir() for folder in folders):
            return  # not made yet, or an error of the job that needs them
        there = {path.name for folder in folders for path in folder.iterdir()}
        for sample in dataset.exclude:
            if sample not in there:
                self.origins.refuse(
                    ("datasets", name, "exclude"),
                    f"lists {sample!r}, which is neither in {folders[0]} nor in {folders[1]}"
                    f"{did_you_mean(sample, there)}",
                )

    def anomalies(self, name: str, dataset: Dataset) -> None:
        """The climatology of an anomaly is of a plain field of another dataset of raw files."""
        raw = {key: one for key, one in self.tables.datasets.items() if isinstance(one, Dataset)}
        for field, derivation in dataset.fields.items():
            if (of := derivation.anomaly) is None:
                continue
            path = ("datasets", name, "fields", field, "anomaly")
            self.origins.one_of(of.dataset, raw, (*path, "dataset"))
            self.origins.one_of(of.field, raw[of.dataset].fields, (*path, "field"))
            if of.dataset == name or raw[of.dataset].fields[of.field].anomaly:
                self.origins.refuse(
                    (*path, "dataset"),
                    f"is {of.dataset!r}, whose {of.field} is "
                    + ("an anomaly itself" if of.dataset != name else "not made before this field")
                    + ": name a dataset of the plain field, such as one that this one is `like`",
                )

    def model(self, name: str, model: AnyModel) -> None:
        """A model's grid and labelled dataset are there, and its labels can be those of masks."""
        if model.grid:
            self.origins.one_of(model.grid, self.config.grids, ("models", name, "grid"))
        if (labels := known_of(model, "labels")) is not None:
            try:
                Classes.of_labels(labels, self.config.classes)
            except BadInput as error:
                raise BadInput(
                    f"{self.origins.of(('models', name))}: models.{name}: {error}"
                ) from None
        if not model.dataset:
            return
        path = ("models", name, "dataset")
        self.origins.one_of(model.dataset, self.tables.datasets, path)
        dataset = self.tables.datasets[model.dataset]
        if not isinstance(dataset, LabelledDataset):
            table = self.tables.datasets.items()
            labelled = [key for key, entry in table if isinstance(entry, LabelledDataset)]
            self.origins.refuse(
                path,
                f"is {model.dataset!r}, which has no labels to learn from; "
                f"labelled datasets: {', '.join(labelled) or 'none'}",
            )
        self.fields(path, name, model, dataset)
        if isinstance(model, Recipe):
            if Path(dataset.train).resolve() == Path(dataset.test).resolve():
                self.origins.refuse(
                    ("datasets", model.dataset, "test"),
                    f"is {dataset.test!r}, the folder of `train`: scores on the labels that model"
                    f" {name!r} learns from say nothing; give a folder with labels of other dates",
                )
            if model.dataset in self.tables.annotated:
                check_learner(model, self.tables.annotated[model.dataset], self.origins)
            check_augmentation(name, model, self.config.grids, self.origins)

    def experiment(self, name: str, experiment: Experiment) -> None:
        """An experiment's model or detector, dataset and grid are there, and fit each other."""
        path = ("experiments", name)
        for key, table in (
            ("model", self.tables.models),
            ("detector", self.tables.detectors),
            ("dataset", self.tables.datasets),
            ("grid", self.config.grids),
        ):
            if (chosen := getattr(experiment, key)) is not None:
                self.origins.one_of(chosen, table, (*path, key))
        dataset = self.tables.datasets[experiment.dataset]
        if not isinstance(dataset, Dataset):
            self.origins.refuse(
                (*path, "dataset"),
                f"is {experiment.dataset!r}, a set of single labelled times that has no years "
                "to detect and track in; models that learn from it are scored on its test labels",
            )
        if experiment.detector is not None:
            detector = self.tables.detectors[experiment.detector]
            table = self.tables.datasets
            check_use((*path, "dataset"), detector, dataset, table, self.origins)
        else:
            model = self.tables.models[str(experiment.model)]
            self.network(path, experiment, model, dataset)
        for field in measured(experiment.measure, list(dataset.fields)):
            if not can_be_measured(field, dataset.fields):
                self.origins.one_of(field, dataset.fields, (*path, "measure"))
        self.tracking((*path, "tracking"), experiment)
        if experiment.period:
            self.period((*path, "period"), experiment.period, dataset)

    def network(
        self, path: Keys, experiment: Experiment, model: AnyModel, dataset: Dataset
    ) -> None:
        """A model's fields, statistics and runtime suit the experiment."""
        self.neutral((*path, "neutral"), experiment, model, dataset)
        self.fields((*path, "dataset"), model.name, model, dataset, experiment.neutral)
        self.statistics((*path, "weighting"), experiment, model)
        self.runtime(path, experiment)

    def fields(
        self,
        path: Keys,
        name: str,
        model: AnyModel,
        dataset: AnyDataset,
        neutral: Sequence[str] = (),
    ) -> None:
        """The dataset derives every field of the model that is not neutral."""
        needed = known_of(model, "fields") or []
        if missing := [one for one in needed if one not in {*dataset.fields, *neutral}]:
            self.origins.refuse(
                path,
                f"is {dataset.name!r}, which does not derive {', '.join(missing)} that the model "
                f"{name!r} needs; it derives: {', '.join(dataset.fields)}"
                + (
                    f" (an experiment's `neutral: [{', '.join(missing)}]` gives the network its"
                    " mean instead)"
                    if isinstance(dataset, Dataset)
                    else ""
                ),
            )

    def neutral(
        self, path: Keys, experiment: Experiment, model: AnyModel, dataset: Dataset
    ) -> None:
        """A neutral field is one of the model's that the dataset does not derive."""
        fields = known_of(model, "fields")
        for field in experiment.neutral:
            if field in dataset.fields:
                self.origins.refuse(
                    path, f"lists {field}, which {experiment.dataset!r} does derive"
                )
            if fields is not None and field not in fields:
                self.origins.refuse(
                    path, f"lists {field}, which is no field of {experiment.model!r}"
                )

    def statistics(self, path: Keys, experiment: Experiment, model: AnyModel) -> None:
        """Training statistics of a published model are fixed in its config.json."""
        asked, training = experiment.weighting, experiment.statistics == "training"
        if asked and training and isinstance(model, Published):
            self.origins.refuse(
                path,
                f"is {asked!r}, but the training statistics of the published model "
                f"{experiment.model!r} are fixed in its config.json; "
                "leave weighting out, or choose statistics: inference",
            )

    def runtime(self, path: Keys, experiment: Experiment) -> None:
        """OpenVINO runs on CPUs, and not in float16."""
        if experiment.runtime != "openvino":
            return
        device = self.config.device
        if device not in ("auto", "cpu"):
            self.origins.refuse(
                (*path, "runtime"),
                f"is 'openvino', which runs on CPUs, but device is {device!r}; choose runtime: "
                "torch (or auto), or device: cpu",
            )
        if experiment.precision == "float16":
            self.origins.refuse(
                (*path, "precision"),
                "is 'float16', which runtime openvino does not have; choose float32 or bfloat16, "
                "or runtime: torch",
            )

    def labels_of(self, experiment: Experiment) -> Sequence[str] | None:
        """Return the labels of an experiment's model or detector, if they can be read yet."""
        if experiment.detector is not None:
            return self.tables.detectors[experiment.detector].labels
        return known_of(self.tables.models[str(experiment.model)], "labels")

    def tracking(self, path: Keys, experiment: Experiment) -> None:
        """The region is known, and thresholds are for classes of the model or detector."""
        region = experiment.tracking.region
        if region and region.name:
            names = NAMED_REGIONS | self.config.regions
            self.origins.one_of(region.name, names, (*path, "region", "name"))
        labels = self.labels_of(experiment)
        if labels is None:
            return
        kind, called = experiment.found_by
        classes = Classes.of_labels(labels, self.config.classes)
        for key in ("minimum_area_km2", "minimum_pixels", "minimum_hours"):
            limits = getattr(experiment.tracking, key)
            for name in limits if isinstance(limits, dict) else ():
                if classes.get(name) is None:
                    known = [feature.short for feature in classes.features]
                    self.origins.refuse(
                        (*path, key, name),
                        f"is a threshold for no class of the {kind} {called!r}"
                        f"{did_you_mean(name, known)}; its classes: {', '.join(known)}",
                    )

    def period(self, path: Keys, period: Sequence[str], dataset: Dataset) -> None:
        """Each year of a period has days of the dataset; none lie before or after them all."""
        parts = [part.period for part in dataset.parts]
        both = [one for part in parts if (one := common(part, period))]
        outside = period[0] < min(start for start, _ in parts) or period[1] > max(
            end for _, end in parts
        )
        if outside or years_of(both) != years_of([period]):
            spans = ", ".join(f"{start} to {end}" for start, end in parts)
            self.origins.refuse(
                path,
                f"is {list(period)}, but {dataset.name} has {spans} (END not included): the years "
                f"{', '.join(years_of(parts))}",
            )

    def shown(self) -> None:
        """What is drawn of an experiment is a field of its dataset, or lies in its period."""
        for key in ("animate", "snapshots", "composites"):
            for name, chosen in getattr(self.config, key).items():
                self.origins.one_of(name, self.tables.experiments, (key,))
                for wanted in chosen:
                    self.is_there((key, name), key, wanted, self.tables.experiments[name])

    def verified(self, name: str, verification: Verification) -> None:
        """What is held against observed storms has cyclones, of the whole grid, and can be."""
        path = ("verify", name)
        self.origins.one_of(name, self.tables.experiments, ("verify",))
        experiment = self.tables.experiments[name]
        if experiment.tracking.region is not None:
            self.origins.refuse(
                path,
                "is of an experiment that keeps the events of a region: verify one that tracks the "
                "whole grid, whose scores are told by basin",
            )
        dataset = self.tables.datasets[experiment.dataset]
        assert isinstance(dataset, Dataset)
        if verification.match == "time" and not dataset.has_observed_weather:
            self.origins.refuse(
                (*path, "match"),
                f"is 'time', but {dataset.name!r} has weather of its own ({dataset.source} runs "
                "freely), so no day of it is that of the observations; leave match out to compare "
                "climatologies, or say weather: observed of the dataset if it is nudged",
            )
        labels = self.labels_of(experiment)
        kind, called = experiment.found_by
        if labels is not None and not any(
            one.basins == "tropical cyclones"
            for one in Classes.of_labels(labels, self.config.classes).features
        ):
            self.origins.refuse(
                path,
                f"is of an experiment whose {kind} {called!r} has no class with `basins: "
                f"tropical cyclones` (table `classes`); its labels: {', '.join(labels)}",
            )

    def agreement(self, name: str, agreement: Agreement) -> None:
        """Members exist, have those classes, and their days can be compared."""
        path = ("agree", name)
        for member, named in agreement.pairs:
            self.origins.one_of(member, self.tables.experiments, (*path, "members"))
            labels = self.labels_of(self.tables.experiments[member])
            classes = None if labels is None else Classes.of_labels(labels, self.config.classes)
            if classes and classes.get(named) is None:
                known = [feature.short for feature in classes.features]
                self.origins.refuse(
                    (*path, "members", member),
                    f"asks for {named!r}{did_you_mean(named, known)}; its classes: "
                    f"{', '.join(known)}",
                )
        used = {self.tables.experiments[member].dataset for member in agreement.members}
        own = [one for one in sorted(used) if not self.has_observed_weather(one)]
        if len(used) > 1 and own:
            self.origins.refuse(
                (*path, "members"),
                f"are of the datasets {', '.join(sorted(used))}, and {own[0]!r} has weather of its "
                "own, so no day of it is that of another: compare their frequencies (`compare`)",
            )
        for catalogue in agreement.catalogues:
            self.origins.one_of(catalogue, self.config.catalogues, (*path, "catalogues"))
        if agreement.catalogues and own:
            self.origins.refuse(
                (*path, "catalogues"),
                f"holds {own[0]!r}, which has weather of its own, against dates of observations: "
                "leave it out, or say weather: observed of the dataset if it is nudged",
            )
        hours = [self.step_hours(member) for member in agreement.members]
        for lag in agreement.lags_h:
            if lag % max(hours):
                self.origins.refuse(
                    (*path, "lags_h"),
                    f"has {lag:g}, which is no whole number of steps of {max(hours):g} h",
                )

    def has_observed_weather(self, dataset: str) -> bool:
        """Whether a dataset has the weather of its days."""
        entry = self.tables.datasets[dataset]
        return isinstance(entry, Dataset) and entry.has_observed_weather

    def is_there(self, path: Keys, key: str, wanted: str, experiment: Experiment) -> None:
        """A field is derived, a month or a time lies in the experiment's period."""
        dataset = self.tables.datasets[experiment.dataset]
        assert isinstance(dataset, Dataset)
        parts: list[Sequence[str]] = [part.period for part in dataset.parts]
        if experiment.period:
            parts = [one for part in parts if (one := common(part, experiment.period))]
        if key == "composites":
            good, have = wanted in dataset.fields, list(dataset.fields)
        else:
            inside = has_month if key == "animate" else has_time
            good, have = any(inside(part, wanted) for part in parts), years_of(parts)
        if not good:
            self.origins.refuse(path, f"asks for {wanted}, but there are: {', '.join(have)}")

    def comparison(self, name: str, comparison: Comparison) -> None:
        """Both sides are there, with steps of the same length."""
        for side in ("first", "second"):
            chosen = getattr(comparison, side)
            self.origins.one_of(chosen, self.tables.experiments, ("comparisons", name, side))
        sides = (comparison.first, comparison.second)
        hours = {side: self.step_hours(side) for side in sides}
        if len(set(hours.values())) > 1:
            steps = ", ".join(f"{side} {step:g} h" for side, step in hours.items())
            self.origins.refuse(
                ("comparisons", name),
                f"compares unlike steps: {steps}; frequency in per cent of steps and lifetimes "
                "depend on the step, so give both datasets the same step_hours",
            )

    def step_hours(self, experiment: str) -> float:
        """Return the hours from one sample of an experiment to the next."""
        dataset = self.tables.datasets[self.tables.experiments[experiment].dataset]
        return dataset.step_hours if isinstance(dataset, Dataset) else 0.0
