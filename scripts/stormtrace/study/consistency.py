"""Whether the entries of the tables fit each other: checks that concern more than one entry."""

from collections.abc import Iterable
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
from stormtrace.study.comparison_checks import ComparisonChecks
from stormtrace.study.config import Config
from stormtrace.study.counterfactuals import AdjustmentChecks
from stormtrace.study.detector_checks import check_detector
from stormtrace.study.experiment_checks import ExperimentChecks, check_fields
from stormtrace.study.folders import check_folder
from stormtrace.study.resolved import AnyModel, Tables, known_of
from stormtrace.study.study_files import Origins
from stormtrace.study.training_grids import check_augmentation


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
    experiments = ExperimentChecks(config, tables, origins)
    for name, experiment in tables.experiments.items():
        experiments.experiment(name, experiment)
    experiments.shown()
    experiments.unions()
    comparisons = ComparisonChecks(config, tables, origins)
    for name, verification in config.verify.items():
        comparisons.verified(name, verification)
    for name, agreement in config.agree.items():
        comparisons.agreement(name, agreement)
    adjustments = AdjustmentChecks(config.grids, tables, origins)
    for name, experiment in tables.experiments.items():
        adjustments.adjusted(("experiments", name, "adjust"), experiment)
    check_attributions(config, tables, origins)
    for name, comparison in tables.comparisons.items():
        comparisons.comparison(name, comparison)
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
        for name in self.config.explain:
            if not self.tables.models[name].dataset:
                self.origins.refuse(
                    ("explain",),
                    f"has {name!r}, a published model without labels to measure the importance of "
                    "its fields on: give it a labelled `dataset` (and `grid`), or leave it out",
                )

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
        check_fields(path, name, model, dataset, self.origins)
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
