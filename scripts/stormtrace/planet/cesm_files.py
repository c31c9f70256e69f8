"""Raw files as CESM's spectral-element model writes them: a variable and year a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import netCDF4
import numpy as np

from stormtrace.formats.netcdf import creating
from stormtrace.planet.climates import Climate
from stormtrace.planet.globe import Globe
from stormtrace.planet.settings import Settings
from stormtrace.planet.sky import precipitation
from stormtrace.planet.smooth_fields import Floats, Points
from stormtrace.planet.times import Times
from stormtrace.planet.truth import write_truth
from stormtrace.prepare.mesh import camse
from stormtrace.provenance import provenance

STEP_HOURS = 3
CALENDAR = "noleap"
P0 = 1e5

#: hPa, where the interfaces of CAM's 30 levels lie above sea level.
CAM_INTERFACES = np.array([
    2.255, 5.032, 10.158, 18.555, 30.669, 45.867, 63.323, 80.701, 94.941, 111.693, 131.401,
    154.586, 181.863, 213.952, 251.704, 296.117, 348.367, 409.835, 482.150, 567.224, 652.333,
    730.446, 796.363, 845.354, 873.715, 900.325, 924.965, 947.432, 967.539, 985.112, 1000.0,
])  # fmt: skip

#: hPa; above this CAM's levels no longer feel the ground.
PURE_PRESSURE = 83.0

FIELDS = {
    "U": ("m/s", "Zonal wind"),
    "V": ("m/s", "Meridional wind"),
    "Q": ("kg/kg", "Specific humidity"),
    "PS": ("Pa", "Surface pressure"),
    "PSL": ("Pa", "Sea level pressure"),
    "TREFHT": ("K", "Reference height temperature"),
    "QREFHT": ("kg/kg", "Reference height humidity"),
    "UBOT": ("m/s", "Lowest model level zonal wind"),
    "VBOT": ("m/s", "Lowest model level meridional wind"),
    "PRECT": ("m/s", "Total precipitation rate"),
}

#: The fields of a run, levels first.
COLUMNS = ("U", "V", "Q", "PS", "PSL", "PRECT")


@dataclass(frozen=True)
class Run:
    """A case: its climate, its time, and how its history files are kept.

    case: its name, which may hold `{ne}`. year: the year before its New Year. stamps: whether the
    time of a mean is its `start` or `end`. tapes: the history tape of each variable.
    """

    case: str
    climate: Climate
    year: int
    stamps: str
    tapes: Mapping[str, str]
    seed: int


@dataclass(frozen=True, eq=False)
class Hybrid:
    """Hybrid coefficients at interfaces (levels + 1) and at mid-levels (levels)."""

    hyai: Floats
    hybi: Floats

    @property
    def hyam(self) -> Floats:
        """A at mid-levels."""
        return (self.hyai[1:] + self.hyai[:-1]) / 2

    @property
    def hybm(self) -> Floats:
        """B at mid-levels."""
        return (self.hybi[1:] + self.hybi[:-1]) / 2

    def mid_pressure(self, ps: Floats) -> Floats:
        """Return p = A·P0 + B·PS at mid-levels, Pa, float32, (levels, n)."""
        pressure = self.hyam[:, None] * P0 + self.hybm[:, None] * ps
        return pressure.astype(np.float32)


def hybrid_levels(levels: int) -> Hybrid:
    """Return CAM's levels, thinned (or refined) to `levels` by interpolation."""
    place = np.linspace(0, CAM_INTERFACES.size - 1, levels + 1)
    eta = np.interp(place, np.arange(CAM_INTERFACES.size), CAM_INTERFACES) / 1000.0
    top = PURE_PRESSURE / 1000.0
    hybi = (np.clip(eta - top, 0.0, None) / (1.0 - top)) ** 1.15
    return Hybrid(eta - hybi, hybi)


def write_cesm(folder: Path, run: Run, settings: Settings) -> None:
    """Write a run's raw files and `truth/` into `folder`."""
    case = run.case.format(ne=settings.ne)
    mesh = camse.columns(settings.ne)
    points = Points(mesh.lon, mesh.lat)
    hybrid = hybrid_levels(settings.levels)
    times = Times.around(run.year, CALENDAR, settings.days)
    seed = [settings.seed, run.seed]
    planet = Globe.create(run.climate, seed, times.hours, times.first_day, times.new_year)

    for piece in np.split(times.starts, 2):  # the old year and the new one
        fields = _evaluate(planet, points, hybrid, piece)
        write_history(folder, run, settings, times, piece, fields)
    write_truth(folder / "truth", planet, times, settings.grid, case)


