"""ERA5 hourly on pressure levels: reading a wind at 850 hPa, beside what inflating it costs."""

from pathlib import Path

import netCDF4
import numpy as np

from measuring import Row, Stopwatch
from stormtrace.prepare.dataset import make_dataset
from stormtrace.prepare.fields import derive_blocks
from stormtrace.prepare.mesh.mesh_reading import dataset_mesh
from stormtrace.prepare.plan import make_plans

HOURS = 6
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


def era5_rows(scratch: Path) -> list[Row]:
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
    watch = Stopwatch()
    mesh = dataset_mesh(dataset)
    (plan,) = make_plans(dataset, 2000)
    for _ in derive_blocks(dataset, plan, mesh, 8):
        pass
    ours = watch.read()
    what = f"ERA5, U at 850 hPa of {HOURS} hours"
    how = "packed, deflated, chunks of 1 × 37 × 721 × 1440"
    return [
        Row(what, how, ours),
        Row(what, "the netCDF library alone, that level of each hour", plain, ours),
    ]
