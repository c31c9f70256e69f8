"""Levels as other centres write them: the right column, or a sentence that says why not."""

import netCDF4
import numpy as np
import pytest

from mock_raw import LEVELS
from stormtrace.constants import GRAVITY
from stormtrace.errors import BadInput
from stormtrace.prepare.dataset import make_dataset
from stormtrace.prepare.fields import derive_blocks
from stormtrace.prepare.mesh.mesh_reading import dataset_mesh
from stormtrace.prepare.plan import make_plans

LAT, LON = np.linspace(-60, 60, 4), np.arange(0, 360, 60.0)
RNG = np.random.default_rng(14)
PS = 60000 + 42000 * RNG.random((2, 4, 6))
A, B = LEVELS.a_mid, LEVELS.b_mid
EDGES = np.stack([LEVELS.a_interface, LEVELS.b_interface])
BOUNDS = np.stack([EDGES[:, :-1], EDGES[:, 1:]], axis=-1)  # (a and b, level, 2)
PRESSURE = (A * 1e5)[:, None, None, None] + B[:, None, None, None] * PS  # (level, time, lat, lon)
U = 10 * np.log(PRESSURE / 3e4) + LAT[:, None] + np.arange(6) / 10
Q = 0.01 * (PRESSURE / 1e5) ** 2
FIELDS = {"U850": {"interpolate": "U", "to": 850}, "TMQ": {"integrate": "Q"}}
DIMENSIONS = ("time", "lev", "lat", "lon")


def plain(values=U, humidity=Q, pressure=PRESSURE, ps=PS):
    """U at 850 hPa with np.interp, column by column, and Σ q dp / g, from the definitions."""
    u850 = np.empty(ps.shape)
    for place in np.ndindex(ps.shape):
        column = (slice(None), *place)
        u850[place] = np.interp(np.log(85000.0), np.log(pressure[column]), values[column])
    edges = (EDGES[0] * 1e5)[:, None, None, None] + EDGES[1][:, None, None, None] * ps
    return u850, (humidity * np.diff(edges, axis=0)).sum(axis=0) / GRAVITY


def write(path, variables, sizes=()):
    """variables: name -> (dimensions, values, attributes); time, lat and lon are added."""
    with netCDF4.Dataset(path, "w") as nc:
        axes = {"time": (np.array([0.0, 6]), {"units": "hours since 2000-01-01"}),
                "lat": (LAT, {"units": "degrees_north"}), "lon": (LON, {"units": "degrees_east"})}  # fmt: skip
        for name, (values, attributes) in axes.items():
            variables = {name: ((name,), values, attributes), **variables}
        for name, (dimensions, values, attributes) in variables.items():
            values = np.asarray(values)
            for dimension, size in zip(dimensions, values.shape, strict=True):
                if dimension not in nc.dimensions:
                    nc.createDimension(dimension, size)
            if values.dtype.kind == "S":
                nc.createVariable(name, "S1", dimensions)[...] = values
                continue
            nc.createVariable(name, str if values.dtype.kind == "U" else values.dtype, dimensions)[
                ...
            ] = values
            nc[name].setncatts(attributes)
    return path


def columns(flip=slice(None), surface="ps", lev="lev", **attributes):
    dimensions = ("time", lev, "lat", "lon")
    return {
        "U": (dimensions, U[flip].swapaxes(0, 1), {"units": "m s-1", **attributes}),
        "Q": (dimensions, Q[flip].swapaxes(0, 1), {"units": "kg kg-1", **attributes}),
        surface: (("time", "lat", "lon"), PS, {"units": "Pa"}),
    }


def derive(files, **keys):
    spec = {
        "name": "levels",
        "source": "cesm",
        "step_hours": 6,
        "parts": [{"period": ["2000-01-01", "2000-01-01 12:00"], "files": str(files)}],
        "fields": FIELDS,
        **keys,
    }
    dataset = make_dataset(spec)
    (plan,) = make_plans(dataset, int(spec["parts"][0]["period"][0][:4]))
    (block,) = derive_blocks(dataset, plan, dataset_mesh(dataset), 8)
    return block.fields


def check(fields, expected=None):
    u850, tmq = plain() if expected is None else expected
    np.testing.assert_allclose(fields["U850"], u850.reshape(2, -1), atol=2e-4)
    if "TMQ" in fields:
        np.testing.assert_allclose(fields["TMQ"], tmq.reshape(2, -1), rtol=1e-5)


# --- one writer for each way to say where hybrid levels are -----------------------------------------


