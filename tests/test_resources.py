"""What the rules ask for: little on the small planet, what was measured on the real study, more by attempt."""

import json
import re

import pytest
import yaml

from workflow_runs import ROOT, snakemake, stand_in_checkout

pytestmark = pytest.mark.workflow

ASK = """
import json
from types import SimpleNamespace

names = {
    "experiment": STUDY.shown[0], "comparison": next(iter(STUDY.comparisons)), "part": "merra2",
    "model": STUDY.trained[0], "year": "2000", "piece": "2000", "month": "01", "field": "TMQ",
    "dataset": STUDY.experiments[STUDY.shown[0]].dataset, "stamp": "2000-01-01-00000",
    "grid": STUDY.experiments[STUDY.shown[0]].grid, "step": "3", "harmonics": "4", "percentile": "85",
    "start": "20000101", "end": "20001231", "block": "report", "match": "moments",
    "campaign": next(iter(STUDY.campaigns), None),
    "agreement": next(iter(STUDY.agreements), None),
}
asked = {}
for rule in workflow.rules:
    wildcards = SimpleNamespace(**{name: names[name] for name in rule.wildcard_names})
    if rule.shellcmd and None not in vars(wildcards).values():
        asked[rule.name] = [
            {
                key: value.evaluate(wildcards, attempt=attempt).value
                if value.is_evaluable()
                else value.value
                for key, value in rule.resources.items()
                if key in ("mem_mb", "runtime", "gpu")
            } | {"threads": rule.resources["_cores"].value}
            for attempt in (1, 2, 3)
        ]
with open("asked.json", "w") as stream:
    json.dump(asked, stream)
"""


def asked(folder, *arguments, overlay=None):
    """What each rule asks for at each of three attempts: {rule: [{mem_mb, runtime, …}, …]}."""
    root = stand_in_checkout(folder / "checkout")
    (root / "Snakefile").write_text((root / "Snakefile").read_text() + ASK)
    snakemake(folder, "--dry-run", *arguments, overlay=overlay, root=root)
    return json.loads((folder / "asked.json").read_text())


@pytest.fixture(scope="module")
def planet(tmp_path_factory):
    return asked(tmp_path_factory.mktemp("planet"), overlay=campaign("mini-historical", "mini"))


@pytest.fixture(scope="module")
def casper(tmp_path_factory):
    study = yaml.safe_load((ROOT / "config" / "casper" / "config.yaml").read_text())
    study |= campaign("cesm-historical", "fv0.23x0.31")
    return asked(tmp_path_factory.mktemp("casper"), overlay=study)


def campaign(dataset, grid):
    """A campaign, of which these studies have none."""
    entry = {"dataset": dataset, "grid": grid, "times": 9, "fields": {"TMQ": {}}}
    return {"campaigns": {"first": entry}}


def test_every_rule_asks_and_asks_for_more_by_attempt(planet, casper):
    for study in (planet, casper):
        assert len(study) > 25
        for rule, attempts in study.items():
            for key in ("mem_mb", "runtime"):
                first, second, third = (attempt[key] for attempt in attempts)
                assert (second, third) == (
                    pytest.approx(2 * first, abs=1),
                    pytest.approx(3 * first, abs=2),
                ), rule


def test_nobody_asks_for_absurd_amounts(casper):
    for rule, attempts in casper.items():
        last = attempts[-1]
        assert last["runtime"] <= 24 * 60, rule  # of all of Casper's queues
        assert attempts[0]["runtime"] >= 5, rule  # the shared file system has bad days
        if last.get("gpu"):
            assert last["gpu"] == 1 and last["threads"] <= 8 and last["mem_mb"] < 100_000, rule
        else:
            # Thirty beside each other on a node of 192 GB; counting maps waits for nobody. Labels
            # are imported once for a study, and climatologies by latitude are waited for by all that
            # looks at adjusted fields.
            several = ("check", "import_labels", "compute_zonal_climatology")
            assert last["threads"] == 1 or rule in several, rule
            assert attempts[0]["mem_mb"] <= 6000, rule
    assert {rule for rule, attempts in casper.items() if attempts[0].get("gpu")} == {
        "train",
        "detect",
        "evaluate",
        "explain",
    }


def test_a_small_planet_asks_for_little(planet, casper):
    for rule, attempts in planet.items():
        assert attempts[0]["mem_mb"] <= 2000, rule
        assert attempts[0]["runtime"] <= 60, rule
        assert attempts[0]["mem_mb"] <= casper[rule][0]["mem_mb"], rule
    for rule in (
        "make_regridding_matrix",
        "make_samples",
        "train",
        "detect",
        "compare",
        "draw_experiment",
    ):
        assert planet[rule][0]["mem_mb"] < casper[rule][0]["mem_mb"] / 1.3, rule


def test_events_of_many_years_need_no_more_memory(tmp_path, casper):
    """Years are linked one after the other; that takes longer."""
    century = {
        "base": "config/casper",
        "run": ["control"],
        "compare": ["normalization"],
        "datasets": {
            "cesm-historical": {
                "parts": [
                    {
                        "period": ["1910-01-01", "2010-01-01"],
                        "files": "{data}/{variable}.{year}*.nc",
                        "stamps": "end",
                    }
                ]
            }
        },
    }
    longer = asked(tmp_path, overlay=century)
    assert longer["link_events"][0]["mem_mb"] == casper["link_events"][0]["mem_mb"]
    assert longer["link_events"][0]["runtime"] > casper["link_events"][0]["runtime"]
    assert longer["find_objects"] == casper["find_objects"]  # a year, whatever the period


def test_what_is_asked_is_what_the_document_says(casper):
    """docs/resources.md, its table: rule, …, asked `minutes, MB, threads`."""
    table = (ROOT / "docs" / "resources.md").read_text()
    told = {
        cells[0]: cells[3]
        for cells in re.findall(r"^\| (\w+) \| (.*?) \| (.*?) \| (.*?) \|", table, re.MULTILINE)
    }
    for rule, attempts in casper.items():
        if rule in ("make_planet", "check"):
            continue
        first = attempts[0]
        gpu = " + GPU" if first.get("gpu") else ""
        assert told.get(rule) == f"{first['runtime']}, {first['mem_mb']}, {first['threads']}{gpu}"


def test_jobs_on_a_cluster_stop_before_their_walltime_and_others_take_their_time(tmp_path):
    goal = ["results/masks/control/2000.nc", "--dry-run", "--printshellcmds"]
    there = snakemake(tmp_path, *goal, "--mode", "remote").stdout
    budgets = dict(re.findall(r"(\w+)\.py .*--time-budget \$\(\((\d+) \* 54\)\)", there))
    assert {script: int(minutes) > 10 for script, minutes in budgets.items()} == {
        "train": True,
        "detect": True,
    }
    assert "--time-budget" not in snakemake(tmp_path, *goal).stdout
