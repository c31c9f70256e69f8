import cftime
import netCDF4
import numpy as np
import pytest

from labelled_factory import coordinates, write_map_file
from script_runs import run_script
from stormtrace.errors import BadInput
from stormtrace.formats.sample_writing import SampleField, SampleTime, write_sample
from stormtrace.grids import Grid, make_grid
from stormtrace.prepare.statistics import (
    FieldStatistics,
    check_on_grid,
    merge,
    read_piece,
    sample_paths,
    statistics_of,
    weight_rows,
)

LAT = np.linspace(-90, 90, 13)
RNG = np.random.default_rng(5)


def write(path, fields, lat=LAT, time=True):
    with netCDF4.Dataset(path, "w") as file:
        nlon = next(iter(fields.values())).shape[-1]
        for name, size in (("time", 1), ("lat", lat.size), ("lon", nlon)):
            file.createDimension(name, size)
        file.createVariable("lat", "f8", ("lat",))[:] = lat
        file.createVariable("lon", "f8", ("lon",))[:] = np.arange(nlon) * 360 / nlon
        dims = ("time", "lat", "lon") if time else ("lat", "lon")
        for name, values in fields.items():
            file.createVariable(name, "f4", dims, fill_value=np.float32(1e36))[:] = np.where(
                np.isnan(values), 1e36, values
            )
    return path


def two_passes(values, weight):
    """(mean, std) of (steps, nlat, nlon) in float128, the reference; NaN does not count."""
    values = values.astype(np.longdouble)
    weight = np.where(np.isnan(values), 0, np.broadcast_to(weight, values.shape)).astype(
        np.longdouble
    )
    values = np.nan_to_num(values)
    mean = (weight * values).sum() / weight.sum()
    return mean, np.sqrt((weight * (values - mean) ** 2).sum() / weight.sum())


@pytest.mark.parametrize("missing", [0, 40])
@pytest.mark.parametrize(("offset", "spread"), [(0, 1), (100800, 1500), (1e6, 1e-1)])
def test_exact_against_two_passes_in_quadruple_precision(tmp_path, offset, spread, missing):
    values = (offset + spread * RNG.standard_normal((7, 13, 24))).astype("f4")
    values.reshape(-1)[RNG.choice(values.size, missing, replace=False)] = np.nan
    paths = [write(tmp_path / f"{step}.nc", {"PSL": field}) for step, field in enumerate(values)]
    steps, fields = statistics_of(paths, ["PSL"])
    found = fields["PSL"]
    assert steps == 7
    assert (found["count"], found["missing"]) == (values.size - missing, missing)
    assert (found["min"], found["max"]) == (np.nanmin(values), np.nanmax(values))
    for prefix, weight in (("", 1.0), ("area_", np.cos(np.radians(LAT))[:, None])):
        mean, std = two_passes(values, weight)
        assert found[f"{prefix}mean"] == pytest.approx(float(mean), rel=1e-14, abs=1e-15)
        assert found[f"{prefix}std"] == pytest.approx(float(std), rel=1e-10)


@pytest.mark.parametrize("cuts", [[3], [1, 2, 9], range(1, 12)])
def test_pieces_merge_into_what_one_pass_gives(tmp_path, cuts):
    values = (273 + RNG.standard_normal((12, 13, 24))).astype("f4")
    values[4, 3, 2] = np.nan
    paths = [
        write(tmp_path / f"{step:02d}.nc", {"A": field, "B": -field})
        for step, field in enumerate(values)
    ]
    pieces = []
    for part in np.split(np.array(paths), list(cuts)):
        steps, fields = statistics_of(part, ["A", "B"])
        pieces.append({"steps": steps, "fields": fields})
    steps, merged = merge(pieces)
    whole_steps, whole = statistics_of(paths, ["A", "B"])
    assert steps == whole_steps
    for name in whole:
        assert merged[name] == pytest.approx(whole[name], rel=1e-12)


def test_published_convention_is_there():
    """Mean weighted by cos(lat), standard deviation not: Dagon's 24.927 / 15.817 (domain.md)."""
    field = np.repeat(np.cos(np.radians(LAT))[:, None], 8, axis=1)
    found = FieldStatistics.of(field).summary(np.cos(np.radians(LAT)))
    weight = np.cos(np.radians(LAT))
    assert found["area_mean"] == pytest.approx((weight**2).sum() / weight.sum())
    assert found["mean"] == pytest.approx(weight.mean()) and found["std"] == pytest.approx(
        weight.std()
    )


def test_a_field_all_missing_is_counted_not_hidden():
    empty = FieldStatistics.of(np.full((13, 4), np.nan))
    full = FieldStatistics.of(np.ones((13, 4)))
    both = (empty + full).summary(np.cos(np.radians(LAT)))
    assert (both["count"], both["missing"], both["mean"], both["max"]) == (52, 52, 1.0, 1.0)


def test_labelled_samples_have_no_time_dimension_in_labels(tmp_path):
    path = write(tmp_path / "data-2011-06-01-01-1.nc", {"TMQ": np.ones((13, 4))}, time=False)
    assert statistics_of([path], ["TMQ"])[1]["TMQ"]["mean"] == 1.0


