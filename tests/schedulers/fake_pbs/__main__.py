"""A small PBS for tests: the genuine one's answers and surprises, and real processes.

    fake_pbs serve FOLDER          server, scheduler and execution host in one process
    fake_pbs qsub|qstat|qdel|qrls  the commands, with FAKE_PBS=FOLDER

What it does was observed on OpenPBS 23.06.06 set up like Casper; `test_fake_pbs.py` holds it to
that. `FOLDER/settings.json` says how large the node is, how fast time runs and which jobs meet
an accident (`store.SETTINGS`).
"""

import json
import os
import sys
import time
from pathlib import Path

from commands import complain, qdel, qrls, qstat, qsub
from server import Server
from store import HOST


def main() -> int:
    """Be the server or one of the commands."""
    verb = sys.argv[1]
    if verb == "serve":
        return Server(Path(sys.argv[2])).run()
    folder = Path(os.environ["FAKE_PBS"])
    with (folder / "calls.log").open("a") as log:
        log.write(json.dumps([time.time(), *sys.argv[1:]]) + "\n")
    if (folder / "outage").exists():
        print("Connection refused", file=sys.stderr)
        return complain(255, f"{verb}: cannot connect to server {HOST} (errno=15010)")
    commands = {"qsub": qsub, "qstat": qstat, "qdel": qdel, "qrls": qrls}
    return commands[verb](folder, sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
