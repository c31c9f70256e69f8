"""What becomes of jobs by what PBS says; the texts are those of OpenPBS and qstat-cache."""

import subprocess
import sys

import jobs as module
import pbs as words
import pytest
from cluster import PROFILES

FINISHED = """\
Job Id: 1.casper-pbs
    Job_Name = detect.control.2000
    Job_Owner = hpcuser@casper-pbs
    resources_used.walltime = 00:00:03
    job_state = F
    queue = htc
    Variable_List = PBS_O_HOME=/glade/u/hpcuser,PBS_O_LANG=C.UTF-8,
\tPBS_O_LOGNAME=hpcuser,
\tPBS_O_PATH=/usr/bin:/bin,PBS_O_WORKDIR=/glade/scratch/hpcuser/stormtrace
    comment = Job run at Sun Nov 22 at 13:57 on (casper-pbs:ncpus=1:mem=102400k
\tb) and failed
    Exit_status = 3

Job Id: 2.casper-pbs
    job_state = F
    comment = Job run at Sun Nov 22 at 13:57 on (casper-pbs:ncpus=1:mem=102400k
\tb) and exceeded resource walltime
    Exit_status = -29

Job Id: 3.casper-pbs
    job_state = F
    comment = Not Running: Insufficient amount of resource: ncpus and terminated

"""
QUEUED = """\
Job Id: 104.casper-pbs
    Job_Name = steps
    job_state = Q
    Resource_List.select = 1:ncpus=10:mem=2000mb
    comment = Can Never Run: Insufficient amount of resource: ncpus (R: 10 A: 8
\t T: 8)
    Submit_arguments = -N steps -A UABC0001 -q casper -l select=1:ncpus=10:
\tmem=2000mb -l walltime=00:05:00 job_state = F

"""
UNKNOWN = "qstat: Unknown Job Id 99.casper-pbs\n"
UNREACHABLE = "Connection refused\nqstat: cannot connect to server casper-pbs (errno=15010)\n"


@pytest.fixture(autouse=True)
def one_hour(tmp_path, monkeypatch):
    """A folder of its own, and a clock that the test moves."""
    clock = Clock()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module.time, "time", clock)
    return clock


@pytest.fixture
def jobs():
    return module.Jobs(words)


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def pbs(monkeypatch):
    """PBS saying what the test wants: set `answer`; `questions` are the ids asked for."""
    return Pbs(monkeypatch)


class Pbs:
    def __init__(self, monkeypatch):
        self.answer, self.questions, self.deleted = "", [], []
        monkeypatch.setattr(words, "ask", self.ask)
        monkeypatch.setattr(module.Jobs, "delete", lambda _, jobs: self.deleted.extend(jobs))

    def ask(self, jobs, environment):
        self.questions.append(jobs)
        return words.parse(self.answer)


def test_exit_status_and_comment_of_several_jobs():
    told = words.parse(FINISHED)
    assert told["1"]["comment"].startswith("3: ")
    assert told["2"]["comment"].startswith("-29: ")
    assert told["2"]["comment"].endswith("mem=102400kb) and exceeded resource walltime")
    assert told["3"]["comment"].startswith("no exit status: ")  # deleted before it ever ran
    assert not any(job["succeeded"] for job in told.values())


@pytest.mark.parametrize(
    ("ending", "code", "about_memory"),
    [
        ("and exceeded resource mem", "-27", True),
        ("and exceeded resource vmem", "-26", True),
        (
            "and failed",
            "265",
            True,
        ),  # SIGKILL: of the kernel, where a cgroup has used up its memory
        ("and failed", "3", False),
        ("and exceeded resource walltime", "-29", False),
        ("and terminated", "271", False),
        ("and failed", "-4", False),  # its node was started anew
        ("", "-20", False),  # its node was given up
    ],
)
def test_memory_that_is_used_up_is_told_with_the_key(
    one_hour, pbs, jobs, capsys, ending, code, about_memory
):
    properties = {"rule": "detect", "resources": {"mem_mb": 2500}}
    jobs.remember("work", "1.casper-pbs", "content", properties)
    told = FINISHED.replace("Exit_status = 3", f"Exit_status = {code}")
    pbs.answer = told.replace("\tb) and failed", f"\tb) {ending}")
    jobs.status("1.casper-pbs")
    one_hour.now += 61
    assert jobs.status("1.casper-pbs") == "failed"
    said = capsys.readouterr().err
    assert f"ended with {code}" in said
    assert ("--set-resources detect:mem_mb=5000" in said) == about_memory
    assert ("detect asked for 2500 MB" in said) == about_memory


