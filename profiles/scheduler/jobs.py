"""What became of the jobs: by the markers they leave, and by the scheduler, asked once a minute.

Standard library only, and Python 3.6. Everything is kept in `.snakemake/pbs/` (or `slurm/`):

    submitted/<identity>   the id of the job last submitted for these outputs, and its content
    ended/<number>         the exit code, written by the job script as its last act
    locks/<identity>       held by the job while it runs
    answers.json           what the scheduler said last, of all jobs

A job is known by its number: whether and how the server's name follows it, qsub, qstat and the
node need not agree. What is said of a job (`Facts`) is, where known:

    state           queued, running or ended
    succeeded       of an ended job
    memory          whether its memory was exceeded, or may have been
    comment         in the scheduler's own words
    trouble         the scheduler does not know it, or says that it can never run
    trouble_since   the time since when it has been saying so
"""

import contextlib
import fcntl
import json
import os
import re
import subprocess
import sys
import time
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence

import request

Facts = Dict[str, Any]

POLL_S = float(os.environ.get("STORMTRACE_POLL_S", 60))
"""Between two questions to the scheduler, for all jobs together."""

GRACE_S = float(os.environ.get("STORMTRACE_GRACE_S", 900))
"""For so long a scheduler may not know a job, or say that it can never run, before it is given up.

Casper's qstat is a cache, up to a minute old; a job that can never run may only be waiting for a
node that is down.
"""

STALE_S = 3600
"""Markers this much older than a submission are of an earlier job of the same number."""

KILLED = 137
"""Exit code of SIGKILL in a shell: what the kernel does where memory is used up."""


class Jobs:
    """The jobs of the study in this folder, on one scheduler: the module `pbs` or `slurm`."""

    def __init__(self, scheduler: Any) -> None:
        self.scheduler = scheduler
        self.state = os.path.join(".snakemake", scheduler.NAME)
        self.answers = os.path.join(self.state, "answers.json")

    def status(self, job: str) -> str:
        """Return what is known of a job by its id: `success`, `failed`, in any doubt `running`."""
        title = f"{self.scheduler.TITLE} job {job}"
        code = self.exit_code(job)
        if code is not None:
            if code == KILLED:
                say(f"{title} was killed: {self.more_memory(job)}")
            why = self.why_ended(job) if code else ""
            if why:
                # SIGTERM came first: the job's own marker only says that it has failed.
                more = f"; {self.more_memory(job)}" if "mem " in why else ""
                say(f"{title} was ended: {why}{more}")
            return "success" if code == 0 else "failed"
        facts = self.ask(job)
        comment = facts.get("comment", "")
        if facts.get("state") == "ended":
            if facts["succeeded"]:
                return "success"
            if facts["memory"]:
                comment = f"{comment}; {self.more_memory(job)}"
            say(f"{title} ended with {comment}")
            self.settle(job)
            return "failed"
        now = time.time()
        if now - facts.get("trouble_since", now) > GRACE_S:
            say(f"{title} is given up: {comment}")
            self.delete([job])
            self.settle(job)
            return "failed"
        return "running"

    def more_memory(self, job: str) -> str:
        """Return what a job asked for, and the key that asks for more."""
        facts = next((one for one in self.records() if one["job"] == job), {})
        if not facts.get("mem_mb"):
            return "if memory was the reason, ask for more with mem_mb"
        rule, asked = facts["rule"], int(facts["mem_mb"])
        return (
            f"{rule} asked for {asked} MB; if memory was the reason, ask for more with"
            f" --set-resources {rule}:mem_mb={2 * asked}"
        )

    def why_ended(self, job: str) -> str:
        """Return the scheduler's words in the log of a job that it has ended, or nothing."""
        for log in self.logs(job):
            found = re.search(self.scheduler.WHY_ENDED, log)
            if found:
                return found.group(1)
        return ""

    def logs(self, job: str) -> Iterator[str]:
        """Yield the text of the log that the scheduler keeps of a job."""
        rule = next((one["rule"] for one in self.records() if one["job"] == job), "")
        folder = request.log_folder(self.scheduler.NAME, rule)
        for name in names(folder):
            if number(name) == number(job):
                yield read(os.path.join(folder, name))

    def exit_code(self, job: str) -> Optional[int]:
        """Return the exit code that the job left behind, or None."""
        try:
            with open(self.marker(job), encoding="utf-8") as stream:
                return int(stream.read())
        except (OSError, ValueError):
            return None

    def settle(self, job: str) -> None:
        """Leave the marker of failure for a job that could not: the scheduler forgets it."""
        write_json(self.marker(job), 1)

    def marker(self, job: str) -> str:
        """Return the file that says how a job ended."""
        return os.path.join(self.state, "ended", number(job))

    def ask(self, job: str) -> Facts:
        """Return what was last said of a job; if that was long ago, ask about all jobs first."""
        with locked(os.path.join(self.state, "answers.lock")):
            known = read_json(self.answers)
            now = time.time()
            # The first question comes one interval after the first job: no cache knows it earlier.
            asked = known.setdefault("asked", now)
            facts = known.setdefault("jobs", {})
            facts.setdefault(number(job), {}).update(id=job, wanted=now)
            if not 0 <= now - asked < POLL_S:  # another login node's clock may have been ahead
                # On record before and after: were the disk full, or the scheduler to take a minute
                # for its answer, it would otherwise be asked again at once.
                write_json(self.answers, dict(known, asked=now))
                known = {"jobs": self.refresh(facts, now), "asked": time.time()}
            write_json(self.answers, known)
            return known["jobs"].get(number(job), {})

    def refresh(self, facts: Dict[str, Facts], now: float) -> Dict[str, Facts]:
        """Return new facts of jobs that somebody still wants to know about and that left none."""
        wanted = {
            job: fact
            for job, fact in facts.items()
            if now - fact["wanted"] < GRACE_S and self.exit_code(job) is None
        }
        going_on = sorted(fact["id"] for fact in wanted.values() if fact.get("state") != "ended")
        told = self.scheduler.ask(going_on, os.environ) if going_on else {}
        return {job: merge(fact, told.get(job), now) for job, fact in wanted.items()}

    def submitted(self, identity: str) -> Facts:
        """Return the record of the job last submitted for the same outputs, empty if none is."""
        return read_json(os.path.join(self.state, "submitted", identity))

    def remember(
        self, identity: str, job: str, content: str, properties: Mapping[str, Any]
    ) -> None:
        """Record a submission; what it makes and where it logs is for `scripts/status.py`."""
        record = {key: properties.get(key) for key in ("rule", "output", "log")}
        record["mem_mb"] = properties.get("resources", {}).get("mem_mb")
        record.update(job=job, content=content, time=time.time())
        write_json(os.path.join(self.state, "submitted", identity), record)

    def forget(self, job: str) -> None:
        """Forget an earlier job of the same number: numbers begin anew with a new server."""
        with contextlib.suppress(OSError):
            if os.stat(self.marker(job)).st_mtime < time.time() - STALE_S:
                os.remove(self.marker(job))
        with locked(os.path.join(self.state, "answers.lock")):
            known = read_json(self.answers)
            if known.get("jobs", {}).pop(number(job), None):
                write_json(self.answers, known)

    def records(self) -> List[Facts]:
        """Return the records of all submissions."""
        folder = os.path.join(self.state, "submitted")
        names = os.listdir(folder) if os.path.isdir(folder) else []
        return [record for record in map(self.submitted, names) if record]

    def living(self) -> List[str]:
        """Return the jobs on record that have not ended, as far as is known without asking."""
        told = read_json(self.answers).get("jobs", {})
        jobs = [record["job"] for record in self.records()]
        alive = [job for job in jobs if self.exit_code(job) is None]
        return [job for job in alive if told.get(number(job), {}).get("state") != "ended"]

    def delete(self, jobs: Sequence[str]) -> None:
        """Have jobs deleted, in a process that outlives this one."""
        if not jobs:
            return
        subprocess.Popen(
            ["/bin/sh", "-c", self.scheduler.DELETE, "delete", *jobs],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self.scheduler.environment_of("", os.environ),
            start_new_session=True,
        )