def write_history(
    folder: Path,
    run: Run,
    settings: Settings,
    times: Times,
    piece: Floats,
    fields: Mapping[str, np.ndarray],
) -> None:
    """Write history files of the steps that begin at `piece` (hours), a file a field."""
    case = run.case.format(ne=settings.ne)
    mesh, hybrid = camse.columns(settings.ne), hybrid_levels(settings.levels)
    first, last = (f"{date:%Y%m%d%H}Z" for date in times.dates(piece[[0, -1]]))
    for name, values in fields.items():
        path = folder / f"{case}.cam.{run.tapes[name]}.{name}.{first}-{last}.nc"
        with creating(path, "NETCDF3_64BIT_DATA", sealed=False) as file:
            file.setncatts({"Conventions": "CF-1.0", "source": "CAM", "case": case})
            file.setncatts({"np": np.int32(4), "ne": np.int32(settings.ne)} | provenance())
            _write_mesh(file, mesh)
            _write_levels(file, hybrid)
            _write_time(file, piece, run.stamps, times)
            _write_field(file, name, values)


def _evaluate(
    planet: Globe, points: Points, hybrid: Hybrid, starts: Floats
) -> dict[str, np.ndarray]:
    """Return U V Q (time, lev, n) and PS PSL PRECT (time, n), float32: 3-hour means.

    Storms move little in three hours: the middle of an interval stands for its mean.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    for name in COLUMNS:
        above = (hybrid.hyam.size,) if name in ("U", "V", "Q") else ()
        shapes[name] = (starts.size, *above, points.size)
    fields = {name: np.empty(shape, np.float32) for name, shape in shapes.items()}
    for step, hours in enumerate(starts + STEP_HOURS / 2):
        sky = planet.sky(points, hours)
        ps = sky.ps
        pressure = hybrid.mid_pressure(ps)
        fields["U"][step], fields["V"][step] = sky.winds(pressure)
        fields["Q"][step] = sky.humidity(pressure)
        fields["PS"][step], fields["PSL"][step] = ps, sky.psl
        fields["PRECT"][step] = precipitation(sky.precipitable_water(ps))
    return fields


def _write_mesh(file: netCDF4.Dataset, mesh: camse.CubedSphere) -> None:
    file.createDimension("ncol", mesh.ncol)
    for name, units, values in (
        ("lat", "degrees_north", mesh.lat),
        ("lon", "degrees_east", mesh.lon),
        ("area", "steradian", mesh.area),
    ):
        variable = file.createVariable(name, "f8", ("ncol",))
        variable.units = units
        variable[:] = values


def _write_levels(file: netCDF4.Dataset, hybrid: Hybrid) -> None:
    reference = file.createVariable("P0", "f8")
    reference.setncatts({"long_name": "reference pressure", "units": "Pa"})
    reference[...] = P0
    for dimension, ending, place in (("lev", "m", "midpoints"), ("ilev", "i", "interfaces")):
        a, b = getattr(hybrid, "hya" + ending), getattr(hybrid, "hyb" + ending)
        file.createDimension(dimension, a.size)
        for letter, values in (("a", a), ("b", b)):
            variable = file.createVariable(f"hy{letter}{ending}", "f8", (dimension,))
            variable.long_name = f"hybrid {letter.upper()} coefficient at layer {place}"
            variable[:] = values
        level = file.createVariable(dimension, "f8", (dimension,))
        level.long_name = f"hybrid level at {place} (1000*(A+B))"
        level.setncatts({"units": "hPa", "positive": "down"})
        level.standard_name = "atmosphere_hybrid_sigma_pressure_coordinate"
        level.formula_terms = f"a: hya{ending} b: hyb{ending} p0: P0 ps: PS"
        level[:] = 1000.0 * (a + b)


def _write_time(file: netCDF4.Dataset, starts: Floats, stamps: str, times: Times) -> None:
    """Write time, its bounds, and CESM's date and datesec; `starts` in hours of the part."""
    file.createDimension("time", None)
    file.createDimension("nbnd", 2)
    bounds = np.stack([starts, starts + STEP_HOURS], axis=1)
    stamp = bounds[:, 1] if stamps == "end" else bounds[:, 0]
    time = file.createVariable("time", "f8", ("time",))
    time.setncatts({"units": times.units("days"), "calendar": CALENDAR, "bounds": "time_bnds"})
    time[:] = (stamp - times.new_year) / 24.0
    edges = file.createVariable("time_bnds", "f8", ("time", "nbnd"))
    edges[:] = (bounds - times.new_year) / 24.0
    dates = times.dates(stamp)
    file.createVariable("date", "i4", ("time",))[:] = [
        10000 * date.year + 100 * date.month + date.day for date in dates
    ]
    file.createVariable("datesec", "i4", ("time",))[:] = [3600 * date.hour for date in dates]


def _write_field(file: netCDF4.Dataset, name: str, values: np.ndarray) -> None:
    dimensions = ("time", "lev", "ncol") if values.ndim == 3 else ("time", "ncol")
    variable = file.createVariable(name, "f4", dimensions)
    units, long_name = FIELDS[name]
    variable.setncatts({"units": units, "long_name": long_name, "cell_methods": "time: mean"})
    variable[:] = values