def cmor(flip, terms=True):
    """A, b, p0, ps by CF's formula, bounds with a formula of their own."""
    formula = {"formula_terms": "p0: p0 a: a b: b ps: ps"} if terms else {}
    of_bounds = {"formula_terms": "p0: p0 a: a_bnds b: b_bnds ps: ps"} if terms else {}
    return columns(flip) | {
        "lev": (("lev",), (A + B)[flip], {"units": "1", "bounds": "lev_bnds", "positive": "down",
                "standard_name": "atmosphere_hybrid_sigma_pressure_coordinate", **formula}),
        "lev_bnds": (("lev", "two"), BOUNDS.sum(axis=0)[flip], of_bounds),
        "a": (("lev",), A[flip], {}), "b": (("lev",), B[flip], {}),
        "a_bnds": (("lev", "two"), BOUNDS[0][flip], {}),
        "b_bnds": (("lev", "two"), BOUNDS[1][flip], {}),
        "p0": ((), 1e5, {"units": "Pa"}),
    }  # fmt: skip


def cmor_in_pascals(flip):
    """Ap, b, ps: no reference pressure."""
    return columns(flip) | {
        "lev": (("lev",), (A + B)[flip], {"formula_terms": "ap: ap b: b ps: ps", "bounds": "x"}),
        "x": (("lev", "two"), BOUNDS.sum(axis=0)[flip], {}),
        "ap": (("lev",), 1e5 * A[flip], {"units": "Pa"}), "b": (("lev",), B[flip], {}),
        "ap_bnds": (("lev", "two"), 1e5 * BOUNDS[0][flip], {"units": "Pa"}),
        "b_bnds": (("lev", "two"), BOUNDS[1][flip], {}),
    }  # fmt: skip


def cesm2(sign, flip):
    """CESM2's CMIP6 files: lev in hPa, of any sign, "alevel", no formula (ESMValCore #538)."""
    attributes = {"units": "hPa", "positive": "up", "standard_name": "alevel", "axis": "Z"}
    names = ("a", "b", "a_bnds", "b_bnds", "p0", "U", "Q", "ps")
    found = {name: cmor(flip)[name] for name in names}
    return found | {"lev": (("lev",), sign * 1000 * (A + B)[flip], attributes)}


def only_bounds(flip):
    """CESM2's cl: bounds alone, and the wrong way round; lev_bnds has the formula."""
    found = cesm2(-1, flip)
    back = slice(None, None, -1)
    for index, name in enumerate(("a_bnds", "b_bnds")):
        found[name] = (("lev", "two"), BOUNDS[index][flip][back], {})
    formula = {"formula_terms": "p0: p0 a: a_bnds b: b_bnds ps: ps"}
    found["lev_bnds"] = (("lev", "two"), BOUNDS.sum(axis=0)[flip][back], formula)
    found["lev"][2]["bounds"] = "lev_bnds"
    return {name: value for name, value in found.items() if name not in ("a", "b")}


def cam(flip, turned=False):
    """CAM's names; turned: xarray's isel turns the mid-levels, but not the interfaces."""
    edges = EDGES if turned else EDGES[:, flip]
    return columns(flip, "PS") | {
        "hyam": (("lev",), A[flip], {}), "hybm": (("lev",), B[flip], {}),
        "hyai": (("ilev",), edges[0], {}), "hybi": (("ilev",), edges[1], {}),
        "P0": ((), 1e5, {"units": "Pa"}),
    }  # fmt: skip


def echam(flip):
    """ECHAM's and EMAC's: hyam in Pa, numbered levels, the interfaces by a formula of their own."""
    numbers = np.arange(1, 11.0)[flip]
    return columns(flip, "aps") | {
        "lev": (("lev",), numbers, {"units": "level", "standard_name": "hybrid_sigma_pressure",
                "positive": "down", "formula_terms": "ap: hyam b: hybm ps: aps"}),
        "ilev": (("ilev",), np.arange(1, 12.0)[flip],
                 {"formula_terms": "ap: A b: B ps: aps", "positive": "down"}),
        "hyam": (("lev",), 1e5 * A[flip], {"units": "Pa"}), "hybm": (("lev",), B[flip], {}),
        "A": (("ilev",), 1e5 * EDGES[0][flip], {"units": "Pa"}), "B": (("ilev",), EDGES[1][flip], {}),
    }  # fmt: skip


def cdo(flip):
    """The coefficients have dimensions of their own, from the top down, whatever the levels do."""
    return columns(flip, "aps") | {
        "lev": (("lev",), np.arange(1, 11.0)[flip], {"long_name": "hybrid level at layer midpoints",
                "units": "level", "positive": "down", "formula_terms": "ap: hyam b: hybm ps: aps"}),
        "hyam": (("nhym",), 1e5 * A, {}), "hybm": (("nhym",), B, {}),
        "hyai": (("nhyi",), 1e5 * EDGES[0], {}), "hybi": (("nhyi",), EDGES[1], {}),
    }  # fmt: skip


def grib(flip):
    """GRIB's list pv, all a of the half levels, then all b; surface pressure as its logarithm."""
    pv = np.concatenate([EDGES[0] * 1e5, EDGES[1]])
    found = columns(flip, "lnsp", "model_level", GRIB_pv=pv)
    level = {"long_name": "hybrid level", "positive": "down", "units": "1"}
    return found | {
        "model_level": (("model_level",), np.arange(1, 11.0)[flip], level),
        "lnsp": (("time", "one", "lat", "lon"), np.log(PS)[:, None], {"units": "Numeric"}),
    }


