"""Jobs that run, wait or failed in a folder, from the files that jobs and Snakemake leave there.

Nothing here asks the scheduler: its last answer is in a file of the profile's, at most as old as
Snakemake's last question.
"""

import json
import os
import re
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from stormtrace import memory

#: Scheduler -> where its profile keeps its records; see profiles/scheduler/jobs.py.
RECORDS = {"PBS": Path(".snakemake/pbs"), "Slurm": Path(".snakemake/slurm")}

#: The file there that has the scheduler's last answer.
ANSWERS = "answers.json"

#: How the ids of jobs begin that share one of the scheduler's, and where those are kept; see
#: profiles/scheduler/shared.py.
PART, SHARED = "part-", "shared"

#: As much of a log's end as is read for its last line.
TAIL_BYTES = 4000

#: A line of a log that `stormtrace.commandline` has marked as a warning.
WARNING = re.compile(r"\d\d:\d\d:\d\d warning: (.*)")

State = Literal["running", "queued", "failed"]


@dataclass
class Job:
    """The latest attempt at a job, identified by its unique log file.

    job: the log below the folder of all logs, without its ending: rule and wildcards.
    """

    log: str
    job: str
    state: State
    #: Its progress, as `stormtrace.commandline.Note` writes it.
    note: dict[str, Any] = field(default_factory=dict)
    #: Why it failed.
    reason: str = ""

    @property
    def rule(self) -> str:
        """The rule; the wildcards, joined, are `name`."""
        return self.job.partition("/")[0]

    @property
    def name(self) -> str:
        """The wildcards as they stand in the log's name."""
        return self.job.partition("/")[2]

    def seconds_left(self) -> float | None:
        """Return the seconds left by the job's own estimate."""
        left = self.note.get("seconds_left")
        return None if left is None else max(0.0, left - (time.time() - self.note["time"]))


def jobs_in(folder: Path, logs: str) -> dict[str, Job]:
    """Return the jobs of a study that run, wait in the queue or failed in the queue, by log.

    folder: where Snakemake runs. logs: the folder of the study's logs, as seen from there; other
    studies may run in the same folder.
    """
    jobs = {}
    said = {records: _said(folder / records) for records in RECORDS.values()}
    for records, facts in said.items():
        for file in _files(folder / records / "submitted"):
            record = read_json(file)
            if record.get("log") and record["log"][0].startswith(f"{logs}/"):
                job = _submitted(folder, records, logs, record, facts)
                if job is not None:
                    jobs[job.log] = job
    for path in (folder / logs).rglob("*.progress.json"):
        note = read_json(path)
        name = str(path.relative_to(folder / logs)).removesuffix(".progress.json")
        log = f"{logs}/{name}.log"
        if _lives(folder, note, said):
            jobs[log] = Job(log, name, "running", note)
        elif note and log not in jobs:
            reason = failure(folder / log) or memory.killed(note.get("memory"))
            jobs[log] = Job(log, name, "failed", reason=reason)
    return jobs


def _submitted(
    folder: Path, records: Path, logs: str, record: Mapping[str, Any], facts: Mapping[str, Any]
) -> Job | None:
    """Return a job that was submitted to a scheduler, unless it has succeeded."""
    log, ended = record["log"][0], _exit_code(folder / records, record["job"])
    fact = _facts_of(folder / records, record["job"], facts)
    job = log.removeprefix(f"{logs}/").removesuffix(".log")
    if ended == "0":
        return None
    if ended is not None or fact.get("state") == "ended":
        comment = fact.get("comment", "")
        reason = failure(folder / log) or comment or last_line(folder / log)
        return Job(log, job, "failed", reason=reason)
    return Job(log, job, "queued" if fact.get("state") in (None, "queued") else "running")


