"""Submit a job and record it, once for the same outputs.

If an earlier Snakemake that was killed has submitted the same job and it is still alive, its id
is the answer: a job is adopted, never doubled.
"""

import os
import subprocess
import time
from typing import Any, List, Tuple

import request
from jobs import Jobs, locked, say

WAITS_S = (2, 10, 30, 60, 120)
"""Before each further attempt, when the scheduler is out of reach."""

FULL_WAIT_S, FULL_LONGEST_S = 120, 6 * 3600

SUBMIT_TIMEOUT_S = 300

interrupted = []  # type: List[int]
"""Not empty once Ctrl-C was pressed: no job is wanted any more."""


def job_for(jobs: Jobs, jobscript: str) -> str:
    """Return the id of a living job that does what `jobscript` says, submitting it if need be.

    One at a time for the same outputs: of two Snakemakes, the second adopts what the first submits.
    """
    scheduler = jobs.scheduler
    properties = request.properties_of(jobscript)
    identity, content = request.identity(properties), request.content(properties)
    arguments = scheduler.arguments(properties, identity, os.environ)
    with locked(os.path.join(jobs.state, "locks", f"{identity}.submission")):
        earlier = jobs.submitted(identity)
        if earlier and jobs.status(earlier["job"]) == "running":
            title = f"{scheduler.TITLE} job {earlier['job']}"
            if earlier["content"] == content:
                say(f"adopted {title}, which is alive")
                return str(earlier["job"])
            say(f"{title} makes the same files from other inputs: deleted")
            jobs.delete([earlier["job"]])
        folder = request.log_folder(scheduler.NAME, request.rule_of(properties))
        os.makedirs(folder, exist_ok=True)
        job = submit(scheduler, [*arguments, jobscript], identity)
        try:
            jobs.forget(job)
            jobs.remember(identity, job, content, properties)
        except OSError as error:
            title = f"{scheduler.TITLE} job {job}"
            say(f"{title} runs, but a Snakemake started anew will not know: {error}")
        if interrupted:
            jobs.delete([job])
    return job


def submit(scheduler: Any, arguments: List[str], identity: str) -> str:
    """Return the id of the job submitted, waiting through troubles that pass."""
    waits, full_since = list(WAITS_S), time.time()
    while True:
        job, complaint = ask(scheduler, arguments, identity)
        if job:
            return job
        if any(words in complaint.lower() for words in scheduler.FULL):
            wait = FULL_WAIT_S if time.time() - full_since < FULL_LONGEST_S else 0
        elif any(words in complaint.lower() for words in scheduler.PASSING):
            wait = waits.pop(0) if waits else 0
        else:
            wait = 0
        if not wait:
            stays = any(words in complaint.lower() for words in scheduler.MISCONFIGURED)
            refusal = request.Misconfigured if stays else request.Refused
            raise refusal(f"{scheduler.SUBMIT} says: {complaint}")
        say(f"{scheduler.SUBMIT}: {complaint}; again in {wait} s")
        time.sleep(wait)


def ask(scheduler: Any, arguments: List[str], identity: str) -> Tuple[str, str]:
    """Return the id of a job, or nothing and the complaint."""
    try:
        process = subprocess.run(
            [scheduler.SUBMIT, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
            env=scheduler.environment_of(identity, os.environ),
            timeout=SUBMIT_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        return "", f"timeout after {SUBMIT_TIMEOUT_S} s"
    except OSError as error:
        return "", f"{error.strerror}: is this a login node, with {scheduler.TITLE}?"
    job = scheduler.id_in(process.stdout)
    if process.returncode == 0 and job:
        return job, ""
    return "", process.stderr.strip() or f"nothing, and ends with {process.returncode}"
