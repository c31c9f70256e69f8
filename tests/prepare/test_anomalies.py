"""Anomalies: a fitted climatology of the year, subtracted; of a pure harmonic nothing is left."""

import runpy
import sys
from pathlib import Path

import cftime
import netCDF4
import numpy as np
import pytest

from mock_raw import MESH, Cesm
from stormtrace.attribution.extremes import Extremes
from stormtrace.attribution.threshold_fitting import fit_thresholds
from stormtrace.errors import BadInput
from stormtrace.formats.climatologies import Climatology, read_climatology, terms, write_climatology
from stormtrace.formats.sample_writing import SampleField, SampleTime, sample_name, write_sample
from stormtrace.grids import make_grid
from stormtrace.prepare.climatology_fitting import Fit, fit_climatology
from stormtrace.prepare.dataset import make_dataset
from stormtrace.prepare.mesh.mesh_reading import dataset_mesh
from stormtrace.prepare.percentile_fitting import fit_percentiles
from stormtrace.prepare.raw.calendar_time import DAY, Calendar
from stormtrace.prepare.regridding.makers import own_matrix
from stormtrace.prepare.sample_making import make_samples
from stormtrace.prepare.years_of_samples import OpenedYears
from stormtrace.prepare.zonal_fitting import fit_zonal

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
GRID = make_grid({"nlat": 6, "nlon": 8})
EXTREMES = Extremes((90.0,), "steps")
ANOMALY = {"take": "PSL", "anomaly": {"dataset": "plain", "field": "PSL", "harmonics": 2}}


def season(date):
    """A mean and two harmonics of the year: c + a cos 2πt + b sin 4πt."""
    year = cftime.datetime(date.year, 1, 1, calendar=date.calendar)
    after = cftime.datetime(date.year + 1, 1, 1, calendar=date.calendar)
    t = (date - year) / (after - year)
    return 101000 + 300 * np.cos(2 * np.pi * t) + 200 * np.sin(4 * np.pi * t)


def write_year(folder, year, calendar, grid=GRID, units="Pa"):
    folder.mkdir()
    for month in range(1, 13):
        for day in (1, 11, 21):
            date = cftime.datetime(year, month, day, calendar=calendar)
            values = (season(date) * np.linspace(1, 1.01, GRID.size)).astype("f4")
            field = SampleField("PSL", values / (100 if units == "hPa" else 1), {"units": units})
            facts = {"step_hours": 24.0}
            write_sample(
                folder / sample_name("plain", date), grid, SampleTime(date), [field], facts
            )
    return folder


@pytest.mark.parametrize("calendar", ["noleap", "standard", "360_day"])
def test_a_pure_harmonic_has_no_anomaly(tmp_path, calendar):
    folders = [write_year(tmp_path / str(year), year, calendar) for year in (1999, 2000)]
    grid, fields = fit_climatology(folders, ["PSL"], 2)
    assert grid.shape == GRID.shape and fields["PSL"].shape == (5, *GRID.shape)
    climatology = Climatology(fields["PSL"])
    for when in ((2000, 2, 28, 9), (2031, 7, 2)):
        date = cftime.datetime(*when, calendar=calendar)
        expected = season(date) * np.linspace(1, 1.01, GRID.size).reshape(GRID.shape)
        np.testing.assert_allclose(climatology.at(date), expected, atol=0.02)


def test_the_fit_is_that_of_least_squares():
    """Against numpy's lstsq, on times that are not evenly spread."""
    generator = np.random.default_rng(3)
    days = np.sort(generator.uniform(0, 1400, 90))
    dates = cftime.num2date(days, "days since 1999-03-01", "standard")
    values = generator.normal(size=(90, 1, 2, 3)).astype("f4")
    fit = Fit(3)
    for date, one in zip(dates, values, strict=True):
        fit.add(terms(date, 3), one)
    design = np.stack([terms(date, 3) for date in dates])
    expected = np.linalg.lstsq(design, values.reshape(90, -1).astype(float), rcond=None)[0]
    np.testing.assert_allclose(fit.solve("x").reshape(7, -1), expected, atol=1e-9)


def test_too_few_times_for_the_harmonics(tmp_path):
    folder = write_year(tmp_path / "2000", 2000, "noleap")
    for path in sorted(folder.glob("*.nc"))[3:]:
        path.unlink()
    with pytest.raises(BadInput, match="do not determine a mean and 2 harmonics"):
        fit_climatology([folder], ["PSL"], 2)


def test_the_file_is_of_its_grid_and_harmonics(tmp_path):
    values = np.random.default_rng(0).normal(size=(5, *GRID.shape))
    path = tmp_path / "2.nc"
    write_climatology(path, GRID, {"PSL": values}, {"PSL": "Pa"}, {})
    np.testing.assert_array_equal(read_climatology(path, "PSL", 2, GRID).coefficients, values)
    with pytest.raises(BadInput, match="no climatology of 3 harmonics"):
        read_climatology(path, "PSL", 3, GRID)
    with pytest.raises(BadInput, match="Z500"):
        read_climatology(path, "Z500", 2, GRID)


