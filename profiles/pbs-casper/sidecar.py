#!/usr/bin/env python3
"""Stand beside Snakemake while it runs, and have all its jobs deleted when Ctrl-C is pressed.

Snakemake's own cancelling forgets the jobs whose status it is asking for at that very moment,
which may be all of them. A Snakemake that is killed, or whose terminal is lost, leaves its jobs
alone: the next one adopts them.
"""

import os
import signal
import subprocess
import sys
import time

CANCEL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cancel.py")


def main() -> None:
    """Wait for Ctrl-C, SIGTERM, or the death of Snakemake."""
    signal.signal(signal.SIGINT, lambda *_: delete_all())
    parent = os.getppid()
    print("ready", flush=True)  # Snakemake waits for a line
    while os.getppid() == parent:
        time.sleep(1)


def delete_all() -> None:
    """Start `cancel.py --all` where neither Ctrl-C nor Snakemake's end reaches it."""
    subprocess.Popen(
        [sys.executable, CANCEL, "--all"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


if __name__ == "__main__":
    main()
