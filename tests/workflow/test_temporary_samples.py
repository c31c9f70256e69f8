"""`samples: temporary`: a few years exist at once, and reruns make again only what they need."""

import inspect
import os
import shutil
from types import SimpleNamespace

import pytest
import snakemake.api  # first, or its modules import each other in a circle
import snakemake.dag
from snakemake.io import _IOFile
from snakemake.scheduling.job_scheduler import JobScheduler

from smaller_planet import counting_years
from stormtrace.study.sample_years import SampleYears, limit_sample_years
from workflow_runs import planned, stand_in_checkout
from workflow_runs import snakemake as run_snakemake

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("workflow")]

STUDY = {"samples": "temporary", "run": ["control", "one-field"], "compare": [], "snapshots": {}}
STUDY |= {"animate": {}, "composites": {}, "explain": [], "attribute": {}, "agree": {}}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a study that has been run, by scripts that make empty outputs."""
    folder = tmp_path_factory.mktemp("temporary")
    root = stand_in_checkout(folder / "checkout")
    with counting_years(folder) as years:
        run_snakemake(folder, "--resources", "sample_years=1", overlay=STUDY, root=root)
    return SimpleNamespace(folder=folder, root=root, years=years)


def plan(finished, **changes):
    return planned(finished.folder, overlay=STUDY | changes, root=finished.root)


def test_no_more_years_exist_than_the_resource_says(finished):
    assert max(finished.years) == 1 and finished.years[-1] == 0
    kept = sorted(path.name for path in (finished.folder / "results/samples").glob("*/*/*"))
    assert kept == [f"{year}.{what}.json" for year in (2000, 2001) for what in ("inputs", "record")]


def test_a_second_run_has_nothing_to_do_though_samples_are_gone(finished):
    assert plan(finished) == {}


def test_samples_are_made_again_for_a_new_experiment_alone(finished):
    """What is done is not done again because its input was."""
    extra = {"extra": {"like": "control", "precision": "bfloat16"}}
    jobs = plan(finished, experiments=extra, run=[*STUDY["run"], "extra"])
    assert jobs["make_samples"] == jobs["detect"] == jobs["find_objects"] == 2
    assert jobs["link_events"] == jobs["compute_frequency"] == 1
    assert "train" not in jobs and "record_samples" not in jobs


def test_statistics_over_all_years_need_no_samples(finished):
    extra = {"extra": {"like": "control", "statistics": "inference"}}
    jobs = plan(finished, experiments=extra, run=[*STUDY["run"], "extra"])
    assert jobs["compute_statistics"] == jobs["make_samples"] == jobs["detect"] == 2
    assert jobs["merge_statistics"] == 1


def test_new_raw_files_make_all_again_that_was_made_from_them(finished):
    planet = finished.folder / "results/planet/historical/.snakemake_timestamp"
    assert planet.exists()
    before = planet.stat()
    planet.touch()
    jobs = plan(finished)
    assert jobs["record_samples"] == jobs["make_samples"] == 2 and jobs["detect"] == 4
    os.utime(planet, ns=(before.st_atime_ns, before.st_mtime_ns))


class Job:
    """A job of Snakemake as far as the limit knows it."""

    def __init__(self, rule, folder=None):
        self.rule, self.output = SimpleNamespace(name=rule), [folder]

    def is_group(self):
        return False


@pytest.fixture
def run(tmp_path):
    """Three years of samples that one detection each reads, a limit of two, and what was warned of."""
    making = [Job("make_samples", str(tmp_path / str(year))) for year in (2000, 2001, 2002)]
    reading = [Job("detect") for _ in making]
    done, warned = set(), []
    dag = SimpleNamespace(
        jobs=[*making, *reading],
        depending={one: {other: {}} for one, other in zip(making, reading, strict=True)},
        needrun=lambda job: True,
        finished=lambda job: job in done,
        targetfiles=set(),
        bfs=lambda edges, *jobs: jobs,
    )
    scheduler = SimpleNamespace(
        global_resources={"sample_years": 2}, running=set(), failed=set(), dag=dag
    )
    limit = SampleYears(scheduler, dag, warned.append)

    def select(jobs):
        chosen = limit.selecting(lambda some: list(some))(jobs)
        for job in chosen:
            if job in making:
                (tmp_path / job.output[0]).mkdir()
        return chosen

    return SimpleNamespace(**locals())


def test_the_third_year_waits_until_one_is_gone(run):
    assert run.select(run.making[::-1]) == run.making[:2]  # the first years first
    run.scheduler.running = {run.reading[0]}
    assert run.select([run.making[2], run.reading[1]]) == [run.reading[1]]
    shutil.rmtree(run.making[0].output[0])  # what Snakemake does after the detection
    assert run.select([run.making[2]]) == [run.making[2]]
    assert run.warned == []


def test_years_that_were_there_before_count(run, tmp_path):
    for job in run.making[:2]:
        (tmp_path / job.output[0]).mkdir()
    limit = SampleYears(run.scheduler, run.dag, run.warned.append)
    run.scheduler.running = {run.reading[0]}
    assert limit.selecting(lambda some: list(some))([run.making[2]]) == []


def test_a_year_whose_detection_failed_gives_its_place_away(run, tmp_path):
    run.select(run.making[:2])
    run.scheduler.failed, run.scheduler.running = {run.reading[0]}, {run.reading[1]}
    assert run.select([run.making[2]]) == [run.making[2]]
    assert not (tmp_path / "2000").exists() and (tmp_path / "2001").exists()
    assert "2000 is removed, since jobs that need it failed" in run.warned[0]


def test_a_year_that_nothing_needs_any_more_gives_its_place_away(run, tmp_path):
    """As a killed Snakemake leaves it."""
    run.select(run.making[:2])
    run.done.add(run.reading[0])
    run.scheduler.running = {run.reading[1]}
    assert run.select([run.making[2]]) == [run.making[2]]
    assert not (tmp_path / "2000").exists() and run.warned == []


def test_a_run_that_would_wait_for_ever_goes_on_and_says_so(run):
    run.select(run.making[:2])
    assert run.select([run.making[2]]) == [run.making[2]]
    assert "sample_years" in run.warned[0] and "2002 is made beyond them" in run.warned[0]


def test_a_run_without_the_resource_is_told(run):
    limit_sample_years(SimpleNamespace(global_resources={}), run.dag, run.warned.append)
    assert "--resources sample_years=4" in run.warned[0]


def test_snakemake_is_still_as_the_limit_takes_it_to_be():
    """Of what is replaced or read, none is part of its interface: a new version may change it."""
    source = inspect.getsource(JobScheduler)
    for name in (
        "self._job_selector = ",
        "self.job_selector_greedy = ",
        "self.running",
        "self.failed",
    ):
        assert name in source
    assert "run_selector(self._job_selector)" in source
    assert "f.is_ancient and await f.exists() for f in files" in inspect.getsource(
        snakemake.dag.DAG.update_needrun
    )
    assert inspect.iscoroutinefunction(_IOFile.exists)
    assert inspect.iscoroutinefunction(_IOFile.mtime_uncached)
