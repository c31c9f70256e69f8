"""Pressure levels as they come, and pressures that are fields; what is no pressure is refused."""

import netCDF4
import numpy as np
import pytest

from level_files import (
    DIMENSIONS,
    EDGES,
    FIELDS,
    LAT,
    PRESSURE,
    PS,
    Q,
    U,
    check,
    derive,
    plain,
    write,
)
from stormtrace.errors import BadInput

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


@pytest.mark.parametrize("target", [850, 800])
def test_missing_below_the_ground_is_not_missing_by_damage(tmp_path, target):
    """What is below the ground has nothing below it; a hole above a value is damage."""
    found = on_pressure(HPA, {"units": "hPa"})
    values, keys = found["U"][1], {"fields": {"U": {"interpolate": "U", "to": target}}}
    values[0, 3:, 1, 2] = np.nan  # 850, 925 and 1000 hPa
    write(tmp_path / "x.nc", found)
    fields = derive(tmp_path / "x.nc", **keys)["U"].reshape(2, 4, 6)
    assert fields[0, 1, 2] == pytest.approx(10 * np.log(700) + LAT[1], rel=1e-6)
    values[0, 4, 1, 2] = 1.0
    write(tmp_path / "x.nc", found)
    with pytest.raises(BadInput, match=r"has 1 of 24 values missing .*120\.00E"):
        derive(tmp_path / "x.nc", **keys)


def test_files_with_other_levels_are_not_mixed(tmp_path):
    for name, hour, levels in (("a", 0, HPA), ("b", 6, np.append(200.0, HPA))):
        found = on_pressure(levels, {"units": "hPa"})
        found["U"] = (DIMENSIONS, found["U"][1][:1], {})
        write(tmp_path / f"{name}.nc", {**found, "time": (("time",), np.array([hour * 1.0]), {"units": "hours since 2000-01-01"})})  # fmt: skip
    with pytest.raises(BadInput, match=r"other levels \(7\) than in .*a\.nc \(6\)"):
        derive(tmp_path / "*.nc", fields={"U": {"interpolate": "U", "to": 850}})


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
