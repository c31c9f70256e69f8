"""Show the progress of a study: experiments × stages, running and failed jobs, time left.

    python scripts/status.py --configfile config/casper/config.yaml

Run it where Snakemake runs, at any time (`watch -n 30 python scripts/status.py` follows it); it
reads files only and asks no scheduler. `left` is the time that the remaining jobs would take one
after another, estimated from finished jobs of the same rule and from running jobs' own estimates.
An experiment's row includes what it shares with others; the last row counts it once.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from stormtrace import commandline
from stormtrace.commandline import duration
from stormtrace.study import jobs
from stormtrace.study.known_grids import grid_warnings
from stormtrace.study.loading import load_study, read_overlays
from stormtrace.study.status import STAGES, Target, logs_of, mean_seconds, targets

ROOT = Path(__file__).resolve().parents[1]
MARKS: dict[jobs.State, str] = {"running": "+", "queued": "~", "failed": "!"}
#: Jobs listed of each kind.
SHOWN = 15
#: A Snakemake that has not asked the scheduler for this many seconds is probably not running.
SILENT_S = 300


def main() -> None:
    """Print the table, and below it the running and the failed jobs."""
    parser = commandline.parser(__doc__)
    parser.add_argument(
        "--configfile", type=Path, nargs="*", default=[], help="as given to snakemake"
    )
    parser.add_argument(
        "--config", nargs="*", default=[], metavar="KEY=VALUE", help="as given to snakemake"
    )
    parser.add_argument(
        "--directory", type=Path, default=Path(), help="where snakemake runs (default: here)"
    )
    args = parser.parse_args()
    pairs = (pair.split("=", 1) for pair in args.config)
    changes = {key: yaml.safe_load(value) for key, value in pairs}
    study = load_study(ROOT, read_overlays(args.configfile, changes), args.configfile)
    needed = {name: targets(study, name) for name in study.shown}
    everything = {
        stage: sorted({target for by_stage in needed.values() for target in by_stage[stage]})
        for stage in STAGES
    }
    state = look(args.directory, study.at.logs, everything)
    print(f"{study.config.title}, {time.strftime('%a %H:%M:%S')}\n")
    rows = [["experiment", *STAGES, "left"]]
    for name, by_stage in [*needed.items(), ("all", everything)]:
        rows.append([name, *(state.cell(by_stage[stage]) for stage in STAGES)])
        rows[-1].append(work(*state.seconds_left(by_stage)))
    print(aligned(rows))
    print("done/needed, + running, ~ queued, ! failed\n")
    print(state.listed())
    print(state.outlook(everything, Path(study.at.report)))
    for warning in [*grid_warnings(study), *jobs.warnings_in(args.directory, logs_of(study))]:
        print(f"warning: {warning}")


@dataclass
class State:
    """Missing outputs and present jobs in the folder that Snakemake runs in."""

    folder: Path
    missing: set[Target]
    jobs: Mapping[str, jobs.Job]
    #: Stage -> mean seconds of its finished jobs.
    usual_s: Mapping[str, float | None]

    def cell(self, targets: Iterable[Target]) -> str:
        """Return one cell of the table."""
        targets = list(targets)
        missing = [target for target in targets if target in self.missing]
        words = [f"{len(targets) - len(missing)}/{len(targets)}"] if targets else ["–"]
        states = Counter(self.jobs[one.log].state for one in missing if one.log in self.jobs)
        return " ".join(words + [f"{mark}{states[s]}" for s, mark in MARKS.items() if states[s]])

    def seconds_left(self, targets: Mapping[str, Iterable[Target]]) -> tuple[float, bool]:
        """Return the seconds that remain, and whether every stage of them has been timed."""
        total, timed = 0.0, True
        for stage, of_stage in targets.items():
            for target in self.missing.intersection(of_stage):
                job = self.jobs.get(target.log)
                own = job.seconds_left() if job and job.state == "running" else None
                seconds = self.usual_s[stage] if own is None else own
                total, timed = total + (seconds or 0), timed and seconds is not None
        return total, timed

    def listed(self) -> str:
        """Return the running jobs, the number of waiting ones, and the failed ones with reasons."""
        of = {state: [job for job in self.jobs.values() if job.state == state] for state in MARKS}
        lines = [f"{len(of['running'])} running" + self._queued(len(of["queued"]))]
        lines += listed(of["running"], how_far)
        if of["failed"]:
            lines += [f"{len(of['failed'])} failed"]
            lines += listed(of["failed"], lambda job: f"see {job.log}\n    {job.reason}".rstrip())
        return "\n".join(lines)

    def _queued(self, count: int) -> str:
        asked = jobs.asked(self.folder)
        if asked is None:
            return ""
        ago, scheduler = time.time() - asked[0], asked[1]
        running, queued = jobs.shared_jobs(self.folder)
        shared = f"; {running} shared jobs run, {queued} are queued" if running + queued else ""
        doubt = ": is Snakemake still running?" if ago > SILENT_S and self.missing else ""
        return f", {count} queued ({scheduler} was asked {duration(ago)} ago{doubt}){shared}"

    def outlook(self, everything: Mapping[str, Iterable[Target]], report: Path) -> str:
        """Return when all may be finished, if as many jobs run at once as now."""
        if not self.missing:
            there = (self.folder / report).exists()
            return f"the report: {report}" if there else "all of these are done; the report is not"
        seconds, timed = self.seconds_left(everything)
        running = sum(job.state == "running" for job in self.jobs.values())
        if not running or not seconds:
            return "when it will be done is not known yet" if running else "nothing is running"
        end = time.strftime("%a %H:%M", time.localtime(time.time() + seconds / running))
        about, until = ("about", "until") if timed else ("at least", "not before")
        return f"{about} {duration(seconds / running)} left, {until} {end}, with {running} at once"


def look(folder: Path, logs: str, everything: Mapping[str, Iterable[Target]]) -> State:
    """Return the state of a study, by its logs, in the folder that Snakemake runs in."""
    targets = [target for of_stage in everything.values() for target in of_stage]
    missing = {target for target in targets if not (folder / target.path).exists()}
    at_work = jobs.jobs_in(folder, logs)
    for target in missing:
        if target.log not in at_work and (error := jobs.failure(folder / target.log)):
            at_work[target.log] = jobs.Job(target.log, target.job, "failed", reason=error)
    done = {target.log for target in targets} - {target.log for target in missing}
    kept = {log: job for log, job in at_work.items() if not (job.state == "failed" and log in done)}
    usual = {stage: mean_seconds(folder / logs, rule) for stage, rule in STAGES.items()}
    return State(folder, missing, kept, usual)


def how_far(job: jobs.Job) -> str:
    """Return a running job's own account of its progress."""
    note = job.note
    since = f"for {duration(time.time() - note['started'])}" if "started" in note else ""
    if not note.get("total"):
        return since
    share = (
        f"{note['done']:,} of {note['total']:,} {note['what']} ({note['done'] / note['total']:.0%})"
    )
    left = job.seconds_left()
    return f"{share}, {since}" + (f", {duration(left)} left" if left is not None else "")


def listed(some: list[jobs.Job], say: Callable[[jobs.Job], str]) -> list[str]:
    """Return a line for each job, up to `SHOWN`."""
    in_order = sorted(some, key=lambda job: job.log)
    lines = [f"  {job.rule:18} {job.name:34} {say(job)}" for job in in_order[:SHOWN]]
    return lines + ([f"  … and {len(some) - SHOWN} more"] if len(some) > SHOWN else [])


def work(seconds: float, timed: bool) -> str:
    """Return a duration; ≥ where a stage has not been timed yet."""
    if not timed:
        return f"≥ {duration(seconds)}" if seconds else "?"
    return duration(seconds) if seconds else ""


def aligned(rows: list[list[str]]) -> str:
    """Return a table as text."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    rule = "─" * (sum(widths) + 2 * len(widths) - 2)
    return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])


if __name__ == "__main__":
    commandline.run(main)
