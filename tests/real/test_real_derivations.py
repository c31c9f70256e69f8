"""Derived fields of real files, the whole way, against plain numpy from the definitions."""

import netCDF4
import numpy as np
import pytest

from real_data import real_data
from stormtrace.constants import GRAVITY
from stormtrace.prepare.dataset import make_dataset
from stormtrace.prepare.fields import derive_blocks
from stormtrace.prepare.mesh.mesh_reading import dataset_mesh
from stormtrace.prepare.plan import make_plans


def derived(fields, files, period, **keys):
    """The fields of every step, name -> (nt, n)."""
    parts = [{"period": period, "files": [str(path) for path in files], "stamps": "instant"}]
    dataset = make_dataset({"name": "real", "parts": parts, "fields": fields, **keys})
    mesh = dataset_mesh(dataset)
    blocks = [
        block
        for plan in make_plans(dataset, int(period[0][:4]))
        for block in derive_blocks(dataset, plan, mesh, 4)
    ]
    return {name: np.concatenate([block.fields[name] for block in blocks]) for name in fields}


def stored(path, *names):
    with netCDF4.Dataset(path) as nc:
        return [np.ma.filled(nc[name][...].astype(np.float64), np.nan) for name in names]


def trapezoids(pressure, values, ps):
    """∫ values dp / g from the top level to the ground, column by column, pressure growing."""
    found = np.empty(ps.size)
    for column in range(ps.size):
        p, v = pressure[:, column], values[:, column]
        p, v = p[p <= ps[column]], v[p <= ps[column]]
        found[column] = np.trapezoid([*v, v[-1]], [*p, ps[column]]) / GRAVITY
    return found


def test_merra2s_water_and_transport():
    """14 of 72 levels with their pressures, and the ground of another file.

    TMQ is coarse: at the first step 1.009 of the model's own at the median (the README), at the
    others of the day up to 1.016.
    """
    levels = real_data("merra2/MERRA_pres_20200330.nc4")
    surface = real_data("merra2/MERRA2_sfc_20200330.nc4")
    found = derived(
        {
            "TMQ": {"integrate": "QV"},
            "OWN": {"take": "TQV"},
            "IVT": {"transport": ["QV", "U", "V"]},
            "IVTy": {"transport": ["QV", "U", "V"], "component": "northward"},
        },
        [levels, surface],
        ["2020-03-30", "2020-03-31"],
        source="merra2",
    )
    pl, q, u, v = (one[:, ::-1].reshape(8, 14, -1) for one in stored(levels, "PL", "QV", "U", "V"))
    ps = stored(surface, "PS")[0].reshape(8, -1)
    for step in range(8):
        east, north, water = (
            trapezoids(pl[step], one * q[step], ps[step]) for one in (u[step], v[step], 1.0)
        )
        np.testing.assert_allclose(found["TMQ"][step], water, rtol=2e-5)
        np.testing.assert_allclose(found["IVTy"][step], north, rtol=1e-4, atol=1e-2)
        np.testing.assert_allclose(found["IVT"][step], np.hypot(east, north), rtol=1e-4, atol=1e-2)
    ratio = np.median(found["TMQ"] / found["OWN"], axis=1)
    assert ratio[0] == pytest.approx(1.009, abs=0.0005) and ratio.max() < 1.017
    assert 400 < found["IVT"].max() < 1500  # an atmospheric river over the eastern United States


def test_e3sms_transport():
    path = real_data("e3sm_ne4pg2/e3sm_mmf_ne4pg2_as_cam_history.nc")
    found = derived(
        {"IVT": {"transport": ["Q", "U", "V"]}}, [path], ["0010-01-01", "0010-01-02"],
        source="e3sm", step_hours=24,
    )  # fmt: skip
    q, u, v, ps, a, b, p0 = stored(path, "Q", "U", "V", "PS", "hyai", "hybi", "P0")
    mass = np.diff(a[:, None] * p0 + b[:, None] * ps[0], axis=0) / GRAVITY
    expected = np.hypot((u[0] * q[0] * mass).sum(axis=0), (v[0] * q[0] * mass).sum(axis=0))
    np.testing.assert_allclose(found["IVT"][0], expected, rtol=1e-4, atol=1e-2)


def test_era5s_speed_height_and_temperature():
    """Before 2024: packed, millibars, `m s**-1`, geopotential, of which Z is a height."""
    path = real_data("era5/CDS_old_PLEV_202001_davos.nc")
    found = derived(
        {
            "WSPD700": {"magnitude": ["u", "v"], "to": 700},
            "Z500": {"interpolate": "z", "to": 500},
            "T500": {"interpolate": "t", "to": 500, "units": "degC"},
        },
        [path],
        ["2020-01-05", "2020-01-06"],
        source="era5",
        sampling="instant",
    )
    (level,), (u, v, z, t) = stored(path, "level"), stored(path, "u", "v", "z", "t")
    hours = slice(96, 120, 3)
    at = {pressure: int(np.flatnonzero(level == pressure)[0]) for pressure in (500, 700)}
    speed = np.hypot(u, v)[hours, at[700]].reshape(8, -1)
    np.testing.assert_allclose(found["WSPD700"], speed, rtol=1e-4, atol=1e-3)
    height = (z[hours, at[500]] / 9.80665).reshape(8, -1)
    np.testing.assert_allclose(found["Z500"], height, rtol=1e-6)
    np.testing.assert_allclose(found["T500"], t[hours, at[500]].reshape(8, -1) - 273.15, atol=1e-3)


def test_era5s_vorticity_of_a_whole_globe():
    """1.5°: its area mean is 0, and it is cyclonic on the whole in the winter's storm belt."""
    files = [real_data(f"ingest/era5_2005-01-23-0000-{name}.nc") for name in "uv"]
    found = derived(
        {"VRT850": {"vorticity": ["u", "v"], "to": 850}}, files, ["2005-01-23", "2005-01-24"],
        source="era5", step_hours=24,
    )  # fmt: skip
    (lat, lon, level), (u,), (v,) = (
        stored(files[0], "latitude", "longitude", "level"),
        stored(files[0], "u"),
        stored(files[1], "v"),
    )
    at = int(np.flatnonzero(level == 850)[0])
    zeta = found["VRT850"].reshape(lat.size, lon.size)
    weight = np.cos(np.radians(lat))
    assert abs(np.average(zeta.mean(axis=1), weights=weight)) < 1e-7 < 2e-5 < zeta.std()
    # Plainly, at one place away from the edges: 45N, by central differences.
    row, radius, step = int(np.flatnonzero(lat == 45)[0]), 6371220.0, np.radians(1.5)
    phi = np.radians(lat[row])
    east = (
        8 * (np.roll(v[at], -1, 1) - np.roll(v[at], 1, 1))
        - (np.roll(v[at], -2, 1) - np.roll(v[at], 2, 1))
    )[row] / (12 * step)
    north = (u[at][row - 1] - u[at][row + 1]) / (2 * step)
    expected = (east / np.cos(phi) - north + u[at][row] * np.tan(phi)) / radius
    np.testing.assert_allclose(zeta[row], expected, atol=1e-9)
