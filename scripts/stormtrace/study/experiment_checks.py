"""Whether an experiment's model or detector, dataset and grid are there, and fit each other."""

from collections.abc import Sequence
from dataclasses import dataclass

from stormtrace.blocks import did_you_mean
from stormtrace.class_table import KNOWN, flag_name, union_members
from stormtrace.classes import Classes
from stormtrace.errors import BadInput
from stormtrace.learn.recipe import Published
from stormtrace.prepare.dataset import Dataset
from stormtrace.study.config import Config
from stormtrace.study.detector_checks import check_use
from stormtrace.study.entries import Experiment
from stormtrace.study.periods import common, has_month, has_time, years_of
from stormtrace.study.resolved import AnyDataset, AnyModel, Tables, known_of
from stormtrace.study.study_files import Keys, Origins
from stormtrace.track.measured import can_be_measured, measured
from stormtrace.track.tracking import NAMED_REGIONS


def check_fields(
    path: Keys,
    name: str,
    model: AnyModel,
    dataset: AnyDataset,
    origins: Origins,
    neutral: Sequence[str] = (),
) -> None:
    """The dataset derives every field of the model that is not neutral."""
    needed = known_of(model, "fields") or []
    if missing := [one for one in needed if one not in {*dataset.fields, *neutral}]:
        origins.refuse(
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


def labels_of(experiment: Experiment, tables: Tables) -> Sequence[str] | None:
    """Return the labels of an experiment's model or detector, if they can be read yet."""
    if experiment.detector is not None:
        return tables.detectors[experiment.detector].labels
    return known_of(tables.models[str(experiment.model)], "labels")


@dataclass(frozen=True)
class ExperimentChecks:
    """Checks of experiments, and of what is drawn of them; each raises BadInput."""

    config: Config
    tables: Tables
    origins: Origins

    def unions(self) -> None:
        """Classes of unions are those of an experiment, as far as labels are known, or usual."""
        labels = [labels_of(one, self.tables) for one in self.tables.experiments.values()]
        known = [*KNOWN, *(name for of in labels for name in of or ())]
        for name, entry in self.config.classes.items():
            for member in () if None in labels else union_members(entry):
                if flag_name(member) not in map(flag_name, known):
                    self.origins.refuse(
                        ("classes", name, "union_of"),
                        f"has {member!r}, which is no class of any experiment"
                        f"{did_you_mean(member, known)}",
                    )
        for of in filter(None, labels):
            try:
                Classes.of_labels(of, self.config.classes).with_unions(self.config.classes)
            except BadInput as error:
                raise BadInput(f"{self.origins.of(('classes',))}: {error}") from None

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
        check_fields(
            (*path, "dataset"), model.name, model, dataset, self.origins, experiment.neutral
        )
        self.statistics((*path, "weighting"), experiment, model)
        self.runtime(path, experiment)

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

    def tracking(self, path: Keys, experiment: Experiment) -> None:
        """The region is known, and thresholds are for classes of the model or detector."""
        region = experiment.tracking.region
        if region and region.name:
            names = NAMED_REGIONS | self.config.regions
            self.origins.one_of(region.name, names, (*path, "region", "name"))
        labels = labels_of(experiment, self.tables)
        if labels is None:
            return
        kind, called = experiment.found_by
        classes = Classes.of_labels(labels, self.config.classes)
        for key in ("minimum_area_km2", "minimum_pixels", "minimum_hours"):
            limits = getattr(experiment.tracking, key)
            by_code: dict[int, str] = {}
            for name in limits if isinstance(limits, dict) else ():
                found = classes.get(name)
                if found is not None and by_code.setdefault(found.code, name) != name:
                    self.origins.refuse(
                        (*path, key),
                        f"has {by_code[found.code]!r} and {name!r}, which are one class: keep one",
                    )
                if found is None:
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
            good = any(inside(part, wanted) for part in parts)
            have = [f"{start} to {end} (END not included)" for start, end in parts]
        if not good:
            self.origins.refuse(path, f"asks for {wanted}, but there are: {', '.join(have)}")
