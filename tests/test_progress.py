"""How far a study is, told from files: results, Snakemake's notes and the Casper profile's."""

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest

from stormtrace.errors import BadInput
from stormtrace.study import progress

ROOT = Path(__file__).resolve().parents[1]
OVERLAY = {"run": ["control", "area-stats"], "compare": []}


@pytest.fixture
def overlay(tmp_path):
    file = tmp_path / "overlay.json"
    file.write_text(json.dumps(OVERLAY))
    return file


@pytest.fixture
def study(overlay):
    return progress.load_study(ROOT, [overlay])


def make(folder, *paths):
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).touch()


def submit(folder, number, output, log=(), ended=None, state=None):
    """Leave behind what the Casper profile does for one job."""
    notes = folder / ".snakemake" / "pbs"
    for name in ("submitted", "ended"):
        (notes / name).mkdir(parents=True, exist_ok=True)
    job = f"{number}.casper-pbs"
    record = {"job": job, "rule": "detect", "output": [output], "log": list(log)}
    (notes / "submitted" / str(number)).write_text(json.dumps(record))
    if ended is not None:
        (notes / "ended" / job).write_text(f"{ended}\n")
    if state:
        told = progress._json(notes / "qstat.json").get("jobs", {}) | {job: {"state": state}}
        (notes / "qstat.json").write_text(json.dumps({"jobs": told}))


def test_the_study_is_that_of_the_snakefile(study):
    assert list(study.experiments) == ["control", "area-stats"]
    casper = progress.load_study(ROOT, [ROOT / "config" / "casper" / "config.yaml"])
    assert len(casper.years("control")) == 15
    with pytest.raises(BadInput):
        progress.load_study(ROOT, [ROOT / "workflow" / "schemas" / "config.schema.yaml"])


def test_outputs_are_those_of_the_rules(study, tmp_path):
    """Whatever the table counts, the workflow plans to make."""
    command = [sys.executable, "-m", "snakemake", "--summary", "--snakefile", ROOT / "Snakefile"]
    (tmp_path / "overlay.json").write_text(json.dumps(OVERLAY))
    command += ["--cores", "1", "--directory", tmp_path, "--configfile", tmp_path / "overlay.json"]
    summary = subprocess.run(command, text=True, capture_output=True, check=True).stdout
    made = {line.split("\t")[0] for line in summary.splitlines()[1:]}
    for experiment in study.experiments:
        for stage, paths in progress.outputs(study, experiment).items():
            assert paths, stage
            assert set(paths) <= made, stage


def test_jobs_by_what_they_are_up_to(tmp_path):
    submit(tmp_path, 1, "done", ended=0)
    submit(tmp_path, 2, "failed", log=["logs/2"], ended=1)
    submit(tmp_path, 3, "killed", state="F")
    submit(tmp_path, 4, "running", log=["logs/4"], state="R")
    submit(tmp_path, 5, "queued", state="Q")
    submit(tmp_path, 6, "new")
    (tmp_path / ".snakemake" / "incomplete").mkdir()
    for output in ("local", "killed"):
        (
            tmp_path / ".snakemake" / "incomplete" / base64.b64encode(output.encode()).decode()
        ).touch()
    jobs = progress.jobs_in(tmp_path)
    assert jobs.running == {"running": Path("logs/4"), "local": None}
    assert jobs.queued == {"queued", "new"}
    assert jobs.failed == {"failed": Path("logs/2"), "killed": None}


def test_a_folder_in_which_nothing_ever_ran(tmp_path):
    assert progress.jobs_in(tmp_path) == progress.Jobs()
    assert progress.mean_seconds(tmp_path, "detect") is None


def test_mean_seconds_of_benchmark_files(tmp_path):
    for year, seconds in (("2000", 10.0), ("2001", 20.0)):
        file = tmp_path / "logs" / "benchmarks" / "detect" / "control" / f"{year}.tsv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"s\th:m:s\tmax_rss\n{seconds}\t0:00:10\t100.0\n")
    assert progress.mean_seconds(tmp_path, "detect") == 15


def test_the_last_word_is_the_last_that_tells_of_progress(tmp_path):
    log = tmp_path / "log"
    log.write_text("12:00:00 detect: 10 of 40, about 30 s left\n12:00:10 a warning\n")
    assert progress.last_word(log) == "detect: 10 of 40, about 30 s left"
    assert progress.last_word(tmp_path / "none") == "" == progress.last_word(None)


def test_the_table(tmp_path, overlay):
    years = ("2000", "2001")
    make(tmp_path, *(f"results/masks/control/{year}.nc" for year in years))
    make(tmp_path, "results/models/four-fields/config.json")
    submit(tmp_path, 1, "results/masks/area-stats/2000.nc", log=["log"], state="R")
    submit(tmp_path, 2, "results/masks/area-stats/2001.nc", ended=1)
    (tmp_path / "log").write_text("12:00:00 detect: 10 of 40, about 30 s left\n")
    command = [sys.executable, ROOT / "scripts" / "status.py", "--directory", tmp_path]
    done = subprocess.run(
        [*command, "--configfile", overlay], text=True, capture_output=True, check=True
    )
    rows = {line.split()[0]: line for line in done.stdout.splitlines() if line.strip()}
    columns = rows["experiment"]
    masks, model = columns.index("masks"), columns.index("model")
    assert rows["control"][masks:].startswith("2/2 ")
    assert rows["area-stats"][masks:].startswith("0/2 +1 !1")
    assert rows["all"][masks:].startswith("2/4 +1 !1")
    assert rows["control"][model:].startswith("1/1 ")
    assert "≥" in rows["all"]  # nothing has been timed yet
    assert "results/masks/area-stats/2000.nc: detect: 10 of 40, about 30 s left" in done.stdout
    assert "failed: results/masks/area-stats/2001.nc" in done.stdout
