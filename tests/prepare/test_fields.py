"""Recipes on files against the same formulas written out plainly."""

import netCDF4
import numpy as np
import pytest

from mock_raw import LEVELS, MESH, Cesm, Merra2, surface_pressure, wind
from stormtrace.constants import GRAVITY
from stormtrace.errors import BadInput
from stormtrace.prepare import vertical
from stormtrace.prepare.dataset import make_dataset
from stormtrace.prepare.fields import derive_blocks
from stormtrace.prepare.mesh.mesh_reading import dataset_mesh
from stormtrace.prepare.plan import make_plans
from stormtrace.prepare.raw import reader
from stormtrace.prepare.raw.calendar_time import HOUR
from stormtrace.prepare.raw.opened import RawVariable
from stormtrace.prepare.raw.variable_layout import Layout


def derive(spec, year=2000, steps=3):
    """Return name -> (nt, n) and name -> filled counts, over all blocks."""
    dataset = make_dataset(spec)
    mesh = dataset_mesh(dataset)
    (plan,) = make_plans(dataset, year)
    blocks = list(derive_blocks(dataset, plan, mesh, steps))
    names = blocks[0].fields
    return (
        {name: np.concatenate([block.fields[name] for block in blocks]) for name in names},
        {name: np.concatenate([block.filled[name] for block in blocks]) for name in names},
    )


def truth(raw, below="lowest"):
    """TMQ and U850 in float64, one step at a time."""
    tmq, u850 = [], []
    for step in range(raw.steps):
        ps = surface_pressure(raw.lat, raw.lon, step)
        interface = LEVELS.a_interface[:, None] * 1e5 + LEVELS.b_interface[:, None] * ps
        tmq.append((raw.values("Q")[step] * np.diff(interface, axis=0)).sum(axis=0) / GRAVITY)
        lowest = LEVELS.mid_pressure(ps)[-1]
        u850.append(wind(np.minimum(85000.0, lowest), raw.lat, step))
    return np.array(tmq), np.array(u850)


@pytest.mark.parametrize("form", ["NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA", "NETCDF4"])
@pytest.mark.parametrize("kind", ["f4", "f8"])
@pytest.mark.parametrize("upward", [False, True])
def test_cesm_fields_are_the_plain_formulas(tmp_path, form, kind, upward):
    raw = Cesm(tmp_path, form=form, kind=kind, upward=upward)
    raw.write_all()
    fields, filled = derive(raw.spec())
    tmq, u850 = truth(raw)
    np.testing.assert_allclose(fields["TMQ"], tmq, rtol=2e-6)
    np.testing.assert_allclose(fields["U850"], u850, atol=2e-5)
    np.testing.assert_array_equal(fields["PSL"], raw.values("PSL").astype("f4"))
    under = LEVELS.mid_pressure(surface_pressure(raw.lat, raw.lon, 0))[-1] < 85000
    assert filled["U850"][0] == under.sum() > 0 and filled["TMQ"].sum() == 0
    assert all(values.dtype == np.float32 for values in fields.values())


@pytest.mark.parametrize("steps", [1, 5, 8, 100])
def test_blocks_change_nothing(tmp_path, steps):
    raw = Cesm(tmp_path)
    raw.write_all()
    one, other = derive(raw.spec(), steps=3)[0], derive(raw.spec(), steps=steps)[0]
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


