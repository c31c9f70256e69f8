"""Files that nobody here wrote: right against plain netCDF4 and numpy, or refused as docs/data.md says.

Values are compared before regridding, in the order of the file's points.
"""

from dataclasses import dataclass, field
from typing import Any

import netCDF4
import numpy as np
import pytest

from real_data import FOLDER, real_data
from stormtrace.errors import BadInput
from stormtrace.prepare.dataset import make_dataset
from stormtrace.prepare.fields import derive_blocks
from stormtrace.prepare.mesh.mesh_reading import dataset_mesh
from stormtrace.prepare.plan import make_plans
from workflow_runs import ROOT

#: The folders all of whose files are met here.
FOLDERS = ("era5", "cmip6", "ingest", "meshes")


@dataclass(frozen=True)
class Case:
    """A field of a file as a user asks for it, and what must come of it.

    index: of the raw records (or of the level), in plain netCDF4; None: a refusal, whose words are
    `refused`. start, span: of the first step, and of what it is a mean, in hours.
    """

    derivation: dict
    period: tuple[str, str]
    hours: float = 24
    expected: Any = None
    start: str = ""
    span: int = 0
    refused: str = ""
    more: dict = field(default_factory=dict)


def take(name, index=slice(None)):
    """Return what plain netCDF4 gives of a variable, (records, n)."""

    def expected(nc):
        values = np.ma.filled(nc[name][index].astype("f8"), np.nan)
        return values.reshape(-1, *values.shape[-2:] if values.ndim > 2 else values.shape[-1:])

    return expected


def plain(nc, name, *index):
    return np.ma.filled(np.ma.asarray(nc[name][index]).astype("f8"), np.nan)


def rows(values, records):
    return np.asarray(values).reshape(records, -1)


def at_level(name, coordinate, level, records=1, index=slice(None), time_first=True):
    """Return what lies at a level that the file has."""

    def expected(nc):
        (where,) = np.flatnonzero(np.isclose(plain(nc, coordinate), level))
        values = plain(nc, name, index, where) if time_first else plain(nc, name, where)
        return rows(values, records)

    return expected


def record(name, index, records):
    return lambda nc: rows(plain(nc, name, index), records)


DAY = ("2020-01-01", "2020-01-02")
INSTANTS = {"sampling": "instant"}

