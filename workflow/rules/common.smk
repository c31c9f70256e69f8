# What all stages share: the study, where its files lie, and what jobs ask for.
import atexit
import gc
import math
import os
import re
import shlex
import shutil
import sys
import threading
import time
from pathlib import Path

from snakemake import common as snakemake_common
from snakemake import jobs as snakemake_jobs
from snakemake import rules as snakemake_rules
from snakemake.exceptions import WorkflowError
from snakemake.iocontainers import AttributeGuard
from snakemake.output_index import OutputIndex
from snakemake.settings.types import DeploymentMethod

SCRIPTS = os.path.join(ROOT, "scripts")
sys.path.insert(0, SCRIPTS)
if Path(ROOT) == Path.cwd():
    SCRIPTS = "scripts"  # so that a printed command is short and can be pasted
# Each job would compile what it imports of ours, for a tenth of a second, where a container says so.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

from stormtrace.blocks import dump, flag
from stormtrace.detect.recipes import AdoptedMasks, ThresholdRecipe
from stormtrace.errors import BadInput
from stormtrace.files import check_writable
from stormtrace.grids.specification import cell_count
from stormtrace.study import plan_costs
from stormtrace.study.annotated import import_grids
from stormtrace.study.folders import check_places
from stormtrace.study.inputs import (
    adopted_files,
    campaign_dataset,
    campaign_input,
    campaign_labels,
    import_input,
    labels_input,
    labels_seen,
    published_files,
    raw_input,
    samples_seen,
)
from stormtrace.study.artmip import artmip_files, catalogued
from stormtrace.study.jobs import failures_in, warnings_in
from stormtrace.study.layout import EVENT_TABLES
from stormtrace.study.loading import load_study, read_overlays
from stormtrace.study.missing_inputs import missing_inputs
from stormtrace.study.plan_warnings import plan_warnings
from stormtrace.study.report_plan import report_of
from stormtrace.study.status import logs_of
from stormtrace.verification.observed import storms_file

# What lies over the tables of `base`: the files and keys of the command line or, in a module, what
# the other workflow hands over.
AS_MODULE = Path(ROOT) != Path(workflow.basedir)
OVERLAYS = [] if AS_MODULE else workflow.overwrite_configfiles
if workflow.modifier.modify_path("results") != "results":
    sys.exit(
        "error: Stormtrace as a module has no `prefix:`, since its scripts are given paths that"
        " Snakemake does not know of; set `results:` instead, in the configuration of the module"
    )
try:
    STUDY = load_study(
        ROOT,
        config if AS_MODULE else read_overlays(OVERLAYS, workflow.config_settings.config),
        OVERLAYS,
        "the configuration of the module" if AS_MODULE else "the command line (--config)",
    )
except BadInput as error:
    sys.exit(f"error: {error}")

# When this run began: logs that failed before it are of another.
STARTED = time.time()

# Where each result lies.
at = STUDY.at

# The python of a rule's conda environment where there is one, else the one that runs Snakemake.
ON_PATH = shutil.which("python")
PYTHON = (
    "python" if ON_PATH and Path(ON_PATH).parent == Path(sys.executable).parent else sys.executable
)
if DeploymentMethod.CONDA in workflow.deployment_settings.deployment_method:
    PYTHON = "python"

# Where networks run is no part of what a result is: a plain constant, so that a change reruns nothing.
DEVICE = STUDY.config.device
GPU = 1 if DEVICE == "cuda" else 0
# How figures are saved, as flags: a parameter of their rules, so that a change draws them again.
FORMATS = STUDY.config.figures.formats  # png first
PRINTING = (
    f"--dots-per-inch {STUDY.config.figures.dots_per_inch}"
    + ("" if STUDY.config.figures.titles else " --without-titles")
    + ("" if len(FORMATS) == 2 else f" --formats {' '.join(FORMATS)}")
)

# A job on a cluster stops by itself after nine tenths of its walltime, and the next attempt goes on
# from there; where Snakemake itself runs the jobs, nothing ends them.
TIME_BUDGET = "--time-budget $(({resources.runtime} * 54))" if workflow.remote_exec else ""


def python(command, keep="> {log:q} 2>&1"):
    """The shell command that runs a script of ours and keeps what it says in the rule's log."""
    program, folder = shlex.quote(PYTHON), shlex.quote(SCRIPTS)
    asked = "STORMTRACE_MEMORY={resources.mem_mb}"
    # A script that the kernel kills for want of memory can say nothing itself.
    killed = "report_kill.py --code $? --memory {resources.mem_mb} --log {log:q}"
    return (
        f"{asked} STORMTRACE_LOG={{log:q}} {program} {folder}/{command} {keep}"
        f" || {program} {folder}/{killed}"
    )


