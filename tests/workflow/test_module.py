"""Another workflow, in another folder, that uses ours as a module."""

import json
import os
import re

import pytest

from script_runs import forked, forking_python
from workflow_runs import ROOT

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("workflow")]

OUTER = f"""
configfile: "outer.yaml"

rule all:
    input:
        "rivers.txt",

module stormtrace:
    snakefile: "{ROOT}/Snakefile"
    config: config["stormtrace"]

use rule * from stormtrace as st_*

rule summarize:
    input:
        "rivers/report.html",
    output:
        "rivers.txt",
    shell:
        "wc -c {{input}} > {{output}}"

onstart:
    print("the outer workflow starts")
"""

CONFIG = {
    "title": "a key of the outer workflow's own, which is no key of ours",
    "stormtrace": {
        "title": "Rivers of another workflow",
        "results": "rivers",
        "device": "cpu",
        "run": ["control"],
        "compare": [],
        "planet": {"ne": 4, "days": 2, "merra2_days": 2, "train_files": 2, "test_files": 2},
    },
}


@pytest.fixture
def outer(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Snakefile").write_text(OUTER)
    (tmp_path / "outer.yaml").write_text(json.dumps(CONFIG))
    return tmp_path


def run(*arguments):
    environment = os.environ | {"PYTHON_OF_JOBS": forking_python()}
    command = ["-m", "snakemake", "--cores", "1", *arguments]
    return forked(*command, environment=environment, together=True)


def test_all_rules_are_planned_under_the_names_that_the_outer_workflow_gives(outer):
    done = run("--dry-run", "--printshellcmds")
    assert done.returncode == 0, done.stdout[-3000:]
    for rule, count in {"st_detect": 2, "st_write_report": 1, "summarize": 1, "all": 1}.items():
        assert re.search(rf"^{rule} +{count}$", done.stdout, re.MULTILINE), rule
    assert f"{ROOT}/scripts/write_report.py" in done.stdout
    assert not re.search(
        r"^st_all ", done.stdout, re.MULTILINE
    )  # the outer workflow's own target is the default


def test_a_rule_of_ours_runs_there(outer):
    done = run("rivers/planet/climatenet", "rivers/blocks/report.json")
    assert done.returncode == 0, done.stdout[-3000:]
    assert "the outer workflow starts" in done.stdout
    assert len(list((outer / "rivers/planet/climatenet/train").glob("*.nc"))) == 2
    report = json.loads((outer / "rivers/blocks/report.json").read_text())
    assert report["title"] == "Rivers of another workflow"


def test_a_fault_names_the_module(outer):
    CONFIG_WITH_FAULT = {"stormtrace": CONFIG["stormtrace"] | {"run": ["contrl"]}}
    (outer / "outer.yaml").write_text(json.dumps(CONFIG_WITH_FAULT))
    done = run("--dry-run")
    assert done.returncode != 0
    assert re.search(
        r"error: the configuration of the module: run is 'contrl', .*'control'", done.stdout
    )
    assert "Traceback" not in done.stdout


def test_a_prefix_of_the_module_is_refused(outer):
    text = OUTER.replace(
        '    config: config["stormtrace"]', '    config: config["stormtrace"]\n    prefix: "st"'
    )
    (outer / "Snakefile").write_text(text)
    done = run("--dry-run")
    assert done.returncode != 0 and "set `results:` instead" in done.stdout
