"""Mistakes that the plan tells in one sentence: years without files, YAML, boxes in another order."""

import pytest

from stormtrace.errors import BadInput
from stormtrace.study.found_years import missing_years
from stormtrace.study.loading import load_study
from stormtrace.study.study_files import read_yaml


def study(tmp_path, period, files, **more):
    part = {"period": period, "files": f"{tmp_path}/{files}"}
    said = {
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
    return load_study(tmp_path, said | more)


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
    meant = [float(one) for one in meant]
    with pytest.raises(BadInput, match="west, east, south, north") as told:
        study(tmp_path, ["1995-01-01", "1996-01-01"], "x.nc", regions={"here": box})
    assert f"did you mean {meant}?" in str(told.value)
