"""Slurm's surprises: each is shown by the genuine Slurm, where there is one, and by the fake alike."""

import clusters
import pytest
from cluster import write_command


@pytest.fixture(params=["fake-slurm", "genuine-slurm"])
def slurm(request, tmp_path):
    if why := clusters.missing(request.param):
        pytest.skip(why)
    with clusters.of_kind(request.param, tmp_path, minute_s=3.0) as cluster:
        long = 'touch "$SLURM_SUBMIT_DIR/started"; sleep 60'
        for name, text in {"short": "exit 3", "long": long, "suicide": "kill -9 0"}.items():
            write_command(cluster.folder / name, text)
        yield cluster


def sbatch(slurm, script, *options):
    return slurm.run("sbatch", "--parsable", "--time=30", *options, script, check=False)


def squeue(slurm, *jobs):
    """State, status and reason by job, and what squeue complains of."""
    columns = ",".join(f"{name}:40" for name in ("JobID", "State", "exit_code", "Reason"))
    question = ["squeue", "--all", "--states=all", "--noheader", f"--Format={columns}"]
    said = slurm.run(*question, "--jobs=" + ",".join(jobs), check=False)
    lines = (line.strip().split(maxsplit=3) for line in said.stdout.splitlines())
    return {job: tuple(facts) for job, *facts in lines}, said.stderr


def ended(slurm, script, *options):
    job = sbatch(slurm, script, *options).stdout.strip()
    slurm.wait(lambda: slurm.is_over(job))
    return squeue(slurm, job)[0][job]


def test_how_jobs_end(slurm):
    assert ended(slurm, "short") == ("FAILED", str(3 << 8), "NonZeroExitCode")
    assert ended(slurm, "suicide")[:2] == ("FAILED", "9")


def test_a_job_that_is_cancelled(slurm):
    running = sbatch(slurm, "long").stdout.strip()
    held = sbatch(slurm, "long", "--hold").stdout.strip()
    slurm.wait_for("started")
    slurm.run("scancel", running, held, "67000000")  # and no word of the one that is not there
    for job in (running, held):
        slurm.wait(lambda job=job: slurm.is_over(job))
        assert squeue(slurm, job)[0][job][0] == "CANCELLED"
    slurm.run("scancel", running)


def test_of_one_unknown_job_squeue_complains_and_of_several_it_is_silent(slurm):
    said, complaint = squeue(slurm, "67000000")
    assert (said, "Invalid job id specified" in complaint) == ({}, True)
    held = sbatch(slurm, "long", "--hold").stdout.strip()
    said, complaint = squeue(slurm, "67000000", held)
    assert (list(said), complaint) == ([held], "")
    slurm.run("scancel", held)


def test_a_job_too_long_for_the_partition_is_taken_and_waits_for_ever(slurm):
    job = sbatch(slurm, "short", f"--time={slurm.never['runtime']}").stdout.strip()
    slurm.wait(lambda: squeue(slurm, job)[0][job][::2] == ("PENDING", "PartitionTimeLimit"))
    slurm.run("scancel", job)


@pytest.mark.parametrize(
    ("option", "complaint"),
    [
        ("--mem=1000000000M", "Requested node configuration is not available"),
        ("--gres=gpu:1000", "Requested node configuration is not available"),
        ("--partition=none-of-this-name", "Invalid partition name specified"),
    ],
)
def test_what_is_refused(slurm, option, complaint):
    refused = sbatch(slurm, "short", option)
    assert refused.returncode == 1
    assert complaint in refused.stderr


def test_a_profiles_job_is_on_one_node_and_is_not_started_again(slurm):
    job = slurm.submit("touch started; sleep 60", resources={"mem_mb": 300})
    said = slurm.run("scontrol", "show", "job", job).stdout
    assert "Requeue=0" in said
    assert "NumNodes=1" in said
    assert "MinMemoryNode=500M" in said  # its own, and Snakemake's on the node
    assert "TresPerNode" not in said
    slurm.run("scancel", job)


@pytest.mark.parametrize("model", [None, "a100"])
def test_four_gpus_are_on_one_node(slurm, model):
    resources = {"gpu": 4} | ({"gpu_model": model} if model else {})
    asked = slurm.run("submit.py", slurm.jobscript("true", "out", resources=resources), check=False)
    if "node configuration is not available" in asked.stderr:
        pytest.skip("no node here has four GPUs of this kind")
    said = slurm.run("scontrol", "show", "job", asked.stdout.strip()).stdout
    assert "NumNodes=1" in said
    assert f"TresPerNode=gres:gpu:{f'{model}:' if model else ''}4" in said


def test_a_controller_that_is_down(tmp_path):
    with clusters.of_kind("fake-slurm", tmp_path) as slurm:
        write_command(slurm.folder / "short", "true")
        (tmp_path / "server" / "outage").touch()
        for command in (["sbatch", "short"], ["squeue", "--jobs=1"], ["scancel", "1"]):
            asked = slurm.run(*command, check=False)
            assert asked.returncode
            assert "Unable to contact slurm controller (connect failure)" in asked.stderr
