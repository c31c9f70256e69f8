#!/usr/bin/env python3
"""Tell Snakemake how a job is: `status.py 123.casper-pbs` prints running, success or failed.

Any other answer, and any exit code but 0, would end the whole workflow: a fault says "running".
"""

import os
import signal
import sys

sys.path.insert(1, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "scheduler"))

import jobs


def main() -> None:
    """Print one word."""
    # Ctrl-C reaches this process too, and its death would be a fault.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        answer = jobs.status(sys.argv[1])
    except Exception as error:
        jobs.say(f"status of PBS job {sys.argv[1:]}: {error!r}")
        answer = "running"
    print(answer)


if __name__ == "__main__":
    main()
