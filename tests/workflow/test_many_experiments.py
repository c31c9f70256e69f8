"""A study of 300 experiments: planned in reasonable time, and no command of tens of kB."""

import json
import re
import resource

import pytest

from workflow_runs import snakemake

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("workflow")]

MANY = 300


def overlay():
    """300 experiments that differ in a threshold of tracking, each compared with the first."""
    names = [f"experiment-{number:03d}" for number in range(MANY)]
    entries = {
        name: {
            "like": "control",
            "title": f"Events of at least {12 + number} hours, which is number {number} of {MANY}",
            "tracking": {"minimum_hours": 12 + number},
        }
        for number, name in enumerate(names)
    }
    comparisons = {
        f"{name}-difference": {"first": "control", "second": name} for name in names[::10]
    }
    return {
        "run": ["control", *names],
        "compare": list(comparisons),
        "experiments": entries,
        "comparisons": comparisons,
        "regions": {f"box {i}": [i, i + 10, 10, 20] for i in range(100)},
    }


def test_it_is_planned_and_its_blocks_travel_as_files(tmp_path):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = snakemake(tmp_path, "--dry-run", "--printshellcmds", overlay=overlay())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 120  # it takes 15
    commands = re.findall(r"STORMTRACE_LOG=.*", done.stdout)
    scripts = {re.search(r"/(\w+)\.py ", command)[1]: command for command in commands}
    assert len(scripts["write_report"]) < 8000
    for script, command in scripts.items():
        blocks = re.findall(r"'([\[{].*?[\]}])'", command)
        assert all(len(block) < 4000 for block in blocks), script
    assert re.search(r"^compute_frequency +301$", done.stdout, re.MULTILINE)
    assert re.search(r"^detect +2$", done.stdout, re.MULTILINE)  # masks are shared


def test_the_block_of_the_report_holds_them_all(tmp_path):
    goal = "results/blocks/report.json"
    snakemake(tmp_path, goal, overlay=overlay())
    report = json.loads((tmp_path / goal).read_text())
    assert len(report["experiments"]) == MANY + 1 and len(report["comparisons"]) == MANY / 10
    again = snakemake(tmp_path, goal, "--dry-run", overlay=overlay())
    assert "Nothing to be done" in again.stdout
    changed = overlay() | {"title": "Another title"}
    assert "write_block" in snakemake(tmp_path, goal, "--dry-run", overlay=changed).stdout
