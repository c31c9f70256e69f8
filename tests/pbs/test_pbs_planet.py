"""The whole study of the smaller planet through the Casper profile, with everything going wrong.

A tenth of the jobs is killed at random and the master twice; nothing is lost, nothing is made twice
at once, and the results are those of a run on this machine.
"""

import itertools
import json

import clusters
import pytest
from snakemake_runs import Master, runs_by_work

import smaller_planet
from workflow_runs import ROOT

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("demo")]

CPUS = 3
FAULTS = {"accidents": 0.1, "accident_within_s": 4, "seed": 3}


@pytest.fixture(scope="module")
def survived(tmp_path_factory):
    """The folder that was submitted from, and all jobs."""
    folder = tmp_path_factory.mktemp("survived")
    study = folder / "study.json"
    study.write_text(json.dumps(smaller_planet.OVERLAY))
    arguments = ["--snakefile", str(ROOT / "Snakefile"), "--configfile", str(study)]
    with clusters.fake(folder, ncpus=CPUS, **FAULTS) as cluster:
        for ended in (10, 30):
            master = Master(cluster, *arguments)
            master.wait_until(lambda ended=ended: len(cluster.ended()) >= ended)
            master.kill()
        last = Master(cluster, *arguments, "--retries", "5")
        assert last.finish() == 0, last.said()[-3000:]
        return cluster.folder, cluster.jobs()


def test_results_are_those_of_a_run_on_this_machine(demo, survived):
    here, there = map(smaller_planet.results, (demo, survived[0]))
    assert len(here) > 300
    assert here.keys() == there.keys()
    assert [path for path in here if here[path] != there[path]] == []


def test_no_job_ran_twice_at_the_same_time(survived):
    for spans in runs_by_work(survived[1]).values():
        for (_, end), (start, _) in itertools.pairwise(spans):
            assert end <= start


def test_jobs_were_killed_and_not_made_twice_without_need(survived):
    exits = [job.get("Exit_status") for job in survived[1].values()]
    assert exits.count(265) >= 3  # or this proves nothing
    # What ended well was kept or adopted by the next master. Made anew was only what ended in the
    # moment before a master was killed, unnoticed: Snakemake cannot know that it is whole.
    assert 0 <= exits.count(0) - len(runs_by_work(survived[1])) <= 2 * CPUS


def test_nothing_half_made_is_left(survived):
    folder, _ = survived
    assert not [*(folder / "results").rglob("*.partial*")]
    assert not [*(folder / "logs").rglob("*.progress.json")]
