"""A labelled set in ClimateNet's layout: snapshots, and experts who do not quite agree."""

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from stormtrace.constants import GRAVITY
from stormtrace.formats.labelled_writing import write_labelled
from stormtrace.grids import make_grid
from stormtrace.planet.climates import HISTORICAL
from stormtrace.planet.globe import Globe, draw_mask
from stormtrace.planet.settings import Settings
from stormtrace.planet.sky import Sky, precipitation
from stormtrace.planet.smooth_fields import Floats, Points
from stormtrace.provenance import provenance

LAPSE, GAS = 0.0065, 287.04  # K m⁻¹, J kg⁻¹ K⁻¹

#: Of surface pressure: where the lowest model level lies.
BOTTOM = 0.993

UNITS = {
    "TMQ": "kg/m2", "U850": "m/s", "V850": "m/s", "UBOT": "m/s", "VBOT": "m/s",
    "QREFHT": "kg/kg", "PS": "Pa", "PSL": "Pa", "T200": "K", "T500": "K", "PRECT": "m/s",
    "TS": "K", "TREFHT": "K", "Z1000": "m", "Z200": "m", "ZBOT": "m",
}  # fmt: skip


class Expert(NamedTuple):
    """How somebody draws: outlines scaled by `reach`, shifted, and now and then one forgotten."""

    reach: float
    east: float
    north: float
    misses: float


EXPERTS = (
    Expert(reach=1.0, east=0.0, north=0.0, misses=0.03),
    Expert(reach=1.12, east=0.8, north=-0.4, misses=0.02),
    Expert(reach=0.88, east=-0.6, north=0.5, misses=0.08),
)


class Snapshot(NamedTuple):
    """One time of the set: its day, its number within the day (1 … 8), how many labelled it."""

    day: datetime.date
    number: int
    experts: int

    def name(self, expert: int = 1) -> str:
        """Return the file's name; `expert` counts from 1."""
        return f"data-{self.day:%Y-%m-%d}-{self.number:02d}-{expert}.nc"


def write_climatenet(folder: Path, settings: Settings) -> None:
    """Write `train/` (1996-2010) and `test/` (2011-2013) into `folder`."""
    grid = make_grid(settings.grid)
    points = Points.of(grid)
    seen = [shifted(points, expert) for expert in EXPERTS]
    splits = [
        ("train", settings.train_files, (1996, 2010)),
        ("test", settings.test_files, (2011, 2013)),
    ]
    for part, (split, files, years) in enumerate(splits):
        (folder / split).mkdir(parents=True)
        random = np.random.default_rng([settings.seed, 30, part])
        for snapshot in draw_snapshots(random, files, *years):
            seed = [settings.seed, 31, snapshot.day.toordinal(), snapshot.number]
            first_day = snapshot.day.timetuple().tm_yday - 1
            planet = Globe.create(HISTORICAL, seed, hours=24, first_day=first_day)
            hours = 3.0 * (snapshot.number - 1)
            fields = derive_fields(planet.sky(points, hours))
            for expert in range(snapshot.experts):
                habits = np.random.default_rng([*seed, expert])
                labels = label(planet, seen[expert], hours, EXPERTS[expert], habits)
                path = folder / split / snapshot.name(expert + 1)
                units = {name: {"units": of} for name, of in UNITS.items()}
                about = provenance(title="Stormtrace's mini planet, in ClimateNet's layout")
                write_labelled(path, grid, snapshot.name(), fields, units, labels, about)


def draw_snapshots(
    random: np.random.Generator, files: int, first_year: int, last_year: int
) -> Iterator[Snapshot]:
    """Yield times whose labellings make `files` files; a third of the times has two or three."""
    first = datetime.date(first_year, 1, 1).toordinal()
    last = datetime.date(last_year, 12, 31).toordinal()
    for day in random.permutation(np.arange(first, last + 1))[:files]:
        experts = min(files, int(random.choice([1, 2, 3], p=[0.66, 0.17, 0.17])))
        yield Snapshot(datetime.date.fromordinal(int(day)), int(random.integers(1, 9)), experts)
        files -= experts
        if files == 0:
            return


def label(
    planet: Globe, points: Points, hours: float, expert: Expert, random: np.random.Generator
) -> np.ndarray:
    """Return what an expert draws, int64, (n,); `points` are `shifted` by what they shift."""
    noticed = [storm for storm in planet.events if random.random() >= expert.misses]
    return draw_mask(noticed, points, hours, expert.reach).astype(np.int64)


def shifted(points: Points, expert: Expert) -> Points:
    """Return where the storms are that an expert draws at `points`."""
    return Points(points.lon - expert.east, np.clip(points.lat - expert.north, -90, 90))


def derive_fields(sky: Sky) -> dict[str, Floats]:
    """Return ClimateNet's 16 variables, each (n,).

    Temperatures and heights are those of a column cooling by 6.5 K a kilometre, to 205 K.
    """
    ps = sky.ps
    bottom = BOTTOM * ps
    u850, v850 = sky.winds(np.minimum(85000.0, bottom))
    ubot, vbot = sky.winds(bottom)
    tmq = sky.precipitable_water(ps)
    near_ground = temperature(sky, ps)

    def geopotential_height(pressure: float) -> Floats:
        return (sky.kelvin - sky.kelvin * (pressure / sky.psl) ** (GAS * LAPSE / GRAVITY)) / LAPSE

    return {
        "TMQ": tmq, "U850": u850, "V850": v850, "UBOT": ubot, "VBOT": vbot,
        "QREFHT": sky.humidity(ps), "PS": ps, "PSL": sky.psl,
        "T200": temperature(sky, 20000.0), "T500": temperature(sky, 50000.0),
        "PRECT": precipitation(tmq), "TS": near_ground + 0.5, "TREFHT": near_ground,
        "Z1000": geopotential_height(100000.0), "Z200": geopotential_height(20000.0),
        "ZBOT": GAS / GRAVITY * near_ground * np.log(ps / bottom),
    }  # fmt: skip


def temperature(sky: Sky, pressure: Floats | float) -> Floats:
    """Return the temperature at a pressure (Pa), K, (n,)."""
    return np.maximum(sky.kelvin * (pressure / sky.psl) ** (GAS * LAPSE / GRAVITY), 205.0)
