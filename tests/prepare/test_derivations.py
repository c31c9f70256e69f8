"""Derivations against the same formulas written out plainly, analytic fields and real files."""

import netCDF4
import numpy as np
import pytest
from test_fields import derive

from mock_raw import LEVELS, MESH, Cesm, Merra2, surface_pressure
from stormtrace.blocks import dump
from stormtrace.constants import EARTH_RADIUS_KM, GRAVITY
from stormtrace.errors import BadInput
from stormtrace.prepare.air_layers import layers_above_ground
from stormtrace.prepare.dataset import make_dataset
from stormtrace.prepare.derivations import make_derivation
from stormtrace.prepare.mesh import camse
from stormtrace.prepare.mesh.meshes import Mesh, mesh_of_axes
from stormtrace.prepare.raw.calendar_time import HOUR
from stormtrace.prepare.vorticity import vorticity

RADIUS = 1000 * EARTH_RADIUS_KM
TRANSPORT = {"transport": ["Q", "U", "V"]}


def test_an_entry_travels_as_it_is_written():
    for entry in (
        {"take": "PSL", "files": "a.nc", "mirror": "even"},
        {"interpolate": "U", "to": 850},
        {**TRANSPORT, "component": "northward"},
        {"vorticity": ["U", "V"], "to": 850, "units": "1/s"},
    ):
        once = make_derivation(entry)
        assert make_derivation(dump(once)) == once


def test_transport_on_hybrid_levels_is_the_plain_sum(tmp_path):
    raw = Cesm(tmp_path)
    raw.write_all()
    fields, filled = derive(
        raw.spec(fields={
            "IVT": TRANSPORT,
            "IVTx": {**TRANSPORT, "component": "eastward"},
            "IVTy": {**TRANSPORT, "component": "northward"},
        })
    )  # fmt: skip
    for step in range(raw.steps):
        ps = surface_pressure(raw.lat, raw.lon, step)
        mass = np.diff(LEVELS.a_interface[:, None] * 1e5 + LEVELS.b_interface[:, None] * ps, axis=0)
        q, u, v = (raw.values(name)[step] for name in ("Q", "U", "V"))
        east, north = (u * q * mass).sum(axis=0) / GRAVITY, (v * q * mass).sum(axis=0) / GRAVITY
        np.testing.assert_allclose(fields["IVTx"][step], east, atol=2e-3)
        np.testing.assert_allclose(fields["IVTy"][step], north, atol=2e-3)
        np.testing.assert_allclose(fields["IVT"][step], np.hypot(east, north), atol=2e-3)
    assert not filled["IVT"].any()


def nv_columns(raw, seed=0):
    """Humidity, winds, pressure, thickness and ground of model levels, (records, 4, nlat, nlon)."""
    generator = np.random.default_rng(seed)
    shape = (raw.records, 4, raw.nlat, raw.nlon)
    thickness = np.array([10000, 30000, 30000, 29000.0])[None, :, None, None] * (
        1 + 0.05 * generator.random(shape)
    )
    interface = 1000 + np.cumsum(thickness, axis=1)
    pressure = interface - thickness / 2
    q, u, v = 0.01 * generator.random(shape), *generator.normal(0, 10, (2, *shape))
    return {"QV": q, "U": u, "V": v, "PL": pressure, "DELP": thickness, "PS": interface[:, -1]}


def test_transport_on_levels_with_a_thickness_is_the_plain_sum(tmp_path):
    raw = Merra2(tmp_path, records=8, step=3 * HOUR, first=0)
    columns = nv_columns(raw)
    raw.write({name: columns[name] for name in ("QV", "U", "V", "DELP")}, "x", [1, 2, 3, 4], "1")
    part = {"files": f"{tmp_path}/*.x.{{year}}*.nc4"}
    fields, _ = derive(raw.spec(part=part, fields={"IVT": {"transport": ["QV", "U", "V"]}}))
    flux = columns["QV"] * columns["DELP"] / GRAVITY
    expected = np.hypot((columns["U"] * flux).sum(axis=1), (columns["V"] * flux).sum(axis=1))
    np.testing.assert_allclose(
        fields["IVT"].reshape(expected.shape), expected, rtol=1e-4, atol=1e-2
    )


def trapezoid(pressure, values, ps):
    """One column: np.trapezoid over the levels above the ground, the lowest going on to it."""
    above = pressure <= ps
    return np.trapezoid([*values[above], values[above][-1]], [*pressure[above], ps]) / GRAVITY