def check_results():
    """End with a sentence if a file is where one of the rules, or a checkpoint, needs a folder."""
    folders = [at.checkpoints(name) for name in STUDY.trained]
    folders += [at.mask_checkpoints(name) for name in STUDY.experiments]
    for one in workflow.rules:
        for file in [*one.output, *one.log, one.benchmark]:
            if isinstance(file, str):  # another workflow's may be a function
                folders.append(file if file.is_directory else os.path.dirname(file))
    try:
        check_places(STUDY.results, folders)
    except BadInput as error:
        sys.exit(f"error: {error}")


def any_of(names):
    """A pattern for a wildcard that is one of `names` (and for none of them, nothing)."""
    return "|".join(map(re.escape, names)) or "(?!)"


def warn(sentences, kind="warning"):
    """Say at the console what jobs keep in their logs, and what the plan alone can tell."""
    for sentence in sentences:
        print(f"{kind}: {sentence}", file=sys.stderr)


# A plan is longer than a screen: what it warns of stands at its end.
if workflow.is_main_process and workflow.output_settings.dryrun:
    atexit.register(warn, plan_warnings(STUDY))
elif workflow.is_main_process:
    warn(plan_warnings(STUDY))


def refuse_missing():
    """End before the first job, in one sentence for each thing, if jobs need what is not there."""
    jobs = [(job.rule.name, dict(job.wildcards)) for job in workflow.dag.needrun_jobs()]
    if missing := missing_inputs(STUDY, jobs):
        listed = "\n  ".join(missing)
        sys.exit(f"error: nothing was started, since jobs need what is not there:\n  {listed}")


# A plan is objects that all stay: looking for cycles among them was a third of its CPU time. With
# the first job Python looks again, though not at these, nor as it ends: that took .35 s.
gc.disable()
atexit.register(gc.freeze)

# What a plan of many jobs costs beyond that: docs/decisions/start-up.md.
plan_costs.read_parameters_once(snakemake_common, snakemake_rules)
plan_costs.evaluate_params_late(snakemake_jobs.Job, snakemake_rules.Rule)
plan_costs.find_producers_once(OutputIndex)
plan_costs.share_guards(AttributeGuard)
plan_costs.keep_plain_paths(snakemake_rules.Rule)


def one_timer_at_a_time(scheduler):
    """Keep Snakemake from waking its scheduler more and more often.

    Snakemake 9 starts a timer at each pass over the jobs that are ready, to pass over them again a
    second later, when its limit of starts a second may have room; and each job that ends is a pass of
    its own. So after n jobs there are n passes a second, which took a third of one core in the demo.
    One timer wakes it as soon.
    """
    ready = getattr(scheduler, "_open_jobs", None)
    if ready is None or not hasattr(scheduler, "_schedule_reevalutation"):
        return  # another Snakemake
    running = threading.Lock()

    def wake():
        running.release()
        ready.release()

    def wake_later(delay):
        if running.acquire(blocking=False):
            timer = threading.Timer(delay, wake)
            timer.daemon = True  # nothing waits for it at the end
            timer.start()

    scheduler._schedule_reevalutation = wake_later


onstart:
    gc.freeze()
    gc.enable()
    check_writable(STUDY.results)
    refuse_missing()
    one_timer_at_a_time(workflow.scheduler)
    if TEMPORARY:
        limit_sample_years(workflow.scheduler, workflow.dag, lambda said: warn([said]))


onsuccess:
    warn(warnings_in(Path.cwd(), logs_of(STUDY)))


onerror:
    warn(warnings_in(Path.cwd(), logs_of(STUDY)))
    warn(failures_in(Path.cwd(), at.logs, STARTED), "error")


wildcard_constraints:
    dataset=any_of(STUDY.datasets),
    grid=any_of(STUDY.config.grids),
    model=any_of(STUDY.models),
    experiment=any_of(STUDY.experiments),
    comparison=any_of(STUDY.comparisons),
    agreement=any_of(STUDY.agreements),
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
            amount += columns(raw_dataset(wildcards)) / FULL_COLUMNS * mesh
        return math.ceil(amount * attempt)

    return asked


