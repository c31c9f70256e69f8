"""The three commands that Snakemake's cluster-generic executor calls, and what each must never do.

Each profile has a submit.py, a status.py and a cancel.py that call these with its scheduler.
"""

import os
import signal
import sys
import time
from typing import Any

import adoption
import guard
import request
from jobs import say
from shared import SharedJobs

LATECOMERS_S = 3
"""After so long, a submission that was under way at Ctrl-C is on record too."""


def submit(scheduler: Any) -> None:
    """Submit a job script and print the job's id: `submit.py JOBSCRIPT`.

    In a process of its own, which nothing ends between the submission and the record of it: a lost
    terminal or a killed Snakemake would end this process. Ctrl-C is passed on.
    """
    jobs = SharedJobs(scheduler)
    try:
        guard.start(jobs.state)
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
    signal.signal(signal.SIGINT, lambda *_: adoption.interrupted.append(1))
    try:
        print(adoption.job_for(jobs, sys.argv[-1]))
    except request.Misconfigured as reason:
        say(f"not submitted: {reason}")
        # Each job of the study would say so three times. Jobs at work are another matter.
        if snakemake and not jobs.living():
            os.kill(snakemake, signal.SIGINT)
        sys.exit(1)
    except (request.Refused, OSError) as reason:
        sys.exit(f"not submitted: {reason}")


def status(scheduler: Any) -> None:
    """Print how a job is: `status.py 123` prints running, success or failed.

    Any other answer, and any exit code but 0, would end the whole workflow: a fault says "running".
    """
    # Ctrl-C reaches this process too, and its death would be a fault.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        answer = SharedJobs(scheduler).status(sys.argv[1])
    except Exception as error:
        say(f"status of {scheduler.TITLE} job {sys.argv[1:]}: {error!r}")
        answer = "running"
    print(answer)


def cancel(scheduler: Any) -> None:
    """Delete jobs: `cancel.py 123 124 …`, or `cancel.py --all` of this study's.

    `cancel.py --idle` deletes the shared jobs if no job of the study is waiting for or in one.

    Snakemake kills this process after two seconds: so deleting goes on in one of its own.
    """
    jobs = SharedJobs(scheduler)
    if sys.argv[1:] == ["--all"]:
        jobs.delete(jobs.living())
        time.sleep(LATECOMERS_S)
        jobs.delete(jobs.living())
    elif sys.argv[1:] == ["--idle"]:
        jobs.delete_idle()
    else:
        jobs.delete(sys.argv[1:])
