"""Processes of one job: one works for all, and each ends as it would have ended alone.

Most tests have stand-ins for the work, which load no torch: a task is a word that says what comes
to pass. The last one is `detect.py` itself.
"""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import netCDF4
import pytest

from detection_runs import SHAPE, look, make_model
from labelled_factory import write_samples
from stormtrace.detect import shared_process

SCRIPTS = Path(__file__).parents[2] / "scripts"

#: `python stand_in.py WORD FOLDER-IT-READS`: four steps, each appended to the file `done` with the
#: number of the process that took it. What a word has made outlives the process, as checkpoints do.
STAND_IN = """
    import os, signal, sys, time
    from contextlib import ExitStack
    from pathlib import Path
    from stormtrace import commandline
    from stormtrace.detect import shared_process
    from stormtrace.errors import BadInput
    shared_process.LOOK_S, shared_process.WAIT_S = 0.02, 5

    def step(word):
        taken = Path("done").read_text().split("\\n") if Path("done").exists() else []
        if sum(line.startswith(word + " ") for line in taken) == 4:
            return False
        with open("done", "a") as done:
            done.write(f"{word} {os.getpid()}\\n")
        commandline.log.info("a step of %s", word)
        if word.startswith("fails"):
            raise BadInput(f"{word}, as it must")
        if word.startswith("bug"):
            raise KeyError(word)
        if word.startswith("kills"):
            os.kill(os.getpid(), signal.SIGKILL)
        if word.startswith("fills") and len(taken) < 20 and not Path("full").exists():
            Path("full").touch()
            raise MemoryError(word)
        time.sleep(SLOW)
        return True

    def prepare():
        def work(tasks):
            Path("groups").open("a").write(" ".join(one.flags[0] for _, one, _ in tasks) + "\\n")
            going = list(tasks)
            while going:
                for task in list(going):
                    client, asked, note = task
                    try:
                        with client.working():
                            if not client.is_wanted():
                                raise BadInput("not wanted")
                            more = step(asked.flags[0])
                            note.write(done=1)
                    except Exception as error:
                        going.remove(task)
                        client.ended(error)
                    else:
                        if not more:
                            going.remove(task)
                            client.ended(None)
        return work

    def main():
        asked = shared_process.Asked(sys.argv[1:], sys.argv[2], ["here"], 1e9)
        shared_process.share(asked, prepare)

    SLOW = float(os.environ.get("SLOW", 0))
    commandline.run(main)
"""


