"""Text of the user's is text: never a pattern of Snakemake's, nor syntax of the shell."""

import json

import pytest

from workflow_runs import snakemake, stand_in_checkout

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("workflow")]

NASTY = "CO$_{2}$ 'x' \"4\" {wildcards.experiment} {sample} `id` $(id) \\ ; # %s\nsecond line"

OVERLAY = {
    "title": NASTY,
    "description": NASTY,
    "run": ["control", "area-stats"],
    "compare": ["area-weighting"],
    "experiments": {"control": {"title": NASTY}, "area-stats": {"title": f"{NASTY}!"}},
    "comparisons": {"area-weighting": {"title": NASTY}},
    "models": {"four-fields": {"title": NASTY, "description": NASTY}},
    "datasets": {"mini-historical": {"title": NASTY}},
}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A folder in which the study has been run by stand-ins that note their arguments."""
    folder = tmp_path_factory.mktemp("nasty")
    root = stand_in_checkout(folder / "checkout")
    for name in ("draw_experiment", "draw_comparison", "draw_sensitivity", "write_report", "train"):
        script = root / "scripts" / f"{name}.py"
        noting = f"import json, sys\njson.dump(sys.argv, open('{folder}/{name}.json', 'w'))\n"
        script.write_text(noting + script.read_text())
    goals = ["--until", "write_report"]
    snakemake(folder, *goals, overlay=OVERLAY, root=root)
    return folder


def arguments(folder, script):
    return json.loads((folder / f"{script}.json").read_text())


def flag_of(folder, script, flag):
    words = arguments(folder, script)
    return words[words.index(flag) + 1]


def test_titles_arrive_as_they_were_written(done):
    assert flag_of(done, "draw_experiment", "--title") in (NASTY, f"{NASTY}!")
    assert flag_of(done, "draw_comparison", "--title") == NASTY
    assert json.loads(flag_of(done, "train", "--model"))["description"] == NASTY


def test_titles_in_blocks_arrive_as_they_were_written(done):
    titles = flag_of(done, "draw_sensitivity", "--titles")
    assert json.loads((done / titles[1:]).read_text()) == [NASTY, f"{NASTY}!"]
    report = json.loads((done / flag_of(done, "write_report", "--report")[1:]).read_text())
    assert report["title"] == report["experiments"][0]["title"] == NASTY


def test_braces_in_the_folder_of_results_are_refused(tmp_path):
    finished = snakemake(tmp_path, "--dry-run", overlay={"results": "a{b}"}, check=False)
    assert finished.returncode != 0
    assert "results is 'a{b}'; a folder's name can have no braces" in finished.stdout
    assert "Traceback" not in finished.stdout
