"""SIGTERM while a script still imports what it needs: it ends, and nothing is left.

A script sends itself the signal when it imports a module, which is one of Python's audit events.
`test_sets.py` has what comes later.
"""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts"

STOPPED = """
import os, runpy, signal, sys
module, script = sys.argv[1:3]
sys.argv = sys.argv[2:]
sys.path.insert(0, os.path.dirname(script))

def stop(name, arguments, sent=[]):
    if name == "import" and module in str(arguments[0]) and not sent:
        sent.append(name)
        os.kill(os.getpid(), signal.SIGTERM)

sys.addaudithook(stop)
runpy.run_path(script, run_name="__main__")
"""

#: Script -> flags of those that import the larger part of what they need once they have read them.
FLAGS = {
    "adopt_model.py": ["--weights", "w"],
    "check_labels.py": ["--samples", "train", "--labels", "[]"],
    "compute_statistics.py": [],
    "detect.py": [
        *("--model", "m", "--samples", "s", "--experiment", "e"),
        *("--dataset", "d", "--grid", "g", "--year", "1"),
    ],
    "evaluate.py": ["--model", "m", "--samples", "s"],
    "find_objects.py": [],
    "link_events.py": [],
    "make_planet.py": [],
    "make_samples.py": [],
    "compute_frequency.py": [],
    "train.py": ["--samples", "s", "--statistics", "f", "--model", "{}", "--checkpoints", "c"],
}


def start(folder, script, module, *flags):
    """Start a script in `folder` that is stopped when it imports `module`."""
    command = [sys.executable, "-c", STOPPED, module, str(SCRIPTS / script), *flags]
    folder.mkdir(exist_ok=True)
    return subprocess.Popen(
        [*command, "--output", "output"],
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def assert_stopped(process):
    said, _ = process.communicate(timeout=60)
    assert process.returncode in (-signal.SIGTERM, 128 + signal.SIGTERM), said
    assert "error" not in said.lower(), said


@pytest.mark.parametrize("module", ["stormtrace.commandline", "numpy"], ids=["early", "middle"])
def test_a_script_that_still_imports_ends_at_once(tmp_path, module):
    processes = {
        script: start(tmp_path / script, script, module, *flags) for script, flags in FLAGS.items()
    }
    for script, process in processes.items():
        assert_stopped(process)
        assert list((tmp_path / script).iterdir()) == [], script
