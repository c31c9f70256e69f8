import errno
import json
import warnings

import netCDF4
import numpy as np
import pytest
import xarray as xr

from cf_compliance import cf_findings
from mock_raw import Cesm, Merra2
from stormtrace.formats.samples import read_fields, samples_by_time
from stormtrace.grids import make_grid
from stormtrace.prepare import sample_making as samples_module
from stormtrace.prepare.dataset import make_dataset
from stormtrace.prepare.mesh.mesh_reading import dataset_mesh
from stormtrace.prepare.raw.calendar_time import HOUR
from stormtrace.prepare.regridding.makers import make_matrix, own_matrix
from stormtrace.prepare.regridding.matrix_files import read_matrix
from stormtrace.prepare.sample_making import SampleWriter, make_samples
from stormtrace.prepare.statistics import sample_paths, statistics_of

GRID = make_grid({"nlat": 24, "nlon": 36})


def made(raw, folder, year=2000, compression="none", **changes):
    dataset = make_dataset(raw.spec(**changes))
    mesh = dataset_mesh(dataset)
    weights, _ = own_matrix(mesh, GRID, "bilinear")
    count = make_samples(
        dataset, mesh, GRID, weights, year, folder, compression, {"regridding_matrix": "w"}
    )
    paths = sorted(folder.glob("*.nc"))
    assert len(paths) == count
    return paths