WRITERS = {
    "formula a b p0 ps": cmor,
    "formula ap b ps": cmor_in_pascals,
    "names a b p0": lambda flip: cmor(flip, terms=False),
    "CESM2, lev negative": lambda flip: cesm2(-1, flip),
    "CESM2, lev positive": lambda flip: cesm2(1, flip),
    "bounds alone, turned": only_bounds,
    "CAM": cam,
    "CAM, turned by xarray": lambda flip: cam(flip, turned=True),
    "ECHAM": echam,
    "cdo": cdo,
    "GRIB pv and lnsp": grib,
}


@pytest.mark.parametrize("upward", [False, True], ids=["from the top", "from the ground"])
@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
def test_hybrid_levels_by_any_name(tmp_path, writer, upward):
    """No configuration at all: not even the name of surface pressure (PS by default)."""
    write(tmp_path / "x.nc", writer(slice(None, None, -1) if upward else slice(None)))
    check(derive(tmp_path / "x.nc"))


def test_levels_last_and_points_turned(tmp_path):
    found = cmor(slice(None))
    for name in ("U", "Q"):
        values, attributes = found[name][1:]
        turned = np.asarray(values).transpose(0, 3, 2, 1)
        found[name] = (("time", "lon", "lat", "lev"), turned, attributes)
    found["ps"] = (("lat", "lon", "time"), PS.transpose(1, 2, 0), {"units": "Pa"})
    write(tmp_path / "x.nc", found)
    check(derive(tmp_path / "x.nc"))


def test_surface_pressure_in_another_file_by_the_formulas_name(tmp_path):
    found = echam(slice(None))
    aps = {"aps": found.pop("aps")}
    write(tmp_path / "u.nc", found)
    write(tmp_path / "aps.nc", aps)
    check(derive(tmp_path / "*.nc"))
    write(tmp_path / "aps.nc", {"aps_ave": aps["aps"]})
    with pytest.raises(BadInput, match=r"no variable aps.*U needs aps"):
        derive(tmp_path / "*.nc")
    check(derive(tmp_path / "*.nc", names={"surface_pressure": "aps_ave"}))


def test_configured_surface_pressure_goes_before_the_formulas(tmp_path):
    found = cmor(slice(None))
    found["ps_true"] = found["ps"]
    found["ps"] = (("time", "lat", "lon"), PS * 0.9, {"units": "Pa"})
    write(tmp_path / "x.nc", found)
    check(derive(tmp_path / "x.nc", names={"surface_pressure": "ps_true"}))


@pytest.mark.parametrize("kind", ["table", "csv", "netcdf"])
@pytest.mark.parametrize("upward", [False, True])
def test_coefficients_of_a_file_of_the_users(tmp_path, kind, upward):
    flip = slice(None, None, -1) if upward else slice(None)
    found = grib(flip)
    for name in ("U", "Q"):
        del found[name][2]["GRIB_pv"]
    write(tmp_path / "x.nc", found)
    if kind == "netcdf":
        path = write(tmp_path / "coefficients.nc4", cdo(slice(None)))
    else:
        sign = "," if kind == "csv" else " "
        rows = [f"{n}{sign}{a * 1e5:.9f}{sign}{b:.12f}" for n, (a, b) in enumerate(EDGES.T)]
        path = tmp_path / f"half.{'csv' if kind == 'csv' else 'txt'}"
        path.write_text("# level, a, b\n" + "\n".join(rows))
    check(
        derive(
            tmp_path / "x.nc",
            vertical={"coefficients": str(path)},
            names={"surface_pressure": "lnsp"},
        )
    )


@pytest.mark.parametrize("text", ["", "a b\n1 2\n", "1 2\n3 4\n5 6\n", "0 0 0\n1 5 .5\n2 0 .9\n"])
def test_a_table_that_is_none_is_told_what_it_must_hold(tmp_path, text):
    write(tmp_path / "x.nc", cam(slice(None)))
    (tmp_path / "half.txt").write_text(text)
    with pytest.raises(BadInput, match=r"half\.txt: .*number from 0, a in Pa, b; found"):
        derive(tmp_path / "x.nc", vertical={"coefficients": str(tmp_path / "half.txt")})


# --- some of a model's levels ------------------------------------------------------------------------


def ecmwf():
    """Half levels of ECMWF's 137 (a, b), from the project's table."""
    from stormtrace.prepare.raw.coefficients import L137

    return np.loadtxt(L137)[:, 1:].T


