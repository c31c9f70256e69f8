"""What the plan waits for is what the job opens, file for file."""

import netCDF4
import numpy as np
import pytest

from mock_raw import Cesm, Merra2
from stormtrace.prepare import needed_variables, plan
from stormtrace.prepare.dataset import make_dataset
from stormtrace.prepare.needed_files import files_of_year, further_files
from stormtrace.prepare.raw import archive, raw_formats
from stormtrace.prepare.raw.calendar_time import HOUR
from stormtrace.prepare.raw.raw_formats import open_raw_file


@pytest.fixture
def opened(monkeypatch):
    """Paths of all netCDF files that are opened from now on."""
    paths = []

    def noting(path):
        paths.append(str(path))
        return open_raw_file(path)

    for module in (needed_variables, archive, raw_formats):
        monkeypatch.setattr(module, "open_raw_file", noting)
    return paths


def compare(spec, year, opened):
    dataset = make_dataset(spec)
    planned = files_of_year(dataset, year)
    opened.clear()
    plan.make_plans(dataset, year)
    assert planned == sorted(set(opened))
    return [path.rpartition("/")[2] for path in planned]


def test_hybrid_levels_need_surface_pressure_and_the_neighbouring_year(tmp_path, opened):
    """An end stamp of 2000's last interval is in 2001's first file; 2001's second is not needed."""
    for start, steps in (("2000-12-31", 7), ("2001-01-01", 8), ("2001-01-02", 8)):
        Cesm(tmp_path, start, steps).write_all(("Q", "PS", "PSL", "U"))
    raw = Cesm(tmp_path, "2000-12-31", 24)
    spec = raw.spec(
        fields={"TMQ": {"integrate": "Q"}, "PSL": {"take": "PSL"}}, missing_steps="skip"
    )
    names = compare(spec, 2000, opened)
    assert len(names) == 6 and {name.split(".")[3] for name in names} == {"PS", "PSL", "Q"}
    assert not any("20010102" in name for name in names)


def test_levels_with_a_thickness_need_it_and_no_surface_pressure(tmp_path, opened):
    raw = Merra2(tmp_path, records=8, step=3 * HOUR, first=0)
    level = np.full((8, 2, 19, 36), 1e-3)
    for name, values in {"QV": level, "DELP": level, "PS": level[:, 0]}.items():
        raw.write({name: values}, name, [1, 2] if values.ndim == 4 else None, "layer")
    files = f"{tmp_path}/MERRA2_*.{{variable}}.{{year}}*.nc4"
    spec = raw.spec(part={"files": files}, fields={"TMQ": {"integrate": "QV"}})
    names = compare(spec, 2000, opened)
    assert names == ["MERRA2_200.DELP.20000101.nc4", "MERRA2_200.QV.20000101.nc4"]


def test_files_without_times_need_all_before_them(tmp_path, opened):
    for day in (1, 2, 3):
        with netCDF4.Dataset(tmp_path / f"1980-{day}.nc", "w") as nc:
            for name, values in (("lat", [-1.0, 0.0, 1.0]), ("lon", [0.0, 1.0])):
                nc.createDimension(name, len(values))
                nc.createVariable(name, "f8", (name,))[:] = values
            nc.createDimension("time", 8)
            nc.createVariable("PSL", "f4", ("time", "lat", "lon"))[:] = 1e5
    spec = {
        "name": "counted",
        "source": "merra2",
        "parts": [{"period": ["1980-01-01", "1980-01-04"], "files": f"{tmp_path}/{{year}}-*.nc"}],
        "fields": {"PSL": {"take": "PSL"}},
        "time": {"start": "1980-01-01", "step_hours": 3},
    }
    assert compare(spec, 1980, opened) == ["1980-1.nc", "1980-2.nc", "1980-3.nc"]


def test_further_files_of_a_dataset_are_waited_for(tmp_path):
    raw = Cesm(tmp_path, "2000-01-01", 8)
    raw.write("PSL")
    for name in ("mesh.nc", "levels.nc"):
        (tmp_path / name).touch()
    spec = raw.spec(
        fields={"PSL": {"take": "PSL"}},
        mesh=f"{tmp_path}/mesh.nc",
        vertical={"coefficients": f"{tmp_path}/levels.nc"},
        regridding_matrix=f"{tmp_path}/absent.nc",
    )
    dataset = make_dataset(spec)
    further = [f"{tmp_path}/levels.nc", f"{tmp_path}/mesh.nc"]
    raw_file = f"{tmp_path}/{raw.name('PSL')}"
    assert files_of_year(dataset, 2000) == sorted([raw_file, *further])
    assert further_files(dataset) == further


def test_what_is_not_there_or_cannot_be_read_stops_no_plan(tmp_path):
    raw = Cesm(tmp_path, "2000-01-01", 8)
    dataset = make_dataset(raw.spec(fields={"TMQ": {"integrate": "Q"}}))
    assert files_of_year(dataset, 2000) == further_files(dataset) == []
    broken = tmp_path / raw.name("Q")
    broken.write_text("no netCDF")
    assert files_of_year(dataset, 2000) == [str(broken)]
