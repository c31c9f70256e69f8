"""Detectors that are no networks, in the study: one line in an experiment."""

import copy
import json
import re
from pathlib import Path

import pytest
import yaml

from stormtrace.blocks import dump, flag, read_block
from stormtrace.detect.recipes import AdoptedMasks, ThresholdRecipe
from stormtrace.detect.thresholds import recipe_checksum
from stormtrace.errors import BadInput
from stormtrace.study.artmip import artmip_files
from stormtrace.study.definition import Study
from stormtrace.study.loading import load_study, read_overlays
from stormtrace.study.merging import merge
from stormtrace.study.missing_inputs import missing_inputs
from stormtrace.study.plan_warnings import plan_warnings
from stormtrace.study.report_plan import report_of
from stormtrace.study.resolved import shipped_detectors
from stormtrace.study.status import targets

ROOT = Path(__file__).resolve().parents[2]
TABLES = ("config", "datasets", "models", "experiments")


@pytest.fixture(scope="module")
def demo():
    config = {}
    for table in TABLES:
        config = merge(config, yaml.safe_load((ROOT / "config" / f"{table}.yaml").read_text()))
    config["datasets"]["mini-historical"]["fields"]["IVT"] = {"transport": ["Q", "U", "V"]}
    return config | {"explain": [], "compare": [], "animate": {}, "snapshots": {}, "composites": {}}


MASKS = {"files": "/theirs/*.nc", "variable": "ar_binary_tag", "tag": "Atmospheric River"}


#: Example -> kinds of detectors in it; NoneType: a model.
KINDS = {
    "detectors": (ThresholdRecipe, AdoptedMasks),
    "blocking": (ThresholdRecipe,),
    "precipitation": (AdoptedMasks,),
    "polar-day": (ThresholdRecipe, type(None)),
}


def study(demo, run=("rivers",), detectors=None, **experiments):
    config = copy.deepcopy(demo)
    config["experiments"] |= experiments
    return Study(config | {"run": list(run), "detectors": detectors or {}})


def test_an_experiment_like_one_with_a_model_says_its_detector_and_nothing_else(demo):
    """What its model's experiment says of networks does not come with it."""
    made = study(
        demo,
        ("rivers", "back"),
        told={"like": "control", "weighting": "area", "precision": "bfloat16"},
        rivers={"like": "told", "detector": "ivt-250"},
        back={"like": "rivers", "model": "one-field"},
    )
    rivers = made.experiments["rivers"]
    assert (rivers.model, rivers.detector, rivers.weighting) == (None, "ivt-250", None)
    assert (rivers.dataset, rivers.grid) == ("mini-historical", "mini")
    assert (made.experiments["back"].model, made.experiments["back"].detector) == (
        "one-field",
        None,
    )
    assert isinstance(made.detector_of("rivers"), ThresholdRecipe)
    assert made.classes_of("rivers").labels == ("Background", "Atmospheric River")
    assert made.models_of("rivers") == [] and made.statistics_of("rivers") is None
    assert made.detected_by(ThresholdRecipe) == ["rivers"]
    assert made.detected_by(type(None)) == ["back"]
    assert list(made.models) == ["one-field"]


def test_without_networks_nothing_is_trained_and_no_labels_are_read(demo):
    made = study(demo, rivers={"like": "control", "detector": "ivt-250"})
    assert made.models == {} and list(made.datasets) == ["mini-historical"]
    assert {"detect", "train"}.isdisjoint(
        target.job.split("/")[0] for stage in targets(made, "rivers").values() for target in stage
    )
    (shown,) = report_of(made)["experiments"]
    assert (shown["model"], shown["detector"]) == ("", "ivt-250")
    assert shown["model_source"] == "Atmospheric River: IVT ≥ 250 kg m-1 s-1"
    (file,) = [one for one in artmip_files(made, "rivers") if "20010101" in one]
    assert file.endswith("mini-historical.ar_tag.Stormtrace.3hr.20010101-20010110.nc")


