"""Jobs that share one of the scheduler's: who gets one, who takes what, and what becomes of each.

On clusters, fake and genuine, in the first half; without any in the second.
"""

import itertools
import json
import os
import signal
import time
from pathlib import Path

import adoption
import clusters
import jobs as records
import pytest
import request
import shared
import shared_job
import slurm
import submission
from cluster import SHARED as PROFILE
from parts import left_over, part_of

SHARED = {"shared_cpu_minutes": 60, "runtime": 10}
SAME = {**SHARED, "shared_input": "samples/2000"}
UNTIL_GO = "bash -c 'touch started.{0}; until [ -e go ]; do sleep 0.1; done; touch made.{0}'"


@pytest.fixture(params=["fake-pbs", "fake-slurm", "genuine-pbs", "genuine-slurm"])
def cluster(request, tmp_path):
    if why := clusters.missing(request.param):
        pytest.skip(why)
    settings = {"minute_s": 3.0, "kill_delay_s": 2.0, "min_job_age_s": 5.0}
    with clusters.of_kind(request.param, tmp_path, **settings) as one:
        yield one


def shared_jobs(cluster):
    """Numbers of the scheduler's jobs that others share, by their logs."""
    logs = (cluster.folder / "logs" / cluster.name / "shared").iterdir()
    return sorted(int(path.name.partition(".")[0]) for path in logs)


def ends(cluster, *parts):
    """How parts end that leave a marker: files are cheaper to wait for than answers."""
    cluster.wait_for(*(f".snakemake/{cluster.name}/ended/{part}" for part in parts))
    return [cluster.status(part) for part in parts]


def log_of(cluster, part):
    return (cluster.folder / "logs" / cluster.name / "work" / f"{part}.log").read_text()


def test_jobs_share_one_of_the_scheduler_s_and_one_that_fails_fails_alone(cluster):
    """Whether it says so or is killed, with all its processes, as by the kernel."""
    run = "echo $STORMTRACE_TOGETHER_COUNT {0}; ls -d $STORMTRACE_TOGETHER; "
    ending = {"b": "false", "d": "kill -KILL 0"}
    parts = [
        cluster.submit(run.format(name) + ending.get(name, "true"), name, resources=SAME)
        for name in "abcd"
    ]
    other = cluster.submit("echo alone; touch made", "other", resources=SHARED)
    long = cluster.submit("true", "long", resources=SHARED | {"runtime": 61})
    assert not long.startswith("part-")
    assert ends(cluster, *parts) == ["success", "failed"] * 2
    assert ends(cluster, other) == ["success"]
    assert cluster.end_of(long) == "success"
    said = [log_of(cluster, part).split() for part in parts]
    assert [words[:2] for words in said] == [["4", name] for name in "abcd"]
    folders = {words[2] for words in said}
    assert len(folders) == 1 and not Path(folders.pop()).exists()
    assert log_of(cluster, other).strip() == "alone"
    assert len(shared_jobs(cluster)) == 1
    cluster.wait(lambda: cluster.is_over(str(shared_jobs(cluster)[0])))  # of itself


def test_a_gpu_is_waited_for_once(cluster):
    """By three detections that read the same, and a training; what needs none waits for none."""
    if cluster.kind == "genuine-slurm":
        pytest.skip("PBS gives GPUs that are not there; Slurm does not")
    gpu = {"gpu": 1, "gpu_model": "cc80", "shared_gpu_minutes": 480, "runtime": 30}
    detect = "echo $STORMTRACE_TOGETHER_COUNT; [ {0} != b ]"
    detections = [
        cluster.submit(detect.format(name), name, resources={**SAME, **gpu}) for name in "abc"
    ]
    training = cluster.submit("true", "training", resources=gpu | {"runtime": 360})
    other = cluster.submit("true", "other", resources=SHARED)
    assert ends(cluster, *detections) == ["success", "failed", "success"]
    assert ends(cluster, training, other) == ["success"] * 2
    assert [log_of(cluster, part).split() for part in detections] == [["3"]] * 3
    asked = [job["Resource_List"] for job in cluster.jobs().values()]
    assert sorted(int(resources.get("ngpus", 0)) for resources in asked) == [0, 1]


