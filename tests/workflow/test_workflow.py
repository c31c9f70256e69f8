"""The rules: what is planned, what a change makes out of date, and what stops before any job.

The real rules run with a stand-in for every script (stand_in.py), which makes the outputs of a
hundred jobs in seconds; whether the scripts do what they say is tested elsewhere and,
all together, in test_demo.py.
"""

import inspect
import re
import resource
import threading
from types import SimpleNamespace

import pytest
from snakemake.scheduling.job_scheduler import JobScheduler

from workflow_runs import ROOT, planned, snakemake, stand_in_checkout

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("workflow")]


class Finished:
    """A folder in which the whole demo has been run, by scripts that make empty outputs.

    There are spaces in its name and in that of the checkout.
    """

    def __init__(self, folder):
        self.folder = folder
        self.root = stand_in_checkout(folder / "a checkout")
        snakemake(folder, root=self.root)

    def planned(self, *arguments, overlay=None):
        return planned(self.folder, *arguments, overlay=overlay, root=self.root)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return Finished(tmp_path_factory.mktemp("a study"))


def test_the_demo_is_planned_from_nothing(tmp_path):
    jobs = planned(tmp_path)
    assert jobs["make_planet"] == 5
    assert jobs["train"] == 3  # four fields, one field, and fronts
    assert jobs["detect"] == 2 * 6 + 1  # two years each: New Year is crossed; fronts have one
    assert jobs["apply_thresholds"] == 1  # around Antarctica
    assert jobs["link_events"] == 8
    assert jobs["compare"] == 5
    assert jobs["write_report"] == 1


def test_a_second_run_has_nothing_to_do(finished):
    assert finished.planned() == {}


def test_figures_are_made_in_the_formats_that_the_study_wants(finished):
    """The demo's are PNG. With PDF all are drawn, and the report is written; nothing else is."""
    figure = "results/figures/models/four-fields-training"
    assert (finished.folder / f"{figure}.png").exists()
    assert not (finished.folder / f"{figure}.pdf").exists()
    for formats in (["png", "pdf"], ["pdf", "png"]):
        overlay = {"figures": {"formats": formats}}
        jobs = finished.planned(overlay=overlay)
        assert {rule.split("_")[0] for rule in jobs} == {"draw", "write"}
        assert jobs["write_report"] == 1 and jobs["draw_training"] == 3
        assert jobs["draw_experiment"] == 8 and jobs["draw_sensitivity"] == 1
    assert finished.planned("--nolock", f"{figure}.pdf", overlay=overlay) == {"draw_training": 1}
    snakemake(finished.folder, f"{figure}.pdf", overlay=overlay, root=finished.root)
    assert (finished.folder / f"{figure}.pdf").exists()
    assert finished.planned("--nolock", f"{figure}.png") == {
        "draw_training": 1
    }  # and back, without
    snakemake(finished.folder, root=finished.root)
    done = snakemake(
        finished.folder, "-n", overlay={"figures": {"formats": ["pdf"]}}, root=finished.root,
        check=False,
    )  # fmt: skip
    assert done.returncode and "figures.formats" in done.stdout
    assert "png must be among the formats" in done.stdout


def test_other_statistics_rerun_one_experiment_alone(finished):
    jobs = finished.planned(overlay={"experiments": {"inference-stats": {"weighting": "mean"}}})
    assert jobs == {
        "detect": 2,
        "find_objects": 2,
        "link_events": 1,
        "count_landfalls": 1,
        "compute_frequency": 1,
        "compare": 1,
        "draw_experiment": 1,
        "draw_comparison": 1,
        "draw_sensitivity": 1,
        "write_block": 1,  # the report's
        "write_report": 1,
    }


def test_a_tracking_threshold_reruns_tracking_and_maps_alone(finished):
    """Once one experiment is tracked otherwise, all are shown by their events, not their masks."""
    overlay = {"experiments": {"warmer": {"tracking": {"minimum_hours": 48}}}}
    assert finished.planned(overlay=overlay) == {
        "link_events": 1,
        "count_landfalls": 1,
        "compute_frequency": 1,
        "compare": 5,
        "draw_experiment": 8,
        "draw_comparison": 5,
        "draw_sensitivity": 1,
        "write_block": 1,  # the report's
        "write_report": 1,
    }


def test_another_device_or_title_retrains_nothing(finished):
    assert "train" not in finished.planned(overlay={"device": "cpu", "title": "Another title"})


def test_a_new_experiment_adds_only_its_own_jobs(finished):
    overlay = {
        "run": ["control", "stricter"],
        "compare": [],
        "experiments": {"stricter": {"like": "control", "tracking": {"minimum_hours": 48}}},
    }
    jobs = finished.planned(overlay=overlay)
    assert "detect" not in jobs and "find_objects" not in jobs  # masks and objects are control's
    assert jobs["link_events"] == jobs["compute_frequency"] == 1


def test_one_rule_can_be_rerun_with_what_follows(finished):
    jobs = finished.planned("--forcerun", "detect", overlay={"run": ["control"], "compare": []})
    assert jobs["detect"] == 2 and "train" not in jobs and "make_samples" not in jobs


def test_a_mistake_stops_before_any_job(tmp_path):
    overlay = {"experiments": {"control": {"statistcs": "inference"}}}
    done = snakemake(tmp_path, overlay=overlay, check=False)
    assert done.returncode != 0
    assert re.search(
        r"overlay\.json: experiments\.control\.statistcs .*did you mean 'statistics'", done.stdout
    )
    assert "Traceback" not in done.stdout
    assert not (tmp_path / "results").exists()


