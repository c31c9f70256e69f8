"""Mistakes that the plan tells in one sentence: missing files, YAML, boxes in another order, words."""

import json
import runpy

import netCDF4
import pytest

from stormtrace.errors import BadInput
from stormtrace.prepare.plan import make_plans
from stormtrace.study.loading import load_study
from stormtrace.study.missing_inputs import missing_inputs
from stormtrace.study.plan_warnings import plan_warnings
from stormtrace.study.study_files import read_yaml
from workflow_runs import ROOT, snakemake

problem = runpy.run_path(str(ROOT / "profiles" / "check_words.py"))["problem"]


PARTS = [{"period": ["1995-01-01", "1996-01-01"], "files": "x.nc"}]


def said(tmp_path, period, files, **more):
    """The YAML of a study of one published model on one dataset."""
    part = {"period": period, "files": f"{tmp_path}/{files}"}
    tables = {
        "base": "none",
        "title": "T",
        "run": ["mine"],
        "grids": {"g": {"nlat": 19, "nlon": 36}},
        "datasets": {
            "d": {"source": "merra2", "parts": [part], "fields": {"TMQ": {"take": "TQV"}}}
        },
        "models": {"net": {"weights": str(tmp_path / "net")}},
        "experiments": {"mine": {"model": "net", "dataset": "d", "grid": "g"}},
    }
    return tables | more


def study(tmp_path, period, files, **more):
    return load_study(tmp_path, said(tmp_path, period, files, **more))


def missing_years(made, years=None):
    """What is missing of the dataset: by default all of it, else where some years are to be made."""
    jobs = None if years is None else [("make_samples", {"dataset": "d", "year": y}) for y in years]
    return [one for one in missing_inputs(made, jobs) if one.startswith("dataset d")]


def test_years_without_files_are_one_sentence(tmp_path):
    (tmp_path / "x.1995.TQV.nc").touch()
    (warning,) = missing_years(
        study(tmp_path, ["1995-01-01", "2015-01-01"], "x.{year}.{variable}.nc")
    )
    assert warning.startswith("dataset d: 19 of 20 years have no files of TQV;")
    assert "`period` says 1995–2014, files have 1995 (" in warning
    whole = study(tmp_path, ["1995-01-01", "1996-01-01"], "x.{year}.{variable}.nc")
    assert missing_years(whole) == []


def test_files_that_match_nothing(tmp_path):
    (warning,) = missing_years(study(tmp_path, ["1995-01-01", "2000-01-01"], "y.{year}.nc"))
    assert (
        "5 of 5 years have no files of TQV; `period` says 1995–1999, no year has files" in warning
    )
    (warning,) = missing_years(study(tmp_path, ["1995-01-01", "2000-01-01"], "z*.nc"))
    assert "no file matches for TQV" in warning and "z*.nc" in warning


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("x.{year}{month}.nc", ": {month} stands for itself: only {variable}, {year}, {data} and"),
        ("{var}.nc", ": {var} stands for itself: "),
        ("$MODEL/x.nc", ": $ stands for itself: the environment's names are replaced in `data:`"),
        ("x.{year}.nc", ""),
        ("cost$.nc", ""),
    ],
)
def test_what_is_not_replaced_in_a_pattern_is_told(tmp_path, pattern, told):
    made = study(tmp_path, ["1995-01-01", "1996-01-01"], pattern)
    (warning,) = missing_years(made)
    assert told in warning and (told or "stands for" not in warning)
    with pytest.raises(BadInput) as caught:
        make_plans(made.raw("d"), 1995)
    assert told.removeprefix(": ") in str(caught.value)
    there = tmp_path / "there" / pattern.replace("{year}", "1995")  # by that very name
    there.parent.mkdir(parents=True)
    there.touch()
    made = study(tmp_path / "there", ["1995-01-01", "1996-01-01"], pattern)
    assert not any("stands for" in one for one in missing_years(made))


