"""The words of PBS, as NCAR's Casper has it: what a job asks of qsub, and what qstat says of jobs.

`slurm.py` says the same in Slurm's words; `jobs.py` and `submission.py` know neither.
"""

import os
import re
import subprocess
from typing import Any, Dict, List, Mapping, Optional

import request

NAME, TITLE, SUBMIT = "pbs", "PBS", "qsub"

LONGEST_MINUTES = 24 * 60
"""The limit of all of Casper's queues. PBS accepts a longer job, which then vanishes."""

MOST_CPUS = 144
"""CPUs of one job."""

GPUS_PER_NODE = {
    "v100": 8,
    "a100": 4,
    "a100_40gb": 4,
    "a100_80gb": 4,
    "h100": 4,
    "l40": 4,
    "gp100": 4,
    "cc80": 4,
    "cc90": 4,
}
"""gpu_type -> GPUs that no node exceeds. Not every node has as many; those PBS itself knows."""

PASSING = ("connect", "timed out", "timeout", "try again", "busy", "shutting down", "unavailable")
"""Words in the complaints of qsub about troubles that pass."""

FULL = ("would exceed", "maximum number of jobs")
"""The same when our share of it is used up: jobs have to end before another fits."""

MISCONFIGURED = ()  # type: Sequence[str]
"""The same about what every other job will meet as well."""

DELETE = 'for job; do qdel "$job"; done'
"""Deletes the jobs that are a shell's arguments.

One qdel each: several ids with an unknown one among them have brought a server of OpenPBS
down, and a job that PBS has forgotten may well be among ours.
"""

WHY_ENDED = r"=>> PBS: job killed: (.*)"
"""What PBS writes into the log of a job that it ends for its time or memory."""

ANSWER_TIMEOUT_S = 60

LETTERS = {"Q": "queued", "H": "queued", "W": "queued", "F": "ended"}
"""States of PBS -> ours; any other letter is of a job that runs, or is about to or just did."""

KILLED = ("265",)
"""Exit status of SIGKILL, as the kernel sends it where memory is used up."""

MEMORY_EXCEEDED = ("-26", "-27")
"""Exit status of jobs that PBS ended for their memory; the comment has `exceeded resource mem`."""


def arguments(
    properties: request.Properties, identity: str, environment: Mapping[str, str]
) -> List[str]:
    """Return the arguments of qsub, or raise Refused with a sentence for the user."""
    resources = properties["resources"]
    rule = request.rule_of(properties)
    options = [
        ("-N", request.name(properties)),
        ("-A", account(resources, environment)),
        ("-q", str(resources.get("pbs_queue") or "casper")),
        ("-l", select(rule, int(properties["threads"]), resources)),
        ("-l", walltime(rule, int(resources["runtime"]))),
        ("-j", "oe"),  # one log a job,
        ("-k", "oed"),  # written to its place while the job runs
        ("-o", os.path.join(request.log_folder(NAME, rule), "")),
        ("-m", "n"),  # no letters
        ("-r", "n"),  # PBS starts nothing again: that is Snakemake's business
        ("-W", f"umask={umask():03o}"),  # PBS has 077, and all that jobs make would be private
        ("-v", f"STORMTRACE_JOB={identity}"),
    ]
    return [word for option in options for word in option]


def environment_of(identity: str, environment: Mapping[str, str]) -> Dict[str, str]:
    """Return the environment of qsub, and of qstat and qdel."""
    return dict(environment)


def id_in(answer: str) -> str:
    """Return the id of a job in what qsub prints."""
    words = answer.split()
    return words[-1] if words else ""


def account(resources: Mapping[str, Any], environment: Mapping[str, str]) -> str:
    """Return the project to charge."""
    code = resources.get("pbs_account") or environment.get("PBS_ACCOUNT")
    if not code:
        raise request.Misconfigured(
            "no project to charge: `export PBS_ACCOUNT=<code>`, or set pbs_account under"
            " default-resources in profiles/pbs-casper/config.yaml"
        )
    return str(code)


