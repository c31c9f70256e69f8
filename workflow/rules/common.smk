# What all stages share: the study, where its files lie, and what jobs ask for.
import math
import os
import re
import shlex
import shutil
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.settings.types import DeploymentMethod

SCRIPTS = os.path.join(workflow.basedir, "scripts")
sys.path.insert(0, SCRIPTS)
if Path(workflow.basedir) == Path.cwd():
    SCRIPTS = "scripts"  # so that a printed command is short and can be pasted

from stormtrace.errors import BadInput
from stormtrace.files import check_writable
from stormtrace.study.inputs import labels_input, published_files, raw_input
from stormtrace.study.report_plan import report_of
from stormtrace.study.study import Study, flag

try:
    # The files of the command line are laid over those of the Snakefile, so they come last.
    overlays = workflow.overwrite_configfiles
    STUDY = Study(config, [*(f for f in workflow.configfiles if f not in overlays), *overlays])
except BadInput as error:
    sys.exit(f"error: {error}")

# The python of a rule's conda environment where there is one, else the one that runs Snakemake.
ON_PATH = shutil.which("python")
PYTHON = (
    "python" if ON_PATH and Path(ON_PATH).parent == Path(sys.executable).parent else sys.executable
)
if DeploymentMethod.CONDA in workflow.deployment_settings.deployment_method:
    PYTHON = "python"

# Where networks run is no part of what a result is: a plain constant, so that a change reruns nothing.
DEVICE = STUDY.config["device"]
GPU = 1 if DEVICE == "cuda" else 0

# A job on a cluster stops by itself after nine tenths of its walltime, and the next attempt goes on
# from there; where Snakemake itself runs the jobs, nothing ends them.
TIME_BUDGET = "--time-budget $(({resources.runtime} * 54))" if workflow.remote_exec else ""


def python(command, keep="> {log:q} 2>&1", through=""):
    """The shell command that runs a script of ours and keeps what it says in the rule's log.

    through: flags of python's own, such as those of a launcher.
    """
    program, folder = shlex.quote(PYTHON), shlex.quote(SCRIPTS)
    return f"STORMTRACE_LOG={{log:q}} {program} {through}{folder}/{command} {keep}"


def results(path):
    """Where `path`, as docs/architecture.md lists it, lies in this study."""
    return os.path.join(STUDY.results, path)


def any_of(names):
    """A pattern for a wildcard that is one of `names` (and for none of them, nothing)."""
    return "|".join(map(re.escape, names)) or "(?!)"


onstart:
    check_writable(STUDY.results)


wildcard_constraints:
    dataset=any_of(STUDY.datasets),
    grid=any_of(STUDY.config["grids"]),
    model=any_of(STUDY.models),
    experiment=any_of(STUDY.experiments),
    comparison=any_of(STUDY.comparisons),
    year="[0-9]{4}",


def asks(fixed, full=0, yearly=0, mesh=0):
    """What a job asks for (MB or minutes), from what was measured: docs/resources.md.

    fixed: whatever the size. full: on a grid of 768 × 1152 cells, so less on a smaller one.
    yearly: the same for each year of the experiment's period. mesh: for a raw mesh of 777,602
    columns (ne120np4). Every attempt (the profile's `retries`) asks for more.
    """

    def asked(wildcards, attempt):
        amount = fixed
        if full or yearly:
            amount += cells(wildcards) / FULL_CELLS * (full + yearly * years_of(wildcards))
        if mesh:
            amount += columns(wildcards.dataset) / FULL_COLUMNS * mesh
        return math.ceil(amount * attempt)

    return asked


FULL_CELLS, FULL_COLUMNS = 768 * 1152, 777_602


def cells(wildcards):
    """Cells of the grid that a job works on; of the largest that is shown where it works on all."""
    if grid := getattr(wildcards, "grid", None):
        grids = [grid]
    elif model := getattr(wildcards, "model", None):
        grids = [STUDY.models[model].get("grid")]
    else:
        grids = [STUDY.experiments[name]["grid"] for name in experiments_of(wildcards)]
    sizes = (STUDY.config["grids"][grid] for grid in grids if grid)
    return max((size["nlat"] * size["nlon"] for size in sizes), default=FULL_CELLS)