@pytest.fixture(scope="module")
def cesm(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cesm")
    raw = Cesm(folder / "raw")
    raw.write_all()
    return made(raw, folder / "2000"), raw


def test_names_are_cesms_and_sort_by_time(cesm):
    paths, _ = cesm
    expected = [f"mock.2000-01-01-{seconds:05d}.nc" for seconds in range(0, 86400, 10800)]
    assert [path.name for path in paths] == expected


def test_layout_is_the_contract(cesm):
    paths, _ = cesm
    with netCDF4.Dataset(paths[3]) as file:
        assert file.Conventions == "CF-1.11"
        assert list(file.variables) == [
            "time",
            "time_bnds",
            "lat",
            "lon",
            "TMQ",
            "U850",
            "V850",
            "PSL",
        ]
        for name in ("TMQ", "U850", "V850", "PSL"):
            assert (
                file[name].dimensions == ("time", "lat", "lon") and file[name].dtype == np.float32
            )
            assert {"units", "long_name", "standard_name", "cell_methods"} <= set(
                file[name].ncattrs()
            )
        np.testing.assert_array_equal(file["lat"][:], GRID.lat)
        assert np.diff(file["lat"][:]).min() > 0 and np.diff(file["lon"][:]).min() > 0
        assert (
            file["time"].units == "hours since 2000-01-01 00:00:00"
            and file["time"].calendar == "noleap"
        )
        assert file["time"][0] == 9.0 and file["time_bnds"][0].tolist() == [9.0, 12.0]
        assert not file["TMQ"].filters()["zlib"] and file["TMQ"].chunking() == "contiguous"
        inputs = json.loads(file.inputs)
        assert len(inputs) == 5 and all(value.startswith("sha256:") for value in inputs.values())
        assert {"history", "stormtrace_version", "regridding_matrix"} <= set(file.ncattrs())


def test_values_are_the_derived_fields_on_the_grid(cesm):
    paths, raw = cesm
    mesh = dataset_mesh(make_dataset(raw.spec()))
    weights, _ = own_matrix(mesh, GRID, "bilinear")
    for step, path in enumerate(paths):
        with netCDF4.Dataset(path) as file:
            expected = (weights.shares @ raw.values("PSL")[step]).reshape(GRID.shape)
            np.testing.assert_allclose(file["PSL"][0], expected, rtol=3e-7)


def test_climatenets_loader_reads_them(cesm):
    """What climatenet/utils/data.py does: one file a sample, its variables stacked by name."""
    paths, _ = cesm
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = xr.load_dataset(paths[0])
    features = dataset[["TMQ", "U850", "V850", "PSL"]].to_array()
    assert features.dims == ("variable", "time", "lat", "lon") and features.shape == (4, 1, 24, 36)
    assert features.dtype == np.float32
    together = xr.concat([xr.load_dataset(path) for path in paths[:2]], dim="time")
    assert together.TMQ.shape == (2, 24, 36)


def test_other_fields_are_described_too(tmp_path):
    """CF wants units of every field: a wind's are known, others come from the raw file."""
    raw = Cesm(tmp_path / "raw", form="NETCDF4")
    for name in ("U", "Q", "PSL", "PS"):
        with netCDF4.Dataset(raw.write(name), "a") as file:
            kinds = {"PSL": ("K", "Radiative temperature"), "Q": ("kg/kg", "Humidity")}
            if name in kinds:
                file[name].units, file[name].long_name = kinds[name]
    fields = {
        "U300": {"interpolate": "U", "to": 300},
        "TS": {"take": "PSL"},
        "Q700": {"interpolate": "Q", "to": 700},
        "VAPOUR": {"integrate": "Q"},
        "tmq": {"integrate": "Q"},
    }
    with netCDF4.Dataset(made(raw, tmp_path / "2000", fields=fields)[0]) as file:
        assert (file["U300"].long_name, file["U300"].units) == ("Zonal wind at 300 hPa", "m s-1")
        assert (file["TS"].long_name, file["TS"].units) == ("Radiative temperature", "K")
        assert file["tmq"].standard_name == "atmosphere_mass_content_of_water_vapor"
        assert file["Q700"].units == "kg kg-1" and file["VAPOUR"].units == "kg m-2"


def test_instants_have_no_bounds(tmp_path):
    raw = Cesm(tmp_path / "raw", stamps="instant")
    raw.write("PSL")
    paths = made(raw, tmp_path / "2000", fields={"PSL": {"take": "PSL"}})
    with netCDF4.Dataset(paths[0]) as file:
        assert "time_bnds" not in file.variables and file["PSL"].cell_methods == "time: point"


@pytest.mark.parametrize(
    ("kind", "sampling", "hours"),
    [("middle", "mean", 3), ("middle", "instant", 1), ("instant", "mean", 3), ("instant", "instant", 0)],
)  # fmt: skip
def test_bounds_are_what_a_sample_is_the_mean_of(tmp_path, kind, sampling, hours):
    raw = Cesm(tmp_path / "raw", step=HOUR, stamps=kind, steps=6)
    raw.write("PSL")
    paths = made(raw, tmp_path / "2000", fields={"PSL": {"take": "PSL"}}, sampling=sampling)
    with netCDF4.Dataset(paths[1]) as file:
        assert file["PSL"].cell_methods == ("time: mean" if hours else "time: point")
        assert ("time_bnds" in file.variables) == bool(hours)
        if hours:
            np.testing.assert_array_equal(file["time_bnds"][:], [[3, 3 + hours]])


def test_compression_is_a_choice_that_loses_nothing(tmp_path):
    raw = Cesm(tmp_path / "raw")
    raw.write_all()
    plain, zipped = (made(raw, tmp_path / name, compression=name) for name in ("none", "zlib"))
    for one, other in zip(plain, zipped, strict=True):
        with netCDF4.Dataset(one) as first, netCDF4.Dataset(other) as second:
            assert second["TMQ"].filters()["zlib"] and second["TMQ"].filters()["complevel"] == 1
            for name in ("TMQ", "U850", "V850", "PSL"):
                np.testing.assert_array_equal(first[name][:], second[name][:])


def test_holes_are_counted_in_the_sample(tmp_path):
    raw = Merra2(tmp_path / "raw")
    u = np.ones((24, 19, 36))
    u[:, :2] = np.nan
    raw.write({"U850": u})
    keys = {"fields": {"U850": {"take": "U850"}}, "holes": "nearest"}
    with netCDF4.Dataset(made(raw, tmp_path / "2000", **keys)[0]) as file:
        assert file["U850"].filled_points_of_mesh == 72 and (file["U850"][:] == 1).all()


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt(), SystemExit(143)]
)
def test_what_stops_half_way_leaves_nothing(tmp_path, monkeypatch, error):
    raw = Cesm(tmp_path / "raw")
    raw.write_all()
    plain = SampleWriter.write

    def stops(self, step, fields, filled):
        if step == 5:
            raise error
        return plain(self, step, fields, filled)

    monkeypatch.setattr(samples_module.SampleWriter, "write", stops)
    with pytest.raises(type(error)):
        made(raw, tmp_path / "out" / "2000")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_year_is_replaced_whole(tmp_path):
    raw = Cesm(tmp_path / "raw")
    raw.write("PSL")
    (tmp_path / "2000").mkdir()
    (tmp_path / "2000" / "stale.nc").touch()
    paths = made(raw, tmp_path / "2000", fields={"PSL": {"take": "PSL"}})
    assert len(paths) == 8 and not (tmp_path / "2000" / "stale.nc").exists()