def _facts_of(records: Path, job: str, facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what is known of a job: what the scheduler last said, or where a part of one is."""
    if not job.startswith(PART):
        fact: Mapping[str, Any] = facts.get(_number(job), {})
        return fact
    held = next((records / SHARED / "taken").glob(f"{job}.*"), None)
    if held is None:
        return {"state": "queued"}
    number = held.suffix.removeprefix(".")
    fact = facts.get(number, {})
    if _exit_code(records, number) is None and fact.get("state") != "ended":
        return {"state": "running"}
    comment = fact.get("comment", "ended")
    return {"state": "ended", "comment": f"job {number}, which it shared with others: {comment}"}


def shared_jobs(folder: Path) -> tuple[int, int]:
    """Return how many jobs of the scheduler that others share run, and how many are queued."""
    running = queued = 0
    for records in RECORDS.values():
        facts, shared = _said(folder / records), folder / records / SHARED
        at_work = {path.name for path in _files(shared / "at_work")}
        for number in at_work | {path.name for path in _files(shared / "jobs")}:
            ended = _exit_code(folder / records, number) is not None
            if not ended and facts.get(number, {}).get("state") != "ended":
                running += number in at_work
                queued += number not in at_work
    return running, queued


def _lives(folder: Path, note: Mapping[str, Any], said: Mapping[Path, Mapping[str, Any]]) -> bool:
    """Whether a job that left a note still runs; one that was killed could not remove it."""
    if job := note.get("job"):
        return not any(
            _exit_code(folder / records, job) is not None
            or _facts_of(folder / records, job, facts).get("state") == "ended"
            for records, facts in said.items()
        )
    if note.get("host") == socket.gethostname():
        return Path(f"/proc/{note['process']}").exists() or _answers(note["process"])
    return bool(note)


def _answers(process: int) -> bool:
    """Whether there is a process of this number (where /proc is not)."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def asked(folder: Path) -> tuple[float, str] | None:
    """Return when Snakemake last asked a scheduler, in seconds of the epoch, and which; or None."""
    answers = {name: read_json(folder / records / ANSWERS) for name, records in RECORDS.items()}
    times = [(answer["asked"], name) for name, answer in answers.items() if "asked" in answer]
    return max(times, default=None)


def failure(log: Path) -> str:
    """Return the error that a job's log ends with, or an empty text."""
    line = last_line(log)
    return line if re.match(r"error: |out of time: |[\w.]*(Error|Exception)\b", line) else ""


def warnings_in(folder: Path, logs: Iterable[str]) -> list[str]:
    """Return the warnings of finished jobs, each kind once, with the log it stands in.

    Warnings that differ in numbers alone (of a year, of a sample) are of one kind.
    """
    found = []
    for log in dict.fromkeys(logs):
        with suppress(OSError):
            lines = (folder / log).read_text(encoding="utf-8", errors="replace").split("\n")
            found += [(log, told[1]) for line in lines if (told := WARNING.match(line))]
    return _one_of_each_kind(found)


def failures_in(folder: Path, logs: str, since: float) -> list[str]:
    """Return why jobs failed, each kind of reason once, with the log it stands in.

    Snakemake prints the command of each twice, and the reason somewhere between them.

    logs: the folder of the study's logs, seen from `folder` or absolute. since: only logs written
    after this moment, in seconds of the epoch.
    """
    found = []
    for path in sorted((folder / logs).rglob("*.log")):
        with suppress(OSError):
            if path.stat().st_mtime >= since and (reason := failure(path)):
                name = Path(logs) / path.relative_to(folder / logs)
                found.append((str(name), reason.removeprefix("error: ")))
    return _one_of_each_kind(found)


def _one_of_each_kind(found: Iterable[tuple[str, str]]) -> list[str]:
    """Return sentences with their logs, those that differ in numbers alone as one."""
    kinds: dict[str, list[str]] = {}
    for log, said in found:
        kind = f"{Path(log).parent} {re.sub(r'[^ ]*[0-9][^ ]*', '', said)}"
        kinds.setdefault(kind, []).append(f"{said}\n    see {log}")
    return [
        lines[0] + (f", and {len(lines) - 1} more like it" if len(lines) > 1 else "")
        for lines in kinds.values()
    ]


def last_line(log: Path) -> str:
    """Return the last line of a log, without reading all of it."""
    lines = tail_of(log).split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def tail_of(log: Path) -> str:
    """Return the end of a log, empty if it cannot be read."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, log.stat().st_size - TAIL_BYTES))
            return stream.read().decode("utf-8", "replace")
    except OSError:
        return ""


def read_json(file: Path) -> dict[str, Any]:
    """Return the JSON object in a file, empty if it cannot be read."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _exit_code(records: Path, job: str) -> str | None:
    try:
        return (records / "ended" / _number(job)).read_text().strip()
    except OSError:
        return None


def _said(records: Path) -> Mapping[str, Any]:
    """Return what a scheduler last said of its jobs, by their number."""
    facts: Mapping[str, Any] = read_json(records / ANSWERS).get("jobs", {})
    return facts


def _number(job: str) -> str:
    """Return the number of a job: 123 of 123.casper-pbs."""
    return job.partition(".")[0]


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else iter(())
