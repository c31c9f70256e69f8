"""How long the whole study takes on Casper, and on what it waits: a simulation of its real plan.

    python benchmarks/simulate_casper.py                          the study of config/casper
    python benchmarks/simulate_casper.py --years 1000 --models 10 a larger one

Both with samples that stay and with `samples: temporary`, whose peak on scratch is counted.

The jobs and what they wait for are Snakemake's own plan; how long a job takes is `SECONDS`, from
the benchmarks beside this file; what it asks for is the table of docs/resources.md; the limits are
Casper's and the profile's. Jobs that share one of the scheduler's are given to it by the profile's
own arithmetic (`left_over` of profiles/scheduler/shared.py). Nothing here has run on Casper: its
queues are assumptions, so three kinds of days are shown. Writes benchmarks/casper.md.
"""

import argparse
import heapq
import json
import random
import re
import resource
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from sample_sizes import sample_sizes

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "profiles" / "scheduler"))

import shared  # noqa: E402
import shared_job  # noqa: E402
from parts import TOGETHER, Part, fits, left_over, minutes_left  # noqa: E402
from request import SNAKEMAKE_MB  # noqa: E402

SECONDS = {
    # One core, a year of 2,920 samples of 768 × 1152 where years are the unit.
    "make_samples": 935,  # ingest.md: 365 days at 2.56 s
    "compute_statistics": 55,  # jobs.md: 2,920 files at 0.018 s
    "check_labels": 40,  # jobs.md: 459 files at 0.089 s
    "compose_fields": 90,  # docs/resources.md: 2,920 files at 0.03 s
    "attribute_field": 60,  # attribution.md: 2,920 maps at 58 to 91 a second, and their masks
    "make_regridding_matrix": 3,  # ingest.md
    "find_objects": 4,  # track.md
    "count_agreement": 13,  # by hand: 2,920 steps of three members at 3.8 ms with two lags
    "animate": 10,  # map.md: 248 frames at 24 a second
    "draw_experiment": 10,  # map.md
    "draw_comparison": 6,  # these and the following: jobs.md
    "draw_sensitivity": 17,
    "draw_labels": 7,
    "draw_snapshot": 8,
    "draw_composite": 3,
    "draw_composite_change": 3,
    "write_report": 47,
    # One GPU. An epoch of 398 samples took a V100 60–75 s (published); 20 epochs.
    "train": 1500,
    "detect": 120,  # START_S + READ_S + NETWORK_S
    "evaluate": 40,  # jobs.md, on a CPU: 61 files at 0.655 s
    "explain": 60,  # estimate: 21 passes over 61 files, like detect
}
SECONDS_A_YEAR = {
    "link_events": 0.65,  # track.md: 15 years in 9.6 s
    "count_landfalls": 0.65,  # it reads what link_events does
    "compute_frequency": 1.5,  # map.md
    "compare": 1.5,  # map.md: 15 years in 23 s
    "compute_zonal_climatology": 15,  # 2,920 files at 0.02 s, four at a time
    "compute_extremes": 60,  # attribution.md: 15 years in 14 minutes
    "agree": 0.7,  # by hand: sums of a year of three members, read and added
}
"""Of the rules whose job is an experiment's whole period."""
FROM_RAW = {"compute_statistics": 935}
FROM_RAW_A_YEAR = {"compute_zonal_climatology": 150, "compute_extremes": 180}
"""The same where samples are temporary, from ingest.md: all fields as make_samples derives them;
one of TMQ (263 s), U850, V850 (128 s) and PSL (30 s); two passes over PRECT, and counting.
"""
OTHERS_S = 5
USUAL = (10, 600, 1)  # minutes, MB and threads of rules that docs/resources.md does not name
STUDY_YEARS = 15
OVERHEAD_S = 6  # login shell, Snakemake on the node, the shared file system
GPU_RULES = {"train", "detect", "evaluate", "explain"}
GPU_JOB_CPUS = 8

START_S, READ_S, NETWORK_S = 9, 26, 85
"""Of `detect`: its start (detect.md, on a CPU); 52 GB at an assumed 2 GB/s; and the network on a
V100, an estimate, as in 120 s altogether. Those that run together start and read once.
"""
ON_NETWORK = {"detect": NETWORK_S, "train": 1500}
V100, A100_40 = 900, 1555
"""Published GB/s of the V100, which these times are of, and of the smallest GPU that the profile
asks for. The network is bound by memory (bandwidth.md), so that its time is assumed to go with it.
"""
GPU_SPEED = A100_40 / V100