def test_a_study_without_networks_is_not_described_as_one_of_networks(demo):
    """Nor as one of rivers and cyclones: the sentence below the title is true of any study."""
    plain = {key: value for key, value in demo.items() if key != "description"}
    described = report_of(study(plain, rivers={"like": "control", "detector": "ivt-250"}))
    assert described["description"] == "Features of the weather, detected, tracked and counted."


def test_classes_of_a_recipe_reach_the_job_and_the_report_in_the_order_they_are_written(demo):
    """The first has the cell, so another order is other masks: neither is in order of letters."""
    classes = {
        name: {"where": [{"units": "kg m-2", "field": "TMQ", "at_least": least}]}
        for name, least in (("Strong", 40), ("Moist", 30), ("Weak", 20), ("Cyclone", 10))
    }
    other = dict(reversed(classes.items()))
    detectors = {"one": {"classes": classes}, "two": {"classes": other}}
    made = study(
        demo,
        ("rivers", "turned"),
        detectors,
        rivers={"like": "control", "detector": "one"},
        turned={"like": "control", "detector": "two"},
    )
    report = json.loads(flag(report_of(made)))["configuration"]["detectors"]
    sums = []
    for experiment, name, written in (("rivers", "one", classes), ("turned", "two", other)):
        text = flag(dump(made.detector_of(experiment)))
        told = read_block(ThresholdRecipe, json.loads(text), "--recipe")
        assert told.labels == ["Background", *written]
        assert list(report[name]["classes"]) == list(written)
        assert list(json.loads(text)["classes"]["Weak"]["where"][0]) == sorted(
            ["units", "field", "at_least"]
        )
        sums.append(recipe_checksum(told, []))
    assert sums[0] != sums[1]


def test_percentiles_are_of_the_dataset_that_a_recipe_names(demo):
    today = {
        "like": "ivt-85",
        "classes": {
            "Atmospheric River": {
                "where": [
                    {"field": "IVT", "at_least": {"percentile": 85, "dataset": "mini-historical"}}
                ]
            }
        },
    }
    made = study(
        demo,
        ("own", "today"),
        {"today": today},
        own={"like": "warmer", "detector": "ivt-85"},
        today={"like": "own", "detector": "today"},
    )
    assert [tuple(one) for one in made.percentiles] == [
        ("mini-warmer", "mini", "IVT", 85.0),
        ("mini-historical", "mini", "IVT", 85.0),
    ]
    assert set(made.datasets) == set(made.grids_of_datasets()) == {"mini-warmer", "mini-historical"}
    assert made.detector_of("today").classes["Atmospheric River"].length_km.at_least == 2000


def test_adopted_masks_need_no_samples_unless_something_is_measured_or_drawn(demo):
    rivers = {"like": "control", "detector": "theirs", "measure": []}
    made = study(demo, ("rivers", "measured"), {"theirs": MASKS}, rivers=rivers,
                 measured={"like": "rivers", "measure": ["IVT"]})  # fmt: skip
    assert isinstance(made.detector_of("rivers"), AdoptedMasks)
    assert not made.sees_samples("rivers") and made.sees_samples("measured")
    assert targets(made, "rivers")["samples"] == []
    assert made.masks_of("measured") == "rivers"  # the same masks
    assert {one.job.split("/")[0] for one in targets(made, "rivers")["masks"]} == {"adopt_masks"}