def test_ecmwfs_137_levels_are_those_published():
    """ECMWF's page gives the pressures of half and full levels over 1013.25 hPa, too: some of them.

    b is published with six digits: 5e-7 · 1013 hPa is what that leaves open.
    """
    a, b = ecmwf()
    half = (a + b * 101325) / 100
    full = (half[1:] + half[:-1]) / 2
    published = {1: (0.0200, 0.0100), 136: (1010.8487, 1009.5363),
                 137: (1013.25, 1012.0494)}  # fmt: skip
    for level, (at_half, at_full) in published.items():
        assert half[level] == pytest.approx(at_half, abs=6e-4)
        assert full[level - 1] == pytest.approx(at_full, abs=6e-4)
    assert half.size == 138 and (np.diff(half) > 0).all()


def test_half_level_pressures_of_a_column_of_the_ifs():
    """Over 101953.68 Pa the IFS itself had these (a published column of it; b as above)."""
    a, b = ecmwf()
    its = {55: 7728.10139, 70: 16711.9243, 90: 40833.7637, 100: 60292.2922, 110: 80006.9724,
           120: 93133.6048, 130: 99715.3078, 136: 101712.062}  # fmt: skip
    for level, pressure in its.items():
        assert a[level] + b[level] * 101953.680 == pytest.approx(pressure, abs=0.06)


@pytest.mark.parametrize("numbers", [np.arange(100, 138), np.arange(137, 99, -1), [105, 120, 137]])
def test_some_of_ecmwfs_levels_are_known_by_their_numbers(tmp_path, numbers):
    a, b = ecmwf()
    full = np.stack([(a[1:] + a[:-1]) / 2, (b[1:] + b[:-1]) / 2])[:, np.asarray(numbers) - 1]
    pressure = full[0][:, None, None, None] + full[1][:, None, None, None] * PS
    u = 10 * np.log(pressure / 3e4) + LAT[:, None]
    level = {"standard_name": "atmosphere_hybrid_sigma_pressure_coordinate", "units": "1"}
    found = {
        "U": (("time", "model_level", "lat", "lon"), u.swapaxes(0, 1), {"units": "m s-1"}),
        "model_level": (("model_level",), np.asarray(numbers, float), level),
        "lnsp": (("time", "lat", "lon"), np.log(PS), {"units": "Numeric"}),
    }
    write(tmp_path / "x.nc", found)
    order = np.argsort(full[1])
    expected, _ = plain(u[order], pressure=pressure[order], humidity=np.zeros((10, *PS.shape)))
    check(derive(tmp_path / "x.nc", fields={"U850": FIELDS["U850"]}), (expected, None))
    with pytest.raises(
        BadInput, match=rf"no integral of U .* only {len(numbers)} of the model's 137"
    ):
        derive(tmp_path / "x.nc", fields={"X": {"integrate": "U"}})
    # Numbers that an older model of ECMWF's may have had are not guessed; the user says which.
    found["model_level"] = (("model_level",), np.arange(1.0, len(numbers) + 1), level)
    write(tmp_path / "x.nc", found)
    with pytest.raises(BadInput, match=r"no hybrid coefficients"):
        derive(tmp_path / "x.nc", fields={"U850": FIELDS["U850"]})


def test_some_levels_of_a_file_may_be_interpolated_not_integrated(tmp_path):
    """Cut by ncks -d lev: hyai and hybi keep all eleven."""
    found = cam(slice(None))
    for name in ("U", "Q"):
        found[name] = (DIMENSIONS, found[name][1][:, 4:], found[name][2])
    for name in ("hyam", "hybm"):
        found[name] = (("lev",), found[name][1][4:], {})
    write(tmp_path / "x.nc", found)
    expected = plain(U[4:], pressure=PRESSURE[4:])
    check(derive(tmp_path / "x.nc", fields={"U850": FIELDS["U850"]}), expected)
    with pytest.raises(BadInput, match=r"no integral of Q.* not hyai and hybi.*coefficients"):
        derive(tmp_path / "x.nc")
    for name in ("hyai", "hybi"):
        found[name] = (("ilev",), found[name][1][4:], {})
    write(tmp_path / "x.nc", found)
    with pytest.raises(BadInput, match=r"levels from \d+ to 100000 Pa .* not a whole column"):
        derive(tmp_path / "x.nc")


def wrong(name, change):
    def writer():
        found = cam(slice(None))
        dimensions, values, attributes = found[name]
        found[name] = (dimensions, change(np.array(values)), attributes)
        return found

    return writer


@pytest.mark.parametrize(
    ("writer", "message"),
    [
        (wrong("hybi", lambda b: np.roll(b, 1)), r"level \d+ of 10 .* must lie between"),
        (wrong("hybm", lambda b: b * 0.9), r"must lie between their interfaces"),
        (wrong("hybm", lambda b: np.where(np.arange(10) == 5, np.nan, b)), r"must be complete"),
        (wrong("hyam", lambda a: a * 1000), r"hyam goes up to \d+.* a pressure in Pa is expected"),
        (wrong("hybm", lambda b: np.sort(b)[[9, 1, 2, 3, 4, 5, 6, 7, 8, 0]]), r"grow from level"),
    ],
    ids=["interfaces shifted", "mid-levels off", "a hole", "a in hPa without units", "no order"],
)
def test_coefficients_that_contradict_each_other(tmp_path, writer, message):
    write(tmp_path / "x.nc", writer())
    with pytest.raises(BadInput, match=message):
        derive(tmp_path / "x.nc")


