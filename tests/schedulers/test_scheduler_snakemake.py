"""Snakemake with the profiles of PBS and Slurm: retries, refusals, Ctrl-C, killed masters.

On fake clusters, and on a genuine PBS that nobody else is using.
"""

import shutil
import textwrap

import clusters
import pytest
from cluster import write_command
from snakemake_runs import Master

pytestmark = pytest.mark.workflow


#: What differs between the two is tested without Snakemake; these need both.
BOTH = pytest.mark.parametrize("cluster", ["fake-pbs", "genuine-pbs", "fake-slurm"], indirect=True)


@pytest.fixture(params=["fake-pbs", "genuine-pbs"])
def cluster(request, tmp_path):
    if why := clusters.missing(request.param):
        pytest.skip(why)
    with clusters.of_kind(request.param, tmp_path, ncpus=4) as one:
        if not 0 < one.cpus <= MOST_CPUS:
            pytest.skip(f"{one.cpus} CPUs: too many to fill")
        study = one.folder / "config" / "casper"  # the Casper profile's configfile
        study.mkdir(parents=True)
        (study / "config.yaml").write_text("title: a test\n")
        yield one


MOST_CPUS = 16
"""More are not filled, to have jobs that wait."""

#: Each job is one of the scheduler's: none shares one.
OWN = ["--default-resources", "mem_mb=100", "runtime=30", "gpu_model=cc80"]


def snakefile(cluster, text):
    (cluster.folder / "Snakefile").write_text(textwrap.dedent(text))


def asked(cluster, resource):
    """What jobs asked for, in the order of their submission."""
    return [job["Resource_List"][resource] for job in cluster.jobs().values()]


def test_a_retry_is_a_new_job_with_more_memory_and_time(cluster):
    snakefile(
        cluster,
        """
        rule all:
            input: "made"
        rule grow:
            output: "made"
            log: "logs/grow.log"
            resources:
                mem_mb=lambda wildcards, attempt: 100 * attempt,
                runtime=lambda wildcards, attempt: 10 * attempt,
            shell: "[ {resources.mem_mb} -gt 200 ] && touch {output}"
        """,
    )
    master = Master(cluster, *OWN)
    assert master.finish() == 0, master.said()
    assert asked(cluster, "mem") == [
        "300mb",
        "400mb",
        "500mb",
    ]  # with 200 for Snakemake on the node
    assert asked(cluster, "walltime") == ["00:10:00", "00:20:00", "00:30:00"]
    assert len(list((cluster.folder / "logs" / cluster.name / "grow").iterdir())) == 3


def test_a_refusal_is_told_in_one_sentence(cluster):
    snakefile(
        cluster,
        """
        rule long:
            output: "made"
            resources: gpu=9
            shell: "touch {output}"
        """,
    )
    master = Master(cluster, "--retries", "0")
    assert master.finish() != 0
    assert "not submitted: long: 9 GPUs (cc80); no node has more than 4" in master.said()
    assert "Traceback" not in master.said()
    assert cluster.jobs() == {}


@BOTH
def test_what_every_job_would_meet_is_told_once(cluster):
    snakefile(
        cluster,
        """
        rule all:
            input: expand("made.{n}", n=range(6))
        rule short:
            output: "made.{n}"
            shell: "touch {output}"
        """,
    )
    cluster.environment["PBS_ACCOUNT"] = ""
    no_such = ["--default-resources", "mem_mb=100", "runtime=5", "slurm_partition=none"]
    master = Master(cluster, *(no_such if cluster.name == "slurm" else []))
    assert master.finish() != 0
    expected = {
        "pbs": "not submitted: no project to charge: `export PBS_ACCOUNT=",
        "slurm": "not submitted: sbatch says: sbatch: error: invalid partition specified: none",
    }[cluster.name]
    assert master.said().count(expected) == 1
    assert "Error in rule" not in master.said()
    assert cluster.jobs() == {}


def test_ctrl_c_deletes_the_jobs(cluster):
    snakefile(
        cluster,
        """
        rule all:
            input: expand("made.{n}", n=range(COUNT))
        rule long:
            output: "made.{n}"
            shell: "touch started.{wildcards.n}; sleep 600; touch {output}"
        """.replace("COUNT", str(cluster.cpus + 2)),
    )
    master = Master(cluster, *OWN)
    # Two are queued.
    cluster.wait(lambda: len(list(cluster.folder.glob("started.*"))) == cluster.cpus)
    cluster.wait(lambda: len(cluster.jobs()) == cluster.cpus + 2)
    master.interrupt()
    assert master.finish() != 0
    cluster.wait(lambda: {job["job_state"] for job in cluster.jobs().values()} == {"F"})


