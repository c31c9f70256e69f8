"""Labelling campaigns in the study: whether what they name is there, and fits."""

from collections.abc import Iterator
from pathlib import Path

from stormtrace.classes import Classes
from stormtrace.errors import BadInput
from stormtrace.labels.campaigns.campaign_block import Campaign
from stormtrace.labels.campaigns.field_scales import field_scales
from stormtrace.learn.recipe import Recipe
from stormtrace.prepare.dataset import Dataset, LabelledDataset
from stormtrace.study.config import Config
from stormtrace.study.layout import Layout
from stormtrace.study.periods import common
from stormtrace.study.resolved import Tables, known_of
from stormtrace.study.study_files import Keys, Origins


def check_campaign(entry: Campaign, config: Config, tables: Tables, origins: Origins) -> None:
    """Refuse (BadInput) a campaign that names what is not there, or does not go together."""
    path: Keys = ("campaigns", entry.name)
    raw = {name: one for name, one in tables.datasets.items() if isinstance(one, Dataset)}
    origins.one_of(entry.dataset, raw, (*path, "dataset"))
    origins.one_of(entry.grid, config.grids, (*path, "grid"))
    dataset = raw[entry.dataset]
    _check_fields(entry, dataset, path, origins)
    if entry.period and not any(common(part.period, entry.period) for part in dataset.parts):
        spans = ", ".join(f"{part.begin} to {part.end}" for part in dataset.parts)
        origins.refuse(
            (*path, "period"), f"is {list(entry.period)}, but {dataset.name} has {spans}"
        )
    try:
        classes = Classes.of_labels(entry.labels, config.classes)
    except BadInput as error:
        raise BadInput(
            f"{origins.of((*path, 'labels'))}: campaigns.{entry.name}: {error}"
        ) from None
    for key in ("annotate", "ensemble"):
        if (name := getattr(entry, key)) is not None:
            _check_experiment(entry, key, name, classes, tables, origins)
    labelled = {n: one for n, one in tables.datasets.items() if isinstance(one, LabelledDataset)}
    for name in entry.labelled:
        origins.one_of(name, labelled, (*path, "labelled"))
        _check_not_own(entry, name, tables, path, origins)


def _check_fields(entry: Campaign, dataset: Dataset, path: Keys, origins: Origins) -> None:
    for name in entry.fields:
        origins.one_of(name, dataset.fields, (*path, "fields"))
    drawn = {name: dataset.fields[name] for name in entry.fields or dataset.fields}
    if entry.assist and entry.assist.field:
        origins.one_of(entry.assist.field, drawn, (*path, "assist", "field"))
    try:
        field_scales(entry, drawn)
    except BadInput as error:
        raise BadInput(f"{origins.of((*path, 'fields'))}: campaigns.{entry.name}.{error}") from None


def _check_experiment(
    entry: Campaign, key: str, name: str, classes: Classes, tables: Tables, origins: Origins
) -> None:
    """Masks of the experiment are of the same steps and cells, and have a class in common."""
    path: Keys = ("campaigns", entry.name, key)
    origins.one_of(name, tables.experiments, path)
    experiment = tables.experiments[name]
    for what in ("dataset", "grid"):
        own, other = getattr(entry, what), getattr(experiment, what)
        if own != other:
            origins.refuse(
                path,
                f"is {name!r}, an experiment on the {what} {other!r}, but the campaign is on "
                f"{own!r}: name an experiment on the same",
            )
    model = tables.models[experiment.model] if experiment.model else None
    if key == "ensemble":
        seeds = model.seeds if isinstance(model, Recipe) else None
        if not seeds or len(seeds) < 2:
            origins.refuse(
                path, f"is {name!r}, which is no ensemble: its model needs several `seeds`"
            )
    if experiment.detector is not None:
        labels = list(tables.detectors[experiment.detector].labels)
    else:
        labels = (known_of(model, "labels") if model else None) or []
    if labels and not any(classes.get(label) for label in labels[1:]):
        origins.refuse(
            path,
            f"is {name!r}, which finds {', '.join(labels[1:])}, none of the campaign's `labels`: "
            f"{', '.join(entry.labels[1:])}",
        )


def _check_not_own(
    entry: Campaign, name: str, tables: Tables, path: Keys, origins: Origins
) -> None:
    """A campaign does not wait for its own labels: made again, it would choose other times."""
    if name not in tables.annotated:
        return
    own = f"{Layout('').campaign(entry.name)}/"
    tables_of_times = (b.times.table for b in tables.annotated[name].annotations if b.times)
    for table in tables_of_times:
        if table is not None and own in table:
            origins.refuse(
                (*path, "labelled"),
                f"is {name!r}, the labels of this campaign itself ({table}): leave it out, for "
                "made again the campaign would choose other times",
            )


def missing_of_campaign(entry: Campaign) -> Iterator[str]:
    """Yield a sentence for each file of the user that a campaign needs and that is not there."""
    if entry.assist is None:
        return
    for key in ("encoder", "decoder"):
        file = getattr(entry.assist, key)
        if not Path(file).is_file():
            yield (
                f"campaigns.{entry.name}.assist.{key} is {file!r}, which is not there: give an "
                "ONNX file of your own"
            )