def test_a_marker_of_a_kill_is_told_with_the_key(tmp_path, pbs, jobs, capsys):
    (tmp_path / jobs.state / "ended").mkdir(parents=True)
    (tmp_path / jobs.state / "ended" / "1").write_text("137\n")
    assert jobs.status("1.casper-pbs") == "failed"
    assert "ask for more with mem_mb" in capsys.readouterr().err  # of an older record
    jobs.remember("work", "1.casper-pbs", "", {"rule": "detect", "resources": {"mem_mb": 2500}})
    assert jobs.status("1.casper-pbs") == "failed"
    assert "--set-resources detect:mem_mb=5000" in capsys.readouterr().err


@pytest.mark.parametrize(
    "said", ["mem 993404kb exceeded limit 307200kb", "walltime 431 exceeded limit 420", ""]
)
def test_a_job_that_pbs_ends_says_so_before_pbs_and_is_told_with_its_words(
    tmp_path, pbs, jobs, capsys, said
):
    """SIGTERM comes first, and the job's marker; PBS has written why into the job's log."""
    jobs.remember("work", "1.casper-pbs", "", {"rule": "detect", "resources": {"mem_mb": 100}})
    (tmp_path / jobs.state / "ended").mkdir()
    (tmp_path / jobs.state / "ended" / "1").write_text("1\n")
    log = tmp_path / "logs" / "pbs" / "detect" / "1.casper-pbs.OU"
    log.parent.mkdir(parents=True)
    log.write_text(f"=>> PBS: job killed: {said}\nTerminated\n" if said else "Terminated\n")
    (log.parent / "11.casper-pbs.OU").write_text("=>> PBS: job killed: walltime\n")
    assert jobs.status("1.casper-pbs") == "failed"
    told = capsys.readouterr().err
    assert (f"PBS job 1.casper-pbs was ended: {said}" in told) == bool(said)
    assert ("--set-resources detect:mem_mb=200" in told) == ("mem " in said)


def test_a_wrapped_line_is_one_line():
    told = words.parse(QUEUED)["104"]
    assert told["state"] == "queued"
    assert told["comment"].endswith("ncpus (R: 10 A: 8 T: 8)")


def test_a_job_that_was_deleted_is_no_success(one_hour, pbs, jobs):
    """Even where OpenPBS gives it an exit status of 0, which it does on a busy machine."""
    pbs.answer = FINISHED.replace("Exit_status = 3", "Exit_status = 0").replace(
        "\tb) and failed", "\tb) and terminated"
    )
    jobs.status("1.casper-pbs")
    one_hour.now += 61
    assert jobs.status("1.casper-pbs") == "failed"


def test_what_is_unknown_and_what_is_silence():
    assert words.parse(UNKNOWN)["99"]["trouble"]
    assert words.parse(UNREACHABLE) == {}


def test_the_marker_is_believed_before_pbs(tmp_path, pbs, jobs):
    (tmp_path / jobs.state / "ended").mkdir(parents=True)
    for number, text in {"1": "0\n", "2": "1\n", "3": ""}.items():  # the third's disk was full
        (tmp_path / jobs.state / "ended" / number).write_text(text)
    assert jobs.status("1.casper-pbs") == "success"
    assert jobs.status("2.casper-pbs") == "failed"
    assert jobs.status("3.casper-pbs") == "running"
    assert pbs.questions == []


def test_one_question_a_minute_for_all_jobs(one_hour, pbs, jobs):
    ids = ["1.casper-pbs", "2.casper-pbs", "3.casper-pbs"]
    pbs.answer = FINISHED
    for one_hour.now in range(1000, 1300):
        assert {jobs.status(job) for job in ids} <= {"running", "failed"}
    assert len(pbs.questions) == 1  # then all are known to have ended
    assert pbs.questions[0] == ids
    assert {jobs.status(job) for job in ids} == {"failed"}


def test_jobs_that_live_are_asked_for_every_minute(one_hour, pbs, jobs):
    pbs.answer = QUEUED.replace("Can Never Run", "Not Running")
    for one_hour.now in range(1000, 1301):
        assert jobs.status("104.casper-pbs") == "running"
    assert len(pbs.questions) == 5


