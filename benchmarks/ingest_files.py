"""A synthetic model day at ne120 × 30 levels as CAM writes it, and the cells of its mesh."""

from pathlib import Path

import netCDF4
import numpy as np

from stormtrace.prepare.mesh import camse

STEPS = 8
FORMS = {"CDF5": "NETCDF3_64BIT_DATA", "netCDF-4": "NETCDF4"}
# CAM5's 30 levels, as η = a + b; the transition to pure pressure is at the ninth.
ETA = np.array([2.255, 5.032, 10.16, 18.56, 30.67, 45.87, 63.32, 80.7, 94.94, 111.7, 131.4, 154.6,
                181.9, 214.0, 251.7, 296.1, 348.4, 409.8, 482.2, 567.2, 652.3, 730.4, 796.4, 845.4,
                873.7, 900.3, 925.0, 947.4, 967.5, 985.1, 1000.0]) / 1000  # fmt: skip
B = np.clip((ETA - ETA[8]) / (1 - ETA[8]), 0, None) ** 1.15
A = ETA - B


def write_day(folder: Path, form: str, ne: int) -> None:
    """Write Q, U, V, PS and PSL of one day, one variable a file, as CAM names them."""
    cube = camse.columns(ne)
    rng = np.random.default_rng(0)
    lat, lon = np.radians(cube.lat), np.radians(cube.lon)
    plateau = 45000 * np.exp(-(((cube.lat - 33) / 8) ** 2) - ((cube.lon - 88) / 15) ** 2)
    ps = [101000 - plateau + 800 * np.sin(3 * lon + step / 5) for step in range(STEPS)]
    a_mid, b_mid = (A[1:] + A[:-1]) / 2, (B[1:] + B[:-1]) / 2
    for name in ("Q", "U", "V", "PS", "PSL"):
        with _history_file(folder, name, form, cube) as file:
            for step in range(STEPS):
                if name in ("PS", "PSL"):
                    file[name][step] = ps[step] + (plateau if name == "PSL" else 0)
                    continue
                pressure = (a_mid[:, None] * 1e5 + b_mid[:, None] * ps[step]).astype("f4")
                law = 0.016 * (pressure / 1e5) ** 3 if name == "Q" else 20 * np.log(pressure / 3e4)
                noise = 1 + 0.01 * rng.standard_normal(cube.ncol, dtype="f4")
                file[name][step] = law * np.cos(lat).astype("f4") * noise


def _history_file(folder: Path, name: str, form: str, cube: camse.CubedSphere) -> netCDF4.Dataset:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"case.cam.h3.{name}.2000010100Z-2000010121Z.nc"
    file = netCDF4.Dataset(path, "w", format=form)
    file.set_fill_off()
    for dimension, size in (
        ("time", None),
        ("lev", 30),
        ("ilev", 31),
        ("ncol", cube.ncol),
        ("nbnd", 2),
    ):
        file.createDimension(dimension, size)
    mid = {"hyam": (A[1:] + A[:-1]) / 2, "hybm": (B[1:] + B[:-1]) / 2}
    for key, values in {**mid, "hyai": A, "hybi": B}.items():
        file.createVariable(key, "f8", ("lev" if key in mid else "ilev",))[:] = values
    file.createVariable("lev", "f8", ("lev",))[:] = 1000 * (mid["hyam"] + mid["hybm"])
    file.createVariable("P0", "f8", ())[...] = 1e5
    for key, values in (("lat", cube.lat), ("lon", cube.lon)):
        file.createVariable(key, "f8", ("ncol",))[:] = values
        file[key].units = "degrees_north" if key == "lat" else "degrees_east"
    time_ = file.createVariable("time", "f8", ("time",))
    time_.setncatts({"units": "days since 2000-01-01", "calendar": "noleap", "bounds": "time_bnds"})
    bounds = file.createVariable("time_bnds", "f8", ("time", "nbnd"))
    edges = np.arange(STEPS + 1) / 8
    time_[:STEPS], bounds[:STEPS] = edges[1:], np.stack([edges[:-1], edges[1:]], axis=1)
    three = name in ("Q", "U", "V")
    chunks = (
        {"chunksizes": (1, 1, cube.ncol) if three else (1, cube.ncol)} if form == "NETCDF4" else {}
    )
    file.createVariable(
        name, "f4", ("time", "lev", "ncol") if three else ("time", "ncol"), **chunks
    )
    return file


def spec_of(folder: Path) -> dict:
    """Return the dataset of a folder, as a script gets it."""
    part = {
        "period": ["2000-01-01", "2000-01-02"],
        "files": f"{folder}/*.{{variable}}.{{year}}*.nc",
    }
    return {"name": "ne120", "source": "cesm", "parts": [{**part, "stamps": "end"}]}


def write_cells(folder: Path, ne: int) -> dict:
    """Write the GLL sub-cells (54 ne²) as a SCRIP file and a field on them; return the dataset."""
    folder.mkdir(parents=True, exist_ok=True)
    cube = camse.columns(ne)
    corners = cube.quads
    lon, lat = camse.to_lonlat(camse.to_xyz(cube.lon, cube.lat)[corners].mean(axis=1))
    with netCDF4.Dataset(folder / "scrip.nc", "w", format="NETCDF3_64BIT_OFFSET") as file:
        file.createDimension("grid_size", len(corners))
        file.createDimension("grid_corners", 4)
        file.createDimension("grid_rank", 1)
        file.createVariable("grid_dims", "i4", ("grid_rank",))[:] = len(corners)
        file.createVariable("grid_imask", "i4", ("grid_size",))[:] = 1
        content = {"center_lat": lat, "center_lon": lon}
        content |= {"corner_lat": cube.lat[corners], "corner_lon": cube.lon[corners]}
        for name, values in content.items():
            sizes = ("grid_size", "grid_corners")[: values.ndim]
            variable = file.createVariable(f"grid_{name}", "f8", sizes)
            variable.units = "degrees"
            variable[:] = values
    with netCDF4.Dataset(folder / "PSL.nc", "w") as file:
        file.createDimension("time", 1)
        file.createDimension("ncol", len(corners))
        for name, values in (("lat", lat), ("lon", lon)):
            file.createVariable(name, "f8", ("ncol",))[:] = values
        file.createVariable("PSL", "f4", ("time", "ncol"))[:] = 101325
    spec = {
        "name": "cells",
        "source": "cesm",
        "mesh": str(folder / "scrip.nc"),
        "fields": {"PSL": {"take": "PSL"}},
    }
    part = {"period": ["2000-01-01", "2001-01-01"], "files": str(folder / "PSL.nc")}
    return spec | {"fields": {"PSL": {"take": "PSL"}}, "parts": [part]}