def test_a_shared_job_that_is_deleted_costs_what_it_holds_and_no_more(cluster):
    """It runs them to the end of their saving; what waited is taken by the next."""
    saving = "trap 'sleep 1; touch saved; exit 1' TERM; touch started; while :; do sleep 0.1; done"
    held = cluster.submit(f'bash -c "{saving}"', "held", resources=SHARED)
    cluster.wait_for("started")
    waits = cluster.submit("touch made", "waits", resources=SHARED)
    cluster.run(cluster.deletion, str(shared_jobs(cluster)[0]))
    assert ends(cluster, held) == ["failed"]
    assert (cluster.folder / "saved").exists()
    assert cluster.end_of(waits) == "success"
    assert len(shared_jobs(cluster)) == 2


def test_a_shared_job_that_is_killed_is_noticed(cluster):
    """With the part that it holds: neither can say a word."""
    kill = "touch started; kill -KILL -- -$(ps -o pgid= -p $PPID | tr -d ' ') 0"
    killed = cluster.submit(kill, "killed", resources=SHARED)
    cluster.wait_for("started")
    waits = cluster.submit("touch made", "waits", resources=SHARED)
    assert cluster.end_of(killed) == "failed"
    assert cluster.end_of(waits) == "success"


@pytest.mark.parametrize("kind", ["fake-pbs", "fake-slurm"])
def test_the_walltime_of_a_shared_job(kind, tmp_path):
    """Two minutes of its own and five beyond; the part is ended with it, and can be run again.

    Of a second each: seven minutes of a genuine scheduler would be too long.
    """
    saving = "trap 'touch saved; exit 1' TERM; touch started; while :; do sleep 0.1; done"
    short = {"shared_cpu_minutes": 2, "runtime": 2}
    with clusters.of_kind(kind, tmp_path, minute_s=1.0, kill_delay_s=2.0) as cluster:
        part = cluster.submit(f'bash -c "{saving}"', "out", resources=short)
        assert ends(cluster, part) == ["failed"]
        assert (cluster.folder / "saved").exists()
        assert cluster.limit in cluster.run("status.py", part).stderr


def test_parts_are_adopted_whether_they_wait_or_run(cluster):
    def submit(name, **changes):
        return cluster.submit(UNTIL_GO.format(name), name, resources=SHARED, **changes)

    first = [submit(name) for name in ("runs", "waits", "changes")]
    cluster.wait_for("started.runs")
    assert [submit(name) for name in ("runs", "waits")] == first[:2]
    other = submit("changes", params={"rows": 2})
    assert other != first[2] and cluster.status(first[2]) == "failed"
    new = cluster.submit("touch made.new", "runs", resources=SHARED, params={"rows": 2})
    assert ends(cluster, first[0]) == ["failed"]  # ended, though the job it was in goes on
    (cluster.folder / "go").touch()
    assert ends(cluster, first[1], other, new) == ["success"] * 3
    assert len(shared_jobs(cluster)) == 1
    assert not (cluster.folder / "made.runs").exists()


def test_cancelling_all_takes_back_what_waits_and_deletes_the_shared_jobs(cluster):
    parts = [
        cluster.submit(UNTIL_GO.format(name), name, resources=SHARED) for name in ("runs", "waits")
    ]
    cluster.wait_for("started.runs")
    cluster.run("cancel.py", "--all")
    assert ends(cluster, *parts) == ["failed"] * 2
    cluster.wait(lambda: all(cluster.is_over(str(number)) for number in shared_jobs(cluster)))
    assert not (cluster.folder / "started.waits").exists()


def never_starting(cluster):
    """Submit a part whose shared job is taken and never starts."""
    never = {**SHARED, **cluster.never}
    if "runtime" in cluster.never:
        never["shared_cpu_minutes"] = never["runtime"]
    return cluster.submit("touch made", "out", resources=never)


def test_a_shared_job_that_can_never_start_fails_its_parts_after_the_grace_time(cluster):
    assert cluster.end_of(never_starting(cluster)) == "failed"
    assert list((cluster.records / "shared" / "waiting").glob("[!.]*")) == []


def test_a_shared_job_that_is_deleted_in_the_queue_fails_what_waits_for_it(cluster):
    cluster.environment["STORMTRACE_GRACE_S"] = "3600"  # it is not given up for another reason
    part = never_starting(cluster)
    (job,) = (path.name for path in (cluster.records / "shared" / "jobs").iterdir())
    cluster.wait(lambda: cluster.is_queued(job))
    cluster.run(cluster.deletion, job)
    assert cluster.end_of(part) == "failed"