def test_a_share_of_a_lost_reference_pressure_is_refused(tmp_path):
    found = cmor(slice(None))
    del found["p0"]
    write(tmp_path / "x.nc", found)
    with pytest.raises(BadInput, match=r"a is a share of a reference pressure p0, which is not"):
        derive(tmp_path / "x.nc")


def test_coefficients_of_another_model_are_refused(tmp_path):
    """As many levels, but others: their nominal pressures do not fit."""
    found = cesm2(1, slice(None))
    for name in ("a", "b", "a_bnds", "b_bnds", "p0"):
        del found[name]
    write(tmp_path / "x.nc", found)
    other = cam(slice(None))
    edges = np.linspace(0, 1, 11)
    for mid, edge, values in (("hyam", "hyai", 0.1 * (1 - edges)), ("hybm", "hybi", edges)):
        other[edge] = (("ilev",), values, {})
        other[mid] = (("lev",), (values[1:] + values[:-1]) / 2, {})
    keys = {"vertical": {"coefficients": str(write(tmp_path / "coefficients.nc4", other))}}
    with pytest.raises(BadInput, match=r"nominal levels from .*must be those of the same model"):
        derive(tmp_path / "x.nc", **keys)
    write(tmp_path / "coefficients.nc4", cam(slice(None, None, -1)))
    check(derive(tmp_path / "x.nc", **keys))


def test_logarithm_on_the_first_of_many_levels(tmp_path):
    """MARS writes lnsp for all levels asked for, missing on all but the first."""
    found = grib(slice(None))
    many = np.full((2, 10, 4, 6), np.nan)
    many[:, 0] = np.log(PS)
    found["lnsp"] = (("time", "model_level", "lat", "lon"), many, {"units": "~"})
    write(tmp_path / "x.nc", found)
    check(derive(tmp_path / "x.nc"))
    found["lnsp"] = (("time", "model_level", "lat", "lon"), many[:, [0] * 10], {"units": "~"})
    write(tmp_path / "x.nc", found)
    with pytest.raises(BadInput, match=r"lnsp .* has values on 10 of 10 levels"):
        derive(tmp_path / "x.nc")


def test_one_model_level_is_not_interpolated(tmp_path):
    found = grib(slice(None))
    found["U"] = (("time", "one", "lat", "lon"), found["U"][1][:, :1], found["U"][2])
    found["one"] = (("one",), [1.0], found["model_level"][2])
    write(tmp_path / "x.nc", found)
    with pytest.raises(BadInput, match=r"U .* has one model level only: .*`take` it"):
        derive(tmp_path / "x.nc", fields={"U850": FIELDS["U850"]})
    assert derive(tmp_path / "x.nc", fields={"U850": {"take": "U"}})["U850"].shape == (2, 24)


# --- pressure levels ---------------------------------------------------------------------------------

HPA = np.array([300.0, 500, 700, 850, 925, 1000])


def on_pressure(levels, attributes, dimensions=DIMENSIONS, name="lev"):
    """U = 10 ln p + latitude on levels given in hPa; `levels` as they are written."""
    hpa = np.asarray(levels, float)
    hpa = hpa / 100 if hpa.max() > 1100 else hpa
    u = np.log(hpa)[None, :, None, None] * 10 + LAT[:, None] + np.zeros((2, 1, 1, 6))
    order = ["time", "lev", "lat", "lon"]
    turned = u.transpose([order.index(each) for each in dimensions])
    dimensions = tuple(name if each == "lev" else each for each in dimensions)
    return {
        "U": (dimensions, turned, {"units": "m s-1"}),
        name: ((name,), np.asarray(levels), attributes),
    }


def check_pressure(fields, target=850):
    expected = np.broadcast_to((10 * np.log(target) + LAT)[None, :, None], (2, 4, 6))
    np.testing.assert_allclose(fields["U"], expected.reshape(2, -1), rtol=1e-5)


@pytest.mark.parametrize("target", [850, 600])
@pytest.mark.parametrize(
    "written",
    [
        on_pressure(HPA, {"units": "hPa"}),
        on_pressure(HPA[::-1] * 100, {"units": "Pa", "standard_name": "air_pressure"}, name="plev"),
        on_pressure(HPA.astype("i4"), {"units": "millibars"}, name="level"),
        on_pressure(HPA.astype("i8"), {}, name="level"),
        on_pressure(HPA[::-1], {"units": "1"}, name="pressure_level"),
        on_pressure(HPA.astype("f4") * 100, {}, name="plev"),
        on_pressure(HPA, {"units": "Hectopascal(hPa)"}, name="level"),
        on_pressure(HPA, {"units": "mb"}, ("time", "lat", "lon", "lev")),
        on_pressure(HPA, {"units": "hPa"}, ("lev", "time", "lon", "lat")),
    ],
    ids=["hPa", "Pa down", "millibars", "no units", "unit 1", "Pa no units", "WeatherBench", "last",
         "first"],
)  # fmt: skip
def test_pressure_levels_as_they_come(tmp_path, written, target):
    write(tmp_path / "x.nc", written)
    check_pressure(
        derive(tmp_path / "x.nc", fields={"U": {"interpolate": "U", "to": target}}), target
    )


