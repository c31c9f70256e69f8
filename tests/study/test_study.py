"""The study: entries that say only how they differ, and one sentence for each thing that is wrong."""

import copy
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from stormtrace.blocks import dump
from stormtrace.errors import BadInput
from stormtrace.grids import make_grid
from stormtrace.study.artmip import artmip_files
from stormtrace.study.definition import Study
from stormtrace.study.inputs import raw_input
from stormtrace.study.merging import merge, resolve
from stormtrace.study.merging import overlay as overlay_of
from stormtrace.study.periods import clip, years_of
from stormtrace.study.study_files import read_yaml

ROOT = Path(__file__).resolve().parents[2]
TABLES = ("config", "datasets", "models", "experiments")
DEMO = [ROOT / "config" / f"{table}.yaml" for table in TABLES]
CASPER = [ROOT / "config" / "casper" / f"{table}.yaml" for table in TABLES]


def load(*files):
    config = {}
    for file in files:
        config = merge(config, yaml.safe_load(file.read_text()))
    return config


@pytest.fixture
def demo():
    return load(*DEMO)


# --- like -------------------------------------------------------------------------------------


def test_an_entry_takes_everything_it_does_not_say_from_what_it_is_like():
    table = {
        "a": {"title": "A", "model": "m", "tracking": {"rule": "graph", "gap": 3}},
        "b": {"like": "a", "tracking": {"gap": 6}},
        "c": {"like": "b", "model": None},
    }
    assert resolve(table, "b", "t") == {"model": "m", "tracking": {"rule": "graph", "gap": 6}}
    assert resolve(table, "c", "t") == {"tracking": {"rule": "graph", "gap": 6}}
    assert table["a"]["tracking"]["gap"] == 3  # nobody's entry was changed


def test_what_is_said_in_one_of_several_ways_is_replaced_whole():
    table = {
        "a": {
            "fields": {"TMQ": {"integrate": "Q"}, "PSL": {"take": "PSL"}},
            "tracking": {"rule": "graph", "region": {"name": "CONUS", "select": "start"}},
        },
        "b": {
            "like": "a",
            "fields": {"TMQ": {"take": "IWV"}},
            "tracking": {"region": {"box": [0, 9, 0, 9]}},
        },
    }
    assert resolve(table, "b", "t") == {
        "fields": {"TMQ": {"take": "IWV"}, "PSL": {"take": "PSL"}},
        "tracking": {"rule": "graph", "region": {"box": [0, 9, 0, 9]}},
    }
    # A later file in the same way; what removes a key stays, for the entry may inherit it.
    later = {"fields": {"TMQ": {"take": "IWV", "units": None}}, "tracking": {"rule": None}}
    assert overlay_of({"datasets": {"a": table["a"]}}, {"datasets": {"a": later}}) == {
        "datasets": {
            "a": {
                "fields": {"TMQ": {"take": "IWV", "units": None}, "PSL": {"take": "PSL"}},
                "tracking": {"rule": None, "region": {"name": "CONUS", "select": "start"}},
            }
        }
    }


def test_a_circle_of_likes_is_told_with_its_members():
    with pytest.raises(BadInput, match="a → b → a"):
        resolve({"a": {"like": "b"}, "b": {"like": "a"}}, "a", "t")


def test_what_is_null_is_taken_away_wherever_it_stands(demo):
    demo["compare"] = None  # as an overlay of one's own says it
    demo["composites"]["warmer"] = None
    demo["experiments"]["inference-stats"] = None
    demo["run"].remove("inference-stats")
    demo["comparisons"]["normalization"] = None
    demo["experiments"]["warmer"]["measure"] = None
    demo["experiments"]["control"]["tracking"] = {"gap_hours": None}
    demo["datasets"]["mini-warmer"]["fields"] = {"PSL": None}
    demo["datasets"]["mini-historical"]["fields"]["TMQ"] = {"integrate": None, "take": "TMQ"}
    demo["models"]["four-fields"]["fields"] = ["TMQ", "U850", "V850"]
    study = Study(demo)
    assert study.comparisons == {} and "inference-stats" not in study.experiments
    assert study.experiments["warmer"].measure == ()
    assert dump(study.experiments["control"].tracking) == {"rule": "graph"}
    assert list(study.datasets["mini-warmer"].fields) == ["TMQ", "U850", "V850"]
    assert dump(study.datasets["mini-historical"].fields["TMQ"]) == {"take": "TMQ"}