def years_of(wildcards):
    """Years of the period that an experiment looks at; of the longest where there are several."""
    return max((len(STUDY.years(name)) for name in experiments_of(wildcards)), default=0)


def experiments_of(wildcards):
    """The experiments that a job is about: one, the two of a comparison, or all."""
    if name := getattr(wildcards, "comparison", None):
        return [STUDY.comparisons[name][side] for side in ("first", "second")]
    return [wildcards.experiment] if hasattr(wildcards, "experiment") else STUDY.shown


def columns(dataset):
    """Columns of the raw mesh: the planet's; others are not known before their files are opened,
    so as many as the finest has that was measured."""
    ne = STUDY.config.get("planet", {}).get("ne")
    on_planet = "/planet/" in flag(STUDY.datasets[dataset])
    return 6 * (3 * ne) ** 2 + 2 if ne and on_planet else FULL_COLUMNS


def samples(dataset, grid, year):
    return results(f"samples/{dataset}/{grid}/{year}")


def samples_of_piece(wildcards):
    """What one piece of statistics is computed from: a year of samples, or the training labels."""
    if STUDY.is_labelled(wildcards.dataset):
        return labels_input(STUDY, wildcards.dataset, "train")
    return samples(wildcards.dataset, wildcards.grid, wildcards.piece)


def yearly(pattern, experiment):
    """`pattern` with {year} for every year an experiment looks at."""
    return expand(pattern, year=STUDY.years(experiment))


def statistics(dataset, grid):
    return results(f"statistics/{dataset}/{grid}.json")


def statistics_of(wildcards):
    """The statistics file an experiment normalizes with; nothing for a published model's own."""
    chosen = STUDY.statistics_of(wildcards.experiment)
    return {"statistics": statistics(*chosen)} if chosen else {}


def model_folders(wildcards):
    return [results(f"models/{name}") for name in STUDY.models_of(wildcards.experiment)]


def model_files(wildcards):
    """What detection needs of each model an experiment looks with."""
    folders = model_folders(wildcards)
    return [f"{folder}/{file}" for folder in folders for file in ("config.json", "weights.pth")]


def normalization(wildcards):
    """The flags that say so; none for a published model's own statistics."""
    chosen = STUDY.statistics_of(wildcards.experiment)
    if not chosen:
        return []
    return [
        "--statistics",
        statistics(*chosen),
        "--weighting",
        STUDY.weighting(wildcards.experiment),
    ]


def objects_of(wildcards):
    """Objects of all years; experiments that differ in tracking alone share them."""
    owner = STUDY.objects_of(wildcards.experiment)
    return yearly(results(f"events/{owner}/objects/{{year}}.nc"), wildcards.experiment)


def frequency(experiment):
    return results(f"frequency/{experiment}/frequency.nc")


def masks_of(wildcards, year=None):
    """One year of masks; experiments that differ in tracking alone share them."""
    owner = STUDY.masks_of(wildcards.experiment)
    return results(f"masks/{owner}/{year or wildcards.year}.nc")


def objects_of_year(wildcards):
    owner = STUDY.objects_of(wildcards.experiment)
    return results(f"events/{owner}/objects/{wildcards.year}.nc")


def samples_of(wildcards, year=None):
    """One year of the samples an experiment looks at."""
    entry = STUDY.experiments[wildcards.experiment]
    return samples(entry["dataset"], entry["grid"], year or wildcards.year)


def measured_samples(wildcards):
    """The samples of the year, if fields are to be measured in objects."""
    measure = STUDY.experiments[wildcards.experiment]["measure"]
    return {"samples": samples_of(wildcards)} if measure else {}


def measure_flags(wildcards):
    measure = STUDY.experiments[wildcards.experiment]["measure"]
    return ["--samples", samples_of(wildcards), "--fields", *measure] if measure else []


def composites_of(experiment):
    return yearly(results(f"composites/{experiment}/{{year}}.nc"), experiment)