class Jobs:
    """Processes that share a folder; the first of `words` leads if it is to be so."""

    def __init__(self, folder, words, slow=0, first_leads=False):
        self.folder = folder
        (folder / "stand_in.py").write_text(textwrap.dedent(STAND_IN))
        environment = os.environ | {
            "PYTHONPATH": str(SCRIPTS),
            "STORMTRACE_TOGETHER": str(folder / "together"),
            "STORMTRACE_TOGETHER_COUNT": str(len(words)),
            "SLOW": str(slow),
        }
        self.jobs = {}
        for word, reads in words.items():
            self.jobs[word] = subprocess.Popen(
                [sys.executable, "stand_in.py", word, reads],
                cwd=folder,
                env=environment | {"STORMTRACE_LOG": str(folder / f"{word}.log")},
                stderr=subprocess.PIPE,
                text=True,
            )
            while first_leads and not self.is_led():
                time.sleep(0.01)

    def is_led(self):
        """Whether a process has the lock."""
        with contextlib.suppress(FileNotFoundError), (self.folder / "together/leader").open() as it:
            try:
                fcntl.flock(it, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def leader(self, least=1):
        """Return the word whose process works, once `least` steps are done."""
        until = time.monotonic() + 60
        while time.monotonic() < until and len(self.steps()) < least:
            time.sleep(0.01)
        number = int(self.steps()[-1][1])
        return next(word for word, job in self.jobs.items() if job.pid == number)

    def steps(self):
        """Return [word, process] of all steps."""
        with contextlib.suppress(FileNotFoundError):
            lines = (self.folder / "done").read_text().splitlines()
            return [line.split() for line in lines]
        return []

    def processes_of(self, word):
        """Return the words whose processes worked for one."""
        by_number = {str(job.pid): name for name, job in self.jobs.items()}
        return {by_number[number] for name, number in self.steps() if name == word}

    def end(self):
        """Wait for all; return word -> exit code, and keep what they said."""
        self.said = {word: job.communicate(timeout=60)[1] for word, job in self.jobs.items()}
        return {word: job.returncode for word, job in self.jobs.items()}

    def groups(self):
        """Return the words that were worked for together."""
        return [set(line.split()) for line in (self.folder / "groups").read_text().splitlines()]


def test_one_works_for_all_and_each_ends_as_its_own(tmp_path):
    words = {"a": "x", "b": "y", "fails": "x", "bug": "y", "c": "x"}
    jobs = Jobs(tmp_path, words)
    codes = jobs.end()
    assert codes == {"a": 0, "b": 0, "c": 0, "fails": 1, "bug": 1}
    assert len({number for _, number in jobs.steps()}) == 1
    assert sorted(map(sorted, jobs.groups())) == [["a", "c", "fails"], ["b", "bug"]]
    for word, said in jobs.said.items():
        others = words.keys() - {word}
        assert f"a step of {word}\n" in said
        assert not any(f"a step of {one}\n" in said for one in others)
    assert jobs.said["fails"].endswith("error: fails, as it must\n")
    assert "Traceback" in jobs.said["bug"] and "KeyError: 'bug'" in jobs.said["bug"]
    assert not list(tmp_path.glob("*.progress.json"))


def test_if_the_leader_is_killed_the_next_goes_on(tmp_path):
    """The one whose turn it was goes on by itself; others are still together."""
    words = {"a": "x", "b": "x", "c": "x", "d": "y"}
    jobs = Jobs(tmp_path, words, slow=0.1)
    leader = jobs.leader(least=2)
    turn = jobs.steps()[-1][0]
    jobs.jobs[leader].kill()
    codes = jobs.end()
    assert codes.pop(leader) == -signal.SIGKILL and set(codes.values()) == {0}
    for word in codes:
        assert len([1 for name, _ in jobs.steps() if name == word]) == 4
    if turn != leader:
        assert jobs.processes_of(turn) == {leader, turn}
        assert "it goes on by itself" in jobs.said[turn]


def test_one_that_kills_ends_its_leader_and_itself(tmp_path):
    words = {"a": "x", "b": "x", "kills": "x", "c": "y", "d": "x"}
    jobs = Jobs(tmp_path, words)
    codes = jobs.end()
    killed = {word for word, code in codes.items() if code == -signal.SIGKILL}
    assert "kills" in killed and len(killed) <= 2
    assert {codes[word] for word in codes.keys() - killed} == {0}
    assert jobs.processes_of("kills") <= killed


@pytest.mark.parametrize("first", ["a", "fills"])
def test_memory_used_up_in_company_is_tried_alone(tmp_path, first):
    """By its own process, whether that leads or not."""
    words = {first: "x"} | {"a": "x", "fills": "x", "b": "x"}
    jobs = Jobs(tmp_path, words, first_leads=True)
    assert set(jobs.end().values()) == {0}
    assert jobs.groups()[1:] == [{"fills"}]
    assert jobs.processes_of("fills") == {first, "fills"}
    assert "goes on by itself" in jobs.said["fills"]


def test_one_that_is_stopped_leaves_the_others_at_work(tmp_path):
    jobs = Jobs(tmp_path, {"a": "x", "b": "x", "c": "x"}, slow=0.1)
    leader = jobs.leader(least=2)
    follower = next(word for word in jobs.jobs if word != leader)
    jobs.jobs[follower].send_signal(signal.SIGTERM)
    assert jobs.jobs[follower].wait(30) == 143
    steps = len([1 for word, _ in jobs.steps() if word == follower])
    codes = jobs.end()
    assert steps < 4 and len([1 for word, _ in jobs.steps() if word == follower]) == steps
    assert codes.pop(follower) == 143 and set(codes.values()) == {0}


def test_a_leader_that_is_stopped_hands_over(tmp_path):
    """All of them together, too: nobody is to blame."""
    jobs = Jobs(tmp_path, {"a": "x", "b": "x", "c": "x"}, slow=0.1)
    leader = jobs.leader(least=2)
    jobs.jobs[leader].send_signal(signal.SIGTERM)
    codes = jobs.end()
    assert codes.pop(leader) == 143 and set(codes.values()) == {0}
    assert set(codes) in jobs.groups()
    assert not list(tmp_path.glob("together/*.again"))


def test_those_that_do_not_come_are_not_waited_for(tmp_path, monkeypatch):
    """One of two has died; of one that asks for another device nobody works for both."""
    monkeypatch.setenv(shared_process.FOLDER, str(tmp_path))
    monkeypatch.setenv(shared_process.COUNT, "4")
    asked = {"flags": [], "reads": "x", "alike": ["cpu"], "deadline": 1.0}
    for name, alike in (("1-1", ["cpu"]), ("2-2", ["cuda"])):
        (tmp_path / f"{name}.json").write_text(json.dumps(asked | {"alike": alike}))
    made = []
    start = time.monotonic()
    with (tmp_path / "2-2.lock").open("w") as alive:
        fcntl.flock(alive, fcntl.LOCK_EX)
        shared_process.share(shared_process.Asked(**asked), lambda: made.append)
    assert time.monotonic() - start < shared_process.WAIT_S / 2
    ((task,),) = made
    assert task[1].alike == ["cpu"]
    monkeypatch.setenv(shared_process.COUNT, "many")
    with pytest.raises(shared_process.BadInput, match="not 'many'"):
        shared_process.share(shared_process.Asked(**asked), lambda: made.append)


#: `detect.py`, of which the first process to lead stops at its third step, as if for ever.
SLOW = """
    import os, sys, time
    from pathlib import Path
    from stormtrace.commandline import LoggedProgress
    from stormtrace.formats import mask_writing
    mask_writing.SAVE_EVERY_S = 0
    advance = LoggedProgress.advance

    def slow(progress, count):
        advance(progress, count)
        if progress.done == 3 and not Path("led").exists():
            Path("led").write_text(str(os.getpid()))
            time.sleep(600)

    LoggedProgress.advance = slow
    sys.argv[0] = "detect.py"
    from detect import main
    from stormtrace.commandline import run
    run(main)
"""


def test_detections_go_on_where_a_killed_leader_was(tmp_path):
    """The script itself: masks are those of each alone, and the history has each one's flags."""
    model = make_model(tmp_path / "m", 3)
    samples = write_samples(tmp_path / "2001", 5, shape=SHAPE)
    (tmp_path / "slow.py").write_text(textwrap.dedent(SLOW))
    environment = os.environ | {"PYTHONPATH": str(SCRIPTS)}
    shared = {"STORMTRACE_TOGETHER": str(tmp_path / "together"), "STORMTRACE_TOGETHER_COUNT": "2"}

    def start(name, folder, **variables):
        flags = ["--model", model, "--samples", samples, "--output", f"{folder}/{name}.nc"]
        flags += ["--year", "2001", "--experiment", name, "--dataset", "d", "--grid", "g"]
        flags += ["--checkpoints", f"kept-{name}", "--device", "cpu", "--runtime", "torch"]
        flags += [
            "--batch",
            "1",
            "--blank",
            "allow",
            *(["--neutral", "PSL"] if name == "one" else []),
        ]
        return subprocess.Popen(
            [sys.executable, "slow.py", *flags],
            cwd=tmp_path,
            env=environment | variables,
            stderr=subprocess.PIPE,
            text=True,
        )

    jobs = {name: start(name, "out", **shared) for name in ("one", "other")}
    until = time.monotonic() + 100
    while not ((tmp_path / "led").exists() and (tmp_path / "led").read_text()):
        assert time.monotonic() < until
        time.sleep(0.05)
    led = next(name for name in jobs if jobs[name].pid == int((tmp_path / "led").read_text()))
    assert resident_mb(next(job.pid for name, job in jobs.items() if name != led)) < 100
    jobs[led].kill()
    said = {name: job.communicate(timeout=100)[1] for name, job in jobs.items()}
    assert {name: job.returncode for name, job in jobs.items()} == {
        name: -signal.SIGKILL if name == led else 0 for name in jobs
    }
    (follower,) = jobs.keys() - {led}
    assert "continuing after step" in said[follower]
    again = start(led, "out")
    assert "continuing after step" in again.communicate(timeout=100)[1] and again.returncode == 0

    for name in jobs:
        neutral = ["PSL"] if name == "one" else []
        alone, _ = look(model, samples, tmp_path / "alone.nc", neutral=neutral, runtime="torch")
        with netCDF4.Dataset(tmp_path / "out" / f"{name}.nc") as nc:
            nc.set_auto_maskandscale(False)
            assert (nc["mask"][:] == alone["mask"]).all()
            assert (nc["time"][:] == alone["time"]).all()
            assert f"--experiment {name} " in nc.history and nc.experiment == name


def resident_mb(process):
    """Memory of a process, where the kernel says it."""
    status = Path(f"/proc/{process}/status")
    if not status.exists():
        return 0
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