FULL_CELLS, FULL_COLUMNS = 768 * 1152, 777_602
CELLS = {name: cell_count(grid) or FULL_CELLS for name, grid in STUDY.config.grids.items()}


def cells(wildcards):
    """Cells of the grid that a job works on; of the largest that is shown where it works on all."""
    if grid := getattr(wildcards, "grid", None):
        grids = [grid]
    elif model := getattr(wildcards, "model", None):
        grids = [STUDY.models[model].grid]
    elif campaign := getattr(wildcards, "campaign", None):
        grids = [STUDY.campaigns[campaign].grid]
    else:
        grids = [STUDY.experiments[name].grid for name in experiments_of(wildcards)]
    return max((CELLS.get(grid, FULL_CELLS) for grid in grids), default=FULL_CELLS)


def raw_dataset(wildcards):
    """The dataset whose raw files a job reads."""
    if campaign := getattr(wildcards, "campaign", None):
        return STUDY.campaigns[campaign].dataset
    return wildcards.dataset


def years_of(wildcards):
    """Years of an experiment; of the longest where there are several."""
    return max((len(STUDY.years(name)) for name in experiments_of(wildcards)), default=0)


def experiments_of(wildcards):
    """The experiments that a job is about: one, those that are compared, or all."""
    if name := getattr(wildcards, "agreement", None):
        return list(STUDY.agreements[name].members)
    if name := getattr(wildcards, "comparison", None):
        return [STUDY.comparisons[name].first, STUDY.comparisons[name].second]
    return [wildcards.experiment] if hasattr(wildcards, "experiment") else STUDY.shown


def columns(dataset):
    """Columns of the raw mesh: the planet's; others are not known before their files are opened,
    so those of the finest mesh that was measured."""
    ne, dataset = STUDY.config.planet.ne, STUDY.fields_from(dataset)
    on_planet = any(
        at.planet_part(file) for part in STUDY.raw(dataset).parts for file in part.files
    )
    return 6 * (3 * ne) ** 2 + 2 if on_planet else FULL_COLUMNS


def test_labels_seen(wildcards):
    """What is in the folder of labels that a model is scored on."""
    return labels_seen(STUDY, STUDY.models[wildcards.model].dataset, "test")


def climatologies(wildcards):
    """The climatologies that a dataset's anomalies are departures from, in order of their names."""
    return [
        at.climatology(of.dataset, wildcards.grid, str(of.harmonics))
        for _, of in sorted(STUDY.anomalies(wildcards.dataset).items())
    ]


def planet_settings():
    """Settings of the mini planet; its labels are on the grid that models learn them on."""
    grids = STUDY.config.grids
    trained = [STUDY.models[name] for name in STUDY.trained]
    of_planet = [
        model.grid
        for model in trained
        if at.planet_part(STUDY.labelled(model.dataset).train) is not None
    ]
    learned_on = [*of_planet, *(model.grid for model in trained), *grids]
    return {**dump(STUDY.config.planet), "grid": grids[learned_on[0]]}


def test_labels(wildcards):
    """The folder of labels that a model is scored on."""
    return STUDY.labelled(STUDY.models[wildcards.model].dataset).test


def yearly(pattern, experiment):
    """`pattern` with {year} for every year of an experiment."""
    return expand(pattern, year=STUDY.years(experiment))


def statistics_of(wildcards):
    """The statistics file an experiment normalizes with; nothing for a published model's own."""
    chosen = STUDY.statistics_of(wildcards.experiment)
    return {"statistics": at.statistics(*chosen)} if chosen else {}


def model_folders(wildcards):
    return [at.model(name) for name in STUDY.models_of(wildcards.experiment)]


def model_figures(model, kind):
    """The files of a figure of a model, the PNG first."""
    return [f"{at.model_figure(model, kind)}.{one}" for one in FORMATS]


def model_files(wildcards):
    """What detection needs of each model of an experiment."""
    folders = model_folders(wildcards)
    return [f"{folder}/{file}" for folder in folders for file in ("config.json", "weights.pth")]


def normalization(wildcards):
    """The flags that say so; none for a published model's own statistics."""
    chosen = STUDY.statistics_of(wildcards.experiment)
    if not chosen:
        return []
    return [
        "--statistics",
        at.statistics(*chosen),
        "--weighting",
        STUDY.weighting(wildcards.experiment),
    ]


