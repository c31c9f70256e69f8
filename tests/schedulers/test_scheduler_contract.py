"""What the profiles of PBS and Slurm promise, kept on fake clusters and on genuine ones.

Each test submits job scripts as Snakemake's executor does and asks for their status; what
Snakemake itself makes of the answers is in `test_scheduler_snakemake.py`.
"""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from cluster import write_command
from jobs import number
from request import identity, properties_of

LATE_S = 60
"""The genuine ones notice a walltime up to 30 s late, and PBS routes once in a while."""


def test_success(cluster):
    job = cluster.submit("touch made")
    assert cluster.end_of(job) == "success"
    assert (cluster.folder / "made").exists()
    cluster.wait(cluster.log_of(job).exists)


@pytest.mark.parametrize("name", ["Übung zwei (β)", "a, b; c", "it's 5:30"])
def test_a_folder_with_any_name(cluster, name):
    cluster.folder = cluster.folder / name
    cluster.folder.mkdir()
    job = cluster.submit("touch made", "mäde, 2 (β)")
    assert cluster.end_of(job) == "success"
    assert (cluster.folder / "made").exists()
    cluster.wait(cluster.log_of(job).exists)


def test_exit_code(cluster):
    assert cluster.end_of(cluster.submit("(exit 3)")) == "failed"


def test_deletion_while_running_waits_for_the_job_to_save_its_work(cluster):
    saving = "trap 'sleep 1; touch saved; exit 1' TERM; touch started; while :; do sleep 0.1; done"
    job = cluster.submit(f'bash -c "{saving}"')
    cluster.wait_for("started")
    cluster.run(cluster.deletion, job)
    assert cluster.end_of(job) == "failed"
    assert (cluster.folder / "saved").exists()


def test_deletion_while_queued(cluster):
    job = cluster.submit("touch made", resources=cluster.never)
    cluster.wait(lambda: cluster.is_queued(job))
    cluster.run(cluster.deletion, job)
    assert cluster.end_of(job) == "failed"
    assert not (cluster.folder / "made").exists()


def test_sigkill_leaves_no_marker_and_is_noticed(cluster):
    job = cluster.submit("kill -9 -- 0")  # its whole process group
    cluster.wait(lambda: cluster.is_over(job))
    assert cluster.ended() == []
    assert cluster.end_of(job) == "failed"
    assert cluster.ended()  # the scheduler will forget it: remembered here


def test_walltime(cluster):
    late = cluster.patience_s + 60 + LATE_S if cluster.kind.startswith("genuine") else None
    job = cluster.submit("touch started && sleep 300", resources={"runtime": 1})
    assert cluster.end_of(job, late) == "failed"
    assert (cluster.folder / "started").exists()
    assert cluster.limit in cluster.run("status.py", job).stderr


def test_impossible_request_fails_after_the_grace_time_and_is_deleted(cluster):
    job = cluster.submit("true", resources=cluster.never)
    started = time.monotonic()
    assert cluster.end_of(job) == "failed"
    assert time.monotonic() - started > float(cluster.environment["STORMTRACE_GRACE_S"])
    cluster.wait(lambda: cluster.is_over(job))


def test_a_job_that_nobody_knows_fails_after_the_grace_time(cluster):
    lost = cluster.unknown_job()
    started = time.monotonic()
    assert cluster.end_of(lost) == "failed"
    assert time.monotonic() - started > float(cluster.environment["STORMTRACE_GRACE_S"])


def test_files_of_a_job_have_the_users_own_umask(cluster):
    """PBS has 077 of its own, and all that jobs make would be private."""
    script = cluster.jobscript("touch made", "out")
    job = cluster.run("submit.py", script, umask=0o027).stdout.strip()
    assert cluster.end_of(job) == "success"
    assert (cluster.folder / "made").stat().st_mode & 0o777 == 0o640


