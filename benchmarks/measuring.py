"""Commands run and measured as a user would run them, and rows of a table."""

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
#: How often what is compared is run in turn.
IN_TURN = 5
HEAD = ["| what | how | seconds | CPU s | peak MB | times ours |", "|---|---|---|---|---|---|"]


@dataclass
class Cost:
    """Wall and CPU seconds (user and system), and peak memory in MB where it was looked at."""

    seconds: float
    cpu: float
    peak_mb: float | None = None


@dataclass
class Row:
    """One line of the table; `ours` is what its seconds are compared with."""

    what: str
    how: str
    cost: Cost
    ours: Cost | None = None

    def line(self) -> str:
        """Return the row in Markdown. Ratios are of wall seconds."""
        cost = self.cost
        memory = "" if cost.peak_mb is None else f"{cost.peak_mb:,.0f}"
        ratio = "" if self.ours is None else f"{cost.seconds / self.ours.seconds:.1f}"
        times = f"{cost.seconds:.2f} | {cost.cpu:.2f}"
        return f"| {self.what} | {self.how} | {times} | {memory} | {ratio} |"


class Stopwatch:
    """Wall and CPU seconds of this process since it was made."""

    def __init__(self) -> None:
        self.start, self.spent = time.perf_counter(), os.times()

    def read(self) -> Cost:
        """Return what has been spent so far."""
        now = os.times()
        cpu = now.user - self.spent.user + now.system - self.spent.system
        return Cost(time.perf_counter() - self.start, cpu)


def measured(*commands: Sequence[object], timeout: float = float("inf")) -> Cost:
    """Run commands at the same time; their CPU seconds add, of their peaks the greatest counts.

    timeout: seconds after which they are ended, and SystemExit says so.
    """
    start, before = time.perf_counter(), os.times()
    jobs = [
        subprocess.Popen(
            [str(word) for word in command],
            env=ENVIRONMENT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for command in commands
    ]
    peak = 0.0
    while any(job.poll() is None for job in jobs):
        peak = max(peak, *(_high_water(job.pid) for job in jobs))
        time.sleep(0.02)
        if time.perf_counter() - start > timeout:
            for job in jobs:
                job.terminate()
    for job in jobs:
        assert job.stderr is not None
        if job.returncode:
            raise SystemExit(f"{job.args!r} failed:\n{job.stderr.read().decode()}")
    after = os.times()
    cpu = (
        after.children_user - before.children_user + after.children_system - before.children_system
    )
    return Cost(time.perf_counter() - start, cpu, peak)


def in_turn(*jobs: Sequence[Sequence[object]]) -> list[Cost]:
    """Return the quickest of several runs of each set of commands, with the greatest peak.

    They run in turn, so that they meet a shared machine's good and bad minutes alike, and all once
    before, to warm the page cache.
    """
    runs = [[measured(*commands) for commands in jobs] for _ in range(1 + IN_TURN)][1:]
    return [
        replace(min(costs, key=lambda cost: cost.seconds), peak_mb=max(_peaks(costs)))
        for costs in zip(*runs, strict=True)
    ]


def _peaks(costs: Iterable[Cost]) -> list[float]:
    return [cost.peak_mb for cost in costs if cost.peak_mb is not None]


def script(name: str, *flags: object) -> list[object]:
    """Return the command of one of our scripts."""
    return [sys.executable, SCRIPTS / name, *flags]


def flushed(paths: Iterable[Path]) -> None:
    """Bring files to the disk and out of the page cache: whoever reads them next reads the disk."""
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(handle)


def _high_water(pid: int) -> float:
    """Return the peak memory so far, MB (what wait4 tells counts the parent's at the fork)."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    lines = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(lines[0].split()[1]) * 1024 / 1e6 if lines else 0.0