# --- periods ----------------------------------------------------------------------------------


def test_a_period_ends_before_its_last_day():
    assert years_of([["2000-01-01", "2006-01-01"]]) == [str(y) for y in range(2000, 2006)]
    assert years_of([["0010-01-01", "0010-01-02"]]) == ["0010"]
    assert clip(["2000-01-01", "2006-01-01"], "2005") == ["2005-01-01", "2006-01-01"]
    assert clip(["2000-01-01", "2006-01-01"], "2006") is None


# --- whole studies ----------------------------------------------------------------------------


def test_the_demo_and_the_casper_study_are_sound(demo):
    study = Study(demo, DEMO)
    assert study.years("control") == ["2000", "2001"]
    casper = Study(load(*CASPER), CASPER)
    assert casper.years("control") == [str(year) for year in range(2000, 2015)]
    assert casper.years("rcp85") == [str(year) for year in range(2086, 2101)]
    assert casper.statistics_of("published") is None
    assert casper.statistics_of("inference-stats") == ("cesm-historical", "fv0.23x0.31")
    assert casper.statistics_of("rcp85") == ("climatenet", "fv0.23x0.31")
    assert casper.statistics_of("fronts") == ("wpc-fronts", "north-america")
    assert casper.years("fronts") == casper.years("dl-front") == [str(y) for y in range(2000, 2006)]
    grid = make_grid(casper.config.grids["north-america"])  # DL-FRONT's: 10–77° N, 171–31° W
    assert grid.lat.tolist() == list(range(10, 78)) and grid.lon.tolist() == list(range(-171, -30))


def test_experiments_that_differ_in_tracking_alone_share_their_masks():
    casper = Study(load(*CASPER))
    assert casper.masks_of("components") == "control"
    assert casper.masks_of("climatenet-rule") == "control"
    assert casper.masks_of("area-stats") == "area-stats"
    assert casper.comparisons["rule-components"].of == "events"  # their masks differ in nothing
    assert casper.counted_from == "events"  # what all maps and tables then are of
    assert casper.comparisons["warming"].of == "events"
    alike = Study(overlay_of(load(*CASPER), {"run": ["control", "rcp85"], "compare": ["warming"]}))
    assert (alike.counted_from, alike.comparisons["warming"].of) == ("masks", "masks")
    assert casper.objects_of("components") == "control"
    assert casper.objects_of("climatenet-rule") == "climatenet-rule"  # over the poles, as published


def test_a_year_that_is_added_leaves_the_others_as_they_were(demo):
    before = Study(demo).dataset_in("mini-historical", "2000")
    demo["datasets"]["mini-historical"]["parts"][0]["period"] = ["2000-12-22", "2009-01-01"]
    assert Study(demo).dataset_in("mini-historical", "2000") == before


def test_a_region_of_the_study_is_known_to_tracking_by_its_name(demo):
    region = {"name": "North Pacific", "select": "start"}
    demo["experiments"]["control"]["tracking"] = {"region": region}
    del demo["verify"]  # of an experiment like it, and of the whole grid only
    tracking = dump(Study(demo).experiments["control"].tracking)
    assert tracking["region"] == {"box": [120, 250, 10, 65], "select": "start"}
    demo["regions"] = {}
    with pytest.raises(
        BadInput, match=r"region.name is 'North Pacific'.*there are: CONUS, west coast"
    ):
        Study(demo)
    region["name"] = "CONUS"  # known without a word of the study
    assert dump(Study(demo).experiments["control"].tracking)["region"] == region


def test_only_what_the_run_needs_is_looked_up(demo):
    demo["run"], demo["compare"] = ["one-field"], []
    study = Study(demo)
    assert list(study.experiments) == ["one-field"]
    assert list(study.models) == ["one-field"]
    assert sorted(study.datasets) == ["mini-climatenet", "mini-historical"]


def test_films_are_over_what_the_dataset_has(demo):
    study = Study(demo)
    films = {name: study.film_field(name) for name in ("control", "antarctic", "fronts")}
    assert films == {"control": "TMQ", "antarctic": "IVT", "fronts": "TREFHT"}


