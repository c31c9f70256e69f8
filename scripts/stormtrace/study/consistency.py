"""What no schema can say: whether the entries of the tables fit each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from stormtrace.errors import BadInput
from stormtrace.prepare.dataset import make_dataset
from stormtrace.study.merging import Entry
from stormtrace.study.periods import years_of
from stormtrace.study.validation import Origins, one_of
from stormtrace.track.tracking import NAMED_REGIONS


def check(
    config: Mapping[str, Any], tables: Mapping[str, Mapping[str, Entry]], origins: Origins
) -> None:
    """Raise BadInput for the first entry that asks for something that is not there.

    tables: the resolved entries of `datasets`, `models`, `experiments` and `comparisons`.
    """
    tables = {**tables, "grids": config["grids"], "regions": NAMED_REGIONS | config["regions"]}
    checker = _Checker(tables, origins)
    lists = (("run", "experiments"), ("compare", "comparisons"), ("explain", "models"))
    for key, table in lists:
        for name in config[key]:
            one_of(name, tables[table], (key,), origins)
    for key in ("regions", "coasts"):
        for name, box in config[key].items():
            checker.box(key, name, box)
    for name, dataset in tables["datasets"].items():
        checker.dataset(name, dataset)
    for name, model in tables["models"].items():
        checker.model(name, model)
    for name, experiment in tables["experiments"].items():
        checker.experiment(name, experiment)
    for key in ("animate", "snapshots", "composites"):
        for name, chosen in config[key].items():
            one_of(name, tables["experiments"], (key,), origins)
            checker.shown(key, name, chosen)
    for name, comparison in tables["comparisons"].items():
        for side in ("first", "second"):
            checker.refers(("comparisons", name, side), comparison[side], "experiments")


@dataclass(frozen=True)
class _Checker:
    tables: Mapping[str, Mapping[str, Entry]]
    origins: Origins

    def refuse(self, path: tuple[str, ...], text: str) -> NoReturn:
        raise BadInput(f"{self.origins.of(path)}: {'.'.join(path)} {text}")

    def refers(self, path: tuple[str, ...], name: str, table: str) -> Entry:
        one_of(name, self.tables[table], path, self.origins)
        return self.tables[table][name]

    def box(self, key: str, name: str, box: Sequence[float]) -> None:
        _, _, south, north = box
        if not -90 <= south < north <= 90:
            self.refuse((key, name), f"is {box}; a box is [west, east, south, north] in degrees")

    def dataset(self, name: str, dataset: Entry) -> None:
        for index, part in enumerate(dataset.get("parts", [])):
            start, end = part["period"]
            if start >= end:
                self.refuse(
                    ("datasets", name, "parts", str(index), "period"),
                    f"is [{start}, {end}], which ends before it starts; "
                    "give [first day, first day no longer in it]",
                )
        if dataset["source"] != "climatenet":
            try:
                make_dataset(dataset)
            except BadInput as error:
                raise BadInput(f"{self.origins.of(('datasets', name))}: {error}") from None

    def model(self, name: str, model: Entry) -> None:
        if "grid" in model:
            self.refers(("models", name, "grid"), model["grid"], "grids")
        if "dataset" not in model:
            return
        path = ("models", name, "dataset")
        dataset = self.refers(path, model["dataset"], "datasets")
        if dataset["source"] != "climatenet":
            table = self.tables["datasets"].items()
            labelled = [key for key, entry in table if entry["source"] == "climatenet"]
            self.refuse(
                path,
                f"is {model['dataset']!r}, which has no labels to learn from; "
                f"labelled datasets: {', '.join(labelled) or 'none'}",
            )
        self.fields(path, model, model["dataset"], dataset)

    def experiment(self, name: str, experiment: Entry) -> None:
        path = ("experiments", name)
        model = self.refers((*path, "model"), experiment["model"], "models")
        dataset = self.refers((*path, "dataset"), experiment["dataset"], "datasets")
        self.refers((*path, "grid"), experiment["grid"], "grids")
        if dataset["source"] == "climatenet":
            self.refuse(
                (*path, "dataset"),
                f"is {experiment['dataset']!r}, a set of single labelled times that has no years "
                "to detect and track in; models that learn from it are scored on its test labels",
            )
        self.neutral((*path, "neutral"), experiment, model, dataset)
        self.fields(
            (*path, "dataset"), model, experiment["dataset"], dataset, experiment["neutral"]
        )
        for field in experiment["measure"]:
            one_of(field, dataset["fields"], (*path, "measure"), self.origins)
        self.statistics(name, experiment, model)
        if region := experiment["tracking"].get("region", {}).get("name"):
            self.refers((*path, "tracking", "region", "name"), region, "regions")
        if "period" in experiment:
            self.period(name, experiment, dataset)

    def fields(
        self,
        path: tuple[str, ...],
        model: Entry,
        name: str,
        dataset: Entry,
        neutral: Sequence[str] = (),
    ) -> None:
        have = list(dataset["fields"])
        missing = [field for field in model.get("fields", []) if field not in {*have, *neutral}]
        if missing:
            self.refuse(
                path,
                f"is {name!r}, which does not derive {', '.join(missing)} that the model "
                f"{model['name']!r} looks at; it derives: {', '.join(have)}",
            )

    def neutral(
        self, path: tuple[str, ...], experiment: Entry, model: Entry, dataset: Entry
    ) -> None:
        """A field the network sees as its mean is one that the dataset cannot give it."""
        for field in experiment["neutral"]:
            if field in dataset["fields"]:
                self.refuse(path, f"lists {field}, which {experiment['dataset']!r} does derive")
            if "fields" in model and field not in model["fields"]:
                self.refuse(path, f"lists {field}, which {experiment['model']!r} does not look at")

    def statistics(self, name: str, experiment: Entry, model: Entry) -> None:
        """Training statistics of a published model are what its config.json says."""
        asked = experiment.get("weighting")
        if asked and experiment["statistics"] == "training" and "weights" in model:
            self.refuse(
                ("experiments", name, "weighting"),
                f"is {asked!r}, but the training statistics of the published model "
                f"{experiment['model']!r} are fixed in its config.json; "
                "leave weighting out, or choose statistics: inference",
            )

    def shown(self, key: str, name: str, chosen: Sequence[str]) -> None:
        """What is drawn of an experiment is a field of its dataset, or in one of its years."""
        experiment = self.tables["experiments"][name]
        dataset = self.tables["datasets"][experiment["dataset"]]
        have = list(dataset["fields"])
        if key != "composites":
            parts = [part["period"] for part in dataset["parts"]]
            have = years_of([experiment["period"]] if "period" in experiment else parts)
        for wanted in chosen:
            part = wanted if key == "composites" else wanted[:4]
            if part not in have:
                self.refuse((key, name), f"asks for {wanted}, but there are: {', '.join(have)}")

    def period(self, name: str, experiment: Entry, dataset: Entry) -> None:
        there = years_of([part["period"] for part in dataset["parts"]])
        wanted = years_of([experiment["period"]])
        if not wanted or any(year not in there for year in wanted):
            self.refuse(
                ("experiments", name, "period"),
                f"is {experiment['period']}, but {experiment['dataset']} has the years "
                f"{', '.join(there)}",
            )
