"""How scripts fail: one sentence for a person, no traceback; and how long work still takes."""

import errno
import json
import logging
import os
import runpy
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pyarrow
import pytest

from stormtrace import commandline, signals
from stormtrace.errors import BadInput, OutOfTime
from stormtrace.files import writing

SCRIPTS = Path(__file__).parents[1] / "scripts"


def failing(error):
    def main():
        raise error

    with pytest.raises(SystemExit) as stop:
        commandline.run(main)
    return str(stop.value)


def test_bad_input_is_told_in_its_own_words():
    assert failing(BadInput("Q of 2090 is missing; restore it")) == (
        "error: Q of 2090 is missing; restore it"
    )


ENDING = """
import atexit, gc
from stormtrace.commandline import run

class Garbage:
    def __init__(self):
        self.itself = self
    def __del__(self):
        print("looked for")

def main():
    atexit.register(lambda: print("at exit"))
    Garbage()
    raise SystemExit("failed") if {fails} else SystemExit

run(main)
"""


@pytest.mark.parametrize("fails", [True, False])
def test_the_end_of_a_script_looks_for_no_garbage(tmp_path, fails):
    """Which takes a short job, with all objects of its libraries, up to a fifth of its time."""
    script = tmp_path / "script.py"
    script.write_text(ENDING.format(fails=fails))
    environment = os.environ | {"PYTHONPATH": str(SCRIPTS)}
    command = [sys.executable, script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (int(fails), "at exit\n")


def test_what_the_system_refuses_comes_with_advice():
    assert "disk is full: free some space" in failing(OSError(errno.ENOSPC, "No space left"))
    denied = failing(PermissionError(errno.EACCES, "Permission denied", "/archive/x.nc"))
    assert "/archive/x.nc" in denied and "ask its owner" in denied
    unreadable = failing(PermissionError(errno.EACCES, "Permission denied", __file__))
    assert "ask the owner of it" in unreadable and "write" not in unreadable


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("Unable to allocate 3.2 GiB for an array"),
        pyarrow.lib.ArrowMemoryError("malloc of size 3435973836 failed"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 3 bytes\nmore"),
        RuntimeError("CUDA out of memory. Tried to allocate 3.20 GiB"),
        RuntimeError("NetCDF: Memory allocation (malloc) failure"),
    ],
)
def test_out_of_memory_is_told_with_the_key_that_asks_for_more(error, monkeypatch):
    assert failing(error).startswith(f"error: out of memory ({str(error).splitlines()[0]}): run")
    monkeypatch.setenv("STORMTRACE_MEMORY", "2500")
    monkeypatch.setenv("STORMTRACE_LOG", "results/logs/detect/control/2000.log")
    told = failing(error)
    assert "asked for 2500 MB" in told and "--set-resources detect:mem_mb=5000 " in told
    assert "\n" not in told


def test_a_helper_that_was_killed_is_told_with_the_key_that_asks_for_more(monkeypatch):
    monkeypatch.setenv("STORMTRACE_MEMORY", "2500")
    monkeypatch.setenv("STORMTRACE_LOG", "results/logs/detect/control/2000.log")
    told = failing(RuntimeError("DataLoader worker (pid 5) is killed by signal: Killed. "))
    assert told.startswith(
        "error: DataLoader worker (pid 5) is killed by signal: Killed: killed, by"
    )
    assert "--set-resources detect:mem_mb=5000 " in told


@pytest.mark.parametrize(
    ("code", "said", "killed"),
    [
        (137, "12:00:00 steps: 3 of 8", True),
        (-9, "", False),  # as no shell says it
        (134, "terminate called after throwing an instance of 'std::bad_alloc'", True),
        (1, "traceback : Signal 9 (SIGKILL) received by PID 5", True),  # of torch.distributed
        (1, "error: V850 has 1 missing value", False),
        (143, "12:00:00 steps: 3 of 8", False),
    ],
)
def test_the_kernels_kill_is_told_in_the_jobs_log(tmp_path, monkeypatch, code, said, killed):
    """A script that is killed by SIGKILL can say nothing; the rule's shell goes on."""
    log = tmp_path / "results" / "logs" / "detect" / "control" / "2000.log"
    log.parent.mkdir(parents=True)
    log.write_text(f"{said}\n")
    flags = ["--code", str(code), "--memory", "2500", "--log", str(log)]
    monkeypatch.setattr(sys, "argv", ["report_kill.py", *flags])
    monkeypatch.setenv("STORMTRACE_MEMORY", "")  # is put back
    monkeypatch.setenv("STORMTRACE_LOG", "")
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(SCRIPTS / "report_kill.py"), run_name="__main__")
    assert end.value.code == code
    lines = log.read_text().splitlines()
    assert lines[0] == said and len(lines) == 1 + killed
    if killed:
        assert lines[1].startswith("error: killed, by the kernel if memory was used up, ")
        assert "asked for 2500 MB" in lines[1]
        assert "--set-resources detect:mem_mb=5000 " in lines[1]