def test_raw_files_of_a_year_are_those_of_its_variables(demo, tmp_path):
    for name in ("Q.2000", "Q.2001", "PS.2000", "T.2000"):
        (tmp_path / f"case.cam.h3.{name}122200Z.nc").touch()
    demo["datasets"]["mini-historical"]["parts"][0]["files"] = (
        "{data}/*.cam.h?.{variable}.{year}*.nc"
    )
    demo["data"] = str(tmp_path)
    study = Study(demo)
    names = [Path(file).name for file in raw_input(study, "mini-historical", "2000")]
    assert names == [f"case.cam.h3.Q.{year}122200Z.nc" for year in (2000, 2001)]  # cannot be read
    assert raw_input(study, "mini-historical") == []  # no raw file makes the matrix out of date


def test_raw_files_at_any_depth(demo, tmp_path):
    path = tmp_path / "h3" / "2000" / "case.Q.2000122200Z.nc"
    path.parent.mkdir(parents=True)
    path.touch()
    demo["datasets"]["mini-historical"]["parts"][0]["files"] = "{data}/**/*.{variable}.{year}*.nc"
    demo["data"] = str(tmp_path)
    assert raw_input(Study(demo), "mini-historical", "2000") == [str(path)]


def test_raw_files_of_the_mini_planet_are_a_folder_the_workflow_makes(demo):
    assert raw_input(Study(demo), "mini-merra2", "2000") == ["results/planet/merra2"]


# --- what is wrong, said in one sentence ----------------------------------------------------------


def edited(demo, path, value):
    config = copy.deepcopy(demo)
    *parents, last = path.split("/")
    table = config
    for key in parents:
        table = table[key]
    table[last] = value
    return config


