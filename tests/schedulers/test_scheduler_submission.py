"""How jobs are submitted on a bad day; what qsub and sbatch say is OpenPBS's and Slurm's own."""

import subprocess
from types import SimpleNamespace

import adoption
import pbs
import pytest
import request
import shared
import slurm
import submission

QUEUE_LIMIT = "qsub: would exceed queue casper's per-user limit"
JOB_LIMIT = "qsub: Maximum number of jobs for user hpcuser already in queue casper"
FAILED = "sbatch: error: Batch job submission failed:"
POLICY = "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)"


@pytest.fixture
def command(monkeypatch):
    """A qsub or sbatch that complains in the words of `complaints`, in turn, then says 7; a clock."""
    told = SimpleNamespace(complaints=[], calls=0, now=0.0, waits=[])

    def run(command, **_):
        told.calls += 1
        complaint = told.complaints.pop(0) if told.complaints else ""
        if isinstance(complaint, Exception):
            raise complaint
        return SimpleNamespace(
            returncode=1 if complaint else 0, stdout="" if complaint else "7\n", stderr=complaint
        )

    def sleep(seconds):
        told.now += seconds
        told.waits.append(seconds)

    monkeypatch.setattr(submission.subprocess, "run", run)
    monkeypatch.setattr(submission.time, "sleep", sleep)
    monkeypatch.setattr(submission.time, "time", lambda: told.now)
    return told


@pytest.mark.parametrize(
    ("scheduler", "complaint"),
    [
        (pbs, "Connection refused\nqsub: cannot connect to server casper-pbs (errno=15010)"),
        (pbs, "qsub: Request not allowed: Server shutting down"),
        (pbs, "qsub: Resource temporarily unavailable"),
        (pbs, "qsub: Server connection table full"),
        (pbs, "qsub: No free connections"),
        (pbs, subprocess.TimeoutExpired("qsub", 300)),
        (slurm, f"{FAILED} Unable to contact slurm controller (connect failure)"),
        (slurm, f"{FAILED} Socket timed out on send/recv operation"),
        (slurm, f"{FAILED} Slurm temporarily unable to accept job, sleeping and retrying"),
        (slurm, f"{FAILED} Resource temporarily unavailable"),
        (slurm, f"{FAILED} Zero Bytes were transmitted or received"),
        (slurm, f"{FAILED} Invalid authentication credential"),
    ],
)
def test_troubles_that_pass_are_waited_for(command, scheduler, complaint):
    command.complaints = [complaint] * 3
    assert submission.submit(scheduler, ["script"], "work") == "7"
    assert command.waits == [2, 10, 30]


def test_but_not_for_ever(command):
    command.complaints = ["qsub: cannot connect to server"] * 99
    with pytest.raises(request.Refused, match="qsub says: qsub: cannot connect"):
        submission.submit(pbs, ["script"], "work")
    assert command.calls == 6


@pytest.mark.parametrize(
    ("scheduler", "complaint"),
    [
        (pbs, QUEUE_LIMIT),
        (pbs, JOB_LIMIT),
        (slurm, f"sbatch: error: AssocMaxSubmitJobLimit\n{FAILED} {POLICY}"),
        (slurm, f"sbatch: error: QOSMaxSubmitJobPerUserLimit\n{FAILED} {POLICY}"),
    ],
)
def test_a_full_queue_is_waited_for_much_longer(command, scheduler, complaint):
    """Jobs have to end before another fits, and those take hours."""
    command.complaints = [complaint] * 100
    assert submission.submit(scheduler, ["script"], "work") == "7"
    assert sum(command.waits) == 100 * 120
    command.complaints = [complaint] * 1000
    with pytest.raises(request.Refused, match="says: "):
        submission.submit(scheduler, ["script"], "work")


@pytest.mark.parametrize(
    ("scheduler", "complaint", "said"),
    [
        (pbs, "qsub: Invalid account UABC0001, see your project's end", "Invalid account UABC0001"),
        (pbs, FileNotFoundError(2, "No such file or directory"), "is this a login node, with PBS"),
        (slurm, FileNotFoundError(2, "No such file"), "is this a login node, with Slurm"),
        (slurm, f"{FAILED} Requested node configuration is not available", "sbatch says: sbatch:"),
        (slurm, f"sbatch: error: QOSMaxCpuPerJobLimit\n{FAILED} {POLICY}", "QOSMaxCpuPerJobLimit"),
    ],
)
def test_troubles_that_stay_are_told_at_once(command, scheduler, complaint, said):
    command.complaints = [complaint]
    with pytest.raises(request.Refused, match=said):
        submission.submit(scheduler, ["script"], "work")
    assert command.calls == 1


@pytest.mark.parametrize(
    "complaint",
    [
        "Invalid account or account/partition combination specified",
        "Invalid partition name specified",
        "Invalid qos specification",
    ],
)
def test_what_all_jobs_would_meet_is_known_as_such(command, complaint):
    command.complaints = [f"{FAILED} {complaint}"]
    with pytest.raises(request.Misconfigured, match=complaint):
        submission.submit(slurm, ["script"], "work")


def test_a_job_that_cannot_be_recorded_is_not_lost(tmp_path, monkeypatch, capsys):
    """The disk is full: a job that runs must not be submitted again for want of a note."""

    def remember(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(submission, "submit", lambda *_: "7")
    monkeypatch.setattr(shared.SharedJobs, "remember", remember)
    script = tmp_path / "script"
    facts = '{"rule": "a", "output": ["b"], "threads": 1, "resources": {"mem_mb": 1, "runtime": 1}}'
    script.write_text(f"# properties = {facts}\n")
    assert adoption.job_for(shared.SharedJobs(slurm), str(script)) == "7"
    assert "a Snakemake started anew will not know: [Errno 28] No space" in capsys.readouterr().err