def test_other_errors_keep_their_traceback():
    def main():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        commandline.run(main)


@pytest.mark.parametrize("lines", [1, 100_000])
def test_a_reader_that_leaves_is_no_error(monkeypatch, lines):
    """`status.py | head -1`: nothing is said, whether it left before the last line or in between."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as pipe, pytest.raises(SystemExit) as stop:
        monkeypatch.setattr(sys, "stdout", pipe)
        commandline.run(lambda: print("a line\n" * lines))
    assert stop.value.code == 128 + signal.SIGPIPE


def test_another_pipe_that_breaks_is_told():
    assert failing(BrokenPipeError(errno.EPIPE, "Broken pipe")).startswith("error: Broken pipe")


def test_a_stop_that_a_library_swallows_is_heeded_all_the_same(tmp_path, sigterm):
    """netCDF4 has bare `except:` clauses: one job in ten went on after SIGTERM, and ended with 0."""
    made = []

    def work():
        with writing(tmp_path / "out") as partial:
            partial.mkdir()
            for step in commandline.progress(range(8), "steps", 8):
                made.append(step)
                if step == 2:
                    with suppress(SystemExit):
                        signal.raise_signal(signal.SIGTERM)

    with pytest.raises(SystemExit) as stop:
        commandline.run(work)
    assert stop.value.code == 128 + signal.SIGTERM
    assert made == [0, 1, 2] and list(tmp_path.iterdir()) == []


def test_a_swallowed_stop_comes_again_though_nobody_asks(sigterm):
    """In a callback or an import there is no `progress` that would heed it."""

    def work():
        with suppress(BaseException):
            signal.raise_signal(signal.SIGTERM)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            time.sleep(0.01)
        raise AssertionError("it went on")

    with pytest.raises(SystemExit) as stop:
        commandline.run(work)
    assert stop.value.code == 128 + signal.SIGTERM
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_a_second_stop_does_not_disturb_the_tidying_up_after_the_first(sigterm):
    tidied = []

    def work():
        try:
            signal.raise_signal(signal.SIGTERM)
            time.sleep(10)
        finally:
            with suppress(KeyError):
                signal.raise_signal(signal.SIGTERM)
                for _ in range(20):  # longer than the stop waits before it comes again
                    time.sleep(0.01)
                {}["absent"]
            tidied.append("all")

    with pytest.raises(SystemExit):
        commandline.run(work)
    assert tidied == ["all"]


def test_what_is_written_when_a_stop_was_swallowed_is_not_published(tmp_path, sigterm):
    signals.handle_sigterm()
    with pytest.raises(SystemExit), writing(tmp_path / "a.nc") as partial:
        partial.touch()
        with suppress(SystemExit):
            signals._stop(signal.SIGTERM, None)
    assert list(tmp_path.iterdir()) == []
    with writing(tmp_path / "checkpoint") as partial:  # on the way out
        partial.touch()
    assert (tmp_path / "checkpoint").exists()


def test_a_job_out_of_time_says_that_it_goes_on():
    assert failing(OutOfTime("3 of 8 steps are done")) == (
        "out of time: 3 of 8 steps are done; started again, the job goes on from there"
    )


@pytest.fixture
def note(tmp_path, monkeypatch):
    """Where a job notes its progress, as often as it can."""
    monkeypatch.setattr(commandline, "LOG_EVERY_S", 0)
    monkeypatch.setattr(commandline, "NOTE_EVERY_S", 0)
    monkeypatch.setenv("STORMTRACE_LOG", str(tmp_path / "2000.log"))
    return tmp_path / "2000.progress.json"


def test_progress_says_how_much_is_done(caplog, note):
    with caplog.at_level(logging.INFO, logger="stormtrace"):
        assert list(commandline.progress(range(3), "steps", 3)) == [0, 1, 2]
    assert "steps: 1 of 3\n" in caplog.text  # nobody knows the pace yet
    assert "steps: 2 of 3, about 0 s left" in caplog.text
    assert "steps: 3 in" in caplog.text


def test_progress_is_noted_beside_the_log(note):
    told = commandline.progress(["ab", "cd", "e"], "steps", 7, done=2, size=len)
    next(told)
    assert json.loads(note.read_text())["done"] == 2  # an earlier attempt's
    assert json.loads(note.read_text())["seconds_left"] is None  # nobody knows the pace yet
    next(told)
    now = json.loads(note.read_text())
    assert (now["what"], now["done"], now["total"]) == ("steps", 4, 7)
    assert now["seconds_left"] is None
    assert abs(time.time() - now["time"]) < 10
    next(told)
    assert 0 <= json.loads(note.read_text())["seconds_left"] < 10
    list(told)
    assert json.loads(note.read_text())["done"] == 7
    assert [path.name for path in note.parent.iterdir()] == [note.name]


def test_the_clock_starts_after_the_first_step(monkeypatch):
    """A first step of 100 s, then 1 s each: 6 of 10 done, so 4 s left, and not 70 s."""
    clock = iter([100.0, *(100.0 + step for step in range(1, 10))])
    monkeypatch.setattr(commandline.time, "monotonic", lambda: next(clock))
    pace = commandline.Pace(10)
    told = [pace.seconds_left(done) for done in range(1, 11)]
    assert told == [None, 8, 7, 6, 5, 4, 3, 2, 1, 0]


def test_the_pace_of_an_attempt_that_goes_on_is_its_own(monkeypatch):
    """2 of 12 were done before; batches of 2, 3 s each: after the second, 6 of 12 and 9 s left."""
    clock = iter([50.0, 53.0])
    monkeypatch.setattr(commandline.time, "monotonic", lambda: next(clock))
    pace = commandline.Pace(12)
    assert [pace.seconds_left(4), pace.seconds_left(6)] == [None, 9]


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (99, "99 s"), (720, "12 min"), (12000, "3 h 20 min")]
)
def test_times_in_words(seconds, words):
    assert commandline.duration(seconds) == words


def test_notes_are_rare_and_none_is_made_without_a_rule(note, monkeypatch):
    monkeypatch.setattr(commandline, "NOTE_EVERY_S", 100)
    told = commandline.progress(range(1000), "steps", 1000)
    for _ in range(900):
        next(told)
    assert json.loads(note.read_text())["done"] == 0
    note.unlink()
    monkeypatch.delenv("STORMTRACE_LOG")
    list(commandline.progress(range(3), "steps", 3))
    assert list(note.parent.iterdir()) == []


def test_a_note_that_cannot_be_written_fails_no_job(note, monkeypatch):
    monkeypatch.setenv("STORMTRACE_LOG", str(note.parent / "nowhere" / "2000.log"))
    assert list(commandline.progress(range(3), "steps", 3)) == [0, 1, 2]


def test_a_job_is_noted_while_it_runs(note, monkeypatch, caplog):
    def main():
        seen.append(json.loads(note.read_text()))
        raise BadInput("x")

    seen = []
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    note.write_text(
        json.dumps(
            {"host": socket.gethostname(), "process": gone.pid, "memory": "train:mem_mb=100"}
        )
    )
    monkeypatch.setenv("STORMTRACE_MEMORY", "200")  # of the second attempt
    with caplog.at_level(logging.WARNING), pytest.raises(SystemExit):
        commandline.run(main)
    assert "the attempt before was killed: the job asked for 100 MB" in caplog.text
    assert seen[0]["process"] == os.getpid()
    assert 0 <= time.time() - seen[0]["started"] < 3600
    assert not note.exists()


@pytest.mark.parametrize("text", ["0", "-3", "1.5", "many", ""])
def test_a_flag_that_counts_is_1_or_more(text, capsys):
    """A batch of −3 samples made a mask file without a step."""
    parser = commandline.parser("A script.")
    parser.add_argument("--batch", type=commandline.positive)
    assert parser.parse_args(["--batch", "3"]).batch == 3
    with pytest.raises(SystemExit):
        parser.parse_args([f"--batch={text}"])
    assert "must be a whole number from 1 on" in capsys.readouterr().err
