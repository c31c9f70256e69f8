import netCDF4
import numpy as np
import pytest

from mock_raw import MESH, Cesm
from stormtrace.prepare.check import check_study
from stormtrace.prepare.findings import table


def rows(findings):
    return {finding.variable: finding for finding in findings}


@pytest.fixture
def raw(tmp_path):
    raw = Cesm(tmp_path)
    raw.write_all()
    return raw


def test_all_is_there(raw):
    findings = check_study([raw.spec()], workers=2)
    assert list(rows(findings)) == ["Q", "PS", "U", "V", "PSL", "(trial)"]
    assert (findings[-1].files, findings[-1].steps, findings[-1].problems) == (5, 2, ())
    for finding in findings[:-1]:
        assert (finding.files, finding.steps, finding.missing, finding.problems) == (1, 8, 0, ())
        assert (finding.first, finding.last) == ("2000-01-01 00:00", "2000-01-01 21:00")
    assert "All is there." in table(findings)


def test_everything_wrong_is_told_at_once(raw, tmp_path):
    (tmp_path / raw.name("V")).unlink()
    path = tmp_path / raw.name("PSL")
    path.write_bytes(path.read_bytes()[:-100])
    Cesm(tmp_path, "2000-01-02").write("PS", values=np.full((8, MESH.ncol), 1e5))
    half = {**raw.spec()["parts"][0], "period": ["2000-01-01", "2000-01-02 12:00"]}
    found = rows(check_study([raw.spec(parts=[half])], workers=2))
    assert "nothing matches" in found["V"].problems[0]
    assert "truncated" in found["PSL"].problems[0]
    assert found["Q"].missing == 4
    assert found["Q"].problems == ("missing 2000-01-02 00:00 to 2000-01-02 09:00 (4 steps)",)
    assert (found["PS"].files, found["PS"].missing) == (2, 0)
    text = table(list(found.values()))
    assert "4 of 5 rows need attention" in text
    assert text.splitlines()[0].split()[:3] == ["dataset", "period", "variable"]


def test_why_a_variable_is_needed_is_told(raw, tmp_path):
    (tmp_path / raw.name("PS")).unlink()
    with netCDF4.Dataset(tmp_path / raw.name("U"), "a") as file:
        file.renameVariable("hyam", "a_mid")
        file.renameVariable("hyai", "a_edge")
    found = rows(check_study([raw.spec()], workers=1))
    assert (
        found["PS"]
        .problems[0]
        .endswith(". Q needs PS, the surface pressure (`names: {surface_pressure: …}`)")
    )
    assert ". U needs PL, because its own files have no hybrid" in found["PL"].problems[0]


def test_doubtful_means_need_attention(raw, tmp_path):
    with netCDF4.Dataset(tmp_path / raw.name("PSL"), "a") as file:
        file.source = "CAM"
    (found,) = check_study([raw.spec(fields={"PSL": {"take": "PSL"}})], workers=1)
    assert found.steps == 8 and "say `stamps: instant`, or `stamps: end`" in found.problems[0]


def test_inconsistent_files_are_told(raw, tmp_path):
    Cesm(tmp_path, "2000-01-02", lat=MESH.lat[:100], lon=MESH.lon[:100]).write("PSL")
    long = {**raw.spec()["parts"][0], "period": ["2000-01-01", "2000-01-03"]}
    fields = {"PSL": {"take": "PSL"}}
    (found,) = check_study([raw.spec(parts=[long], fields=fields)], workers=1)
    assert found.missing == 0
    assert "different shapes: (866,) in" in found.problems[0] and "(100,) in" in found.problems[0]


def test_double_times_are_told(raw, tmp_path):
    raw.write("PSL", file_name="case.cam.h5.PSL.2000.nc")
    (found,) = check_study([raw.spec(fields={"PSL": {"take": "PSL"}})], workers=1)
    assert "is in both" in found.problems[0]


def test_variables_that_do_not_fit_each_other_are_told(tmp_path):
    """Each file is good for itself: Q and PS of two calendars, two kinds, two meshes."""
    raw = Cesm(tmp_path, stamps="end")
    fields = {"TMQ": {"integrate": "Q"}}
    raw.write("Q")
    fewer = Cesm(
        tmp_path, stamps="instant", calendar="standard", lat=MESH.lat[:9], lon=MESH.lon[:9]
    )
    fewer.write("PS")
    found = rows(check_study([raw.spec(fields=fields)], workers=1))
    calendar, points = found["PS"].problems
    assert "calendar standard, but noleap in the files of Q" in calendar
    assert "number of points 9, but 866 in the files of Q" in points
    assert "means over 3 h of Q, but" in found["Q"].problems[0]


def test_labelled_folders(tmp_path):
    """A damaged file is told; excluded, it is nobody's business; a Mac's ._ file is nothing."""
    raw = Cesm(tmp_path / "train")
    raw.write("LABELS", values=np.zeros((8, MESH.ncol)), file_name="data-2011-06-01-01-1.nc")
    raw.write("PSL", file_name="data-2011-06-01-02-1.nc")
    (tmp_path / "train" / "data-2011-06-01-03-1.nc").write_bytes(b"no netCDF")
    (tmp_path / "train" / "._data-2011-06-01-01-1.nc").write_bytes(b"Mac OS X")
    spec = {
        "name": "climatenet",
        "source": "climatenet",
        "fields": {"P0": {"take": "P0"}},
        "train": str(tmp_path / "train"),
        "test": str(tmp_path / "none"),
    }
    train, test = check_study([spec], workers=1)
    assert train.files == 3 and "has no variable LABELS" in train.problems[0]
    assert "03-1.nc cannot be opened" in train.problems[1] and len(train.problems) == 2
    assert "has no labelled samples" in test.problems[0]
    spec["exclude"] = ["data-2011-06-01-02-1.nc", "data-2011-06-01-03-1.nc"]
    train, _ = check_study([spec], workers=1)
    assert train.files == 1 and not train.problems
