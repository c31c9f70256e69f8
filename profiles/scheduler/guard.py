#!/usr/bin/env python3
"""Stand beside Snakemake from its first job on, and delete all its jobs when Ctrl-C is pressed.

At its end, delete the shared jobs that nothing waits for.

Snakemake's own cancelling forgets the jobs whose status it is asking for at that very moment,
which may be all of them. A Snakemake that is killed, or whose terminal is lost, leaves its jobs
alone: the next one adopts them. (The plugin's own `sidecar` would do, but a Snakemake that has
nothing to do never ends with one.)
"""

import fcntl
import os
import signal
import subprocess
import sys
import time
from typing import IO, Optional


def start(state: str) -> None:
    """Start the guard of the Snakemake that called this process, unless it stands already.

    state: the folder of the scheduler's records.

    It stays in Snakemake's process group, which is what a terminal sends Ctrl-C to.
    """
    master = snakemake_above(os.getppid()) or os.getppid()
    lock = take(state, master)
    if lock is None:
        return
    lock.close()
    cancel = os.path.join(os.path.dirname(os.path.realpath(sys.argv[0])), "cancel.py")
    subprocess.Popen(
        [sys.executable, os.path.abspath(__file__), str(master), state, cancel],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def main() -> None:
    """Wait for Ctrl-C or the end of Snakemake: `guard.py PROCESS STATE CANCEL_COMMAND`."""
    signal.signal(signal.SIGINT, lambda *_: delete("--all"))
    master, state = int(sys.argv[1]), sys.argv[2]
    lock = take(state, master)
    while lock is not None and os.path.exists("/proc/%d" % master):
        time.sleep(1)
    if lock is not None:
        delete("--idle")


def snakemake_above(process: int) -> int:
    """Return the process id of the Snakemake that `process` is or descends from, or 0."""
    ancestor = process
    while ancestor > 1:
        try:
            with open("/proc/%d/cmdline" % ancestor) as stream:
                words = [os.path.basename(word) for word in stream.read().split("\0")]
            if "snakemake" in words and not is_shell(ancestor):
                return ancestor
            ancestor = parent_of(ancestor)
        except OSError:
            break
    return 0


def is_shell(process: int) -> bool:
    """Whether a process is the shell that a command of Snakemake runs in."""
    with open("/proc/%d/comm" % process) as stream:
        return stream.read().strip() in ("sh", "bash", "dash")


def parent_of(process: int) -> int:
    """Return the parent's process id (fields after the name, which may hold spaces)."""
    with open("/proc/%d/stat" % process) as stream:
        return int(stream.read().rpartition(")")[2].split()[1])


def take(state: str, master: int) -> Optional[IO[str]]:
    """Return the open lock of the guard of `master`, or None if another process has it."""
    folder = os.path.join(state, "guards")
    os.makedirs(folder, exist_ok=True)
    lock = open(os.path.join(folder, str(master)), "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return None
    return lock


def delete(which: str) -> None:
    """Start `cancel.py` of the profile where neither Ctrl-C nor our end reaches it."""
    subprocess.Popen(
        [sys.executable, sys.argv[3], which],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


if __name__ == "__main__":
    main()
