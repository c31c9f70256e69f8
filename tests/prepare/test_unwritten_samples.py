"""What is computed from raw files as they are read is what is computed from samples, bit by bit."""

import json

import netCDF4
import numpy as np
import pytest

from mock_raw import Cesm
from script_runs import run_forked
from stormtrace.attribution.extremes import Extremes
from stormtrace.attribution.threshold_fitting import fit_thresholds
from stormtrace.errors import BadInput
from stormtrace.formats.samples import open_folder
from stormtrace.grids import make_grid
from stormtrace.prepare.cell_percentiles import MEMORY_BYTES
from stormtrace.prepare.climatology_fitting import fit_climatology
from stormtrace.prepare.dataset import make_dataset
from stormtrace.prepare.mesh.mesh_reading import dataset_mesh
from stormtrace.prepare.percentile_fitting import fit_percentiles
from stormtrace.prepare.regridding.makers import own_matrix
from stormtrace.prepare.regridding.matrix_files import write_matrix
from stormtrace.prepare.sample_making import FieldSource, make_samples
from stormtrace.prepare.unwritten_samples import RawYear, raw_years
from stormtrace.prepare.years_of_samples import OpenedYears, open_year
from stormtrace.prepare.zonal_fitting import fit_zonal

GRID = {"nlat": 12, "nlon": 18}


@pytest.fixture(scope="module")
def year(tmp_path_factory):
    """The folder of a year of samples, and the same year unwritten, as the flag `--raw` has it."""
    folder = tmp_path_factory.mktemp("unwritten")
    raw = Cesm(folder / "raw")
    raw.write_all()
    block = raw.spec()
    dataset, grid = make_dataset(block), make_grid(GRID)
    mesh = dataset_mesh(dataset)
    matrix, _ = own_matrix(mesh, grid, "bilinear")
    write_matrix(folder / "map.nc", matrix, mesh, grid, {})
    make_samples(dataset, mesh, grid, matrix, 2000, folder / "2000", facts={"step_hours": 3})
    given = {"dataset": block, "grid": GRID, "matrix": str(folder / "map.nc")}
    return folder / "2000", given | {"climatology": [], "years": [2000]}


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1), slice(1, None, 3)])
def test_fields_and_times_are_those_of_the_samples(year, order):
    """Also where they are asked for in another order than that of time."""
    folder, given = year
    fields = ["PSL", "TMQ"]
    written, made = (
        open_folder(folder, dict.fromkeys(fields)),
        open_year(raw_years(given)[0], fields),
    )
    assert [path.name for path in made.paths] == [path.name for path in written.paths]
    assert made.step_hours == written.step_hours
    for ours, theirs in zip(made.paths[order], written.paths[order], strict=True):
        one, other = made.read([ours]), written.read([theirs])
        assert one.values.tobytes() == other.values.tobytes()
        assert made.date(one.times[0]) == written.date(other.times[0])
    for field in fields:
        said = written.attributes(field)
        assert {key: said.get(key) for key in made.attributes(field)} == made.attributes(field)


def test_a_period_and_an_unknown_field(year):
    given = year[1]
    some = open_year(raw_years(given)[0], ["PSL"], ["2000-01-01 06:00", "2000-01-01 12:00"])
    assert [path.stem[-5:] for path in some.paths] == ["21600", "32400"]
    with pytest.raises(BadInput, match="has no samples from 2001"):
        open_year(raw_years(given)[0], ["PSL"], ["2001-01-01", "2002-01-01"])
    with pytest.raises(BadInput, match="has no field NONE; it has"):
        open_year(raw_years(given)[0], ["NONE"])


@pytest.mark.parametrize("memory", [0, MEMORY_BYTES], ids=["counted", "sorted"])
def test_percentiles_are_the_same(year, memory):
    folder, given = year
    one, other = (
        fit_percentiles(years, "mock", "PSL", 85.0, memory)[1]
        for years in ([folder], raw_years(given))
    )
    np.testing.assert_array_equal(one.values, other.values)
    assert np.isfinite(one.values).any()


def test_climatologies_and_extremes_are_the_same(year):
    folder, given = year
    raw = raw_years(given)
    for match in ("moments", "quantiles"):
        one, other = (fit_zonal(years, "TMQ", match) for years in ([folder], raw))
        assert {k: v.tobytes() for k, v in one[0].items()} == {
            k: v.tobytes() for k, v in other[0].items()
        }
    one, other = (fit_climatology(years, ["PSL"], 0)[1]["PSL"] for years in ([folder], raw))
    np.testing.assert_array_equal(one, other)
    wanted = Extremes((20.0,), "steps", 1.0, "annual")
    one, other = (
        fit_thresholds(OpenedYears(years, ["PSL"]), "PSL", wanted)[1] for years in ([folder], raw)
    )
    np.testing.assert_array_equal(one.values, other.values)
    assert one.units == other.units and np.isfinite(one.values).all()


def test_statistics_are_the_same_by_the_script(year, tmp_path):
    folder, given = year
    flags = ["--grid", json.dumps(GRID), "--fields", "PSL", "TMQ"]
    for where, name in ((["--samples", folder], "a"), (["--raw", json.dumps(given)], "b")):
        output = ["--output", tmp_path / f"{name}.json"]
        run_forked("compute_statistics", *where, *flags, *output)
    one, other = (json.loads((tmp_path / f"{name}.json").read_text()) for name in "ab")
    assert one["steps"] == other["steps"] == 8 and one["fields"] == other["fields"]
    assert one["units"] == other["units"] == {"PSL": "Pa", "TMQ": "kg m-2"}
    assert "made from raw files" in other["provenance"]["samples"]


def test_parts_of_a_year_in_several_units_are_converted_or_refused(tmp_path):
    """Rain of 4 mm/day, whose second day is in kg m-2 s-1; `units` makes one of both."""
    parts, rain = [], {"mm/day": 4.0, "kg m-2 s-1": 4.0 / 86400}
    for number, (units, value) in enumerate(rain.items(), start=1):
        raw = Cesm(tmp_path / str(number), start=f"2000-01-0{number}")
        path = raw.write("PRECT", np.full((8, raw.lat.size), value))
        with netCDF4.Dataset(path, "a") as nc:
            nc["PRECT"].units = units
        parts += raw.spec()["parts"]
    grid = make_grid(GRID)

    def year(**derivation):
        fields = {"PRECT": {"take": "PRECT", **derivation}}
        block = {"name": "rain", "source": "cesm", "parts": parts, "fields": fields}
        dataset = make_dataset(block)
        mesh = dataset_mesh(dataset)
        matrix, _ = own_matrix(mesh, grid, "bilinear")
        return RawYear(FieldSource(dataset, mesh, grid, matrix, {}), 2000)

    mixed = year()
    refused = r"'kg m-2 s-1' in .*2/case.*, but in 'mm/day' in .*1/case.*: say `units: mm/day`"
    with pytest.raises(BadInput, match=refused):
        open_year(mixed, ["PRECT"])
    source = mixed.source
    with pytest.raises(BadInput, match=refused):
        make_samples(source.dataset, source.mesh, grid, source.matrix, 2000, tmp_path / "made")
    converted = open_year(year(units="mm/day"), ["PRECT"])
    np.testing.assert_allclose(converted.read(converted.paths).values, 4.0, rtol=1e-6)
