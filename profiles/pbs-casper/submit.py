#!/usr/bin/env python3
"""Submit a job script to PBS and print the job's id: `submit.py JOBSCRIPT`.

If an earlier Snakemake that was killed has submitted the same job and it is still alive, its id
is printed instead: a job is adopted, never doubled.
"""

import os
import subprocess
import sys
import time
from typing import List

import guard
import jobs
import request

WAITS_S = (2, 10, 30, 60, 120)
"""Before each further attempt, when PBS is out of reach or our share of it is used up."""

PASSING = ("cannot connect", "connection", "timed out", "timeout", "would exceed", "try again")
"""Words in qsub's complaints about troubles that pass."""


def main() -> None:
    """Submit in a process of its own, which nothing ends between qsub and the record of its answer.

    At Ctrl-C Snakemake kills this process; a lost terminal or a killed Snakemake would end it too.
    """
    guard.start()
    child = os.fork()
    if child:
        _, ended = os.waitpid(child, 0)
        sys.exit(0 if ended == 0 else 1)
    os.setsid()
    try:
        print(job_for(sys.argv[-1]))
    except request.Refused as reason:
        sys.exit(f"not submitted: {reason}")


def job_for(jobscript: str) -> str:
    """Return the id of a living job that does what `jobscript` says, submitting it if need be."""
    properties = request.properties_of(jobscript)
    arguments = request.arguments(properties, os.environ)
    identity, content = request.identity(properties), request.content(properties)
    earlier = jobs.submitted(identity)
    if earlier and jobs.status(earlier["job"]) == "running":
        if earlier["content"] == content:
            jobs.say(f"adopted PBS job {earlier['job']}, which is alive")
            return str(earlier["job"])
        jobs.say(f"PBS job {earlier['job']} makes the same files from other inputs: deleted")
        jobs.delete([earlier["job"]])
    os.makedirs(request.log_folder(request.rule_of(properties)), exist_ok=True)
    job = qsub([*arguments, jobscript])
    jobs.remember(identity, job, content, properties)
    return job


def qsub(arguments: List[str]) -> str:
    """Return the id of the job submitted, waiting through troubles that pass."""
    for wait in (*WAITS_S, 0):
        process = subprocess.run(
            ["qsub", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
        )
        if process.returncode == 0:
            return process.stdout.split()[-1]
        complaint = process.stderr.strip()
        if not wait or not any(words in complaint.lower() for words in PASSING):
            break
        jobs.say(f"qsub: {complaint}; again in {wait} s")
        time.sleep(wait)
    raise request.Refused(f"qsub says: {complaint}")


if __name__ == "__main__":
    main()