CPUS, GPUS = 720, 32  # at once, of one user of Casper
PROFILE = yaml.safe_load((ROOT / "profiles" / "pbs-casper" / "config.yaml").read_text())
JOBS, SUBMISSIONS_PER_S = PROFILE["jobs"], 5
SAMPLE_YEARS = 4  # the same
POLL_S = PROFILE["seconds-between-status-checks"]
SHARED_MINUTES = {
    device: PROFILE["default-resources"].get(f"shared_{device}_minutes", 0)
    for device in ("gpu", "cpu")
}

DRAWS = 15
DAYS = {"empty": (5, 5), "usual": (60, 900), "bad": (900, 4 * 3600)}
"""Kind of day -> median seconds that a job waits in the queue: CPU, GPU (log-normal, σ = 1)."""


@dataclass
class Plan:
    """Rules of the jobs, and for each job those it waits for.

    samples: job that makes some -> what they are of, and bytes. are_temporary: whether they go.
    """

    rules: dict[str, str]
    needs: dict[str, set[str]]
    samples: dict[str, tuple[tuple[str, ...], int]]
    are_temporary: bool
    years: int
    seconds: float
    peak_mb: float

    def seconds_of(self, rule: str, gpu_speed: float = 1.0) -> float:
        """How long a job of a rule holds its place on a node, with a GPU so much faster."""
        once, a_year = SECONDS, SECONDS_A_YEAR
        if self.are_temporary:
            once, a_year = once | FROM_RAW, a_year | FROM_RAW_A_YEAR
        alone = OTHERS_S if rule not in a_year else a_year[rule] * self.years
        saved = ON_NETWORK.get(rule, 0) * (1 - 1 / gpu_speed)
        return once.get(rule, alone) + OVERHEAD_S - saved

    def read_by(self, job: str) -> set[str]:
        """The year of samples that a detection reads, by the job that makes it."""
        is_detection = self.rules[job] == "detect"
        return self.needs[job] & self.samples.keys() if is_detection else set()


@cache
def asked() -> dict[str, tuple[int, int, int]]:
    """Return minutes, MB and threads that rules ask for, from docs/resources.md."""
    lines = (ROOT / "docs" / "resources.md").read_text(encoding="utf-8").splitlines()
    rows = [line.split("|")[1:-1] for line in lines if line.startswith("|")]
    found = {row[0].strip(): re.findall(r"\d+", row[3])[:3] for row in rows if len(row) >= 6}
    return {rule: tuple(map(int, what)) for rule, what in found.items() if len(what) == 3}


@dataclass
class SharedJob:
    """A job of the scheduler's that others share: what it was asked for, and what it runs now."""

    on_gpu: bool
    have: dict[str, float]
    running: list[str] = field(default_factory=list)
    minutes: list[int] = field(default_factory=list)
    began: float = 0.0
    idle_since: float = 0.0
    looks_at: float = 0.0

    def facts(self) -> dict[str, float]:
        """What `shared.py` knows of it."""
        busy = max((minutes for minutes in self.minutes), default=0)
        return self.have | {"busy": busy}


