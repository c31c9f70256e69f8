"""Running Snakemake from tests: in a folder of its own, with an overlay of the demo's study."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def snakemake(folder, *arguments, overlay=None, check=True, front=None):
    """Run the workflow in `folder`; return the finished process, its output as text in `.stdout`.

    overlay: a mapping laid over the demo's configuration. front: a folder put first on PATH.
    """
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    command += ["--profile", str(ROOT / "profiles" / "local"), "--directory", str(folder)]
    if overlay is not None:
        file = Path(folder) / "overlay.json"
        file.write_text(json.dumps(overlay))
        command += ["--configfile", str(file)]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    if front:
        path = os.pathsep.join([str(front), path])
    done = subprocess.run(
        [*command, *arguments],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PATH": path},
        check=False,
    )
    assert not check or done.returncode == 0, done.stdout[-4000:]
    return done


def planned(folder, *arguments, overlay=None):
    """Return how many jobs of each rule a dry run plans: {rule: count}."""
    done = snakemake(folder, "--dry-run", "--quiet", "rules", *arguments, overlay=overlay)
    if "Nothing to be done" in done.stdout:
        return {}
    table = re.search(r"^job +count\n[- ]+\n(.*?)^total", done.stdout, re.DOTALL | re.MULTILINE)
    assert table, done.stdout[-2000:]
    counts = dict(line.split() for line in table[1].splitlines() if line.strip())
    return {rule: int(count) for rule, count in counts.items() if rule != "all"}
