"""A small cluster for tests, with real processes and the answers and surprises of PBS or Slurm.

    fake_cluster serve FOLDER                          server, scheduler and execution host in one process
    fake_cluster qsub|qstat|qdel|qrls                  the commands of PBS, with FAKE_CLUSTER=FOLDER
    fake_cluster sbatch|squeue|scancel|scontrol|sacct  those of Slurm

What it does was observed on OpenPBS 23.06.06 set up like Casper and on Slurm 22.05.8;
`test_fake_pbs.py` and `test_fake_slurm.py` hold it to that. `FOLDER/settings.json` says how large the
node is, how fast time runs and which jobs meet an accident (`store.SETTINGS`). Inside, jobs are kept in
the words of PBS.
"""

import json
import os
import sys
import time
from pathlib import Path

import pbs_commands
import slurm_commands
from server import Server
from store import HOST, complain


def main() -> int:
    """Be the server or one of the commands."""
    verb = sys.argv[1]
    if verb == "serve":
        return Server(Path(sys.argv[2])).run()
    folder = Path(os.environ["FAKE_CLUSTER"])
    with (folder / "calls.log").open("a") as log:
        log.write(json.dumps([time.time(), *sys.argv[1:]]) + "\n")
    is_pbs = verb.startswith("q")
    if (folder / "outage").exists() and is_pbs:
        print("Connection refused", file=sys.stderr)
        return complain(255, f"{verb}: cannot connect to server {HOST} (errno=15010)")
    if (folder / "outage").exists():
        return complain(1, slurm_commands.OUTAGE[verb])
    return getattr(pbs_commands if is_pbs else slurm_commands, verb)(folder, sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
