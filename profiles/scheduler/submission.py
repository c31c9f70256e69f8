"""Give a job to the scheduler, and wait through troubles that pass."""

import os
import subprocess
import time
from typing import Any, List, Sequence, Tuple

import request
from jobs import say

WAITS_S = (2, 10, 30, 60, 120)
"""Before each further attempt, when the scheduler is out of reach."""

FULL_WAIT_S, FULL_LONGEST_S = 120, 6 * 3600

SUBMIT_TIMEOUT_S = 300


def submit(scheduler: Any, arguments: List[str], identity: str) -> str:
    """Return the id of the job submitted, waiting through troubles that pass."""
    waits, full_since = list(WAITS_S), time.time()
    while True:
        job, complaint = ask(scheduler, arguments, identity)
        if job:
            return job
        if says(complaint, scheduler.FULL):
            wait = FULL_WAIT_S if time.time() - full_since < FULL_LONGEST_S else 0
        elif says(complaint, scheduler.PASSING):
            wait = waits.pop(0) if waits else 0
        else:
            wait = 0
        if not wait:
            raise refusal(scheduler, complaint)
        say(f"{scheduler.SUBMIT}: {complaint}; again in {wait} s")
        time.sleep(wait)


def says(complaint: str, words: Sequence[str]) -> bool:
    """Whether a complaint has any of the words."""
    return any(one in complaint.lower() for one in words)


def passes(scheduler: Any, complaint: str) -> bool:
    """Whether a complaint is about troubles that pass."""
    return says(complaint, (*scheduler.FULL, *scheduler.PASSING))


def refusal(scheduler: Any, complaint: str) -> request.Refused:
    """Return the exception for a complaint about what does not pass."""
    stays = says(complaint, scheduler.MISCONFIGURED)
    of = request.Misconfigured if stays else request.Refused
    return of(f"{scheduler.SUBMIT} says: {complaint}")


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
