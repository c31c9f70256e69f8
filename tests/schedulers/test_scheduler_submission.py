"""How the Casper profile submits when qsub has a bad day; what it says is OpenPBS's own."""

import subprocess
from types import SimpleNamespace

import jobs
import pytest
import request
import submission

LIMIT = "qsub: would exceed queue casper's per-user limit"
FULL = "qsub: Maximum number of jobs for user hpcuser already in queue casper"


@pytest.fixture
def qsub(monkeypatch):
    """A qsub that complains in the words of `complaints`, one after the other, then says 7; a clock."""
    pbs = SimpleNamespace(complaints=[], calls=0, now=0.0, waits=[])

    def run(command, **_):
        pbs.calls += 1
        complaint = pbs.complaints.pop(0) if pbs.complaints else ""
        if isinstance(complaint, Exception):
            raise complaint
        return SimpleNamespace(
            returncode=1 if complaint else 0, stdout="" if complaint else "7.vm\n", stderr=complaint
        )

    def sleep(seconds):
        pbs.now += seconds
        pbs.waits.append(seconds)

    monkeypatch.setattr(submission.subprocess, "run", run)
    monkeypatch.setattr(submission.time, "sleep", sleep)
    monkeypatch.setattr(submission.time, "time", lambda: pbs.now)
    return pbs


@pytest.mark.parametrize(
    "complaint",
    [
        "Connection refused\nqsub: cannot connect to server casper-pbs (errno=15010)",
        "qsub: Request not allowed: Server shutting down",
        "qsub: Resource temporarily unavailable",
        "qsub: Server connection table full",
        "qsub: No free connections",
        subprocess.TimeoutExpired("qsub", 300),
    ],
)
def test_troubles_that_pass_are_waited_for(qsub, complaint):
    qsub.complaints = [complaint] * 3
    assert submission.qsub(["script"]) == "7.vm"
    assert qsub.waits == [2, 10, 30]


def test_but_not_for_ever(qsub):
    qsub.complaints = ["qsub: cannot connect to server"] * 99
    with pytest.raises(request.Refused, match="qsub says: qsub: cannot connect"):
        submission.qsub(["script"])
    assert qsub.calls == 6


@pytest.mark.parametrize("complaint", [LIMIT, FULL])
def test_a_full_queue_is_waited_for_much_longer(qsub, complaint):
    """Jobs have to end before another fits, and those take hours."""
    qsub.complaints = [complaint] * 100
    assert submission.qsub(["script"]) == "7.vm"
    assert sum(qsub.waits) == 100 * 120
    qsub.complaints = [complaint] * 1000
    with pytest.raises(request.Refused, match="qsub says"):
        submission.qsub(["script"])


@pytest.mark.parametrize(
    ("complaint", "told"),
    [
        ("qsub: Invalid account UABC0001, see your project's end", "Invalid account UABC0001"),
        (FileNotFoundError(2, "No such file or directory"), "is this a login node, with PBS"),
    ],
)
def test_troubles_that_stay_are_told_at_once(qsub, complaint, told):
    qsub.complaints = [complaint]
    with pytest.raises(request.Refused, match=told):
        submission.qsub(["script"])
    assert qsub.calls == 1


def test_a_job_that_cannot_be_recorded_is_not_lost(tmp_path, monkeypatch, capsys):
    """The disk is full: a job that runs must not be submitted again for want of a note."""

    def remember(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PBS_ACCOUNT", "UABC0001")
    monkeypatch.setattr(submission, "qsub", lambda arguments: "7.vm")
    monkeypatch.setattr(jobs, "remember", remember)
    script = tmp_path / "script"
    facts = '{"rule": "a", "output": ["b"], "threads": 1, "resources": {"mem_mb": 1, "runtime": 1}}'
    script.write_text(f"# properties = {facts}\n")
    assert submission.job_for(str(script)) == "7.vm"
    assert "a Snakemake started anew will not know: [Errno 28] No space" in capsys.readouterr().err
