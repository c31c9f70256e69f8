"""Datasets of annotations in the study: the labelled samples they become, and what makes those."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stormtrace.blocks import did_you_mean, dump, read_block
from stormtrace.classes import Classes
from stormtrace.errors import BadInput
from stormtrace.grids.specification import GridSpecification
from stormtrace.labels.annotation_blocks import AnnotatedDataset
from stormtrace.learn.recipe import Recipe
from stormtrace.prepare.dataset import Dataset, LabelledDataset
from stormtrace.study.layout import Layout
from stormtrace.study.study_files import Keys, Origins


def labelled_of(
    entry: AnnotatedDataset, table: Mapping[str, Any], results: str, origins: Origins
) -> LabelledDataset:
    """Return the labelled samples that annotations become, below the folder of the results.

    Raises:
        BadInput: the dataset of their fields is not one of raw files.

    """
    raw = {name: one for name, one in table.items() if isinstance(one, Dataset)}
    origins.one_of(entry.dataset, raw, ("datasets", entry.name, "dataset"))
    folder = Layout(results).labelled(entry.name)
    block = {
        "source": "climatenet",
        "train": f"{folder}/train",
        "test": f"{folder}/test",
        "exclude": entry.exclude,
        "fields": {name: {"take": name} for name in raw[entry.dataset].fields},
    }
    made = read_block(LabelledDataset, block, f"dataset {entry.name}")
    return made.model_copy(update={"name": entry.name, "title": entry.title})


def check_annotated(
    entry: AnnotatedDataset, grids: Mapping[str, GridSpecification], origins: Origins
) -> None:
    """Refuse (BadInput) grids and classes that are not there."""
    path: Keys = ("datasets", entry.name)
    origins.one_of(entry.grid, grids, (*path, "grid"))
    try:
        classes = Classes.of_labels(entry.labels)
    except BadInput as error:
        raise BadInput(f"{origins.of((*path, 'labels'))}: datasets.{entry.name}: {error}") from None
    named: list[tuple[Keys, str]] = [((*path, "overlap"), name) for name in entry.overlap]
    for number, block in enumerate(entry.annotations):
        where = (*path, "annotations", number)
        if block.map.grid is not None:
            origins.one_of(block.map.grid, grids, (*where, "map", "grid"))
        named += [((*where, "classes", word), name) for word, name in block.classes.items() if name]
    for keys, name in named:
        if classes.get(name) is None:
            known = entry.labels[1:]
            origins.refuse(
                keys,
                f"is {name!r}, which is none of the dataset's labels"
                f"{did_you_mean(name, known)}: {', '.join(known)}",
            )


def check_learner(model: Recipe, entry: AnnotatedDataset, origins: Origins) -> None:
    """Refuse (BadInput) a model that learns from annotations with other codes, or on another grid.

    The codes would mean other classes, in silence.
    """
    if [one.lower() for one in model.labels] != [one.lower() for one in entry.labels]:
        origins.refuse(
            ("models", model.name),
            f"has the labels {', '.join(model.labels)}, but its dataset {entry.name!r} "
            f"{', '.join(entry.labels)}: say the same `labels` in both",
        )
    if model.grid != entry.grid:
        origins.refuse(
            ("models", model.name, "grid"),
            f"is {model.grid!r}, but the labelled samples of its dataset {entry.name!r} are on "
            f"{entry.grid!r}",
        )


def import_grids(entry: AnnotatedDataset, grids: Mapping[str, GridSpecification]) -> dict[str, Any]:
    """Return name -> grid of those that an import is about."""
    names = [entry.grid, *(block.map.grid for block in entry.annotations)]
    return {name: dump(grids[name]) for name in names if name is not None}


def annotation_inputs(entry: AnnotatedDataset) -> list[str]:
    """Return the files that annotations and their times are read from, as far as they are there."""
    return sorted(set(_files(entry)))


def missing_annotations(entry: AnnotatedDataset) -> Iterator[str]:
    """Yield a sentence for each pattern without files, and for each table that is not there."""
    for number, block in enumerate(entry.annotations):
        path = f"datasets.{entry.name}.annotations.{number}"
        if not block.found():
            yield f"{path}: no file matches {', '.join(block.files)}"
        table = block.times.table if block.times else None
        if table is not None and not Path(table).is_file():
            yield f"{path}.times.table is {table!r}, which is not there: give a table of times"


def _files(entry: AnnotatedDataset) -> Iterator[str]:
    for block in entry.annotations:
        yield from block.found()
        table = block.times.table if block.times else None
        if table is not None and Path(table).is_file():
            yield table
