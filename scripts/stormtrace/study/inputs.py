"""Which files on disk a rule waits for, as the functions that open them find them.

A raw file that is not there does not stop the plan: the full study can be planned on a laptop.
The job that needs it stops at the door with a clear error, and `snakemake check` lists them all.

Of a folder Snakemake sees the time alone, not what was added, changed or deleted in it: so the
contents of folders of labels and samples are a parameter of the rules that read them, in short.
"""

import errno
import functools
import hashlib
import os
from collections.abc import Collection
from pathlib import Path

from stormtrace.detect.recipes import AdoptedMasks
from stormtrace.learn.recipe import Published
from stormtrace.prepare.dataset import Dataset, Source
from stormtrace.prepare.needed_files import files_of_year, further_files
from stormtrace.prepare.raw.found_files import files_near, find_files
from stormtrace.study.annotated import annotation_inputs
from stormtrace.study.definition import Study


def raw_input(study: Study, dataset: str, year: str | None = None) -> list[str]:
    """Return the raw files of one year, or the planet's folder they are in.

    The regridding matrix needs only the mesh: without a year, the files that describe it and
    nothing else. Where there are none, it is in every raw file, none of which makes the matrix out
    of date: a changed mesh is refused where samples are made.
    """
    entry = study.dataset_in(dataset, year)
    files = [pattern for part in entry.parts for pattern in part.files]
    files += [pattern for recipe in entry.fields.values() for pattern in recipe.files or ()]
    if made := {part for pattern in files if (part := study.at.planet_part(pattern))}:
        return sorted(made)
    return further_files(entry) if year is None else files_of_year(entry, int(year), found_once)


def labels_input(study: Study, dataset: str, split: str) -> list[str]:
    """Return the folder made here that labels, `train` or `test`, are in; none for other labels.

    Other labels are seen by `labels_seen`.
    """
    made = study.labels_made(dataset, split)
    return [made] if made else []


def labels_seen(study: Study, dataset: str, split: str) -> str:
    """Return what Snakemake compares of a folder of labels: names, sizes and times of its files.

    Excluded files do not count.

    Raises:
        FileNotFoundError: the mini planet has not been made yet, or annotations not imported.

    """
    folder = str(getattr(study.labelled(dataset), split))
    made = study.labels_made(dataset, split)
    if made and not Path(made).is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), made)
    if not Path(folder).is_dir():
        return "no folder"
    left_out = set(study.excluded(dataset, split))
    with os.scandir(folder) as entries:
        kept = [one for one in entries if _is_sample(one.name) and one.name not in left_out]
        stats = {one.name: one.stat() for one in kept if one.is_file()}
    return _in_short({f"{name} {it.st_size} {it.st_mtime:.0f}" for name, it in stats.items()})


def import_input(study: Study, dataset: str) -> dict[str, list[str]]:
    """Return what labelled samples are made from: annotations and raw files of all years."""
    entry, raw = study.annotated[dataset], study.fields_from(dataset)
    files = [file for year in study.pieces(raw) for file in raw_input(study, raw, year)]
    climatologies = [
        study.at.climatology(of.dataset, entry.grid, str(of.harmonics))
        for _, of in sorted(study.anomalies(raw).items())
    ]
    return {
        "annotations": annotation_inputs(entry),
        "raw": sorted(set(files)),
        "matrix": [study.at.regridding_matrix(raw, entry.grid)],
        "climatology": climatologies,
    }


def campaign_input(study: Study, campaign: str) -> dict[str, list[str]]:
    """Return what a campaign is made from: raw files, masks, and labels that are there already."""
    entry = study.campaigns[campaign]
    raw = entry.dataset
    files = [file for year in study.pieces(raw) for file in raw_input(study, raw, year)]
    drawn = campaign_dataset(study, campaign).fields
    anomalies = sorted(study.anomalies(raw).items())
    masks = {
        key: [study.at.masks(study.masks_of(name), year) for year in study.years(name)]
        if name
        else []
        for key, name in (("detections", entry.annotate), ("ensemble", entry.ensemble))
    }
    return {
        "raw": sorted(set(files)),
        "matrix": [study.at.regridding_matrix(raw, entry.grid)],
        "climatology": [
            study.at.climatology(of.dataset, entry.grid, str(of.harmonics))
            for name, of in anomalies
            if name in drawn
        ],
        "labelled": [made for name in entry.labelled if (made := _labels_made(study, name))],
        **masks,
    }


def campaign_dataset(study: Study, campaign: str) -> Dataset:
    """Return the dataset of a campaign with the drawn fields alone, in the order of its pages."""
    entry = study.campaigns[campaign]
    dataset = study.raw(entry.dataset)
    fields = {name: dataset.fields[name] for name in entry.fields or dataset.fields}
    return dataset.model_copy(update={"fields": fields, "title": None, "weather": None})


def campaign_labels(study: Study, campaign: str) -> list[str]:
    """Return the folders of labelled samples of whose days a campaign chooses no time."""
    sets = [study.labelled_already[name] for name in study.campaigns[campaign].labelled]
    return [str(getattr(one, split)) for one in sets for split in ("train", "test")]


def _labels_made(study: Study, dataset: str) -> str | None:
    if dataset in study.annotated:
        return study.at.labelled(dataset)
    return study.at.planet_part(study.labelled_already[dataset].train)


def samples_seen(folder: str) -> str:
    """Return what Snakemake compares of a folder of samples: the names of its files.

    Raises:
        FileNotFoundError: the folder has not been made yet.

    """
    return _names_seen(folder, Path(folder).stat().st_mtime_ns)


@functools.cache
def _names_seen(folder: str, changed: int) -> str:
    """List a folder once, until it has `changed`: a plan asks for it from several rules."""
    with os.scandir(folder) as entries:
        return _in_short({one.name for one in entries if _is_sample(one.name)})


def _is_sample(name: str) -> bool:
    return name.endswith(".nc") and not name.startswith(".")


def _in_short(files: Collection[str]) -> str:
    """Return how many files there are, and a digest of what is told of each."""
    digest = hashlib.sha256("\n".join(sorted(files)).encode(errors="surrogateescape"))
    return f"{len(files):,} files, {digest.hexdigest()[:16]}"


def published_files(study: Study, model: str) -> list[str]:
    """Return the two files of a published model that are there."""
    entry = study.models[model]
    assert isinstance(entry, Published)
    files = (Path(entry.weights) / name for name in ("config.json", "weights.pth"))
    return [str(file) for file in files if file.is_file()]


def adopted_files(study: Study, experiment: str, year: str) -> list[str]:
    """Return the files of adopted masks that may hold times of a year, or the planet's folder.

    Where there are none, the job that adopts them says so.
    """
    adopted = study.detector_of(experiment)
    assert isinstance(adopted, AdoptedMasks)
    if made := {part for pattern in adopted.files if (part := study.at.planet_part(pattern))}:
        return sorted(made)
    return files_near(Source(adopted.variable, adopted.files), int(year), found_once)


@functools.cache
def found_once(source: Source, year: int | None) -> list[str]:
    """Find files once for a whole plan: a year is the neighbour of two others.

    What has no files in any year is not looked for in each.
    """
    if year is not None and not found_once(source, None):
        return []
    return find_files(source, year)