MISTAKES = [
    # path, value, what the sentence must hold
    ("experiments/control/statistcs", "training", "experiments.control.statistcs is .training.: an unknown key, did you mean 'statistics'"),
    ("experiments/control/statistics", "trainig", "experiments.control.statistics.*'?\"trainig\".*allowed: training, inference"),
    ("experiments/warmer/dataset", "mini-warm", "experiments.warmer.dataset.*'mini-warm'.*did you mean 'mini-warmer'.*mini-historical"),
    ("experiments/warmer/like", "contrl", "experiments.warmer.like.*'contrl'.*did you mean 'control'"),
    ("experiments/control/grid", "minni", "experiments.control.grid.*'minni'.*did you mean 'mini'"),
    ("experiments/control/dataset", "mini-climatenet", "no years to detect"),
    ("experiments/control/period", ["1999-01-01", "2000-01-01"], "experiments.control.period.*2000, 2001"),
    ("models/four-fields/dataset", "mini-warmer", "models.four-fields.dataset.*no labels.*mini-climatenet"),
    ("models/one-field/fields", ["IVT"], "does not derive IVT.*TMQ, U850, V850, PSL"),
    ("datasets/mini-merra2/fields", {"TMQ": {"take": "TQV"}}, "mini-merra2.*does not derive U850, V850, PSL"),
    ("datasets/mini-warmer/fields", {"TMQ": {"take": "A", "integrate": "B"}}, "datasets.mini-warmer.fields.TMQ is .*keys that exclude each other"),
    ("datasets/mini-warmer/fields", {"TMQ": {"taek": "A"}}, "fields.TMQ is .*: it needs one of take, integrate, .*minimum, did you mean 'take'"),
    ("detectors", {"theirs": {"filse": "*.nc", "tag": "AR", "variable": "v"}}, "detectors.theirs.filse is .*: an unknown key, did you mean 'files'"),
    ("regions/North Pacific", [120, 250, 65, 10], "regions.North Pacific is .*west, east, south, north"),
    ("coasts", {"Chile": [284, 292, -56]}, "coasts.Chile"),
    ("datasets/mini-merra2/sourc", "x", "datasets.mini-merra2.sourc .*did you mean 'source'"),
    ("experiments/control/tracking", {"rule": "grap"}, "experiments.control.tracking.rule.*did you mean 'graph'"),
    ("experiments/control/tracking", {"minimum_hour": 3}, "experiments.control.tracking.minimum_hour .*'minimum_hours'"),
    ("run", ["contrl"], "run is 'contrl'.*did you mean 'control'"),
    ("compare", ["warmth"], "compare is 'warmth'"),
    ("comparisons/warming/second", "hot", "comparisons.warming.second is 'hot'"),
    ("composites/control", ["Q"], "composites.control asks for Q.*TMQ, U850, V850, PSL"),
    ("animate/control", ["1999-01"], "animate.control asks for 1999-01.*2000-12-22 to 2001-01-11"),
    ("snapshots/contrl", ["2000-01-01 00:00"], "snapshots is 'contrl'.*did you mean 'control'"),
    ("titel", "x", "titel.*did you mean 'title'"),
    ("grids/mini/nlat", 1, "grids.mini.nlat is 1: must be greater than or equal to 2"),
    ("experiments/control/period", ["2001-01-05", "2000-12-25"], "control.period is .*2001-01-05.*: it is empty or ends before it starts"),
    ("experiments/control/period", ["2000-12-25", "2000-12-25"], "control.period is .*: it is empty"),
    ("experiments/control/period", ["2000-12-25", "2001-02-01"], "control.period is .*2000-12-22 to 2001-01-11"),
    ("experiments/control/runtime", "onnx", "runtime is .onnx.; allowed: auto, torch, openvino"),
    ("experiments/control/name", "x", "experiments.control.name is an unknown key"),
    ("experiments/control/tracking", {"minimum_hours": {"Front": 12}}, "minimum_hours.Front is a threshold for no class of .*TC, AR"),
    ("experiments/control/tracking", {"minimum_hours": {"AR": 12, "Atmospheric River": 24}}, "minimum_hours has 'AR' and 'Atmospheric River', which are one class: keep one"),
    ("datasets/mini-merra2/step_hours", 5, "datasets.mini-merra2.step_hours is 5: it does not divide a day"),
    ("datasets/mini-merra2/step_hours", 6, "comparisons.source compares unlike steps: merra2-regridded 6 h, control 3 h"),
    ("datasets/mini-merra2/source", "mera2", "source is .mera2., did you mean 'merra2'.; allowed: cesm, merra2, era5, cmip6, e3sm, mpas, icon, climatenet"),
    ("datasets/mini-merra2/train", "x", "datasets.mini-merra2.train is .x.: an unknown key"),
    ("models/four-fields/labels", ["Tropical Cyclone", "Background"], "models.four-fields: labels are .*the first must be Background"),
    ("models/four-fields/labels", ["Background", "AR", "ar"], "share the name 'ar'"),
    ("models/four-fields/labels", ["Background", *(f"Class {i}" for i in range(64))], "labels is .*at most 64 items"),
    ("models/four-fields/weights", "folder", "models.four-fields.fields is .* an unknown key; allowed: dataset, description, grid, like, title, tolerance_km, trained_on, weights"),
    ("classes", {"cold_front": {}, "Cold Front": {}}, "classes: 'cold_front' and 'Cold Front' are the same name"),
    ("classes", {"Storm": {"union_of": ["Tropical Cyclone", "Atmosferic River"]}}, "classes.Storm.union_of has 'Atmosferic River', which is no class of any experiment, did you mean 'Atmospheric River'"),
    ("classes", {"Storm": {"union_of": ["Tropical Cyclone", "Front"], "short": "AR"}}, "share the short name 'ar'"),
    ("classes", {"Storm": {"union_of": ["TC", "AR"], "kind": "line"}}, "classes.Storm .*a union has the kind of its classes: leave out `kind`"),
    ("classes", {"Storm": {"union_of": ["TC", "AR"]}, "All": {"union_of": ["Storm", "Front"]}}, "All is a union of Storm, which is a union itself"),
    ("animate/control", ["2001-02"], "animate.control asks for 2001-02, but there are: 2000-12-22 to 2001-01-11"),
    ("experiments/control/period", ["2000-12-25"], "control.period is .*: too short a list .The days of the dataset"),
    ("snapshots/control", ["2001-01-11 00:00"], "snapshots.control asks for 2001-01-11 00:00"),
    ("grids/mini", {"box": [180, 260, 30, 80], "step": 1}, "models.four-fields learns on the grid 'mini': augment: {roll: true} turns .*: set roll: false"),
    ("grids/mini", {"box": [0, 360, 0, 90], "step": 1}, "models.four-fields learns on the grid 'mini': augment: {flip: true} mirrors .* from 0.5 to 89.5: set flip: false"),
    ("experiments/a b", {"like": "control"}, "experiments has an entry .a b.*cannot be a name"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value", "sentence"), MISTAKES, ids=[f"{m[0]}={m[1]}" for m in MISTAKES]
)
def test_a_mistake_is_told_in_one_sentence(demo, path, value, sentence):
    with pytest.raises(BadInput) as caught:
        Study(edited(demo, path, value), DEMO)
    assert re.search(sentence, str(caught.value)), str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_square_is_not_padded_as_the_globe_is(demo):
    """What the training refuses, the plan does."""
    model = demo["models"]["four-fields"]
    model |= {"grid": "mini-antarctic", "augment": {"roll": False, "flip": False}}
    with pytest.raises(
        BadInput, match=r"four-fields learns on the grid 'mini-ant.*padding: replicate"
    ):
        Study(demo)
    model["padding"] = "replicate"
    Study(demo)


def test_the_sentence_names_the_file(demo, tmp_path):
    overlay = tmp_path / "mine.yaml"
    overlay.write_text("experiments: {control: {gird: mini}}")
    config = merge(demo, yaml.safe_load(overlay.read_text()))
    with pytest.raises(BadInput, match=r"mine\.yaml: experiments\.control\.gird"):
        Study(config, [*DEMO, overlay])
    for said in ({"colour": "red"}, {"run": ["contrl"]}):
        with pytest.raises(BadInput, match=r"^the command line \(--config\): (colour|run) "):
            Study(demo | said, DEMO)


def test_statistics_that_cannot_be_are_refused(demo):
    demo["models"]["published"] = {"weights": "some/folder"}
    demo["experiments"]["odd"] = {"like": "control", "model": "published", "weighting": "area"}
    with pytest.raises(BadInput, match=r"odd\.weighting is 'area'.*fixed in its config\.json"):
        Study(demo, DEMO)


def test_a_published_model_without_labels_cannot_be_explained(demo):
    demo["models"]["published"] = {"weights": "some/folder"}
    demo["explain"] = ["published"]
    with pytest.raises(BadInput, match=r"explain has 'published', .* give it a labelled `dataset`"):
        Study(demo, DEMO)
    demo["models"]["published"] |= {"dataset": "mini-climatenet", "grid": "mini"}
    Study(demo, DEMO)


def test_a_published_model_looks_at_the_fields_of_its_config(demo, tmp_path):
    (tmp_path / "config.json").write_text('{"fields": {"TMQ": {}, "IVT": {}}}')
    demo["models"]["published"] = {"weights": str(tmp_path)}
    demo["experiments"]["odd"] = {"like": "control", "model": "published"}
    with pytest.raises(BadInput, match=r"odd\.dataset .* does not derive IVT that .*'published'"):
        Study(demo, DEMO)
    demo["experiments"]["odd"]["neutral"] = ["IVT"]
    Study(demo, DEMO)
    demo["experiments"]["odd"]["neutral"] = ["IVT", "PSL"]
    with pytest.raises(BadInput, match=r"odd\.neutral lists PSL, which .* does derive"):
        Study(demo, DEMO)


def test_the_environment_is_expanded_in_folders_or_missed_by_name(demo, monkeypatch):
    monkeypatch.setenv("SCRATCH", "/scratch/me")
    assert Study(demo | {"results": "$SCRATCH/runs"}).results == "/scratch/me/runs"
    with pytest.raises(BadInput, match=r"data is '.{10}/x', but .* no 'NOWHERE'"):
        Study(demo | {"data": "${NOWHERE}/x"}, DEMO)


def test_seeds_make_an_ensemble_of_members_that_differ_in_seed_alone(demo):
    demo["models"]["ensemble"] = {"like": "four-fields", "seeds": [0, 7]}
    demo["experiments"]["together"] = {"like": "control", "model": "ensemble"}
    demo["run"], demo["compare"] = ["together"], []
    study = Study(demo)
    assert study.models_of("together") == ["ensemble.seed0", "ensemble.seed7"]
    assert study.trained == ["ensemble.seed0", "ensemble.seed7"]
    first, second = (study.training(name) for name in study.trained)
    assert {key for key in first if first[key] != second[key]} == {"name", "seed"}


# --- periods, dates, files ------------------------------------------------------------------------


def test_a_period_inside_a_year_is_kept_to(demo):
    demo["experiments"]["short"] = {"like": "control", "period": ["2000-12-25", "2001-01-03"]}
    demo["run"] = ["short"]
    study = Study(demo)
    assert study.years("short") == ["2000", "2001"]
    assert study.period("short", "2000") == ["2000-12-25", "2001-01-01"]
    assert study.period("short", "2001") == ["2001-01-01", "2001-01-03"]
    demo["experiments"]["short"]["period"] = ["2001-01-02", "2001-01-03"]
    study = Study(demo)
    assert study.years("short") == ["2001"]
    assert study.period("short", "2001") == ["2001-01-02", "2001-01-03"]
    demo["snapshots"] = {"short": ["2001-01-03 00:00"]}
    with pytest.raises(BadInput, match="asks for 2001-01-03 00:00, but there are: 2001"):
        Study(demo)


def test_an_experiment_of_another_period_has_masks_of_its_own(demo):
    demo["experiments"]["short"] = {"like": "control", "period": ["2001-01-02", "2001-01-03"]}
    demo["run"] = ["control", "short"]
    assert Study(demo).masks_of("short") == "short"


def test_unquoted_dates_are_dates(demo, tmp_path):
    """YAML reads 2000-12-25 as a date and 2000-12-22 03:00:00 as a time."""
    overlay = tmp_path / "mine.yaml"
    overlay.write_text(
        "experiments: {short: {like: control, period: [2000-12-25, 2001-01-03]}}\nrun: [short]\n"
        "datasets:\n  mini-historical:\n    parts:\n"
        "    - {period: [2000-12-22 03:00:00, 2001-01-11], files: '*.nc'}\n"
    )
    study = Study(overlay_of(demo, yaml.safe_load(overlay.read_text())), [*DEMO, overlay])
    assert study.experiments["short"].period == ("2000-12-25", "2001-01-03")
    assert study.raw("mini-historical").parts[0].period == ("2000-12-22 03:00", "2001-01-11")


def test_30_february_needs_no_quotes(tmp_path):
    """YAML knows the Gregorian calendar alone; 360_day has the date, no calendar a 31st."""
    (tmp_path / "dates.yaml").write_text("period: [2000-02-30, 2000-03-01]\nend: 2000-02-31\n")
    read = read_yaml(tmp_path / "dates.yaml")
    assert read["period"][0] == "2000-02-30" and str(read["period"][1]) == "2000-03-01"
    assert read["end"] == "2000-02-31"


def test_a_runtime_that_the_device_lacks_is_refused(demo):
    demo["experiments"]["control"]["runtime"] = "openvino"
    Study(demo | {"device": "auto"})
    with pytest.raises(BadInput, match=r"control\.runtime is 'openvino', .* device is 'cuda'"):
        Study(demo | {"device": "cuda"})
    demo["experiments"]["control"]["precision"] = "float16"
    with pytest.raises(BadInput, match=r"precision is 'float16', which runtime openvino"):
        Study(demo)


def test_a_misspelt_name_of_a_sample_to_leave_out_is_refused(demo, tmp_path):
    for split in ("train", "test"):
        (tmp_path / split).mkdir()
        (tmp_path / split / f"data-{split}-1.nc").touch()
        demo["datasets"]["mini-climatenet"][split] = str(tmp_path / split)
    demo["datasets"]["mini-climatenet"]["exclude"] = ["data-train-1.nc", "data-test-1.nc"]
    assert Study(demo).excluded("mini-climatenet", "test") == ["data-test-1.nc"]
    demo["datasets"]["mini-climatenet"]["exclude"] = ["data-trian-1.nc"]
    with pytest.raises(BadInput, match=r"exclude lists 'data-trian-1.nc'.*mean 'data-train-1.nc'"):
        Study(demo)


def test_the_entry_that_says_it_is_named_and_not_the_one_that_inherits_it(demo):
    demo["experiments"] = {"first": {"like": "control"}} | demo["experiments"]
    demo["experiments"]["control"]["statistics"] = "none"
    with pytest.raises(BadInput, match=r"experiments\.control\.statistics is"):
        Study(demo)


def test_published_labels_are_checked_before_any_job(demo, tmp_path):
    config = {"fields": {"TMQ": {}}, "labels": ["Background", "Atmospheric River"]}
    (tmp_path / "config.json").write_text(json.dumps(config))
    demo["models"]["published"] = {"weights": str(tmp_path)}
    demo["experiments"]["rivers"] = {"like": "control", "model": "published"}
    demo["run"], demo["compare"] = ["rivers"], []
    study = Study(demo)
    assert [one.short for one in study.classes_of("rivers").features] == ["AR"]
    assert len(artmip_files(study, "rivers")) == 2
    config["labels"] = ["Background", "Tropical Cyclone"]
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(BadInput, match=r"'rivers' cannot be in the ARTMIP catalogue: .*Tropical"):
        artmip_files(Study(demo), "rivers")
    config["labels"] = ["Background", *(f"class {i}" for i in range(128))]
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(BadInput, match=r"models\.published: .*code 128; .* from 1 to 127"):
        Study(demo)


def test_files_of_the_catalogue_are_named_by_the_days_they_cover(demo):
    demo["experiments"]["short"] = {"like": "control", "period": ["2000-12-25", "2001-01-03"]}
    demo["run"] = ["short"]
    files = artmip_files(Study(demo), "short")
    assert [Path(file).name.split(".")[-2] for file in files] == [
        "20001225-20001231",
        "20010101-20010102",
    ]


def test_modules_of_the_plan_import_neither_torch_nor_netcdf():
    """Each of thousands of jobs on a cluster reads the study again."""
    code = "import sys, stormtrace.study.loading, stormtrace.study.inputs, stormtrace.study.report_plan;"
    code += (
        "print(sorted({'torch', 'netCDF4', 'numba', 'matplotlib', 'xarray'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "scripts")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, text=True, capture_output=True, check=True
    )
    assert done.stdout.strip() == "[]"


# --- verification -----------------------------------------------------------------------------

STORMS = {"storms": "{data}/ibtracs.csv"}


def test_what_is_held_against_observations_follows_from_the_dataset(demo):
    demo["experiments"]["again"] = {"like": "control", "dataset": "mini-merra2"}
    demo |= {"run": ["control", "again"], "verify": {"control": STORMS, "again": STORMS}}
    study = Study(demo)
    assert {name: how.match for name, how in study.verified.items()} == {
        "control": "climatology",
        "again": "time",
    }
    assert study.verified["again"].storms == f"{study.data}/ibtracs.csv"
    demo["run"] = ["control"]
    assert list(Study(demo).verified) == ["control"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"verify": {"nobody": STORMS}}, "verify is 'nobody', which does not exist"),
        (
            {"verify": {"control": STORMS | {"match": "time"}}},
            "verify.control.match is 'time', but 'mini-historical' has weather of its own",
        ),
        (
            {"experiments": {"control": {"tracking": {"region": {"name": "CONUS"}}}}},
            "keeps the events of a region",
        ),
        (
            {"models": {"four-fields": {"labels": ["Background", "Front"]}}},
            "has no class with `basins: tropical cyclones`",
        ),
    ],
)
def test_what_cannot_be_held_against_observations_is_refused(demo, change, said):
    demo["verify"] = {"control": STORMS}
    with pytest.raises(BadInput, match=re.escape(said)):
        Study(merge(demo, change))