def test_what_agrees_is_made_of_members_that_are_shown(demo):
    agree = {"members": {"control": ["AR", "TC"], "rivers": "AR"}, "lags_h": [-24, 6]}
    rivers = {"like": "control", "detector": "ivt-250", "title": "By IVT"}
    made = study(demo | {"agree": {"methods": agree}}, ("control", "rivers"), rivers=rivers)
    assert made.agreements["methods"].pairs == [
        ("control", "AR"), ("control", "TC"), ("rivers", "AR"),
    ]  # fmt: skip
    assert made.names_in_agreement("methods") == ["Control, AR", "Control, TC", "By IVT, AR"]
    members = made.members_of_agreement("methods")
    assert members[2]["masks"] == [made.at.masks("rivers", year) for year in ("2000", "2001")]
    shown = report_of(made)["agreements"]
    assert shown[0]["titles"] == {"control": "Control", "rivers": "By IVT"}
    alone = study(demo | {"agree": {"methods": agree}}, ("control",), rivers=rivers)
    assert alone.agreements == {}
    (said,) = [one for one in plan_warnings(alone) if "agree" in one]
    assert said == "agree.methods is left out: `run` does not name rivers"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"members": {"control": "AR"}}, "1 members; expected 2 to 8"),
        ({"members": {"control": "AR", "nobody": "AR"}}, "'nobody', which does not exist"),
        ({"members": {"control": ["AR", "Front"]}}, "asks for 'Front'; its classes: TC, AR"),
        ({"members": {"control": "AR", "warmer": "AR"}}, "has weather of its own"),
        ({"members": {"control": "AR", "one-field": "AR"}, "lags_h": [4]}, "whole number of steps"),
    ],
)
def test_what_cannot_agree_is_refused(demo, change, said):
    with pytest.raises(BadInput, match=re.escape(said)):
        study(demo | {"agree": {"methods": change}}, ("control",))


def test_a_catalogue_needs_the_weather_of_its_days_and_a_file(demo):
    columns = {key: key for key in ("event", "time", "lat", "lon")}
    table = {"theirs": {"file": "{data}/theirs.csv", "columns": columns, "title": "Theirs"}}
    methods = {"members": {"again": ["AR", "TC"]}, "catalogues": ["theirs"]}
    asked = demo | {"catalogues": table, "agree": {"methods": methods}}
    again = {"like": "control", "dataset": "mini-merra2"}
    made = study(asked, ("again",), again=again)
    assert made.catalogues_of("methods")["theirs"]["file"] == f"{made.data}/theirs.csv"
    assert report_of(made)["agreements"][0]["titles"]["theirs"] == "Theirs"
    missing = missing_inputs(made, [("agree", {"agreement": "methods"})])
    assert missing == [f"catalogues.theirs.file is '{made.data}/theirs.csv', which is not there"]
    with pytest.raises(BadInput, match="has weather of its own, against dates of observations"):
        study(asked, ("again",), again={"like": "control"})
    methods["catalogues"] = ["nobody"]
    with pytest.raises(BadInput, match="'nobody', which does not exist"):
        study(asked, ("again",), again=again)


def test_intensity_is_what_the_dataset_derives_and_the_plan_says_what_it_does_not(demo):
    made = study(
        demo,
        ("strong", "dry"),
        strong={"like": "control", "measure": ["intensity", "TMQ", "PSL"]},
        dry={"like": "strong", "dataset": "mini-merra2"},
    )
    assert made.experiments["strong"].measure == ("PSL", "WIND850", "IVT", "TMQ")
    assert made.experiments["dry"].measure == ("PSL", "WIND850", "TMQ")
    (said,) = [one for one in plan_warnings(made) if "intensity" in one]
    assert said.startswith("mini-merra2 derives no vapour transport (IVT): `measure: [intensity]`")
    assert " of dry has no column" in said
    with pytest.raises(BadInput, match="WIND300"):
        study(demo, ("strong",), strong={"like": "control", "measure": ["WIND300"]})


def test_what_is_shipped_can_be_used_as_it_is():
    shipped = shipped_detectors()
    assert list(shipped) == [
        "ivt-250",
        "ivt-500",
        "ivt-750",
        "ivt-85",
        "guan-waliser",
        "blocking",
        "cyclones",
    ]
    page = (ROOT / "docs" / "detectors.md").read_text()
    assert all(f"`{name}`" in page for name in shipped)


