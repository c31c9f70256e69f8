"""ERA5 as NCAR has it, beside what inflating it costs: a wind at 850 hPa, and rain by forecast."""

from pathlib import Path

import netCDF4
import numpy as np

from measuring import Cost, Row, Stopwatch
from stormtrace.prepare.dataset import Dataset, make_dataset
from stormtrace.prepare.fields import derive_blocks
from stormtrace.prepare.mesh.mesh_reading import dataset_mesh
from stormtrace.prepare.plan import make_plans

HOURS = 6
FORECASTS, LEADS = 8, 12
LEVELS = np.array([1, 2, 3, 5, 7, 10, 20, 30, 50, 70, *range(100, 251, 25), *range(300, 751, 50),
                   *range(775, 1001, 25)])  # fmt: skip


def write_hours(path: Path) -> None:
    """Write some hours of U as NCAR has them: packed, deflated, chunks of one time."""
    lat, lon = np.linspace(90, -90, 721), np.arange(1440) * 0.25
    rng = np.random.default_rng(0)
    with netCDF4.Dataset(path, "w") as nc:
        sizes = {"time": HOURS, "level": LEVELS.size, "latitude": lat.size, "longitude": lon.size}
        for name, size in sizes.items():
            nc.createDimension(name, size)
        axes = {"time": (np.arange(HOURS), "hours since 2000-01-01"), "level": (LEVELS, "hPa"),
                "latitude": (lat, "degrees_north"), "longitude": (lon, "degrees_east")}  # fmt: skip
        for name, (values, units) in axes.items():
            axis = nc.createVariable(name, "f8", (name,))
            axis.units, axis[:] = units, values
        chunks = (1, *list(sizes.values())[1:])
        wind = nc.createVariable("U", "i2", tuple(sizes), zlib=True, complevel=4, chunksizes=chunks)
        wind.units, wind.scale_factor, wind.add_offset = "m s**-1", 0.003, 0.0
        wind.set_auto_scale(False)
        smooth = np.cumsum(rng.normal(0, 20, (lat.size, lon.size)), axis=1)
        for hour in range(HOURS):
            noise = rng.integers(-30, 30, (LEVELS.size, lat.size, lon.size))
            wind[hour] = np.clip(smooth + noise, -30000, 30000).astype("i2")


def write_forecasts(path: Path, name: str, forecasts: int) -> None:
    """Write forecasts of precipitation as in d633000, e5.oper.fc.sfc.accumu: float32, deflated.

    A forecast of twelve hours is one chunk, 50 MB. Half of the cells are dry, the others rain
    with the 12 significant bits that GRIB left.
    """
    lat, lon = np.linspace(90, -90, 721), np.arange(1440) * 0.25
    rng = np.random.default_rng(len(name))
    sizes = {"forecast_initial_time": forecasts, "forecast_hour": LEADS, "latitude": 721}
    sizes["longitude"] = 1440
    starts = (np.datetime64("2000-01-01T06") - np.datetime64("1900-01-01T00")).astype(int)
    axes = {
        "forecast_initial_time": (starts + LEADS * np.arange(forecasts), "i4"),
        "forecast_hour": (np.arange(1, LEADS + 1), "i4"),
        "latitude": (lat, "f8"),
        "longitude": (lon, "f8"),
    }
    units = ("hours since 1900-01-01 00:00:00", "hours", "degrees_north", "degrees_east")
    with netCDF4.Dataset(path, "w") as nc:
        for (axis, (values, kind)), unit in zip(axes.items(), units, strict=True):
            nc.createDimension(axis, sizes[axis])
            nc.createVariable(axis, kind, (axis,))[:] = values
            nc[axis].units = unit
        nc["forecast_initial_time"].calendar = "gregorian"
        rain = nc.createVariable(
            name, "f4", tuple(sizes), zlib=True, complevel=1, shuffle=True,
            chunksizes=(1, *list(sizes.values())[1:]), fill_value=np.float32(9.999e20),
        )  # fmt: skip
        rain.setncatts({"units": "m", "long_name": "precipitation"})
        for number in range(forecasts):
            smooth = np.cumsum(rng.normal(0, 1, (LEADS, 721, 1440)), axis=2)
            rain[number] = np.round(np.clip(smooth, 0, None)).astype("f4") * np.float32(2e-6)


def era5_rows(scratch: Path) -> list[Row]:
    """Return the rows of both."""
    return [*wind_rows(scratch), *rain_rows(scratch)]


def rain_rows(scratch: Path) -> list[Row]:
    """Time the sums of three hours of LSP + CP, and the plain reading of their forecasts."""
    paths = {name: scratch / f"{name}.nc" for name in ("LSP", "CP")}
    for name, path in paths.items():
        write_forecasts(path, name, FORECASTS)
        path.read_bytes()  # into the page cache
    hours = FORECASTS * LEADS - 2 * LEADS
    part = {"period": ["2000-01-01 09:00", f"2000-01-{1 + hours // 24:02d} 09:00"],
            "files": str(scratch / "{variable}.nc")}  # fmt: skip
    dataset = make_dataset(
        {"name": "era5", "source": "era5", "layout": "ncar", "parts": [part],
         "fields": {"PRECT": {"sum": ["LSP", "CP"]}}, "step_hours": 3}
    )  # fmt: skip
    watch = Stopwatch()
    for path, name in zip(paths.values(), paths, strict=True):
        with netCDF4.Dataset(path) as nc:
            for number in range(hours // LEADS + 1):
                nc[name][number]
    plain = watch.read()
    ours = derived(dataset)
    what = f"ERA5, LSP + CP of {hours} hours, by forecast"
    return [
        Row(what, "float32, deflated, chunks of 1 × 12 × 721 × 1440; sums of 3 hours", ours),
        Row(what, "the netCDF library alone, the same forecasts", plain, ours),
    ]


def derived(dataset: Dataset) -> Cost:
    """Derive all fields of a dataset's year, eight steps at a time; return what it cost."""
    watch = Stopwatch()
    mesh = dataset_mesh(dataset)
    (plan,) = make_plans(dataset, 2000)
    for _ in derive_blocks(dataset, plan, mesh, 8):
        pass
    return watch.read()


def wind_rows(scratch: Path) -> list[Row]:
    """Time U850 of every hour, and the plain reading of that level by the netCDF library."""
    path = scratch / "era5.nc"
    write_hours(path)
    part = {"period": ["2000-01-01", f"2000-01-01 {HOURS:02d}:00"], "files": str(path)}
    fields = {"U850": {"interpolate": "U", "to": 850}}
    dataset = make_dataset(
        {"name": "era5", "source": "era5", "parts": [part], "fields": fields, "step_hours": 1}
    )
    path.read_bytes()  # into the page cache
    watch = Stopwatch()
    with netCDF4.Dataset(path) as nc:
        level = int(np.flatnonzero(LEVELS == 850)[0])
        for hour in range(HOURS):
            nc["U"][hour, level]
    plain = watch.read()
    ours = derived(dataset)
    what = f"ERA5, U at 850 hPa of {HOURS} hours"
    how = "packed, deflated, chunks of 1 × 37 × 721 × 1440"
    return [
        Row(what, how, ours),
        Row(what, "the netCDF library alone, that level of each hour", plain, ours),
    ]
