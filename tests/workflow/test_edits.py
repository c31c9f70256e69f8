"""What is edited by hand, and what of a finished study is then out of date.

Labels and raw files are somebody's; scripts are a stand-in (stand_in.py).
"""

import os
import re
import shutil

import pytest

from workflow_runs import ROOT, planned, snakemake, stand_in_checkout

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("edits")]

OVERLAY = {
    "run": ["mine", "other"],
    "compare": ["one"],
    "regions": {},
    "explain": [],
    "animate": {},
    "snapshots": {},
    "composites": {},
    "device": "cpu",
    "data": "data",
    "datasets": {
        "raw": {
            "source": "cesm",
            "parts": [
                {
                    "period": ["2000-01-01", "2002-01-01"],
                    "files": "{data}/raw/*.{variable}.{year}*.nc",
                    "stamps": "end",
                }
            ],
            "fields": {"TMQ": {"take": "TMQ"}},
        },
        "labelled": {
            "source": "climatenet",
            "train": "{data}/train",
            "test": "{data}/test",
        },
    },
    "models": {"mine": {"fields": ["TMQ"], "dataset": "labelled", "grid": "mini", "epochs": 1}},
    "experiments": {
        "mine": {"model": "mine", "dataset": "raw", "grid": "mini"},
        "other": {"like": "mine", "tracking": {"minimum_hours": 0}},
    },
    "comparisons": {"one": {"first": "mine", "second": "other"}},
    "agree": {"both": {"members": {"mine": "Atmospheric River", "other": "Atmospheric River"}}},
    "attribute": {"mine": {"TMQ": {"percentiles": []}}},
}
GOALS = [
    *(f"results/masks/mine/{year}.nc" for year in (2000, 2001)),
    "results/models/mine/scores.json",
]
FREQUENCY, COMPARISON = "results/frequency/mine/frequency.nc", "results/comparisons/one.nc"
COUNTED = {
    "count_landfalls": "results/landfall/mine.csv",
    "count_agreement": "results/agreement/both/2000.nc",
    "summarize_attribution": "results/attribution/mine/TMQ/shares.json",
    "check_labels": "results/labels/labelled.json",
}
OF_LABELS = {"train": 1, "compute_statistics": 1, "merge_statistics": 1, "evaluate": 1, "detect": 2}
OLD = 1_600_000_000


def put(path, text="", time=OLD):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, time and (time, time))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A study that has been made; its file system as it was is restored by `study`."""
    folder = tmp_path_factory.mktemp("edits")
    for split in ("train", "test"):
        for day in (1, 2):
            put(folder / "data" / split / f"data-2000-01-0{day}-01-1.nc")
    for year in (2000, 2001):
        for month in ("01", "07"):
            put(folder / f"data/raw/case.TMQ.{year}-{month}.nc")
    root = stand_in_checkout(folder / "checkout")
    snakemake(folder, *GOALS, COMPARISON, *COUNTED.values(), overlay=OVERLAY, root=root)
    assert planned(folder, "--nolock", *GOALS, overlay=OVERLAY, root=root) == {}
    return folder


@pytest.fixture
def study(finished, tmp_path):
    """Return a copy of the finished study, in its folder."""
    shutil.copytree(finished, tmp_path, symlinks=True, dirs_exist_ok=True)
    shutil.rmtree(tmp_path / "checkout")
    (tmp_path / "checkout").symlink_to(finished / "checkout")
    return tmp_path


def plan(folder, *goals, **edited):
    # The very checkout that made it: Snakemake knows files of it, by their paths, as inputs.
    root = (folder / "checkout").resolve()
    return planned(folder, "--nolock", *GOALS, *goals, overlay=OVERLAY | edited, root=root)


def test_all_that_jobs_leave_is_in_the_folder_of_results(finished):
    """So that two studies may run in one folder."""
    there = {path.name for path in finished.iterdir()} - {".snakemake"}
    assert there == {"data", "checkout", "overlay.json", "results"}
    assert (finished / "results/logs/train/mine.log").exists()
    assert (finished / "results/logs/benchmarks/detect/mine/2000.tsv").exists()


def test_a_label_added_removed_or_changed_makes_training_and_what_follows_again(study):
    train = study / "data" / "train"
    put(train / "._data-2000-01-03-01-1.nc")  # a Mac's
    put(train / "notes.txt", time=OLD + 10**9)
    assert plan(study) == {}
    label = train / "data-2000-01-01-01-1.nc"
    put(label, time=OLD - 3600)  # an older version, of the same size
    assert plan(study) == OF_LABELS
    put(label)
    (train / "data-2000-01-02-01-1.nc").rename(train / "data-2000-01-02-02-1.nc")
    assert plan(study) == OF_LABELS


def test_a_test_label_makes_the_scores_again_and_nothing_else(study):
    put(study / "data" / "test" / "data-2000-01-02-01-1.nc", "longer")
    assert plan(study) == {"evaluate": 1}


def test_a_sample_added_by_hand_makes_masks_again(study):
    (study / "results/samples/raw/mini/2001/raw.2001-01-01-00000.nc").touch()
    assert plan(study) == {"detect": 1}


def test_a_raw_file_of_one_year_makes_that_year_again(study):
    """Neither the regridding matrix nor the other year."""
    put(study / "data/raw/case.TMQ.2000-01.nc", "another", time=None)
    assert plan(study) == {"make_samples": 1, "detect": 1}


def test_a_change_of_classes_hides_no_other_change(study):
    """New colours make nothing of this again; a new precision is noticed with them as without."""
    classes = {"Atmospheric River": {"colours": ["#112233"]}}
    assert plan(study, FREQUENCY, classes=classes) == {}
    mine = OVERLAY["experiments"]["mine"] | {"precision": "bfloat16"}
    experiments = OVERLAY["experiments"] | {"mine": mine}
    made = plan(study, FREQUENCY, classes=classes, experiments=experiments)
    after = {"link_events": 1, "compute_frequency": 1}
    assert made == {"detect": 2, "find_objects": 2} | after
    classes["Atmospheric River"]["kind"] = "line"
    assert plan(study, FREQUENCY, classes=classes) == after


def test_what_is_counted_depends_on_all_of_a_class_but_its_colours(study):
    """A job a year at the full size takes up to 25 minutes: new colours are none of its concern."""
    goals = COUNTED.values()
    assert plan(study, *goals) == {}
    river = {"colours": ["#112233"]}
    assert plan(study, *goals, classes={"Atmospheric River": river}) == {}
    made = plan(study, *goals, classes={"Atmospheric River": river | {"kind": "line"}})
    assert made.keys() >= {*COUNTED, "attribute_field"}


def test_the_sides_of_a_comparison_turned_round_are_another_comparison(study):
    turned = {"one": {"first": "other", "second": "mine"}}
    assert plan(study, COMPARISON) == {}
    assert plan(study, COMPARISON, comparisons=turned) == {"compare": 1}


def test_what_has_two_sides_says_which_is_the_first():
    """Snakemake compares the inputs of a job without their names and order."""
    for file in (ROOT / "workflow" / "rules").glob("*.smk"):
        for rule in re.split(r"^rule ", file.read_text(), flags=re.MULTILINE)[1:]:
            assert ("{input.second:q}" in rule) == ("sides=experiments_of" in rule), rule
            assert "ancient(at.block" not in rule, "hides other changes: see classes_flag"
