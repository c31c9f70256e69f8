#!/usr/bin/env python3
"""Delete jobs: `cancel.py 123.casper-pbs 124.casper-pbs …`.

Snakemake kills this process after two seconds: so qdel goes on in one of its own.
"""

import sys

import jobs

if __name__ == "__main__":
    jobs.delete(sys.argv[1:])