def test_longitudes_from_minus_180_give_the_same_map(tmp_path):
    raw = Merra2(tmp_path / "raw")
    lat, lon = raw.points()
    raw.write({"TQV": np.broadcast_to(20 + lat / 9 + 5 * np.sin(np.radians(lon)), (24, 19, 36))})
    paths = made(raw, tmp_path / "2000", fields={"TMQ": {"take": "TQV"}})
    with netCDF4.Dataset(paths[0]) as file:
        found = file["TMQ"][0]
    truth = 20 + GRID.lat[:, None] / 9 + 5 * np.sin(np.radians(GRID.lon))
    inside = np.abs(GRID.lat) < 80
    # Linear interpolation of a sine over 10°: at most 5 · (Δλ)²/8 off.
    assert np.abs(found - truth)[inside].max() <= 5 * np.radians(10) ** 2 / 8


@pytest.mark.parametrize(
    "spec",
    [
        {"projection": "north-polar", "cells": 30},
        {"gaussian": 12},
        {"box": [-30, 40, 20, 70], "step": 2.5},
    ],
)
def test_every_kind_of_grid_from_raw_files_to_statistics(tmp_path, spec):
    """PSL of the mock is 101325 + 1000 sin φ + step: known at every point of every grid."""
    raw, grid = Cesm(tmp_path / "raw"), make_grid(spec)
    raw.write("PSL")
    dataset = make_dataset(raw.spec(fields={"PSL": {"take": "PSL"}}))
    make_matrix(dataset, grid, tmp_path / "matrix.nc", "bilinear", "stormtrace")
    mesh = dataset_mesh(dataset)
    matrix = read_matrix(tmp_path / "matrix.nc", mesh, grid)
    assert make_samples(dataset, mesh, grid, matrix, 2000, tmp_path / "2000") == 8
    sine, found = np.sin(np.radians(grid.points[0])), []
    for step, path in enumerate(samples_by_time(tmp_path / "2000").values()):
        found.append(read_fields(path, ["PSL"], grid)["PSL"])
        # Points of ne4 lie up to 22.5°·√0.2 = 10.1° apart: (Δ²/8)·1000 = 3.9 Pa in each direction.
        np.testing.assert_allclose(found[-1], 101325 + 1000 * sine + step, atol=7.8)
        assert not cf_findings(path)
    steps, fields = statistics_of(sample_paths(tmp_path / "2000"), ["PSL"])
    assert steps == 8
    area = np.cos(np.radians(grid.points[0])) if "box" in spec else grid.area
    mean = np.average(np.mean(found, axis=0, dtype=float), weights=area)
    assert fields["PSL"]["area_mean"] == pytest.approx(mean, rel=1e-9)
