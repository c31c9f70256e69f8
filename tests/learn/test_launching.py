"""Several processes of one command: they know their rank, one speaks, and none outlives the first failure."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stormtrace.learn.launching import MEETING, launch

SCRIPTS = Path(__file__).parents[2] / "scripts"


def python(code):
    return [sys.executable, "-c", f"import os, sys, time\nrank = int(os.environ['RANK'])\n{code}"]


def test_processes_know_their_rank_and_where_they_meet(tmp_path):
    keys = ("RANK", "LOCAL_RANK", "WORLD_SIZE", MEETING)
    said = f"open(r'{tmp_path}/' + str(rank), 'w').write(' '.join(os.environ[k] for k in {keys}))"
    launch(3, python(said))
    found = [(tmp_path / str(rank)).read_text().split() for rank in range(3)]
    assert [one[:3] for one in found] == [[str(rank), str(rank), "3"] for rank in range(3)]
    (meeting,) = {one[3] for one in found}
    assert meeting.startswith("file:///") and "RANK" not in os.environ


@pytest.mark.parametrize("failing", [0, 1])
def test_the_sentence_of_the_first_failure_is_the_last_that_is_read(capfd, failing):
    """The other one would wait a minute, and is stopped. What only rank 1 says is read once."""
    code = f"rank == {failing} and sys.exit('error: of ' + str(rank))\ntime.sleep(60)"
    start = time.monotonic()
    with pytest.raises(SystemExit) as stop:
        launch(2, python(code))
    assert stop.value.code == 1 and time.monotonic() - start < 30
    assert capfd.readouterr().err == f"error: of {failing}\n"


def test_a_killed_process_is_one_that_memory_may_have_killed():
    """In words that `stormtrace.memory` knows."""
    with pytest.raises(RuntimeError, match="process 2 of 2 was killed by signal 9"):
        launch(2, python("rank and os.kill(os.getpid(), 9)\ntime.sleep(60)"))


def test_a_stop_reaches_every_process(tmp_path):
    """They write down that SIGTERM came; the launcher ends as every stopped script does."""
    code = (
        "import signal, pathlib\n"
        f"here = pathlib.Path(r'{tmp_path}')\n"
        "def stop(*_):\n    (here / f'stopped {rank}').touch()\n    sys.exit(143)\n"
        "signal.signal(signal.SIGTERM, stop)\n"
        "(here / f'ready {rank}').touch()\ntime.sleep(60)"
    )
    main = (
        f"import sys\nsys.path.insert(0, {str(SCRIPTS)!r})\n"
        "from stormtrace import commandline\nfrom stormtrace.learn.launching import launch\n"
        f"commandline.run(lambda: launch(2, {python(code)!r}))"
    )
    process = subprocess.Popen([sys.executable, "-c", main])
    end = time.monotonic() + 60
    while len(list(tmp_path.glob("ready *"))) < 2 and time.monotonic() < end:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 128 + signal.SIGTERM
    assert sorted(path.name for path in tmp_path.glob("stopped *")) == ["stopped 0", "stopped 1"]
