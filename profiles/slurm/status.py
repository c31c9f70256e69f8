#!/usr/bin/env python3
"""Say how a job of Slurm is: `commands.status` in the folder of what all profiles share."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "scheduler"))

import commands
import slurm

commands.status(slurm)