def test_levels_without_units_are_told(tmp_path, caplog):
    write(tmp_path / "x.nc", on_pressure(HPA, {}, name="level"))
    derive(tmp_path / "x.nc", fields={"U": {"interpolate": "U", "to": 850}}, name="unitless")
    (record,) = [each for each in caplog.records if "unitless" in each.message]
    assert "level has levels 300, 500, 700, 850 … without units: taken for hPa" in record.message


@pytest.mark.parametrize(
    ("levels", "attributes", "name", "message"),
    [
        ([1.0, 2, 3, 5, 7], {}, "plev", r"plev has levels 1, 2, 3, 5 … without units: say whether"),
        ([72.0, 71, 68], {}, "level", r"no hybrid coefficients"),
        ([1.0, 2, 3], {"units": "level"}, "lev", r"no hybrid coefficients"),
        ([300.0, 85000], {"units": "hPa"}, "lev", r"impossible: .*vertical: {levels: hPa}"),
        ([992.556, 976.325, 957.485], {"units": "hPa"}, "lev", r"992\.556 hPa, as model levels"),
        ([10.0, 1500, 3000], {"units": "m"}, "lev", r"lies on heights \(lev in 'm'\)"),
        ([10.0, 1500, 3000], {"standard_name": "altitude"}, "z_lev", r"lies on heights"),
        ([0.2, 0.5, 0.9], {"units": "sigma_level"}, "lev", r"lies on sigma levels"),
        ([300.0, 350, 500], {"units": "K", "positive": "up"}, "lev", r"constant potential temp"),
        ([300.0, 500], {"axis": "Z", "units": "m"}, "depth", r"lies on depths"),
        ([0.1, 0.5, 0.9], {"standard_name": "atmosphere_hybrid_height_coordinate",
         "formula_terms": "a: a b: b orog: orog"}, "lev", r"lies on heights"),
        ([300.0, 500, 400], {"units": "hPa"}, "lev", r"not in order of pressure"),
        ([300.0, 500], {"units": "hPa"}, "lev", r"850 hPa lies outside the levels of U, 300 … 500"),
    ],
)  # fmt: skip
def test_what_is_no_pressure_is_not_taken_for_one(tmp_path, levels, attributes, name, message):
    found = on_pressure([100.0, 300, 500, 700, 850][: len(levels)], attributes, name=name)
    found[name] = ((name,), np.array(levels), attributes)
    found |= {each: ((name,), np.ones(len(levels)), {}) for each in ("a", "b")}
    write(tmp_path / "x.nc", found)
    with pytest.raises(BadInput, match=message):
        derive(tmp_path / "x.nc", fields={"U": {"interpolate": "U", "to": 850}})


def test_advice_on_levels_works(tmp_path):
    """What the two sentences above say to do: the unit is given, or the levels are declared."""
    keys = {"fields": {"U": {"interpolate": "U", "to": 850}}, "vertical": {"levels": "hPa"}}
    write(tmp_path / "x.nc", on_pressure(np.append(HPA, 1013.2517), {"units": "hPa"}))
    check_pressure(derive(tmp_path / "x.nc", **keys))
    write(tmp_path / "x.nc", on_pressure(HPA, {"units": "Pa"}))
    check_pressure(derive(tmp_path / "x.nc", **keys))


@pytest.mark.parametrize("scalar", [False, True])
def test_a_single_level(tmp_path, scalar):
    """CMIP6's ua850 has its pressure as a scalar; others have a dimension of one."""
    found = on_pressure([850.0], {"units": "hPa"})
    attributes = {"units": "Pa", "standard_name": "air_pressure", "positive": "down"}
    if scalar:
        found["U"] = (("time", "lat", "lon"), found["U"][1][:, 0], {"coordinates": "plev"})
        found = {"U": found["U"], "plev": ((), 85000.0, attributes)}
    write(tmp_path / "x.nc", found)
    for derivation in ({"take": "U"}, {"interpolate": "U", "to": 850}):
        check_pressure(derive(tmp_path / "x.nc", fields={"U": derivation}))
    with pytest.raises(BadInput, match=r"500 hPa lies outside the levels of U, 850 … 850"):
        derive(tmp_path / "x.nc", fields={"U": {"interpolate": "U", "to": 500}})


