"""A zoo of raw files: one day of an invented atmosphere, written in every way that people write.

Its fields are linear in time and in the logarithm of pressure, so that means, interpolation and a
grid on the same points leave nothing to tolerance. An animal is a set of habits (`Habits`) and
perhaps one injury (`INJURIES`); what a sample must hold follows from what it says it is of.
"""

from dataclasses import dataclass
from pathlib import Path

import netCDF4
import numpy as np

from stormtrace.errors import BadInput
from stormtrace.grids import make_grid
from stormtrace.prepare.check import check_study
from stormtrace.prepare.dataset import make_dataset
from stormtrace.prepare.fields import derive_blocks
from stormtrace.prepare.mesh.mesh_reading import dataset_mesh
from stormtrace.prepare.plan import make_plans
from stormtrace.prepare.regridding.makers import matrix_of

HOUR = 3600
LAT = np.linspace(-90.0, 90.0, 19)
LON = np.arange(0.0, 360.0, 10.0)
GRID = {"nlat": 19, "nlon": 36}
FIELDS = {
    "TMQ": {"take": "TQV"},
    "PSL": {"take": "SLP"},
    "U850": {"interpolate": "U", "to": 850},
}
PRESSURES = np.array([30000.0, 60000.0, 80000.0, 92500.0])
#: Hybrid coefficients at mid-levels and interfaces; p = a · 10⁵ Pa + b · PS.
A_INTERFACE = np.array([0.1, 0.2, 0.1, 0.02, 0.0])
B_INTERFACE = np.array([0.0, 0.2, 0.6, 0.88, 1.0])
A, B = ((each[1:] + each[:-1]) / 2 for each in (A_INTERFACE, B_INTERFACE))


def wave(lat, lon):
    """A smooth pattern that no flip or turn leaves as it is."""
    lat, lon = np.radians(lat), np.radians(lon)
    return np.cos(lat) * (3 * np.sin(lon) + 2 * np.cos(2 * lon)) + np.sin(lat)


def field(name, lat, lon, hours, pressure=85000.0):
    """The truth; hours since 2000-01-01."""
    pattern = wave(lat, lon)
    return {
        "TQV": 25 + pattern + 0.2 * hours,
        "SLP": 101000 + 300 * pattern + 10 * hours,
        "PS": 99000 + 300 * pattern + 0 * hours,
        "U": 5 + pattern + 8 * np.log(pressure / 85000) + 0.1 * hours,
    }[name]


@dataclass(frozen=True)
class Habits:
    """How somebody writes files. Every combination is truthful."""

    south_first: bool = True
    first_lon: float = 0.0
    cyclic: bool = False
    order: str = "time level lat lon"
    lat_name: str = "lat"
    lat_units: str = "degrees_north"
    interval: int = 3
    stamps: str = "end"
    bounds: bool = True
    cell_methods: bool = True
    time_units: str = "days since 2000-01-01"
    time_type: str = "f8"
    calendar: str = "standard"
    levels: str = "pressure"
    level_units: str = "hPa"
    upward: bool = False
    packed: bool = False
    fill: float | None = None
    form: str = "NETCDF4"
    files: str = "day"
    extra: str = ""

    @property
    def instant(self):
        return self.stamps == "instant"

    @property
    def starts(self):
        """Hours at which intervals start (or instants), of one day."""
        return np.arange(0, 24, self.interval)

    def truth(self, name, lat, lon, start, span):
        """What a sample must hold that says it starts at `start` and is a mean over `span`."""
        if self.instant and span:  # a mean of the instants from its start on
            return np.mean([field(name, lat, lon, start + each) for each in range(0, span, self.interval)], axis=0)  # fmt: skip
        return field(name, lat, lon, start + span / 2)