CASES = {
    "era5/CDS_old_PLEV_202001_davos.nc": Case(
        {"interpolate": "u", "to": 700}, DAY, 3, at_level("u", "level", 700, 8, slice(0, 24, 3)),
        "2020-01-01 00:00", more=INSTANTS),
    "era5/CDS_old_SURF_202001_davos.nc": Case(
        {"take": "sp"}, DAY, 3, record("sp", slice(0, 24, 3), 8), "2020-01-01 00:00", more=INSTANTS),
    "era5/CDS_old_pl_2022.nc": Case(
        {"interpolate": "u", "to": 250}, ("2022-11-11", "2022-11-11 03:00"), 1,
        at_level("u", "level", 250, 3), "2022-11-11 00:00"),
    "era5/ERA_old_global_1deg_tz_500_850.nc": Case(
        {"interpolate": "t", "to": 850}, ("2007-01-01 12:00", "2007-01-02 12:00"), 24,
        at_level("t", "level", 850), "2007-01-01 12:00", more={"stamps": "instant"}),
    "cmip6/tas_day_CESM2-WACCM_historical_r1i1p1f1_gn_20000101-20091231.nc": Case(
        {"take": "tas"}, ("2000-01-01", "2000-01-11"), 24, record("tas", slice(1, 11), 10),
        "2000-01-01 00:00", 24),
    "ingest/MERRA2_400.inst1_2d_asm_Nx.20200330.nc4": Case(
        {"take": "TQV"}, ("2020-03-30", "2020-03-31"), 3, record("TQV", slice(0, 24, 3), 8),
        "2020-03-30 00:00", more={**INSTANTS, "source": "merra2"}),
    "ingest/MPAS.nc": Case(
        {"take": "surface_pressure"}, ("2000-01-01", "2000-01-02"), 24,
        record("surface_pressure", slice(None), 1), "2000-01-01 00:00",
        more={"time": {"start": "2000-01-01", "step_hours": 24}}),
    "ingest/era5_2005-01-23-0000-u.nc": Case(
        {"interpolate": "u", "to": 850}, ("2005-01-23", "2005-01-24"), 24,
        at_level("u", "level", 850, time_first=False), "2005-01-23 00:00"),
    "ingest/era5_2005-01-23-0000-v.nc": Case(
        {"interpolate": "v", "to": 850}, ("2005-01-23", "2005-01-24"), 24,
        at_level("v", "level", 850, time_first=False), "2005-01-23 00:00"),
    "ingest/era5_1995-07-14T12.nc": Case(
        {"take": "t2m"}, ("1995-07-14 12:00", "1995-07-14 15:00"), 3, record("t2m", ..., 1),
        "1995-07-14 12:00"),
    "ingest/ldcpy_zfp1e-7.PRECT.60days.nc": Case(
        {"take": "PRECT"}, ("1920-01-02", "1920-01-12"), 24, record("PRECT", slice(2, 12), 10),
        "1920-01-02 00:00", 24),
    "ingest/rectilinear_grid_3D.nc": Case(
        {"interpolate": "t", "to": 850}, ("2001-01-01", "2001-01-02"), 24,
        at_level("t", "lev", 85000), "2001-01-01 00:00"),
    "ingest/tas_day_MIROC6_ssp119_r1i1p1f1_gn_20150101.nc": Case(
        {"take": "tas"}, ("2015-01-01", "2015-01-02"), 24, record("tas", slice(None), 1),
        "2015-01-01 00:00", 24),
    "ingest/tasmin_day_HadGEM3-GC31-MM_dcppA-hindcast_s1960-r2i1p1f2_gn_19610101-19611230.nc": Case(
        {"take": "tasmin"}, ("1961-02-25", "1961-03-02"), 24, record("tasmin", slice(54, 61), 7),
        "1961-02-25 00:00", 24),
    "cmip6/ta_Amon_MIROC6_ssp119_r1i1p1f1_gn_201501-202412.nc": Case(
        {"interpolate": "ta", "to": 850}, ("2015-01-01", "2015-03-01"),
        refused="ta comes every 672 h (2015-02-01 00:00, then 2015-03-01 00:00), which makes no"),
    "cmip6/tas_Amon_ICON-ESM-LR_historical_r1i1p1f1_gn_185001.nc": Case(
        {"take": "tas"}, ("1850-01-01", "1850-01-02"),
        refused="tas is a mean over 744 h, longer than the steps of 24 h"),
    "ingest/cl_Amon_CESM2_amip_r1i1p1f1_gn_195001-201412.nc": Case(
        {"interpolate": "cl", "to": 850}, ("1950-01-01", "1950-02-01"),
        refused="cl comes every 672 h (1950-02-01 00:00, then 1950-03-01 00:00), which makes no"),
    "ingest/cesm2_native.nc": Case(
        {"take": "TREFHT"}, ("1979-01-01", "1979-02-01"),
        refused="TREFHT comes every 672 h"),
    "ingest/atm_phy_mag0004_1985.nc": Case(
        {"take": "prw"}, ("1985-01-01", "1985-02-01"),
        refused="has no latitudes and longitudes for prw ('time', 'ncells')"),
    "ingest/ta_ps_850.nc": Case(
        {"take": "aps"}, ("1985-01-01", "1986-01-01"),
        refused="has no latitudes and longitudes for aps ('time', 'ncells')"),
    "ingest/wrf_ci_test_file.nc": Case(
        {"take": "T2"}, ("2005-08-28", "2005-08-29"),
        refused="XLAT ('Time', 'south_north', 'west_east') changes along Time"),
    "era5/CDS_new_model_levels.nc": Case(
        {"interpolate": "t", "to": 500}, ("2019-05-31 05:00", "2019-05-31 06:00"), 1,
        refused="has no variable lnsp"),
    "era5/CDS_new_lnsp.nc": Case(
        {"take": "lnsp"}, ("2019-05-31 05:00", "2019-05-31 06:00"), 1,
        record("lnsp", ..., 1), "2019-05-31 05:00"),
    "ingest/emac.nc": Case(
        {"take": "aps_ave"}, ("1900-01-01", "2100-01-01"),
        refused="time has the bounds time_bnds, which the file does not have"),
    "ingest/triangular_grid_ICON.nc": Case(
        {"interpolate": "S", "to": 850}, ("1900-01-01", "2100-01-01"), refused="S lies on depths"),
    "meshes/mpas_mesh.QU.1920km.151026.nc": Case(
        {"take": "areaCell"}, ("2000-01-01", "2000-01-02"),
        refused="areaCell has no time coordinate"),
    "ingest/geos_c12.native.nc4": Case(
        {"interpolate": "T", "to": 500}, ("2000-04-15 06:00", "2000-04-15 09:00"), 3,
        at_level("T", "lev", 500), "2000-04-15 06:00"),
}  # fmt: skip


def spec(name, case):
    part = {"period": list(case.period), "files": str(real_data(name))}
    more = dict(case.more)
    if "stamps" in more:
        part["stamps"] = more.pop("stamps")
    return {
        "name": "real",
        "source": "cesm",
        "fields": {"X": case.derivation},
        "parts": [part],
        "step_hours": case.hours,
        **more,
    }


@pytest.mark.parametrize("name", CASES)
def test_a_file_is_right_or_refused(name):
    case = CASES[name]
    dataset = make_dataset(spec(name, case))
    if case.refused:
        with pytest.raises(BadInput) as error:
            derived(dataset, case)
        assert case.refused in str(error.value)
        return
    found, plan, mesh = derived(dataset, case)
    with netCDF4.Dataset(real_data(name)) as nc:
        expected = case.expected(nc)
    assert found.shape == expected.shape == (plan.start.size, mesh.size)
    np.testing.assert_allclose(found, expected, rtol=2e-7, atol=1e-30)
    assert plan.calendar.text(plan.start[0]) == case.start
    assert plan.span == 3600 * case.span


def derived(dataset, case):
    mesh = dataset_mesh(dataset)
    (plan,) = make_plans(dataset, int(case.period[0][:4]))
    blocks = list(derive_blocks(dataset, plan, mesh, 8))
    return np.concatenate([block.fields["X"] for block in blocks]), plan, mesh


@pytest.mark.skipif(not FOLDER.exists(), reason="the real files are not beside this checkout")
def test_no_file_is_left_out():
    suffixes = (".nc", ".nc4")
    files = {
        f"{folder}/{path.name}"
        for folder in FOLDERS
        for path in (FOLDER / folder).iterdir()
        if path.suffix in suffixes
    }
    assert files == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_the_page_says_what_comes_of_a_file(name):
    """docs/data.md has a row for each, with the words of its refusal."""
    page = (ROOT / "docs" / "data.md").read_text("utf-8")
    (row,) = [line for line in page.splitlines() if f"| {name.split('/')[1]} |" in line]
    assert (CASES[name].refused or "right") in row