def test_excluded_labels_count_nowhere(tmp_path):
    """A labelled sample under `exclude` may hold fill values nobody declared, or be cut short."""
    good, bad = "data-2011-06-01-01-1.nc", "data-2011-06-02-01-1.nc"
    write(tmp_path / good, {"TMQ": np.ones((13, 4))}, time=False)
    (tmp_path / bad).write_bytes(b"CDF")
    assert [path.name for path in sample_paths(tmp_path, [bad])] == [good]
    assert [path.name for path in sample_paths(tmp_path)] == [good, bad]


def test_bad_samples(tmp_path):
    one = write(tmp_path / "1.nc", {"TMQ": np.ones((13, 4))})
    other = write(tmp_path / "2.nc", {"TMQ": np.ones((7, 4))}, lat=np.linspace(-90, 90, 7))
    with pytest.raises(BadInput, match=r"2\.nc: lat differs"):
        statistics_of([one, other], ["TMQ"])
    with pytest.raises(BadInput, match="has no variable PSL"):
        statistics_of([one], ["PSL"])
    with pytest.raises(BadInput, match="no samples"):
        statistics_of([], ["PSL"])
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(BadInput, match="not a file of statistics"):
        read_piece(tmp_path / "a.json")
    with pytest.raises(BadInput, match="different fields"):
        merge([{"steps": 1, "fields": {"A": {}}}, {"steps": 1, "fields": {"B": {}}}])


def test_years_of_a_field_in_unlike_units_are_not_merged(tmp_path):
    """Two spellings of one unit are, and a piece that does not say its units."""
    pieces = []
    for name, units in {"a": "kg m-2 s-1", "b": "kg m**-2 s**-1", "c": "mm/day", "d": ""}.items():
        (tmp_path / name).mkdir()
        path = write(tmp_path / name / "rain.2000-01-01-00000.nc", {"PRECT": np.ones((13, 4))})
        with netCDF4.Dataset(path, "a") as nc:
            nc["PRECT"].units = units
        output = tmp_path / f"{name}.json"
        run_script("compute_statistics.py", "--samples", path.parent, "--fields", "PRECT",
                   "--output", output)  # fmt: skip
        pieces.append(read_piece(output))
    a, b, c, d = pieces
    assert merge([d, a, b])[1]["PRECT"]["mean"] == 1.0
    with pytest.raises(BadInput, match=r"PRECT is in 'kg m-2 s-1' .* 'mm/day'.*: say `units: kg"):
        merge([d, a, b, c])


def test_labels_must_be_on_the_grid_they_are_said_to_be_on(tmp_path):
    lat, lon = coordinates((12, 16))
    labels = np.zeros((12, 16), int)
    values = {"TMQ": np.ones((12, 16), "f4")}
    write_map_file(tmp_path / "data-1.nc", values, lat, lon, labels=labels)
    check_on_grid(tmp_path / "data-1.nc", Grid(lat, lon))
    check_on_grid(tmp_path / "data-1.nc", Grid(lat, lon + 1e-5))  # float32 coordinates
    for other in (Grid(*coordinates((13, 16))), Grid(lat, lon - 180)):
        with pytest.raises(BadInput, match=r"data-1\.nc is on 12 × 16, .* but the `grid`"):
            check_on_grid(tmp_path / "data-1.nc", other)


@pytest.mark.parametrize(
    "spec", [{"gaussian": 8}, {"projection": "south-polar", "cells": 12},
             {"box": [350, 20, 30, 60], "step": 5}],
)  # fmt: skip
def test_area_weights_of_every_grid(tmp_path, spec):
    """Against two passes with the cells' areas; a box's rows count by cos(lat), as everywhere."""
    grid = make_grid(spec)
    values = (280 + 5 * RNG.standard_normal((4, *grid.shape))).astype("f4")
    for step, field in enumerate(values):
        start = cftime.DatetimeNoLeap(2000, 1, 1, 3 * step)
        path = tmp_path / f"x.2000-01-01-{10800 * step:05d}.nc"
        write_sample(path, grid, SampleTime(start), [SampleField("T", field, {})], {})
    (tmp_path / "._x.2000-01-01-00000.nc").write_text("a Mac's")
    steps, fields = statistics_of(sample_paths(tmp_path), ["T"])
    assert steps == 4
    weight = np.cos(np.radians(grid.points[0])) if "box" in spec else grid.area
    for prefix, shares in (("", 1.0), ("area_", weight)):
        mean, std = two_passes(values, shares)
        assert fields["T"][f"{prefix}mean"] == pytest.approx(float(mean), rel=1e-13)
        assert fields["T"][f"{prefix}std"] == pytest.approx(float(std), rel=1e-9)
    halves = [statistics_of(part, ["T"]) for part in np.split(np.array(sample_paths(tmp_path)), 2)]
    merged = merge([{"steps": n, "fields": found} for n, found in halves])[1]
    assert merged["T"] == pytest.approx(fields["T"], rel=1e-12)


def test_gaussian_rows_weigh_what_the_quadrature_says():
    weight = weight_rows(make_grid({"gaussian": 16}))
    quadrature = np.polynomial.legendre.leggauss(32)[1]
    np.testing.assert_allclose(weight / weight.sum(), quadrature / 2, rtol=1e-12)


def test_folders_are_read_by_the_pattern_of_names(tmp_path):
    with pytest.raises(BadInput, match="make_samples"):
        sample_paths(tmp_path)
    for name in ("data-1996-06-09-01-1.nc", "._data-1996-06-09-01-1.nc"):
        (tmp_path / name).touch()
    assert [path.name for path in sample_paths(tmp_path)] == ["data-1996-06-09-01-1.nc"]