def write(folder: Path, habits: Habits):
    """Write the files of a day; return the dataset as a script gets it."""
    groups = [habits.starts] if habits.files == "day" else [[hour] for hour in habits.starts]
    for hours in groups:
        for kind, names in (("surface", ("TQV", "SLP")), ("levels", ("U", "PS"))):
            _write_file(folder / f"{kind}.{int(hours[0]):02d}.nc", np.array(hours), names, habits)
    part = {
        "period": ["2000-01-01", "2000-01-02"],
        "files": [f"{folder}/surface.*.nc", f"{folder}/levels.*.nc"],
    }
    if not habits.bounds and not habits.instant:
        part["stamps"] = habits.stamps
    spec = {"name": "zoo", "source": "cesm", "fields": FIELDS, "parts": [part], "vertical": {}}
    if habits.extra == "member":
        spec["select"] = {"member": 7}
    if habits.instant:
        spec["sampling"] = "instant"
    return spec


def _write_file(path, hours, names, habits):
    lat = LAT if habits.south_first else LAT[::-1]
    lon = (LON - habits.first_lon) % 360 + habits.first_lon
    lon = np.sort(lon)
    if habits.cyclic:
        lon = np.append(lon, lon[0] + 360)
    with netCDF4.Dataset(path, "w", format=habits.form) as nc:
        _horizontal(nc, lat, lon, habits)
        _times(nc, hours, habits)
        if habits.extra:
            nc.createDimension(habits.extra, 2 if habits.extra == "member" else 1)
            nc.createVariable(habits.extra, "i4", (habits.extra,))[:] = [3, 7][: nc.dimensions[habits.extra].size]  # fmt: skip
        if "U" in names:
            _levels(nc, habits)
        middle = hours + (0 if habits.instant else habits.interval / 2)
        for name in names:
            _variable(nc, name, lat, lon, middle, habits)


def _horizontal(nc, lat, lon, habits):
    other = {"lat": "lon", "latitude": "longitude", "y": "x"}[habits.lat_name]
    for name, values, units in ((habits.lat_name, lat, "degrees_north"), (other, lon, "degrees_east")):  # fmt: skip
        nc.createDimension(name, values.size)
        variable = nc.createVariable(name, "f8", (name,))
        if habits.lat_units:
            variable.units = units
        variable[:] = values


def _times(nc, hours, habits):
    size = {"days": 24.0, "hours": 1.0, "minutes": 1 / 60, "seconds": 1 / 3600}
    unit = size[habits.time_units.split()[0]]
    shift = {"instant": 0, "start": 0, "middle": habits.interval / 2, "end": habits.interval}
    offset = {"2000-01-01": 0, "1999-12-31": 24}[habits.time_units.split(" since ")[1][:10]]
    nc.createDimension("time", None if habits.form != "NETCDF4" else hours.size)
    time = nc.createVariable("time", habits.time_type, ("time",))
    time.units, time.calendar = habits.time_units, habits.calendar
    time[:] = np.round((hours + shift[habits.stamps] + offset) / unit, 9)
    if habits.bounds:
        time.bounds = "time_bnds"
        nc.createDimension("nbnd", 2)
        width = 0 if habits.instant else habits.interval
        bounds = np.stack([hours, hours + width], axis=1) + offset
        nc.createVariable("time_bnds", "f8", ("time", "nbnd"))[:] = bounds / unit


def _levels(nc, habits):
    turn = slice(None, None, -1) if habits.upward else slice(None)
    nc.createDimension("lev", 4)
    lev = nc.createVariable("lev", "f8", ("lev",))
    if habits.levels == "pressure":
        lev[:] = (PRESSURES / (1 if habits.level_units == "Pa" else 100))[turn]
        if habits.level_units:
            lev.units = habits.level_units
        return
    nc.createDimension("ilev", 5)
    lev[:] = ((A + B) * 1000)[turn]
    lev.units = "hPa"
    cam = {"a": ("hyam", A, "lev"), "b": ("hybm", B, "lev"), "ai": ("hyai", A_INTERFACE, "ilev"), "bi": ("hybi", B_INTERFACE, "ilev")}  # fmt: skip
    cf = {"a": ("a", A, "lev"), "b": ("b", B, "lev")}
    for name, values, dimension in (cam if habits.levels == "cam" else cf).values():
        nc.createVariable(name, "f8", (dimension,))[:] = values[turn]
    nc.createVariable("P0" if habits.levels == "cam" else "p0", "f8", ())[...] = 1e5
    if habits.levels == "formula_terms":
        lev.standard_name = "atmosphere_hybrid_sigma_pressure_coordinate"
        lev.formula_terms = "a: a b: b p0: p0 ps: PS"
    else:
        lev.long_name = "hybrid level at midpoints (1000*(A+B))"