@pytest.mark.parametrize(
    ("pattern", "names", "told"),
    [
        ("{variable}.{year}.nc", ["TQV.1995.nc"], "TQV.1995.nc has no variable TQV; it has IWV"),
        ("x*.nc", ["x1.nc", "x2.nc"], "x1.nc has no variable TQV; it has IWV, nor has any other"),
        ("x*.nc", ["x1.nc", "x_with_TQV.nc"], None),
        (
            "x*.nc",
            [f"x{number}.nc" for number in range(21)],
            None,
        ),  # left to the check and the jobs
    ],
)
def test_variables_that_no_file_has(tmp_path, pattern, names, told):
    for name in names:
        with netCDF4.Dataset(tmp_path / name, "w") as nc:
            nc.createVariable("TQV" if "with" in name else "IWV", "f4")
    made = study(tmp_path, ["1995-01-01", "1996-01-01"], pattern)
    found = missing_years(made)
    assert missing_years(made, ["1995"]) == found
    assert found == [] if told is None else told in found[0] and len(found) == 1


def test_only_what_jobs_need_and_is_certain_stops_a_run(tmp_path):
    """A file may hold two years and be named after the first: then no year is missing."""
    for year in (1995, 1997):
        (tmp_path / f"x.{year}.TQV.nc").touch()
    made = study(tmp_path, ["1995-01-01", "2001-01-01"], "x.{year}.{variable}.nc")
    assert missing_years(made, ["1995", "1996", "1998"]) == []
    (sentence,) = missing_years(made, ["1999"])
    assert "4 of 6 years have no files of TQV; `period` says 1995–2000, files have 1995–1997" in (
        sentence
    )
    assert missing_inputs(made, [("detect", {"experiment": "mine", "year": "1999"})]) == []


def test_a_file_of_several_years_is_enough(tmp_path):
    (tmp_path / "TQV_19950101-19991231.nc").touch()
    assert (
        missing_years(study(tmp_path, ["1995-01-01", "2000-01-01"], "{variable}_*{year}*.nc")) == []
    )


@pytest.mark.parametrize(
    ("there", "told"),
    [
        ((), "which is not there"),
        (("weights.pth",), "which has no config.json: give the folder of a model"),
        (("other.txt",), "which has no config.json and no weights.pth"),
        (("config.json", "weights.pth"), None),
    ],
)
def test_a_model_that_is_missing(tmp_path, there, told):
    for name in there:
        (tmp_path / "net").mkdir(exist_ok=True)
        (tmp_path / "net" / name).write_text("{}")
    made = study(tmp_path, ["1995-01-01", "1996-01-01"], "x.nc")
    found = [one for one in missing_inputs(made) if one.startswith("models.net.weights")]
    assert len(found) == (told is not None)
    assert not found or told in found[0]
    assert missing_inputs(made, [("adopt_model", {"model": "net"})]) == found


def test_labels_and_further_files_that_are_missing(tmp_path):
    labels = {"source": "climatenet", "train": f"{tmp_path}/train", "test": f"{tmp_path}"}
    part = {"period": ["1995-01-01", "1996-01-01"], "files": f"{tmp_path}/*"}
    raw = {"source": "cesm", "parts": [part], "mesh": f"{tmp_path}/mesh.nc"}
    raw |= {"vertical": {"coefficients": "L137"}}
    model = {"weights": str(tmp_path), "dataset": "labels", "grid": "g"}
    tables = {"datasets": {"d": raw, "labels": labels}, "models": {"net": model}}
    made = study(tmp_path, ["1995-01-01", "1996-01-01"], "*", **tables)
    told = "\n".join(missing_inputs(made))
    assert f"datasets.labels.train is '{tmp_path}/train', which is not there" in told
    assert f"datasets.d.mesh is '{tmp_path}/mesh.nc', which is not there" in told
    assert "labels.test" not in told and "coefficients" not in told
    (of_training,) = missing_inputs(made, [("train", {"model": "net"})])
    assert "datasets.labels.train" in of_training
    assert missing_inputs(made, [("evaluate", {"model": "net"})]) == []


