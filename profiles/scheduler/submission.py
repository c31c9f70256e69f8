"""Submit a job script to PBS and print the job's id: `submit.py JOBSCRIPT`.

If an earlier Snakemake that was killed has submitted the same job and it is still alive, its id
is printed instead: a job is adopted, never doubled.
"""

import os
import signal
import subprocess
import sys
import time
from typing import List, Tuple

import guard
import jobs
import request

WAITS_S = (2, 10, 30, 60, 120)
"""Before each further attempt, when PBS is out of reach."""

PASSING = ("connect", "timed out", "timeout", "try again", "busy", "shutting down", "unavailable")
"""Words in the complaints of qsub about troubles that pass."""

FULL = ("would exceed", "maximum number of jobs")
"""The same when our share of it is used up: jobs have to end before another fits."""

FULL_WAIT_S, FULL_LONGEST_S = 120, 6 * 3600

QSUB_TIMEOUT_S = 300

interrupted = []  # type: List[int]
"""Not empty once Ctrl-C was pressed: no job is wanted any more."""


def main() -> None:
    """Submit in a process of its own, which nothing ends between qsub and the record of its answer.

    A lost terminal or a killed Snakemake would end this process; Ctrl-C is passed on.
    """
    try:
        guard.start()
    except OSError as reason:
        sys.exit(f"not submitted: {reason}")
    snakemake = guard.snakemake_above(os.getppid())
    child = os.fork()
    if child:
        try:
            _, ended = os.waitpid(child, 0)
        except KeyboardInterrupt:
            os.kill(child, signal.SIGINT)
            sys.exit(1)
        sys.exit(0 if ended == 0 else 1)
    os.setsid()
    signal.signal(signal.SIGINT, lambda *_: interrupted.append(1))
    try:
        print(job_for(sys.argv[-1]))
    except request.NoAccount as reason:
        jobs.say(f"not submitted: {reason}")
        if snakemake:  # or each job of the study would say so three times
            os.kill(snakemake, signal.SIGINT)
        sys.exit(1)
    except (request.Refused, OSError) as reason:
        sys.exit(f"not submitted: {reason}")


def job_for(jobscript: str) -> str:
    """Return the id of a living job that does what `jobscript` says, submitting it if need be.

    One at a time for the same outputs: of two Snakemakes, the second adopts what the first submits.
    """
    properties = request.properties_of(jobscript)
    arguments = request.arguments(properties, os.environ)
    identity, content = request.identity(properties), request.content(properties)
    with jobs.locked(os.path.join(jobs.STATE, "locks", f"{identity}.submission")):
        earlier = jobs.submitted(identity)
        if earlier and jobs.status(earlier["job"]) == "running":
            if earlier["content"] == content:
                jobs.say(f"adopted PBS job {earlier['job']}, which is alive")
                return str(earlier["job"])
            jobs.say(f"PBS job {earlier['job']} makes the same files from other inputs: deleted")
            jobs.delete([earlier["job"]])
        os.makedirs(request.log_folder(request.rule_of(properties)), exist_ok=True)
        job = qsub([*arguments, jobscript])
        try:
            jobs.remember(identity, job, content, properties)
        except OSError as error:
            jobs.say(f"PBS job {job} runs, but a Snakemake started anew will not know: {error}")
        if interrupted:
            jobs.delete([job])
    return job


def qsub(arguments: List[str]) -> str:
    """Return the id of the job submitted, waiting through troubles that pass."""
    waits, full_since = list(WAITS_S), time.time()
    while True:
        job, complaint = ask_qsub(arguments)
        if job:
            return job
        if any(words in complaint.lower() for words in FULL):
            wait = FULL_WAIT_S if time.time() - full_since < FULL_LONGEST_S else 0
        elif any(words in complaint.lower() for words in PASSING):
            wait = waits.pop(0) if waits else 0
        else:
            wait = 0
        if not wait:
            raise request.Refused(f"qsub says: {complaint}")
        jobs.say(f"qsub: {complaint}; again in {wait} s")
        time.sleep(wait)


def ask_qsub(arguments: List[str]) -> Tuple[str, str]:
    """Return the id of a job, or nothing and the complaint."""
    try:
        process = subprocess.run(
            ["qsub", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
            timeout=QSUB_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        return "", f"timeout after {QSUB_TIMEOUT_S} s"
    except OSError as error:
        return "", f"{error.strerror}: is this a login node, with PBS?"
    words = process.stdout.split()
    if process.returncode == 0 and words:
        return words[-1], ""
    return "", process.stderr.strip() or f"nothing, and ends with {process.returncode}"
