"""What the fake cluster keeps on disk, and its settings.

Every job's attributes stand in `FOLDER/jobs/<number>.json`: qsub or sbatch creates the file, from then on
the server alone writes it. qdel or scancel leaves a wish in `FOLDER/deletions/`.
"""

import fcntl
import json
import sys
from pathlib import Path

HOST = "casper-pbs"
SETTINGS = {
    "ncpus": 64,
    "ngpus": 4,
    "mem_mb": 1_000_000,
    "gpu_types": ["a100", "a100_80gb", "cc80"],
    "minute_s": 60.0,  # how long a minute of walltime lasts
    "kill_delay_s": 1.0,  # between SIGTERM and SIGKILL
    "node_environment": {},
    "min_job_age_s": 300.0,  # for so long Slurm remembers a job that has ended
    "accidents": 0.0,  # the share of rules whose first job is killed on its way
    "accident_within_s": 2.0,  # of CPU time, so that a busy machine does not shift the moment
    "seed": 0,
}


def complain(code: int, text: str) -> int:
    print(text, file=sys.stderr)
    return code


def job_file(folder: Path, number: str) -> Path:
    return folder / "jobs" / f"{number}.json"


def read_job(folder: Path, job: str) -> dict | None:
    """The attributes of a job given as `12` or `12.casper-pbs`, or None."""
    number, _, server = job.partition(".")
    try:
        return json.loads(job_file(folder, number).read_text()) if server in ("", HOST) else None
    except FileNotFoundError:
        return None


def write_json(path: Path, value: object) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(value))
    partial.replace(path)


def next_number(folder: Path) -> int:
    with (folder / "next").open("a+") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        stream.seek(0)
        number = int(stream.read() or 0)
        stream.truncate(0)
        stream.write(str(number + 1))
    return number


def settings(folder: Path) -> dict:
    path = folder / "settings.json"
    return SETTINGS | (json.loads(path.read_text()) if path.exists() else {})


def seconds(walltime: str) -> int:
    hours, minutes, rest = map(int, walltime.split(":"))
    return 3600 * hours + 60 * minutes + rest
