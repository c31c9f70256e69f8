"""What a job is, whatever the scheduler: Snakemake's properties of it, its name and its identity.

Standard library only, and Python 3.6: this runs on the login node, in whatever Python it has.
"""

import hashlib
import json
import os
import re
from typing import Any, Dict, Mapping

Properties = Dict[str, Any]

SNAKEMAKE_MB = 200
"""Memory beyond the rule's own: on the node a job is run by a copy of Snakemake (92 to 141 MB)."""


class Refused(Exception):
    """A request that can never be fulfilled."""


class Misconfigured(Refused):
    """A refusal that every other job will meet as well, such as nobody to charge."""


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
    return digest([rule_of(properties), made])


def content(properties: Properties) -> str:
    """Return a digest of what a job works on; a job with other content must not be adopted."""
    return digest([properties.get("input"), properties.get("params")])


def name(properties: Properties) -> str:
    """Return a name for the queue: rule and wildcards, in characters no scheduler refuses."""
    wildcards = properties.get("wildcards") or {}
    words = [rule_of(properties)] + [str(wildcards[key]) for key in sorted(wildcards)]
    clean = _clean(".".join(words))
    return (clean if clean[:1].isalpha() else f"job.{clean}")[:80]


def log_folder(scheduler: str, rule: str) -> str:
    """Return the folder for the scheduler's own logs; it names the files by the job's id.

    Relative: PBS refuses é in a path.
    """
    return os.path.join("logs", scheduler, _clean(rule))


def memory_mb(resources: Mapping[str, Any]) -> int:
    """Return the memory to ask for: the rule's, and Snakemake's on the node."""
    return int(resources["mem_mb"]) + SNAKEMAKE_MB


def _clean(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", text)


def digest(facts: object) -> str:
    """Return a digest of what JSON can hold."""
    text = json.dumps(facts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:24]