@pytest.mark.parametrize("below", ["missing", "extrapolated"])
@pytest.mark.parametrize("down", [True, False])
def test_pressure_levels_are_summed_above_the_ground(tmp_path, below, down):
    """ERA5 goes on below the ground, CMIP6 and MERRA-2 are missing there: it is all the same."""
    raw = Merra2(tmp_path, records=2, step=3 * HOUR, first=0)
    levels = np.array([300, 500, 700, 850, 925, 1000.0])
    generator = np.random.default_rng(1)
    ps = 100 * generator.uniform(550, 1040, (2, raw.nlat, raw.nlon))
    q = generator.uniform(0, 0.02, (2, 6, raw.nlat, raw.nlon))
    under = 100 * levels[None, :, None, None] > ps[:, None]
    stored = np.where(under, np.nan if below == "missing" else 9.0, q)
    order = slice(None) if down else slice(None, None, -1)
    raw.write({"QV": stored[:, order], "PS": ps}, "x", levels[order])
    part = {"period": ["2000-01-01", "2000-01-01 06:00"], "files": f"{tmp_path}/*.x.{{year}}*.nc4"}
    fields, _ = derive(raw.spec(part=part, fields={"TMQ": {"integrate": "QV"}}))
    expected = [
        trapezoid(100 * levels, column, ground)
        for one, grounds in zip(q, ps, strict=True)
        for column, ground in zip(one.reshape(6, -1).T, grounds.ravel(), strict=True)
    ]
    np.testing.assert_allclose(fields["TMQ"].ravel(), expected, rtol=1e-5)


def test_layers_of_a_linear_profile_are_exact():
    """∫ p dp from 200 hPa to a ground on a level is (ps² − p_top²) / 2."""
    pressure = np.array([20000, 50000, 70000, 100000.0])[:, None]
    layers = layers_above_ground(pressure, np.array([100000.0, 70000.0]))
    sums = layers.integrate(np.broadcast_to(pressure, (4, 2)).astype("f4")) * GRAVITY
    np.testing.assert_allclose(sums, [(1e10 - 4e8) / 2, (4.9e9 - 4e8) / 2], rtol=1e-6)


def test_a_missing_level_above_the_ground_is_a_hole(tmp_path):
    raw = Merra2(tmp_path, records=1, step=3 * HOUR, first=0)
    q = np.full((1, 4, raw.nlat, raw.nlon), 0.01)
    q[0, 1, 3, 5] = np.nan
    raw.write({"QV": q, "PS": np.full((1, raw.nlat, raw.nlon), 1e5)}, "x", [300, 500, 850, 1000.0])
    part = {"period": ["2000-01-01", "2000-01-01 03:00"], "files": f"{tmp_path}/*.x.{{year}}*.nc4"}
    with pytest.raises(BadInput, match="QV, from which TMQ comes, has 1 of 684 values missing"):
        derive(raw.spec(part=part, fields={"TMQ": {"integrate": "QV"}}))


def test_wind_speed_is_that_of_each_record(tmp_path):
    """Hourly winds that turn round have a mean of 0 and a speed of 10 m/s; V is in cm/s."""
    raw = Merra2(tmp_path, records=3)
    turn = 2 * np.pi * np.arange(3)[:, None, None] / 3 + np.zeros((3, raw.nlat, raw.nlon))
    path = raw.write({"U10M": 10 * np.cos(turn), "V10M": 1000 * np.sin(turn)})
    with netCDF4.Dataset(path, "a") as file:
        file["U10M"].units, file["V10M"].units = "m s-1", "cm s-1"
    part = {"period": ["2000-01-01", "2000-01-01 03:00"]}
    fields, _ = derive(raw.spec(part=part, fields={"WSPD": {"magnitude": ["U10M", "V10M"]}}))
    np.testing.assert_allclose(fields["WSPD"], 10, rtol=1e-5)


def test_wind_speed_at_a_level_is_that_of_the_interpolated_wind(tmp_path):
    raw = Cesm(tmp_path)
    raw.write_all()
    fields, filled = derive(
        raw.spec(fields={
            "U850": {"interpolate": "U", "to": 850},
            "V850": {"interpolate": "V", "to": 850},
            "SPEED850": {"magnitude": ["U", "V"], "to": 850},
        })
    )  # fmt: skip
    np.testing.assert_allclose(
        fields["SPEED850"], np.hypot(fields["U850"], fields["V850"]), rtol=1e-6
    )
    np.testing.assert_array_equal(filled["SPEED850"], filled["U850"])


@pytest.mark.parametrize(
    ("entry", "reduce"),
    [({"sum": "TP"}, np.sum), ({"maximum": "TP"}, np.max), ({"minimum": "TP"}, np.min),
     ({"take": "TP"}, np.mean)],
)  # fmt: skip
def test_sums_and_extremes_within_a_step(tmp_path, entry, reduce):
    raw = Merra2(tmp_path)
    amounts = np.random.default_rng(2).random((24, raw.nlat, raw.nlon))
    raw.write({"TP": amounts})
    fields, _ = derive(raw.spec(fields={"RAIN": entry}), steps=8)
    expected = reduce(amounts.reshape(8, 3, -1), axis=1)
    np.testing.assert_allclose(fields["RAIN"], expected, rtol=1e-6)


def test_a_sum_needs_all_records_of_a_step(tmp_path):
    raw = Merra2(tmp_path)
    with pytest.raises(BadInput, match="a sum is of all records within a step"):
        make_dataset(raw.spec(fields={"RAIN": {"sum": "TP", "sampling": "instant"}}))


