"""sbatch, squeue, scancel, scontrol and sacct: each takes the server's folder and its arguments.

The texts are those of Slurm 22.05 without accounting.
"""

import argparse
import os
import shutil
import signal
import time
from pathlib import Path

from store import HOST, complain, job_file, next_number, read_job, settings, write_json

LONGEST_MINUTES = 24 * 60
"""The partition's limit; longer jobs are taken and wait for ever."""

SCRIPT_FAILED = "sbatch: error: Batch job submission failed:"

OUTAGE = {
    verb: f"{what} Unable to contact slurm controller (connect failure)"
    for verb, what in {
        "sbatch": SCRIPT_FAILED,
        "squeue": "slurm_load_jobs error:",
        "scontrol": "slurm_load_jobs error:",
        "scancel": "scancel: error: Kill job error on job id 1:",
        "sacct": "sacct: error: slurm_persist_conn_open_without_init:",
    }.items()
}
"""Verb -> what it says while slurmctld is away."""


def sbatch(folder: Path, words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="sbatch")
    for option in ("job-name", "output", "open-mode", "export", "gres", "partition", "account"):
        parser.add_argument(f"--{option}", default="")
    for option in ("nodes", "ntasks", "cpus-per-task", "time"):
        parser.add_argument(f"--{option}", type=int, default=1)
    for option in ("parsable", "no-requeue", "hold"):
        parser.add_argument(f"--{option}", action="store_true")
    parser.add_argument("--mem", default="100M")
    parser.add_argument("--version", action="version", version="slurm-wlm 22.05.8")
    parser.add_argument("script", type=Path)
    asked = parser.parse_args(words)

    have, mem_mb = settings(folder), int(asked.mem.removesuffix("M"))
    gpus = int(asked.gres.rpartition(":")[2] or 0)
    if not asked.script.is_file():
        return complain(1, f"sbatch: error: Unable to open file {asked.script}")
    if asked.partition not in ("", "main"):
        error = f"sbatch: error: invalid partition specified: {asked.partition}"
        return complain(1, f"{error}\n{SCRIPT_FAILED} Invalid partition name specified")
    if mem_mb > have["mem_mb"] or gpus > have["ngpus"]:
        return complain(1, f"{SCRIPT_FAILED} Requested node configuration is not available")

    number = next_number(folder)
    shutil.copy(asked.script, folder / "scripts" / f"{number}.SC")
    mask = os.umask(0o077)
    minutes = f"{asked.time // 60:02d}:{asked.time % 60:02d}:00"
    chunk = {"ncpus": asked.cpus_per_task, "mem": f"{mem_mb}mb", "ngpus": gpus}
    job = {
        "Job_Name": asked.job_name or asked.script.name,
        "job_state": "H" if asked.hold else "Q",
        "Resource_List": {**chunk, "walltime": minutes},
        "Variable_List": {"STORMTRACE_JOB": os.environ.get("STORMTRACE_JOB", "")},
        "_asked": {"gres": asked.gres, "nodes": asked.nodes, "requeue": not asked.no_requeue},
        "_process": {
            "environment": {
                **{k: v for k, v in os.environ.items() if k not in ("FAKE_CLUSTER", "TMPDIR")},
                "SLURM_SUBMIT_DIR": str(Path.cwd()),
                "HOME": str(folder / "home"),  # a job's login shell runs no scripts of the tester
            },
            "numbered": {"SLURM_JOB_ID": "%j"},
            "folder": str(Path.cwd()),
            "log": str(Path.cwd() / (asked.output or "slurm-%j.out")),
            "at_walltime": f"slurmstepd: error: *** JOB {number} ON {HOST} CANCELLED AT"
            " 2026-11-30T11:00:00 DUE TO TIME LIMIT ***",
            "umask": mask,
        },
    }
    if asked.time > LONGEST_MINUTES:
        job["comment"] = "PartitionTimeLimit"
    write_json(job_file(folder, str(number)), job)
    print(number if asked.parsable else f"Submitted batch job {number}")
    return 0


def squeue(folder: Path, words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="squeue")
    for option in ("all", "noheader"):
        parser.add_argument(f"--{option}", action="store_true")
    for option in ("states", "jobs", "Format"):
        parser.add_argument(f"--{option}", default="")
    asked = parser.parse_args(words)
    names = asked.jobs.split(",") if asked.jobs else [p.stem for p in (folder / "jobs").iterdir()]
    found = {name: remembered(folder, name) for name in names}
    if len(names) == 1 and found[names[0]] is None:
        return complain(1, "slurm_load_jobs error: Invalid job id specified")
    for name, job in found.items():
        state, status, reason = said_of(job) if job else ("", 0, "")
        if state and (asked.states == "all" or state in ("PENDING", "RUNNING")):
            columns = {"JobID": name, "State": state, "exit_code": status, "Reason": reason}
            fields = [field.split(":") for field in asked.Format.split(",")]
            print("".join(f"{columns[key]!s:{width}}"[: int(width)] for key, width in fields))
    return 0


def remembered(folder: Path, name: str) -> dict | None:
    """A job, unless it ended longer ago than MinJobAge."""
    job, age = read_job(folder, name), settings(folder)["min_job_age_s"]
    return job if job and time.time() - job.get("_end", time.time()) <= age else None


def said_of(job: dict) -> tuple[str, int, str]:
    """State, status as of wait(2) and reason."""
    letter, code = job["job_state"], job.get("Exit_status")
    if letter in "QH":
        reason = job.get("comment", "Resources" if letter == "Q" else "JobHeldUser")
        return "PENDING", 0, reason
    if letter != "F":
        return "RUNNING", 0, "None"
    if code is None or code == 271:
        return "CANCELLED", signal.SIGTERM, "None"
    if code == -29:
        return "TIMEOUT", signal.SIGTERM, "TimeLimit"
    if code > 256:
        return "FAILED", code - 256, "JobLaunchFailure"
    return ("FAILED", code << 8, "NonZeroExitCode") if code else ("COMPLETED", 0, "None")


def scancel(folder: Path, words: list[str]) -> int:
    """Delete the jobs that are there, and go on after one that is not."""
    for name in words:
        if name.isdigit() and (job := read_job(folder, name)) and job["job_state"] != "F":
            (folder / "deletions" / name).touch()
    return 0


def scontrol(folder: Path, words: list[str]) -> int:
    """`release JOB` and `show job JOB`."""
    if words[0] == "release":
        (folder / "releases" / words[1]).touch()
        return 0
    job = remembered(folder, words[-1])
    if job is None:
        return complain(1, "slurm_load_jobs error: Invalid job id specified")
    asked = job["_asked"]
    print(f"JobId={words[-1]} JobName={job['Job_Name']}")
    print(f"   JobState={said_of(job)[0]} Requeue={int(asked['requeue'])} BatchHost={HOST}")
    print(f"   NumNodes={asked['nodes']} NumCPUs={job['Resource_List']['ncpus']}")
    print(f"   MinMemoryNode={job['Resource_List']['mem'].upper().removesuffix('B')}")
    if asked["gres"]:
        print(f"   TresPerNode=gres:{asked['gres']}")
    return 0


def sacct(folder: Path, words: list[str]) -> int:
    return complain(1, "Slurm accounting storage is disabled")
