# What jobs read of samples: functions only.
#
# samples: keep          samples are as any other result.
# samples: temporary     a year of samples is there for the jobs that read one year alone, and is removed
#                        after them. What reads all years makes the samples from the raw files as it
#                        goes. docs/decisions/temporary-samples.md says why.
from snakemake.io import Mtime, _IOFile, flag as flagged

from stormtrace.study.sample_years import MADE_AGAIN, keep_finished, limit_sample_years

TEMPORARY = STUDY.config.samples == "temporary"

if TEMPORARY and workflow.is_main_process:
    keep_finished(_IOFile, Mtime)


def samples_input(dataset, grid, year):
    """What a job names as input that reads one year of samples.

    Temporary samples are made again for one job without making the others out of date; these are by
    the record of what samples are made from.
    """
    folder = at.samples(dataset, grid, year)
    if not TEMPORARY:
        return {"samples": folder}
    record = at.samples_record(dataset, grid, year)
    return {"samples": flagged(ancient(folder), MADE_AGAIN), "record": record}


def samples_of_year(wildcards, year=None):
    """One year of the samples of an experiment, as input."""
    entry = STUDY.experiments[wildcards.experiment]
    return samples_input(entry.dataset, entry.grid, year or wildcards.year)


def year_seen(wildcards):
    """What is in the folder of one year of samples; of temporary ones the record says it."""
    return "" if TEMPORARY else samples_seen(samples_of(wildcards))


def samples_of_stamp(wildcards):
    """Those of the year of a time."""
    return samples_of_year(wildcards, wildcards.stamp[:4])


def samples_of_years(dataset, grid, years):
    """What a job names as input that reads all years of samples, or makes them as it goes."""
    if not TEMPORARY:
        return {"samples": [at.samples(dataset, grid, year) for year in years]}
    departures = sorted(STUDY.anomalies(dataset).items())
    return {
        "record": [at.samples_record(dataset, grid, year) for year in years],
        "matrix": at.regridding_matrix(dataset, grid),
        "climatology": [
            at.climatology(of.dataset, grid, str(of.harmonics)) for _, of in departures
        ],
    }


def all_samples(wildcards):
    """The samples of all years of a dataset, as input."""
    return samples_of_years(wildcards.dataset, wildcards.grid, STUDY.pieces(wildcards.dataset))


def raw_flag(dataset, grid, years, block):
    """The flags of a script that makes samples as it reads them."""
    made_of = samples_of_years(dataset, grid, years)
    raw = {"dataset": dump(block), "grid": dump(STUDY.config.grids[grid]), "years": list(years)}
    return ["--raw", flag(raw | {key: made_of[key] for key in ("matrix", "climatology")})]


def samples_of_all(dataset, grid, years):
    """What a job is given of samples of several years: their contents, or what they are made of."""
    if TEMPORARY:
        block = STUDY.raw(dataset).model_copy(update={"title": None, "weather": None})
        return raw_flag(dataset, grid, years, block)
    return [samples_seen(at.samples(dataset, grid, year)) for year in years]


def all_seen(wildcards):
    """The same of all years of a dataset."""
    return samples_of_all(wildcards.dataset, wildcards.grid, STUDY.pieces(wildcards.dataset))


# How a script that reads all years is told where they are.
ALL_SAMPLES = "{params.seen:q}" if TEMPORARY else "--samples {input.samples:q}"


def samples_of_extremes(wildcards):
    """The samples of all years of an experiment, as input."""
    name, entry = wildcards.experiment, STUDY.experiments[wildcards.experiment]
    return samples_of_years(entry.dataset, entry.grid, STUDY.years(name))


def raw_of_extremes(wildcards):
    """The same as flags, where samples are temporary."""
    name, entry = wildcards.experiment, STUDY.experiments[wildcards.experiment]
    return samples_of_all(entry.dataset, entry.grid, STUDY.years(name))


SAMPLES_OF_EXTREMES = "" if TEMPORARY else "--samples {input.samples:q}"


def samples_of_piece(wildcards):
    """What one piece of statistics is computed from: a year of samples, or the training labels."""
    if STUDY.is_labelled(wildcards.dataset):
        return {"samples": labels_input(STUDY, wildcards.dataset, "train")}
    return samples_of_years(wildcards.dataset, wildcards.grid, [wildcards.piece])


def piece_seen(wildcards):
    """What is in the folder that one piece of statistics is computed from."""
    if STUDY.is_labelled(wildcards.dataset):
        return labels_seen(STUDY, wildcards.dataset, "train")
    return "" if TEMPORARY else samples_seen(samples_folder(wildcards))


def samples_folder(wildcards):
    """The folder that one piece of statistics is computed from."""
    if STUDY.is_labelled(wildcards.dataset):
        return STUDY.labelled(wildcards.dataset).train
    return at.samples(wildcards.dataset, wildcards.grid, wildcards.piece)


def piece_flags(wildcards):
    """The same as flags, where samples are temporary."""
    if STUDY.is_labelled(wildcards.dataset):
        return ["--samples", samples_folder(wildcards)]
    dataset, year = wildcards.dataset, wildcards.piece
    return raw_flag(dataset, wildcards.grid, [year], STUDY.dataset_in(dataset, year))


# Of a job that reads them, and of one that makes them.
PIECE = piece_flags if TEMPORARY else samples_folder
OF_PIECE = "{params.samples:q}" if TEMPORARY else "--samples {params.samples:q}"
SAMPLES = at.samples("{dataset}", "{grid}", "{year}")
ORIGINS = at.samples_origins("{dataset}", "{grid}", "{year}")
SAMPLES_MADE = (
    {"samples": temp(directory(SAMPLES)), "origins": ORIGINS}
    if TEMPORARY
    else {"samples": directory(SAMPLES)}
)