# Without a cluster


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def asked(monkeypatch):
    """What sbatch was asked for; `answers` are what it complains of, in turn."""
    calls, numbers = [], itertools.count(1)

    def ask(scheduler, arguments, identity):
        calls.append(arguments)
        complaint = calls_answers.pop(0) if calls_answers else ""
        return ("", complaint) if complaint else (str(next(numbers)), "")

    calls_answers = []
    monkeypatch.setattr(submission, "ask", ask)
    monkeypatch.setattr(slurm, "ask", lambda jobs, environment: {})
    return type("Asked", (), {"calls": calls, "answers": calls_answers})


@pytest.fixture
def at_slurm(asked):
    return shared.SharedJobs(slurm)


def jobscript(name="a", command="true", params=None, **resources):
    """Write a job script, as Snakemake does, of a job of one CPU and 100 MB."""
    template = (PROFILE / "jobscript.sh").read_text()
    facts = {
        "rule": "work",
        "output": [name],
        "input": [],
        "params": params or {},
        "wildcards": {"name": name},
        "log": [],
        "threads": 1,
        "resources": {"mem_mb": 100, **SHARED, **resources},
    }
    script = Path(f"script.{name}")
    script.write_text(template.format(properties=json.dumps(facts), exec_job=command))
    return str(script)


def add(jobs, name="a", **how):
    return adoption.job_for(jobs, jobscript(name, **how))


def carry(jobs, number="1", linger=0.0, minutes=60, memory=1200, cpus=1):
    """Be the shared job of a number, until there is nothing more to do."""
    kind = part_of(shared.names(jobs.path("waiting"))[0]).kind
    words = [jobs.state, number, kind, *map(str, (cpus, memory, minutes, linger))]
    before = signal.getsignal(signal.SIGTERM)
    try:
        return shared_job.SharedJob(words).run()
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.fixture
def quick(monkeypatch):
    """No waiting for others, and the environment of a job of Slurm."""
    monkeypatch.setattr(shared_job, "GATHER_S", 0.0)
    monkeypatch.setattr(shared_job, "LOOK_S", 0.02)
    monkeypatch.setenv("SLURM_JOB_ID", "1")
    monkeypatch.setenv("SLURM_SUBMIT_DIR", str(Path.cwd()))
    monkeypatch.setenv("STORMTRACE_PATH", os.environ["PATH"])
    monkeypatch.setenv("HOME", str(Path.cwd()))


def part(minutes=10, cpus=1, memory=300, most=1, kind="cpu0", at=0):
    return part_of(f"part-{kind}-{cpus}-{memory}-{minutes}-{most}-{at}-0")


def queued(minutes=60, cpus=1, memory=300, **facts):
    return {"minutes": minutes, "cpus": cpus, "memory_mb": memory, **facts}


@pytest.mark.parametrize(
    ("parts", "fleet", "left"),
    [
        # Six of ten minutes fill one of sixty; the seventh is left over.
        ([part()] * 6, [queued()], 0),
        ([part()] * 7, [queued()], 1),
        # Two of 40 need one each, and leave room for two of 20.
        ([part(40), part(20)] * 2, [queued()] * 2, 0),
        ([part(40)] * 2, [queued()], 1),
        # Half an hour before its end, at work on one of ten minutes: two more.
        ([part()] * 3, [queued(deadline=1800, busy=10)], 1),
        # Neither CPUs nor memory are there.
        ([part(cpus=2), part(memory=301)], [queued()], 2),
        ([part()], [], 1),
    ],
)
def test_what_shared_jobs_cannot_hold(parts, fleet, left):
    assert len(left_over(parts, fleet, now=0.0)) == left


def test_as_many_are_submitted_as_the_minutes_ask_for(at_slurm, asked):
    for count in range(13):
        add(at_slurm, f"a{count}")
    assert len(asked.calls) == 3  # six each
    assert "--time=65" in asked.calls[0] and "--mem=500M" in asked.calls[0]
    add(at_slurm, "more", mem_mb=900)  # a retry's: it fits into none of them
    assert "--mem=1300M" in asked.calls[3]
    add(at_slurm, "same", shared_input="s")  # four at once
    assert len(asked.calls) == 4
    add(at_slurm, "own", slurm_account="other")  # who pays is another
    assert len(asked.calls) == 5


