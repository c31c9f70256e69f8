"""Which raw files a year of samples is made from, found as the job itself finds them.

Snakemake's plan asks here for the inputs of its jobs; of files that are not there nothing is
returned, and the job that needs them says so at its door.
"""

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from stormtrace.errors import BadInput
from stormtrace.formats.file_kinds import is_remote
from stormtrace.prepare.dataset import Dataset, Part, Source
from stormtrace.prepare.raw.found_files import (
    Find,
    candidates,
    find_files,
    first_holding,
)


def files_of_year(dataset: Dataset, year: int, find: Find = find_files) -> list[str]:
    """Return all files that making samples of `year` opens: fields, their partners, neighbours.

    At most one header is read for each variable on levels: its levels tell whether surface
    pressure, a pressure or a thickness is needed too.
    """
    found = {
        path
        for part in dataset.parts
        if part.touches(year)
        for source in _sources(dataset, part, year, find)
        for path in candidates(dataset, source, year, find)
    }
    return sorted(local(found) | set(further_files(dataset)))


def local(paths: Iterable[str]) -> set[str]:
    """Return the paths that are not URLs: Snakemake cannot wait for remote stores."""
    return {path for path in paths if not is_remote(path)}


def _sources(dataset: Dataset, part: Part, year: int, find: Find) -> Iterator[Source]:
    for derivation in dataset.fields.values():
        own, *others = (dataset.where(part, derivation, name) for name in derivation.variables)
        yield from (own, *others)
        with contextlib.suppress(BadInput):  # an error of the job, which says it better
            path = first_holding(own, candidates(dataset, own, year, find))
            if path is not None:
                from stormtrace.prepare.needed_variables import needed_beside  # opens files

                for variable in needed_beside(dataset, derivation, path):
                    yield dataset.where(part, derivation, variable)


def further_files(dataset: Dataset) -> list[str]:
    """Return the files of a dataset that hold no fields (mesh, levels, matrix) and are there."""
    further = (dataset.vertical.coefficients, dataset.mesh, dataset.regridding_matrix)
    return sorted(path for path in further if path is not None and Path(path).is_file())
