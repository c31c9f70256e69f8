"""The study of the smaller planet through the Casper profile, with everything going wrong.

Ten jobs of different rules are killed and Snakemake three times; nothing is lost, nothing is made
twice at once, and the results are those of a run on this machine.
"""

import itertools
import json
import re

import pytest
from snakemake_runs import exits_by_work, runs_by_work

import smaller_planet

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("demo")]


@pytest.fixture(params=["survived", "held"], ids=["fake-pbs", "genuine-pbs"])
def folder(request):
    """Where the study was made through a fake PBS and through a genuine one."""
    return request.getfixturevalue(request.param)[0]


def test_results_are_those_of_a_run_on_this_machine(demo, folder):
    """Where samples are temporary, of which nothing but records is left."""
    here, there = map(smaller_planet.results, (demo, folder))
    there = {path: what for path, what in there.items() if "samples/" not in path}
    assert len(there) > 100
    assert there.keys() <= here.keys()
    assert [path for path in there if here[path] != there[path]] == []


def test_years_of_samples_came_and_went_one_at_a_time(folder):
    """Though jobs that read them were killed, and Snakemake too."""
    years = json.loads((folder / "sample-years.json").read_text())
    assert max(years) == smaller_planet.SAMPLE_YEARS
    assert sum(there > before for before, there in itertools.pairwise(years)) >= 2
    assert years[-1] == 0


def test_no_job_ran_twice_at_the_same_time(survived):
    for spans in runs_by_work(survived[1]).values():
        for (_, end), (start, _) in itertools.pairwise(spans):
            assert end <= start


def test_ten_jobs_of_as_many_rules_were_killed(survived):
    """Or this proves nothing; where rules have got other names, `smaller_planet` needs another seed."""
    assert len(killed := {one["rule"] for one in survived[1] if one["killed"]}) >= 10, killed
    assert len(smaller_planet.DEATHS_AFTER) >= 3


def test_some_jobs_shared_one_of_the_scheduler_s_and_some_had_their_own(survived):
    shared, own = (
        {one["rule"] for one in survived[1] if ("kill_s" in one) == is_part}
        for is_part in (True, False)
    )
    assert len(shared) >= 5 and len(own) >= 3
    assert len([one for one in survived[1] if "kill_s" in one and one["killed"]]) >= 3


def test_on_a_genuine_one_shared_jobs_and_others_were_deleted(held):
    """Or this proves nothing."""
    jobs = [(job["Job_Name"], job["comment"]) for job in held[1].values()]
    assert len([name for name, comment in jobs if "and terminated" in comment]) >= 2
    assert 2 <= len([name for name, _ in jobs if name == "shared"]) < len(jobs)
    parts = list((held[0] / "logs" / "pbs").glob("*/part-*.log"))
    assert len({path.parent for path in parts}) >= 5


def test_a_killed_job_is_told_with_the_key_for_more_memory(survived):
    said = (survived[0] / "master.log").read_text()
    assert re.search(r"PBS job \d+.* asked for \d+ MB; .* --set-resources \w+:mem_mb=\d+", said)


def test_nothing_is_made_twice_without_need(survived):
    at_deaths = len(smaller_planet.DEATHS_AFTER) * smaller_planet.CLUSTER["ncpus"]
    by_work = exits_by_work(survived[1])
    # What ended well was kept or adopted by the next master. Made anew was only what ended in the
    # moment before a master was killed, unnoticed: Snakemake cannot know that it is whole. Never seen
    # to end well was only what was killed, no master living, when its results were noted as whole.
    anew = sum(max(ends.count((0, False)) - 1, 0) for ends in by_work.values())
    unseen = [ends for ends in by_work.values() if (0, False) not in ends]
    assert anew <= at_deaths
    assert len(unseen) <= at_deaths
    assert all(ends[-1][1] for ends in unseen)  # killed


def test_nothing_half_made_is_left(folder):
    assert not [*(folder / "results").rglob("*.partial*")]
    assert not [*folder.rglob("*.progress.json")]