def test_files_with_other_levels_are_not_mixed(tmp_path):
    for name, hour, levels in (("a", 0, HPA), ("b", 6, np.append(200.0, HPA))):
        found = on_pressure(levels, {"units": "hPa"})
        found["U"] = (DIMENSIONS, found["U"][1][:1], {})
        write(tmp_path / f"{name}.nc", {**found, "time": (("time",), np.array([hour * 1.0]), {"units": "hours since 2000-01-01"})})  # fmt: skip
    with pytest.raises(BadInput, match=r"other levels \(7\) than in .*a\.nc \(6\)"):
        derive(tmp_path / "*.nc", fields={"U": {"interpolate": "U", "to": 850}})


# --- further dimensions ------------------------------------------------------------------------------


def members(values, name="number", dimensions=None, attributes=None):
    """PSL + 100 × the index along a further dimension; its coordinate has `values`."""
    dimensions = dimensions or ("time", name, "lat", "lon")
    psl = 1e5 + 100.0 * np.arange(len(values))[:, None, None] + PS[:, None] / 100
    order = ["time", name, "lat", "lon"]
    found = {"PSL": (dimensions, psl.transpose([order.index(each) for each in dimensions]), {})}
    return found | ({name: ((name,), np.array(values), attributes or {})} if values[0] is not None else {})  # fmt: skip


PSL = {"fields": {"PSL": {"take": "PSL"}}}


def check_member(fields, index):
    expected = (1e5 + 100.0 * index + PS / 100).reshape(2, -1)
    np.testing.assert_allclose(fields["PSL"], expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("found", "select", "index"),
    [
        (members([0, 1, 2]), {"number": 1}, 1),
        (members([0.0, 1.0, 2.0]), {"number": 2}, 2),
        (members([1, 5], "expver"), {"expver": "0005"}, 1),
        (members(["r1i1p1f1", "r10i1p1f1"], "member_id"), {"member_id": "r10i1p1f1"}, 1),
        (members([3, 4], "realization", ("realization", "time", "lat", "lon")), {"realization": 4.0}, 1),
        (members([3, 4], "ens", ("time", "lat", "lon", "ens")), {"ens": 4}, 1),
        (members([None, None, None], "member"), {"member": 2}, 2),
        (members([85000.0, 50000.0], "plev", attributes={"units": "Pa"}), {"plev": 50000}, 1),
    ],
    ids=["int", "float", "expver", "text", "first", "last", "no coordinate", "a level"],
)  # fmt: skip
def test_a_further_dimension_is_chosen(tmp_path, found, select, index):
    write(tmp_path / "x.nc", found)
    check_member(derive(tmp_path / "x.nc", **PSL, select=select), index)


def test_a_member_in_characters(tmp_path):
    """netCDF-3 has text as rows of characters."""
    names = np.array([list("r1"), list("r2")], "S1")
    found = members([None, None], "member") | {"member": (("member", "length"), names, {})}
    write(tmp_path / "x.nc", found)
    check_member(derive(tmp_path / "x.nc", **PSL, select={"member": "r2"}), 1)


@pytest.mark.parametrize("points", [True, False], ids=["with points", "without"])
def test_a_further_dimension_not_chosen_is_refused_by_name(tmp_path, points):
    write(tmp_path / "x.nc", members([0, 1, 2]))
    if not points:
        with netCDF4.Dataset(tmp_path / "x.nc", "a") as nc:
            nc.renameVariable("lat", "rows")
            nc.renameVariable("lon", "columns")
            for name in ("rows", "columns"):
                del nc[name].units
    message = r"dimension number \(3 values: 0, 1, 2\) .* select: {number: 0}"
    with pytest.raises(BadInput, match=message):
        derive(tmp_path / "x.nc", **PSL)
    with pytest.raises(BadInput, match=r"number of PSL has no 7; it has 0, 1, 2: correct"):
        derive(tmp_path / "x.nc", **PSL, select={"number": 7})


def test_a_file_of_another_member_is_refused(tmp_path):
    """A scalar coordinate: the file has one member, and not the one that is asked for."""
    found = {"PSL": (("time", "lat", "lon"), 1e5 + PS / 100, {}), "number": ((), 0, {})}
    write(tmp_path / "x.nc", found)
    check_member(derive(tmp_path / "x.nc", **PSL, select={"number": 0}), 0)
    with pytest.raises(BadInput, match=r"number of PSL has no 3; it has 0"):
        derive(tmp_path / "x.nc", **PSL, select={"number": 3})


@pytest.mark.parametrize("kind", ["scalar", "along time"])
def test_expver_as_text_is_no_dimension(tmp_path, kind):
    """CDS since 2024: a string, or one for each valid_time."""
    found = members([0])
    values, dimensions = ("0001", ()) if kind == "scalar" else (["0001", "0005"], ("time",))
    write(tmp_path / "x.nc", found | {"expver": (dimensions, np.array(values), {})})
    check_member(derive(tmp_path / "x.nc", **PSL), 0)