RIVER = {"field": "IVT", "at_least": 250}

WRONG = [
    ({"detector": "ivt"}, {}, r"experiments.e.detector is 'ivt', which does not exist, did you mean"),
    ({"detector": "blocking"}, {}, "which does not derive Z500A that the detector 'blocking' needs"),
    ({"detector": "ivt-250", "model": "one-field"}, {}, r"exclude each other \(model, detector\)"),
    ({"model": None}, {}, "experiments.e .*it needs a model or a detector"),
    ({"detector": "ivt-250", "precision": "float16"}, {}, "precision is of networks, and 'ivt-250'"),
    (
        {"detector": "ivt-250", "tracking": {"minimum_hours": {"TC": 24}}},
        {},
        r"is a threshold for no class of the detector 'ivt-250'.*its classes: AR",
    ),
    (
        {"detector": "d"},
        {"classes": {"Front": {"where": [{"field": "IVT"}]}}},
        r"detectors.d.classes.Front.where.0 .*needs one of at_least, at_most, closed_contour",
    ),
    (
        {"detector": "d"},
        {"classes": {"Front": {"where": [{"field": "IVT", "at_least": 1}], "lenght_km": {}}}},
        r"detectors.d.classes.Front.lenght_km .*did you mean 'length_km'",
    ),
    (
        {"detector": "d"},
        {"classes": {"Front": {"where": [{"field": "I", "at_least": {"percentile": 120}}]}}},
        r"detectors.d.classes.Front.where.0.at_least",
    ),
    ({"detector": "d"}, MASKS | {"codes": {1: "Front"}}, r"exclude each other \(tag, codes\)"),
    ({"detector": "d"}, MASKS | {"tag": None}, "needs one of tag, codes, layers"),
    (
        {"detector": "d"},
        {"classes": {"Front": {"where": [{"field": "IVT", "at_least": {"percentile": 9, "dataset": "x"}}]}}},
        r"detectors.d is 'x', which does not exist",
    ),
    (
        {"detector": "d", "dataset": "mini-antarctic"},
        {"classes": {"AR": {"where": [RIVER], "transport": {"eastward": "IVT", "northward": "IVT", "poleward": 50}}}},
        r"detectors.d.classes.AR.transport .*IVT cannot be both components",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("experiment", "detector", "expected"), WRONG)
def test_what_does_not_fit_is_refused_by_the_plan(demo, experiment, detector, expected):
    detectors = {"d": detector} if detector else {}
    entry = {"dataset": "mini-historical", "grid": "mini", **experiment}
    with pytest.raises(BadInput) as error:
        study(demo, ("e",), detectors, e=entry)
    assert re.search(expected, str(error.value)), str(error.value)


def test_components_of_the_transport_are_not_confused(demo):
    """A magnitude, or the other component, would give each river another direction in silence."""
    fields = demo["datasets"]["mini-antarctic"]["fields"]
    north = {"transport": ["Q", "U", "V"], "component": "northward"}
    rivers = {"detector": "guan-waliser", "dataset": "mini-antarctic", "grid": "mini"}
    for east, said in ((fields["IVT"], "magnitude"), (north, "northward")):
        fields |= {"IVTU": east, "IVTV": north}
        with pytest.raises(BadInput, match=f"whose IVTU is the {said} transport.*eastward comp"):
            study(demo, ("e",), {}, e=rivers)
    fields["IVTU"] = north | {"component": "eastward"}
    study(demo, ("e",), {}, e=rivers)


@pytest.mark.parametrize("name", ["detectors", "blocking", "polar-day", "precipitation"])
def test_the_examples_are_studies(name):
    """They are run by hand on real files; here their plan is made."""
    file = ROOT / "config" / "examples" / f"{name}.yaml"
    made = load_study(ROOT, read_overlays([file], {}), [file])
    assert made.shown and all(made.detected_by(kind) for kind in KINDS[name])