def test_the_second_submission_adopts_the_living_job(cluster):
    work = "until [ -e go ]; do sleep 0.1; done; echo done >> made"
    first = cluster.submit(work)
    again = cluster.submit(work, resources={"mem_mb": 200})  # a retry's
    assert again == first
    (cluster.folder / "go").touch()
    assert cluster.end_of(first) == "success"
    assert (cluster.folder / "made").read_text() == "done\n"
    assert cluster.submit("true") != first  # it has ended: nothing to adopt


def test_two_snakemakes_that_submit_at_the_same_moment_share_one_job(cluster):
    waiting = "until [ -e go ]; do sleep 0.1; done; echo done >> made"
    script = cluster.jobscript(waiting, "out")
    line = [cluster.profile / "submit.py", script]
    at_once = [
        subprocess.Popen(
            line, cwd=cluster.folder, env=cluster.environment, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    jobs = {process.communicate(timeout=600)[0].strip() for process in at_once}
    (cluster.folder / "go").touch()
    assert len(jobs) == 1
    assert cluster.end_of(jobs.pop()) == "success"
    assert (cluster.folder / "made").read_text() == "done\n"


def test_the_same_outputs_from_other_inputs_wait_for_the_older_job_to_be_gone(cluster):
    slow_to_die = r"trap 'sleep 1; exit 1' TERM; echo \$\$ > process; while :; do sleep 0.1; done"
    first = cluster.submit(f'bash -c "{slow_to_die}"', params={"rows": 1})
    cluster.wait_for("process")
    second = cluster.submit("! kill -0 $(cat process)", params={"rows": 2})
    assert second != first
    assert cluster.end_of(second) == "success"
    assert cluster.end_of(first) == "failed"


def test_a_forgotten_submission_is_never_run_at_the_same_time(cluster):
    work = "echo + >> log && sleep 1 && echo - >> log"
    first = cluster.submit(work)
    for record in (cluster.records / "submitted").iterdir():
        record.unlink()  # as if the machine had failed before the record
    second = cluster.submit(work)
    assert second != first
    assert [cluster.end_of(job) for job in (first, second)] == ["success"] * 2
    assert (cluster.folder / "log").read_text().split() == ["+", "-", "+", "-"]


def test_a_lost_submission_does_not_make_again_what_its_successor_made(cluster):
    """It was taken and never answered; the next one was recorded, and ran first."""
    script = cluster.jobscript("echo + >> log", "out")
    lost = cluster.submit_past_the_profile(script, identity(properties_of(str(script))))
    assert cluster.end_of(cluster.submit("echo + >> log")) == "success"
    cluster.release(lost)
    assert cluster.end_of(lost) == "success"
    assert (cluster.folder / "log").read_text() == "+\n"


def test_many_jobs_at_once(cluster):
    # Fake ones are slow to submit to, and none of theirs waits for another: 64 CPUs.
    count = 200 if cluster.kind.startswith("genuine") else 16
    jobs = [cluster.submit(f"touch made.{n}", f"out.{n}") for n in range(count)]
    assert len(set(jobs)) == count
    cluster.wait_for(*(f"made.{n}" for n in range(count)))
    ended = cluster.records / "ended"
    cluster.wait(lambda: all((ended / number(job)).exists() for job in jobs))
    assert {cluster.status(job) for job in jobs[:: count // 2]} == {"success"}


def test_a_missing_account_is_told_and_ends_nobody_but_snakemake(cluster):
    """The caller, here this test, is none: an interrupt would end the tests."""
    if cluster.name != "pbs":
        pytest.skip("on Slurm users have a default account")
    cluster.environment["PBS_ACCOUNT"] = ""
    refused = cluster.run("submit.py", cluster.jobscript("true", "out"), check=False)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "no project to charge" in refused.stderr and "Traceback" not in refused.stderr


def test_cancel_deletes_all_jobs_that_have_not_ended(cluster):
    ended = cluster.submit("true", "ended")
    assert cluster.end_of(ended) == "success"
    cluster.wait(lambda: cluster.is_over(ended))
    running = [cluster.submit(f"touch started.{n} && sleep 600", f"out.{n}") for n in range(3)]
    queued = cluster.submit("true", "never", resources=cluster.never)
    cluster.wait_for(*(f"started.{n}" for n in range(3)))
    real = shutil.which(cluster.deletion, path=cluster.environment["PATH"])
    slow = cluster.folder / "slow"
    slow.mkdir()
    waiting = f"until [ -e {cluster.folder}/go ]; do sleep 0.1; done"
    write_command(slow / cluster.deletion, f'{waiting}; exec {real} "$@"')
    cluster.environment["PATH"] = f"{slow}:{cluster.environment['PATH']}"
    # It does not wait for the scheduler: Snakemake kills it after two seconds.
    cluster.run("cancel.py", running[0], ended, *running[1:], queued)
    (cluster.folder / "go").touch()
    assert {cluster.end_of(job) for job in (*running, queued)} == {"failed"}


def test_the_job_finds_the_submitters_commands_and_a_folder_for_its_files(cluster):
    tools = cluster.folder / "tools"
    tools.mkdir()
    write_command(tools / "my-python", "true")
    cluster.environment["PATH"] = f"{tools}:{cluster.environment['PATH']}"
    job = cluster.submit("my-python && echo $TMPDIR > where && touch $TMPDIR/file.$$")
    assert cluster.end_of(job) == "success"
    folder = (cluster.folder / "where").read_text().strip()
    if cluster.name == "pbs":
        assert job in folder
        cluster.wait(lambda: not Path(folder).exists())  # PBS has emptied the node's disk


def test_an_outage_is_waited_for_and_nothing_is_forgotten(cluster):
    if why := cluster.unstoppable():
        pytest.skip(why)
    shared = {"shared_cpu_minutes": 60, "runtime": 10}
    until_go = "touch started.{0} && until [ -e go ]; do sleep 0.1; done"
    ends = cluster.submit(until_go.format("ends"), "ends")
    part = cluster.submit(until_go.format("part"), "part", resources=shared)
    dies = cluster.submit("touch started.dies && sleep 1 && kill -9 -- 0", "dies")
    cluster.wait_for("started.ends", "started.part", "started.dies")
    late = [cluster.profile / "submit.py", cluster.jobscript("true", "late")]
    with cluster.outage():
        late = subprocess.Popen(
            late, cwd=cluster.folder, env=cluster.environment, stdout=subprocess.PIPE, text=True
        )
        poll_s, grace_s = (
            float(cluster.environment[f"STORMTRACE_{name}_S"]) for name in ("POLL", "GRACE")
        )
        started = time.monotonic()
        while time.monotonic() - started < grace_s + 3 * poll_s:
            assert {cluster.status(job) for job in (ends, part, dies)} == {"running"}
            time.sleep(0.3)
        (cluster.folder / "go").touch()
        assert [cluster.end_of(job) for job in (ends, part)] == ["success"] * 2  # by their markers
        assert late.poll() is None
    assert cluster.end_of(dies) == "failed"
    assert cluster.end_of(late.communicate(timeout=600)[0].strip()) == "success"


def test_of_an_earlier_job_with_the_same_number_nothing_is_believed(cluster):
    """Numbers begin anew with a new server."""
    if not cluster.kind.startswith("fake"):
        pytest.skip("the next number is known of a cluster of our own alone")
    markers = cluster.records / "ended"
    markers.mkdir(parents=True)
    (markers / "0").write_text("0\n")
    long_ago = time.time() - 7200
    os.utime(markers / "0", (long_ago, long_ago))
    job = cluster.submit("until [ -e go ]; do sleep 0.1; done; exit 1")
    assert job.partition(".")[0] == "0"
    assert cluster.status(job) == "running"
    (cluster.folder / "go").touch()
    assert cluster.end_of(job) == "failed"
