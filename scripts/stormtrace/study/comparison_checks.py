"""Whether experiments can be compared: with each other, with observations, with catalogues."""

from dataclasses import dataclass

from stormtrace.blocks import did_you_mean
from stormtrace.classes import Classes
from stormtrace.prepare.dataset import Dataset
from stormtrace.study.config import Config
from stormtrace.study.entries import Agreement, Comparison, Verification
from stormtrace.study.experiment_checks import labels_of
from stormtrace.study.resolved import Tables
from stormtrace.study.study_files import Origins


@dataclass(frozen=True)
class ComparisonChecks:
    """Checks of `comparisons`, `verify` and `agree`; each raises BadInput."""

    config: Config
    tables: Tables
    origins: Origins

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
        labels = labels_of(experiment, self.tables)
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
            labels = labels_of(self.tables.experiments[member], self.tables)
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