def main() -> None:
    """Plan, simulate and write the tables."""
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--years", type=int, help="simulated years (default: the study's)")
    flags.add_argument("--models", type=int, default=1, help="trained models looking at all years")
    args = flags.parse_args()
    with tempfile.TemporaryDirectory() as name:
        plan, temporary = (
            planned(Path(name), args.years, args.models, samples)
            for samples in ("keep", "temporary")
        )
    text = "\n".join([report(plan, args), "", *scratch(plan, temporary)])
    print(text)
    if args.years is None:
        (ROOT / "benchmarks" / "casper.md").write_text(text + "\n", encoding="utf-8")


def planned(folder: Path, years: int | None, models: int, samples: str) -> Plan:
    """Return Snakemake's plan for the Casper study, or for a larger one."""
    files = [ROOT / "config" / "casper" / "config.yaml"]
    if years:
        files.append(folder / "larger.json")
        files[-1].write_text(json.dumps(larger(years, models)))
    command = [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile", "--dag", "dot"]
    command += ["--directory", folder, "--cores", "1", "--configfile", *files]
    command += ["--config", f"samples={samples}"]
    command += ["--rerun-triggers", "mtime", "params", "input", "software-env"]
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    before = used.ru_utime + used.ru_stime
    dot = subprocess.run(command, text=True, capture_output=True, check=True).stdout
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds, peak = used.ru_utime + used.ru_stime - before, used.ru_maxrss / 1024
    labels = {m[1]: _label(m[2]) for m in re.finditer(LABEL, dot, re.MULTILINE)}
    rules = {job: label["rule"] for job, label in labels.items()}
    needs: dict[str, set[str]] = {job: set() for job in rules}
    for edge in re.finditer(r"^\s+(\d+) -> (\d+)", dot, re.MULTILINE):
        needs[edge[2]].add(edge[1])
    sizes = sample_sizes(files, labels, needs)
    are_temporary = samples == "temporary"
    return Plan(rules, needs, sizes, are_temporary, years or STUDY_YEARS, seconds, peak)


LABEL = r'^\s+(\d+)\[label = "([^"]+)"'


def _label(text: str) -> dict[str, str]:
    """Return the rule and the wildcards that a node of Snakemake's graph names."""
    rule, *wildcards = text.split("\\n")
    return {"rule": rule, **dict(one.split(": ", 1) for one in wildcards if ": " in one)}


def larger(years: int, models: int) -> dict:
    """Return changes to the Casper study: one dataset of many years, looked at by many models."""
    period = ["1000-01-01", f"{1000 + years}-01-01"]
    part = {"period": period, "files": "{data}/{variable}.{year}*.nc", "stamps": "start"}
    names = [f"model-{number}" for number in range(models)]
    of_the_study = ("attribute", "verify", "agree", "animate", "snapshots", "composites", "explain")
    return {
        **dict.fromkeys(of_the_study),
        "run": names,
        "compare": [],
        "datasets": {"long": {"like": "cesm-historical", "parts": [part]}},
        "models": {
            name: {"like": "climatenet-four-fields", "seed": number}
            for number, name in enumerate(names)
        },
        "experiments": {
            name: {"like": "control", "model": name, "dataset": "long"} for name in names
        },
    }


class Simulation:
    """One run of a plan: jobs become ready, wait in PBS, run, and are noticed by Snakemake."""

    def __init__(
        self,
        plan: Plan,
        waits: tuple[float, float],
        seed: int = 0,
        *,
        minutes: Mapping[str, int] = SHARED_MINUTES,
        gpu_speed: float = GPU_SPEED,
    ) -> None:
        self.plan, self.waits, self.chance = plan, waits, random.Random(seed)
        self.minutes, self.gpu_speed = minutes, gpu_speed
        self.parts: dict[bool, dict[str, Part]] = {False: {}, True: {}}  # that wait
        self.shared: dict[str, SharedJob] = {}
        self.submitted = Counter[bool]()  # to PBS, by whether for a GPU
        self.held_s = Counter[bool]()
        self.followers: dict[str, list[str]] = defaultdict(list)
        for job, needed in plan.needs.items():
            for other in needed:
                self.followers[other].append(job)
        self.missing = {job: len(needed) for job, needed in plan.needs.items()}
        self.places = SAMPLE_YEARS if plan.are_temporary else len(plan.rules)
        self.bytes = self.peak_bytes = 0
        self.readers = {job: set(self.followers[job]) for job in plan.samples}
        self.ready_at = {job: 0.0 for job, count in self.missing.items() if not count}
        self.ready = list(self.ready_at)
        self.queues: dict[bool, list[str]] = {False: [], True: []}  # by whether for a GPU
        self.cpus, self.gpus, self.submittable = CPUS, GPUS, JOBS
        self.started: dict[str, float] = {}
        self.done: dict[str, float] = {}
        self.events: list[tuple[float, int, str, str]] = []  # when, order, what, job
        self.now = self.last_submission = 0.0
        while self.ready or self.events:
            self.submit()
            self.now, _, what, job = heapq.heappop(self.events)
            getattr(self, what)(job)
            self.start()

    def later(self, when: float, what: str, job: str) -> None:
        """Have something happen to a job."""
        heapq.heappush(self.events, (when, len(self.events) + len(self.done), what, job))

    def submit(self) -> None:
        """Give PBS what is ready, as fast as the profile allows."""
        while (ready := self.may_start()) and self.submittable:
            job = ready[0]
            self.ready.remove(job)
            self.take_place(job)
            self.submittable -= 1
            self.last_submission = max(self.now, self.last_submission) + 1 / SUBMISSIONS_PER_S
            if self.minutes_asked(job) <= self.minutes[self.device(job)]:
                self.later(self.last_submission, "wait_for_shared", job)
            else:
                self.queue(self.last_submission, job)

    def queue(self, when: float, job: str) -> None:
        """Give a job to PBS."""
        self.submitted[self.on_gpu(job)] += 1
        wait = self.waits[self.on_gpu(job)] * self.chance.lognormvariate(0, 1)
        self.later(when + wait, "eligible", job)

    def wait_for_shared(self, job: str) -> None:
        """Let a job wait as a part of a shared one, which is looked for."""
        on_gpu = self.on_gpu(job)
        minutes, mem_mb, threads = asked().get(self.plan.rules[job], USUAL)
        most = TOGETHER if self.plan.read_by(job) else 1
        cpus, memory = GPU_JOB_CPUS if on_gpu else threads, mem_mb + SNAKEMAKE_MB
        part = Part(job, self.device(job), cpus, memory, minutes, most, self.now)
        self.parts[on_gpu][job] = part
        self.provide(on_gpu)
        for name, one in self.shared.items():
            is_idle = "deadline" in one.have and not one.running
            if one.on_gpu == on_gpu and is_idle and one.looks_at <= self.now:
                one.looks_at = self.now + shared_job.GATHER_S
                self.later(one.looks_at, "look", name)

    def provide(self, on_gpu: bool) -> None:
        """Submit a shared job if those that live cannot hold what waits."""
        device = "gpu" if on_gpu else "cpu"
        fleet = [one.facts() for one in self.shared.values() if one.on_gpu == on_gpu]
        if len(fleet) >= shared.MOST[device]:
            return
        missing = left_over(list(self.parts[on_gpu].values()), fleet, self.now)
        if missing:
            name = f"shared-{sum(self.submitted.values())}"
            have = {
                "cpus": max(part.cpus for part in missing),
                "memory_mb": max(part.memory_mb * part.most for part in missing),
                "minutes": self.minutes[device],
            }
            self.shared[name] = SharedJob(on_gpu, have)
            self.queue(self.now, name)

    def look(self, name: str) -> None:
        """Let a shared job take what waits, or end after a while without."""
        one = self.shared.get(name)
        if one is None or one.running:
            return
        left, waiting = minutes_left(one.have, self.now), self.parts[one.on_gpu]
        fit = (job for job, part in waiting.items() if fits(part, one.have, left))
        if first := next(fit, None):
            self.run_parts(name, one, first, fit)
        elif self.now < one.idle_since + shared.LINGER_S:
            self.later(one.idle_since + shared.LINGER_S, "look", name)
        else:
            del self.shared[name]
            self.give_cpus_back(one.on_gpu)
            self.held_s[one.on_gpu] += self.now - one.began
            if waiting:
                self.provide(one.on_gpu)

    def run_parts(self, name: str, one: SharedJob, first: str, fit: Iterable[str]) -> None:
        """Run the oldest part that waits, and those that read the same at once."""
        waiting = self.parts[one.on_gpu]
        read = self.plan.read_by(first)
        most = int(min(waiting[first].most, one.have["memory_mb"] // waiting[first].memory_mb))
        like = [job for job in fit if self.plan.read_by(job) == read] if read else []
        one.running = [first, *like][:most]
        one.minutes = [waiting.pop(job).minutes for job in one.running]
        self.started |= dict.fromkeys(one.running, self.now)
        seconds = self.plan.seconds_of(self.plan.rules[first], self.gpu_speed)
        seconds += (len(one.running) - 1) * NETWORK_S / self.gpu_speed if read else 0
        self.later(self.now + seconds, "end_parts", name)

    def end_parts(self, name: str) -> None:
        """The parts of a shared job have ended; it looks for more."""
        one = self.shared[name]
        for job in one.running:
            self.later(self.now + self.chance.uniform(0, POLL_S), "notice", job)
        one.running, one.minutes, one.idle_since = [], [], self.now
        self.look(name)

    def may_start(self) -> list[str]:
        """Return what is ready, samples last and in order, and none of them without a place."""
        samples = self.plan.samples
        if not self.plan.are_temporary:
            return self.ready
        others = [job for job in self.ready if job not in samples]
        mine = sorted((one for one in self.ready if one in samples), key=lambda one: samples[one])
        return others + (mine if self.places else [])

    def take_place(self, job: str) -> None:
        """Count the samples that a job makes, from when it is submitted."""
        if job in self.plan.samples:
            self.places -= 1
            self.bytes += self.plan.samples[job][1]
            self.peak_bytes = max(self.peak_bytes, self.bytes)

    def give_back(self, job: str) -> None:
        """Remove the samples that a job was the last to read."""
        for samples in self.plan.needs[job] & self.readers.keys():
            self.readers[samples].discard(job)
            if not self.readers[samples] and self.plan.are_temporary:
                self.places += 1
                self.bytes -= self.plan.samples[samples][1]

    def eligible(self, job: str) -> None:
        """PBS would start the job now if there is room."""
        self.queues[self.on_gpu(job)].append(job)

    def start(self) -> None:
        """Start jobs whose turn has come, as long as our share of the machine lasts."""
        for on_gpu, cpus in ((True, GPU_JOB_CPUS), (False, 1)):
            queue = self.queues[on_gpu]
            while queue and self.cpus >= cpus and self.gpus >= on_gpu:
                job = queue.pop(0)
                self.cpus, self.gpus = self.cpus - cpus, self.gpus - on_gpu
                if one := self.shared.get(job):
                    one.began = one.idle_since = self.now
                    walltime = one.have["minutes"] + shared.MARGIN_MINUTES
                    one.have["deadline"] = self.now + 60 * walltime - shared_job.END_S
                    self.look(job)
                    continue
                self.started[job] = self.now
                seconds = self.plan.seconds_of(self.plan.rules[job], self.gpu_speed)
                self.held_s[on_gpu] += seconds
                self.later(self.now + seconds, "end", job)

    def give_cpus_back(self, on_gpu: bool) -> None:
        """A job of PBS has ended."""
        self.cpus += GPU_JOB_CPUS if on_gpu else 1
        self.gpus += on_gpu

    def end(self, job: str) -> None:
        """The job gives its place back; Snakemake learns of it a little later."""
        self.give_cpus_back(self.on_gpu(job))
        self.later(self.now + self.chance.uniform(0, POLL_S), "notice", job)

    def notice(self, job: str) -> None:
        """Snakemake sees the end of a job; others become ready."""
        self.submittable += 1
        self.done[job] = self.now
        self.give_back(job)
        for follower in self.followers[job]:
            self.missing[follower] -= 1
            if not self.missing[follower]:
                self.ready_at[follower] = self.now
                self.ready.append(follower)

    def on_gpu(self, job: str) -> bool:
        """Whether a job, or a shared one, needs a GPU."""
        return self.shared[job].on_gpu if job in self.shared else self.plan.rules[job] in GPU_RULES

    def device(self, job: str) -> str:
        """`gpu` or `cpu`."""
        return "gpu" if self.on_gpu(job) else "cpu"

    def minutes_asked(self, job: str) -> int:
        """Minutes that a job asks for."""
        return asked().get(self.plan.rules[job], USUAL)[0]

    def hours(self) -> float:
        """Hours to the last figure; shared jobs that wait then are deleted."""
        return max(self.done.values()) / 3600

    def longest_chain(self) -> list[tuple[str, float, float]]:
        """Return (rule, seconds waited, seconds run) of the jobs that decided the end, in order."""
        chain, job = [], max(self.done, key=self.done.__getitem__)
        while True:
            start = self.started[job]
            chain.append((self.plan.rules[job], start - self.ready_at[job], self.done[job] - start))
            if not self.plan.needs[job]:
                return chain[::-1]
            job = max(self.plan.needs[job], key=self.done.__getitem__)


def report(plan: Plan, args: argparse.Namespace) -> str:
    """Return the tables as Markdown."""
    jobs = Counter(rule for rule in plan.rules.values() if rule != "all")
    lines = ["# The study on Casper, simulated", ""]
    lines += [
        f"`python benchmarks/simulate_casper.py"
        f"{f' --years {args.years} --models {args.models}' if args.years else ''}`: "
        f"{sum(jobs.values()):,} jobs; Snakemake plans them in {plan.seconds:.0f} s of CPU time "
        f"and {plan.peak_mb:.0f} MB. Not run on Casper: its queues are assumed.",
        "",
        "| rule | jobs | s a job | core-hours | GPU-hours |",
        "|---|---|---|---|---|",
    ]
    cores = gpus = 0.0
    for rule, count in jobs.most_common():
        each = plan.seconds_of(rule)
        hours = count * each / 3600
        on_gpu = rule in GPU_RULES
        cores, gpus = cores + (0 if on_gpu else hours), gpus + (hours if on_gpu else 0)
        lines.append(
            f"| {rule} | {count:,} | {each:.0f} | {'' if on_gpu else f'{hours:.1f}'} |"
            f" {f'{hours:.1f}' if on_gpu else ''} |"
        )
    lines += [f"| **all** | {sum(jobs.values()):,} | | **{cores:.0f}** | **{gpus:.0f}** |", ""]
    return "\n".join([*lines, *days(plan)])


def days(plan: Plan) -> list[str]:
    """Return the tables of how long it takes on each kind of day, and on what it waits."""
    ways: dict[str, dict] = {
        "each job by itself": {"minutes": {"gpu": 0, "cpu": 0}},
        "GPU jobs share": {"minutes": SHARED_MINUTES | {"cpu": 0}},
        "short jobs share": {},
        "the same, times of a V100": {"gpu_speed": 1.0},
    }
    most, minutes = shared.MOST, SHARED_MINUTES
    lines = [
        f"Times on a GPU are those of a V100, the network's × {V100}/{A100_40}, the bandwidths in",
        "GB/s of a V100 and of an A100 of 40 GB: an assumption, so that the last column does",
        f"without. Of `detect`'s {SECONDS['detect']} s, {START_S} are its start, {READ_S} reading"
        f" and {NETWORK_S} the network; up to",
        f"{TOGETHER} of the same samples start and read once. Jobs that share one of PBS",
        "(`shared_gpu_minutes`, `shared_cpu_minutes` in the profile) ask for up to",
        f"{minutes['gpu']} minutes with a GPU and {minutes['cpu']} without; at most {most['gpu']}"
        f" and {most['cpu']} such jobs of PBS are there",
        f"at once, each of which ends after {shared.LINGER_S:.0f} s without work.",
        "",
        f"| day (median wait for a CPU, for a GPU) | {' | '.join(ways)} |",
        f"|---|{'---|' * len(ways)}",
    ]
    runs = {
        (day, way): middle(plan, waits, **how)
        for day, waits in DAYS.items()
        for way, how in ways.items()
    }
    for day, waits in DAYS.items():
        hours = " | ".join(f"{runs[day, way].hours():.1f} h" for way in ways)
        lines.append(f"| {day} ({waits[0]} s, {waits[1]} s) | {hours} |")
    lines += [
        "",
        "| day | | jobs of PBS: GPU, CPU | hours they hold: GPU, CPU | what the end waits on |",
        "|---|---|---|---|---|",
    ]
    for (day, way), run in runs.items():
        path = " → ".join(
            f"{rule} {waited / 60:.0f} + {ran / 60:.0f}"
            for rule, waited, ran in run.longest_chain()
            if rule != "all"
        )
        jobs = f"{run.submitted[True]:,}, {run.submitted[False]:,}"
        held = f"{run.held_s[True] / 3600:.0f}, {run.held_s[False] / 3600:.0f}"
        lines.append(f"| {day} | {way} | {jobs} | {held} | {path} |")
    return [
        *lines,
        "",
        f"The median of {DRAWS} draws of waits, each job of PBS drawing its own; along the chain",
        "of jobs that decided the end: minutes waiting + running.",
    ]


def scratch(keep: Plan, temporary: Plan) -> list[str]:
    """Return the table of what samples take on scratch."""
    hours = sum(map(temporary.seconds_of, temporary.rules.values())) / 3600
    lines = [
        f"`samples: temporary`, {SAMPLE_YEARS} years at once (the profile's `sample_years`): "
        f"{len(temporary.rules) - 1:,} jobs, {hours:.0f} hours of them in all.",
        "",
        "| samples | day | peak of samples on scratch | to the last figure |",
        "|---|---|---|---|",
    ]
    for name, plan in (("keep", keep), ("temporary", temporary)):
        for day, waits in DAYS.items():
            run = middle(plan, waits)
            peak = run.peak_bytes / 1e12
            lines.append(f"| {name} | {day} | {peak:.2f} TB | {run.hours():.1f} h |")
    return lines


def middle(plan: Plan, waits: tuple[float, float], **how: Any) -> Simulation:
    """Return the run of median length among `DRAWS`."""
    runs = (Simulation(plan, waits, seed, **how) for seed in range(DRAWS))
    return sorted(runs, key=Simulation.hours)[DRAWS // 2]


if __name__ == "__main__":
    main()