def _variable(nc, name, lat, lon, middle, habits):
    """Write (time, [level,] lat, lon) in the order of the habits."""
    hours, here = middle[:, None, None], (lat[:, None], lon)
    if name == "U":
        if habits.levels == "pressure":
            pressure = PRESSURES[:, None, None]
        else:
            pressure = (A[:, None, None] * 1e5 + B[:, None, None] * field("PS", *here, 0.0))[None]
        values = field("U", *here, hours[:, None], pressure)
        values = values[:, ::-1] if habits.upward else values
    else:
        values = field(name, *here, hours)
    spatial = dict(zip(("lat", "lon"), (each for each in nc.dimensions if each in ("lat", "lon", "latitude", "longitude", "x", "y")), strict=True))  # fmt: skip
    names = [each for each in ["time", "level", "lat", "lon"] if name == "U" or each != "level"]
    order = [each for each in habits.order.split() if each in names]
    values = values.transpose([names.index(each) for each in order])
    dims = [{"level": "lev", **spatial}.get(each, each) for each in order]
    if habits.extra:
        at = 0 if habits.form == "NETCDF4" else 1
        values = np.expand_dims(values, at)
        values = np.concatenate([values + 40, values], axis=at) if habits.extra == "member" else values  # fmt: skip
        dims.insert(at, habits.extra)
    _store(nc, name, dims, values, habits)


def _store(nc, name, dims, values, habits):
    fill = habits.fill if not habits.packed else -32767
    variable = nc.createVariable(name, "i2" if habits.packed else "f4", dims, fill_value=fill)
    if habits.packed:
        low, high = float(values.min()), float(values.max())
        variable.scale_factor = (high - low) / 65000 or 1.0
        variable.add_offset = (high + low) / 2
    variable.units = {"TQV": "kg m-2", "SLP": "Pa", "PS": "Pa", "U": "m/s"}[name]
    if habits.cell_methods:
        variable.cell_methods = "time: point" if habits.instant else "time: mean"
    variable[:] = values


def live(spec, habits):
    """Check a dataset and do its jobs: ("right" | "wrong" | "refused", why, what the check said).

    Everything is done as the scripts do it, on a grid of the raw files' own points.
    """
    rows = check_study([spec], workers=1, grids={"zoo": [GRID]})
    said = [problem for row in rows for problem in (*row.problems, *["missing"] * row.missing)]
    try:
        return (*_jobs(spec, habits), said)
    except BadInput as error:
        return "refused", str(error), said


def _jobs(spec, habits):
    dataset, grid = make_dataset(spec), make_grid(GRID)
    mesh = dataset_mesh(dataset)
    matrix, _ = matrix_of(dataset, mesh, grid)
    steps = 0
    for plan in make_plans(dataset, 2000):
        origin = plan.calendar.seconds("2000-01-01")
        for block in derive_blocks(dataset, plan, mesh, 8):
            for name, values in block.fields.items():
                raw = FIELDS[name].get("take") or "U"
                records = plan.records[plan.dataset.where(plan.part, dataset.fields[name], raw)]
                for index, row in zip(block.steps, matrix.apply(values), strict=True):
                    start = (int(plan.start[index]) - origin) / HOUR
                    truth = habits.truth(raw, *grid.points, start, records.span // HOUR).ravel()
                    off = np.abs(row - truth).max() / {"PSL": 300.0}.get(name, 1.0)
                    if off > 2e-3:
                        return "wrong", f"{name} at {start:g} h is off by {off:g}"
            steps += len(block.steps)
    return ("right", "") if steps == 8 else ("wrong", f"{steps} steps")