@pytest.mark.parametrize("upward", [False, True])
@pytest.mark.parametrize("levels", [1, 3, 9])
def test_slabs_of_levels_change_nothing(tmp_path, monkeypatch, levels, upward):
    """A record that does not fit is read some levels at a time, none twice, and columns in parts."""
    raw = Cesm(tmp_path, upward=upward)
    raw.write_all()
    fields = {
        "TMQ": {"integrate": "Q"},
        "U850": {"interpolate": "U", "to": 850},
        "IVT": {"transport": ["Q", "U", "V"]},
    }
    whole = derive(raw.spec(fields=fields))[0]
    asked = []
    plain = Layout.read
    monkeypatch.setattr(Layout, "read", lambda layout, run, range_=None: asked.append((layout.variable.name, range_)) or plain(layout, run, range_))  # fmt: skip
    monkeypatch.setattr(reader, "BATCH_BYTES", levels * MESH.ncol * 4)
    monkeypatch.setattr(vertical, "COLUMNS", 100)
    parts = derive(raw.spec(fields=fields))[0]
    for name, values in whole.items():
        np.testing.assert_allclose(parts[name], values, rtol=1e-6, atol=1e-4)
    sizes = {each.stop - each.start for name, each in asked if name == "V"}
    assert sizes == {max(1, levels // 3), 10 % max(1, levels // 3)} - {0}
    assert sum(each.stop - each.start for name, each in asked if name == "V") == 8 * 10


@pytest.mark.parametrize("levels", [1, 5, 10])
def test_levels_of_one_chunk_stay_together(tmp_path, monkeypatch, levels):
    """Each chunk of 4 of the 10 levels is inflated once, however little is to be held."""
    raw = Cesm(tmp_path)
    path = raw.write_all(["PSL", "Q"])["Q"]
    chunked = tmp_path / "chunked.nc"
    with netCDF4.Dataset(path) as old, netCDF4.Dataset(chunked, "w") as new:
        for name, dimension in old.dimensions.items():
            new.createDimension(name, len(dimension))
        for name, source in old.variables.items():
            how = {"chunksizes": (1, 4, 866), "zlib": True} if name == "Q" else {}
            new.createVariable(name, source.dtype, source.dimensions, **how)[:] = source[:]
            new[name].setncatts({key: source.getncattr(key) for key in source.ncattrs()})
    dataset = make_dataset(raw.spec())
    monkeypatch.setattr(reader, "BATCH_BYTES", levels * MESH.ncol * 4)
    with reader.Reader(dataset, dataset_mesh(dataset)) as found:
        slabs = found.slabs({"Q": reader.Place(str(chunked), 0)}, 10)
        alone = found.slabs({"Q": reader.Place(str(path), 0)}, 10)
    assert slabs == {1: [(0, 4), (4, 8), (8, 10)], 5: [(0, 4), (4, 8), (8, 10)],
                     10: [(0, 8), (8, 10)]}[levels]  # fmt: skip
    assert alone == [(first, min(first + levels, 10)) for first in range(0, 10, levels)]


def test_only_bracketing_levels_are_read(tmp_path, monkeypatch):
    raw = Cesm(tmp_path)
    raw.write_all()
    asked = []
    plain = RawVariable.read
    monkeypatch.setattr(RawVariable, "read", lambda source, where=(): asked.append((source.name, where)) or plain(source, where))  # fmt: skip
    derive(raw.spec(fields={"U500": {"interpolate": "U", "to": 500}}), steps=8)
    pressure = np.stack(
        [LEVELS.mid_pressure(surface_pressure(raw.lat, raw.lon, step)) for step in range(8)]
    )
    above = np.clip((pressure <= 50000).sum(axis=1) - 1, 0, 8)
    levels = [where[1] for name, where in asked if name == "U"]
    assert levels == [slice(above.min(), above.max() + 2)]
    assert levels[0].stop - levels[0].start < 8


def test_native_fields_are_taken_as_they_are(tmp_path):
    raw = Cesm(tmp_path)
    own = np.random.default_rng(0).random((8, MESH.ncol)).astype("f4")
    raw.write("TMQ", values=own)
    raw.write("PSL")
    fields, _ = derive(raw.spec(fields={"TMQ": {"take": "TMQ"}}))
    np.testing.assert_array_equal(fields["TMQ"], own)


def test_take_is_not_for_levels_nor_interpolate_for_surfaces(tmp_path):
    raw = Cesm(tmp_path)
    raw.write_all()
    with pytest.raises(BadInput, match=r"U \('time', 'lev', 'ncol'\) has 10 levels; `take` is"):
        derive(raw.spec(fields={"U": {"take": "U"}}))
    with pytest.raises(BadInput, match=r"PSL .* has no levels: `take` it"):
        derive(raw.spec(fields={"X": {"interpolate": "PSL", "to": 850}}))


def test_below_nan_leaves_holes_that_are_refused_or_filled(tmp_path):
    raw = Cesm(tmp_path)
    raw.write_all()
    keys = {"fields": {"U850": {"interpolate": "U", "to": 850}}, "vertical": {"below": "nan"}}
    with pytest.raises(
        BadInput, match=r"\.U\.2000.*U, from which U850 comes, has \d+ of 866 values missing"
    ):
        derive(raw.spec(**keys))
    fields, filled = derive(raw.spec(**keys, holes="nearest"))
    under = LEVELS.mid_pressure(surface_pressure(raw.lat, raw.lon, 0))[-1] < 85000
    assert filled["U850"][0] == under.sum()
    np.testing.assert_allclose(fields["U850"][0, ~under], truth(raw)[1][0, ~under], atol=2e-5)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e36, 9.97e36])
