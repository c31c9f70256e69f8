"""Counterfactual experiments: which the plan makes, and what cannot be adjusted or decomposed."""

import re

import pytest
from test_study import CASPER, DEMO, load

from stormtrace.errors import BadInput
from stormtrace.study.definition import Study
from stormtrace.study.report_plan import report_of
from workflow_runs import ROOT, snakemake

FIELDS = ["TMQ", "U850", "V850", "PSL"]


def study(**changes):
    config = load(*DEMO)
    for table, entries in changes.items():
        if isinstance(entries, dict):
            for name, entry in entries.items():
                config[table].setdefault(name, {}).update(entry)
        else:
            config[table] = entries
    return Study(config, DEMO)


def test_a_decomposition_makes_two_experiments_a_field_and_shows_none():
    made = study(compare=["source"], comparisons={"source": {"decompose": ["TMQ", "PSL"]}})
    assert made.counterfactuals_of("source", "first") == [
        "merra2-regridded.TMQ-of-control",
        "merra2-regridded.PSL-of-control",
    ]
    name = "control.TMQ-of-merra2-regridded"
    assert {name, *made.counterfactuals_of("source", "first")} < set(made.experiments)
    assert name not in made.shown and name not in made.config.run
    assert made.masks_of(name) == name
    (one,) = made.adjusted(name)
    assert one.own == ("mini-historical", "mini", "TMQ", "moments")
    assert one.to == ("mini-merra2", "mini", "TMQ", "moments")
    assert len(made.zonal) == 4  # two fields of two datasets
    report = report_of(made)["comparisons"][0]
    assert report["decomposition"] == "results/decompositions/source.csv"


def test_the_other_experiments_grid_is_where_its_climatology_is_computed():
    ends = {"first": "control", "second": "merra2-native", "decompose": ["TMQ"], "match": "quantiles"}  # fmt: skip
    made = study(compare=["c"], comparisons={"c": ends})
    (one,) = made.adjusted("control.TMQ-of-merra2-native")
    assert one.to == ("mini-merra2", "mini-merra2", "TMQ", "quantiles")
    (other,) = made.adjusted("merra2-native.TMQ-of-control")
    assert (other.own.grid, other.to.grid) == ("mini-merra2", "mini")


def test_the_casper_study_decomposes_source_and_warming():
    made = Study(load(*CASPER), CASPER)
    assert made.decomposed == ["warming", "source-four-fields"]
    assert len(made.counterfactuals) == 16
    assert {of.dataset for of in made.zonal} == {"cesm-historical", "cesm-rcp85", "merra2"}


def test_all_of_it_is_planned_by_name(tmp_path):
    file = ROOT / "config" / "examples" / "decomposition.yaml"
    done = snakemake(
        tmp_path, "--dry-run", "--printshellcmds", "--configfile", str(file), alone=True
    ).stdout
    assert re.search(r"^compute_zonal_climatology +8$", done, re.MULTILINE)
    assert re.search(r"^detect +20$", done, re.MULTILINE)  # (2 + 8) experiments, two years
    folder = "results/examples/decomposition"
    assert (
        f"--adjust PSL {folder}/zonal/mini-warmer/mini/PSL-moments.nc"
        f" {folder}/zonal/mini-historical/mini/PSL-moments.nc" in done
    )
    assert f"--of-first {folder}/frequency/control.TMQ-of-warmer/frequency.nc" in done


def entry(**keys):
    return {"like": "control", **keys}