def test_ctrl_c_while_submission_takes_its_time_deletes_the_job_too(cluster):
    snakefile(
        cluster,
        """
        rule long:
            output: "made"
            shell: "sleep 600; touch {output}"
        """,
    )
    submit = clusters.VERBS[cluster.name][0]
    real = shutil.which(submit, path=cluster.environment["PATH"])
    slow = cluster.folder / "slow"
    slow.mkdir()
    # The answer takes longer than the guard waits for latecomers.
    write_command(slow / submit, f'{real} "$@" > answer; touch taken; sleep 6; cat answer')
    cluster.environment["PATH"] = f"{slow}:{cluster.environment['PATH']}"
    master = Master(cluster)  # of a job that is to be shared
    cluster.wait_for("taken")
    master.interrupt()
    assert master.finish() != 0
    cluster.wait(lambda: [job["job_state"] for job in cluster.jobs().values()] == ["F"])
    assert "Traceback" not in master.said()


def test_a_second_run_with_nothing_to_do_ends(cluster):
    snakefile(
        cluster,
        """
        rule short:
            output: "made"
            shell: "touch {output}"
        """,
    )
    assert Master(cluster).finish() == 0
    again = Master(cluster)
    assert again.finish() == 0
    assert "Nothing to be done" in again.said()


@BOTH
def test_the_jobs_of_a_killed_master_are_adopted_by_the_next(cluster):
    count = cluster.cpus + 1
    snakefile(
        cluster,
        """
        rule all:
            input: expand("made.{n}", n=range(COUNT))
        rule long:
            output: "made.{n}"
            shell:
                "echo run >> runs.{wildcards.n}; echo half > {output};"
                " until [ -e go ]; do sleep 0.2; done; echo whole > {output}"
        """.replace("COUNT", str(count)),
    )
    first = Master(cluster, *OWN)
    # One is queued.
    first.wait_until(lambda: len(list(cluster.folder.glob("runs.*"))) == cluster.cpus)
    first.wait_until(lambda: len(cluster.jobs()) == count)
    first.kill()
    second = Master(cluster, *OWN)
    second.wait_until(lambda: second.said().count("which is alive") == count)
    (cluster.folder / "go").touch()
    assert second.finish() == 0, second.said()
    assert len(cluster.jobs()) == count
    for n in range(count):
        assert (cluster.folder / f"runs.{n}").read_text() == "run\n"
        assert (cluster.folder / f"made.{n}").read_text() == "whole\n"


def test_parts_of_shared_jobs_outlive_a_killed_master_and_end_with_ctrl_c(cluster):
    """Of three, two fit into the minutes of one shared job: one after another."""
    snakefile(
        cluster,
        """
        rule all:
            input: expand("made.{n}", n=range(3))
        rule long:
            output: "made.{n}"
            resources: runtime=30
            shell:
                "echo run >> runs.{wildcards.n};"
                " until [ -e go.{wildcards.n} ]; do sleep 0.2; done; echo whole > {output}"
        """,
    )
    first = Master(cluster)
    first.wait_until(lambda: len(list(cluster.folder.glob("runs.*"))) == 2)
    first.wait_until(lambda: len(list((cluster.records / "submitted").iterdir())) == 3)
    first.kill()
    waiting = next(n for n in range(3) if not (cluster.folder / f"runs.{n}").exists())
    done = 1 if waiting == 0 else 0
    (cluster.folder / f"go.{done}").touch()
    cluster.wait_for(f"runs.{waiting}")  # taken, no master living
    second = Master(cluster)
    second.wait_until(lambda: second.said().count("which is alive") >= 2)
    second.wait_until((cluster.folder / f"made.{done}").exists)
    second.interrupt()
    assert second.finish() != 0
    cluster.wait(lambda: {job["job_state"] for job in cluster.jobs().values()} == {"F"})
    assert len(cluster.jobs()) == 2
    third = Master(cluster)
    for n in range(3):
        (cluster.folder / f"go.{n}").touch()
    assert third.finish() == 0, third.said()
    # What waits for no part ends with Snakemake, or of itself.
    cluster.wait(lambda: {job["job_state"] for job in cluster.jobs().values()} == {"F"})
    assert {(cluster.folder / f"made.{n}").read_text() for n in range(3)} == {"whole\n"}