def test_samples_of_an_anomaly(tmp_path):
    """Raw daily fields of a pure season over a whole year less the climatology of those samples."""
    raw = Cesm(tmp_path / "raw", steps=365, step=DAY, stamps="instant", bounds=False, kind="f8")
    seasons = np.array([season(date) for date in Calendar("noleap").dates(raw.starts())])
    raw.write("PSL", values=np.broadcast_to(seasons[:, None], (365, MESH.ncol)))
    part = {"stamps": "instant", "period": ["2000-01-01", "2001-01-01"]}

    def dataset(fields):
        return make_dataset(raw.spec(fields=fields, step_hours=24, part=dict(part)))

    plain, departing = dataset({"PSL": {"take": "PSL"}}), dataset({"PSLA": ANOMALY})
    mesh = dataset_mesh(plain)
    matrix, _ = own_matrix(mesh, GRID, "bilinear")
    make_samples(plain, mesh, GRID, matrix, 2000, tmp_path / "plain", facts={"step_hours": 24})
    _, fields = fit_climatology([tmp_path / "plain"], ["PSL"], 2)

    with pytest.raises(BadInput, match="PSLA is an anomaly, but there are climatologies of none"):
        make_samples(departing, mesh, GRID, matrix, 2000, tmp_path / "none")
    hectopascals = {"PSLA": Climatology(fields["PSL"] / 100, "hPa")}
    with pytest.raises(
        BadInput, match=r"PSLA is in 'Pa', but the climatology .* in 'hPa': give the"
    ):
        make_samples(
            departing, mesh, GRID, matrix, 2000, tmp_path / "x", climatologies=hectopascals
        )
    climatologies = {"PSLA": Climatology(fields["PSL"], "Pa")}
    make_samples(departing, mesh, GRID, matrix, 2000, tmp_path / "a", climatologies=climatologies)
    for path in sorted((tmp_path / "a").glob("*.nc"))[::60]:
        with netCDF4.Dataset(path) as nc:
            assert np.abs(nc["PSLA"][:]).max() < 0.05
            assert (nc["PSLA"].units, nc["PSLA"].mirror) == ("Pa", "even")
            assert nc["PSLA"].long_name == "Anomaly of Sea level pressure"
            assert "standard_name" not in nc["PSLA"].ncattrs()


def test_the_script_writes_what_the_samples_are_less(tmp_path, monkeypatch):
    folder = write_year(tmp_path / "2000", 2000, "noleap")
    script = runpy.run_path(str(SCRIPTS / "make_climatology.py"))
    words = ["make_climatology.py", "--samples", str(folder), "--fields", "PSL"]
    monkeypatch.setattr(
        sys, "argv", [*words, "--harmonics", "2", "--output", str(tmp_path / "2.nc")]
    )
    script["main"]()
    found = read_climatology(tmp_path / "2.nc", "PSL", 2, GRID)
    date = cftime.datetime(2000, 6, 11, calendar="noleap")
    np.testing.assert_allclose(found.at(date).ravel()[0], season(date), atol=0.02)
    with netCDF4.Dataset(tmp_path / "2.nc") as nc:
        assert nc["PSL"].units == "Pa"


@pytest.mark.parametrize("fit", ["climatology", "percentiles", "by latitude", "extremes"])
def test_years_on_other_cells_or_in_other_units_are_not_taken_together(tmp_path, fit):
    """The same rows, but columns from −180°; hPa after Pa. Of one unit in two spellings they are."""
    fits = {
        "climatology": lambda years: fit_climatology(years, ["PSL"], 0),
        "percentiles": lambda years: fit_percentiles(years, "d", "PSL", 90.0),
        "by latitude": lambda years: fit_zonal(years, "PSL", "moments"),
        "extremes": lambda years: fit_thresholds(OpenedYears(years, ["PSL"]), "PSL", EXTREMES),
    }
    turned = make_grid({"nlat": 6, "nlon": 8, "first_lon": -180})
    first, other, hpa, pascal = (
        write_year(tmp_path / name, year, "noleap", grid, units)
        for name, year, grid, units in (
            ("first", 2000, GRID, "Pa"),
            ("other", 2001, turned, "Pa"),
            ("hpa", 2001, GRID, "hPa"),
            ("pascal", 2001, GRID, "Pascals"),
        )
    )
    with pytest.raises(BadInput, match=r"other is on .*, -180° E, not on .*, 0° E"):
        fits[fit]([first, other])
    with pytest.raises(BadInput, match=r"in 'hPa', but in 'Pa' in the first.*`units: Pa` of PSL"):
        fits[fit]([first, hpa])
    fits[fit]([first, pascal])
