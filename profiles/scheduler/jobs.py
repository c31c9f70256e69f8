"""What became of the jobs: from the markers they leave, and from PBS, asked once a minute.

Standard library only, and Python 3.6. Everything is kept in `.snakemake/pbs/`:

    submitted/<identity>   the id of the job last submitted for these outputs, and its content
    ended/<number>         the exit code, written by the job script as its last act
    locks/<identity>       held by the job while it runs
    qstat.json             what PBS said last, of all jobs

A job is known by its number: whether and how the server's name follows it, qsub, qstat and the node
need not agree.
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

Facts = Dict[str, Any]

STATE = os.path.join(".snakemake", "pbs")

POLL_S = float(os.environ.get("STORMTRACE_PBS_POLL_S", 60))
"""Between two questions to PBS, for all jobs together."""

GRACE_S = float(os.environ.get("STORMTRACE_PBS_GRACE_S", 900))
"""For so long PBS may not know a job, or say that it can never run, before it is given up.

Casper's qstat is a cache, up to a minute old; a job that can never run may only be waiting for a
node that is down.
"""

QSTAT_TIMEOUT_S = 60

KILLED = (137, 265)
"""Exit codes of SIGKILL, of a shell and of PBS: what the kernel does where memory is used up."""

MEMORY_EXCEEDED = (-26, -27)
"""Exit codes of jobs that PBS ended for their memory; the comment has `exceeded resource mem`."""


def status(job: str) -> str:
    """Return what is known of a job by its id: `success`, `failed`, or in any doubt `running`."""
    code = exit_code(job)
    if code is not None:
        if code in KILLED:
            say(f"PBS job {job} was killed: {more_memory(job)}")
        return "success" if code == 0 else "failed"
    facts = ask(job)
    comment = facts.get("comment", "")
    if facts.get("state") == "F":
        # PBS has been seen to give a deleted job an exit status of 0; its comment is right.
        if facts.get("exit") == "0" and "terminated" not in comment:
            return "success"
        about_memory = re.search("exceeded resource v?mem", comment)
        if about_memory or facts.get("exit") in map(str, KILLED + MEMORY_EXCEEDED):
            comment = f"{comment}; {more_memory(job)}"
        say(f"PBS job {job} ended with {facts.get('exit', 'no exit status')}: {comment}")
        settle(job)
        return "failed"
    now = time.time()
    if now - facts.get("trouble_since", now) > GRACE_S:
        say(f"PBS job {job} is given up: {comment}")
        delete([job])
        settle(job)
        return "failed"
    return "running"


def more_memory(job: str) -> str:
    """Return what a job asked for, and the key that asks for more."""
    facts = next((one for one in records() if one["job"] == job), {})
    if not facts.get("mem_mb"):
        return "if memory was the reason, ask for more with mem_mb"
    rule, asked = facts["rule"], int(facts["mem_mb"])
    return (
        f"{rule} asked for {asked} MB; if memory was the reason, ask for more with"
        f" --set-resources {rule}:mem_mb={2 * asked}"
    )


def number(job: str) -> str:
    """Return 123 of 123.casper-pbs."""
    return job.partition(".")[0]


def exit_code(job: str) -> Optional[int]:
    """Return the exit code that the job left behind, or None."""
    try:
        with open(os.path.join(STATE, "ended", number(job)), encoding="utf-8") as stream:
            return int(stream.read())
    except (OSError, ValueError):
        return None


def settle(job: str) -> None:
    """Leave the marker of failure for a job that could not: PBS forgets it, and we must not."""
    write_json(os.path.join(STATE, "ended", number(job)), 1)


def ask(job: str) -> Facts:
    """Return what PBS last said of a job; if that was long ago, ask it about all jobs first.

    Keys, where known: `state`, `exit`, `comment`, and `trouble_since`, the time since when PBS
    has been saying that it does not know the job or can never run it.
    """
    path = os.path.join(STATE, "qstat.json")
    with locked(os.path.join(STATE, "qstat.lock")):
        known = read_json(path)
        now = time.time()
        # The first question comes one interval after the first job: no cache knows it earlier.
        asked = known.setdefault("asked", now)
        facts = known.setdefault("jobs", {})
        facts.setdefault(number(job), {}).update(id=job, wanted=now)
        if not 0 <= now - asked < POLL_S:  # another login node's clock may have been ahead
            # On record before and after: were the disk full, or PBS to take a minute for its
            # answer, it would otherwise be asked again at once.
            write_json(path, dict(known, asked=now))
            known = {"jobs": refresh(facts, now), "asked": time.time()}
        write_json(path, known)
        return known["jobs"].get(number(job), {})


def refresh(facts: Dict[str, Facts], now: float) -> Dict[str, Facts]:
    """Return new facts of the jobs that somebody still wants to know about and that left none."""
    wanted = {
        job: fact
        for job, fact in facts.items()
        if now - fact["wanted"] < GRACE_S and exit_code(job) is None
    }
    open_jobs = sorted(fact["id"] for fact in wanted.values() if fact.get("state") != "F")
    told = parse(qstat(open_jobs)) if open_jobs else {}
    return {job: merge(fact, told.get(job), now) for job, fact in wanted.items()}


def qstat(jobs: List[str]) -> str:
    """Return what PBS says of all `jobs`, in one question; nothing if it does not answer."""
    try:
        process = subprocess.run(
            ["qstat", "-x", "-f", *jobs],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,  # complaints: there from PBS, on stdout from Casper's cache
            timeout=QSTAT_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return process.stdout.decode("utf-8", "replace")


def parse(text: str) -> Dict[str, Facts]:
    """Return the facts in what `qstat -x -f` prints, by the job's number.

    The text form, because the JSON form tells of the first job only, and Casper's cached qstat
    puts its complaints into the middle of the JSON.
    """
    keys = {"job_state": "state", "Exit_status": "exit", "comment": "comment"}
    jobs = {}  # type: Dict[str, Facts]
    current = {}  # type: Facts
    for line in text.replace("\n\t", "").splitlines():
        head = re.match(r"Job Id: (\S+)", line)
        unknown = re.match(r"qstat: Unknown Job Id (\S+)", line)
        fact = re.match(r"    (job_state|Exit_status|comment) = (.*)", line)
        if head:
            current = jobs.setdefault(number(head.group(1)), {})
        elif unknown:
            jobs[number(unknown.group(1))] = {"unknown": True, "comment": "PBS does not know it"}
        elif fact:
            current[keys[fact.group(1)]] = fact.group(2)
    return jobs


def merge(before: Facts, told: Optional[Facts], now: float) -> Facts:
    """Return the facts of a job after an answer, in which it may not have been mentioned."""
    if told is None:
        return before
    facts = {"id": before["id"], "wanted": before["wanted"], **told}
    if told.get("unknown") or told.get("comment", "").startswith("Can Never Run"):
        facts["trouble_since"] = before.get("trouble_since", now)
    return facts


def submitted(identity: str) -> Facts:
    """Return the record of the job last submitted for the same outputs, empty if there is none."""
    return read_json(os.path.join(STATE, "submitted", identity))


def remember(identity: str, job: str, content: str, properties: Mapping[str, Any]) -> None:
    """Record a submission; what it makes and where it logs is for `scripts/status.py`."""
    record = {key: properties.get(key) for key in ("rule", "output", "log")}
    record["mem_mb"] = properties.get("resources", {}).get("mem_mb")
    record.update(job=job, content=content, time=time.time())
    write_json(os.path.join(STATE, "submitted", identity), record)


def records() -> List[Facts]:
    """Return the records of all submissions."""
    folder = os.path.join(STATE, "submitted")
    names = os.listdir(folder) if os.path.isdir(folder) else []
    return [record for record in map(submitted, names) if record]


def living() -> List[str]:
    """Return the jobs on record that have not ended, as far as is known without asking PBS."""
    told = read_json(os.path.join(STATE, "qstat.json")).get("jobs", {})
    alive = [job for job in (record["job"] for record in records()) if exit_code(job) is None]
    return [job for job in alive if told.get(number(job), {}).get("state") != "F"]


def delete(jobs: Sequence[str]) -> None:
    """Have jobs deleted, in a process that outlives this one.

    One qdel each: several ids with an unknown one among them have brought a server of OpenPBS
    down, and a job that PBS has forgotten may well be among ours.
    """
    subprocess.Popen(
        ["/bin/sh", "-c", 'for job; do qdel "$job"; done', "qdel", *jobs],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def say(text: str) -> None:
    """Tell the person at the terminal; standard output belongs to Snakemake."""
    sys.stderr.write(f"{text}\n")


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