def test_a_bad_value_is_told_with_place_time_and_count(tmp_path, bad):
    """Two NaN cells once blanked 1,098 of 43,800 masks."""
    raw = Cesm(tmp_path)
    values = raw.values("PSL")
    values[5, [17, 400]] = bad
    raw.write("PSL", values=values)
    where = f"{MESH.lat[17]:.2f}N {MESH.lon[17]:.2f}E"
    with pytest.raises(
        BadInput, match=rf"PSL\.2000010100Z.*2 of 866 values .*2000-01-01 15:00.*{where}"
    ):
        derive(raw.spec(fields={"PSL": {"take": "PSL"}}))


def test_a_bad_value_in_one_level_of_humidity_is_found(tmp_path):
    raw = Cesm(tmp_path)
    values = raw.values("Q")
    values[3, 4, 99] = np.nan
    raw.write("Q", values=values)
    raw.write("PS")
    with pytest.raises(BadInput, match=r"Q, from which TMQ comes, has 1 of 866 .*09:00"):
        derive(raw.spec(fields={"TMQ": {"integrate": "Q"}}))


@pytest.mark.parametrize("factor", [0.01, np.nan])
def test_surface_pressure_must_be_complete_and_in_pascals(tmp_path, factor):
    raw = Cesm(tmp_path)
    raw.write("Q")
    raw.write("PS", values=raw.values("PS") * np.where(np.arange(MESH.ncol) == 3, factor, 1))
    with pytest.raises(
        BadInput, match=r"PS of record 1 goes from .* a pressure at the ground in Pa"
    ):
        derive(raw.spec(fields={"TMQ": {"integrate": "Q"}}))


def test_files_of_another_mesh_are_refused(tmp_path):
    raw = Cesm(tmp_path)
    raw.write("Q")
    order = np.random.default_rng(0).permutation(MESH.ncol)
    Cesm(tmp_path, lat=MESH.lat[order], lon=MESH.lon[order]).write("PS")
    with pytest.raises(BadInput, match=r"PS.* is at .* in the dataset's first file at"):
        derive(raw.spec(fields={"TMQ": {"integrate": "Q"}}))


def test_coefficients_may_lie_in_another_file(tmp_path):
    raw = Cesm(tmp_path)
    paths = raw.write_all(("Q", "PS"))
    keys = {"fields": {"TMQ": {"integrate": "Q"}}}
    plain, _ = derive(raw.spec(**keys))
    (tmp_path / "grid").mkdir()
    grid = Cesm(tmp_path / "grid").write("PSL")
    with netCDF4.Dataset(paths["Q"], "a") as file:
        file.renameVariable("hyai", "other")
    with pytest.raises(BadInput, match=r"not hyai and hybi.*coefficients"):
        derive(raw.spec(**keys))
    elsewhere, _ = derive(raw.spec(**keys, vertical={"coefficients": str(grid)}))
    np.testing.assert_array_equal(elsewhere["TMQ"], plain["TMQ"])


# --- MERRA-2 ------------------------------------------------------------------------------------


def hourly(raw, seed=0):
    return np.random.default_rng(seed).standard_normal((raw.records, raw.nlat, raw.nlon))


