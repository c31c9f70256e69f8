"""What a job asks PBS for: Snakemake's properties of a job in, the arguments of qsub out.

Standard library only, and Python 3.6: this runs on the login node, in whatever Python it has.
"""

import hashlib
import json
import os
import re
from typing import Any, Dict, List, Mapping, Optional

Properties = Dict[str, Any]

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

LOGS = os.path.join("logs", "pbs")


class Refused(Exception):
    """A request that Casper can never fulfil, or cannot charge to anybody."""


class NoAccount(Refused):
    """Nobody to charge, which no other job will have either."""


def properties_of(jobscript: str) -> Properties:
    """Return what Snakemake wrote about the job into the second line of its job script."""
    mark = "# properties = "
    with open(jobscript, encoding="utf-8") as lines:
        for line in lines:
            if line.startswith(mark):
                return json.loads(line[len(mark) :])
    raise Refused(f"no line '{mark}…' in {jobscript}")


def rule_of(properties: Properties) -> str:
    """Return the job's rule, or the name of its group."""
    return str(properties.get("rule") or properties.get("groupid"))


def identity(properties: Properties) -> str:
    """Return what makes a job this job and no other: who makes the same files is the same job.

    Resources are left out: the second attempt, with more memory, is still the same job.
    """
    made = properties.get("output") or [properties.get("wildcards"), properties.get("log")]
    return _digest([rule_of(properties), made])


def content(properties: Properties) -> str:
    """Return a digest of what a job works on; a job with other content must not be adopted."""
    return _digest([properties.get("input"), properties.get("params")])


def arguments(properties: Properties, environment: Mapping[str, str]) -> List[str]:
    """Return the arguments of qsub, or raise Refused with a sentence for the user."""
    resources = properties["resources"]
    rule = rule_of(properties)
    options = [
        ("-N", name(properties)),
        ("-A", account(resources, environment)),
        ("-q", str(resources.get("pbs_queue") or "casper")),
        ("-l", select(rule, int(properties["threads"]), resources)),
        ("-l", walltime(rule, int(resources["runtime"]))),
        ("-j", "oe"),  # one log a job,
        ("-k", "oed"),  # written to its place while the job runs
        ("-o", os.path.join(log_folder(rule), "")),  # relative: é in a path of ours is refused
        ("-m", "n"),  # no letters
        ("-r", "n"),  # PBS starts nothing again: that is Snakemake's business
        ("-v", f"STORMTRACE_JOB={identity(properties)}"),
    ]
    return [word for option in options for word in option]


def name(properties: Properties) -> str:
    """Return a name for qstat: the rule and its wildcards, in characters PBS does not refuse."""
    wildcards = properties.get("wildcards") or {}
    words = [rule_of(properties)] + [str(wildcards[key]) for key in sorted(wildcards)]
    clean = _clean(".".join(words))
    return (clean if clean[:1].isalpha() else f"job.{clean}")[:80]


def log_folder(rule: str) -> str:
    """Return the folder for the logs of PBS itself; PBS names the files by the job's id."""
    return os.path.join(LOGS, _clean(rule))


def account(resources: Mapping[str, Any], environment: Mapping[str, str]) -> str:
    """Return the project to charge."""
    code = resources.get("pbs_account") or environment.get("PBS_ACCOUNT")
    if not code:
        raise NoAccount(
            "no project to charge: `export PBS_ACCOUNT=<code>`, or set pbs_account under"
            " default-resources in profiles/pbs-casper/config.yaml"
        )
    return str(code)


def select(rule: str, cpus: int, resources: Mapping[str, Any]) -> str:
    """Return the select statement; the kind of GPU belongs inside the chunk."""
    gpus, model = int(resources.get("gpu") or 0), resources.get("gpu_model")
    if cpus > MOST_CPUS:
        raise Refused(f"{rule}: {cpus} threads; a job on Casper has at most {MOST_CPUS}")
    chunk = [f"ncpus={cpus}", f"mem={int(resources['mem_mb'])}mb"]
    if gpus:
        _check_gpus(rule, gpus, model)
        chunk[1:1] = [f"mpiprocs={gpus}"]
        chunk += [f"ngpus={gpus}"] + ([f"gpu_type={model}"] if model else [])
    return "select=1:" + ":".join(chunk)


def walltime(rule: str, minutes: int) -> str:
    """Return the walltime statement."""
    if not 0 < minutes <= LONGEST_MINUTES:
        raise Refused(f"{rule}: runtime of {minutes} minutes; Casper allows 1 to {LONGEST_MINUTES}")
    return f"walltime={minutes // 60:02d}:{minutes % 60:02d}:00"


def _check_gpus(rule: str, gpus: int, model: Optional[str]) -> None:
    if model and model not in GPUS_PER_NODE:
        known = ", ".join(sorted(GPUS_PER_NODE))
        raise Refused(f"{rule}: gpu_model '{model}' is none of Casper's: {known}")
    most = GPUS_PER_NODE[model] if model else max(GPUS_PER_NODE.values())
    if gpus > most:
        raise Refused(f"{rule}: {gpus} GPUs ({model or 'any'}); no node has more than {most}")


def _clean(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", text)


def _digest(facts: object) -> str:
    text = json.dumps(facts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:24]
