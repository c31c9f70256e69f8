"""What the YAML says of models and detection reaches the command of the job."""

import json
import re

import pytest

from workflow_runs import snakemake

pytestmark = pytest.mark.workflow

OVERLAY = {
    "device": "cuda",
    "gpus": 4,
    "run": ["control", "one-field"],
    "compare": [],
    "models": {"four-fields": {"architecture": "unet", "padding": "replicate", "epochs": 3}},
    "experiments": {
        "control": {"probabilities": True, "precision": "float16"},
        "one-field": {"probabilities": False},
    },
}


def commands(text, script):
    return re.findall(rf"^.*scripts/{script} .*$", text, re.MULTILINE)


def test_options_of_the_yaml_reach_the_jobs(tmp_path):
    plan = snakemake(tmp_path, "--dry-run", "--printshellcmds", overlay=OVERLAY).stdout
    for line in commands(plan, "train.py"):
        assert "--processes 4" in line
        recipe = json.loads(re.search(r"--model '(.*?)'", line)[1])
        told = (recipe["architecture"], recipe["padding"], recipe["epochs"])
        assert told == ("unet", "replicate", 3)
    looks = commands(plan, "detect.py")
    assert len(looks) == 4  # two experiments, two years
    for line in looks:
        assert ("--probabilities" in line) == ("--experiment control" in line)
        assert "--precision=float16" in line
    assert all("--device cuda" in line for line in (*looks, *commands(plan, "evaluate.py")))
    assert all("--labels '[" in line for line in commands(plan, "check_labels.py"))
