"""Several processes of one script on this machine, of which one speaks.

torchrun does the same, but ends a failed training with a traceback of its own, below the sentence
that says what is wrong.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

#: Environment variable: where the processes meet, a file that all can write.
MEETING = "STORMTRACE_MEETING"

#: Seconds that processes have to stop by themselves: one may wait for another inside a library.
GRACE_S = 30

#: Between two looks at the processes, seconds.
LOOK_EVERY_S = 0.1


def is_launched() -> bool:
    """Whether this process is one of several already, ours or torchrun's."""
    return "RANK" in os.environ


def launch(count: int, command: Sequence[str]) -> None:
    """Run a command in `count` processes that know their rank; end as the first that fails.

    The first process writes the log; another one's words follow if it fails first. A stop is
    passed on to all.

    Raises:
        SystemExit: a process has failed, with its code.
        RuntimeError: a process was killed.

    """
    with tempfile.TemporaryDirectory() as folder, _started(count, command, Path(folder)) as all_:
        rank = _first_to_fail(all_)
        if rank is None:
            return
        code = all_[rank].returncode
        _stop(all_)
        if rank:
            sys.stderr.write(_said(Path(folder), rank))
    if code < 0:
        raise RuntimeError(f"process {rank + 1} of {count} was killed by signal {-code}")
    sys.exit(code)


@contextmanager
def _started(
    count: int, command: Sequence[str], folder: Path
) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Start all processes; stop those that still run at the end."""
    shared = {"WORLD_SIZE": str(count), MEETING: f"file://{folder}/meeting"}
    started: list[subprocess.Popen[bytes]] = []
    with ExitStack() as files:
        try:
            for rank in range(count):
                own = {"RANK": str(rank), "LOCAL_RANK": str(rank)}
                stream = files.enter_context(_log(folder, rank).open("wb")) if rank else None
                started.append(
                    subprocess.Popen(command, env=os.environ | shared | own, stderr=stream)
                )
            yield started
        finally:
            _stop(started)


def _first_to_fail(processes: Sequence[subprocess.Popen[bytes]]) -> int | None:
    """Wait until one has failed, and return its rank, or until all have succeeded."""
    while True:
        codes = [process.poll() for process in processes]
        for rank, code in enumerate(codes):
            if code:
                return rank
        if None not in codes:
            return None
        time.sleep(LOOK_EVERY_S)


def _stop(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Ask all that still run to stop, and end those that do not."""
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    end = time.monotonic() + GRACE_S
    for process in processes:
        try:
            process.wait(max(0.0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _log(folder: Path, rank: int) -> Path:
    return folder / f"{rank}.log"


def _said(folder: Path, rank: int) -> str:
    return _log(folder, rank).read_text(encoding="utf-8", errors="replace")
