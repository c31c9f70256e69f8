import calendar

import netCDF4
import numpy as np
import pytest

from mock_raw import Cesm
from stormtrace.errors import BadInput
from stormtrace.prepare.dataset import Source, make_dataset
from stormtrace.prepare.raw.archive import Archive
from stormtrace.prepare.raw.calendar_time import HOUR, Calendar
from stormtrace.prepare.raw.found_files import files_near, find_files, first_file, year_in_name
from stormtrace.prepare.raw.named_dates import check_name
from stormtrace.prepare.raw.time_axis import TimeAxis


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def names(paths):
    return [path.rsplit("/", 1)[1] for path in paths]


def test_patterns_find_variables_and_years(tmp_path):
    touch(tmp_path, "x.h3.Q.2000.nc", "x.h4.Q.2001.nc", "x.h3.QREFHT.2000.nc", "x.h3.PS.2000.nc")
    source = Source("Q", (f"{tmp_path}/x.h?.{{variable}}.{{year}}.nc",))
    assert names(find_files(source, 2000)) == ["x.h3.Q.2000.nc"]
    assert names(find_files(source, None)) == ["x.h3.Q.2000.nc", "x.h4.Q.2001.nc"]
    several = Source(
        "Q", (f"{tmp_path}/x.h3.{{variable}}.*.nc", f"{tmp_path}/x.h4.{{variable}}.*.nc")
    )
    assert len(find_files(several, 2000)) == 2


def test_neighbouring_years_lend_one_file_each(tmp_path):
    """An end stamp of 2000-12-31 24:00 may stand in the first file of 2001."""
    days = [f"{year}/a.{year}{day:04d}.nc" for year in (1999, 2000, 2001) for day in (101, 1231)]
    touch(tmp_path, *days)
    source = Source("Q", (f"{tmp_path}/{{year}}/a.{{year}}*.nc",))
    found = names(files_near(source, 2000))
    assert found == ["a.19991231.nc", "a.20000101.nc", "a.20001231.nc", "a.20010101.nc"]


@pytest.mark.parametrize(
    ("patterns", "there", "near"),
    [
        (["w.{year}*.nc", "p.{year}*.nc"], "w.{y}{m}.nc p.{y}{m}.nc", "w.{y}{m}.nc p.{y}{m}.nc"),
        (["*.{year}-*.nc"], "h1.{y}-{m}-01.nc h2.{y}-{m}-01.nc", "h1.{y}-{m}-01.nc h2.{y}-{m}-01.nc"),
        (["*_{year}*.nc"], "l850_{y}_{m}.nc l500_{y}_{m}.nc", "l850_{y}_{m}.nc l500_{y}_{m}.nc"),
        (["{year}/*/*.nc"], "{y}/{m}/slv.nc {y}/{m}/flx.nc", "{y}/{m}/slv.nc {y}/{m}/flx.nc"),
    ],
)  # fmt: skip
def test_neighbouring_years_lend_a_file_of_each_kind(tmp_path, patterns, there, near):
    """Where no name holds the variable, the year's first file of the one kind lacks the other's."""
    for year in (1999, 2000, 2001):
        for month in ("01", "02", "11", "12"):
            touch(tmp_path, *there.format(y=year, m=month).split())
    source = Source("Q", tuple(f"{tmp_path}/{pattern}" for pattern in patterns))
    found = {path.removeprefix(f"{tmp_path}/") for path in files_near(source, 2000)}
    lent = {*near.format(y=1999, m="12").split(), *near.format(y=2001, m="01").split()}
    own = {name for m in ("01", "02", "11", "12") for name in there.format(y=2000, m=m).split()}
    assert found == own | lent


@pytest.mark.parametrize("name", ["x_{year}{month}.nc", "{month}{year}.nc", "x_{year}_{number}.nc"])
def test_months_that_names_do_not_sort(tmp_path, name):
    """April comes before January, and 10 before 2."""
    for year in (1999, 2000, 2001):
        for number, month in enumerate(calendar.month_abbr[1:], 1):
            touch(tmp_path, name.format(year=year, month=month, number=number))
    pattern = name.replace("{month}", "*").replace("{number}", "*")
    found = names(files_near(Source("Q", (f"{tmp_path}/{pattern}",)), 2000))
    for year, number in ((1999, 12), (2001, 1)):
        month = calendar.month_abbr[number]
        assert name.format(year=year, month=month, number=number) in found


def test_what_year_stands_for(tmp_path):
    source = Source("IWV", (f"{tmp_path}/{{year}}/ARTMIP.{{variable}}_{{year}}*.nc",))
    assert year_in_name(f"{tmp_path}/1985/ARTMIP.IWV_1985_3hr.nc", source) == 1985
    with pytest.raises(BadInput, match="pattern in `files` has none"):
        year_in_name("a.nc", Source("IWV", ("*.nc",)))