def test_labels_need_only_the_fields_that_models_learn_from(tmp_path):
    for split in ("train", "test"):
        (tmp_path / split).mkdir()
        with netCDF4.Dataset(tmp_path / split / "data-1996-05-31-04-1.nc", "w") as nc:
            for name in ("TMQ", "LABELS"):
                nc.createVariable(name, "f4")

    def learning(learned, **own):
        labels = {"source": "climatenet", **{s: f"{tmp_path}/{s}" for s in ("train", "test")}}
        tables = {
            "datasets": {"d": {"source": "merra2", "parts": PARTS}, "labels": labels | own},
            "models": {"net": {"fields": learned, "dataset": "labels", "grid": "g"}},
        }
        return study(tmp_path, ["1995-01-01", "1996-01-01"], "x.nc", **tables)

    made = learning(["TMQ"])
    assert made.fields_of("labels") == ["TMQ"]
    (given,) = (one for one in made.given_datasets() if one.name == "labels")
    assert list(given.fields) == ["TMQ"]  # what `check` looks for
    assert not [one for one in missing_inputs(made) if "labels" in one]
    train, test = (one for one in missing_inputs(learning(["U850", "TMQ"])) if "labels" in one)
    assert train == (
        "datasets.labels.train: data-1996-05-31-04-1.nc has no variable U850, which"
        " models.net.fields names; it has LABELS, TMQ: write U850 into the files, or leave it out"
        " there"
    )
    assert test == train.replace("labels.train", "labels.test")
    both = {name: {"take": name} for name in ("TMQ", "PSL")}
    made = learning(["TMQ"], fields=both)
    assert made.fields_of("labels") == ["TMQ", "PSL"]  # as the entry says
    (of_training,) = missing_inputs(made, [("train", {"model": "net"})])
    assert "no variable PSL, which datasets.labels.fields names" in of_training
    assert missing_inputs(made, [("evaluate", {"model": "net"})]) == []
    for split in ("train", "test"):  # files with all fields: statistics are of all, as ever
        with netCDF4.Dataset(tmp_path / split / "data-1996-05-31-04-0.nc", "w") as nc:
            for name in ("LABELS", "PSL", "V850", "U850", "TMQ"):
                nc.createVariable(name, "f4")
    assert learning(["TMQ"]).fields_of("labels") == ["TMQ", "U850", "V850", "PSL"]


def test_further_files_of_experiments_that_are_missing(tmp_path):
    region = {"region": {"shapefile": f"{tmp_path}/basin.shp"}}
    mine = {"model": "net", "dataset": "d", "grid": "g", "tracking": region}
    tables = {
        "grids": {"g": {"file": f"{tmp_path}/grid.nc"}, "h": {"nlat": 19, "nlon": 36}},
        "experiments": {"mine": mine, "verified": {"model": "net", "dataset": "d", "grid": "h"}},
        "run": ["mine", "verified"],
        "verify": {"verified": {"storms": f"{tmp_path}/ibtracs.csv"}},
    }
    made = study(tmp_path, ["1995-01-01", "1996-01-01"], "x.nc", **tables)
    told = "\n".join(missing_inputs(made))
    for key, name in {
        "grids.g.file": "grid.nc",
        "experiments.mine.tracking.region.shapefile": "basin.shp",
        "verify.verified.storms": "ibtracs.csv",
    }.items():
        assert f"{key} is '{tmp_path}/{name}', which is not there" in told
    assert missing_inputs(made, [("link_events", {"experiment": "verified"})]) == []


def test_masks_made_elsewhere_are_missed_but_not_the_raw_files_that_nobody_reads(tmp_path):
    (tmp_path / "tags.1995.nc").touch()
    others = {"files": f"{tmp_path}/tags.{{year}}.nc", "variable": "ar_binary_tag"}
    tables = {
        "detectors": {"others": others | {"tag": "Atmospheric River"}},
        "experiments": {"mine": {"detector": "others", "dataset": "d", "grid": "g"}},
    }
    made = study(tmp_path, ["1995-01-01", "1999-01-01"], "x.{year}.nc", **tables)
    told = f"detectors.others: 2 of 4 years have no masks, the first 1997 ({tmp_path}/tags.{{year}}.nc)"
    assert missing_inputs(made) == [told]  # 1996 may be in the file of 1995
    assert missing_inputs(made, [("adopt_masks", {"experiment": "mine", "year": "1995"})]) == []


def test_what_compare_adds_to_run_is_told():
    demo = load_study(ROOT, {"run": ["control"], "compare": ["warming", "source"]})
    (told,) = plan_warnings(demo)
    assert told.startswith(
        "`compare` adds warmer, merra2-regridded, which `run` does not name, for"
    )
    assert "warming, source" in told
    assert plan_warnings(load_study(ROOT, {"run": ["control"], "compare": []})) == []
    assert plan_warnings(load_study(ROOT, {})) == []


