"""A factory of small raw files: CAM history on ne4np4 or any points, and MERRA-2 collections.

Fields are simple functions of place, time and pressure, so that tests know the truth.
"""

from dataclasses import dataclass, field
from pathlib import Path

import netCDF4
import numpy as np

from stormtrace.prepare.mesh import camse
from stormtrace.prepare.raw.calendar_time import EPOCH, HOUR, Calendar
from stormtrace.prepare.vertical import HybridLevels

INTERFACES = np.array([0.01, 0.05, 0.15, 0.3, 0.45, 0.6, 0.72, 0.82, 0.9, 0.96, 1.0])
B_INTERFACE = np.clip((INTERFACES - 0.15) / 0.85, 0, None) ** 1.2
A_INTERFACE = INTERFACES - B_INTERFACE
LEVELS = HybridLevels(
    (A_INTERFACE[1:] + A_INTERFACE[:-1]) / 2,
    (B_INTERFACE[1:] + B_INTERFACE[:-1]) / 2,
    A_INTERFACE,
    B_INTERFACE,
)
MESH = camse.columns(4)


def surface_pressure(lat, lon, step):
    """Pa; 850 hPa lies below the ground of a plateau at 30N 90E."""
    plateau = 45000 * np.exp(-(((lat - 30) / 20) ** 2) - ((lon % 360 - 90) / 30) ** 2)
    return 101000 - plateau + 500 * np.sin(np.radians(2 * lon) + step)


def humidity(pressure, lat, step):
    return 0.012 * (pressure / 1e5) ** 3 * np.cos(np.radians(lat)) * (1 + 0.05 * step)


def wind(pressure, lat, step):
    """Linear in log p, so that interpolation is exact."""
    return 10 * np.log(pressure / 3e4) * np.cos(np.radians(lat)) + step


