"""The words of Slurm: what a job asks of sbatch, and what squeue says of jobs.

sacct is never asked: without accounting it knows nothing, and in an outage as little. How a job
ended is in the marker it left; squeue tells which jobs are gone without one. `pbs.py` says the
same in PBS's words.
"""

import os
import signal
import subprocess
from typing import Any, Dict, List, Mapping, Sequence

import request

NAME, TITLE, SUBMIT = "slurm", "Slurm", "sbatch"

PASSING = (
    "unable to contact",
    "timed out",
    "connect",
    "temporarily unable",
    "try again",
    "unavailable",
    "standby",
    "zero bytes",
    "send failure",
    "receive failure",
    "invalid authentication credential",  # munge is starting
    "protocol authentication error",
)
"""Words in the complaints of sbatch about troubles that pass."""

FULL = ("submitjob", "job submit limit reached")
"""The same when our share of it is used up (such as AssocMaxSubmitJobLimit)."""

MISCONFIGURED = ("invalid account", "invalid partition", "invalid qos")
"""The same about what every other job will meet as well."""

DELETE = 'for wait in 0 30 60 120; do sleep $wait; scancel --quiet "$@" && break; done'
"""Deletes the jobs that are a shell's arguments; scancel succeeds with jobs that are gone."""

WHY_ENDED = r"slurmstepd\S*: error: \*\*\* (.*) \*\*\*"
"""What Slurm writes into the log of a job that it ends; Debian's says `slurmstepd-node01`."""

ANSWER_TIMEOUT_S = 60

WIDTH = 40
"""Of a column of squeue: no state and no reason has more characters, and ids have far fewer."""

QUEUED = ("PENDING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "RESV_DEL_HOLD", "SPECIAL_EXIT")

ENDED = (
    "BOOT_FAIL",
    "CANCELLED",
    "COMPLETED",
    "DEADLINE",
    "FAILED",
    "NODE_FAIL",
    "OUT_OF_MEMORY",
    "PREEMPTED",
    "REVOKED",
    "TIMEOUT",
)
"""States of jobs that are over; any other is of a job that runs, or is about to or just did."""

NEVER = (
    "BadConstraints",
    "DependencyNeverSatisfied",
    "InvalidAccount",
    "InvalidQOS",
    "PartitionConfig",
    "PartitionNodeLimit",
    "PartitionTimeLimit",
    "launch failed requeued held",
)
"""Reasons for waiting that do not pass, unless an administrator helps."""

OF_A_JOB = ("SLURM_CONF", "SLURM_CLUSTERS", "SLURM_JWT")
"""Variables SLURM_… that are of the site or the user and not of a job."""


def arguments(
    properties: request.Properties, identity: str, environment: Mapping[str, str]
) -> List[str]:
    """Return the arguments of sbatch."""
    resources = properties["resources"]
    log = os.path.join(request.log_folder(NAME, request.rule_of(properties)), "%j.log")
    gpus, model = int(resources.get("gpu") or 0), resources.get("gpu_model")
    options = [
        "--parsable",
        f"--job-name={request.name(properties)}",
        "--nodes=1",  # or four GPUs may be on four nodes
        "--ntasks=1",
        f"--cpus-per-task={int(properties['threads'])}",
        f"--mem={request.memory_mb(resources)}M",
        f"--time={int(resources['runtime'])}",
        f"--output={log}",  # and errors
        "--open-mode=append",
        "--no-requeue",  # Slurm starts nothing again: that is Snakemake's business
        "--export=ALL",
    ]
    if gpus:
        options.append(f"--gres=gpu:{model}:{gpus}" if model else f"--gres=gpu:{gpus}")
    for option in ("account", "partition", "qos", "constraint"):
        value = (gpus and resources.get(f"slurm_gpu_{option}")) or resources.get(f"slurm_{option}")
        if value:
            options.append(f"--{option}={value}")
    return options


def environment_of(identity: str, environment: Mapping[str, str]) -> Dict[str, str]:
    """Return the environment of sbatch, and so of the job, and that of squeue and scancel.

    Of a job that Snakemake itself runs in nothing is handed on; of the user's wishes for squeue
    and scancel neither, for they hide jobs or ask back. PATH travels twice, since login scripts
    on the node set it anew.
    """
    kept = {
        key: value
        for key, value in environment.items()
        if not key.startswith(("SLURM_", "SQUEUE_", "SCANCEL_")) or key in OF_A_JOB
    }
    kept.update(STORMTRACE_JOB=identity, STORMTRACE_PATH=environment.get("PATH", ""))
    return kept


def id_in(answer: str) -> str:
    """Return the id of a job in what sbatch prints, `123` or `123;cluster`."""
    words = answer.split()
    return words[-1].partition(";")[0] if words else ""


def ask(jobs: List[str], environment: Mapping[str, str]) -> Dict[str, Dict[str, Any]]:
    """Return what Slurm says of each of `jobs`, in one question; none if it is silent."""
    columns = ",".join(f"{name}:{WIDTH}" for name in ("JobID", "State", "exit_code", "Reason"))
    command = ["squeue", "--all", "--states=all", "--noheader", f"--Format={columns}"]
    try:
        process = subprocess.run(
            [*command, "--jobs=" + ",".join(jobs)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
            env=environment_of("", environment),
            timeout=ANSWER_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    # Of one job that it does not know squeue complains; of several it leaves such a one out.
    if process.returncode and "Invalid job id" not in process.stderr:
        return {}
    return parse(process.stdout, jobs)


def parse(text: str, asked: Sequence[str]) -> Dict[str, Dict[str, Any]]:
    """Return the facts in what squeue prints, in our words: see `jobs.py`."""
    unknown = {"trouble": True, "comment": "Slurm does not know it"}
    told = dict.fromkeys(asked, unknown)  # type: Dict[str, Dict[str, Any]]
    for line in text.splitlines():
        job, state, status, reason = (
            line[start : start + WIDTH].strip() for start in range(0, 4 * WIDTH, WIDTH)
        )
        if job in told:
            told[job] = facts_of(state, status, reason)
    return told


def facts_of(state: str, status: str, reason: str) -> Dict[str, Any]:
    """Return the facts about one job; `status` is that of wait(2), its last seven bits a signal."""
    comment = state if reason in ("None", "") else f"{state} ({reason})"
    if state in ENDED:
        killed = status.isdigit() and int(status) & 0x7F == signal.SIGKILL
        return {
            "state": "ended",
            "comment": f"{comment}, signal 9" if killed else comment,
            "succeeded": state == "COMPLETED",
            # The kernel's SIGKILL, or Slurm's own where no cgroup bounds a job.
            "memory": killed or state == "OUT_OF_MEMORY",
        }
    facts = {"state": "queued" if state in QUEUED else "running", "comment": comment}
    return dict(facts, trouble=True) if state in QUEUED and reason in NEVER else facts
