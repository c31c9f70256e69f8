"""Variables of one dataset on different points: put in order, interpolated, or refused."""

import netCDF4
import numpy as np
import pytest

from stormtrace.errors import BadInput
from stormtrace.prepare.check import check_study
from stormtrace.prepare.dataset import make_dataset
from stormtrace.prepare.fields import derive_blocks
from stormtrace.prepare.mesh.mesh_reading import dataset_mesh
from stormtrace.prepare.plan import make_plans

#: Points of masses, and of winds half a cell away, as in the Unified Model.
MASSES = np.arange(-85, 90, 10.0), np.arange(5, 360, 10.0)
WINDS = np.arange(-90, 91, 10.0), np.arange(0, 360, 10.0)
STEPS = 3


def law(lat, lon, step):
    """Linear in latitude and, from column to column, in longitude; on (nlat, nlon)."""
    return 250 + step + lat[:, None] / 10 + np.abs(lon - 180)[None] / 50


def write(folder, name, points, values=law, day=None):
    """Write all steps of a variable, or one day."""
    lat, lon = points
    steps = range(STEPS) if day is None else [day]
    with netCDF4.Dataset(folder / f"{name}.{steps[0]}.nc", "w") as nc:
        for axis, own in (("time", steps), ("lat", lat), ("lon", lon)):
            nc.createDimension(axis, len(own))
            nc.createVariable(axis, "f8", (axis,))[:] = own
        nc["time"].setncatts({"units": "days since 2000-01-01", "calendar": "noleap"})
        nc["lat"].units, nc["lon"].units = "degrees_north", "degrees_east"
        nc.createVariable(name, "f8", ("time", "lat", "lon"))[:] = [
            values(lat, lon, step) for step in steps
        ]


def block(folder, fields, days=(1, 4), **keys):
    period = [f"2000-01-0{day}" for day in days]
    part = {"period": period, "files": f"{folder}/*.nc", "stamps": "instant"}
    spec = {"name": "um", "source": "cesm", "parts": [part], "step_hours": 24, "fields": fields}
    return spec | keys


def dataset(*given, **keys):
    return make_dataset(block(*given, **keys))


def derive(found):
    (plan,) = make_plans(found, 2000)
    (derived,) = derive_blocks(found, plan, dataset_mesh(found), STEPS)
    return derived.fields


FIELDS = {"A": {"take": "A"}, "B": {"take": "B"}}


@pytest.mark.parametrize("rows", [slice(None), slice(None, None, -1)])
@pytest.mark.parametrize("west", [0, -180])
def test_the_same_points_in_another_order_are_put_in_order(tmp_path, rows, west):
    lat, lon = MASSES
    write(tmp_path, "A", MASSES)
    write(tmp_path, "B", (lat[rows], np.sort((lon - west) % 360 + west)), lambda lat, lon, step:
          law(lat, lon % 360, step))  # fmt: skip
    fields = derive(dataset(tmp_path, FIELDS, other_points="interpolate"))
    np.testing.assert_array_equal(fields["A"], fields["B"])


def test_staggered_variables_are_interpolated_before_anything_is_derived(tmp_path):
    """A mass lies in the middle of four winds: its value is their mean.

    From column to column the law is linear but for 180E, between the winds of 180E and 190E, where
    it has a corner at a wind, so that means are exact everywhere.
    """
    write(tmp_path, "A", MASSES)
    write(tmp_path, "B", WINDS)
    write(tmp_path, "C", WINDS, lambda *place: 2 * law(*place))
    fields = {**FIELDS, "S": {"magnitude": ["B", "C"]}, "M": {"magnitude": ["A", "B"]}}
    found = derive(dataset(tmp_path, fields, other_points="interpolate"))
    np.testing.assert_allclose(found["B"], found["A"], rtol=1e-6)
    np.testing.assert_allclose(found["S"], np.sqrt(5) * found["A"], rtol=1e-6)
    np.testing.assert_allclose(found["M"], np.sqrt(2) * found["A"], rtol=1e-6)


def test_a_missing_wind_is_missing_at_the_masses_round_it(tmp_path):
    def holed(lat, lon, step):
        values = law(lat, lon, step)
        values[9, 9] = np.nan
        return values

    write(tmp_path, "A", MASSES)
    write(tmp_path, "B", WINDS, holed)
    with pytest.raises(BadInput, match=r"has 4 of 648 values missing.* at -5\.00N 85\.00E"):
        derive(dataset(tmp_path, FIELDS, other_points="interpolate"))


@pytest.mark.parametrize(
    ("points", "keys", "said"),
    [
        (WINDS, {}, r"B is on \(19, 36\) points, .*first file on \(18, 36\).*`other_points: interp"),
        ((MASSES[0], WINDS[1]), {}, "point 289 of B is at -5.00N 0.00E, .* at -5.00N 5.00E: choose"),
        ((WINDS[0][5:-5], WINDS[1]), {"other_points": "interpolate"},
         "points of B reach from -40.00N to 40.00N and .* 360 of the 648 points"),
    ],
)  # fmt: skip
def test_points_that_do_not_go_together_are_refused(tmp_path, points, keys, said):
    write(tmp_path, "A", MASSES)
    write(tmp_path, "B", points)
    with pytest.raises(BadInput, match=said):
        derive(dataset(tmp_path, FIELDS, **keys))


def test_files_of_one_variable_are_on_the_same_points(tmp_path):
    """One of them that is not, though in the same numbers, has wrong coordinates."""
    turned = MASSES[0], (MASSES[1] + 180) % 360
    write(tmp_path, "A", MASSES)
    for day, points in enumerate((WINDS, turned, turned)):
        write(tmp_path, "B", points, day=day)
    found = dataset(tmp_path, FIELDS, other_points="interpolate")
    with pytest.raises(BadInput, match=r"B.1.nc: B is on \(18, 36\) points, files before on \(19,"):
        derive(found)
    for day, points in enumerate((MASSES, MASSES, turned)):
        write(tmp_path, "B", points, day=day)
    with pytest.raises(
        BadInput, match=r"B is at -5\.00N 185\.00E, in files before at -5\.00N 5"
    ) as told:
        derive(found)
    assert "the same points in the same order; make `files` or `period` narrower" in str(told.value)
    for day, points in enumerate((MASSES, turned, turned)):
        write(tmp_path, "C", points, day=day)
    found = dataset(tmp_path, {"C": {"take": "C"}}, days=(2, 4), other_points="interpolate")
    with pytest.raises(
        BadInput, match=r"in the dataset's first file at .* cannot be of one dataset"
    ):
        derive(found)


@pytest.mark.parametrize("how", [None, "interpolate"])
def test_check_says_what_the_jobs_do(tmp_path, how):
    write(tmp_path, "A", MASSES)
    write(tmp_path, "B", (np.arange(-90, 91, 10.0), np.arange(0, 360, 8.0)))
    found = check_study([block(tmp_path, FIELDS, other_points=how)], workers=1)
    problems = [problem for each in found for problem in each.problems]
    assert bool(problems) == (how is None)