def test_no_more_than_the_most_are_submitted(at_slurm, asked, monkeypatch):
    monkeypatch.setitem(shared.MOST, "cpu", 2)
    for count in range(4):
        add(at_slurm, f"a{count}", runtime=60)
    assert len(asked.calls) == 2


@pytest.mark.parametrize(
    ("how", "shares"),
    [
        ({}, True),
        ({"runtime": 60}, True),
        ({"runtime": 61}, False),
        ({"shared_cpu_minutes": 0}, False),
        ({"gpu": 1}, False),
        ({"gpu": 1, "shared_gpu_minutes": 10}, True),
    ],
)
def test_who_shares(at_slurm, how, shares):
    properties = request.properties_of(jobscript(**how))
    assert at_slurm.shares(properties) == shares


def test_a_queue_that_is_full_is_no_matter_while_a_shared_job_lives(at_slurm, asked):
    add(at_slurm, "a", runtime=60)
    asked.answers[:] = ["sbatch: error: AssocMaxSubmitJobLimit: job submit limit reached"]
    job = add(at_slurm, "b", runtime=60)
    assert at_slurm.status(job) == "running"
    assert len(asked.calls) == 3  # asked again with the status


def test_a_request_that_is_refused_leaves_no_part_behind(at_slurm, asked):
    asked.answers[:] = ["sbatch: error: Batch job submission failed: Invalid account"]
    with pytest.raises(request.Misconfigured, match="Invalid account"):
        add(at_slurm)
    assert shared.names(at_slurm.path("waiting")) == []


def test_parts_run_one_after_another_and_the_same_samples_at_once(at_slurm, quick):
    run = "echo {0} $STORMTRACE_TOGETHER_COUNT $STORMTRACE_PART >> order; [ {0} != x2 ]"
    names = ["x1", "y1", "x2", "y2", "x3", "alone"]
    done = {}
    for name in names:
        same = {} if name == "alone" else {"shared_input": name[0]}
        done[name] = add(at_slurm, name, command=run.format(name), **same)
        time.sleep(0.002)
    assert carry(at_slurm) == 0
    lines = [line.split() for line in Path("order").read_text().splitlines()]
    assert [line[0] for line in sorted(lines[:3])] == ["x1", "x2", "x3"]
    assert [line[0] for line in sorted(lines[3:5])] == ["y1", "y2"]
    assert lines[5][0] == "alone"
    assert [line[1] for line in lines[:5]] == ["3", "3", "3", "2", "2"]
    assert {line[0]: line[-1] for line in lines} == done
    assert {name: at_slurm.status(job) for name, job in done.items()} == {
        name: "failed" if name == "x2" else "success" for name in names
    }
    assert shared.names(at_slurm.path("taken")) == shared.names(at_slurm.path("waiting")) == []


def test_what_does_not_fit_is_left_for_another(at_slurm, quick):
    add(at_slurm, "small", shared_input="s")
    waits = [add(at_slurm, "memory", mem_mb=2000), add(at_slurm, "minutes", runtime=50)]
    assert carry(at_slurm, minutes=36) == 0
    assert sorted(shared.names(at_slurm.path("waiting"))) == sorted(waits)
    # Of four at once as many as the memory holds.
    names = [
        add(at_slurm, f"s{count}", shared_input="s", command="echo 1 >> n") for count in range(3)
    ]
    assert carry(at_slurm, minutes=36, memory=600) == 0
    assert {at_slurm.status(job) for job in names} == {"success"}


def test_a_part_taken_by_another_is_left_alone(at_slurm, quick, monkeypatch):
    job = add(at_slurm, command="echo 1 >> runs")
    number = "2"

    def run_by_another(self, gather_s, choose=shared_job.SharedJob.choose):
        chosen = choose(self, gather_s)
        if chosen and self.number == "1":
            assert carry(at_slurm, number) == 0
        return chosen

    monkeypatch.setattr(shared_job.SharedJob, "choose", run_by_another)
    assert carry(at_slurm) == 0
    assert Path("runs").read_text() == "1\n"
    taken = [records.read_json(at_slurm.path("at_work", number))["took"] for number in "12"]
    assert taken == [0, 1]
    assert at_slurm.status(job) == "success"