def test_times_of_the_other_expver_are_holes(tmp_path):
    """Recent months: expver 1 ends where 5 begins; what is missing is told, not filled."""
    found = members([1, 5], "expver")
    found["PSL"][1][1, 0], found["PSL"][1][0, 1] = np.nan, np.nan
    write(tmp_path / "x.nc", found)
    with pytest.raises(BadInput, match=r"PSL, .* 24 of 24 values missing .*2000-01-01 06:00"):
        derive(tmp_path / "x.nc", **PSL, select={"expver": 1})
    with pytest.raises(BadInput, match=r"06:00 has .*: the raw file is empty there"):
        derive(tmp_path / "x.nc", **PSL, select={"expver": 1}, holes="nearest")


# --- pressures and thicknesses as fields, in files of their own ---------------------------------------

NUMBERS = {"units": "layer", "positive": "down", "standard_name": "model_layers"}
THICKNESS = np.diff((EDGES[0] * 1e5)[:, None, None, None] + EDGES[1][:, None, None, None] * PS, axis=0)  # fmt: skip


def field_file(path, variables, flip=slice(None), attributes=NUMBERS, numbers=None):
    values = {"U": U, "Q": Q, "PL": PRESSURE, "DELP": THICKNESS}
    found = {name: (DIMENSIONS, values[name][flip].swapaxes(0, 1), {}) for name in variables}
    if attributes is not None:
        numbers = np.arange(1, 11.0) if numbers is None else numbers
        found["lev"] = (("lev",), numbers[flip], attributes)
    write(path, found)


UP, DOWN = slice(None, None, -1), slice(None)


@pytest.mark.parametrize("own", [UP, DOWN], ids=["up", "down"])
@pytest.mark.parametrize("partner", [UP, DOWN], ids=["up", "down"])
@pytest.mark.parametrize("said", [NUMBERS, {"units": "layer"}], ids=["positive", "unsaid"])
def test_pressures_in_another_file_may_run_the_other_way(tmp_path, own, partner, said):
    """An orientation that could be read in its own file alone was a wrong value in silence."""
    field_file(tmp_path / "u.nc", ("U", "Q"), own, said)
    field_file(tmp_path / "p.nc", ("PL",), partner, said)
    field_file(tmp_path / "d.nc", ("DELP",), partner, said)
    check(derive(tmp_path / "*.nc"))


@pytest.mark.parametrize("own", [UP, DOWN], ids=["up", "down"])
def test_pressures_in_the_same_file_need_no_coordinate(tmp_path, own):
    field_file(tmp_path / "u.nc", ("U", "Q", "PL", "DELP"), own, None)
    check(derive(tmp_path / "*.nc"))


def test_levels_that_cannot_be_compared_or_are_others(tmp_path):
    field_file(tmp_path / "u.nc", ("U",), UP, None)
    field_file(tmp_path / "p.nc", ("PL",), DOWN, None)
    keys = {"fields": {"U850": FIELDS["U850"]}}
    with pytest.raises(BadInput, match=r"their orders cannot be compared: add one"):
        derive(tmp_path / "*.nc", **keys)
    field_file(tmp_path / "u.nc", ("U",), DOWN)
    field_file(tmp_path / "p.nc", ("PL",), DOWN, numbers=np.arange(3, 13.0))
    with pytest.raises(BadInput, match=r"U has 10 levels, PL in .*p\.nc others: levels 1 … 10"):
        derive(tmp_path / "*.nc", **keys)
    field_file(tmp_path / "u.nc", ("U",), slice(1, None), None)
    field_file(tmp_path / "p.nc", ("PL",), DOWN, None)
    with pytest.raises(BadInput, match=r"U has 9 levels, PL in .*p\.nc 10"):
        derive(tmp_path / "*.nc", **keys)


def test_thickness_of_some_levels_gives_no_integral(tmp_path):
    field_file(tmp_path / "u.nc", ("U", "Q", "PL", "DELP"), slice(3, None))
    check(derive(tmp_path / "*.nc", fields={"U850": FIELDS["U850"]}), plain(U[3:], pressure=PRESSURE[3:]))  # fmt: skip
    with pytest.raises(BadInput, match=r"no integral of Q .* only levels 4 … 10, 7 of them"):
        derive(tmp_path / "*.nc")


def test_heights_with_a_pressure_of_their_own(tmp_path):
    """The advice for levels of height: name the variable with their pressure."""
    heights = {"units": "m", "standard_name": "altitude", "positive": "up"}
    field_file(tmp_path / "u.nc", ("U", "PL"), DOWN, heights, np.linspace(20000, 10, 10))
    with netCDF4.Dataset(tmp_path / "u.nc", "a") as nc:
        nc.renameVariable("PL", "pfull")
    keys = {"fields": {"U850": FIELDS["U850"]}}
    with pytest.raises(BadInput, match=r"lies on heights .*names: {pressure: …"):
        derive(tmp_path / "u.nc", **keys)
    check(derive(tmp_path / "u.nc", **keys, names={"pressure": "pfull"}))