@pytest.mark.parametrize(
    ("job", "answer"), [("99.casper-pbs", UNKNOWN), ("104.casper-pbs", QUEUED)]
)
def test_trouble_must_last_before_a_job_is_given_up(one_hour, pbs, job, answer, jobs):
    pbs.answer = answer
    while (answered := jobs.status(job)) == "running":
        one_hour.now += 10
    assert answered == "failed"
    # A minute to the first question, then the grace time.
    assert module.GRACE_S < one_hour.now - 1000 <= module.POLL_S + module.GRACE_S + 20
    assert job in pbs.deleted


def test_trouble_that_passes_is_forgotten(one_hour, pbs, jobs):
    for pbs.answer in [UNKNOWN, FINISHED.replace("1.casper", "99.casper").replace(" F", " R")] * 20:
        one_hour.now += module.GRACE_S * 0.6
        assert jobs.status("99.casper-pbs") == "running"


def test_a_silent_pbs_means_running_for_as_long_as_it_takes(one_hour, pbs, jobs):
    for pbs.answer in [UNREACHABLE, "", "garbage \x00"] * 100:
        one_hour.now += 60
        assert jobs.status("1.casper-pbs") == "running"


def test_the_name_of_the_server_need_not_agree(one_hour, pbs, jobs):
    pbs.answer = FINISHED.replace("1.casper-pbs", "1.casper-pbs.hpc.example.edu")
    assert jobs.status("1") == "running"
    one_hour.now += 61
    assert jobs.status("1") == "failed"


def test_a_failure_is_remembered_when_pbs_forgets(one_hour, pbs, jobs):
    pbs.answer = FINISHED
    assert jobs.status("2.casper-pbs") == "running"
    one_hour.now += 61
    assert jobs.status("2.casper-pbs") == "failed"
    one_hour.now += 30 * 24 * 3600  # PBS keeps its history for some days
    pbs.answer = UNKNOWN.replace("99", "2")
    assert jobs.status("2.casper-pbs") == "failed"  # at once: nothing to be adopted


def test_a_pbs_that_takes_minutes_is_asked_once_a_minute_all_the_same(one_hour, monkeypatch, jobs):
    """Snakemake waits for each answer: were PBS asked again at once, it would do nothing else."""

    def hang(ids, environment):
        asked.append(one_hour.now)
        one_hour.now += 60
        return {}

    asked = []
    monkeypatch.setattr(words, "ask", hang)
    while one_hour.now < 1600:
        assert jobs.status("1.casper-pbs") == "running"
        one_hour.now += 1
    assert len(asked) == 5


def test_a_clock_that_was_ahead_does_not_keep_pbs_from_being_asked(one_hour, pbs, jobs):
    """Started anew on another login node, whose clock is an hour behind the first one's."""
    pbs.answer = FINISHED
    assert jobs.status("2.casper-pbs") == "running"
    one_hour.now -= 3600
    assert jobs.status("2.casper-pbs") == "failed"


def test_a_full_disk_makes_no_storm_of_questions(one_hour, pbs, monkeypatch, jobs):
    def write_json(path, value):
        raise OSError(28, "No space left on device")

    jobs.status("1.casper-pbs")
    one_hour.now += 61
    monkeypatch.setattr(module, "write_json", write_json)
    for _ in range(10):
        with pytest.raises(OSError, match="No space"):
            jobs.status("1.casper-pbs")  # which status.py takes for `running`
    assert pbs.questions == []


def test_any_fault_of_the_status_command_says_running(tmp_path):
    (tmp_path / ".snakemake").write_text("a file where a folder should be")
    command = [sys.executable, PROFILES / "pbs-casper" / "status.py", "1.casper-pbs"]
    asked = subprocess.run(command, text=True, capture_output=True, check=True)
    assert asked.stdout == "running\n"
    assert "NotADirectoryError" in asked.stderr


def test_the_living_are_those_on_record_that_have_not_ended(tmp_path, one_hour, pbs, jobs):
    for number in range(1, 5):
        jobs.remember(f"work-{number}", f"{number}.casper-pbs", "content", {})
    (tmp_path / jobs.state / "ended").mkdir()
    (tmp_path / jobs.state / "ended" / "4").write_text("0\n")
    jobs.status("3.casper-pbs")
    pbs.answer = FINISHED
    one_hour.now += 61
    jobs.status("3.casper-pbs")
    assert sorted(jobs.living()) == ["1.casper-pbs", "2.casper-pbs"]