def test_changes_of_fields_between_two_grids_have_no_maps():
    """Composites are of cells: the plan says so, and asks for no figure. On one grid it does."""
    names = ["merra2-regridded", "merra2-native", "control"]
    said = {"run": names, "compare": ["resolution", "source"], "attribute": {}}
    said["composites"] = {name: ["TMQ"] for name in names}
    demo = load_study(ROOT, said)
    assert demo.composed("resolution") == [] and demo.composed("source") == ["TMQ"]
    (told,) = plan_warnings(demo)
    assert told.startswith("comparisons.resolution: merra2-regridded and merra2-native are on two")
    assert "no maps of why TMQ changes; run both on one grid" in told


@pytest.mark.parametrize(
    ("period", "months"),
    [
        (["2000-12-25", "2001-01-01"], "Dec"),
        (["2000-12-25", "2001-01-02"], None),  # a day of January: the same months as control's
    ],
)
def test_comparisons_of_unlike_parts_of_the_year_are_told(period, months):
    said = {
        "run": ["control", "part"],
        "experiments": {"part": {"like": "control", "period": period}},
        "comparisons": {"parts": {"first": "control", "second": "part"}},
        "compare": ["parts"],
    }
    told = plan_warnings(load_study(ROOT, said))
    if months is None:
        assert told == []
        return
    (sentence,) = told
    assert sentence.startswith(
        f"comparisons.parts: control has Jan, Dec of the year, part {months}: annual means"
    )


@pytest.mark.parametrize(
    ("classes", "meant"),
    [
        ({"Tropical Cyclon": {"short": "X"}}, ", did you mean 'Tropical Cyclone'? Their classes: "),
        ({"AR": {"short": "X"}}, ", did you mean 'Atmospheric River'?"),
        ({"Zonal Jet": {"short": "X"}}, "this class. Their"),
        ({"Frontal": {"union_of": ["Occluded Front", "Stationary Front"]}}, "one of its classes"),
        # Those of what is not run, in another spelling, and unions of some that are there.
        ({"cold-front": {}, "Frontal": {"union_of": ["Cold Front", "Occluded Front"]}}, None),
    ],
)
def test_classes_of_nothing_are_told(tmp_path, classes, meant):
    told = plan_warnings(load_study(ROOT, {"run": ["control"], "compare": [], "classes": classes}))
    if meant is None:
        assert told == []
        return
    (sentence,) = told
    assert sentence.startswith(f"classes.{next(iter(classes))} has no effect: no model or detector")
    assert meant in sentence and sentence.count("Tropical Cyclone") == 1 + ("Cyclone'" in meant)
    # Labels of weights that are not here yet are not known; ClimateNet's own files name none.
    made = study(tmp_path, ["1995-01-01", "1996-01-01"], "x.nc", classes=classes)
    assert not [one for one in plan_warnings(made) if "no effect" in one]
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "config.json").write_text('{"fields": {"TMQ": {"mean": 1, "std": 1}}}')
    made = study(tmp_path, ["1995-01-01", "1996-01-01"], "x.nc", classes=classes)
    assert [one for one in plan_warnings(made) if "no effect" in one]


def test_a_run_that_lacks_something_starts_no_job(tmp_path):
    overlay = said(tmp_path, ["1995-01-01", "2015-01-01"], "x.{year}.nc")
    done = snakemake(tmp_path, overlay=overlay, check=False)
    assert done.returncode == 1 and "Traceback" not in done.stdout
    told = done.stdout.partition("error: nothing was started, ")[2]
    assert "20 of 20 years" in told and "models.net.weights" in told
    assert not list(tmp_path.glob("results/logs/**/*.log"))


