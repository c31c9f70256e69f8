"""Which files on disk a rule waits for: what the plan of the workflow needs to know, and no more.

A raw file that is not there does not stop the plan: the full study can be looked at on a laptop.
The job that needs it stops at the door with a clear error, and `snakemake check` lists them all.
"""

import functools
import glob
from collections.abc import Iterator
from pathlib import Path

from stormtrace.learn.recipe import Published
from stormtrace.prepare.dataset import Dataset, Recipe
from stormtrace.study.definition import Study


def raw_input(study: Study, dataset: str, year: str | None = None) -> list[str]:
    """Return the raw files of one year (by default the first), or the planet's folder they are in.

    Weights need only where the columns lie: without a year, at most one file is returned.
    """
    entry = study.dataset_in(dataset, year)
    chosen = year or study.pieces(dataset)[0]
    made = [study.at.planet_part(pattern) for pattern, _ in _patterns(entry)]
    if any(made):
        return sorted({part for part in made if part})
    files: set[str] = set()
    for pattern, variable in _patterns(entry):
        found = _glob(pattern.replace("{variable}", variable).replace("{year}", chosen))
        if year is None and found:
            return [found[0]]
        files.update(found)
    return sorted(files)


def labels_input(study: Study, dataset: str, split: str) -> list[str]:
    """Return the folder `train` or `test` of labels, or the planet's folder it is in."""
    folder = str(getattr(study.labelled(dataset), split))
    made = study.at.planet_part(folder)
    if made:
        return [made]
    return [folder] if Path(folder).is_dir() else []


def published_files(study: Study, model: str) -> list[str]:
    """Return the two files of a published model that are there."""
    entry = study.models[model]
    assert isinstance(entry, Published)
    folder = Path(entry.weights)
    return [
        str(file) for name in ("config.json", "weights.pth") if (file := folder / name).is_file()
    ]


def _raw_variables(recipe: Recipe, entry: Dataset) -> Iterator[str]:
    yield recipe.variable
    if recipe.kind != "take":
        yield entry.names.surface_pressure


def _patterns(entry: Dataset) -> Iterator[tuple[str, str]]:
    """Yield (pattern, variable) for each raw variable of each part of a dataset."""
    for part in entry.parts:
        for recipe in entry.fields.values():
            for pattern in recipe.files or part.files:
                for variable in _raw_variables(recipe, entry):
                    yield pattern, variable


@functools.cache
def _glob(pattern: str) -> list[str]:
    return sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 - the pattern may be absolute