def test_the_casper_study_is_planned_in_ten_seconds(tmp_path):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    study = str(ROOT / "config" / "casper" / "config.yaml")
    done = snakemake(tmp_path, "--dry-run", "--quiet", "rules", "--configfile", study, alone=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    # 16 looks and 2 × 8 counterfactual ones x 15 years, fronts x 6
    assert re.search(r"^detect +486$", done.stdout, re.MULTILINE)
    for rule, jobs in (
        ("decompose", 2),
        ("draw_decomposition", 2),
        ("compute_zonal_climatology", 12),
    ):
        assert re.search(rf"^{rule} +{jobs}$", done.stdout, re.MULTILINE), rule
    assert "make_planet" not in done.stdout
    assert seconds < 30  # of CPU time; the promise is 10 s, of which it takes 5


def test_an_anomaly_waits_for_the_climatology_of_another_dataset(tmp_path):
    """Two passes: the samples of the plain field, their climatology, the samples less it."""
    anomaly = {"dataset": "mini-historical", "field": "PSL", "harmonics": 0}
    fields = {
        "TMQ": {"integrate": "Q"},
        "PSL": {"take": "PSL"},
        "PSLA": {"take": "PSL", "anomaly": anomaly},
    }
    overlay = {
        "datasets": {"departing": {"like": "mini-warmer", "fields": fields}},
        "experiments": {"departing": {"like": "one-field", "dataset": "departing"}},
        "run": ["departing"],
        "compare": [],
    }
    jobs = planned(tmp_path, overlay=overlay)
    assert jobs["make_climatology"] == 1
    assert jobs["make_samples"] == 4  # two years of each dataset
    anomaly["dataset"] = "departing"
    done = snakemake(tmp_path, "--dry-run", overlay=overlay, check=False)
    assert "fields.PSLA.anomaly.dataset is 'departing'" in done.stdout
    assert "name a dataset of the plain field" in done.stdout


def test_snakemakes_scheduler_is_woken_by_one_timer_at_a_time():
    """Each of its passes asks for another a second later, and each job that ends is a pass."""
    text = (ROOT / "workflow" / "rules" / "common.smk").read_text()
    names = {"threading": threading}
    exec(
        re.search(r"^def one_timer_at_a_time.*?(?=^\w+:)", text, re.DOTALL | re.MULTILINE)[0], names
    )
    scheduler = SimpleNamespace(_open_jobs=threading.Semaphore(0), _schedule_reevalutation=None)
    names["one_timer_at_a_time"](scheduler)
    for _ in range(2):
        for _ in range(50):
            scheduler._schedule_reevalutation(0.5)
        assert scheduler._open_jobs.acquire(timeout=30)
        assert not scheduler._open_jobs.acquire(timeout=0.6)
    assert "self._open_jobs.release()" in inspect.getsource(JobScheduler._schedule_reevalutation)


def test_trainings_and_what_they_need_go_first(tmp_path):
    """They take longest: one that is alone at the end leaves the other cores idle."""
    root = stand_in_checkout(tmp_path / "checkout")
    done = snakemake(tmp_path, "--cores=1", "--until", "make_samples", "train", root=root)
    started = re.findall(r"^Job \d+: (.*)", done.stdout, re.MULTILINE)
    trainings = [place for place, job in enumerate(started) if ": training on" in job]
    samples = [place for place, job in enumerate(started) if ": raw files to samples" in job]
    assert len(trainings) == 3 and max(trainings) < min(samples)


def test_jobs_keep_what_python_has_compiled(tmp_path, monkeypatch):
    """Containers forbid it: each of hundreds of jobs would compile what it imports of ours."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    root = stand_in_checkout(tmp_path / "checkout")
    script = "import sys; sys.exit(f'{sys.dont_write_bytecode = }')"
    (root / "scripts" / "make_planet.py").write_text(script)
    done = snakemake(tmp_path, "--until", "make_planet", root=root, check=False)
    assert "sys.dont_write_bytecode = False" in done.stdout


def test_no_rule_retries_by_itself():
    """`retries:` in a rule nests inside one batch job; it belongs into the profile."""
    for file in [ROOT / "Snakefile", *(ROOT / "workflow" / "rules").glob("*.smk")]:
        assert not re.search(r"^\s+retries:", file.read_text(), re.MULTILINE), file


def test_every_rule_says_what_it_does_and_needs():
    for file in (ROOT / "workflow" / "rules").glob("*.smk"):
        for rule in re.split(r"^rule ", file.read_text(), flags=re.MULTILINE)[1:]:
            if "shell:" not in rule or rule.startswith("check:"):
                continue  # a list of targets, or what is run anew each time
            for word in (
                "message:",
                "log:",
                "benchmark:",
                "mem_mb=",
                "runtime=",
                "threads:",
                "conda:",
            ):
                assert word in rule, f"{file.name}: rule {rule.split(':')[0]} has no {word}"


@pytest.mark.parametrize("example", ["merra2-day", "e3sm-columns"])
def test_the_examples_are_planned_where_their_data_are_not(tmp_path, example):
    file = ROOT / "config" / "examples" / f"{example}.yaml"
    (tmp_path / "nowhere" / "cgnet_weights").mkdir(parents=True)
    done = snakemake(
        tmp_path, "--dry-run", "--configfile", str(file), "--config", "data=nowhere", check=False
    )
    assert "adopt_model" in done.stdout or "nowhere/cgnet_weights" in done.stdout, done.stdout
    assert "Traceback" not in done.stdout
