#!/usr/bin/env python3
"""Delete jobs: `cancel.py 123.casper-pbs 124.casper-pbs …`, or `cancel.py --all` of this study's.

Snakemake kills this process after two seconds: so qdel goes on in one of its own.
"""

import sys
import time

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
