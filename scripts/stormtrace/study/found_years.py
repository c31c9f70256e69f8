"""Warnings of the plan: years of a dataset that no raw file matches, in one sentence a dataset."""

import re
from collections.abc import Callable

from stormtrace.prepare.dataset import Dataset, Part, Source
from stormtrace.study.definition import Study
from stormtrace.study.inputs import found_once
from stormtrace.study.periods import years_of

#: Four digits in a file's path may be a year in these.
ANY_YEARS = range(1000, 3000)

#: How files of a source are found in one year, or in any (None).
Find = Callable[[Source, int | None], list[str]]


def missing_years(study: Study, find: Find = found_once) -> list[str]:
    """Return a sentence for each part of a dataset of which years have no files.

    The plan itself goes on: a study may be planned where its raw files are not.
    """
    return [
        sentence
        for name in study.datasets
        if not study.is_labelled(name)
        for part in study.raw(name).parts
        for sentence in _missing(study, study.raw(name), part, find)
    ]


def _missing(study: Study, dataset: Dataset, part: Part, find: Find) -> list[str]:
    sources = _sources(study, dataset, part)
    years = [int(year) for year in years_of([part.period])]
    lacking = {one: [year for year in years if not find(one, year)] for one in sources}
    source = max(lacking, key=lambda one: len(lacking[one]), default=None)
    if source is None or not (absent := lacking[source]):
        return []
    there = [year for year in _named_years(find(source, None)) if find(source, year)]
    if not any("{year}" in pattern for pattern in source.files):
        said = f"no file matches for {source.variable}"
    else:
        have = f"files have {_span(there)}" if there else "no year has files"
        said = (
            f"{len(absent)} of {len(years)} years have no files of {source.variable};"
            f" `period` says {_span(years)}, {have}"
        )
    return [f"dataset {dataset.name}: {said} ({', '.join(source.files)})"]


def _named_years(files: list[str]) -> list[int]:
    """Return what may be years in the paths of files, ascending."""
    numbers = {int(one) for file in files for one in re.findall(r"(?=(\d{4}))", file)}
    return sorted(numbers & set(ANY_YEARS))


def _sources(study: Study, dataset: Dataset, part: Part) -> list[Source]:
    """Return each raw variable that fields are named after, but not those of the mini planet."""
    found = {
        dataset.where(part, derivation, variable)
        for derivation in dataset.fields.values()
        for variable in derivation.variables
    }
    made = [one for one in found if not any(map(study.at.planet_part, one.files))]
    return sorted(made, key=lambda one: one.variable)


def _span(years: list[int]) -> str:
    """Return years in words: ``1995–2014``, or ``1995``."""
    return f"{years[0]}" if len(years) == 1 else f"{years[0]}–{years[-1]}"
