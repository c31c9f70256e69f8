"""README and docs as a newcomer follows them: every command that needs no cluster is run from the page.

The word after a fence's language says what a shell block needs: nothing (it is run as it stands, in a
checkout), `data` (the real files, as FOLDER), `study` (the study of the same page), `make` (a target;
tested by what it runs), `cluster` (not run: only what it names must exist).
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from detection_runs import make_model
from real_data import FOLDER, NEEDED, real_data
from workflow_runs import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
NEEDS = {"", "data", "study", "make", "cluster"}
FENCE = re.compile(r"^```(\w*) ?(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(page, language):
    """Yield (needs, text) of each fenced block of a language."""
    for found, needs, text in FENCE.findall(page.read_text()):
        if found == language:
            yield needs, text


def commands(page, needs):
    """Return the commands of a page's shell blocks, without their comments."""
    lines = [line for of, text in blocks(page, "bash") if of == needs for line in text.splitlines()]
    return [command for line in lines if (command := re.sub(r"(^|\s+)#.*", "", line).strip())]


def all_commands(needs):
    return [(page, command) for page in PAGES for command in commands(page, needs)]


def checkout(folder):
    """Return a folder that is a checkout for every command, and where results do not stay."""
    for entry in ROOT.iterdir():
        if entry.name not in (".git", ".venv", ".snakemake", "results", "logs"):
            (folder / entry.name).symlink_to(entry)
    return folder


def run(command, folder):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=folder,
        env=os.environ | {"PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}"
    return done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_shell_block_says_what_it_needs(page):
    text = page.read_text()
    assert len(re.findall(r"^```", text, re.MULTILINE)) == 2 * len(FENCE.findall(text))
    for language, needs, content in FENCE.findall(text):
        assert needs in NEEDS, f"{page.name}: {needs!r}"
        assert language in ("bash", "python", "yaml", "json", "text"), f"{page.name}: {language!r}"
        is_shell = re.search(r"^(snakemake|python|make|git|pip) ", content, re.MULTILINE)
        assert language != "text" or not is_shell, f"{page.name}: a shell block without ```bash"


@pytest.mark.parametrize(("page", "command"), all_commands(""))
def test_a_command_runs_as_it_stands(page, command, tmp_path):
    run(command, checkout(tmp_path))


@pytest.mark.parametrize(("page", "command"), all_commands("data"))
def test_commands_on_real_data_are_those_the_examples_are_tested_with(page, command, tmp_path):
    """Planned here; tests/real/test_examples.py runs the same files to the report."""
    example = re.search(
        r"--configfile config/examples/([\w-]+)\.yaml --config data=FOLDER", command
    )
    for path in NEEDED[example[1]]:
        real_data(path)
    plan = run(command.replace("FOLDER", str(FOLDER)) + " --dry-run", checkout(tmp_path))
    assert "write_report" in plan


@pytest.mark.parametrize(("page", "command"), all_commands("make"))
def test_make_targets_exist_and_say_what_they_run(page, command, tmp_path):
    target = command.split()[1]
    done = subprocess.run(
        ["make", "-n", "-C", str(ROOT), target], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert {"demo": "snakemake --profile profiles/local", "test": "pytest"}[target] in done.stdout


@pytest.mark.parametrize(("page", "command"), all_commands("study"))
def test_the_study_of_a_page_is_planned(page, command, tmp_path):
    """The page's own YAML, with its paths below /data moved to where a model is."""
    folder = checkout(tmp_path)
    study = next(text for _, text in blocks(page, "yaml") if text.startswith("# my-study.yaml"))
    data = tmp_path / "data"
    make_model(data / "trained_cgnet.040523", seed=0)
    (data / "my-model").mkdir()
    (folder / "my-study.yaml").write_text(study.replace("/data/", f"{data}/"))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    if " check " in command:  # it runs, and reports that there are no raw files
        assert "my-model" in said and "Traceback" not in said
    else:
        assert done.returncode == 0, said[-3000:]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_yaml_on_a_page_is_yaml(page):
    for _, text in blocks(page, "yaml"):
        assert isinstance(yaml.safe_load(text), dict)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_to_files_and_headings(page):
    for target in re.findall(r"\]\(([^)#\s]*)#?[^)]*\)", page.read_text()):
        if target and "://" not in target:
            assert (page.parent / target).exists(), f"{page.name}: {target}"
    for target, heading in re.findall(r"\]\(([^)\s]*\.md)#([\w-]+)\)", page.read_text()):
        text = (page.parent / target).read_text()
        anchors = [
            re.sub(r"[^\w\s-]", "", title.lower()).strip().replace(" ", "-")
            for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        ]
        assert heading in anchors, f"{page.name}: {target}#{heading}"


def test_scripts_and_flags_named_in_the_text_exist():
    """Also those inside a sentence or in a cluster's block."""
    named = {}
    for page in PAGES:
        for script, flags in re.findall(
            r"python ((?:scripts|benchmarks)/\w+\.py)([^`\n|]*)", page.read_text()
        ):
            named.setdefault(script, set()).update(re.findall(r"(?<= )--[a-z-]+", flags))
    assert named
    for script, flags in named.items():
        command = [sys.executable, str(ROOT / script), "--help"]
        helped = subprocess.run(command, capture_output=True, text=True, check=False)
        assert helped.returncode == 0, f"{script}: {helped.stderr}"
        for flag in flags:
            assert flag in helped.stdout, f"{script} {flag}"


def test_what_a_cluster_block_names_exists():
    for page, command in all_commands("cluster"):
        for path in re.findall(r"(?<![\w/.$])(?:profiles|config|envs|scripts)/[\w./-]+", command):
            assert (ROOT / path).exists(), f"{page.name}: {path}"