@dataclass
class Cesm:
    """Writes one variable of `steps` 3-hourly means a file, as CAM does."""

    folder: Path
    start: str = "2000-01-01"
    steps: int = 8
    stamps: str = "end"
    step: int = 3 * HOUR
    calendar: str = "noleap"
    bounds: bool = True
    form: str = "NETCDF3_64BIT_DATA"
    kind: str = "f4"
    upward: bool = False
    lat: np.ndarray = field(default_factory=lambda: MESH.lat)
    lon: np.ndarray = field(default_factory=lambda: MESH.lon)

    def starts(self):
        return Calendar(self.calendar).seconds(self.start) + self.step * np.arange(self.steps)

    def values(self, name):
        """(steps, [levels,] columns), the steps counted from the first."""
        rows = []
        for step in range(self.steps):
            ps = surface_pressure(self.lat, self.lon, step)
            if name == "PS":
                rows.append(ps)
            elif name == "PSL":
                rows.append(101325 + 1000 * np.sin(np.radians(self.lat)) + step)
            else:
                pressure = LEVELS.mid_pressure(ps)
                law = {"Q": humidity, "U": wind, "V": wind}[name]
                sign = -1 if name == "V" else 1
                rows.append(sign * law(pressure, self.lat, step))
        return np.stack(rows)

    def name(self, name):
        last = Calendar(self.calendar).text(self.starts()[-1])[:10].replace("-", "")
        return f"case.cam.h2.{name}.{self.start.replace('-', '')}00Z-{last}21Z.nc"

    def write(self, name, values=None, file_name=None, stamp=None):
        """Write a variable; return the path."""
        path = self.folder / (file_name or self.name(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        values = self.values(name) if values is None else values
        with netCDF4.Dataset(path, "w", format=self.form) as file:
            file.createDimension("time", None)
            file.createDimension("ncol", self.lat.size)
            self._put(file, "lat", ("ncol",), self.lat, "degrees_north")
            self._put(file, "lon", ("ncol",), self.lon, "degrees_east")
            self._levels(file)
            self._time(file, stamp)
            dims = ("time", "lev", "ncol") if values.ndim == 3 else ("time", "ncol")
            turned = values[:, ::-1] if self.upward and values.ndim == 3 else values
            self._put(file, name, dims, turned, kind=self.kind)
        return path

    def write_all(self, names=("Q", "U", "V", "PS", "PSL")):
        return {name: self.write(name) for name in names}

    def spec(self, **changes):
        """The dataset as a script gets it."""
        end = Calendar(self.calendar).text(self.starts()[-1] + self.step)
        part = {
            "period": [self.start, end],
            "files": f"{self.folder}/case.cam.h?.{{variable}}.{{year}}*.nc",
        }
        part |= changes.pop("part", {})
        return {"name": "mock", "source": "cesm", "parts": [part], **changes}

    def _put(self, file, name, dims, values, units="", kind="f8"):
        variable = file.createVariable(name, kind, dims)
        if units:
            variable.units = units
        variable[:] = values

    def _levels(self, file):
        flip = slice(None, None, -1) if self.upward else slice(None)
        file.createDimension("lev", 10)
        file.createDimension("ilev", 11)
        self._put(file, "hyam", ("lev",), LEVELS.a_mid[flip])
        self._put(file, "hybm", ("lev",), LEVELS.b_mid[flip])
        self._put(file, "hyai", ("ilev",), LEVELS.a_interface[flip])
        self._put(file, "hybi", ("ilev",), LEVELS.b_interface[flip])
        self._put(file, "P0", (), 1e5)

    def _time(self, file, stamp):
        starts = self.starts()
        shift = {"start": 0, "instant": 0, "end": self.step, "middle": self.step // 2}
        stamp = starts + shift[self.stamps] if stamp is None else stamp
        day = 86400.0
        units = EPOCH.replace("seconds", "days")
        self._put(file, "time", ("time",), stamp / day, units)
        file["time"].calendar = self.calendar
        if self.bounds:
            file["time"].bounds = "time_bnds"
            file.createDimension("nbnd", 2)
            width = 0 if self.stamps == "instant" else self.step
            bounds = np.stack([starts, starts + width], axis=1) / day
            self._put(file, "time_bnds", ("time", "nbnd"), bounds)


@dataclass
class Merra2:
    """Writes a day of a MERRA-2 collection on a coarse global grid, −180 … 180."""

    folder: Path
    day: str = "2000-01-01"
    records: int = 24
    step: int = HOUR
    first: int = HOUR // 2
    nlat: int = 19
    nlon: int = 36

    @property
    def lat(self):
        return np.linspace(-90, 90, self.nlat)

    @property
    def lon(self):
        lon = -180 + 360 / self.nlon * np.arange(self.nlon)
        lon[self.nlon // 2] = -5.9e-13  # as in every global MERRA-2 file
        return lon

    def points(self):
        return np.meshgrid(self.lat, self.lon, indexing="ij")

    def write(self, variables, collection="tavg1_2d_slv_Nx", levels=None, level_units="hPa"):
        """variables: name -> (records, [levels,] nlat, nlon); NaN becomes 1e15."""
        path = self.folder / f"MERRA2_200.{collection}.{self.day.replace('-', '')}.nc4"
        path.parent.mkdir(parents=True, exist_ok=True)
        with netCDF4.Dataset(path, "w") as file:
            for name, values in (("lat", self.lat), ("lon", self.lon)):
                file.createDimension(name, values.size)
                file.createVariable(name, "f8", (name,))[:] = values
            file["lat"].units, file["lon"].units = "degrees_north", "degrees_east"
            file.createDimension("time", self.records)
            time = file.createVariable("time", "i4", ("time",))
            time.units = f"minutes since {self.day} {self.first // HOUR:02d}:{self.first % HOUR // 60:02d}:00"
            time[:] = np.arange(self.records) * self.step // 60
            if levels is not None:
                file.createDimension("lev", len(levels))
                file.createVariable("lev", "f8", ("lev",))[:] = levels
                file["lev"].units = level_units
            for name, values in variables.items():
                dims = ("time", "lev", "lat", "lon") if values.ndim == 4 else ("time", "lat", "lon")
                fill = np.float32(1e15)
                variable = file.createVariable(name, "f4", dims, fill_value=fill, zlib=True)
                variable[:] = np.where(np.isnan(values), fill, values)
        return path

    def spec(self, **changes):
        part = {
            "period": [self.day, self.day[:-2] + f"{int(self.day[-2:]) + 1:02d}"],
            "files": f"{self.folder}/MERRA2_*.tavg1_2d_slv_Nx.{{year}}*.nc4",
        }
        part |= changes.pop("part", {})
        return {"name": "merra", "source": "merra2", "parts": [part], **changes}
