#!/usr/bin/env python3
"""Submit a job script to PBS and print the job's id: `submit.py JOBSCRIPT`."""

import os
import sys

sys.path.insert(1, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "scheduler"))

import submission

submission.main()
