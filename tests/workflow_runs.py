"""Running Snakemake from tests: in a folder of its own, with an overlay of the demo's study."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from script_runs import forked, forking_python

ROOT = Path(__file__).resolve().parents[1]


def stand_in_checkout(folder):
    """Make `folder` a checkout whose scripts make their outputs, empty, and nothing else."""
    for name in ("config", "envs", "profiles", "workflow"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "Snakefile", folder)
    (folder / "scripts").mkdir()
    (folder / "scripts" / "stormtrace").symlink_to(ROOT / "scripts" / "stormtrace")
    for script in (ROOT / "scripts").glob("*.py"):
        shutil.copy(ROOT / "tests" / "stand_in.py", folder / "scripts" / script.name)
    return folder


def snakemake(folder, *arguments, overlay=None, check=True, root=ROOT, alone=False):
    """Run the workflow in `folder`; return the finished process, its output as text in `.stdout`.

    overlay: a mapping laid over the demo's configuration. root: the checkout to run. alone: Snakemake
    and each job load their libraries themselves, as a user's do.
    """
    command = ["--snakefile", str(root / "Snakefile")]
    command += ["--profile", str(root / "profiles" / "local"), "--directory", str(folder)]
    command += arguments  # before the flag that takes all words after it for files
    if overlay is not None:
        file = Path(folder) / "overlay.json"
        file.write_text(json.dumps(overlay))
        command += ["--configfile", str(file)]
    done = _alone(command) if alone else _forked(command, jobs=root == ROOT)
    assert not check or done.returncode == 0, done.stdout[-4000:]
    return done


def _alone(arguments):
    command = [sys.executable, "-m", "snakemake", *arguments]
    return subprocess.run(
        command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )


def _forked(arguments, jobs):
    """Run Snakemake as a fork of a Python that has loaded it; its jobs, too, where they load any."""
    environment = os.environ | ({"PYTHON_OF_JOBS": forking_python()} if jobs else {})
    return forked("-m", "snakemake", *arguments, environment=environment, together=True)


def planned(folder, *arguments, overlay=None, root=ROOT):
    """Return how many jobs of each rule a dry run plans: {rule: count}."""
    done = snakemake(
        folder, "--dry-run", "--quiet", "rules", *arguments, overlay=overlay, root=root
    )
    if "Nothing to be done" in done.stdout:
        return {}
    table = re.search(r"^job +count\n[- ]+\n(.*?)^total", done.stdout, re.DOTALL | re.MULTILINE)
    assert table, done.stdout[-2000:]
    counts = dict(line.split() for line in table[1].splitlines() if line.strip())
    return {rule: int(count) for rule, count in counts.items() if rule != "all"}