# --- what features bring ----------------------------------------------------------------------

RAIN = {"percentiles": [50]}


def raining(demo, how=RAIN, **more):
    demo["datasets"]["mini-historical"]["fields"]["PRECT"] = {"take": "PRECT"}
    demo["datasets"]["mini-historical"]["fields"]["IVT"] = {"transport": ["Q", "U", "V"]}
    return merge(demo, {"attribute": {"control": {"PRECT": how}}, **more})


def test_what_is_attributed_alike_is_compared(demo):
    both = {"control": {"PRECT": RAIN}, "warmer": {"PRECT": RAIN | {"extremes_of": "control"}}}
    study = Study(raining(demo, attribute=both))
    assert list(study.attributed) == [("control", "PRECT"), ("warmer", "PRECT")]
    assert study.attribution_changes() == [("warming", "PRECT")]
    assert study.extremes_of("warmer", "PRECT") == study.title("control")
    assert study.extremes_of("control", "PRECT") == ""
    assert study.extremes_of_change("warming", "PRECT") == study.title("control")
    own = {"control": {"PRECT": RAIN}, "warmer": {"PRECT": RAIN}}
    assert Study(raining(demo, attribute=own)).extremes_of_change("warming", "PRECT") == ""
    both["warmer"]["PRECT"] = {"percentiles": [60]}
    assert Study(raining(demo, attribute=both)).attribution_changes() == []


