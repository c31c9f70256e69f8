"""What the plan waits for is what the job opens."""

import numpy as np
import pytest

from mock_raw import Cesm, Merra2
from stormtrace.prepare import needed_files as module
from stormtrace.prepare.dataset import make_dataset
from stormtrace.prepare.needed_files import needed_files
from stormtrace.prepare.plan import make_plans


@pytest.fixture(autouse=True)
def _fresh():
    """Listings and headers are read once in a process; here each test is one."""
    module._listing.cache_clear()
    module._KNOWN.clear()


def names(paths):
    return [path.rsplit("/", 1)[1] for path in paths]


def opened_by(dataset, year):
    """The files from which the job takes the steps of a year."""
    plans = make_plans(dataset, year)
    return {path for plan in plans for step in range(plan.start.size) for path in plan.files(step)}


def test_hybrid_levels_need_surface_pressure_and_a_years_neighbours(tmp_path):
    """End stamps: the last step of 1999 is the first record of 2000's file, if that starts so."""
    for start in ("1999-12-31", "2000-01-01", "2001-01-01"):
        Cesm(tmp_path, start=start).write_all()
    dataset = make_dataset(Cesm(tmp_path).spec(part={"period": ["2000-01-01", "2000-01-02"]}))
    found = needed_files(dataset, "2000")
    assert {name.split(".")[3] for name in names(found)} == {"Q", "U", "V", "PS", "PSL"}
    assert {name.split(".")[4][:4] for name in names(found)} == {"1999", "2000", "2001"}
    assert opened_by(dataset, 2000) <= set(found)
    assert needed_files(dataset, "2002") == []
    (mesh,) = needed_files(dataset)
    assert mesh in found


def test_a_part_counts_for_its_own_years(tmp_path):
    for start in ("2000-01-01", "2005-01-01"):
        Cesm(tmp_path, start=start).write("PSL")
    spec = Cesm(tmp_path).spec(fields={"PSL": {"take": "PSL"}})
    first, second = dict(spec["parts"][0]), dict(spec["parts"][0])
    second["period"] = ["2005-01-01", "2005-01-02"]
    dataset = make_dataset({**spec, "parts": [first, second]})
    assert names(needed_files(dataset, "2005")) == [
        "case.cam.h2.PSL.20050101 00Z-2005010121Z.nc".replace(" ", "")
    ]


@pytest.mark.parametrize("named", [True, False])
def test_thickness_does_not_wait_for_surface_pressure(tmp_path, named):
    """MERRA-2's Nv: QV with DELP, one variable a file or all in one; PS lies beside and is not
    needed."""
    shape = (8, 4, 19, 36)
    variables = {"QV": np.full(shape, 1e-3), "DELP": np.full(shape, 25000.0)}
    raw = Merra2(tmp_path, records=8, step=10800, first=0)
    if named:
        for name, values in variables.items():
            raw.write({name: values}, collection=name, levels=[1, 2, 3, 4], level_units="layer")
        raw.write({"PS": np.full((8, 19, 36), 1e5)}, collection="PS")
    else:
        raw.write(variables, collection="all", levels=[1, 2, 3, 4], level_units="layer")
    part = {
        "files": f"{tmp_path}/MERRA2_*.{'{variable}' if named else '*'}.{{year}}*.nc4",
        "stamps": "instant",
    }
    dataset = make_dataset(raw.spec(part=part, fields={"TMQ": {"integrate": "QV"}}))
    found = needed_files(dataset, "2000")
    assert set(found) == opened_by(dataset, 2000)
    assert len(found) == (2 if named else 1) and not any(".PS." in path for path in found)


def test_pressure_levels_need_nothing_else(tmp_path):
    raw = Merra2(tmp_path, records=8, step=10800, first=0)
    raw.write({"U": np.zeros((8, 3, 19, 36))}, collection="U", levels=[1000, 850, 500])
    raw.write({"PS": np.full((8, 19, 36), 1e5)}, collection="PS")
    part = {"files": f"{tmp_path}/MERRA2_*.{{variable}}.{{year}}*.nc4", "stamps": "instant"}
    dataset = make_dataset(raw.spec(part=part, fields={"U850": {"interpolate": "U", "to": 850}}))
    assert names(needed_files(dataset, "2000")) == ["MERRA2_200.U.20000101.nc4"]


def test_what_is_missing_does_not_stop_the_plan(tmp_path):
    dataset = make_dataset(Cesm(tmp_path / "nowhere").spec())
    assert needed_files(dataset, "2000") == [] and needed_files(dataset) == []
    (tmp_path / "case.cam.h2.Q.2000010100Z.nc").write_text("not netCDF")
    dataset = make_dataset(Cesm(tmp_path).spec())
    assert names(needed_files(dataset, "2000")) == ["case.cam.h2.Q.2000010100Z.nc"]


def test_headers_are_opened_once_for_all_years(tmp_path, monkeypatch):
    for year in range(2000, 2006):
        Cesm(tmp_path, start=f"{year}-01-01").write_all()
    dataset = make_dataset(Cesm(tmp_path).spec(part={"period": ["2000-01-01", "2006-01-01"]}))
    opened = []
    true_open = module.open_raw
    monkeypatch.setattr(module, "open_raw", lambda path: opened.append(path) or true_open(path))
    whole = {path for year in range(2000, 2006) for path in needed_files(dataset, str(year))}
    assert len(whole) == 30
    assert len(opened) == 3  # Q, U and V; PSL has no levels


def test_coefficients_of_their_own_are_opened_too(tmp_path):
    raw = Cesm(tmp_path)
    raw.write_all()
    path = raw.write("Q", file_name="levels.nc")
    dataset = make_dataset(raw.spec(vertical={"coefficients": str(path)}))
    assert str(path) in needed_files(dataset, "2000")