def test_hourly_mean_or_pick(tmp_path):
    raw = Merra2(tmp_path)
    slp = 101325 + 100 * hourly(raw)
    raw.write({"SLP": slp})
    keys = {"fields": {"PSL": {"take": "SLP"}}}
    mean, _ = derive(raw.spec(**keys, sampling="mean"))
    np.testing.assert_allclose(mean["PSL"], slp.reshape(8, 3, -1).mean(axis=1), rtol=2e-7)
    pick, _ = derive(raw.spec(**keys, sampling="instant"))
    np.testing.assert_array_equal(pick["PSL"], slp.reshape(24, -1)[::3].astype("f4"))


def test_many_records_a_step_make_smaller_blocks(tmp_path, monkeypatch):
    """A day of hourly maps of 0.25° is 85 MB; eight days of several fields at once are too much."""
    raw = Merra2(tmp_path, nlat=3, nlon=4)
    raw.write({"TQV": np.broadcast_to(np.arange(24.0)[:, None, None], (24, 3, 4))})
    read, plain = [], Layout.read
    monkeypatch.setattr(
        Layout, "read", lambda own, run, _=None: read.append(run) or plain(own, run)
    )
    fields, _ = derive(raw.spec(fields={"TMQ": {"take": "TQV"}}, step_hours=12), steps=8)
    assert fields["TMQ"][:, 0].tolist() == [5.5, 17.5]
    assert read == [slice(0, 24)]
    monkeypatch.setattr("stormtrace.prepare.fields.BLOCK_RECORDS", 12)
    read.clear()
    derive(raw.spec(fields={"TMQ": {"take": "TQV"}}, step_hours=12), steps=8)
    assert read == [slice(0, 12), slice(12, 24)]


def test_winds_missing_below_the_ground(tmp_path):
    raw = Merra2(tmp_path)
    u = hourly(raw)
    u[:, :3] = np.nan  # Antarctica
    u[4, 12, 30:33] = np.nan  # for one hour more
    raw.write({"U850": u})
    keys = {"fields": {"U850": {"take": "U850"}}}
    with pytest.raises(
        BadInput, match=r"U850.* has 108 of 684 values missing.*-90\.00N 180\.00E.*holes: nearest"
    ):
        derive(raw.spec(**keys))
    fields, filled = derive(raw.spec(**keys, holes="nearest"))
    assert filled["U850"].tolist() == [108, 111, 108, 108, 108, 108, 108, 108]
    on_grid = fields["U850"].reshape(8, 19, 36)
    # The row at 70S lies nearest to that at 80S; further south other longitudes may be as near.
    np.testing.assert_array_equal(on_grid[:, 2], on_grid[:, 3])
    assert np.isin(on_grid[:, :2], on_grid[:, 3]).all()


def column_fields(raw, descending=False):
    """PL, DELP, U and QV of `records` times on the ten hybrid levels, from the top or the ground."""
    lat, lon = raw.points()
    ps = np.stack([surface_pressure(lat, lon, step) for step in range(raw.records)])
    interface = LEVELS.interface_pressure(ps).swapaxes(0, 1)
    pressure = LEVELS.mid_pressure(ps).swapaxes(0, 1)
    fields = {"PL": pressure, "DELP": np.diff(interface, axis=1)}
    fields["U"] = np.stack([wind(p, lat, step) for step, p in enumerate(pressure)])
    fields["QV"] = np.stack([0.01 * (p / 1e5) ** 2 for p in pressure])
    flip = slice(None, None, -1) if descending else slice(None)
    return {name: values[:, flip] for name, values in fields.items()}


@pytest.mark.parametrize("descending", [False, True])
def test_model_levels_with_pressure_as_a_field(tmp_path, descending):
    raw = Merra2(tmp_path, records=8, step=3 * HOUR, first=0)
    fields = column_fields(raw, descending)
    levels = np.arange(1, 11)[:: -1 if descending else 1]
    raw.write(fields, "inst3_3d_asm_Nv", levels, "layer")
    files = f"{tmp_path}/MERRA2_*.inst3_3d_asm_Nv.{{year}}*.nc4"
    recipes = {"TMQ": {"integrate": "QV"}, "U850": {"interpolate": "U", "to": 850}}
    found, filled = derive(raw.spec(part={"files": files}, fields=recipes))
    tmq = (fields["QV"] * fields["DELP"]).sum(axis=1).reshape(8, -1) / GRAVITY
    np.testing.assert_allclose(found["TMQ"], tmq, rtol=2e-6)
    lowest = fields["PL"].max(axis=1)
    lat = raw.points()[0]
    expected = np.stack([wind(np.minimum(85000, p), lat, step) for step, p in enumerate(lowest)])
    np.testing.assert_allclose(found["U850"], expected.reshape(8, -1), atol=5e-5)
    assert filled["U850"][0] == (lowest[0] < 85000).sum() > 0