@pytest.mark.parametrize(
    ("attribute", "said"),
    [
        ({"nobody": {"PRECT": RAIN}}, "attribute is 'nobody', which does not exist"),
        ({"control": {"SNOW": RAIN}}, "attribute.control is 'SNOW', which does not exist"),
        ({"control": {"IVT": RAIN}}, "over is 'wet steps', but IVT of 'mini-historical' is no"),
        (
            {"control": {"PRECT": {"percentiles": [99]}}},
            "percentiles cannot be computed: the 99th percentile of 160 steps (annual) would have "
            "1.6 above it, and at least 5 are needed: 500 steps",
        ),
        (
            {"control": {"PRECT": {"percentiles": [90], "over": "wet days"}}},
            "the 90th percentile of 20 days (annual) would have 2 above it",
        ),
        (
            {"control": {"PRECT": RAIN | {"within": {"CF": {"km": 300}}}}},
            "within.CF is of no class of the model 'four-fields'",
        ),
        (
            {"control": {"PRECT": RAIN | {"extremes_of": "two-fields"}}},
            "extremes_of is 'two-fields', of which PRECT is not attributed: add attribute.two-fields",
        ),
        (
            {
                "two-fields": {"PRECT": RAIN},
                "control": {"PRECT": RAIN | {"extremes_of": "two-fields"}},
            },
            "extremes_of is 'two-fields', which is not carried out: name it in `run`",
        ),
        (
            {"control": {"PRECT": RAIN | {"extremes_of": "contrl"}}},
            "extremes_of is 'contrl', which does not exist, did you mean 'control'?",
        ),
        (
            {
                "control": {"PRECT": RAIN},
                "merra2-native": {"PRECT": RAIN | {"extremes_of": "control"}},
            },
            "is 'control' on the grid 'mini', but this experiment is on 'mini-merra2'",
        ),
    ],
)
def test_shares_that_cannot_be_had_are_refused(demo, attribute, said):
    demo["datasets"]["mini-merra2"]["fields"]["PRECT"] = {"take": "PRECTOTCORR"}
    with pytest.raises(BadInput, match=re.escape(said)):
        Study(raining(demo) | {"attribute": attribute})