def number(job: str) -> str:
    """Return 123 of 123.casper-pbs."""
    return job.partition(".")[0]


def merge(before: Facts, told: Optional[Facts], now: float) -> Facts:
    """Return the facts of a job after an answer, in which it may not have been mentioned."""
    if told is None:
        return before
    facts = {"id": before["id"], "wanted": before["wanted"], **told}
    if facts.pop("trouble", False):
        facts["trouble_since"] = before.get("trouble_since", now)
    return facts


def say(text: str) -> None:
    """Tell the person at the terminal; standard output belongs to Snakemake."""
    sys.stderr.write(f"{text}\n")


def names(folder: str) -> List[str]:
    """Return the names in a folder, none if there is no such folder, nor hidden ones."""
    try:
        return sorted(name for name in os.listdir(folder) if not name.startswith("."))
    except OSError:
        return []


def read(path: str) -> str:
    """Return the text of a file, nothing if it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read().strip()
    except OSError:
        return ""


@contextlib.contextmanager
def locked(path: str) -> Iterator[None]:
    """Hold a lock on `path`, or none where the file system has no locks."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as stream:
        with contextlib.suppress(OSError):
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def read_json(path: str) -> Facts:
    """Return the object in a file, empty if there is none that can be read."""
    try:
        with open(path, encoding="utf-8") as stream:
            return json.load(stream)
    except (OSError, ValueError):
        return {}


def write_json(path: str, value: Any) -> None:
    """Write a file whole or not at all."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    partial = f"{path}.{os.getpid()}"
    with open(partial, "w", encoding="utf-8") as stream:
        json.dump(value, stream)
    os.rename(partial, path)
