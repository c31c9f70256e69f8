"""A user of each source says source, where and when; the vocabulary knows the names."""

from pathlib import Path

import netCDF4
import numpy as np
import pytest
import yaml
from test_fields import derive

from mock_raw import LEVELS
from stormtrace.constants import GRAVITY
from stormtrace.errors import BadInput
from stormtrace.prepare.dataset import make_dataset
from stormtrace.prepare.sources import SOURCES, layouts, vocabulary

CASPER = Path(__file__).resolve().parents[2] / "config" / "casper" / "datasets.yaml"
LAT, LON = np.linspace(88, -88, 9), np.arange(0, 360, 20.0)
POINTS = (9, 18)
HOURS = np.arange(0, 24, 3)
#: hPa, from the top down.
PRESSURES = np.array([300, 500, 700, 850, 925, 1000.0])
HUMIDITY, WIND, SEA, GROUND, WATER = 0.005, 7.0, 101000.0, 100000.0, 20.0


def write(path, variables, time="time", lat="latitude", lon="longitude", levels=None, ncol=None):
    """One day of 3-hourly instants; variables: name -> (units, value or (nlev,) values).

    levels: (name, units, values). ncol: name of the dimension of a mesh of columns.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with netCDF4.Dataset(path, "w") as nc:
        nc.createDimension(time, HOURS.size)
        nc.createVariable(time, "f8", (time,))[:] = HOURS
        nc[time].units, nc[time].calendar = "hours since 2000-01-01 00:00:00", "standard"
        places = ((lat, LAT, "degrees_north"), (lon, LON, "degrees_east"))
        if ncol:
            nc.createDimension(ncol, 162)
            grid = np.meshgrid(LAT, LON, indexing="ij")
            places = [
                (name, one.ravel(), units)
                for (name, _, units), one in zip(places, grid, strict=True)
            ]
        for name, values, units in places:
            if not ncol:
                nc.createDimension(name, values.size)
            nc.createVariable(name, "f8", (ncol or name,))[:] = values
            nc[name].units = units
        if levels:
            nc.createDimension(levels[0], len(levels[2]))
            nc.createVariable(levels[0], "f8", (levels[0],))[:] = levels[2]
            nc[levels[0]].units = levels[1]
        points = (ncol,) if ncol else (lat, lon)
        for name, (units, value) in variables.items():
            column = np.ndim(value) > 0
            level = (levels[0],) if column else ()
            dims = (time, *points, *level) if ncol else (time, *level, *points)
            shape = [nc.dimensions[dim].size for dim in dims]
            values = np.reshape(value, [-1 if dim == (levels or [0])[0] else 1 for dim in dims])
            nc.createVariable(name, "f4", dims)[:] = np.broadcast_to(values, shape)
            if units:
                nc[name].units = units


def fields_of(source, files, **keys):
    part = {"period": ["2000-01-01", "2000-01-02"], "files": files, "stamps": "instant"}
    fields, _ = derive({"name": "here", "source": source, "parts": [part], **keys})
    return fields


def check(fields, water=WATER):
    expected = {"TMQ": water, "U850": WIND, "V850": -WIND, "PSL": SEA}
    assert list(fields) == list(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(fields[name], value, rtol=1e-5)
        assert len(fields[name]) == 8


WINDS = (WIND * PRESSURES / 850, -WIND * PRESSURES / 850)
LINEAR = {"vertical": {"method": "linear"}}


@pytest.mark.parametrize(
    ("layout", "names", "time", "units"),
    [
        (None, ("tcwv", "u", "v", "msl"), "time", "millibars"),
        ("cds", ("tcwv", "u", "v", "msl"), "valid_time", "hPa"),
        ("arco", ("total_column_water_vapour", "u_component_of_wind", "v_component_of_wind",
                  "mean_sea_level_pressure"), "time", "hPa"),
    ],
)  # fmt: skip
def test_era5(tmp_path, layout, names, time, units):
    water, u, v, msl = names
    level = "pressure_level" if time == "valid_time" else "level"
    write(tmp_path / "a.nc", {water: ("kg m**-2", WATER), msl: ("Pa", SEA)}, time)
    write(tmp_path / "b.nc", {u: ("m s**-1", WINDS[0]), v: ("m s**-1", WINDS[1])}, time,
          levels=(level, units, PRESSURES))  # fmt: skip
    keys = {"layout": layout} if layout else {}
    check(fields_of("era5", f"{tmp_path}/*.nc", **keys))


def test_era5_as_the_casper_study_finds_it(tmp_path):
    """NCAR's names: TCWV in ….128_137_tcwv.…, months and days in the names of files."""
    entry = yaml.safe_load(CASPER.read_text().replace("{data}", str(tmp_path)))["datasets"]["era5"]
    del entry["fields"]["PRECT"]  # its forecasts: test_forecast_times.py
    surface, levels = (
        tmp_path / "era5" / f"e5.oper.an.{kind}" / "200001" for kind in ("sfc", "pl")
    )
    for code, name, value, units in (
        ("128_137", "TCWV", WATER, "kg m**-2"),
        ("128_151", "MSL", SEA, "Pa"),
    ):
        file = f"e5.oper.an.sfc.{code}_{name.lower()}.ll025sc.2000010100_2000013123.nc"
        write(surface / file, {name: (units, value)})
    for code, name, value in (("128_131", "U", WINDS[0]), ("128_132", "V", WINDS[1])):
        file = f"e5.oper.an.pl.{code}_{name.lower()}.ll025uv.2000010100_2000010123.nc"
        write(levels / file, {name: ("m s**-1", value)}, levels=("level", "hPa", PRESSURES))
    file = "e5.oper.an.vinteg.162_072_viwvn.ll025sc.2000010100_2000013123.nc"
    write(
        levels.parents[1] / "e5.oper.an.vinteg/200001" / file, {"VIWVN": ("kg m**-1 s**-1", WATER)}
    )
    part = entry["parts"][0] | {"period": ["2000-01-01", "2000-01-02"]}
    fields, _ = derive(entry | {"name": "era5", "parts": [part]})
    assert fields.pop("IVTN").mean() == pytest.approx(np.mean(WATER), rel=1e-3)
    check(fields)
    del entry["fields"]["IVTN"]
    assert make_dataset({**entry, "name": "era5"}).fields == make_dataset(
        {"name": "era5", "source": "era5", "layout": "ncar", "parts": [part]}
    ).fields  # fmt: skip