def test_the_derivation_of_a_later_file_replaces_that_of_an_earlier_one(tmp_path):
    """Snakemake has merged {take: TQV} and {integrate: Q} into one by then."""
    later = {"datasets": {"d": {"source": "cesm", "fields": {"TMQ": {"integrate": "Q"}}}}}
    files = [tmp_path / "first.json", tmp_path / "second.json"]
    files[0].write_text(json.dumps(said(tmp_path, ["1995-01-01", "1996-01-01"], "x.{year}.nc")))
    files[1].write_text(json.dumps(later))
    told = snakemake(tmp_path, "-n", "--configfile", *map(str, files)).stdout
    assert "years have no files of Q;" in told and "TQV" not in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            "-n --configfile {s} check",
            "there is no file check: Snakemake takes each word after --c",
        ),
        ("-n --configfile {s} check", "  snakemake -n check --configfile {s}"),
        ("--config a=b check -n", "  snakemake check --config a=b -n"),
        ("--configfile {s} --config a=b report.html", "  snakemake report.html --configfile {s}"),
        ("--configfile {s} nope.yaml", "there is no file nope.yaml"),
        ("-n check --configfile {s} --config a=b", ""),
        ("--configfile={s} check", ""),
        ("--configfiles {s} {s} -- check", ""),
    ],
)
def test_words_that_snakemake_would_take_for_files(tmp_path, words, told):
    study = tmp_path / "s.yaml"
    study.write_text("run: [a]\n")
    found = problem(words.format(s=study).split())
    assert told.format(s=study) in found and (told or not found)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("title: [x\nrun: y\n", "is not YAML in line 2, column 4"),
        ("title: x\nrun [y]\n", "look there and in the line before for a missing colon"),
        ("a: 1\n\tb: 2\n", "is not YAML in line 2, column 1"),
        ("a: {b: 2000-02-30}\n", "has 2000-02-30 in line 1, column 8 (day is out of range"),
        ("a: {b: 1}\na: {c: 1}\n", "has the key 'a' twice, in line 2, column 1"),
        ("just text\n", "has no keys at its top level"),
        ("a: 2000-02-28\n", ""),
        (json.dumps({"a": [1, {"b": None}]}, indent=1).replace(" ", "\t"), ""),
    ],
)
def test_a_configfile_that_is_no_study_is_told_with_its_line(tmp_path, text, told):
    study = tmp_path / "s.yaml"
    study.write_text(text)
    found = problem(["--configfile", str(study)])
    assert told in found and (told or not found)


def test_every_profile_checks_the_words(tmp_path):
    study = tmp_path / "s.yaml"
    study.write_text("title: [x\nrun: y\n")
    done = snakemake(ROOT, "--configfile", str(study), check=False)
    assert done.returncode == 1 and f"error: {study} is not YAML in line 2" in done.stdout
    for profile in (ROOT / "profiles").glob("*/config.yaml"):
        assert 'runpy.run_path("profiles/check_words.py"' in profile.read_text()


def test_a_file_that_is_not_yaml_is_told_with_its_line(tmp_path):
    (tmp_path / "a.yaml").write_text("base: none\ntitle: [x\nrun: y\n")
    with pytest.raises(BadInput, match=r"a\.yaml is not YAML in line 3, column \d+: "):
        read_yaml(tmp_path / "a.yaml")
    with pytest.raises(BadInput, match="targets stand before it"):
        read_yaml(tmp_path / "check")


@pytest.mark.parametrize(
    ("box", "meant"),
    [([25, 65, 180, 255], [180, 255, 25, 65]), ([180, 255, 65, 25], [180, 255, 25, 65])],
)
def test_a_swapped_box_is_told_the_order(tmp_path, box, meant):
    mine = {"model": "net", "dataset": "d", "grid": "g"}
    where = {
        "regions.here": {"regions": {"here": box}},
        "coasts.here": {"coasts": {"here": box}},
        "grids.g.box": {"grids": {"g": {"box": box, "step": 1}}},
        "experiments.mine.tracking.region.box": {
            "experiments": {"mine": mine | {"tracking": {"region": {"box": box}}}}
        },
    }
    for key, more in where.items():
        with pytest.raises(BadInput, match=rf"{key} is .*west, east, south, north") as told:
            study(tmp_path, ["1995-01-01", "1996-01-01"], "x.nc", **more)
        assert f"did you mean {meant}?" in str(told.value)


def test_a_grid_that_cannot_be_made_is_refused_by_the_plan(tmp_path):
    grids = {"g": {"box": [180, 250, 20, 65], "step": 0.4}}
    with pytest.raises(BadInput, match=r"grids\.g cannot be made: .*45 degrees of latitude"):
        study(tmp_path, ["1995-01-01", "1996-01-01"], "x.nc", grids=grids)


