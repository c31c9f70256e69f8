"""SIGTERM at any moment of a script's life: it ends, and nothing half-made is left.

A script sends itself the signal at the first of some of Python's audit events: the import of a
module, or the renaming of what it has written.
"""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from labelled_factory import FIELDS, write_samples

SCRIPTS = Path(__file__).parents[1] / "scripts"

STOPPED = """
import os, runpy, signal, sys
event, word, script = sys.argv[1:4]
sys.argv = sys.argv[3:]
sys.path.insert(0, os.path.dirname(script))

def stop(name, arguments, sent=[]):
    if name == event and word in str(arguments[0]) and not sent:
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
    "merge_counts.py": [],
    "train.py": ["--samples", "s", "--statistics", "f", "--model", "{}", "--checkpoints", "c"],
}


def start(folder, script, event, word, *flags):
    """Start a script in `folder` that is stopped at the first `event` about `word`."""
    command = [sys.executable, "-c", STOPPED, event, word, str(SCRIPTS / script), *flags]
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
        script: start(tmp_path / script, script, "import", module, *flags)
        for script, flags in FLAGS.items()
    }
    for script, process in processes.items():
        assert_stopped(process)
        assert list((tmp_path / script).iterdir()) == [], script


@pytest.mark.parametrize("event", ["open", "os.rename"])
def test_a_script_that_writes_ends_with_nothing_left(tmp_path, event):
    samples = write_samples(tmp_path / "samples", 2)
    flags = ["--samples", str(samples), "--fields", *FIELDS]
    assert_stopped(
        start(tmp_path / "work", "compute_statistics.py", event, ".output.partial-", *flags)
    )
    assert list((tmp_path / "work").iterdir()) == []