def test_a_part_that_is_killed_says_so(at_slurm, quick, capsys):
    job = add(at_slurm, command="kill -9 $$")
    assert carry(at_slurm) == 0
    assert at_slurm.status(job) == "failed"
    assert "work asked for 100 MB" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("1 PART: work\nWHY\n2 PART: ended with 1", True),
        ("1 PART: work\nWHY", True),
        ("0 part-x: work\n1 PART: work\n2 PART: ended with 1\n3 part-y: work\nWHY", False),
        ("1 part-x: work\nWHY", False),
    ],
)
def test_why_a_shared_job_was_ended_is_said_of_what_it_held(at_slurm, capsys, lines, told):
    job = add(at_slurm)
    at_slurm.settle(job)
    log = Path("logs/slurm/shared/1.log")
    log.parent.mkdir(parents=True, exist_ok=True)
    why = "JOB 1 ON node CANCELLED AT 2026-11-30T11:00:00 DUE TO TIME LIMIT"
    text = lines.replace("PART", job).replace("WHY", f"slurmstepd: error: *** {why} ***")
    log.write_text(f"{text}\n")
    assert at_slurm.status(job) == "failed"
    assert (f"{job} was ended: {why}" in capsys.readouterr().err) == told


def test_a_job_script_that_vanishes_fails_its_part(at_slurm, quick, monkeypatch):
    lost, taken = add(at_slurm, "lost"), add(at_slurm, "taken")
    Path(at_slurm.path("waiting", lost)).unlink()
    assert at_slurm.status(lost) == "running"  # it may only be late to be seen
    old = time.time() - records.GRACE_S - 1
    os.utime(at_slurm.path("lost", lost), (old, old))
    assert at_slurm.status(lost) == "failed"

    def take(self, one, take=shared_job.SharedJob.take):
        done = take(self, one)
        Path(self.taken(one)).unlink()
        return done

    monkeypatch.setattr(shared_job.SharedJob, "take", take)
    assert carry(at_slurm) == 0
    assert at_slurm.status(taken) == "failed"


def test_shared_jobs_that_break_are_not_submitted_for_ever(at_slurm, asked, monkeypatch):
    """As on a node without Python: each attempt of a part has one."""
    monkeypatch.setattr(shared, "POLL_S", 0.0)
    job = add(at_slurm)
    records.write_json(at_slurm.marker("1"), 127)
    assert at_slurm.status(job) == "failed"
    again = add(at_slurm)
    assert again != job and at_slurm.status(again) == "running"
    assert len(asked.calls) == 2


def test_a_shared_job_that_ends_while_others_live_fails_nobody(at_slurm, asked, monkeypatch):
    monkeypatch.setattr(shared, "POLL_S", 0.0)
    parts = [add(at_slurm, name, runtime=60) for name in "ab"]
    records.write_json(at_slurm.marker("1"), 127)
    assert {at_slurm.status(job) for job in parts} == {"running"}
    assert len(asked.calls) == 2  # and a broken node is not fed with more


def test_parts_that_nobody_has_asked_for_in_a_day_are_left_alone(at_slurm, quick):
    job = add(at_slurm)
    old = time.time() - shared.UNASKED_S - 60
    os.utime(at_slurm.path("waiting", job), (old, old))
    assert carry(at_slurm) == 0
    assert at_slurm.status(job) == "running"  # and has been asked for now
    assert carry(at_slurm) == 0
    assert at_slurm.status(job) == "success"


def test_no_part_is_half_written_on_a_full_disk(at_slurm, monkeypatch):
    def rename(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shared.os, "rename", rename)
    with pytest.raises(OSError, match="No space"):
        add(at_slurm)
    assert list(Path(at_slurm.path("waiting")).iterdir()) == []


def test_the_marker_of_a_part_is_tried_until_there_is_room(at_slurm, quick, monkeypatch):
    full = [28] * 3

    def write_json(path, value, write=records.write_json):
        if "ended" in path and full:
            raise OSError(full.pop(), "No space left on device")
        write(path, value)

    job = add(at_slurm, command="kill -9 $$")
    monkeypatch.setattr(shared_job, "write_json", write_json)
    assert carry(at_slurm) == 0
    assert full == [] and at_slurm.status(job) == "failed"


def test_only_what_nothing_waits_for_is_deleted_at_the_end(at_slurm, monkeypatch):
    deleted = []
    monkeypatch.setattr(records.Jobs, "delete", lambda _, jobs: deleted.extend(jobs))
    job = add(at_slurm)
    at_slurm.delete_idle()
    assert deleted == []
    at_slurm.delete([job])
    at_slurm.delete_idle()
    assert deleted == ["1"]