REFUSED = [
    ({"x": entry(adjust={"IVT": {"to": "mini-merra2"}})}, {},
     "adjusts IVT, which the model 'four-fields' does not read; it reads: TMQ, U850, V850, PSL"),
    ({"x": entry(adjust={"TMQ": {"to": "mini-merra"}})}, {},
     r"experiments\.x\.adjust is 'mini-merra', which does not exist, did you mean 'mini-merra2'"),
    ({"x": entry(adjust={"TMQ": {"to": "mini-climatenet"}})}, {},
     "is 'mini-climatenet', which does not exist"),
    ({"x": entry(adjust={"TMQ": {"to": "mini-merra2", "grid": "polar"}})}, {},
     "adjusts TMQ on 'mini' to a climatology on 'polar', which has no cells near"),
    ({"x": entry(adjust={"TMQ": {"to": "summer"}})}, {},
     r"adjusts TMQ to 'summer', which has no samples of the months 1, 12 \(it has 2001-06-01"),
    ({"x": entry(adjust={"TMQ": {"to": "dry"}})}, {},
     "adjusts TMQ to 'dry', which does not derive it; it derives: U850, V850, PSL"),
    ({"x": entry(adjust={"TMQ": {"to": "mini-merra2", "by": ["month"]}})}, {},
     r"experiments\.x\.adjust\.TMQ\.by"),
    ({"x": entry(adjust={"TMQ": {"to": "mini-merra2", "match": "median"}})}, {},
     "adjust.TMQ.match is .*allowed: moments, quantiles"),
    ({}, {"normalization": {"decompose": ["TMQ"]}},
     "comparisons.normalization.decompose asks .*both experiments are of 'mini-historical'"),
    ({}, {"x": {"first": "one-field", "second": "warmer", "decompose": ["TMQ"]}},
     "differ in their datasets alone, but model is 'one-field' in 'one-field'"),
    ({"x": entry(dataset="mini-merra2", regrid_to_learned=True)},
     {"x": {"first": "control", "second": "x", "decompose": ["TMQ"]}},
     "differ in their datasets alone, but regrid_to_learned is False in 'control' and True in 'x'"),
    ({"x": entry(dataset="mini-merra2", precision="bfloat16")},
     {"x": {"first": "control", "second": "x", "decompose": ["TMQ"]}},
     "but precision is 'float32' in 'control' and 'bfloat16' in 'x'"),
    ({"x": entry(dataset="mini-merra2", tracking={"minimum_hours": 48})},
     {"x": {"first": "control", "second": "x", "decompose": ["TMQ"]}},
     "counts tracked events, but 'control' and 'x' track differently: say `of: masks`"),
    ({"a": entry(statistics="inference"), "b": {"like": "a", "dataset": "mini-warmer"}},
     {"x": {"first": "a", "second": "b", "decompose": ["TMQ"]}},
     "decompose needs statistics: training"),
    ({"control.TMQ-of-warmer": entry()}, {"warming": {"decompose": ["TMQ"]}},
     "makes an experiment 'control.TMQ-of-warmer', but the table has one of that name"),
    ({}, {"warming": {"decompose": ["QS"]}}, "adjusts QS, which the model"),
]  # fmt: skip


def test_experiments_that_track_differently_are_decomposed_by_their_masks():
    """Which no tracking changes."""
    ends = {"first": "control", "second": "x", "decompose": ["TMQ"], "of": "masks"}
    tracked = entry(dataset="mini-merra2", tracking={"minimum_hours": 48})
    made = study(compare=["c"], experiments={"x": tracked}, comparisons={"c": ends})
    assert made.comparisons["c"].of == "masks" and len(made.counterfactuals) == 2


@pytest.mark.parametrize(("experiments", "comparisons", "said"), REFUSED)
def test_what_cannot_be_adjusted_is_refused_by_the_plan(experiments, comparisons, said):
    datasets = {
        "summer": {
            "like": "mini-historical",
            "parts": [{"period": ["2001-06-01", "2001-09-01"], "files": "x/*.nc", "stamps": "end"}],
        },
        "dry": {"like": "mini-historical", "fields": {"PSL": {"take": "PSL"}, "TMQ": None}},
    }
    with pytest.raises(BadInput) as error:
        study(
            datasets=datasets,
            grids={"polar": {"projection": "north-polar", "cells": 50}},
            experiments=experiments,
            comparisons=comparisons,
        )
    assert re.search(said, str(error.value)), str(error.value)