def test_cmip6_on_pressure_levels(tmp_path):
    up = slice(None, None, -1)
    levels = ("plev", "Pa", 100 * PRESSURES[up])
    write(tmp_path / "x.nc", {
        "hus": ("1", np.full(6, HUMIDITY)), "ua": ("m s-1", WINDS[0][up]),
        "va": ("m s-1", WINDS[1][up]), "psl": ("Pa", SEA), "ps": ("Pa", GROUND),
    }, lat="lat", lon="lon", levels=levels)  # fmt: skip
    water = HUMIDITY * (GROUND - 30000) / GRAVITY  # from the top level to the ground
    check(fields_of("cmip6", f"{tmp_path}/*.nc", **LINEAR), water)


def test_cmip6_on_hybrid_levels(tmp_path):
    """a, b, p0 and ps by formula_terms; CMOR's bounds are the interfaces."""
    pressure = LEVELS.mid_pressure(np.array([GROUND]))[:, 0] / 100
    write(tmp_path / "x.nc", {
        "hus": ("1", np.full(10, HUMIDITY)), "ua": ("m s-1", WIND * pressure / 850),
        "va": ("m s-1", -WIND * pressure / 850), "psl": ("Pa", SEA), "ps": ("Pa", GROUND),
    }, lat="lat", lon="lon", levels=("lev", "1", LEVELS.a_mid + LEVELS.b_mid))  # fmt: skip
    with netCDF4.Dataset(tmp_path / "x.nc", "a") as nc:
        nc.createDimension("bnds", 2)
        terms = {"a": (LEVELS.a_mid, LEVELS.a_interface), "b": (LEVELS.b_mid, LEVELS.b_interface)}
        for name, (middle, edge) in terms.items():
            nc.createVariable(name, "f8", ("lev",))[:] = middle
            nc.createVariable(f"{name}_bnds", "f8", ("lev", "bnds"))[:] = np.stack(
                [edge[:-1], edge[1:]], axis=1
            )
        nc.createVariable("p0", "f8", ())[:] = 1e5
        nc["lev"].standard_name = "atmosphere_hybrid_sigma_pressure_coordinate"
        nc["lev"].formula_terms = "a: a b: b p0: p0 ps: ps"
        nc["lev"].bounds = "lev_bnds"
        edges = LEVELS.a_interface + LEVELS.b_interface
        nc.createVariable("lev_bnds", "f8", ("lev", "bnds"))[:] = np.stack(
            [edges[:-1], edges[1:]], 1
        )
        nc["lev_bnds"].formula_terms = "a: a_bnds b: b_bnds p0: p0 ps: ps"
    water = (
        HUMIDITY * (GROUND - LEVELS.a_interface[0] * 1e5 - LEVELS.b_interface[0] * GROUND) / GRAVITY
    )
    check(fields_of("cmip6", f"{tmp_path}/*.nc", **LINEAR), water)


