"""Raw files as NASA's MERRA-2 brings them: one day of hourly means a file, on a small grid."""

from pathlib import Path

import cftime
import netCDF4
import numpy as np

from stormtrace.planet.climates import MERRA2
from stormtrace.planet.globe import Globe
from stormtrace.planet.settings import Settings
from stormtrace.planet.smooth_fields import Points
from stormtrace.planet.times import Times
from stormtrace.planet.truth import write_truth
from stormtrace.provenance import provenance

CALENDAR = "standard"
FILL = np.float32(1e15)
#: The longitude at which real files have this instead of 0.
NEARLY_ZERO = -5.9e-13

FIELDS = {
    "TQV": ("kg m-2", "total_precipitable_water_vapor"),
    "U850": ("m s-1", "eastward_wind_at_850_hPa"),
    "V850": ("m s-1", "northward_wind_at_850_hPa"),
    "SLP": ("Pa", "sea_level_pressure"),
    "PS": ("Pa", "surface_pressure"),
}


def write_merra2(folder: Path, settings: Settings, year: int, seed: int) -> None:
    """Write `merra2_days` days round the New Year after `year`, and `truth/`, into `folder`."""
    nlat, nlon = settings.merra2_grid["nlat"], settings.merra2_grid["nlon"]
    lat = np.linspace(-90.0, 90.0, nlat)
    lon = -180.0 + np.arange(nlon) * 360.0 / nlon
    lon[np.abs(lon) < 1e-9] = NEARLY_ZERO
    points = Points(*(axis.ravel() for axis in np.meshgrid(lon, lat)))
    times = Times.around(year, CALENDAR, settings.merra2_days)
    seeds = [settings.seed, seed]
    planet = Globe.create(MERRA2, seeds, times.hours, times.first_day, times.new_year)
    for midnight in np.arange(0.0, times.hours, 24.0):
        (date,) = times.dates(midnight)
        fields = _evaluate(planet, points, midnight + 0.5 + np.arange(24))
        path = folder / f"MERRA2_{_stream(date.year)}.tavg1_2d_slv_Nx.{date:%Y%m%d}.nc4"
        _write_day(path, date, lat, lon, fields)
    write_truth(folder / "truth", planet, times, settings.grid, "merra2")


def _stream(year: int) -> int:
    """Return the number of the assimilation stream in a real file's name."""
    return 100 if year < 1992 else 200 if year < 2001 else 300 if year < 2011 else 400


def _evaluate(planet: Globe, points: Points, hours: np.ndarray) -> dict[str, np.ndarray]:
    """Return hourly fields, float32 (time, n); winds are FILL where 850 hPa lies underground."""
    fields = {name: np.empty((hours.size, points.size), np.float32) for name in FIELDS}
    for step, hour in enumerate(hours):
        sky = planet.sky(points, hour)
        ps = sky.ps
        east, north = sky.winds(np.full(points.size, 85000.0))
        fields["TQV"][step] = sky.precipitable_water(ps)
        fields["U850"][step] = np.where(ps < 85000.0, FILL, east)
        fields["V850"][step] = np.where(ps < 85000.0, FILL, north)
        fields["SLP"][step], fields["PS"][step] = sky.psl, ps
    return fields


def _write_day(
    path: Path,
    date: cftime.datetime,
    lat: np.ndarray,
    lon: np.ndarray,
    fields: dict[str, np.ndarray],
) -> None:
    """Write one file; like NASA's it keeps only the bits that matter, deflated."""
    with netCDF4.Dataset(path, "w") as file:
        file.setncatts({"Conventions": "CF-1", "ShortName": "M2T1NXSLV", "Filename": path.name})
        file.setncatts(provenance(Title="Stormtrace's mini planet, in the layout of MERRA-2"))
        for name, values in (("lon", lon), ("lat", lat)):
            file.createDimension(name, values.size)
            axis = file.createVariable(name, "f8", (name,))
            full = {"lon": ("longitude", "degrees_east"), "lat": ("latitude", "degrees_north")}
            axis.long_name, axis.units = full[name]
            axis[:] = values
        file.createDimension("time", 24)
        time = file.createVariable("time", "i4", ("time",))
        time.setncatts({"long_name": "time", "units": f"minutes since {date:%Y-%m-%d} 00:30:00"})
        time.time_increment, time.begin_time = np.int32(10000), np.int32(3000)
        time.begin_date = np.int32(f"{date:%Y%m%d}")
        time[:] = 60 * np.arange(24)
        for name, values in fields.items():
            field = file.createVariable(
                name, "f4", ("time", "lat", "lon"), fill_value=FILL, zlib=True, complevel=1,
                significant_digits=14, quantize_mode="BitRound",
            )  # fmt: skip
            units, long_name = FIELDS[name]
            field.setncatts({"units": units, "long_name": long_name, "standard_name": long_name})
            field.setncatts({"missing_value": FILL, "fmissing_value": FILL})
            field[:] = values.reshape(24, lat.size, lon.size)