def select(rule: str, cpus: int, resources: Mapping[str, Any]) -> str:
    """Return the select statement; the kind of GPU belongs inside the chunk."""
    gpus, model = int(resources.get("gpu") or 0), resources.get("gpu_model")
    if cpus > MOST_CPUS:
        raise request.Refused(f"{rule}: {cpus} threads; a job on Casper has at most {MOST_CPUS}")
    chunk = [f"ncpus={cpus}", f"mem={request.memory_mb(resources)}mb"]
    if gpus:
        _check_gpus(rule, gpus, model)
        chunk[1:1] = [f"mpiprocs={gpus}"]
        chunk += [f"ngpus={gpus}"] + ([f"gpu_type={model}"] if model else [])
    return "select=1:" + ":".join(chunk)


def walltime(rule: str, minutes: int) -> str:
    """Return the walltime statement."""
    if not 0 < minutes <= LONGEST_MINUTES:
        allowed = f"Casper allows 1 to {LONGEST_MINUTES}"
        raise request.Refused(f"{rule}: runtime of {minutes} minutes; {allowed}")
    return f"walltime={minutes // 60:02d}:{minutes % 60:02d}:00"


def umask() -> int:
    """Return the umask of this process."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def ask(jobs: List[str], environment: Mapping[str, str]) -> Dict[str, Dict[str, Any]]:
    """Return what PBS says of each of `jobs`, by number, in one question; none if it is silent."""
    try:
        process = subprocess.run(
            ["qstat", "-x", "-f", *jobs],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,  # complaints: there from PBS, on stdout from Casper's cache
            env=dict(environment),
            timeout=ANSWER_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    return parse(process.stdout.decode("utf-8", "replace"))


def parse(text: str) -> Dict[str, Dict[str, Any]]:
    """Return the facts in what `qstat -x -f` prints, by the job's number.

    The text form, because the JSON form tells of the first job only, and Casper's cached qstat
    puts its complaints into the middle of the JSON.
    """
    jobs = {}  # type: Dict[str, Dict[str, str]]
    current = {}  # type: Dict[str, str]
    unknown = []
    for line in text.replace("\n\t", "").splitlines():
        head = re.match(r"Job Id: (\d+)", line)
        missing = re.match(r"qstat: Unknown Job Id (\d+)", line)
        fact = re.match(r"    (job_state|Exit_status|comment) = (.*)", line)
        if head:
            current = jobs.setdefault(head.group(1), {})
        elif missing:
            unknown.append(missing.group(1))
        elif fact:
            current[fact.group(1)] = fact.group(2)
    told = {number: facts_of(job) for number, job in jobs.items()}  # type: Dict[str, Any]
    for number in unknown:
        told[number] = {"trouble": True, "comment": "PBS does not know it"}
    return told


def facts_of(job: Mapping[str, str]) -> Dict[str, Any]:
    """Return the facts about one job in our words: see `jobs.py`."""
    comment, ended_with = job.get("comment", ""), job.get("Exit_status")
    facts = {"comment": comment}  # type: Dict[str, Any]
    if "job_state" in job:
        facts["state"] = LETTERS.get(job["job_state"], "running")
    if comment.startswith("Can Never Run"):
        facts["trouble"] = True
    if facts.get("state") == "ended":
        # PBS has been seen to give a deleted job an exit status of 0; its comment is right.
        facts["succeeded"] = ended_with == "0" and "terminated" not in comment
        facts["memory"] = bool(
            ended_with in KILLED + MEMORY_EXCEEDED or re.search("exceeded resource v?mem", comment)
        )
        facts["comment"] = f"{ended_with or 'no exit status'}: {comment}"
    return facts


def _check_gpus(rule: str, gpus: int, model: Optional[str]) -> None:
    if model and model not in GPUS_PER_NODE:
        known = ", ".join(sorted(GPUS_PER_NODE))
        raise request.Refused(f"{rule}: gpu_model '{model}' is none of Casper's: {known}")
    most = GPUS_PER_NODE[model] if model else max(GPUS_PER_NODE.values())
    if gpus > most:
        raise request.Refused(
            f"{rule}: {gpus} GPUs ({model or 'any'}); no node has more than {most}"
        )