def test_of_attributions_that_are_not_carried_out_nothing_is_asked(demo):
    """A study that runs one of its experiments need not take back what it says of the others."""
    both = {"control": {"PRECT": RAIN}, "warmer": {"PRECT": RAIN | {"extremes_of": "control"}}}
    study = Study(raining(demo, attribute=both) | {"run": ["merra2-native"], "compare": []})
    assert not study.attributed


# --- detectors alone --------------------------------------------------------------------------


def test_a_study_of_masks_made_elsewhere_needs_no_models():
    """Its grid is that of a file among the raw data."""
    part = {"period": ["2000-01-01", "2000-02-01"], "files": "{data}/psl.{year}.nc"}
    study = Study({
        "title": "Theirs", "run": ["theirs"], "data": "/raw",
        "grids": {"g": {"file": "{data}/mask.2000.nc"}},
        "datasets": {"d": {"source": "cesm", "parts": [part], "fields": {"PSL": {"take": "PSL"}}}},
        "detectors": {"m": {"files": "{data}/mask.{year}.nc", "variable": "m", "tag": "Front"}},
        "experiments": {"theirs": {"detector": "m", "dataset": "d", "grid": "g"}},
    })  # fmt: skip
    assert (study.models, study.config.grids["g"].file) == ({}, "/raw/mask.2000.nc")