def test_variables_of_one_field_have_one_interval(tmp_path):
    """Hourly wind to the east beside 3-hourly to the north must not be paired by position."""
    hourly = Merra2(tmp_path / "h", first=0)
    steps = Merra2(tmp_path / "s", records=8, step=3 * HOUR, first=0)
    hourly.write({"U10M": np.ones((24, 19, 36))}, "x")
    steps.write({"V10M": np.ones((8, 19, 36))}, "y")
    part = {"files": [f"{tmp_path}/s/*.y.{{year}}*.nc4", f"{tmp_path}/h/*.x.{{year}}*.nc4"]}
    with pytest.raises(BadInput, match=r"V10M has 1 records a step, but U10M, .* 3 "):
        derive(hourly.spec(part=part, fields={"WSPD": {"magnitude": ["U10M", "V10M"]}}))


def test_a_transport_needs_one_set_of_levels(tmp_path):
    raw = Merra2(tmp_path, records=8, step=3 * HOUR, first=0)
    columns = nv_columns(raw)
    raw.write({"QV": columns["QV"], "PS": columns["PS"]}, "x", [300, 500, 850, 1000])
    raw.write({"U": columns["U"], "V": columns["V"]}, "y", [300, 500, 700, 1000])
    part = {"files": [f"{tmp_path}/*.{one}.{{year}}*.nc4" for one in "xy"]}
    with pytest.raises(
        BadInput, match=r"U has 4 levels, but QV, .* 4 others: choose files of one set"
    ):
        derive(raw.spec(part=part, fields={"IVT": {"transport": ["QV", "U", "V"]}}))


def rotation(lat):
    """u and ζ of solid-body rotation, 30 m/s at the equator: ζ = 2 U sin φ / a."""
    return 30 * np.cos(np.radians(lat)), 60 * np.sin(np.radians(lat)) / RADIUS


@pytest.mark.parametrize("poles", [True, False])
@pytest.mark.parametrize("down", [True, False])
def test_vorticity_of_solid_body_rotation(poles, down):
    lat = np.linspace(-90, 90, 73) if poles else np.arange(-88.75, 90, 2.5)
    mesh = mesh_of_axes(lat[::-1] if down else lat, np.arange(0, 360, 2.5))
    u, expected = rotation(mesh.lat)
    found = vorticity(u[None], np.zeros((1, mesh.size)), mesh)[0]
    np.testing.assert_allclose(found, expected, atol=5e-4 * expected.max())


def tilted(mesh):
    """Rotation about an axis in the equator's plane: v = U cos λ … , and a flow over both poles.

    With the axis at 0N 0E, v = U cos λ × 0 … the wind is U k × r: u = −U sin φ cos λ, v = U sin λ,
    and ζ = 2 U (k · r) / a = 2 U cos φ cos λ / a.
    """
    lat, lon = np.radians(mesh.lat), np.radians(mesh.lon)
    zeta = 60 * np.cos(lat) * np.cos(lon) / RADIUS
    return -30 * np.sin(lat) * np.cos(lon), 30 * np.sin(lon), zeta


@pytest.mark.parametrize("first", [0.0, -180.0])
def test_vorticity_over_the_poles_converges(first):
    """Flow across both poles: second order on rows and columns, wherever the columns start."""
    errors = []
    for rows in (37, 73, 145):
        mesh = mesh_of_axes(np.linspace(-90, 90, rows), first + np.arange(0, 360, 180 / (rows - 1)))
        u, v, expected = tilted(mesh)
        found = vorticity(u[None], v[None], mesh)[0]
        errors.append(np.abs(found - expected).max() / expected.max())
    assert errors[0] > 3.5 * errors[1] > 12 * errors[2] and errors[2] < 1e-3


def test_vorticity_on_a_mesh_of_columns_converges():
    errors = []
    for ne in (4, 8, 16):
        columns = camse.columns(ne)
        mesh = Mesh(columns.lat, columns.lon % 360, columns.lat.shape)
        u, v, expected = tilted(mesh)
        found = vorticity(u[None], v[None], mesh)[0]
        errors.append(np.sqrt(np.mean((found - expected) ** 2)) / expected.max())
    assert errors[0] > 3 * errors[1] > 9 * errors[2] and errors[2] < 0.01


def test_vorticity_of_a_region_is_one_sided_at_its_edges():
    mesh = mesh_of_axes(np.arange(20.0, 50.1, 0.5), np.arange(180.0, 240.1, 0.5))
    u, v, expected = tilted(mesh)
    found = vorticity(u[None], v[None], mesh)[0]
    np.testing.assert_allclose(found, expected, atol=1e-3 * np.abs(expected).max())


def test_vorticity_at_a_level_goes_the_whole_way(tmp_path):
    raw = Cesm(tmp_path)
    u, _ = rotation(raw.lat)
    still = np.broadcast_to(u, (raw.steps, 10, MESH.ncol))
    for name, values in (("U", still), ("V", 0 * still), ("PS", None)):
        raw.write(name, values=values)
    fields, _ = derive(raw.spec(fields={"VRT850": {"vorticity": ["U", "V"], "to": 850}}))
    expected = rotation(raw.lat)[1]
    assert np.sqrt(np.mean((fields["VRT850"][0] - expected) ** 2)) < 0.1 * expected.max()