def axis(name, first, count, step=3 * HOUR):
    noleap = Calendar("noleap")
    return TimeAxis(name, noleap, noleap.seconds(first) + step * np.arange(count), step)


@pytest.mark.parametrize(
    ("name", "first", "count"),
    [
        ("b.cam.h3.Q.2000010100Z-2000123121Z.nc", "2000-01-01", 2920),
        ("b.cam.h3.Q.2000010100Z-2000123118Z.nc", "2000-01-01", 2920),
        ("b.cam.h3.Q.2005010100Z-2005123121Z.nc", "2004-12-31 21:00", 2920),
        ("b.cam.h3.Q.200001010000-200012312100.nc", "2000-01-01", 2920),
        ("scam.cam.h2.1974-08-30-00000.nc", "1974-08-30", 400),
        ("MERRA2_200.tavg1_2d_slv_Nx.20000101.nc4", "2000-01-01", 8),
        ("MERRA2_200.tavg1_2d_slv_Nx.20000101.SUB.nc", "2000-01-01", 8),
        ("IWV_IVT_MERRA_20170228_00.nc", "2017-02-28", 1),
        ("e5.oper.an.sfc.128_137_tcwv.ll025sc.2000010100_2000013123.nc", "2000-01-01", 248),
        ("psl_6hrPlevPt_x_gn_200001010300-200002012100.nc", "2000-01-01 03:00", 248),
        ("psl_day_x_20000101-20000131.nc", "2000-01-01", 248),
        ("psl_x_200001.nc", "2005-01-01", 8),
        ("psl_v20191108.nc", "2005-01-01", 8),
        ("Q.12345678.nc", "2000-01-01", 8),
        ("history.nc", "2000-01-01", 8),
    ],
)
def test_names_that_agree_with_their_times(name, first, count):
    check_name(axis(name, first, count))


@pytest.mark.parametrize(
    ("name", "first", "count"),
    [
        ("b.cam.h3.PS.2000010100Z-2000123121Z.nc", "2001-01-01", 2920),
        ("b.cam.h3.PS.2001010100Z-2001123121Z.nc", "2000-01-01", 2920),
        ("scam.cam.h2.1974-08-30-00000.nc", "1975-08-30", 400),
        ("MERRA2_200.tavg1_2d_slv_Nx.20000102.nc4", "2000-01-01", 8),
        ("e5.oper.an.sfc.128_137_tcwv.ll025sc.2000010100_2000013123.nc", "2001-01-01", 744),
        ("psl_6hrPlevPt_x_gn_200001010300-200012312100.nc", "2001-01-01 03:00", 744),
    ],
)
def test_names_that_do_not(name, first, count):
    with pytest.raises(BadInput, match=r"name says .* wrong copy.*`dates_in_names: ignore`"):
        check_name(axis(name, first, count))


def test_headers_are_read_once(tmp_path, monkeypatch):
    raw = Cesm(tmp_path, steps=2)
    raw.write("PSL")
    dataset = make_dataset(raw.spec(fields={"PSL": {"take": "PSL"}}))
    archive, part = Archive(dataset), dataset.parts[0]
    source = dataset.where(part, dataset.fields["PSL"], "PSL")
    before = archive.inventory(source, part, 2000)
    monkeypatch.setattr("stormtrace.prepare.raw.archive.open_raw_file", None)
    assert archive.inventory(source, part, 2000).paths == before.paths


def test_doubtful_means_are_told_once(tmp_path, caplog):
    """CAM's instantaneous fields have bounds of intervals, but no cell_methods."""
    raw, other = (
        Cesm(tmp_path, start=start, form="NETCDF4") for start in ("2000-01-01", "2000-01-02")
    )
    for path in (raw.write("PSL"), other.write("PSL")):
        with netCDF4.Dataset(path, "a") as file:
            file.source = "CAM"
    dataset = make_dataset(raw.spec(fields={"PSL": {"take": "PSL"}}))
    archive, part = Archive(dataset), dataset.parts[0]
    archive.inventory(dataset.where(part, dataset.fields["PSL"], "PSL"), part, 2000)
    (record,) = caplog.records
    assert "PSL is taken for means" in record.message and "`stamps: instant`" in record.message


def test_first_file_carries_the_mesh(tmp_path):
    raw = Cesm(tmp_path)
    with pytest.raises(BadInput, match=r"there is no raw file; looked for .*\{variable\}"):
        first_file(make_dataset(raw.spec()))
    raw.write("PSL")
    path, variable = first_file(make_dataset(raw.spec()))
    assert variable == "PSL" and path.endswith("PSL.2000010100Z-2000010121Z.nc")
