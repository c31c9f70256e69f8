"""The study: every table resolved and checked, ready for the rules to look things up in."""

import getpass
import json
import os
import string
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from stormtrace.errors import BadInput
from stormtrace.prepare.dataset import FIELDS_OF_SOURCE
from stormtrace.study import consistency
from stormtrace.study.entries import TABLES, members_of, published_fields, resolve_all, taken_away
from stormtrace.study.merging import Entry, merge, with_defaults
from stormtrace.study.periods import clip, stamp, years_of
from stormtrace.study.validation import Origins, load_schema, validate
from stormtrace.track.tracking import labelling_keys

CANONICAL = ("TMQ", "U850", "V850", "PSL")
"""The fields a labelled dataset is looked at for, where it does not say."""

LABELLED = "train"
"""The piece of a labelled dataset that its statistics are computed from."""


class Study:
    """The merged configuration of one run of the workflow.

    config: what Snakemake has merged from all files and the command line.
    files: the YAML files it came from, in the order they were read (for errors).

    `datasets`, `models` and `experiments` hold resolved entries (``like`` applied, defaults filled
    in, `name` added) of what is run and of everything that depends on; all other entries of the
    tables have been checked against their schemas. `shown` names what the report shows: what is
    run, and what is compared. Raises BadInput for the first fault.
    """

    def __init__(self, config: Mapping[str, Any], files: Iterable[Path | str] = ()) -> None:
        origins = Origins(files, config)
        config = taken_away(config)
        validate(config, load_schema("config"), (), origins)
        self.config = with_defaults(config, load_schema("config"))
        self.results = _expand(self.config["results"], "results", origins)
        self.data = _expand(self.config["data"], "data", origins)

        table = {kind: self._placed(resolve_all(config, kind, origins)) for kind in TABLES}
        for model in table["models"].values():
            model.update(published_fields(model))
        for dataset in table["datasets"].values():
            labelled = {name: {"take": name} for name in CANONICAL}
            dataset.setdefault("fields", FIELDS_OF_SOURCE.get(dataset["source"], labelled))
        consistency.check(self.config, table, origins)
        self._table = {name: self._named(entry) for name, entry in table["experiments"].items()}
        self._likes = {name: entry.get("like") for name, entry in config["experiments"].items()}
        self.comparisons = {name: table["comparisons"][name] for name in self.config["compare"]}
        for name, entry in self.comparisons.items():
            sides = {self.masks_of(entry[side]) for side in ("first", "second")}
            self.comparisons[name] = {"of": "events" if len(sides) == 1 else "masks"} | entry
        self.experiments = {name: self._table[name] for name in self._needed_experiments()}
        models = {entry["model"] for entry in self.experiments.values()}
        self._members = {name: members_of(table["models"][name]) for name in sorted(models)}
        self.models = {name: one for some in self._members.values() for name, one in some.items()}
        self.datasets = {name: table["datasets"][name] for name in sorted(self._needed_datasets())}

    def _needed_experiments(self) -> list[str]:
        """Return what is run, what is compared, and whose masks those track; in that order."""
        ends = (entry[side] for entry in self.comparisons.values() for side in ("first", "second"))
        self.shown = list(dict.fromkeys([*self.config["run"], *ends]))
        owners = (owner(name) for name in self.shown for owner in (self.masks_of, self.objects_of))
        return list(dict.fromkeys([*self.shown, *owners]))

    def _needed_datasets(self) -> set[str]:
        looked_at = {entry["dataset"] for entry in self.experiments.values()}
        learned_from = {entry["dataset"] for entry in self.models.values() if "dataset" in entry}
        return looked_at | learned_from

    def _named(self, experiment: Entry) -> Entry:
        """Return an experiment with a region of the study's own name as its box."""
        region = dict(experiment["tracking"].get("region", {}))
        if region.get("name") not in self.config["regions"]:
            return experiment
        region["box"] = self.config["regions"][region.pop("name")]
        return experiment | {"tracking": experiment["tracking"] | {"region": region}}

    def _placed(self, value: Any) -> Any:
        """Return `value` with {data} and {results} in every string replaced."""
        if isinstance(value, str):
            return value.replace("{data}", self.data).replace("{results}", self.results)
        if isinstance(value, Mapping):
            return {key: self._placed(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._placed(inner) for inner in value]
        return value

    @property
    def planet(self) -> Entry:
        """Return the settings of the mini planet; its labels are on the grid models learn on."""
        learned_on = [entry["grid"] for entry in self.models.values() if "grid" in entry]
        grids = self.config["grids"]
        return dict(self.config.get("planet", {})) | {"grid": grids[learned_on[0]]}

    # --- datasets -------------------------------------------------------------------------------

    def is_labelled(self, dataset: str) -> bool:
        """Whether the dataset is a folder of labelled samples instead of raw files."""
        return bool(self.datasets[dataset]["source"] == "climatenet")

    def pieces(self, dataset: str) -> list[str]:
        """Return what statistics are merged from: the years, or `LABELLED`."""
        if self.is_labelled(dataset):
            return [LABELLED]
        return years_of([part["period"] for part in self.datasets[dataset]["parts"]])

    def dataset_in(self, dataset: str, year: str | None = None) -> Entry:
        """Return what preparing one year (by default the first) depends on, and nothing else.

        Years that are added to a dataset later must not make the older ones out of date.
        """
        year = year or self.pieces(dataset)[0]
        of_labels = ("title", "train", "test", "exclude")
        entry = {
            key: value for key, value in self.datasets[dataset].items() if key not in of_labels
        }
        entry["parts"] = [
            merge(part, {"period": period})
            for part in entry["parts"]
            if (period := clip(part["period"], year)) is not None
        ]
        return entry

    def excluded(self, dataset: str, split: str) -> list[str]:
        """Return the labelled samples of a folder, `train` or `test`, that are to be left out."""
        entry = self.datasets[dataset]
        return [name for name in entry["exclude"] if (Path(entry[split]) / name).exists()]

    # --- models ---------------------------------------------------------------------------------

    def is_published(self, model: str) -> bool:
        """Whether the model's weights are given instead of trained here."""
        return "weights" in self.models[model]

    def published_weights(self, model: str) -> str:
        """Return the folder that a published model is adopted from."""
        return str(self.models[model]["weights"])

    def models_of(self, experiment: str) -> list[str]:
        """Return the models an experiment looks with: one, or the members of an ensemble."""
        return list(self._members[self.experiments[experiment]["model"]])

    def training(self, model: str) -> Entry:
        """Return what a training depends on."""
        return {key: value for key, value in self.models[model].items() if key != "title"}

    def labels_of(self, dataset: str) -> list[str]:
        """Return the classes of a labelled dataset, as a model that learns from it names them."""
        learners = (entry for entry in self.models.values() if entry.get("dataset") == dataset)
        return list(next(learners)["labels"])

    @property
    def trained(self) -> list[str]:
        """Names of the models that are trained here."""
        return [name for name in self.models if not self.is_published(name)]

    @property
    def published(self) -> list[str]:
        """Names of the models whose weights are given."""
        return [name for name in self.models if self.is_published(name)]

    @property
    def scored(self) -> list[str]:
        """Names of the models that have labels to be tested on."""
        return [name for name, entry in self.models.items() if "dataset" in entry]

    @property
    def explained(self) -> list[str]:
        """Names of the models whose fields' importance is measured."""
        asked = {one for name in self.config["explain"] for one in self._members.get(name, ())}
        return [name for name in self.scored if name in asked]

    # --- experiments ----------------------------------------------------------------------------

    def years(self, experiment: str) -> list[str]:
        """Return the years an experiment looks at, four digits each."""
        entry = self.experiments[experiment]
        years = self.pieces(entry["dataset"])
        if "period" in entry:
            wanted = years_of([entry["period"]])
            years = [year for year in years if year in wanted]
        return years

    def period(self, experiment: str, year: str) -> list[str]:
        """Return the first day of `year` that the dataset has, and the first it no longer has."""
        parts = self.datasets[self.experiments[experiment]["dataset"]]["parts"]
        stretches = [stretch for part in parts if (stretch := clip(part["period"], year))]
        return [min(start for start, _ in stretches), max(end for _, end in stretches)]

    def step_hours(self, experiment: str) -> float:
        """Return the hours from one sample of an experiment to the next."""
        return float(self.datasets[self.experiments[experiment]["dataset"]]["step_hours"])

    def masks_of(self, experiment: str) -> str:
        """Return the experiment whose masks this one tracks: itself, or what it is like.

        An experiment that differs from its ancestor only in tracking looks at the same masks.
        """
        return self._shared(experiment, self._look)

    def objects_of(self, experiment: str) -> str:
        """Return the experiment whose objects this one links: itself, or what it is like."""

        def key(name: str) -> object:
            return self._look(name), self.labelling(name), self._table[name]["measure"]

        return self._shared(experiment, key)

    def _shared(self, experiment: str, key: Callable[[str], object]) -> str:
        """Follow `like` upwards as long as `key` stays the same."""
        parent = self._likes.get(experiment)
        while parent and key(parent) == key(experiment):
            experiment, parent = parent, self._likes.get(parent)
        return experiment

    def _look(self, experiment: str) -> Entry:
        apart = ("name", "title", "tracking", "measure")
        return {key: value for key, value in self._table[experiment].items() if key not in apart}

    def labelling(self, experiment: str) -> Entry:
        """Return the part of an experiment's tracking that its objects depend on."""
        return labelling_keys(self._table[experiment]["tracking"])

    def weighting(self, experiment: str) -> str:
        """Return how an experiment's statistics are weighted: its own word or its model's."""
        model = self.models[self.models_of(experiment)[0]]
        return str(self.experiments[experiment].get("weighting", model.get("weighting", "none")))

    def films(self, experiment: str) -> list[str]:
        """Return the films to make of an experiment."""
        months = self.config["animate"].get(experiment, [])
        return [f"{self.results}/animations/{experiment}.{month}.mp4" for month in months]

    def snapshots(self, experiment: str) -> list[str]:
        """Return the folders of the figures of single times of an experiment."""
        stamps = [stamp(time) for time in self.config["snapshots"].get(experiment, [])]
        return [f"{self.results}/figures/snapshots/{experiment}.{stamp}" for stamp in stamps]

    def composed(self, comparison: str) -> list[str]:
        """Return the fields that both experiments of a comparison have composites of."""
        composites = self.config["composites"]
        entry = self.comparisons[comparison]
        first, second = (composites.get(entry[side], []) for side in ("first", "second"))
        return [field for field in first if field in second]

    def statistics_of(self, experiment: str) -> tuple[str, str] | None:
        """Return (dataset, grid) whose statistics normalize the input; None: the model's own."""
        entry = self.experiments[experiment]
        if entry["statistics"] == "inference":
            return entry["dataset"], entry["grid"]
        model = self.models[self.models_of(experiment)[0]]
        return None if "weights" in model else (model["dataset"], model["grid"])

    def title(self, experiment: str) -> str:
        """Return an experiment's title, by default its name."""
        return str(self.experiments[experiment].get("title", experiment))


def _expand(path: str, key: str, origins: Origins) -> str:
    """Return `path` with $NAME and ${NAME} replaced by the environment's, ~ by the home folder."""
    try:
        text = string.Template(path).substitute({"USER": getpass.getuser(), **os.environ})
    except (KeyError, ValueError) as error:
        raise BadInput(
            f"{origins.of((key,))}: {key} is {path!r}, but the environment has no {error}; "
            "set it, or write the path out"
        ) from error
    return str(Path(text).expanduser())


def flag(entry: Any) -> str:
    """Return a block of the study as a script's flag takes it: JSON, keys in order."""
    return json.dumps(entry, sort_keys=True, separators=(",", ":"))