@pytest.mark.parametrize("below", ["lowest", "nan"])
@pytest.mark.parametrize("target", [850, 600])
def test_pressure_levels_end_at_the_ground(tmp_path, below, target):
    raw = Merra2(tmp_path, records=8, step=3 * HOUR, first=0)
    lat, lon = raw.points()
    levels = np.array([1000.0, 925, 850, 700, 500, 300])
    ps = np.stack([surface_pressure(lat, lon, step) for step in range(8)])
    u = np.stack([np.full(lat.shape, np.log(level)) for level in levels])
    u = np.where(levels[None, :, None, None] * 100 > ps[:, None], np.nan, u[None])
    raw.write({"U": u}, "inst3_3d_asm_Np", levels, "hPa")
    keys = {
        "part": {"files": f"{tmp_path}/MERRA2_*.inst3_3d_asm_Np.{{year}}*.nc4"},
        "fields": {"U": {"interpolate": "U", "to": target}},
        "vertical": {"below": below},
    }
    needed = 85000 if target == 850 else 70000  # the level below 600 hPa is 700
    hole = (ps < needed).reshape(8, -1)
    assert 0 < hole.sum() < hole.size
    if below == "nan":
        with pytest.raises(BadInput, match="values missing"):
            derive(raw.spec(**keys))
        return
    found, filled = derive(raw.spec(**keys))
    np.testing.assert_allclose(found["U"][~hole], np.log(target), rtol=1e-6)
    np.testing.assert_array_equal(filled["U"], hole.sum(axis=1))
    above = np.log(levels[levels * 100 <= 85000])  # only levels above the ground are taken
    assert np.isclose(found["U"][hole][:, None], above, atol=1e-5).any(axis=1).all()


def test_pressure_levels_are_not_extended(tmp_path):
    raw = Merra2(tmp_path, records=8, step=3 * HOUR, first=0)
    raw.write({"U": np.ones((8, 2, 19, 36))}, "inst3_3d_asm_Np", [850, 500], "hPa")
    files = f"{tmp_path}/MERRA2_*.inst3_3d_asm_Np.{{year}}*.nc4"
    keys = {"part": {"files": files}, "fields": {"U850": {"interpolate": "U", "to": 850}}}
    with pytest.raises(BadInput, match=r"below: linear.*needs model levels"):
        derive(raw.spec(**keys, vertical={"below": "linear"}))


def test_no_integral_over_pressure_levels_that_leave_out_air(tmp_path):
    raw = Merra2(tmp_path, records=8, step=3 * HOUR, first=0)
    raw.write({"QV": np.ones((8, 2, 19, 36))}, "inst3_3d_asm_Np", [850, 500], "hPa")
    files = f"{tmp_path}/MERRA2_*.inst3_3d_asm_Np.{{year}}*.nc4"
    with pytest.raises(BadInput, match="from 500 to 850 hPa, which leave out much of the air"):
        derive(raw.spec(part={"files": files}, fields={"TMQ": {"integrate": "QV"}}))


def test_pressure_outside_the_levels(tmp_path):
    raw = Merra2(tmp_path, records=8, step=3 * HOUR, first=0)
    raw.write({"U": np.ones((8, 2, 19, 36))}, "inst3_3d_asm_Np", [700, 500], "hPa")
    files = f"{tmp_path}/MERRA2_*.inst3_3d_asm_Np.{{year}}*.nc4"
    with pytest.raises(BadInput, match="850 hPa lies outside the levels of U, 500 … 700"):
        derive(raw.spec(part={"files": files}, fields={"U850": {"interpolate": "U", "to": 850}}))
