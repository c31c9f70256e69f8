"""Writers of small files with levels, as the centres write them, and the right values of each."""

import netCDF4
import numpy as np

from mock_raw import LEVELS
from stormtrace.constants import GRAVITY
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


def write(path, variables, source_id=None):
    """variables: name -> (dimensions, values, attributes); time, lat and lon are added."""
    with netCDF4.Dataset(path, "w") as nc:
        if source_id is not None:
            nc.source_id = source_id
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