def test_scream(tmp_path):
    """TMQ = Σ qv · pseudo_density / g, levels last."""
    write(tmp_path / "x.nc", {
        "qv": ("kg/kg", np.full(6, HUMIDITY)), "pseudo_density": ("Pa", np.full(6, GROUND / 6)),
        "U_at_850hPa": ("m/s", WIND), "V_at_850hPa": ("m/s", -WIND), "SeaLevelPressure": ("Pa", SEA),
    }, lat="lat", lon="lon", levels=("lev", "1", np.arange(6)), ncol="ncol")  # fmt: skip
    check(fields_of("e3sm", f"{tmp_path}/*.nc", layout="scream"), HUMIDITY * GROUND / GRAVITY)


def test_mpas(tmp_path):
    write(tmp_path / "x.nc", {
        "precipw": ("kg m^{-2}", WATER), "mslp": ("Pa", SEA),
        "uzonal_850hPa": ("m s^{-1}", WIND), "umeridional_850hPa": ("m s^{-1}", -WIND),
    }, lat="latCell", lon="lonCell", ncol="nCells")  # fmt: skip
    check(fields_of("mpas", f"{tmp_path}/*.nc"))


def test_icon(tmp_path):
    """Levels of height whose pressure is a variable."""
    write(tmp_path / "x.nc", {
        "tqv_dia": ("kg m-2", WATER), "pres_msl": ("Pa", SEA), "pres": ("Pa", 100 * PRESSURES),
        "u": ("m s-1", WINDS[0]), "v": ("m s-1", WINDS[1]),
    }, lat="clat", lon="clon", levels=("height", "1", np.arange(6)), ncol="ncells")  # fmt: skip
    with netCDF4.Dataset(tmp_path / "x.nc", "a") as nc:
        nc["height"].axis = "Z"
    check(fields_of("icon", f"{tmp_path}/*.nc", **LINEAR))


def spec(**keys):
    part = {"period": ["2000-01-01", "2000-01-02"], "files": "x.nc"}
    return {"name": "here", "parts": [part], **keys}


def test_a_layout_is_one_of_its_source():
    with pytest.raises(BadInput, match=r"layout is \"near\": era5 has no such layout.*ncar"):
        make_dataset(spec(source="era5", layout="near"))
    with pytest.raises(BadInput, match="cesm has no such layout"):
        make_dataset(spec(source="cesm", layout="cds"))


def test_names_are_the_sources_unless_said():
    names = make_dataset(spec(source="e3sm", layout="scream", names={"pressure": "p"})).names
    assert (names.surface_pressure, names.pressure, names.thickness) == (
        "ps",
        "p",
        "pseudo_density",
    )
    assert make_dataset(spec(source="era5")).names.surface_pressure == "sp"


def test_every_source_has_the_canonical_fields():
    for source in SOURCES:
        for layout in layouts(source):
            assert list(vocabulary(source, layout).fields) == ["TMQ", "U850", "V850", "PSL"]