def classes_flag(wildcards, input):
    """The study's classes, for jobs that depend on no more of them than their other params say.

    Snakemake compares no params made from input, so how classes are shown makes nothing again. It is no
    `ancient` input: of a job whose input is made again Snakemake looks at no other changes, so that
    new colours hid those of a threshold.
    """
    return uncoloured_classes(wildcards)


def uncoloured_classes(wildcards):
    """The study's classes without their colours, for jobs that are made again by any other change."""
    return flag(
        {
            name: kept
            for name, entry in dump(STUDY.config.classes).items()
            if (kept := {key: entry[key] for key in entry if not key.startswith("colours")})
        }
    )


def recipe_flag(wildcards):
    """The recipe or the adopted masks of an experiment, without what is only shown."""
    block = dump(STUDY.detector_of(wildcards.experiment))
    return flag({key: block[key] for key in block if key not in ("title", "description")})


def percentile_files(wildcards):
    """The percentiles that an experiment's recipe compares with."""
    return [
        at.percentiles(of.dataset, of.grid, of.field, f"{of.percentile:g}")
        for of in STUDY.percentiles_of(wildcards.experiment)
    ]


def zonal_files(wildcards):
    """The climatologies that an experiment's fields are adjusted from and to."""
    fields = STUDY.adjusted(wildcards.experiment)
    return [at.zonal(*of) for one in fields for of in (one.own, one.to)]


def adjust_flags(wildcards):
    """The flags of the fields that an experiment adjusts."""
    return [
        word
        for field, own, to in STUDY.adjusted(wildcards.experiment)
        for word in ("--adjust", field, at.zonal(*own), at.zonal(*to))
    ]


def samples_of_adopted(wildcards):
    """The samples that adopted masks are held against, where the experiment needs any."""
    sees = STUDY.sees_samples(wildcards.experiment)
    return samples_of_year(wildcards) if sees else {}


def period_flags(wildcards):
    """The stretches of a year that an experiment is run on."""
    periods = STUDY.periods(wildcards.experiment, wildcards.year)
    return [word for period in periods for word in ("--period", *period)]


def objects_of(wildcards):
    """Objects of all years; experiments that differ in tracking alone share them."""
    owner = STUDY.objects_of(wildcards.experiment)
    return yearly(at.objects(owner, "{year}"), wildcards.experiment)


def masks_of(wildcards, year=None):
    """One year of masks; experiments that differ in tracking alone share them."""
    owner = STUDY.masks_of(wildcards.experiment)
    return at.masks(owner, year or wildcards.year)


def objects_of_year(wildcards):
    owner = STUDY.objects_of(wildcards.experiment)
    return at.objects(owner, wildcards.year)


def samples_of(wildcards, year=None):
    """One year of the samples of an experiment."""
    entry = STUDY.experiments[wildcards.experiment]
    return at.samples(entry.dataset, entry.grid, year or wildcards.year)


def observed_storms(wildcards):
    """The file of observed storms, where it is; the job says so where it is not.

    The planet's lie in a folder that is made as a whole.
    """
    how = STUDY.verified[wildcards.experiment]
    if made := at.planet_part(how.storms):
        return {"storms": made}
    file = storms_file(how.storms, how.agency)
    return {"storms": str(file)} if file.exists() else {}


def verification_flags(wildcards):
    how = STUDY.verified[wildcards.experiment]
    flags = ["--storms", str(storms_file(how.storms, how.agency)), "--agency", how.agency]
    flags += ["--match", how.match, "--radius", how.radius_km, "--minimum-wind", how.minimum_wind]
    return flags + (["--observed-years", *how.observed_years] if how.observed_years else [])


def members_in_year(wildcards):
    """Members of an agreement with their files of a year, and of those before that lags reach into."""
    longest = max(map(abs, STUDY.agreements[wildcards.agreement].lags_h), default=0)
    first = int(wildcards.year) - math.ceil(longest / (24 * 360))
    years = {f"{year:04d}" for year in range(first, int(wildcards.year) + 1)}
    return STUDY.members_of_agreement(wildcards.agreement, years)


def masks_of_agreement(wildcards):
    members = STUDY.members_of_agreement(wildcards.agreement)
    return list(dict.fromkeys(file for one in members for file in one["masks"]))


def files_of_year_of_agreement(wildcards):
    members = members_in_year(wildcards)
    files = [file for one in members for file in (*one["masks"], *one["objects"])]
    return list(dict.fromkeys(files))


