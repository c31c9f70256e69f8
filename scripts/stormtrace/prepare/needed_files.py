"""Which raw variables and files a dataset needs: what the job opens, and what the plan waits for.

The plan of a study asks for every dataset and year. So it lists the files of a variable once, for
all years, and opens one header for each variable with levels, to see what its levels are.
"""

import contextlib
import fnmatch
import functools
from pathlib import Path

from stormtrace.errors import BadInput
from stormtrace.formats.netcdf import open_raw
from stormtrace.prepare.dataset import Dataset, Part, Recipe, Source
from stormtrace.prepare.raw.coordinate import partners, read_coordinate
from stormtrace.prepare.raw.found_files import (
    files_of_year,
    find_files,
    first_file,
    first_holding,
    patterns,
)


def needed_files(dataset: Dataset, year: str | None = None) -> list[str]:
    """Return the files on disk that the job of a year opens; without a year, one with the mesh.

    With those of the neighbouring years that may hold a step of it. What is missing is left out:
    the job itself refuses to start without it.
    """
    if year is None:
        with contextlib.suppress(BadInput):
            return [first_file(dataset)[0]]
        return []
    files: set[str] = set()
    for part in dataset.parts:
        if touches(part, int(year)):
            for recipe in dataset.fields.values():
                own = dataset.where(part, recipe, recipe.variable)
                # Files whose names do not contain the variable are all opened, whatever is needed.
                beside = _known_partners(dataset, recipe, own) if own.named else ()
                for name in (recipe.variable, *beside):
                    source = dataset.where(part, recipe, name)
                    files.update(files_of_year(dataset, source, int(year), _listed_once))
    if dataset.vertical.coefficients and Path(dataset.vertical.coefficients).is_file():
        files.add(dataset.vertical.coefficients)
    return sorted(files)


def touches(part: Part, year: int) -> bool:
    """Whether a part may have steps of a year."""
    return int(part.begin[:4]) <= year <= int(part.end[:4])


def _listed_once(source: Source, year: int | None) -> list[str]:
    """Return what `find_files` does, from a listing that is made once in a process."""
    everything = _listing(source)
    if year is None:
        return list(everything)
    found = (fnmatch.filter(everything, pattern) for pattern in patterns(source, year))
    return sorted({path for paths in found for path in paths})


@functools.cache
def _listing(source: Source) -> tuple[str, ...]:
    return tuple(find_files(source, None))


#: Variables beside a recipe's own, by all that they depend on: headers are opened once.
_KNOWN: dict[tuple[Source, str], tuple[str, ...]] = {}


def _known_partners(dataset: Dataset, recipe: Recipe, own: Source) -> tuple[str, ...]:
    key = (own, f"{recipe} {dataset.names} {dataset.vertical}")
    if key not in _KNOWN:
        _KNOWN[key] = partners_of(dataset, recipe, own, list(_listing(own)))
    return _KNOWN[key]


def partners_of(dataset: Dataset, recipe: Recipe, own: Source, paths: list[str]) -> tuple[str, ...]:
    """Return the variables that a recipe needs beside its own.

    As the first of its files tells; none where it cannot be read, which is reported when the
    variable itself is.
    """
    with contextlib.suppress(BadInput):
        if first := first_holding(own, paths) or next(iter(paths), None):
            return needed_beside(dataset, recipe, first)
    return ()


def needed_beside(dataset: Dataset, recipe: Recipe, path: str) -> tuple[str, ...]:
    """Return the raw variables that a recipe needs beside its own, by the levels in a file."""
    if recipe.kind == "take":
        return ()
    with open_raw(path) as nc:
        return partners(read_coordinate(nc, recipe.variable, dataset), recipe, dataset)


def why_needed(dataset: Dataset, recipe: Recipe, partner: str) -> str:
    """Explain why a recipe needs a variable beside its own."""
    reason = f"{recipe.variable} needs {partner}"
    if partner == dataset.names.surface_pressure:
        return reason
    return (
        f"{reason}, because its own files have no hybrid coefficients (hyam, hybm), nor levels of"
        " constant pressure; name a file that has the former with `vertical: {coefficients: …}`"
    )
