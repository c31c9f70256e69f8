#!/usr/bin/env python3
"""Delete jobs: `cancel.py 123.casper-pbs 124.casper-pbs …`, or `cancel.py --all` of this study's.

Snakemake kills this process after two seconds: so qdel goes on in one of its own.
"""

import os
import sys
import time

sys.path.insert(1, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "scheduler"))

import jobs

LATECOMERS_S = 3
"""After so long, a submission that was under way at Ctrl-C is on record too."""

if __name__ == "__main__":
    if sys.argv[1:] == ["--all"]:
        jobs.delete(jobs.living())
        time.sleep(LATECOMERS_S)
        jobs.delete(jobs.living())
    else:
        jobs.delete(sys.argv[1:])
