"""Which files on disk a rule waits for, as the functions that open them find them.

A raw file that is not there does not stop the plan: the full study can be planned on a laptop.
The job that needs it stops at the door with a clear error, and `snakemake check` lists them all.
"""

import functools
from pathlib import Path

from stormtrace.learn.recipe import Published
from stormtrace.prepare.dataset import Source
from stormtrace.study.definition import Study


def raw_input(study: Study, dataset: str, year: str | None = None) -> list[str]:
    """Return the raw files of one year, or the planet's folder they are in.

    The regridding matrix needs only the mesh: without a year, the files that describe it.
    """
    entry = study.dataset_in(dataset, year)
    files = [pattern for part in entry.parts for pattern in part.files]
    files += [pattern for recipe in entry.fields.values() for pattern in recipe.files or ()]
    if made := {part for pattern in files if (part := study.at.planet_part(pattern))}:
        return sorted(made)
    from stormtrace.prepare.needed_files import files_of_mesh, files_of_year

    return files_of_mesh(entry) if year is None else files_of_year(entry, int(year), found_once)


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
    files = (Path(entry.weights) / name for name in ("config.json", "weights.pth"))
    return [str(file) for file in files if file.is_file()]


@functools.cache
def found_once(source: Source, year: int | None) -> list[str]:
    """Find files once for a whole plan: a year is the neighbour of two others."""
    from stormtrace.prepare.raw.found_files import find_files

    return find_files(source, year)
