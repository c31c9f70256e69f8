"""How far a study is, told from files: results, notes and logs of jobs, and the Casper profile's."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from script_runs import forked
from stormtrace.errors import BadInput
from stormtrace.study import jobs
from stormtrace.study import status as progress
from stormtrace.study.loading import load_study, read_overlays

ROOT = Path(__file__).resolve().parents[2]
OVERLAY = {"run": ["control", "area-stats"], "compare": []}
LOG = "results/logs/detect/area-stats/{}.log"


@pytest.fixture
def overlay(tmp_path):
    file = tmp_path / "overlay.json"
    file.write_text(json.dumps(OVERLAY))
    return file


def laid_over(file):
    return load_study(ROOT, read_overlays([file], {}), [file])


@pytest.fixture
def study(overlay):
    return laid_over(overlay)


def make(folder, path, text=""):
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(text)


def submit(folder, number, log, ended=None, notes=jobs.RECORDS["PBS"], **told):
    """Leave behind what a profile does for one job, and what the scheduler said of it."""
    job = f"{number}.casper-pbs" if notes.name == "pbs" else str(number)
    record = {"job": job, "rule": "detect", "output": ["out"], "log": [log]}
    make(folder, notes / "submitted" / str(number), json.dumps(record))
    if ended is not None:
        make(folder, notes / "ended" / str(number), f"{ended}\n")
    known = jobs.read_json(folder / notes / "answers.json").get("jobs", {}) | {str(number): told}
    make(folder, notes / "answers.json", json.dumps({"asked": time.time() - 40, "jobs": known}))
    return job


def note(folder, log, **facts):
    """Leave behind what a running job does."""
    here = {"host": socket.gethostname(), "process": os.getpid(), "job": None}
    now = {"started": time.time() - 60, "time": time.time()}
    make(folder, log.replace(".log", ".progress.json"), json.dumps(here | now | facts))


def test_the_study_is_that_of_the_snakefile(study):
    assert list(study.experiments) == ["control", "area-stats"]
    casper = laid_over(ROOT / "config" / "casper" / "config.yaml")
    assert len(casper.years("control")) == 15
    elsewhere = load_study(ROOT, {"results": "elsewhere"})
    assert (
        progress.targets(elsewhere, "control")["masks"][0].path == "elsewhere/masks/control/2000.nc"
    )
    with pytest.raises(BadInput):
        laid_over(ROOT / "workflow" / "schemas" / "config.schema.yaml")


@pytest.mark.parametrize("published", [False, True])
def test_outputs_and_logs_are_those_of_the_rules(tmp_path, published):
    """Whatever the table counts, the workflow plans to make, and to log there."""
    overlay = dict(OVERLAY)
    if published:
        for name in ("config.json", "weights.pth"):
            make(tmp_path, f"published/{name}")
        model = {"weights": str(tmp_path / "published")}
        overlay |= {"run": ["published"], "models": {"ready": model}}
        overlay |= {"experiments": {"published": {"like": "control", "model": "ready"}}}
    make(tmp_path, "overlay.json", json.dumps(overlay))
    study = laid_over(tmp_path / "overlay.json")
    command = ["-m", "snakemake", "--dry-run", "--printshellcmds", "--cores", "1"]
    command += ["--snakefile", ROOT / "Snakefile", "--directory", tmp_path]
    command += ["--configfile", tmp_path / "overlay.json"]
    done = forked(*command)
    assert done.returncode == 0, done.stderr
    plan = done.stdout
    lines = dict(re.findall(r"STORMTRACE_LOG=(\S+) (.*)", plan))
    for experiment in study.shown:
        for stage, targets in progress.targets(study, experiment).items():
            assert targets or (published and stage == "statistics"), stage
            for target in targets:
                one_of_several = stage in ("events", "model")
                made = Path(target.path).parent if one_of_several else target.path
                assert f"--output {made} " in lines[target.log]
                # Of a script that is killed, the shell says so in the log.
                _, killed = lines[target.log].split(" 2>&1 || ")
                assert re.search(r"report_kill.py --code \$\? --memory \d+ --log \S+$", killed)
                assert killed.endswith(f" {target.log}")


def test_warnings_are_looked_for_where_rules_log():
    """Once those of comparisons, verification and the report stood in their logs alone."""
    files = (ROOT / "workflow" / "rules").glob("*.smk")
    logs = [one for file in files for one in re.findall(r'at\.log\("(.*?)"\)', file.read_text())]
    known = {re.sub(r"\{.*", "", one).rstrip("/") for one in logs}
    study = load_study(ROOT, {})
    found = [
        one.removeprefix("results/logs/").removesuffix(".log") for one in progress.logs_of(study)
    ]
    assert {one.split("/")[0] for one in found} <= known
    compared = {f"compare/{name}" for name in study.config.compare}
    verified = {f"verify/{name}" for name in study.config.verify}
    assert compared and compared | verified | {"write_report", "evaluate/four-fields"} <= {*found}


def test_jobs_by_what_they_are_up_to(tmp_path):
    submit(tmp_path, 1, "logs/a/done.log", ended=0)
    submit(tmp_path, 2, "logs/a/failed.log", ended=1)
    make(tmp_path, "logs/a/failed.log", "many words\nerror: no wind in 2090\n\n")
    submit(tmp_path, 3, "logs/a/killed.log", state="ended", comment="exceeded walltime")
    submit(tmp_path, 4, "logs/a/running.log", state="running")
    submit(tmp_path, 5, "logs/a/queued.log", state="queued")
    submit(tmp_path, 6, "logs/a/new.log")
    submit(tmp_path, 1, "logs/a/slurm.log", notes=jobs.RECORDS["Slurm"], state="running")
    told = {job.name: (job.state, job.reason) for job in jobs.jobs_in(tmp_path, "logs").values()}
    assert told == {
        "failed": ("failed", "error: no wind in 2090"),
        "killed": ("failed", "exceeded walltime"),
        "running": ("running", ""),
        "queued": ("queued", ""),
        "new": ("queued", ""),
        "slurm": ("running", ""),
    }


def test_a_note_is_believed_while_its_job_lives(tmp_path):
    note(tmp_path, "logs/a/here.log", done=1, total=4, what="steps")
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    note(tmp_path, "logs/a/killed.log", process=gone.pid)
    note(tmp_path, "logs/a/elsewhere.log", host="another node", process=gone.pid)
    for name, facts in {"lives": {}, "ended": {"ended": 1}, "lost": {"state": "ended"}}.items():
        job = submit(tmp_path, name, f"logs/a/{name}.log", **facts)
        note(tmp_path, f"logs/a/{name}.log", host="a node", job=job)
    (tmp_path / "logs/a/half.progress.json").write_text("{")
    at_work = jobs.jobs_in(tmp_path, "logs").values()
    states = {job.name: job.state for job in at_work}
    assert states == {
        "here": "running",
        "killed": "failed",  # it could not take its note away
        "elsewhere": "running",
        "lives": "running",
        "ended": "failed",
        "lost": "failed",
    }


def test_jobs_that_share_one_of_the_scheduler_s(tmp_path):
    """Where each is, is known from its job script; of those taken, from the job that took it."""
    records = jobs.RECORDS["Slurm"]
    for name in ("waits", "runs", "lost", "failed", "done"):
        ended = {"failed": 1, "done": 0}.get(name)
        submit(tmp_path, f"part-{name}", f"logs/a/{name}.log", notes=records, ended=ended)
        note(tmp_path, f"logs/a/{name}.log", host="a node", job=f"part-{name}")
    (tmp_path / "logs/a/waits.progress.json").unlink()
    (tmp_path / "logs/a/done.progress.json").unlink()
    for place in ("waiting/part-waits", "taken/part-runs.7", "taken/part-lost.8", "jobs/9"):
        make(tmp_path, records / "shared" / place)
    for number in ("7", "8"):
        make(tmp_path, records / "shared/at_work" / number)
    told = {"7": {"state": "running"}, "8": {"state": "ended", "comment": "CANCELLED"}}
    make(tmp_path, records / "answers.json", json.dumps({"asked": time.time(), "jobs": told}))
    at_work = jobs.jobs_in(tmp_path, "logs").values()
    assert {job.name: job.state for job in at_work} == {
        "waits": "queued",
        "runs": "running",
        "lost": "failed",
        "failed": "failed",
    }
    assert jobs.shared_jobs(tmp_path) == (1, 1)


def test_time_goes_on_after_a_note():
    job = jobs.Job("logs/a/b.log", "a/b", "running", {"time": time.time() - 10, "seconds_left": 15})
    assert job.seconds_left() == pytest.approx(5, abs=1)
    job.note["seconds_left"] = 3
    assert job.seconds_left() == 0
    assert jobs.Job("logs/a/b.log", "a/b", "running").seconds_left() is None


def test_a_study_sees_its_own_jobs_alone(tmp_path):
    """Two studies run in one folder, an experiment `control` each."""
    for number, logs in enumerate(("first/logs", "second/logs", "first/logs/logs"), start=1):
        submit(tmp_path, number, f"{logs}/detect/control/2000.log")
        note(tmp_path, f"{logs}/train/four.v2.log")
    at_work = jobs.jobs_in(tmp_path, "second/logs")
    assert set(at_work) == {
        f"second/logs/{job}.log" for job in ("detect/control/2000", "train/four.v2")
    }
    assert {(job.rule, job.name) for job in at_work.values()} == {
        ("detect", "control/2000"),
        ("train", "four.v2"),
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("12:00:01 steps: 3 of 9\nerror: no wind\n", "error: no wind"),
        ("Traceback …\nValueError: 3\n", "ValueError: 3"),
        ("netCDF4._netCDF4.NetCDFError: x\n", "netCDF4._netCDF4.NetCDFError: x"),
        ("12:00:01 steps: 9 in 3.0 s\n", ""),
        ("", ""),
    ],
)
def test_the_error_a_log_ends_with(tmp_path, text, told):
    (tmp_path / "log").write_text("x" * 5000 + "\n" + text)
    assert jobs.failure(tmp_path / "log") == told
    assert jobs.failure(tmp_path / "none") == ""


def test_a_folder_in_which_nothing_ever_ran(tmp_path):
    assert jobs.jobs_in(tmp_path, "logs") == {}
    assert jobs.asked(tmp_path) is None
    assert progress.mean_seconds(tmp_path / "logs", "detect") is None


def test_mean_seconds_of_benchmark_files(tmp_path):
    for year, seconds in (("2000", 10.0), ("2001", 20.0)):
        make(
            tmp_path,
            f"logs/benchmarks/detect/control/{year}.tsv",
            f"s\th:m:s\tmax_rss\n{seconds}\t0:00:10\t100.0\n",
        )
    assert progress.mean_seconds(tmp_path / "logs", "detect") == 15


def status(folder, overlay):
    command = [ROOT / "scripts" / "status.py", "--directory", folder]
    done = forked(*command, "--configfile", overlay)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_table(tmp_path, overlay):
    for year in ("2000", "2001"):
        make(tmp_path, f"results/masks/control/{year}.nc")
    make(tmp_path, "results/models/four-fields/config.json")
    submit(tmp_path, 1, LOG.format(2000), state="running")
    note(tmp_path, LOG.format(2000), what="steps", done=1500, total=2000, seconds_left=7200)
    make(tmp_path, LOG.format(2001), "error: V850 has 1 missing value\n")
    submit(tmp_path, 3, "results/logs/link_events/control.log", state="queued")
    text = status(tmp_path, overlay)
    rows = {line.split()[0]: line for line in text.splitlines() if line.strip()}
    columns = rows["experiment"]
    masks, model = columns.index("masks"), columns.index("model")
    assert rows["control"][masks:].startswith("2/2 ")
    assert rows["area-stats"][masks:].startswith("0/2 +1 !1")
    assert rows["all"][masks:].startswith("2/4 +1 !1")
    assert rows["control"][model:].startswith("1/1 ")
    assert rows["control"][columns.index("events") :].startswith("0/1 ~1")
    assert rows["control"].endswith("?")  # nothing has been timed yet,
    assert re.search(r"≥ (2 h 0|119|120) min$", rows["all"])  # but one job tells for itself
    assert re.search(r"1 running, 1 queued \(PBS was asked 4\d s ago\)", text)
    assert re.search(r"detect +area-stats/2000 +1,500 of 2,000 steps \(75%\), for 6\d s", text)
    assert re.search(rf"1 failed\n  detect +area-stats/2001 +see {LOG.format(2001)}\n", text)
    assert "    error: V850 has 1 missing value\n" in text
    assert "at least" in text and "with 1 at once" in text


def test_a_snakemake_that_is_gone_is_suspected(tmp_path, overlay):
    submit(tmp_path, 1, LOG.format(2000), state="running")
    told = tmp_path / ".snakemake" / "pbs" / "answers.json"
    told.write_text(json.dumps(jobs.read_json(told) | {"asked": time.time() - 7200}))
    assert "(PBS was asked 2 h 0 min ago: is Snakemake still running?)" in status(tmp_path, overlay)


def test_a_failure_that_was_mended_is_forgotten(tmp_path, overlay):
    make(tmp_path, "results/masks/area-stats/2001.nc")
    submit(tmp_path, 1, LOG.format(2001), ended=1)  # and then made on another machine
    text = status(tmp_path, overlay)
    assert "failed\n" not in text.partition("! failed")[2]
    assert "nothing is running" in text
