"""PBS's surprises: each is shown by the genuine PBS, where there is one, and by the fake alike."""

import json

import clusters
import pytest
from cluster import write_command

CHUNK = "select=1:ncpus=1:mem=100mb"


@pytest.fixture(params=["fake-pbs", "genuine-pbs"])
def pbs(request, tmp_path):
    if why := clusters.missing(request.param):
        pytest.skip(why)
    with clusters.of_kind(request.param, tmp_path, minute_s=3.0) as cluster:
        long = 'touch "$PBS_O_WORKDIR/started"; sleep 60'
        for name, text in {"short": "exit 3", "long": long}.items():
            write_command(cluster.folder / name, text)
        yield cluster


def qsub(pbs, *options, script="long", chunk=CHUNK, walltime="00:30:00"):
    account = ["-A", pbs.environment["PBS_ACCOUNT"], "-q", "casper", "-j", "oe", "-k", "oed"]
    resources = ["-l", chunk, "-l", f"walltime={walltime}", "-o", f"{pbs.folder}/"]
    return pbs.run("qsub", *account, *resources, *options, script, check=False)


def submitted(pbs, *options, **changes):
    return qsub(pbs, *options, **changes).stdout.strip()


def wait_for_state(pbs, job, state):
    pbs.wait(lambda: pbs.letter(job) == state)


def test_exit_status(pbs):
    job = submitted(pbs, script="short")
    wait_for_state(pbs, job, "F")
    assert "    Exit_status = 3\n" in pbs.run("qstat", "-x", "-f", job).stdout


def test_a_job_deleted_before_it_runs_has_no_exit_status(pbs):
    job = submitted(pbs, "-h")
    wait_for_state(pbs, job, "H")
    pbs.run("qdel", job)
    wait_for_state(pbs, job, "F")
    assert "Exit_status" not in pbs.run("qstat", "-x", "-f", job).stdout


def test_a_job_deleted_while_it_runs(pbs):
    job = submitted(pbs)
    pbs.wait_for("started")
    pbs.run("qdel", job)
    wait_for_state(pbs, job, "F")
    text = pbs.run("qstat", "-x", "-f", job).stdout.replace("\n\t", "")
    # 256 + SIGTERM from the shell that runs the script, or what the script made of the signal; and
    # on a busy machine 0 was seen. Only the comment can be relied on.
    status = int(text.partition("Exit_status = ")[2].split()[0])
    assert status in (271, 143, 0)
    assert "and terminated" in text


def test_a_job_killed_from_inside(pbs):
    write_command(pbs.folder / "suicide", "kill -9 0")
    job = submitted(pbs, script="suicide")
    wait_for_state(pbs, job, "F")
    assert "    Exit_status = 265\n" in pbs.run("qstat", "-x", "-f", job).stdout


def test_a_job_that_exceeds_its_walltime(pbs):
    job = submitted(pbs, walltime="00:00:05")
    wait_for_state(pbs, job, "F")
    assert "    Exit_status = -29\n" in pbs.run("qstat", "-x", "-f", job).stdout
    text = pbs.run("qstat", "-x", "-f", job).stdout.replace("\n\t", "")
    assert "and exceeded resource walltime" in text


def test_an_impossible_request_stays_in_the_queue(pbs):
    job = submitted(pbs, chunk="select=1:ncpus=5000:mem=100mb")
    told = "comment = Can Never Run: Insufficient amount of resource: ncpus"
    pbs.wait(lambda: told in pbs.run("qstat", "-f", job).stdout)
    assert pbs.letter(job) == "Q"
    pbs.run("qdel", job)


def test_a_job_too_long_for_all_queues_is_taken_and_vanishes(pbs):
    asked = qsub(pbs, walltime="30:00:00")
    assert asked.returncode == 0
    job = asked.stdout.strip()
    pbs.wait(lambda: pbs.run("qstat", "-x", job, check=False).returncode == 153)
    assert f"qstat: Unknown Job Id {job}" in pbs.run("qstat", "-x", job, check=False).stderr


def test_a_place_for_the_log_beyond_ascii_is_refused(pbs):
    asked = qsub(pbs, "-o", f"{pbs.folder}/é/")
    assert asked.returncode == 2
    assert "illegal -o value" in asked.stderr


def test_a_log_without_a_place_lands_where_the_job_was_submitted(pbs):
    job = pbs.run("qsub", "-q", "casper", "-l", CHUNK, "-l", "walltime=00:01:00", "short").stdout
    pbs.wait(lambda: [*pbs.folder.glob(f"*{job.partition('.')[0]}*")])


def test_a_finished_job_wants_x(pbs):
    job = submitted(pbs, script="short")
    wait_for_state(pbs, job, "F")
    asked = pbs.run("qstat", job, check=False)
    assert asked.returncode == 35
    assert f"{job} Job has finished, use -x or -H" in asked.stderr


def test_the_kind_of_gpu_beside_select_is_refused(pbs):
    asked = qsub(pbs, "-l", "gpu_type=a100")
    assert asked.returncode != 0
    assert "resource is: gpu_type" in asked.stderr


@pytest.mark.parametrize("name", ["a=b", "a,b", "a b", "a" * 240])
def test_names_that_are_refused(pbs, name):
    asked = qsub(pbs, "-N", name)
    assert asked.returncode == 2
    assert "illegal -N value" in asked.stderr or "name is too long" in asked.stderr


def test_text_tells_of_all_jobs_and_json_perhaps_of_the_first_alone(pbs):
    jobs = [submitted(pbs, "-h") for _ in range(2)]
    text = pbs.run("qstat", "-x", "-f", *jobs).stdout
    assert text.count("Job Id: ") == 2
    told = list(json.loads(pbs.run("qstat", "-x", "-f", "-F", "json", *jobs).stdout)["Jobs"])
    assert told in (jobs[:1], jobs)  # both were seen, of builds of one version
    for job in jobs:
        pbs.run("qdel", job)


def test_qdel_goes_on_after_a_job_that_has_ended(pbs):
    ended = submitted(pbs, script="short")
    wait_for_state(pbs, ended, "F")
    held = submitted(pbs, "-h")
    wait_for_state(pbs, held, "H")
    assert pbs.run("qdel", ended, held, check=False).returncode == 35
    wait_for_state(pbs, held, "F")


def test_the_cached_qstat_does_not_know_a_new_job(tmp_path):
    if why := clusters.missing("cached-pbs"):
        pytest.skip(why)
    with clusters.of_kind("cached-pbs", tmp_path) as pbs:
        write_command(pbs.folder / "long", "sleep 60")
        job = submitted(pbs)
        asked = pbs.run("qstat", "-x", "-f", job, check=False)
        assert f"qstat: Unknown Job Id {job}" in asked.stdout  # not on stderr, as PBS says it
        pbs.wait(lambda: f"Job Id: {job}" in pbs.run("qstat", "-x", "-f", job, check=False).stdout)


def test_a_server_that_is_down(tmp_path):
    with clusters.fake(tmp_path) as pbs:
        (tmp_path / "server" / "outage").touch()
        asked = pbs.run("qstat", "-x", check=False)
        assert asked.returncode == 255
        assert "cannot connect to server casper-pbs" in asked.stderr
