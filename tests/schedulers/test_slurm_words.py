"""What the Slurm profile asks of sbatch, and how it reads squeue; the texts are those of Slurm 22.05."""

import re
import subprocess
from types import SimpleNamespace

import pytest
import slurm

SQUEUE = """\
{:40}{:40}{:40}{:40}
"""


def job(threads=8, **resources):
    asked = {"mem_mb": 1000, "runtime": 90, **resources}
    return {"rule": "detect", "output": ["masks.nc"], "threads": threads, "resources": asked}


def options(properties):
    words = slurm.arguments(properties, "work", {})
    return dict(word.partition("=")[::2] for word in words)


@pytest.mark.parametrize("daemon", ["slurmstepd", "slurmstepd-node01"])
def test_why_slurm_ended_a_job(daemon):
    """Slurm compiled for several nodes on a machine, as Debian's is, names the node."""
    why = "JOB 249 ON node01 CANCELLED AT 2026-12-01T02:55:15 DUE TO TIME LIMIT"
    log = f"a line\n{daemon}: error: *** {why} ***\nTerminated\n"
    assert re.search(slurm.WHY_ENDED, log)[1] == why


def test_a_job_is_one_task_on_one_node():
    asked = options(job())
    assert asked["--nodes"] == asked["--ntasks"] == "1"
    assert (asked["--cpus-per-task"], asked["--time"]) == ("8", "90")
    assert asked["--mem"] == "1200M"  # its own, and Snakemake's on the node
    assert asked["--output"] == "logs/slurm/detect/%j.log"
    assert "--no-requeue" in asked
    assert not {"--gres", "--account", "--partition", "--qos", "--constraint"} & set(asked)


@pytest.mark.parametrize(
    ("resources", "gres"),
    [
        ({"gpu": 4}, "gpu:4"),
        ({"gpu": 1, "gpu_model": "a100"}, "gpu:a100:1"),
        ({"gpu": 0, "gpu_model": "a100"}, None),
        ({"gpu_model": "a100"}, None),  # as in default-resources, for jobs on CPUs
    ],
)
def test_gpus_are_on_the_one_node_and_their_model_is_for_gpu_jobs(resources, gres):
    asked = options(job(**resources))
    assert asked.get("--gres") == gres
    assert asked["--nodes"] == "1"


def test_gpu_jobs_may_have_a_partition_of_their_own():
    both = {"slurm_partition": "cpu", "slurm_gpu_partition": "gpu", "slurm_account": "uabc"}
    assert options(job(**both))["--partition"] == "cpu"
    asked = options(job(gpu=1, slurm_gpu_qos="short", **both))
    assert (asked["--partition"], asked["--account"], asked["--qos"]) == ("gpu", "uabc", "short")


def test_of_the_environment_what_belongs_to_the_site_is_kept():
    """Snakemake may itself run in a job, and its user may have squeue hide most jobs."""
    given = {"PATH": "/bin", "SLURM_CONF": "/site/slurm.conf", "SLURM_CLUSTERS": "b"}
    gone = {"SLURM_JOB_ID": "1", "SLURM_MEM_PER_CPU": "9", "SQUEUE_PARTITION": "x"}
    gone |= {"SCANCEL_INTERACTIVE": "1"}
    ours = {"STORMTRACE_JOB": "work", "STORMTRACE_PATH": "/bin"}
    assert slurm.environment_of("work", given | gone) == given | ours


@pytest.mark.parametrize(("answer", "job"), [("12\n", "12"), ("12;cluster\n", "12"), ("", "")])
def test_the_id_of_a_job(answer, job):
    assert slurm.id_in(answer) == job


@pytest.mark.parametrize(
    ("state", "status", "reason", "expected"),
    [
        ("COMPLETED", "0", "None", {"state": "ended", "succeeded": True, "memory": False}),
        ("FAILED", "768", "NonZeroExitCode", {"succeeded": False, "memory": False}),
        ("FAILED", "9", "JobLaunchFailure", {"succeeded": False, "memory": True}),
        ("OUT_OF_MEMORY", "125", "OutOfMemory", {"succeeded": False, "memory": True}),
        ("TIMEOUT", "1024", "TimeLimit", {"state": "ended", "succeeded": False, "memory": False}),
        ("CANCELLED", "15", "None", {"state": "ended", "succeeded": False}),
        ("NODE_FAIL", "1", "NodeDown", {"state": "ended", "succeeded": False}),
        ("PREEMPTED", "0", "None", {"state": "ended", "succeeded": False}),
        ("PENDING", "0", "Resources", {"state": "queued"}),
        ("PENDING", "0", "JobHeldUser", {"state": "queued"}),
        ("PENDING", "0", "PartitionTimeLimit", {"state": "queued", "trouble": True}),
        ("RUNNING", "0", "None", {"state": "running", "comment": "RUNNING"}),
        ("COMPLETING", "0", "None", {"state": "running"}),
        ("SUSPENDED", "0", "None", {"state": "running"}),
    ],
)
def test_states(state, status, reason, expected):
    told = slurm.parse(SQUEUE.format("7", state, status, reason), ["7"])["7"]
    assert expected.items() <= told.items()
    assert ("trouble" in told) == ("trouble" in expected)


def test_a_reason_of_several_words():
    told = slurm.parse(SQUEUE.format("7", "PENDING", "0", "launch failed requeued held"), ["7"])
    assert told["7"]["trouble"]


@pytest.mark.parametrize(
    ("code", "said", "complaint", "told"),
    [
        (0, SQUEUE.format("7", "RUNNING", "0", "None"), "", {"7": "running", "8": None}),
        (0, "", "", {"7": None, "8": None}),
        (1, "", "slurm_load_jobs error: Invalid job id specified", {"7": None, "8": None}),
        (1, "", "slurm_load_jobs error: Unable to contact slurm controller (connect failure)", {}),
        (1, "", "squeue: error: resolve_ctls_from_dns_srv: res_nsearch error: Unknown host", {}),
    ],
)
def test_what_is_unknown_and_what_is_silence(monkeypatch, code, said, complaint, told):
    answer = SimpleNamespace(returncode=code, stdout=said, stderr=complaint)
    monkeypatch.setattr(slurm.subprocess, "run", lambda *_, **__: answer)
    facts = slurm.ask(["7", "8"], {})
    assert {job: fact.get("state") for job, fact in facts.items()} == told
    assert all("trouble" in fact for fact in facts.values() if "state" not in fact)


@pytest.mark.parametrize("fault", [OSError(), subprocess.TimeoutExpired("squeue", 60)])
def test_a_squeue_that_does_not_answer_is_silence(monkeypatch, fault):
    def run(*_, **__):
        raise fault

    monkeypatch.setattr(slurm.subprocess, "run", run)
    assert slurm.ask(["7"], {}) == {}
