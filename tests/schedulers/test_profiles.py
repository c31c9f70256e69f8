"""All profiles are such that Snakemake takes them, from the project's folder and from elsewhere."""

import os

import pytest

from script_runs import forked
from workflow_runs import ROOT

pytestmark = pytest.mark.workflow


def plan(profile, folder, monkeypatch):
    """Dry-run a Snakefile of one rule with a profile."""
    monkeypatch.chdir(ROOT)
    (folder / "Snakefile").write_text(
        "rule one:\n    output: 'made'\n    shell: 'touch {output}'\n"
    )
    command = ["-m", "snakemake", "--dry-run", "--snakefile", folder / "Snakefile"]
    return forked(*command, "--directory", folder, "--profile", profile)


@pytest.mark.parametrize("name", ["local", "pbs-casper", "slurm"])
def test_a_profile_is_taken(tmp_path, name, monkeypatch):
    done = plan(ROOT / "profiles" / name, tmp_path, monkeypatch)
    assert done.returncode == 0, done.stderr


def test_a_profile_may_be_given_relative_to_the_project(tmp_path, monkeypatch):
    done = plan("profiles/local", tmp_path, monkeypatch)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("profile", ["pbs-casper", "slurm"])
def test_the_commands_of_a_profile_can_be_started(profile):
    for name in ("submit.py", "status.py", "cancel.py"):
        assert os.access(ROOT / "profiles" / profile / name, os.X_OK), name