def of(key, value):
    """The table of a dataset with another value of one key, of its own or of its part."""
    part = {"period": ["1995-01-01", "1996-01-01"], "files": "x.nc"}
    block = {"source": "merra2", "parts": [part], "fields": {"TMQ": {"take": "TQV"}}}
    (block if key in block else part)[key] = value
    return {"datasets": {"d": block}}


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        ({"run": "mine"}, r'run is "mine": must be a list, \[ … \]'),
        ({"title": 2017}, "title is 2017: must be text, in quotes where it looks like a number"),
        ({"regions": [1, 2, 3, 4]}, "regions is .*: must be a block of keys"),
        (
            {"regions": {"Übersee": [0, 9, 0, 9]}},
            r"regions.Übersee has a name that cannot be one: names are of letters, digits and ' ',"
            r" '\.', '_', '-' \(no umlauts\), and begin with a letter or a digit$",
        ),
        (
            of("fields", {"T-MQ": {"take": "TQV"}}),
            r"fields.T-MQ has a name that .* digits and '_' .*, and begin with a letter$",
        ),
        (
            {"classes": {"AR": {"short": "A-R"}}},
            r'short is "A-R": cannot be a name: names are of letters, digits \(no uml',
        ),
        ({"base": ["none"]}, r'base is \["none"\]: must be text'),
        ({"run": []}, r"run is \[\]: must have at least 1 items, not 0"),
        (of("source", ["merra2"]), r'datasets\.d\.source is \["merra2"\].*; allowed: cesm'),
        (of("files", None), r"files is null: must be text, or a list of texts: \[ … \]"),
        (of("files", []), r"files is \[\]: must be text, or a list of texts"),
        (of("files", 2017), r"files is 2017: must be text, or a list of texts"),
        (of("files", {"a": 1}), r'files is {"a": 1}: must be text, or a list of texts'),
        (of("files", ""), r'files is "": must not be empty'),
        (
            of("period", ["2017/1/1", "2018-01-01"]),
            r"period.0 is .*: must be written as 2000-01-31 or 2000-01-31 06:00 ",
        ),
        (of("period", ["2017-01-01"] * 3), r"period is .*: must have at most 2 items, not 3"),
        (
            {"snapshots": {"mine": ["1995-01-01"]}},
            r"snapshots.*: must be written as 2000-01-31 06:00 ",
        ),
        ({"animate": {"mine": ["1995"]}}, r"animate.*: must be written as 2000-01 "),
        ({"classes": {"AR": {"colours": ["blue"]}}}, r"colours.*: must be written as #b08020"),
    ],
)
def test_types_are_named_in_the_words_of_yaml(tmp_path, tables, told):
    with pytest.raises(BadInput, match=told):
        study(tmp_path, ["1995-01-01", "1996-01-01"], "x.nc", **tables)


def test_a_field_without_a_verb_is_told_the_verbs(tmp_path):
    tables = said(tmp_path, ["1995-01-01", "1996-01-01"], "x.nc")
    tables["datasets"]["d"]["fields"]["TMQ"] = "TQV"
    with pytest.raises(BadInput, match=r'fields.TMQ is "TQV": must be one of \{take: …\}, \{int'):
        load_study(tmp_path, tables)


def test_a_model_is_not_scored_on_the_labels_it_learns_from(tmp_path):
    """Once nothing was said of it: the worst of leaks, and a skill that is none."""
    (tmp_path / "labels").mkdir()
    (tmp_path / "again").symlink_to("labels")
    for test in ("labels", "again", "x/../labels"):
        folders = {"train": f"{tmp_path}/labels", "test": f"{tmp_path}/{test}"}
        part = {"period": ["1995-01-01", "1996-01-01"], "files": "x.nc"}
        raw = {"source": "merra2", "parts": [part], "fields": {"TMQ": {"take": "TQV"}}}
        tables = {
            "datasets": {"mine": {"source": "climatenet", **folders}, "d": raw},
            "models": {"net": {"fields": ["TMQ"], "dataset": "mine", "grid": "g"}},
        }
        with pytest.raises(BadInput, match=r"datasets\.mine\.test is .*the folder of `train`"):
            study(tmp_path, ["1995-01-01", "1996-01-01"], "x.nc", **tables)