def tables_of_agreement(wildcards):
    """Events of all members, each once, and catalogues."""
    members = STUDY.members_of_agreement(wildcards.agreement)
    tables = [
        f"{one['events']}/{name}.parquet" for one in members for name in ("events", "objects")
    ]
    tables += [
        one["file"]
        for one in STUDY.catalogues_of(wildcards.agreement).values()
        if os.path.exists(one["file"])  # the job says so where it is not
    ]
    return list(dict.fromkeys(tables))


def agreement_flags(wildcards):
    how = STUDY.agreements[wildcards.agreement]
    flags = ["--of", how.of]
    if how.catalogues:
        flags += ["--radius", how.radius_km]
        flags += ["--catalogues", flag(STUDY.catalogues_of(wildcards.agreement))]
    return flags + (["--lags", *how.lags_h] if how.lags_h else [])


def measured_samples(wildcards):
    """The samples of the year, if fields are to be measured in objects."""
    measure = STUDY.experiments[wildcards.experiment].measure
    return samples_of_year(wildcards) if measure else {}


def measure_flags(wildcards):
    measure = STUDY.experiments[wildcards.experiment].measure
    return ["--samples", samples_of(wildcards), "--fields", *measure] if measure else []


def composites_of(experiment):
    return yearly(at.composites(experiment, "{year}"), experiment)


def campaigns(wildcards):
    """Folders of the campaigns of the study, whose experiments must be among those carried out."""
    if STUDY.waiting_campaigns:
        name, entry = next(iter(STUDY.waiting_campaigns.items()))
        raise WorkflowError(
            f"error: campaigns.{name} needs masks of {', '.join(entry.experiments)}, which are not"
            " carried out: name the experiments in `run`"
        )
    if not STUDY.campaigns:
        raise WorkflowError(
            "error: the study has no `campaigns`: see docs/labelling.md for how to describe one"
        )
    return [at.campaign(name) for name in STUDY.campaigns]


# Names of fields in paths.
FIELD = "[A-Za-z][A-Za-z0-9_]*"


def attribution_of(wildcards):
    return STUDY.attributed[wildcards.experiment, wildcards.field]


def extremes_flags(wildcards):
    """What is extreme, and the stretch of each year that counts."""
    how, name = attribution_of(wildcards), wildcards.experiment
    periods = [STUDY.period(name, year) for year in STUDY.years(name)]
    stretches = [word for period in periods for word in ("--period", *period)]
    chosen = ["--over", how.over, "--wet", how.wet_mm_day, "--by", how.by]
    raw = raw_of_extremes(wildcards) if TEMPORARY else []
    return percentile_flags(name, wildcards.field) + chosen + stretches + raw


def percentile_flags(experiment, field):
    percentiles = STUDY.attributed[experiment, field].percentiles
    return ["--percentiles", *(f"{one:g}" for one in percentiles)] if percentiles else []


def attribution_input(wildcards):
    """What is extreme, and the masks of the years beside where a class reaches hours around it."""
    how, name = attribution_of(wildcards), wildcards.experiment
    found = {}
    if how.percentiles:
        found["extremes"] = at.attribution(how.extremes_of or name, wildcards.field, "extremes.nc")
    if any(one.hours for one in how.within.values()):
        for key, year in (("before", -1), ("after", 1)):
            beside = f"{int(wildcards.year) + year:04d}"
            if beside in STUDY.years(name):
                found[key] = masks_of(wildcards, beside)
    return found


def drawn_extremes(wildcards):
    """What is extreme, where the experiment's own percentiles say so."""
    how = attribution_of(wildcards)
    if not how.percentiles or how.extremes_of:
        return {}
    name, field = wildcards.experiment, wildcards.field
    return {"extremes": at.attribution(name, field, "extremes.nc")}


def whose_extremes(title):
    """That percentiles are those of another experiment, of this title."""
    return ["--extremes-of", title] if title else []


def attribution_flags(wildcards):
    beside = attribution_input(wildcards)
    within = dump(attribution_of(wildcards))["within"]
    flags = [word for key, path in beside.items() for word in (f"--{key}", path)]
    return flags + (["--within", flag(within)] if within else [])


def attribution_sums(experiment, field):
    return yearly(at.attribution(experiment, field, "{year}.nc"), experiment)


def catalogue(wildcards):
    """Files of the ARTMIP catalogue of every experiment that is run and has rivers."""
    try:
        return [file for name in catalogued(STUDY) for file in artmip_files(STUDY, name)]
    except BadInput as error:
        raise WorkflowError(f"error: {error}") from None
