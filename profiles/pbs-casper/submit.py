#!/usr/bin/env python3
"""Submit a job script to PBS: `commands.submit` in the folder of what all profiles share."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "scheduler"))

import commands
import pbs

commands.submit(pbs)
