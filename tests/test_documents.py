"""README and docs as a newcomer follows them: every command that needs no cluster is run from the page.

The word after a fence's language says what a shell block needs: nothing (it is run as it stands, in a
checkout), `data` (the real files, as FOLDER), `study` (the study of the same page), `make` (a target;
tested by what it runs), `install` (downloads: only what it names must exist), `cluster` (the same).
A block ```yaml recipe has entries that stand in place of those of the page's study.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from detection_runs import make_model
from real_data import FOLDER, NEEDED, real_data
from script_runs import forked, forking_python
from stormtrace.study.loading import load_study
from stormtrace.study.merging import overlay
from stormtrace.study.plan_warnings import plan_warnings
from workflow_runs import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
NEEDS = {"", "data", "study", "make", "install", "cluster", "recipe"}
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
        if entry.name not in (".git", ".venv", ".snakemake", "results", "logs", "my-study.yaml"):
            (folder / entry.name).symlink_to(entry)
    return folder


def environment():
    """Of a shell whose `snakemake` and `python` have loaded their libraries."""
    folders = Path(forking_python()).parent, Path(sys.executable).parent, os.environ["PATH"]
    return os.environ | {"PATH": os.pathsep.join(map(str, folders))}


def run(command, folder):
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=folder,
        env=environment(),
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


def study_of(page, data):
    """The page's own YAML, with its paths below /data moved to where a model is."""
    study = next(text for _, text in blocks(page, "yaml") if text.startswith("# my-study.yaml"))
    return moved(study, data)


def moved(text, data):
    assert "/data/" in text or "/data" not in text
    return text.replace("/data/", f"{data}/")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder with a network of the names that the pages use."""
    data = tmp_path_factory.mktemp("data")
    for name in ("trained_cgnet.040523", "trained_cgnet.092023_TMQ"):
        make_model(data / name, seed=0)
    config = data / "trained_cgnet.092023_TMQ" / "config.json"
    content = json.loads(config.read_text())
    content["fields"] = {"TMQ": content["fields"]["TMQ"]}
    config.write_text(json.dumps(content))
    return data


@pytest.mark.parametrize(("page", "command"), all_commands("study"))
def test_the_study_of_a_page_is_planned_checked_and_refused_before_a_job(
    page, command, tmp_path, data
):
    folder = checkout(tmp_path)
    (folder / "my-study.yaml").write_text(study_of(page, data))
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    assert "my-data" in said or "status.py" in command
    assert "Traceback" not in said
    if command.startswith("snakemake") and " -n " not in command and " check " not in command:
        assert done.returncode == 1 and "nothing was started" in said  # no raw files
    elif " check " not in command:
        assert done.returncode == 0, said[-3000:]


def test_each_recipe_fits_the_study_of_its_page(data):
    """Its entries stand in place of those of the same name, or lie over them as a second file.

    The plan misses raw files and labels.
    """
    recipes = [(page, text) for page in PAGES for needs, text in blocks(page, "yaml") if needs]
    assert len(recipes) >= 4
    for page, text in recipes:
        study, recipe = yaml.safe_load(study_of(page, data)), yaml.safe_load(moved(text, data))
        load_study(ROOT, overlay(study, recipe))
        for key, value in recipe.items():
            study[key] = {**study.get(key, {}), **value} if isinstance(value, dict) else value
        planned = load_study(ROOT, study)
        for sentence in plan_warnings(planned):
            assert "have no files of" in sentence or "my-labels" in sentence, sentence


def test_what_an_install_block_names_exists():
    pinned = (ROOT / "envs" / "pip.txt").read_text().split()
    for _, command in all_commands("install"):
        for package in re.findall(r"\b\w+==[\d.]+", command):
            assert package in pinned
        for target in re.findall(r"make (\S+)", command):
            subprocess.run(["make", "-n", "-C", str(ROOT), target], check=True, capture_output=True)


def test_images_of_a_page_are_there_and_small():
    for page in PAGES:
        text = page.read_text()
        named = re.findall(r'(?:src|srcset)="([^"]+)"|!\[[^]]*\]\(([^)]+)\)', text)
        for image in filter(None, (one for pair in named for one in pair)):
            assert (page.parent / image).stat().st_size < 250_000, f"{page.name}: {image}"


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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_modules_named_with_their_folder_exist(page):
    """`climate/year_maps.py` may leave out what lies above its room."""
    there = [str(file) for room in ("scripts", "tests", "benchmarks", "workflow", "profiles")
             for file in (ROOT / room).rglob("*")]  # fmt: skip
    for named in re.findall(r"`([\w-]+/[\w/-]+\.(?:py|smk|sh))`", page.read_text()):
        assert any(file.endswith(f"/{named}") for file in there), f"{page.name}: {named}"


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
        helped = forked(ROOT / script, "--help")
        assert helped.returncode == 0, f"{script}: {helped.stderr}"
        for flag in flags:
            assert flag in helped.stdout, f"{script} {flag}"


def test_what_a_cluster_block_names_exists():
    for page, command in all_commands("cluster"):
        for path in re.findall(r"(?<![\w/.$])(?:profiles|config|envs|scripts)/[\w./-]+", command):
            assert (ROOT / path).exists(), f"{page.name}: {path}"


def test_no_target_stands_after_a_configfile():
    """Snakemake takes each word there for a file, and the profiles refuse it."""
    for page, command in [pair for needs in NEEDS for pair in all_commands(needs)]:
        for words in re.findall(r"--configfile((?: [^\s-]\S*)+)", command):
            files = re.split(r" [\d&]*[|>]", words)[0].split()
            assert all(file.endswith(".yaml") for file in files), f"{page.name}: {command}"
