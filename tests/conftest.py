"""What several modules share: the smaller planet, run once, and who runs what."""

import os

# Threads that wait must not spin: the suite has more processes than a small machine has cores.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import gc
import json
import signal
import sys
from pathlib import Path

# What is imported by hundreds of processes is compiled once, whatever a container's image says.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

import clusters
import pytest
from snakemake_runs import Master, work_of

import smaller_planet
from browser import open_browser
from stormtrace import signals
from stormtrace.network import cgnet
from workflow_runs import ROOT, snakemake

sys.dont_write_bytecode = False

#: Modules that wait for schedulers most of the time: one worker runs them, the others have the cores.
WAITING = ("test_scheduler_contract", "test_scheduler_snakemake", "test_shared_jobs")

#: Groups to begin with: the longest, else one core waits for the other at the end.
FIRST = (
    "waiting",
    "demo",
    "any_study",
    "workflow",
    "test_benchmarks",
    "test_training",
    "test_examples",
    "test_large_reports",
)


@pytest.hookimpl(tryfirst=True)  # before xdist looks for groups
def pytest_collection_modifyitems(items):
    """Keep a module's tests on one worker, which makes once what they share; the longest first."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            name = item.module.__name__
            item.add_marker(pytest.mark.xdist_group("waiting" if name in WAITING else name))
    items.sort(key=_turn)


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Look for garbage neither while thousands of tests are collected nor, later, among them."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def _turn(item):
    (group,) = item.get_closest_marker("xdist_group").args
    return FIRST.index(group) if group in FIRST else len(FIRST)


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    """Twenty that tests of a worker have left open would be a warning in whichever comes next."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(scope="module")
def browser():
    """A browser for all tests of a module."""
    with open_browser() as one:
        yield one


@pytest.fixture
def small_network(monkeypatch):
    """Two of the 20 blocks of CGNet's third level, all alike: half of its time is theirs."""
    monkeypatch.setattr(cgnet, "LEVEL3_BLOCKS", 2)


@pytest.fixture
def sigterm(monkeypatch):
    """Leave this process's own handlers as they were."""
    monkeypatch.setattr(signals, "_received", [])
    monkeypatch.setattr(signals, "AGAIN_S", 0.05)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGALRM)}
    yield
    signal.signal(signal.SIGALRM, signal.SIG_IGN)  # what it does by default ends this process
    signals.rest()
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def survived(tmp_path_factory):
    """Of the smaller planet all numbers, made through the Casper profile where everything goes wrong.

    Ten jobs are killed, in as many rules, and Snakemake three times; short jobs share those of the
    scheduler. The folder that was submitted from, and what was done. Who asks for it belongs to the
    xdist group `demo`, so that one worker runs it once.
    """
    folder = tmp_path_factory.mktemp("survived")
    arguments = _arguments(folder)
    # Compiled functions are those of this machine's user, as on a cluster where he has run before.
    own = {"XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))}
    with (
        clusters.fake(folder, **smaller_planet.CLUSTER, node_environment=own) as cluster,
        smaller_planet.counting_years(cluster.folder) as years,
    ):
        cluster.environment["STORMTRACE_POLL_S"] = "3"
        for ended in smaller_planet.DEATHS_AFTER:
            master = Master(cluster, *arguments)
            master.wait_until(lambda ended=ended: len(cluster.ended()) >= ended)
            master.kill(unlock=ended == smaller_planet.DEATHS_AFTER[0])  # a Snakemake of its own
        _finish(cluster, arguments, years)
        return cluster.folder, work_of(cluster)


@pytest.fixture(scope="session")
def held(tmp_path_factory):
    """The same on this machine's genuine PBS, where what runs is deleted twice and Snakemake killed.

    Once Snakemake is there to see it, once it is not; the third time jobs are left to be adopted.
    The folder that was submitted from, and PBS's attributes of the jobs.
    """
    if why := clusters.missing("genuine-pbs"):
        pytest.skip(why)
    folder = tmp_path_factory.mktemp("held")
    arguments = _arguments(folder)
    with (
        clusters.of_kind("genuine-pbs", folder) as cluster,
        smaller_planet.counting_years(cluster.folder) as years,
    ):
        cluster.environment["STORMTRACE_POLL_S"] = "3"
        seen, unseen, _ = smaller_planet.DEATHS_AFTER
        for ended in smaller_planet.DEATHS_AFTER:
            master = Master(cluster, *arguments)
            master.wait_until(lambda ended=ended: len(cluster.ended()) >= ended)
            if ended == seen:
                cluster.delete_running()
                at_least = len(cluster.ended()) + 2
                master.wait_until(lambda at_least=at_least: len(cluster.ended()) >= at_least)
            master.kill(unlock=ended == seen)
            if ended == unseen:
                cluster.delete_running()
        _finish(cluster, arguments, years)
        return cluster.folder, cluster.jobs()


def _arguments(folder):
    """What Snakemake is asked for in both, and how."""
    study = folder / "study.json"
    study.write_text(json.dumps(smaller_planet.TEMPORARY))
    return [
        *smaller_planet.OF_CONTROL,
        *("--snakefile", str(ROOT / "Snakefile")),
        *("--resources", f"sample_years={smaller_planet.SAMPLE_YEARS}"),
        *smaller_planet.PACE,
        *("--configfile", str(study)),
        *("--default-resources", *smaller_planet.RESOURCES),
    ]


def _finish(cluster, arguments, years):
    """Let the last Snakemake do what is left, and note how many years of samples existed."""
    last = Master(cluster, *arguments)
    assert last.finish(within_s=3600) == 0, last.said()[-3000:]
    (cluster.folder / "sample-years.json").write_text(json.dumps(years))


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """The folder of a run on this machine: all results of the smaller planet, to its report.

    And the scores of a second network, which sees water vapour alone.
    """
    folder = tmp_path_factory.mktemp("demo")
    snakemake(folder, "results/models/one-field/scores.json", overlay=smaller_planet.TWO)
    snakemake(folder, overlay=smaller_planet.OVERLAY)
    return folder
